"""A terminal for programs under test: a pseudo-terminal with a shell as its session's leader, an emulator that
takes nothing it should not get, and the ways to press, resize, wait and leave."""
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unicodedata

import pyte

KEYS = {"up": "\x1bOA", "down": "\x1bOB", "left": "\x1bOD", "right": "\x1bOC", "esc": "\x1b", "enter": "\r", "tab": "\t",
        "backtab": "\x1b[Z", "pgup": "\x1b[5~", "pgdn": "\x1b[6~", "home": "\x1bOH", "end": "\x1bOF",
        "rubout": "\x7f", "insert": "\x1b[2~", "delete": "\x1b[3~", "f1": "\x1bOP", "f12": "\x1b[24~"}


class Screen(pyte.Screen):
    """What pyte lacks (scrolling by several lines, repeating a character), and an eye on what leaves the screen."""

    def __init__(self, cols, rows):
        super().__init__(cols, rows)
        self.faults = []
        self.last = " "

    def scroll_up(self, count=1):
        top, bottom = self.margins or pyte.screens.Margins(0, self.lines - 1)
        where = self.cursor.x, self.cursor.y
        self.cursor.y = bottom
        for _ in range(count or 1):
            self.index()
        self.cursor.x, self.cursor.y = where

    def scroll_down(self, count=1):
        top, bottom = self.margins or pyte.screens.Margins(0, self.lines - 1)
        where = self.cursor.x, self.cursor.y
        self.cursor.y = top
        for _ in range(count or 1):
            self.reverse_index()
        self.cursor.x, self.cursor.y = where

    def draw(self, data):
        if self.cursor.x + 2 * len(data) < self.columns:
            super().draw(data)
        else:
            for char in data:
                self.draw_at_margin(char)
        self.last = data[-1:] or self.last

    def draw_at_margin(self, char):
        # Every terminal here keeps the cursor at the margin until the next character, which must not come.
        if self.cursor.x >= self.columns and pyte.modes.DECAWM in self.mode and unicodedata.combining(char) == 0:
            self.faults.append(f"row {self.cursor.y} is longer than {self.columns} columns: {char!r}")
        super().draw(char)

    def repeat(self, count=1):
        self.draw(self.last * (count or 1))

    def cursor_position(self, line=None, column=None):
        if (line or 1) > self.lines or (column or 1) > self.columns:
            self.faults.append(f"cursor sent to {line},{column} of {self.lines},{self.columns}")
        super().cursor_position(line, column)

    def cursor_to_line(self, line=None):
        if (line or 1) > self.lines:
            self.faults.append(f"cursor sent to line {line} of {self.lines}")
        super().cursor_to_line(line)

    def cursor_to_column(self, column=None):
        if (column or 1) > self.columns:
            self.faults.append(f"cursor sent to column {column} of {self.columns}")
        super().cursor_to_column(column)


class Stream(pyte.ByteStream):
    csi = {**pyte.ByteStream.csi, "S": "scroll_up", "T": "scroll_down", "b": "repeat"}
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down", "repeat"}


# ---- the raw bytes: what a program may send to a terminal, and nothing else
ALLOWED = re.compile(
    rb"(?P<text>[\x20-\x7e]+|(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+)"
    rb"|\x1b\[(?P<private>[?>]?)(?P<numbers>[0-9;:]*)(?P<final>[ABCDGHJKLMPSTX@bcdfhlmrt])"
    rb"|(?P<escape>\x1b[=>78M]|\x1b[()][B0])"
    rb"|\x1b\](?P<command>0|2|9|52);(?P<content>[^\x00-\x1f\x7f]*)(?:\x07|\x1b\\)"
    rb"|\x1b\](?:104\x07|R)"  # curses sends it when it comes back from being suspended
    rb"|\x1bP(?P<wrapped>tmux;|)(?P<inside>.*?)\x1b\\"
    rb"|(?P<control>[\r\n\b\t\x0e\x0f\x07\x00])", re.DOTALL)
COLOR = re.compile(rb";(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:[;:]|$)")
TORN = re.compile(rb"\x1b\[?[?>]?[0-9;:]*(?=\x1b|$)")  # cut short by a crash
# Cursor keys, margins, blinking, cursor, meta, mouse, focus, the alternate screen, pasting, frames.
MODES = {1, 7, 12, 25, 1000, 1002, 1003, 1004, 1006, 1034, 1049, 2004, 2026}
NEEDLESS = {7, 12, 1034}  # may be left as they are


def is_harmless(char):
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") or char == "\u200d"


class Bytes:
    """The tokens of a program's output. Whatever is not on the list is in `foreign`; `modes` is what stays switched on."""

    def __init__(self, data, is_torn=False):
        data = TORN.sub(b"", data) if is_torn else data
        self.foreign, self.modes, self.text, self.commands = [], {}, [], []
        self.colors, self.titles = 0, 0
        at = 0
        while at < len(data):
            token = ALLOWED.match(data, at)
            if token is None:
                self.foreign.append(data[at:at + 16])
                at += 1
            else:
                self.take(token)
                at = token.end()

    def take(self, token):
        if token["text"]:
            text = token["text"].decode("utf-8", "replace")
            self.text.append(text)
            self.foreign += [char for char in text if not is_harmless(char)]
        elif token["final"] == b"m":
            self.colors += COLOR.search(b";" + token["numbers"]) is not None
        elif token["final"] in (b"h", b"l") and token["private"] == b"?":
            for number in map(int, token["numbers"].split(b";")):
                if number not in MODES:
                    self.foreign.append(token[0])
                self.modes[number] = token["final"] == b"h"
        elif token["final"] in (b"h", b"l") and token["numbers"] == b"4":
            self.modes["insert"] = token["final"] == b"h"
        elif token["final"] in (b"h", b"l") and token["numbers"] != b"34":  # a block for a cursor, of screen and tmux
            self.foreign.append(token[0])
        elif token["final"] == b"c" and token[0] not in (b"\x1b[?0c", b"\x1b[?1c"):  # the cursor of linux
            self.foreign.append(token[0])
        elif token["final"] == b"t" and token["numbers"] in (b"22;0;0", b"23;0;0", b"22;2", b"23;2"):
            self.titles += 1 if token["numbers"].startswith(b"22") else -1
        elif token["final"] == b"t":
            self.foreign.append(token[0])
        elif token["escape"] in (b"\x1b=", b"\x1b>"):
            self.modes["keypad"] = token["escape"] == b"\x1b="
        elif token["command"]:
            self.commands.append((int(token["command"]), token["content"]))
            self.foreign += [char for char in token["content"].decode("utf-8", "replace") if not is_harmless(char)]
        elif token["control"] in (b"\x0e", b"\x0f"):
            self.modes["graphics"] = token["control"] == b"\x0e"

    def left_on(self):
        """What a program that has ended should have switched back."""
        left = [mode for mode, is_on in self.modes.items() if is_on and mode not in NEEDLESS | {25}]
        return left + ["cursor hidden"] * (self.modes.get(25) is False) + ["title"] * (self.titles != 0)


# ---- the program
# The shell stays the session's leader, so that the terminal lives on when the program is gone, and says its pid and code.
SHELL = 'sh -c \'echo $$ >&3; exec "$@" 3>&- 4>&-\' sh "$@"; echo $? >&3; exec 3>&-; read -r line <&4'


class Child:
    """A program in the foreground of its terminal. `returncode` is as a shell sees it: 128 + n after a signal."""

    def __init__(self, argv, tty, environment, folder, ignored=()):
        read, write = os.pipe()
        gate, self.gate = os.pipe()
        self.stderr_file = tempfile.TemporaryFile()
        self.returncode = None
        self.heard = b""

        def enter():
            fcntl.ioctl(tty, termios.TIOCSCTTY, 0)
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):  # what the tests run under may ignore some
                signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
            os.dup2(os.dup2(write, 13), 3)
            os.dup2(os.dup2(gate, 14), 4)

        self.shell = subprocess.Popen(["sh", "-c", SHELL, "sh", *map(str, argv)], stdin=tty, stdout=tty, stderr=self.stderr_file,
                                      start_new_session=True, preexec_fn=enter, close_fds=False, env=environment, cwd=folder)
        os.close(write)
        os.close(gate)
        self.report = read
        while b"\n" not in self.heard:
            self.heard += os.read(read, 100)
        self.pid = int(self.heard.split()[0])

    def poll(self):
        while self.returncode is None and select.select([self.report], [], [], 0)[0]:
            got = os.read(self.report, 100)
            self.heard += got
            words = self.heard.split()
            if len(words) == 2 and self.heard.endswith(b"\n"):
                self.returncode = int(words[1])
            elif not got:  # the shell itself was ended: by the hang-up that ends all of its session
                self.returncode = -1
        return self.returncode

    def wait(self, timeout=10):
        end = time.monotonic() + timeout
        while self.poll() is None:
            assert time.monotonic() < end, "it does not end"
            time.sleep(0.005)
        return self.returncode

    def is_alive(self):
        try:
            return stat_of(self.pid)[0] != "Z"
        except OSError:
            return False

    def send_signal(self, number):
        if self.is_alive():
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def errors(self):
        self.stderr_file.seek(0)
        return self.stderr_file.read().decode("utf-8", "replace")

    def close(self):
        self.kill()
        os.close(self.gate)
        self.shell.kill()
        self.shell.wait()
        os.close(self.report)
        errors = self.errors()
        self.stderr_file.close()
        return errors


def stat_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()


def wakeups(pid):
    """How often its threads have gone to sleep so far."""
    count = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status") as file:
            count += int(file.read().split("\nvoluntary_ctxt_switches:")[1].split()[0])
    return count


class Terminal:
    """A program on a pseudo-terminal of its own, and the picture on it."""

    def __init__(self, argv, environment, folder, cols=80, rows=24, ignored=()):
        self.leader, self.follower = os.openpty()
        self.output = b""
        self.is_torn = False  # it may have been killed in the middle of a sequence
        self.resize(cols, rows)
        self.before = termios.tcgetattr(self.follower)
        self.child = Child(argv, self.follower, environment, folder, ignored)

    def resize(self, cols, rows):
        """As the terminal does it: the kernel tells the program."""
        self.screen = Screen(cols, rows)
        self.stream = Stream(self.screen)
        fcntl.ioctl(self.leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def pump(self, seconds=0.05):
        """Shows what arrives within this time."""
        end = time.monotonic() + seconds
        while True:
            if not select.select([self.leader], [], [], max(end - time.monotonic(), 0))[0]:
                return
            try:
                data = os.read(self.leader, 65536)
            except OSError:  # hung up
                return
            self.output += data
            self.stream.feed(data)

    def is_waiting(self):
        """Nothing is left to read for it, and it sleeps."""
        count = struct.unpack("i", fcntl.ioctl(self.follower, termios.FIONREAD, b"\0" * 4))[0]
        return count == 0 and self.child.is_alive() and stat_of(self.child.pid)[0] == "S"

    def settle(self, quiet=0.03, seconds=10):
        """Until it has done all it was asked, and has drawn nothing for this long."""
        end = time.monotonic() + seconds
        still_since = time.monotonic()
        while time.monotonic() < still_since + quiet:
            assert time.monotonic() < end, f"it never rests:\n{self.text}"
            assert self.child.poll() is None, self.child.errors()
            size = len(self.output)
            self.pump(0.005)
            if len(self.output) != size or not self.is_waiting():
                still_since = time.monotonic()

    @property
    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < end, f"no {text!r} in:\n{self.text}"
            assert self.child.poll() is None, self.child.errors()
            self.pump(0.02)

    def press(self, *keys):
        for key in keys:
            os.write(self.leader, KEYS.get(key, key).encode())
            if key == "esc":
                self.pump(0.035)  # an Esc of its own, not the start of a sequence

    def end(self, seconds=10):
        """The exit code, once it is gone and the terminal is as it was."""
        end = time.monotonic() + seconds
        while self.child.poll() is None:
            assert time.monotonic() < end, f"it does not end:\n{self.text}"
            self.pump(0.01)
        self.pump(0.02)
        self.check_left()
        return self.child.returncode

    def check_left(self):
        assert termios.tcgetattr(self.follower) == self.before
        assert Bytes(self.output).left_on() == []
        assert self.screen.margins in (None, (0, self.screen.lines - 1))

    def close(self):
        errors = self.child.close()
        for fd in (self.leader, self.follower):
            try:
                os.close(fd)
            except OSError:
                pass
        assert "Sanitizer" not in errors and "runtime error" not in errors, errors
        assert Bytes(self.output, self.is_torn).foreign == []


class Console(Terminal):
    """gatehouse on a terminal."""

    def __init__(self, gatehouse, *arguments, cols=80, rows=24, term="xterm-256color", environment=None, ignored=()):
        self.gatehouse = gatehouse
        environment = {**gatehouse.environment, "TERM": term, **(environment or {})}
        super().__init__([gatehouse.program, *arguments], environment, gatehouse.home, cols, rows, ignored)
