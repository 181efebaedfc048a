"""The console on a pseudo-terminal: start, keys, sizes, signals, and that a run never depends on it."""
import json
import os
import random
import signal
import time

import pytest
from terminal import wakeups
from test_cli import pipeline, shell, stage, wait_for


def json_lines(result):
    return [json.loads(line) for line in result.out.splitlines()] if result.code == 0 else []


def shown(gatehouse, run="latest"):
    return json.loads(gatehouse("show", run, "--format", "json").out)


def finished(gatehouse):
    gatehouse.configure(pipeline(shell("first", "echo hello from first"), stage("second", after=["first"])))
    assert gatehouse("--batch").code == 0


def slow(gatehouse, seconds=30):
    gatehouse.configure(pipeline(shell("first", f"echo begun; sleep {seconds}"), stage("second", after=["first"])))


def start_slow(gatehouse, seconds=30):
    slow(gatehouse, seconds)
    runner = gatehouse.start("--batch")
    wait_for(lambda: any(e["name"] == "first" and e["state"] == "running"
                         for run in json_lines(gatehouse("runs", "--format", "json")) for e in shown(gatehouse)["stages"]))
    return runner


# ---- start and leaving


def test_without_runs_it_shows_the_plan_and_how_to_start(gatehouse, console):
    gatehouse.configure(pipeline(stage("only")))
    one = console()
    one.until("There is no run yet")
    one.until("only")
    one.press("D")
    assert one.end() == 0


def test_read_only_without_runs_makes_no_state_and_finds_the_first_run(gatehouse, console):
    gatehouse.configure(pipeline(stage("only")))
    one = console("--read-only")
    one.until("this console is read-only")
    assert not (gatehouse.state / "runs.db").exists()
    assert gatehouse("--batch").code == 0
    one.until("run 0001")
    one.press("D")
    assert one.end() == 0


def test_it_opens_on_the_newest_run_and_attach_on_any(gatehouse, console):
    finished(gatehouse)
    finished(gatehouse)
    one = console()
    one.until("run 0002")
    one.until("2/2 done")
    one.press("D")
    assert one.end() == 0
    one = console("attach", "1")
    one.until("run 0001")
    one.press("D")
    assert one.end() == 0
    one = console("attach", "77")
    assert one.end() == 1
    assert b"\x1b[" not in one.output


def test_the_log_of_the_chosen_stage_is_shown(gatehouse, console):
    finished(gatehouse)
    one = console()
    one.press("1")
    one.until("hello from first")
    one.press("D")
    assert one.end() == 0


def test_a_theme_that_cannot_be_read_is_told_before_anything_is_drawn(gatehouse, console):
    gatehouse.configure(pipeline(stage("only")) + '[console]\ntheme = "sunset"\n')
    one = console()
    assert one.end() == 78
    assert b"\x1b[" not in one.output


# ---- keys


def test_n_starts_a_detached_run_only_after_yes(gatehouse, console):
    slow(gatehouse, 2)
    one = console()
    one.until("no run yet")
    one.press("n")
    one.until("Start a new run of test?")
    one.press("enter")
    one.pump(0.5)
    assert json_lines(gatehouse("runs", "--format", "json")) == []
    one.press("n")
    one.until("Start a new run of test?")
    one.press("y")
    one.until("run 0001")
    one.until("SUCCESS")
    one.press("D")
    assert one.end() == 0


def test_stop_retry_and_skip_reach_the_runner_with_user_and_reason(gatehouse, console):
    start_slow(gatehouse)
    one = console()
    one.until("RUNNING")
    one.press("s")
    one.until("stop run 0001?")
    one.press("tab", "enter")
    one.until("CANCELLED")
    one.press("1", "x")
    one.until("Reason")
    one.press("y", "enter", "enter")  # a letter, then on to No, then No
    one.pump(0.3)
    one.press("x")
    one.until("Reason")
    one.press(*"too slow", "enter", "tab", "enter")
    one.until("skip first accepted")  # nobody ran it any more: a detached runner took it over
    one.press("2", "r")
    one.until("retry second of run 0001?")
    one.press("y")
    one.until("SUCCESS")
    one.press("D")
    assert one.end() == 0
    commands = [e for e in shown(gatehouse)["commands"]]
    assert [c["verb"] for c in commands] == ["stop", "skip", "retry"]
    assert commands[1]["reason"] == "too slow"
    assert all(c["user"] for c in commands) and all(c["tty"].startswith("/dev/") for c in commands)


# ---- a run does not depend on its console


def test_killing_the_console_leaves_the_run_alone(gatehouse, console):
    slow(gatehouse, 3)
    one = console()
    one.until("no run yet")
    one.press("n")
    one.until("Start a new run")
    one.press("y")
    one.until("RUNNING")
    one.child.kill()
    one.child.wait()
    two = console()
    two.until("SUCCESS")
    two.press("D")
    assert two.end() == 0


def test_two_consoles_see_the_same_run(gatehouse, console):
    start_slow(gatehouse, 4)
    both = [console(), console("--read-only", cols=120, rows=40)]
    for one in both:
        one.until("RUNNING")
    for one in both:
        one.until("SUCCESS")
        one.press("q")
    assert [one.end() for one in both] == [0, 0]


def test_leaving_a_live_run_says_how_to_come_back(gatehouse, console):
    runner = start_slow(gatehouse)
    one = console()
    one.until("RUNNING")
    one.press("\x03", "\x03")
    assert one.end() == 0
    assert b"run 1 goes on: gatehouse attach 1" in one.output
    assert runner.poll() is None


# ---- sizes


def test_a_storm_of_sizes(gatehouse, console):
    start_slow(gatehouse)
    one = console()
    one.until("RUNNING")
    dice = random.Random(7)
    for _ in range(60):
        one.resize(dice.randint(1, 300), dice.randint(1, 100))
        one.press(dice.choice(["j", "k", "tab", "?", "H", "V", "Z", "L", "enter", "n", "s"]))
        one.pump(dice.choice([0, 0.01, 0.05]))
        assert one.child.poll() is None
    one.press("esc", "esc", "esc", "esc")
    one.resize(80, 24)
    one.until("RUNNING")
    one.until("Stages")
    one.press("D")
    assert one.end() == 0


# ---- signals


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_a_signal_ends_it_in_order(gatehouse, console, name):
    finished(gatehouse)
    one = console()
    one.until("run 0001")
    one.child.send_signal(getattr(signal, name))
    assert one.end() == 128 + getattr(signal, name)


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE"])
def test_a_crash_leaves_a_sane_terminal(gatehouse, console, name):
    finished(gatehouse)
    one = console()
    one.until("run 0001")
    one.child.send_signal(getattr(signal, name))
    assert one.end() == 128 + getattr(signal, name)


@pytest.mark.parametrize("moment", range(8))
def test_a_signal_at_any_moment_of_the_start(gatehouse, console, moment):
    finished(gatehouse)
    one = console()
    one.pump(0.03 * moment)
    one.child.send_signal(signal.SIGTERM)
    assert one.end() == 128 + signal.SIGTERM


def test_a_vanished_terminal_ends_it_within_a_second(gatehouse, console):
    start_slow(gatehouse)
    one = console(environment={})
    one.until("RUNNING")
    os.close(one.follower)
    os.close(one.leader)
    wait_for(lambda: not one.child.is_alive(), 2)


def test_stopped_and_continued(gatehouse, console):
    finished(gatehouse)
    one = console()
    one.until("run 0001")
    one.child.send_signal(signal.SIGSTOP)
    time.sleep(0.1)
    one.resize(100, 30)
    one.child.send_signal(signal.SIGCONT)
    one.until("run 0001")
    one.press("\x1a")  # nobody could bring it back: a session leader is not stopped
    one.pump(0.3)
    one.press("\x0c", "?")
    one.until("start a new run")
    one.press("D")
    assert one.end() == 0


# ---- hostile text


def test_hostile_log_lines_stay_in_their_pane(gatehouse, console):
    nasty = r"printf 'a\033[2Jb\033]0;title\007c\n\377\376\n\342\200\256rtl\n\346\274\242\345\255\227\n%05000d\n' 0"
    gatehouse.configure(pipeline(shell("first", nasty)))
    assert gatehouse("--batch").code == 0
    one = console()
    one.until("a\ufffd[2Jb\ufffd]0;title\ufffdc")
    one.until("漢")
    assert "Stages" in one.screen.display[1]
    assert b"\x1b]0;title" not in one.output and b"\xe2\x80\xae" not in one.output
    one.press("D")
    assert one.end() == 0


# ---- what it costs


def test_a_finished_run_costs_nothing(gatehouse, console):
    finished(gatehouse)
    one = console()
    one.until("run 0001")
    one.pump(1)
    before, switches = len(one.output), wakeups(one.child.pid)
    one.pump(3)
    assert len(one.output) == before
    assert wakeups(one.child.pid) - switches <= 1
    one.press("D")
    assert one.end() == 0


def test_a_running_stage_costs_one_wakeup_a_second(gatehouse, console):
    start_slow(gatehouse)
    one = console()
    one.until("RUNNING")
    one.pump(2)
    before, switches = len(one.output), wakeups(one.child.pid)
    one.pump(5)
    assert len(one.output) - before <= 5 * 64 + 64
    assert wakeups(one.child.pid) - switches <= 5 * 1.2 + 2
    one.press("D")
    assert one.end() == 0
