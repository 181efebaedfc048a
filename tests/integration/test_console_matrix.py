"""The console against everything a terminal can do to it: every key in every view, sizes, terminals, signals, a
terminal that vanishes, job control, its own death, hostile text. The program decides nothing here by time."""
import contextlib
import os
import random
import re
import signal
import sqlite3
import time
import tomllib
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import Gatehouse
from terminal import KEYS, Bytes, Console, Terminal, wakeups
from test_cli import pipeline, shell, stage, wait_for
from test_console import finished, json_lines, shown, slow, start_slow

VIEWS = {"stages": [], "log": ["tab"], "log alone": ["L"], "stage": ["enter"], "verdict": ["V"], "history": ["H"],
         "timeline": ["T"], "settings": [","], "help": ["?"], "zoomed": ["Z"], "palette": [":"], "filter": ["L", "&"],
         "search": ["/", "a"]}


@pytest.fixture(scope="session")
def pipeline_run(tmp_path_factory):
    made = Gatehouse(tmp_path_factory.mktemp("judged"))
    made.configure("")
    assert made("--batch", "-q", "--prepare-sample").code == 0
    made("local", "stop")
    yield made
    made("local", "destroy")


@pytest.fixture
def judged(pipeline_run):
    """A finished run of the whole pipeline: training, metrics, a verdict. Settings that were saved are gone."""
    pipeline_run.configure("")
    return pipeline_run


@contextlib.contextmanager
def opened(gatehouse, *arguments, **options):
    one = Console(gatehouse, *arguments, **options)
    try:
        yield one
    finally:
        one.close()


def rows_of(gatehouse, table):
    with contextlib.closing(sqlite3.connect(gatehouse.state / "runs.db")) as store:
        return store.execute(f"select count(*) from {table}").fetchone()[0]


def contents(gatehouse):
    return {table: rows_of(gatehouse, table) for table in ("runs", "events", "commands")}


# ---- the picture


def cells(screen):
    """What can be seen: a blank has no colour but that of its ground."""
    def seen(char):
        return (" ", char.bg, char.reverse) if char.data == " " else tuple(char)

    return [[seen(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]


def check_borders(one):
    """A title goes from edge to edge, so nothing has been written over either end or past it."""
    for number, line in enumerate(cells(one.screen)):
        assert line[0][0] != "─" or line[-1][0] == "─", f"row {number} of\n{one.text}"


def repaint(one):
    """Has it paint everything, without a key that would change what is shown."""
    size = len(one.output)
    one.child.send_signal(signal.SIGCONT)
    wait_for(lambda: one.pump(0.005) or len(one.output) > size)
    one.settle(0.04)


def check_picture(one):
    """What small changes have made of the screen is what painting it anew makes of it."""
    check_borders(one)
    assert one.screen.faults == []
    before, text, lines = cells(one.screen), one.text, one.screen.display
    repaint(one)
    assert one.screen.faults == []
    # Other consoles of the same test come and go.
    watched = {y for y, both in enumerate(zip(lines, one.screen.display)) if any("watching" in line for line in both)}
    changed = [y for y, line in enumerate(cells(one.screen)) if line != before[y] and y not in watched]
    assert changed == [], f"of {one.screen.columns}x{one.screen.lines}, rows of\n{text}\n---- painted anew:\n{one.text}"


# ---- keys


SPECIAL = {"Enter": "\r", "Tab": "\t", "Esc": "\x1b", "Space": " ", "BackTab": KEYS["backtab"], "Backspace": KEYS["rubout"],
           **{name: KEYS[name.lower()] for name in ("Up", "Down", "Left", "Right", "PgUp", "PgDn", "Home", "End", "Insert", "Delete")}}
ANY = [chr(code) for code in range(1, 127) if chr(code) not in "\x03\x1a\x1bqD"] + list(SPECIAL.values()) + ["\u00e9", "\u6f22"]


def key_bytes(name):
    if name.startswith("C-"):
        return chr(ord(name[2:].upper()) & 0x1f)
    return "\x1b" + key_bytes(name[2:]) if name.startswith("M-") and len(name) > 2 else SPECIAL.get(name, name)


def bound_keys(gatehouse):
    """What [keys] of the configuration binds as the program comes: action to keys, a chord being several."""
    section = re.split(r"\n#?\[", gatehouse("config", "example").out.split("[keys]\n")[1])[0]
    actions = tomllib.loads(re.sub(r"^#(?=\w+ = )", "", section, flags=re.MULTILINE))
    bound = {action: [keys] if isinstance(keys, str) else keys for action, keys in actions.items()}
    return {action: [[key_bytes(key) for key in chord.split(" ")] for chord in keys if chord != "none"] for action, keys in bound.items()}


def picture(one):
    """All but who else watches, which the other consoles of this test change."""
    return one.text.split("\n", 1)[1]


def press_all(gatehouse, view, arguments, chords, answers):
    """Every chord in one view, each from the view itself; where it changes anything the answers follow. Every picture is whole."""
    one = Console(gatehouse, *arguments, cols=120, rows=40)
    try:
        one.until("run 0001")
        at_view = None
        for action, chord in chords:
            if at_view is None:
                one.press("esc", "esc", "esc", *VIEWS[view])
                one.settle(0.02)
                at_view = picture(one)
            one.press(*chord)
            if action in ("quit", "detach"):
                one.pump(0.2)
            if one.child.poll() is not None:
                assert one.end() == 0 and action in ("quit", "detach")
                one.close()
                one = Console(gatehouse, *arguments, cols=120, rows=40)
                one.until("run 0001")
                at_view = None
                continue
            one.settle(0.01)
            if picture(one) != at_view:
                one.press(*answers)
                one.settle(0.005)
                at_view = None
            assert one.screen.faults == [], (view, action)
            check_borders(one)
        one.press("esc", "esc", "esc", *VIEWS[view], *ANY)
        one.settle(0.15)
        check_picture(one)
        one.press("esc", "esc", "esc", "\x03", "\x03")
        assert one.end() == 0
    finally:
        one.close()
    return view


def in_every_view(gatehouse, arguments, chords, answers):
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda view: press_all(gatehouse, view, arguments, chords, answers), VIEWS))


def test_no_bound_key_in_any_view_reaches_the_store_when_read_only(judged):
    before = contents(judged)
    chords = [(action, chord) for action, keys in bound_keys(judged).items() for chord in keys if action != "suspend"]
    assert len(chords) > 40
    assert in_every_view(judged, ["--read-only"], chords, ["y", "enter"]) == list(VIEWS)
    assert contents(judged) == before


def test_no_bound_key_in_a_replay_reaches_the_store(judged):
    before = contents(judged)
    chords = [(action, keys[0]) for action, keys in bound_keys(judged).items() if keys and action != "suspend"]
    assert press_all(judged, "stages", ["replay", "1"], chords, ["y", "enter"]) == "stages"
    assert contents(judged) == before


def test_a_command_is_not_fired_by_enter_alone_in_any_view(judged):
    before = contents(judged)
    keys = bound_keys(judged)
    chords = [(action, keys[action][0]) for action in ("new_run", "retry", "rerun", "stop", "skip")]
    with ThreadPoolExecutor(4) as pool:
        done = pool.map(lambda view: press_commands(judged, view, chords), VIEWS)
        assert list(done) == list(VIEWS)
    assert contents(judged) == before


def press_commands(gatehouse, view, chords):
    with opened(gatehouse, cols=120, rows=40) as one:
        one.until("run 0001")
        for action, chord in chords:
            one.press("esc", "esc", "esc", *VIEWS[view], *chord, "enter", "enter", "enter")
            one.settle(0.02)
            check_borders(one)
        one.press("esc", "esc", "esc", "\x03", "\x03")
        assert one.end() == 0
    return view


# ---- sizes


def test_sizes_at_random_with_resizes_in_flight(judged):
    dice = random.Random(1)
    sizes = [(1, 1), (1, 100), (300, 1), (300, 100), (80, 24), (59, 15), (60, 15), (60, 14), (39, 10), (40, 9), (160, 40)]
    sizes += [(dice.randint(1, 300), dice.randint(1, 100)) for _ in range(50)]
    with opened(judged) as one:
        one.until("run 0001")
        for cols, rows in sizes:
            for _ in range(dice.choice([0, 0, 3])):
                one.resize(dice.randint(1, 300), dice.randint(1, 100))
                one.press(dice.choice([*"jkHVZLTn?/", "tab", "enter", "pgdn"]))
            one.pump(dice.choice([0, 0.01]))
            one.resize(cols, rows)
            one.settle(0.06)
            one.screen.faults.clear()  # what was under way when the size changed
            one.press(dice.choice(["down", "up", "tab", "?", "esc", "pgdn", "G"]))
            one.settle(0.03)
            check_picture(one)
        one.resize(80, 24)
        one.press("esc", "esc", "esc", "esc")
        one.until("Stages")
        one.press("\x03", "\x03")
        assert one.end() == 0


def test_thirty_resizes_at_once_are_few_paints(judged):
    with opened(judged, cols=120, rows=40) as one:
        one.until("PASSED")
        one.settle()
        start = len(one.output)
        for turn in range(30):
            one.resize(120 + turn % 7, 40)
            time.sleep(0.01)
        one.settle(0.1)
        assert len(re.findall(rb"\x1b\[H\x1b\[2?J", one.output[start:])) <= 3
        one.press("D")
        assert one.end() == 0


# ---- terminals


@pytest.mark.parametrize("term", ["vt100", "linux", "screen-256color", "tmux-256color", "xterm", "xterm-256color", "xterm-direct"])
def test_every_terminal_locale_and_no_color(judged, term):
    for locale in ("C", "C.UTF-8"):
        for more in ({}, {"NO_COLOR": "1"}):
            with opened(judged, term=term, environment={"LANG": locale, **more}) as one:
                one.until("run 0001")
                for keys in (["?"], ["esc", "L"], ["esc", "V", "n"]) if more else (["?"], ["esc", "L"], ["esc", "H"], ["esc", "T"], ["esc", "V", "n"]):
                    one.press(*keys)
                    one.settle()
                    check_picture(one)
                one.press("esc", "esc", "\x03", "\x03")
                assert one.end() == 0
                output = Bytes(one.output)
                assert locale != "C" or all(char < "\x7f" for text in output.text for char in text)
                if more or term == "vt100":
                    assert output.colors == 0
                else:
                    assert output.colors > 0


@pytest.mark.parametrize("term", ["dumb", "", "no-such-terminal"])
def test_a_terminal_that_cannot_show_it_is_told_of_batch(judged, term):
    with opened(judged, term=term) as one:
        assert one.end() == 64
        assert one.output == b""
        assert "--batch" in one.child.errors()


# ---- signals

ENDING = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]
CRASHING = ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL"]
NO_REPORT = {"ASAN_OPTIONS": "handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigfpe=0:handle_sigill=0"}


@pytest.mark.parametrize("name", ENDING + CRASHING)
def test_a_signal_at_any_moment_leaves_the_terminal_as_it_was(judged, name):
    number = getattr(signal, name)
    dice = random.Random(name)
    for moment in [0.01, *(dice.uniform(0.02, 0.25) for _ in range(3)), 0.4]:
        with opened(judged, cols=100, rows=30, environment=NO_REPORT) as one:
            end = time.monotonic() + moment
            while time.monotonic() < end:
                one.pump(dice.uniform(0, 0.02))
                one.press(dice.choice([*"jk?HVZL", "tab"]))
                if dice.random() < 0.3:
                    one.resize(dice.randint(1, 200), dice.randint(1, 60))
            one.child.send_signal(number)
            assert one.end() == 128 + number
            one.is_torn = name in CRASHING


@pytest.mark.parametrize("name", ["SIGPIPE", "SIGWINCH", "SIGTSTP", "SIGCONT", "SIGUSR1", "SIGALRM"])
def test_a_signal_that_means_nothing_here_breaks_nothing(judged, name):
    with opened(judged) as one:
        one.until("PASSED")
        for _ in range(5):
            one.child.send_signal(getattr(signal, name))
            one.press("?")
            one.pump(0.03)
        if name in ("SIGUSR1", "SIGALRM"):  # nobody's: they end a program, and must not spoil the terminal
            assert one.end() in (0, 128 + getattr(signal, name))
            return
        one.settle(0.1)
        check_picture(one)
        one.press("D")
        assert one.end() == 0


def test_stopped_at_any_moment_and_continued(judged):
    dice = random.Random(5)
    with opened(judged) as one:
        one.until("PASSED")
        for _ in range(6):
            one.press(*(dice.choice([*"jkHVZL?", "tab"]) for _ in range(5)))
            one.child.send_signal(signal.SIGSTOP)
            one.pump(0.02)
            one.resize(dice.randint(60, 150), dice.randint(15, 50))
            one.child.send_signal(signal.SIGCONT)
            one.settle(0.1)
            one.screen.faults.clear()
            check_picture(one)
        one.press("D")
        assert one.end() == 0


# ---- a terminal that vanishes


@pytest.mark.parametrize("ignored", [(), (signal.SIGHUP,)], ids=["hang-up", "hang-up ignored"])
@pytest.mark.parametrize("what", ["finished", "running"])
def test_a_terminal_that_vanishes_ends_it_within_a_second(gatehouse, console, ignored, what):
    if what == "running":
        start_slow(gatehouse)
    else:
        finished(gatehouse)
    one = console(ignored=ignored)
    one.until("run 0001")
    one.settle(0.1)
    os.close(one.follower)
    os.close(one.leader)
    wait_for(lambda: not one.child.is_alive(), 1)


def test_output_that_nobody_reads_does_not_keep_it_from_ending(judged):
    with opened(judged, cols=300, rows=100) as one:
        one.until("PASSED")
        one.press(*"HVH?H" * 40)  # more than a terminal's buffer holds
        time.sleep(0.3)
        one.child.send_signal(signal.SIGTERM)
        assert one.end() == 128 + signal.SIGTERM


# ---- job control


class Shell(Terminal):
    """An interactive shell with job control; its prompt is `ready$`."""

    def __init__(self, gatehouse):
        environment = {**gatehouse.environment, "TERM": "xterm-256color", "PROMPT_COMMAND": 'PS1="ready$ "', "HISTFILE": "", "G": gatehouse.program}
        super().__init__(["bash", "-c", "exec bash --norc --noprofile -i 2>/dev/tty"], environment, gatehouse.home)

    def type(self, line):
        os.write(self.leader, line.encode() + b"\n")


def modes(path):
    return re.sub(r"(rows|columns) \d+", "", path.read_text())


def test_stop_and_fg_under_a_shell_with_job_control(judged):
    one = Shell(judged)
    try:
        one.until("ready$")
        one.type("stty -a > before; $G")
        one.until("PASSED")
        for turn in range(3):
            one.press("\x1a")
            one.until("Stopped")
            one.type("stty -a > stopped; echo stopped-$((40 + 2))")
            one.until("stopped-42")
            assert modes(judged.home / "stopped") == modes(judged.home / "before")
            left = Bytes(one.output)
            assert [mode for mode in left.left_on() if mode != 2004] == []  # the shell itself takes pasting
            one.resize(90 + turn, 30)
            one.type("fg")
            one.until("PASSED")
            one.press("?")
            one.until("start a new run")
            one.press("esc")
            one.until("PASSED")
        one.press("q")
        one.type("echo left-$?; stty -a > after")
        one.until("left-0")
        one.type("exit")
        assert one.end() == 0
        assert modes(judged.home / "after") == modes(judged.home / "before")
    finally:
        one.close()


def test_in_the_background_it_takes_no_terminal(judged):
    one = Shell(judged)
    try:
        one.until("ready$")
        one.type("$G --read-only & wait -n; jobs; echo now-$((40 + 2))")
        one.until("now-42")
        one.type("stty -a | grep -c -e '-icanon'")
        one.pump(0.3)
        one.type("fg")
        one.until("PASSED")
        one.press("q")
        one.until("ready$")
        one.type("exit")
        one.end()
    finally:
        one.close()


# ---- a run does not depend on its console


def test_a_console_killed_at_any_moment_leaves_its_run_alone(gatehouse):
    dice = random.Random(3)
    slow(gatehouse, 0.5)
    for moment in [0, 0.05, *(dice.uniform(0, 0.6) for _ in range(3)), 0.5]:
        before = len(json_lines(gatehouse("runs", "--format", "json")))
        with opened(gatehouse) as one:
            one.until("no run yet" if before == 0 else f"run {before:04d}")
            one.press("n")
            one.until("Start a new run")
            one.press("y")
            one.pump(moment)
            one.child.kill()
            one.child.wait()
            one.is_torn = True
        time.sleep(0.5)
        runs = json_lines(gatehouse("runs", "--format", "json"))
        assert len(runs) <= before + 1 and (moment < 0.3 or len(runs) == before + 1)
        wait_for(lambda: all(run["state"] == "success" for run in json_lines(gatehouse("runs", "--format", "json"))))
    assert rows_of(gatehouse, "runs") >= 3


def test_two_consoles_on_one_run_see_one_command_once(gatehouse, console):
    gatehouse.configure(pipeline(shell("first", "sleep 0.2; test -e $HOME/ready || exit 1", extra="retries = 0\n"), stage("second", after=["first"])))
    assert gatehouse("--batch").code == 1
    (gatehouse.home / "ready").write_text("")
    both = [console(), console(cols=130, rows=45)]
    for one in both:
        one.until("FAILED")
    both[0].press("1")
    both[0].settle()
    both[0].press("r")
    both[0].until("retry first of run 0001?")
    both[0].press("y")
    for one in both:
        one.until("SUCCESS")
        one.until("retry first accepted")
    assert rows_of(gatehouse, "commands") == 1
    for one in both:
        one.press("D")
        assert one.end() == 0


# ---- hostile text

HOSTILE = [
    *(f"control [{chr(code)}]".encode() for code in [*range(1, 10), *range(11, 32), 127]),
    *(f"c1 [{chr(code)}]".encode() for code in range(0x80, 0xa0)),
    *(b"raw c1 [" + bytes([code]) + b"31m]" for code in range(0x80, 0xa0)),
    b"osc \x1b]0;owned\x07 \x1b]52;c;b3duZWQ=\x07 \x1b]8;;http://owned\x1b\\link\x1b]8;;\x1b\\ \x9d0;owned\x9c",
    b"csi \x1b[2J\x1b[H\x1b[31m\x1b[?1049l\x1b[?25h\x1b[6n\x1b[c\x1b[>c\x1b[21t\x1b[3;3H\x1b[r\x1b[4h \x1bc \x1b#8 \x1b(0",
    b"dcs \x1bP$q\"p\x1b\\ \x1bP1000p \x1b_G i=1\x1b\\ \x1b^pm\x1b\\ \x1bX sos\x1b\\ paste \x1b[201~ \x1b[200~",
    b"invalid \xff\xfe\xc0\xaf\xe0\x80\xaf\xed\xa0\x80\xf4\x90\x80\x80\xf8\x88\x80\x80\x80 cut \xe6\xbc",
    "bidi \u202e\u202a\u202b\u202d\u202c\u2066\u2067\u2068\u2069\u200e\u200f\u061c שלום مرحبا".encode(),
    "formats \u00ad\u200b\u200c\u200d\u2028\u2029\u2060\ufeff\U000e0001\U000e0041\ufff9\ufffb\u180e\u206a\U0001d173\U00013430".encode(),
    ("marks " + "a" + "\u0301" * 200 + "b\u20dd\u0489 \u0e33 \u3099").encode(),
    "wide 漢字かな ｆｕｌｌ 👩‍👩‍👧‍👦 🏳️‍🌈 ❤️ 🇨🇭 👍🏽 ﷽ 𒐫".encode() * 20,
    "\u0301starts with a mark".encode(),
    b"tabs\ta\tb\tc\rreturn\rreturn\x0bvertical\x0cform",
    b"long " + b"x" * 1_000_000,
    "long wide ".encode() + "漢".encode() * 100_000,
    b"", b" ", b"2026-11-22T00:00:00.000Z", b"2026-11-22T00:00:00.000Z error", b"2026-99-99T99:99:99.999Z warn x",
]


def put_in_log(gatehouse, lines, name="first.1.log"):
    """Writes behind the runner's back: what the console shows may come from anybody."""
    folder = next(path for path in (gatehouse.state / "runs").iterdir() if (path / "logs").exists()) / "logs"
    with open(folder / name, "ab") as file:
        for line in lines:
            file.write(b"2026-11-22T15:39:28.123Z info " + line + b"\n" + line + b"\n")


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_hostile_log_lines_stay_text(gatehouse, console, locale):
    finished(gatehouse)
    put_in_log(gatehouse, HOSTILE)
    one = console(cols=100, rows=30, environment={"LANG": locale})
    one.until("run 0001")
    one.press("1", "L")
    one.settle(0.2)
    one.press("g")
    for _ in range(12):
        one.settle()
        check_picture(one)
        for key in ("right", "right", "right", "left", "left", "left", "w", "w", "t", "t"):
            one.press(key)
            one.settle(0.01)
            check_borders(one)
        one.press("pgdn")
    one.press("/", *"owned", "enter")
    one.settle(0.2)
    check_picture(one)
    one.press("esc", "esc", "esc", "D")
    assert one.end() == 0
    assert one.screen.faults == []
    output = Bytes(one.output)
    assert output.foreign == [] and all(b"owned" not in content for _, content in output.commands)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_hostile_log_lines_stay_text_in_plain_mode(gatehouse, locale):
    finished(gatehouse)
    put_in_log(gatehouse, HOSTILE)
    words = ["log 1", "first", *["page_down"] * 15, "search owned", "filter csi", "log"]
    said = gatehouse("--plain", stdin="".join(f"{word}\n" for word in words), environment={"LANG": locale})
    assert said.code == 0, said.err
    assert "owned" in said.out and len(said.out) > 10_000
    turning = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    assert [char for char in said.out if char != "\n" and
            (unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(char) in turning)] == []


def test_hostile_words_around_a_run_stay_text(gatehouse, console):
    nasty = "x\x1b]0;owned\x07\u202e\x9b31m漢"
    config = pipeline(shell("first", "printf 'bad \\033]0;owned\\007\\033[2J\\n' >&2; exit 3"), stage("second", after=["first"]))
    gatehouse.configure(config.replace('name = "test"', 'name = "test"\nenvironment = "x\\u001b]0;owned\\u0007\\u202e"'))
    gatehouse.environment["USER"] = gatehouse.environment["LOGNAME"] = nasty.replace("\0", "")
    gatehouse("--batch")
    if not (gatehouse.state / "runs.db").exists():
        gatehouse.configure(config)  # the configuration takes no such words
        gatehouse("--batch")
    gatehouse("skip", "latest", "first", "--reason", nasty)
    one = console(cols=120, rows=40)
    one.until("run 0001")
    for keys in ([], ["1", "enter"], ["esc", "H"], ["esc", "x"]):
        one.press(*keys)
        one.settle()
        check_picture(one)
    one.press(*nasty)
    one.settle(0.1)
    check_picture(one)
    one.press("esc", "esc", "esc", "\x03", "\x03")
    one.end()


# ---- what it costs


def test_a_finished_run_sends_nothing_and_never_wakes(judged):
    with opened(judged, cols=120, rows=40) as one:
        one.until("PASSED")
        one.settle(1)
        sent, woken = len(one.output), wakeups(one.child.pid)
        one.pump(3)
        assert (len(one.output) - sent, wakeups(one.child.pid) - woken) == (0, 0)
        one.press("D")
        assert one.end() == 0


def test_two_hundred_keys_are_drawn_once_or_twice(judged):
    with opened(judged, cols=120, rows=40) as one:
        one.until("PASSED")
        one.press("5", "L", "g")
        one.settle()
        start = len(one.output)
        os.write(one.leader, b"jk" * 99 + b"jj")
        one.settle(0.1)
        assert len(one.output) - start <= 3 * 1024
        one.press("D")
        assert one.end() == 0
