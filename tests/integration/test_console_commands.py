"""Commands, keys and the palette of the console: what reaches the store, and what is on record of it."""
import contextlib
import json
import sqlite3
import stat

import pytest
from terminal import wakeups
from test_cli import pipeline, shell, stage
from test_console import finished, shown, start_slow


def rows(gatehouse, query):
    with contextlib.closing(sqlite3.connect(gatehouse.state / "runs.db")) as store:
        return store.execute(query).fetchall()


def commands(gatehouse):
    return rows(gatehouse, "select verb, stage, reason from commands order by id")


def deeds(gatehouse):
    return rows(gatehouse, "select deed, reason from operator_log order by id")


def run(one, line):
    one.press(":")
    one.until("\n:")
    one.press(*line, "enter")


# ---- each command: its plan, No by default, its answer


def test_retry_shows_its_plan_and_fires_only_after_yes(gatehouse, console):
    gatehouse.configure(pipeline(shell("first", f"test -e {gatehouse.home}/mended"), stage("second", after=["first"])))
    assert gatehouse("--batch").code == 1
    one = console()
    one.until("FAILED")
    one.press("1", "r")
    one.until("retry first of run 0001?")
    one.until("These stages run:")
    one.press("enter")  # No has the focus
    one.settle()
    assert commands(gatehouse) == []
    one.press("r", "esc")
    one.settle()
    assert commands(gatehouse) == []
    (gatehouse.home / "mended").touch()
    one.press("r", "y")
    one.until("retry first accepted -> OK")
    one.until("SUCCESS")
    assert commands(gatehouse) == [("retry", "first", None)]
    one.press("A")
    one.until("Operator log")
    one.until("accepted")
    assert "retry first  " in one.text and "/dev/pts/" in one.text
    one.press("D")
    assert one.end() == 0


def test_rerun_skip_and_stop_by_the_palette(gatehouse, console):
    start_slow(gatehouse)
    one = console()
    one.until("RUNNING")
    run(one, "stop")
    one.until("stop run 0001?")
    one.press("enter")
    one.settle()
    assert commands(gatehouse) == []
    run(one, "stop")
    one.until("stop run 0001?")
    one.press("tab", "enter")
    one.until("stop accepted -> cancelled")
    run(one, "skip first much too slow")
    one.until("skip first of run 0001?")
    one.until("much too slow")
    one.press("enter", "tab", "enter")
    one.until("skip first accepted")
    run(one, "rerun 2")
    one.until("rerun second of run 0001?")
    one.press("y")
    one.until("rerun second accepted")
    one.until("SUCCESS")
    one.press("D")
    assert one.end() == 0
    assert commands(gatehouse) == [("stop", None, None), ("skip", "first", "much too slow"), ("rerun", "second", None)]
    trail = shown(gatehouse)["commands"]
    assert all(c["accepted"] and c["user"] and c["tty"].startswith("/dev/") for c in trail)


def test_a_command_that_makes_no_sense_is_refused_with_its_reason(gatehouse, console):
    finished(gatehouse)
    one = console()
    one.until("SUCCESS")
    run(one, "skip first")
    one.settle()
    assert "skip first of run" not in one.text
    run(one, "retry no_such_stage")
    one.until('there is no stage "no_such_stage"')
    run(one, "rerunn 1")
    one.until('did you mean "rerun"?')
    assert commands(gatehouse) == []
    one.press("D")
    assert one.end() == 0


# ---- production and read-only


def test_production_is_read_only_then_wants_its_name_typed(gatehouse, console):
    gatehouse.configure(pipeline(shell("first", f"test -e {gatehouse.home}/mended")))
    gatehouse.environment["GATEHOUSE_PIPELINE_ENVIRONMENT"] = "prod"
    assert gatehouse("--batch").code == 1
    one = console()
    one.until("READ-ONLY")
    one.press("r")
    one.until("lifts it for a time")
    one.until("production: console.read_only_production, default)")
    run(one, "rw 10m")
    one.until("needs a reason")
    run(one, "rw 9h mend it")
    one.until("at most 8h")
    assert deeds(gatehouse) == []
    run(one, "rw 10m mend the first stage")
    one.until("RW 09:5")
    (gatehouse.home / "mended").touch()
    one.press("r")
    one.until("Type the environment's name")
    one.press(*"prof", "enter", "tab", "enter")
    one.settle()
    assert commands(gatehouse) == []
    one.press("esc", "r")
    one.until("Type the environment's name")
    one.press(*"prod", "enter", "tab", "enter")
    one.until("retry first accepted")
    one.until("SUCCESS")
    run(one, "audit")
    one.until("read-only lifted")
    one.until("mend the first stage")
    run(one, "ro")
    one.until("READ-ONLY")
    one.press("D")
    assert one.end() == 0
    assert deeds(gatehouse) == [("elevated", "mend the first stage"), ("fell_back", "asked for")]
    assert commands(gatehouse) == [("retry", "first", None)]


def test_an_elevation_wakes_only_with_the_clock(gatehouse, console):
    finished(gatehouse)
    one = console("--read-only")
    one.until("READ-ONLY")
    run(one, "rw 1h look")
    one.until("RW 59:5")
    one.settle()
    sent, woken = len(one.output), wakeups(one.child.pid)
    one.pump(4)
    assert wakeups(one.child.pid) - woken <= 4 * 1.2 + 2
    assert len(one.output) - sent <= 5 * 64
    one.press("D")
    assert one.end() == 0


def test_an_elevation_ends_by_itself(gatehouse, console):
    finished(gatehouse)
    one = console("--read-only")
    one.until("READ-ONLY")
    run(one, "rw 3s look")
    one.until("RW 00:0")
    one.until("READ-ONLY", 10)
    one.until("read-only again")
    assert deeds(gatehouse) == [("elevated", "look"), ("fell_back", "its time was up")]
    one.press("1", "R")
    one.until("this console is read-only")
    one.press("D")
    assert one.end() == 0
    assert commands(gatehouse) == []


def test_leaving_ends_an_elevation_on_record(gatehouse, console):
    finished(gatehouse)
    one = console("--read-only")
    run(one, "rw 1h look")
    one.until("RW 59:5")
    run(one, "q")
    assert one.end() == 0
    assert deeds(gatehouse) == [("elevated", "look"), ("fell_back", "the console was left")]


@pytest.mark.parametrize("how, why", [("flag", "--read-only"), ("configuration", "console.read_only, config.toml:{line}"),
                                      ("environment", "console.read_only, GATEHOUSE_CONSOLE_READ_ONLY")])
def test_read_only_lets_no_command_of_the_palette_through(gatehouse, console, how, why):
    finished(gatehouse)
    before = rows(gatehouse, "select count(*), max(seq) from events")
    if how == "configuration":
        gatehouse.configure(gatehouse.config_path.read_text() + "[console]\nread_only = true\n")
        gatehouse.environment["GATEHOUSE_CONFIG"] = "config.toml"
        why = why.format(line=gatehouse.config_path.read_text().count("\n"))
    one = console(*(["--read-only"] if how == "flag" else []),
                  environment={"GATEHOUSE_CONSOLE_READ_ONLY": "true"} if how == "environment" else None, cols=120)
    one.until("READ-ONLY")
    for line in ("retry 1", "rerun 1", "stop", "skip 2 because", "new_run"):
        run(one, line)
        one.until("this console is read-only")
        one.press("y", "tab", "enter", "esc")
    one.settle()
    run(one, "retry 1")
    one.until(f"rw 10m REASON lifts it for a time ({why})")
    one.press("esc", "esc", "D")
    assert one.end() == 0
    assert rows(gatehouse, "select count(*), max(seq) from events") == before
    assert commands(gatehouse) == [] and deeds(gatehouse) == []


# ---- keys of the configuration


def test_a_rebound_key_works_is_shown_and_the_old_one_is_dead(gatehouse, console):
    finished(gatehouse)
    gatehouse.configure(gatehouse.config_path.read_text() +
                        '[keys]\nrerun = ["C-x R", "F12"]\nzoom = "none"\nfirst = ["g g", "Home"]\n')
    one = console(cols=120)
    one.until("run 0001")
    one.until("C-x R Rerun")
    one.press("R")
    one.settle()
    assert "rerun" not in one.text
    one.press("\x18")
    one.until("C-x and then?")
    one.press("R")
    one.until("rerun second of run 0001?")
    one.press("esc", "f12")
    one.until("rerun second of run 0001?")
    one.press("esc", "\x18", "esc")
    one.settle()
    assert "and then?" not in one.text
    one.press("\x18")
    one.until("and then?")
    one.pump(2.3)
    assert "and then?" not in one.text
    one.press("?")
    one.until("C-x R  F12")
    one.press("D")
    assert one.end() == 0
    assert commands(gatehouse) == []


@pytest.mark.parametrize("text, message", [
    ('retry = "x"', 'config.toml:{line}: keys.retry: "x" is also keys.skip = "x" (default)'),
    ('retri = "r"', 'config.toml:{line}: keys.retri: there is no such key; did you mean "retry"?'),
    ('retry = "Entr"', 'config.toml:{line}: keys.retry names no key: "Entr"; did you mean "Enter"?'),
    ('retry = "g r"', 'config.toml:{line}: keys.retry: "g r" would never be reached'),
    ('detach = "none"\nleave = "none"\nquit = "none"', "config.toml:{line}: keys.quit: the console could not be left"),
])
def test_bad_bindings_are_told_with_their_line_before_anything_is_drawn(gatehouse, console, text, message):
    gatehouse.configure(pipeline(stage("only")) + "[keys]\n" + text + "\n")
    line = gatehouse.config_path.read_text().count("\n")
    checked = gatehouse("config", "check")
    assert checked.code == 78 and message.format(line=line) in checked.err
    one = console()
    assert one.end() == 78
    assert b"\x1b[" not in one.output


def test_keys_of_the_configuration_are_shown_with_their_origin(gatehouse):
    gatehouse.configure(pipeline(stage("only")) + '[keys]\nretry = ["F5", "C-x r"]\n')
    values = json.loads(gatehouse("config", "show", "--format", "json").out)["values"]
    assert values["keys.retry"]["value"] == ["F5", "C-x r"] and "config.toml" in values["keys.retry"]["origin"]
    assert values["keys.rerun"] == {"value": ["R"], "origin": "default"}


def test_every_action_is_in_keymap_man_page_and_example(gatehouse):
    names = [name.split(".")[1] for name in json.loads(gatehouse("config", "show", "--format", "json").out)["values"]
             if name.startswith("keys.")]
    assert "retry" in names and len(names) > 30
    keymap, man, example = (gatehouse(*words).out for words in (("help", "--keymap"), ("help", "--man"), ("config", "example")))
    for name in names:
        assert f"| `{name}" in keymap and f".B {name}" in man and f"#{name} = " in example


# ---- the palette


def test_the_palette_completes_and_keeps_its_history(gatehouse, console):
    finished(gatehouse)
    one = console()
    one.until("run 0001")
    one.press(":", *"hist", "tab")
    one.until(":history")
    one.press("enter")
    one.until("STARTED")
    run(one, "run 1")
    run(one, "nonsense_of_mine")
    one.until("there is no command")
    run(one, "q")
    assert one.end() == 0
    history = gatehouse.state / "console_history"
    assert history.read_text().splitlines() == ["history", "run 1", "nonsense_of_mine", "q"]
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    one = console()
    one.until("run 0001")
    one.press(":", "up", "up", "up")
    one.until(":run 1")
    one.press("esc", "D")
    assert one.end() == 0


def test_tab_offers_stages_and_runs(gatehouse, console):
    finished(gatehouse)
    finished(gatehouse)
    one = console()
    one.until("run 0002")
    one.press(":", *"rerun s", "tab")
    one.until(":rerun second")
    one.press("\x15", *"run ")
    one.until(" 2 ")
    one.press("1", "enter")
    one.until("run 0001")
    one.press("D")
    assert one.end() == 0
