"""The console and its terminal: modes, title, colours, copies, pasting, the mouse, themes, settings."""
import base64
import fcntl
import re
import signal
import struct
import termios

import pytest
from terminal import Bytes
from test_cli import pipeline, shell, stage, wait_for

SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGUSR1"]
COPY = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
PUSH, POP = b"\x1b[22;2t", b"\x1b[23;2t"


def configured(gatehouse, console_keys, stages=None):
    gatehouse.configure("[console]\n" + console_keys + "\n" + pipeline(*(stages or [shell("first", "echo hello from first"), stage("second", after=["first"])])))
    assert gatehouse("--batch").code == 0


def opened(console, **options):
    one = console(**options)
    one.until("run 0001")
    one.settle()
    return one


def pressed(one, *keys):
    """What the keys have made the console send."""
    size = len(one.output)
    for key in keys:
        one.press(key)
        one.settle()
    return bytes(one.output[size:])


def left(one):
    one.press("D")
    assert one.end() == 0
    return bytes(one.output)


# ---- modes


@pytest.mark.parametrize("name", SIGNALS)
def test_every_mode_is_off_after_a_signal(gatehouse, console, name):
    configured(gatehouse, 'mouse = true\nsynchronized = "on"')
    one = opened(console)
    on = Bytes(one.output).modes
    assert all(on[mode] for mode in (1000, 1006, 1049, 2004))
    assert PUSH in one.output and b"\x1b[?2026h" in one.output
    one.child.send_signal(getattr(signal, name))
    assert one.end() == 128 + getattr(signal, name)
    assert one.output.count(PUSH) == one.output.count(POP) == 1


def test_suspending_gives_the_terminal_back_and_takes_it_again(gatehouse, console):
    configured(gatehouse, "mouse = true")
    one = opened(console)
    size = len(one.output)
    one.child.send_signal(signal.SIGTSTP)  # nobody could bring it back, so the kernel lets it go on
    wait_for(lambda: one.pump(0.01) or PUSH in one.output[size:])
    one.settle()
    given_back, taken_again = one.output[:].split(b"\x1b[?2004l", 1)
    assert POP in taken_again and b"\x1b[?1000l" in given_back + taken_again
    assert all(Bytes(one.output).modes[mode] for mode in (1000, 1006, 1049, 2004))
    left(one)


@pytest.mark.parametrize("term", ["linux", "vt100"])
def test_a_terminal_gets_nothing_of_what_it_lacks(gatehouse, console, term):
    configured(gatehouse, 'mouse = true\nsynchronized = "on"\nnotify = "osc9"')
    one = opened(console, term=term)
    assert "no clipboard" in (pressed(one, "y"), one.text)[1]
    output = left(one)
    for sequence in (b"?2004", b"?1000", b"?1006", b"?2026", b"\x1b]", b";2t"):
        assert sequence not in output


def test_larger_changes_are_frames_and_small_ones_are_not(gatehouse, console):
    configured(gatehouse, 'synchronized = "on"')
    one = opened(console)
    page = pressed(one, "?")
    assert page.startswith(b"\x1b[?2026h") and page.endswith(b"\x1b[?2026l")
    assert pressed(one, "\x0c").count(b"\x1b[?2026h") == 1
    left(one)


@pytest.mark.parametrize("environment,frames", [({}, False), ({"TERM_PROGRAM": "WezTerm"}, True)])
def test_frames_are_automatic_for_terminals_that_are_known(gatehouse, console, environment, frames):
    configured(gatehouse, "")
    one = opened(console, environment=environment)
    assert (b"\x1b[?2026h" in one.output) == frames
    left(one)


def test_a_storm_of_resizes_is_few_paints(gatehouse, console):
    configured(gatehouse, 'synchronized = "on"')
    one = opened(console)
    size = len(one.output)
    for step in range(30):
        fcntl.ioctl(one.leader, termios.TIOCSWINSZ, struct.pack("HHHH", 24 + step % 5, 80 + step, 0, 0))
        one.pump(0.01)
    one.pump(0.5)
    assert 1 <= one.output[size:].count(b"\x1b[?2026h") <= 3
    one.child.send_signal(signal.SIGTERM)
    assert one.child.wait() == 128 + signal.SIGTERM


# ---- title and notices


def test_the_title_tells_the_run_and_comes_back(gatehouse, console):
    configured(gatehouse, "")
    one = opened(console)
    assert b"\x1b]2;local test 0001 SUCCESS - gatehouse\x07" in one.output
    output = left(one)
    assert output.index(PUSH) < output.index(b"\x1b]2;local") < output.rindex(POP)


def test_production_is_marked_in_the_title(gatehouse, console):
    gatehouse.configure(pipeline(stage("only")))
    one = console(environment={"GATEHOUSE_PIPELINE_ENVIRONMENT": "prod"})
    one.until("There is no run yet")
    assert b"\x1b]2;[prod] test - gatehouse\x07" in one.output
    left(one)


def test_the_title_may_be_left_alone(gatehouse, console):
    configured(gatehouse, "title = false")
    output = left(opened(console))
    assert b"\x1b]2;" not in output and PUSH not in output


@pytest.mark.parametrize("way,sent", [("none", False), ("bell", b"\x07"), ("osc9", b"\x1b]9;local test 0001 SUCCESS - gatehouse\x07")])
def test_the_end_of_a_run_is_told_as_configured(gatehouse, console, way, sent):
    gatehouse.configure(f'[console]\ntitle = false\nnotify = "{way}"\n' + pipeline(shell("first", "sleep 1"), stage("second", after=["first"])))
    runner = gatehouse.start("--batch")
    one = console()
    one.until("RUNNING")
    one.until("SUCCESS")
    one.settle()
    output = left(one)
    assert (sent in output) if sent else (b"\x07" not in output and b"\x1b]9" not in output)
    assert runner.wait() == 0
    runner.communicate()


# ---- colours


def colours(output):
    return re.findall(rb"\x1b\[(?:[34]8[;:][0-9;:]+|[349][0-7]|10[0-7])m", output)


@pytest.mark.parametrize("environment,expected", [
    ({"COLORTERM": "truecolor"}, rb"38;2;"),
    ({}, rb"38;5;"),
    ({"TERM": "xterm"}, rb"\[3[0-7]m"),
    ({"TERM": "xterm-direct"}, rb"38;2;"),
    ({"TERM": "vt100", "CLICOLOR_FORCE": "1"}, rb"\[3[0-7]m"),
    ({"NO_COLOR": "1"}, None),
    ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1", "COLORTERM": "truecolor"}, None),
    ({"CLICOLOR": "0"}, None),
    ({"TERM": "vt100"}, None),
])
def test_colours_are_what_the_terminal_and_the_environment_say(gatehouse, console, environment, expected):
    configured(gatehouse, 'theme = "dark"')
    one = opened(console, term=environment.pop("TERM", "xterm-256color"), environment=environment)
    found = colours(left(one))
    if expected is None:
        assert [code for code in found if code != b"\x1b[39;49m"] == []
    else:
        assert any(re.search(expected, code) for code in found), found[:10]


def test_without_utf8_only_ascii_is_shown(gatehouse, console):
    configured(gatehouse, "")
    one = opened(console, environment={"LANG": "C"})
    assert all(byte < 0x80 for byte in left(one))


def test_ascii_may_be_wished(gatehouse, console):
    configured(gatehouse, "ascii = true")
    assert all(byte < 0x80 for byte in left(opened(console)))


# ---- copies


def test_a_line_of_the_log_is_copied_with_its_size(gatehouse, console):
    configured(gatehouse, "times = false")
    one = opened(console)
    pressed(one, "1")
    one.until("hello from first")
    (copy,) = COPY.findall(pressed(one, "L", "y"))
    assert base64.b64decode(copy) == b"hello from first"
    one.until("copied 16 bytes")
    left(one)


def test_a_stage_and_a_screen_are_copied(gatehouse, console):
    configured(gatehouse, "")
    one = opened(console)
    (stage_copy,) = COPY.findall(pressed(one, "1", "y"))
    assert base64.b64decode(stage_copy).startswith(b"first OK")
    (screen,) = COPY.findall(pressed(one, "Y"))
    assert "─Stages─".encode() in base64.b64decode(screen)
    left(one)


def test_tmux_and_screen_pass_copies_on(gatehouse, console):
    configured(gatehouse, "")
    one = opened(console, term="tmux-256color")
    sent = pressed(one, "1", "y")
    (inside,) = re.findall(rb"\x1bPtmux;\x1b(\x1b\]52;c;[^\x07]*\x07)\x1b\\", sent)
    assert base64.b64decode(COPY.fullmatch(inside)[1]).startswith(b"first OK")
    one.until("allow-passthrough")
    left(one)
    one = opened(console, term="screen-256color")
    pieces = re.findall(rb"\x1bP(.*?)\x1b\\", pressed(one, "Y"), re.DOTALL)
    assert len(pieces) > 1 and all(len(piece) <= 240 for piece in pieces)
    assert b"Stages" in base64.b64decode(COPY.fullmatch(b"".join(pieces))[1])
    left(one)


def test_a_copy_that_is_too_large_is_refused(gatehouse, console):
    configured(gatehouse, "clipboard_limit = 100")
    one = opened(console)
    assert COPY.findall(pressed(one, "Y")) == []
    one.until("console.clipboard_limit")
    left(one)


# ---- pasting


def paste(text):
    return f"\x1b[200~{text}\x1b[201~"


def test_pasted_text_is_no_keys(gatehouse, console):
    configured(gatehouse, "")
    one = opened(console)
    pressed(one, paste("q?H\rn"))
    one.until("5 characters were dropped")
    assert "Stages" in one.text
    left(one)


def test_pasted_text_is_one_line_where_text_is_typed(gatehouse, console):
    configured(gatehouse, "")
    one = opened(console)
    pressed(one, "/", paste("two\nli\x01nes\tand\x1b[A more"))
    assert "two lines and" in one.text
    pressed(one, "esc")
    left(one)


# ---- the mouse


def test_the_mouse_is_the_terminals_until_a_key_takes_it(gatehouse, console):
    configured(gatehouse, "")
    one = opened(console)
    assert b"?1000h" not in one.output
    assert b"\x1b[?1000h\x1b[?1006h" in pressed(one, "M")
    row = next(number for number, line in enumerate(one.screen.display, 1) if " 1 first" in line)
    pressed(one, f"\x1b[<0;10;{row}M", f"\x1b[<0;10;{row}m")
    assert one.screen.display[row - 1].startswith("> 1 first")
    one.until("hello from first")
    assert b"\x1b[?1006l\x1b[?1000l" in pressed(one, "M")
    left(one)


def test_the_wheel_moves_what_is_under_it(gatehouse, console):
    configured(gatehouse, "mouse = true", [shell("first", "seq 1000")])
    one = opened(console)
    one.until("FOLLOW")
    pressed(one, "\x1b[<64;20;20M")
    assert "FOLLOW" not in one.text
    pressed(one, *["\x1b[<65;20;20M"] * 2)
    one.until("FOLLOW")
    left(one)


def test_reports_that_are_none_do_no_harm(gatehouse, console):
    configured(gatehouse, "mouse = true")
    one = opened(console)
    pressed(one, "\x1b[<0;999;999M", "\x1b[<99999999999;1;1M", "\x1b[<;;M", "\x1b[<0;0;0M", "\x1b[<" + "1" * 60)
    left(one)


# ---- themes


def test_a_theme_file_is_read_again_when_it_changes(gatehouse, console):
    theme = gatehouse.home / "mine.toml"
    theme.write_text('inherits = "terminal16"\n[role]\n"title" = { fg = "red" }\n')
    configured(gatehouse, f'theme = "{theme}"')
    one = opened(console)
    size = len(one.output)
    fresh = theme.with_suffix(".new")
    fresh.write_text('inherits = "terminal16"\n[role]\n"title" = { fg = "#0102ff" }\n')
    fresh.rename(theme)
    wait_for(lambda: one.pump(0.01) or b"38;5;" in one.output[size:])
    theme.write_text("[role\n")
    one.until("the old theme stays: mine.toml:1:")
    theme.write_text('[role]\n"titel" = {}\n')
    one.until('mine.toml:2: unknown role "titel"; did you mean "title"?')
    left(one)


def test_a_theme_that_cannot_be_read_keeps_the_console_from_starting(gatehouse, console):
    gatehouse.configure('[console]\ntheme = "nothing"\n' + pipeline(stage("only")))
    one = console()
    assert one.end() == 78
    assert "there is no theme" in one.child.errors()


def test_theme_check_and_list(gatehouse):
    themes = gatehouse.home / ".config" / "gatehouse" / "themes"
    themes.mkdir(parents=True)
    assert gatehouse("theme", "check").code == 0
    (themes / "mine.toml").write_text('inherits = "dark"\n[palette]\nmuted = "#444444"\n[role]\n"titel" = {}\n')
    listed = gatehouse("theme", "list")
    assert "solarized-light" in listed.out and str(themes / "mine.toml") in listed.out
    found = gatehouse("theme", "check", "mine")
    assert found.code == 78
    assert 'mine.toml:5: unknown role "titel"; did you mean "title"?' in found.out
    assert "muted: contrast 1.75:1 is below 4.5:1" in found.out
    assert gatehouse("theme", "check").code == 78
    assert gatehouse("theme", "check", "none").code == 78
    (told,) = gatehouse("theme", "check", "mine", "--format", "json").lines
    assert told["theme"] == "mine" and not told["ok"] and len(told["findings"]) >= 2
    assert {"theme": "dark", "file": None} in gatehouse("theme", "list", "--format", "json").lines
    assert gatehouse("theme", "list", "dark").code == 64


# ---- settings


def test_settings_change_at_once_and_are_written_back(gatehouse, console):
    gatehouse.configure("# mine\n[console] # how it looks\n  theme = 'mono'   # for now\n\n" + pipeline(stage("only")))
    gatehouse.config_path.chmod(0o640)
    before = gatehouse.config_path.read_text()
    one = console()
    one.until("There is no run yet")
    pressed(one, ",")
    one.until("config.toml:3")
    assert colours(pressed(one, "enter")) != []  # the theme after mono has colours
    one.until("changed, not written")
    pressed(one, "w")
    one.until("+    3  theme = \"solarized-dark\"   # for now")
    pressed(one, "enter")  # is No
    assert gatehouse.config_path.read_text() == before
    pressed(one, "w", "tab", "enter")
    one.until("written to")
    assert gatehouse.config_path.read_text() == before.replace("'mono'", '"solarized-dark"')
    assert gatehouse.config_path.stat().st_mode & 0o777 == 0o640
    left(one)


def test_settings_make_a_file_where_there_is_none(gatehouse, console):
    one = console()
    one.until("There is no run yet")
    pressed(one, ",", "j", "enter", "w", "tab", "enter")
    one.until("written to")
    written = gatehouse.home / ".config" / "gatehouse" / "config.toml"
    assert written.read_text() == "[console]\nascii = true\n"
    assert written.stat().st_mode & 0o777 == 0o600
    left(one)


def test_what_goes_before_the_file_is_not_written_into_it(gatehouse, console):
    configured(gatehouse, "")
    before = gatehouse.config_path.read_text()
    one = opened(console, environment={"GATEHOUSE_CONSOLE_THEME": "light"})
    pressed(one, ",", "enter", "w")
    one.until("given by GATEHOUSE_CONSOLE_THEME")
    left(one)
    assert gatehouse.config_path.read_text() == before
