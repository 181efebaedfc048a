"""The console and the runs it starts, resumes and shares: on a pseudo-terminal, with the real runner."""
import os
import signal

from terminal import wakeups
from test_cli import pipeline, shell, stage, wait_for
from test_console import finished, json_lines, shown, slow


def test_prepare_sample_starts_a_run_and_ends_with_its_exit_code(gatehouse, console):
    gatehouse.configure(pipeline(stage("only")))
    one = console("--prepare-sample")
    one.until("run 0001")
    one.until("SUCCESS")
    one.press("D")
    assert one.end() == 0
    assert b"run 1 success, exit code 0" in one.output
    gatehouse.configure(pipeline(shell("only", "exit 3")))
    one = console("--prepare-sample")
    one.until("run 0002")
    one.until("FAILED")
    one.press("H", "j", "enter")  # looking at another run changes nothing
    one.until("run 0001")
    one.press("D")
    assert one.end() == 1
    assert len(json_lines(gatehouse("runs", "--format", "json"))) == 2


def test_leaving_a_started_run_says_that_it_goes_on(gatehouse, console):
    slow(gatehouse)
    one = console("--prepare-sample")
    one.until("RUNNING")
    one.press("D")
    assert one.end() == 0
    assert b"run 1 goes on: gatehouse attach 1" in one.output


def test_a_run_that_could_not_be_started_is_told_at_once(gatehouse, console):
    gatehouse.configure(pipeline(stage("only")))
    one = console("--prepare-sample", "--set", "local.postgres_binaries=/nowhere")
    one.until("began no run", 20)
    one.press("D")
    assert one.end() == 75


def test_prepare_sample_is_refused_where_nothing_may_be_started(gatehouse):
    result = gatehouse("--prepare-sample", "--read-only")
    assert result.code == 64 and "--read-only forbids" in result.err
    assert gatehouse("--prepare-sample").code == 64  # no terminal


def test_a_lost_runner_is_seen_and_r_resumes_the_run(gatehouse, console):
    slow(gatehouse, 3)
    runner = gatehouse.start("--batch")
    wait_for(lambda: any(run["state"] == "running" for run in json_lines(gatehouse("runs", "--format", "json"))))
    one = console()
    one.until("RUNNING")
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    one.until(" LOST ", 5)
    one.until("r resumes it")
    one.press("r")
    one.until("resume run 0001?")
    one.press("y")
    one.until("RUNNING")
    one.until("SUCCESS")
    one.press("D")
    assert one.end() == 0
    assert len(shown(gatehouse)["stages"][0]["tries"]) == 2


def test_consoles_see_each_other(gatehouse, console):
    finished(gatehouse)
    one, two = console(), console("--read-only", cols=120)
    one.until("+1 watching")
    two.until("+1 watching: ")
    two.child.kill()
    two.child.wait()
    one.press("j")
    one.pump(0.2)
    one.press("D")
    assert one.end() == 0


def test_a_wide_screen_with_all_its_panes_keeps_the_budget(gatehouse, console):
    slow(gatehouse)
    one = console("--prepare-sample", cols=200, rows=50)
    one.until("RUNNING")
    one.until("Timeline")
    one.pump(2)
    before, switches = len(one.output), wakeups(one.child.pid)
    one.pump(5)
    assert len(one.output) - before <= 5 * 64 + 64
    assert wakeups(one.child.pid) - switches <= 5 * 1.2 + 2
    one.press("q")
    assert one.end() == 0


def test_a_lost_run_costs_nothing_while_nobody_resumes_it(gatehouse, console):
    slow(gatehouse)
    runner = gatehouse.start("--batch")
    wait_for(lambda: any(run["state"] == "running" for run in json_lines(gatehouse("runs", "--format", "json"))))
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    one = console()
    one.until(" LOST ")
    one.pump(2)
    before, switches = len(one.output), wakeups(one.child.pid)
    one.pump(3)
    assert len(one.output) == before and wakeups(one.child.pid) - switches <= 1
    one.press("q")
    assert one.end() == 0
    assert b"run 1 has lost its runner: gatehouse --batch --resume 1" in one.output + one.child.errors().encode()
