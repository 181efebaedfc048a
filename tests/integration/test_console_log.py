"""The log of the console on a pseudo-terminal: following, searching, filtering, wrapping, saving, logs that are large, grow
and are replaced. The log of a finished run is written to directly: whose lines they are is the same to the viewer."""
import os
import stat
import time

import pytest
from test_cli import pipeline, shell

AT = "2026-11-22T15:39:28.123Z"


@pytest.fixture
def viewer(gatehouse, console):
    """A console whose log pane fills the screen, on a log of these lines."""

    def make(lines, **options):
        gatehouse.configure(pipeline(shell("first", "echo first of all")))
        assert gatehouse("--batch").code == 0
        log = next((gatehouse.state / "runs").glob("*/logs/first.1.log"))
        log.write_text("".join(f"{AT} {line}\n" for line in lines))
        one = console(**options)
        one.log = log
        one.until("Log 1 first")
        one.press("L")
        one.settle()
        return one

    return make


def append(one, *lines):
    with open(one.log, "a") as file:
        file.write("".join(f"{AT} {line}\n" for line in lines))


def leave(one):
    one.press("D")
    assert one.end() == 0


def test_it_follows_until_it_is_scrolled_and_tells_what_is_new(viewer):
    one = viewer([f"info line {i}" for i in range(100)])
    one.until("FOLLOW  100 lines")
    append(one, "info the newest")
    one.until("the newest")
    one.press("k")
    append(one, "info hidden below", "info and another")
    one.until("+2 new")
    assert "hidden below" not in one.text
    one.press("F")
    one.until("and another")
    one.until("FOLLOW  103 lines")
    leave(one)


def test_search_counts_marks_and_goes_round(viewer):
    one = viewer([f"out row {i} {'Needle' if i % 100 == 7 else 'hay'}" for i in range(500)])
    one.press("g", *"/needle", "enter")
    one.until("/needle [1/5]")
    one.press("n", "n")
    one.until("[3/5]")
    one.until("row 207 Needle")
    append(one, "out one more needle")
    one.until("[3/6]")
    one.press("N", "N", "N")
    one.until("[6/6]")
    one.press(*"/~row 1.7 ", "enter")
    one.until("/~row 1.7  [1/10]")
    one.press(*"/~a(b", "enter")
    one.until("a ( that no ) ends at character 2")
    assert "/~row 1.7" in one.text  # what was searched for before stays
    leave(one)


def test_a_filter_leaves_what_matches_while_the_log_grows(viewer):
    one = viewer([f"{'error' if i % 50 == 9 else 'info'} line {i}" for i in range(500)])
    one.press(*"&>=ERROR", "enter")
    one.until("&>=ERROR  10 of 500 lines")
    append(one, "info not this", "error but this one", "out ERROR and this")
    one.until("ERROR and this")
    assert "error but this one" in one.text and "not this" not in one.text
    one.press("&", "\x15", *"!line|this", "enter")
    one.until("0 of 503 lines match")
    one.press("esc")
    one.until("FOLLOW  503 lines")
    append(one, *["out more"] * 100)
    one.until("603 lines")
    assert "ERROR and this" not in one.text
    one.press("E")
    one.until("ERROR and this")
    one.press(*"/not there", "enter")
    one.until("there is no such line in the log")
    leave(one)


def test_long_lines_wrap_shift_and_do_no_harm(viewer):
    one = viewer(["out begin " + "0123456789" * 30 + " end", "out " + "m" * 1_000_000, "out behind it"])
    assert "begin" in one.text and "9 end" not in one.text and ">" in one.text
    one.press("w")
    one.until("934,493 bytes more")  # 64 KiB, time and level among them, are shown
    one.press("g")
    one.until("9 end")
    one.press("t")
    one.settle()
    assert "15:39" not in one.text
    one.press("w", "t", *"llllllllllllllllllllllllllllllllllll")
    one.until("column 289")
    one.until("9 end")
    leave(one)


def test_the_filtered_log_is_saved_and_nothing_overwritten_unasked(gatehouse, viewer):
    one = viewer([f"info line {i}" for i in range(300)])
    target = gatehouse.home / "kept.log"
    one.press(*"&7$", "enter")
    one.until("30 of 300 lines")
    one.press("\x13")
    one.until("save to: run-0001-first.1.log")
    one.press("\x15", *str(target.name), "enter")
    one.until("30 lines are saved to kept.log")
    assert target.read_text() == "".join(f"{AT} info line {i}\n" for i in range(300) if i % 10 == 7)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    target.write_text("precious")
    one.press("\x13", "\x15", *str(target.name), "enter")
    one.until("y replaces what is there already: kept.log")
    one.press("enter")
    one.settle()
    assert target.read_text() == "precious"
    one.press("\x13", "\x15", *"no/such/folder", "enter")
    one.until("the log was not saved: no/such/folder: No such file or directory")
    one.press("\x13", "\x15", *str(target.name), "enter", "y")
    one.until("30 lines are saved")
    one.press("\x13", "\x15", *"last words", "enter", "D")  # leaving waits for it
    assert one.end() == 0
    assert (gatehouse.home / "last words").read_text() == target.read_text()
    assert not [name for name in os.listdir(gatehouse.home) if "kept.log." in name]


def test_a_log_that_is_replaced_is_read_anew(viewer):
    one = viewer([f"info old {i}" for i in range(200)])
    one.press("g", *"/old 3", "enter")
    one.until("[1/11]")
    one.log.write_text(f"{AT} info quite new\n")
    one.until("quite new")
    one.until("[0/0]")
    assert "old 3" not in one.screen.display[2:22]
    other = one.log.with_suffix(".new")
    other.write_text("".join(f"{AT} info another {i}\n" for i in range(9)))
    other.rename(one.log)
    one.until("another 8")
    assert "quite new" not in one.text
    leave(one)


def test_keys_are_answered_while_a_large_log_is_searched(viewer):
    lines = 300_000
    one = viewer([f"info line {i} of very many lines that all look alike" for i in range(lines)])
    one.until(f"{lines:,} lines", 60)
    one.press(*"/~l.*k.*[x-z]", "enter")
    one.until("+]")  # it is under way
    begun = time.monotonic()
    one.press("g")
    one.until("line 0 of")
    assert time.monotonic() - begun < 1
    one.until("[0/0]  300,000 lines", 60)
    one.press(*"/LINE 299999", "enter")
    one.until("/LINE 299999 [0/0]", 60)
    one.press(*"/line 299999", "enter")
    one.until("[1/1]", 60)
    leave(one)


def test_hostile_bytes_never_reach_the_terminal(viewer):
    one = viewer([])
    nasty = [b"\x1b[2J\x1b]0;owned\x07", b"\xff\xfe\x80", "\u202e\u2066\u200frtl \u061c".encode(), b"\x9b31m\xc2\x9b31m",
             "👩‍🚀👩‍👩‍👧 ❤️ 🇩🇪 👍🏽 e\u0301\u0302\u0303\u0304 \u200b\ufeff\U000e0041".encode(), b"a\tb\rc\x08d\x00e", "漢字".encode() * 60]
    with open(one.log, "ab") as file:
        for line in nasty:
            file.write(f"{AT} out ".encode() + line + b"|\n")
    one.until("DE 👍")
    for keys in ("w", "/漢", "\r", "t", "&[^x]", "\r", "h", "\x15"):
        one.press(*keys)
        one.settle()
        assert one.screen.faults == []
    assert b"\x1b]0;" not in one.output and b"\xe2\x80\x8d" not in one.output and b"\xef\xb8\x8f" not in one.output
    leave(one)
