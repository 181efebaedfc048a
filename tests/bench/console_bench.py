"""What the console sends, wakes, holds and how fast it answers, beside htop, tig, less and lnav on the same pseudo-terminal."""
import fcntl
import json
import os
import random
import re
import select
import signal
import statistics
import struct
import subprocess
import termios
import threading
import time

from common import GATEHOUSE, MIB, environment, gatehouse, pss, say, title

COLS, ROWS = 120, 40
IDLE_S = 15
CLEARS = re.compile(rb"\x1b\[H\x1b\[2?J|\x1b\[2J")


class Tty:
    """A program on a terminal, and when it sent how much."""

    def __init__(self, argv, folder, **more):
        self.leader, follower = os.openpty()
        self.size(COLS, ROWS)
        self.output, self.last_at = bytearray(), 0.0
        env = {**environment(folder), "TERM": "xterm-256color", "LESS": "", "LESSHISTFILE": "-", **more}
        self.started = time.monotonic()
        self.child = subprocess.Popen(argv, stdin=follower, stdout=follower, stderr=follower, env=env, cwd=folder, start_new_session=True,
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(follower)

    def size(self, cols, rows):
        fcntl.ioctl(self.leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def pump(self, seconds, is_enough=lambda: False):
        end = time.monotonic() + seconds
        while not is_enough():
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.leader], [], [], left)[0]:
                return False
            try:
                self.output += os.read(self.leader, 1 << 16)
            except OSError:  # the program is gone
                return False
            self.last_at = time.monotonic()
        return True

    def rest(self, quiet=0.15, seconds=60):
        """Until it has sent nothing for a while; gives when it sent its last byte."""
        end = time.monotonic() + seconds
        while self.pump(quiet, lambda size=len(self.output): len(self.output) > size) and time.monotonic() < end:
            pass
        return self.last_at

    def work(self, keys, quiet=0.15):
        """Milliseconds and bytes from keys to the last byte that they cause."""
        size, started = len(self.output), time.monotonic()
        os.write(self.leader, keys)
        return (max(self.rest(quiet), started) - started) * 1000, len(self.output) - size

    def until(self, text, seconds=120):
        """Milliseconds until text is sent, from now."""
        size, started = len(self.output), time.monotonic()
        if not self.pump(seconds, lambda: text in self.output[size:]):
            raise RuntimeError(f"{text!r} never came")
        return (time.monotonic() - started) * 1000

    def first_byte(self, key):
        size, started = len(self.output), time.monotonic()
        os.write(self.leader, key)
        self.pump(2, lambda: len(self.output) > size)
        return (time.monotonic() - started) * 1000

    def tasks(self):
        return [f"/proc/{self.child.pid}/task/{task}" for task in os.listdir(f"/proc/{self.child.pid}/task")]

    def wakeups(self):
        return sum(int(open(f"{task}/status").read().split("\nvoluntary_ctxt_switches:")[1].split()[0]) for task in self.tasks())

    def cpu_s(self):
        return sum(int(open(f"{task}/schedstat").read().split()[0]) for task in self.tasks()) / 1e9

    def idle(self, seconds=IDLE_S):
        """Bytes, wakeups and percent of a processor, a second."""
        self.rest(seconds=5)
        before = len(self.output), self.wakeups(), self.cpu_s(), time.monotonic()
        self.pump(seconds)
        passed = time.monotonic() - before[3]
        return (len(self.output) - before[0]) / passed, (self.wakeups() - before[1]) / passed, (self.cpu_s() - before[2]) / passed * 100

    def close(self):
        self.child.send_signal(signal.SIGTERM)
        end = time.monotonic() + 3
        while self.child.poll() is None and time.monotonic() < end:
            self.pump(0.05)
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.leader)


# ---- what is looked at


def make_run(folder, script):
    """A run whose first stage does this, and the folder of its logs."""
    path = os.path.join(folder, "console.toml")
    stages = "".join(f'[[stage]]\nname = "{name}"\nkind = "command"\nafter = {after}\n[stage.parameters]\nargv = {json.dumps(["sh", "-c", what])}\n'
                     for name, after, what in (("collect", "[]", script), ("train", '["collect"]', "true"), ("judge", '["train"]', "true")))
    with open(path, "w") as file:
        file.write("[database]\nmirror = false\n" + stages)
    known = newest_run(folder)
    runner = subprocess.Popen([GATEHOUSE, "--config", path, "--batch", "-q"], env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        run = newest_run(folder)
        log = os.path.join(folder, "state", "runs", run["id"] if run else "", "logs", "collect.1.log")
        if run and (known is None or run["id"] != known["id"]) and os.path.exists(log):
            return runner, log
        time.sleep(0.05)


def newest_run(folder):
    lines = gatehouse(folder, "runs", "--format", "json").stdout.splitlines()
    return max(map(json.loads, lines), key=lambda run: run["number"], default=None)


def rss(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(file.read().split("\nVmRSS:")[1].split()[0]) * 1024


def repository(folder, commits=5000):
    """Something for tig to show."""
    path = os.path.join(folder, "repository")
    subprocess.run(["git", "init", "-q", path], check=True)
    stream = "".join(f"commit refs/heads/main\ncommitter a <a@b> {1700000000 + n} +0000\ndata 12\nchange {n:05d}M 644 inline f\ndata 6\n{n:06d}\n"
                     for n in range(commits))
    subprocess.run(["git", "-C", path, "fast-import", "--quiet"], input=stream, text=True, check=True)
    subprocess.run(["git", "-C", path, "reset", "-q", "--hard", "main"], check=True)
    return path


class Growing:
    """A log that grows by this many lines a second."""

    def __init__(self, path, lines_per_s=10_000):
        self.path, self.rate, self.is_on = path, lines_per_s, True
        self.thread = threading.Thread(target=self.write)
        self.thread.start()

    def write(self):
        line = "2026-11-22T15:39:28.123Z info round={:07d} train-error=0.1688 validation-error=0.1841 eta=5m21s\n"
        number, due = 0, time.monotonic()
        with open(self.path, "a") as file:
            while self.is_on:
                file.write("".join(line.format(number + i) for i in range(self.rate // 50)))
                file.flush()
                number, due = number + self.rate // 50, due + 0.02
                time.sleep(max(0, due - time.monotonic()))

    def stop(self):
        self.is_on = False
        self.thread.join()


def training_log(path, lines):
    dice = random.Random(1)
    with open(path, "w") as file:
        for number in range(lines):
            errors = f"train-error:{dice.uniform(0.1, 0.2):.5f} validation-error:{dice.uniform(0.1, 0.2):.5f}"
            file.write(f"2026-11-22T15:39:{number // 60 % 60:02d}.{number % 1000:03d}Z info [{number}] {errors}\n")


def random_log(path, lines, needle_at):
    """Lines that share nothing, one of them with the word to be found."""
    dice = random.Random(1)
    with open(path, "w") as file:
        for number in range(lines):
            text = f"{dice.getrandbits(256):064x} {dice.getrandbits(64):x}"
            if number % 10 == 0:
                text *= 4  # longer than a row
            if number == needle_at:
                text = "here: zebra found-7f3a91"
            file.write(f"2026-11-22T15:39:28.123Z info {text}\n")


# ---- measuring


def percentiles(figures):
    figures = sorted(figures)
    return statistics.median(figures), figures[min(int(len(figures) * 0.99), len(figures) - 1)]


def key_times(tty, keys, count=200):
    """Median and 99th percentile: of three rounds the middle one, since others may use the machine."""
    rounds = []
    for _ in range(3):
        figures = []
        for number in range(count):
            figures.append(tty.first_byte(keys[number % len(keys)]))
            tty.pump(0.015)
        rounds.append(percentiles(figures))
    return sorted(rounds, key=lambda figures: figures[1])[1]


def beside(ours, unit, peers, digits=0):
    """A line for each peer: its figure, and how many times ours it is."""
    for name, figure in peers.items():
        ratio = figure / ours if ours > 0 else None
        say("", "", "", f"{name} {figure:,.{digits}f} {unit}", ratio)


class Peers:
    """The other programs, each on what it is for."""

    def __init__(self, folder, log):
        self.folder = folder
        self.argv = {
            "htop": ["htop"],
            "tig": ["tig", "-C", repository(folder)],
            "less": ["less", "+G", log],
            "lnav": ["lnav", "-N", log],
        }

    def open(self, name):
        return Tty(self.argv[name], self.folder)

    def each(self, measure, names=None):
        figures = {}
        for name in names or self.argv:
            tty = self.open(name)
            try:
                tty.rest(0.4, 10)
                figures[name] = measure(tty)
            finally:
                tty.close()
        return figures


def idle(folder, peers):
    runner, _ = make_run(folder, "echo begun; sleep 600")
    tty = Tty([GATEHOUSE], folder)
    live = tty.idle()
    resident, memory = rss(tty.child.pid), pss(tty.child.pid)
    tty.close()
    gatehouse(folder, "stop", "latest")
    runner.wait()
    tty = Tty([GATEHOUSE], folder)
    rest = tty.idle()
    tty.close()
    others = peers.each(lambda peer: (*peer.idle(8), pss(peer.child.pid), rss(peer.child.pid)))
    for index, (what, unit, limit, digits) in enumerate((("bytes to the terminal", "B/s", 64, 0), ("wakeups", "/s", 1.2, 1), ("processor", "%", 0.1, 2))):
        say(f"idle, a job running: {what}", f"{live[index]:.{max(digits, 1)}f} {unit}", f"<= {limit} {unit}")
        beside(live[index], unit, {name: figures[index] for name, figures in others.items()}, digits)
        say(f"idle, run finished: {what}", f"{rest[index]:.{digits}f} {unit}", f"0 {unit}" if index < 2 else "")
    say("resident memory, most of it shared libraries", f"{resident / MIB:.1f} MiB", "<= 15 MiB")
    beside(resident / MIB, "MiB", {name: figures[4] / MIB for name, figures in others.items()}, 1)
    say("its own share of memory", f"{memory / MIB:.1f} MiB")
    beside(memory / MIB, "MiB", {name: figures[3] / MIB for name, figures in others.items()}, 1)


def first_paint(folder, peers):
    def took(argv):
        figures = []
        for _ in range(10):
            tty = Tty(argv, folder)
            tty.pump(5, lambda: len(tty.output) > 0)
            figures.append((tty.rest(0.3, 1) - tty.started) * 1000)
            tty.close()
        return statistics.median(figures)

    ours = took([GATEHOUSE])
    say("start to the whole first picture, median of 10", f"{ours:.1f} ms", "<= 30 ms")
    beside(ours, "ms", {name: took(argv) for name, argv in peers.argv.items() if name != "lnav"}, 1)


def keys(folder, peers):
    runner, log = make_run(folder, "echo begun; sleep 600")
    tty = Tty([GATEHOUSE], folder)
    tty.rest()
    p50, p99 = key_times(tty, (b"j", b"k"))
    say("key to first byte, idle: p50, p99", f"{p50:.2f}, {p99:.2f} ms", "")
    others = peers.each(lambda peer: key_times(peer, (b"k", b"j"), 100), ("tig", "less", "lnav"))
    beside(p99, "ms", {f"{name} {figures[0]:.2f},": figures[1] for name, figures in others.items()}, 2)
    tty.work(b"L")
    growing = Growing(log)
    tty.pump(1)
    p50, p99 = key_times(tty, (b"k", b"k", b"k", b"?", b"?"))
    os.write(tty.leader, b"G")
    tty.pump(0.5)
    used = tty.cpu_s(), time.monotonic(), len(tty.output)
    tty.pump(5)
    passed = time.monotonic() - used[1]
    busy, sent = (tty.cpu_s() - used[0]) / passed * 100, (len(tty.output) - used[2]) / passed
    growing.stop()
    tty.close()
    say("key to first byte, 10,000 log lines/s: p50, p99", f"{p50:.2f}, {p99:.2f} ms", "<= 5 ms")
    follow = {}
    for name, argv in (("less +F", ["less", "+F", log]), ("lnav", ["lnav", "-N", log])):
        growing = Growing(log)
        peer = Tty(argv, folder)
        peer.pump(2)
        before = peer.cpu_s(), len(peer.output), time.monotonic()
        peer.pump(3)
        passed = time.monotonic() - before[2]
        follow[name] = (peer.cpu_s() - before[0]) / passed * 100, (len(peer.output) - before[1]) / passed
        growing.stop()
        peer.close()
    say("following 10,000 log lines/s: processor", f"{busy:.1f} %", "")
    beside(busy, "%", {name: figures[0] for name, figures in follow.items()}, 1)
    say("following 10,000 log lines/s: bytes", f"{sent:,.0f} B/s", "")
    beside(sent, "B/s", {name: figures[1] for name, figures in follow.items()})
    gatehouse(folder, "stop", "latest")
    runner.wait()


def queued(folder, peers):
    tty = Tty([GATEHOUSE], folder)
    tty.rest()
    tty.work(b"1L")
    tty.work(b"G")
    ms, sent = tty.work(b"k" * 200)
    tty.close()
    say("200 queued keys: time", f"{ms:.1f} ms", "<= 20 ms")
    others = peers.each(lambda peer: peer.work(b"j" * 200, 0.3), ("tig",))
    others |= peers.each(lambda peer: peer.work(b"k" * 200, 0.3), ("less", "lnav"))
    beside(ms, "ms", {name: figures[0] for name, figures in others.items()}, 1)
    say("200 queued keys: bytes", f"{sent:,} B", "<= 3,072 B")
    beside(sent, "B", {name: figures[1] for name, figures in others.items()})


def resizes(folder, peers):
    def storm(tty):
        size = len(tty.output)
        for turn in range(30):
            tty.size(COLS - 1 - turn % 7, ROWS)
            tty.pump(0.01)
        tty.size(COLS, ROWS)
        tty.rest(0.3)
        return len(CLEARS.findall(tty.output, size)), len(tty.output) - size

    tty = Tty([GATEHOUSE], folder)
    tty.rest()
    paints, sent = storm(tty)
    tty.close()
    others = peers.each(storm)
    say("30 resizes in 300 ms: whole paints", f"{paints}", "<= 3")
    say("30 resizes in 300 ms: bytes", f"{sent:,} B", "")
    beside(sent, "B", {name: figures[1] for name, figures in others.items()})


def big_log(folder):
    runner, log = make_run(folder, "echo begun")
    runner.wait()
    lines = 1_000_000
    random_log(log, lines, lines - 2000)
    figures = {}
    tty = Tty([GATEHOUSE], folder)
    tty.rest()
    opened, _ = tty.work(b"1", 0.5)
    tty.work(b"L")
    grown = pss(tty.child.pid)
    tty.work(b"g")
    os.write(tty.leader, b"/zebra")
    tty.rest()
    os.write(tty.leader, b"\r")
    found = tty.until(b"found-7f3a91")
    tty.rest()
    wrapped, _ = tty.work(b"w", 0.3)
    memory = pss(tty.child.pid)
    tty.close()
    for name, argv in (("less", ["less", log]), ("lnav", ["lnav", "-N", log])):
        started = time.monotonic()
        peer = Tty(argv, folder)
        figure = {"opened": (peer.rest(0.7) - started) * 1000}
        if name == "less":
            os.write(peer.leader, b"/zebra\r")
            figure["found"] = peer.until(b"found-7f3a91")
            peer.rest()
            figure["wrapped"] = peer.work(b"-S\r", 0.3)[0]
        figure["memory"] = pss(peer.child.pid)
        peer.close()
        figures[name] = figure
    say("1,000,000 lines: open, indexed to the end", f"{opened:.0f} ms", "")
    beside(opened, "ms", {name: figure["opened"] for name, figure in figures.items()})
    say("1,000,000 lines: first hit, 2,000 from the end", f"{found:.0f} ms", "<= 300 ms")
    beside(found, "ms", {"less": figures["less"]["found"]})
    say("1,000,000 lines: wrap", f"{wrapped:.1f} ms", "<= 50 ms")
    beside(wrapped, "ms", {"less": figures["less"]["wrapped"]}, 1)
    say("1,000,000 lines: memory, open and searched", f"{grown / MIB:.1f}, {memory / MIB:.1f} MiB", "bounded")
    beside(memory / MIB, "MiB", {name: figure["memory"] / MIB for name, figure in figures.items()}, 1)
    os.unlink(log)


def console(folder):
    title(f"the console on a terminal of {COLS}x{ROWS}")
    runner, log = make_run(folder, "echo begun")
    runner.wait()
    training_log(log, 3000)
    peers = Peers(folder, log)
    first_paint(folder, peers)
    idle(folder, peers)
    keys(folder, peers)
    runner, log = make_run(folder, "echo begun")
    runner.wait()
    training_log(log, 3000)
    queued(folder, peers)
    resizes(folder, peers)
    big_log(folder)
