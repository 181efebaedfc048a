"""gatehouse --plain: over pipes, as programs and tests use it, and on a dumb terminal."""
import os
import re
import select
import signal
import time

from test_cli import pipeline, shell, stage, wait_for
from test_console import finished, json_lines, shown, slow, start_slow


class Talk:
    """Plain mode over pipes, a line at a time."""

    def __init__(self, gatehouse, *arguments):
        self.child = gatehouse.start("--plain", *arguments, stdin=-1)
        self.text = ""

    def say(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def until(self, text, seconds=20):
        """All up to this text; what follows is for the next call."""
        end = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < end, f"no {text!r} in:\n{self.text}"
            if select.select([self.child.stdout], [], [], 0.1)[0]:
                data = os.read(self.child.stdout.fileno(), 65536).decode()
                assert data, f"it has ended:\n{self.text}{self.child.stderr.read()}"
                self.text += data
        before, self.text = self.text.split(text, 1)
        return before + text

    def end(self):
        """The exit code, once it has left by itself."""
        self.child.wait(timeout=20)
        out, err = self.child.communicate(timeout=20)
        assert "Sanitizer" not in err and "runtime error" not in err, err
        check(self.text + out)
        return self.child.returncode


def check(text):
    """Whole lines without a control byte, of at most 80 columns."""
    assert re.fullmatch(r"([^\x00-\x1f\x7f]*\n)*", text), text
    assert all(len(line) <= 80 for line in text.splitlines()), text


def plain(gatehouse, *lines, arguments=()):
    """All lines at once; gives what was said."""
    result = gatehouse("--plain", *arguments, stdin="".join(line + "\n" for line in lines))
    assert result.code == 0, result.err
    check(result.out)
    return result.out


def test_a_run_is_started_and_followed_to_its_end_over_a_pipe(gatehouse):
    slow(gatehouse, 1)
    out = plain(gatehouse, "new_run", "yes", "wait", "stages", "log first", "quit", "status")
    assert "there is no run yet" in out and "Start a new run of test?" in out and "Type yes" in out
    assert "stage 1 of 2, first, running, try 1 of" in out
    assert "run 1 is at rest: SUCCESS" in out
    assert "stage 2 of 2, second, succeeded" in out and "begun" in out
    assert out.index("at rest") < out.index("begun")
    assert shown(gatehouse)["state"] == "success"


def test_without_a_typed_yes_nothing_is_started(gatehouse):
    slow(gatehouse, 1)
    for answer in ("", "y", "no", "ye"):
        assert "nothing was done" in plain(gatehouse, "new_run", answer)
    plain(gatehouse, "new_run")  # input ends at the question
    assert not json_lines(gatehouse("runs", "--format", "json"))


def test_a_failed_stage_is_retried_and_skipped_with_a_reason(gatehouse):
    flag = gatehouse.home / "flag"
    gatehouse.configure(pipeline(shell("first", f'test -e "{flag}" || exit 3'), shell("second", "exit 4", after=["first"])))
    assert gatehouse("--batch").code == 1
    out = plain(gatehouse, "retry 1", "yes", "wait")
    assert "first, failed" in out and "at rest: FAILED" in out
    flag.touch()
    out = plain(gatehouse, "retry first", "yes", "wait", "skip 2", "not needed here", "yes", "wait", "audit")
    assert "stage 1 of 2, first, succeeded" in out and "at rest: SUCCESS" in out
    commands = [(c["verb"], c["stage"], c["reason"]) for c in shown(gatehouse)["commands"]]
    assert commands == [("retry", "first", None), ("retry", "first", None), ("skip", "second", "not needed here")]
    assert out.count("reason: not needed here") == 2  # when it was answered, and in the audit


def test_production_wants_its_name(gatehouse):
    config = pipeline(stage("only")).replace("[pipeline]\n", '[pipeline]\nenvironment = "production"\n')
    gatehouse.configure(config)
    assert gatehouse("--batch").code == 0
    out = plain(gatehouse, "rerun 1", "rw 10m mending it", "rerun 1", "yes", "rerun 1", "production", "no", "ro", "rerun 1")
    assert out.count("this console is read-only") == 2  # as production is, and again
    assert "This is production" in out and out.count("nothing was done") == 2
    assert shown(gatehouse)["commands"] == []
    assert "mending it" in plain(gatehouse, "audit")


def test_read_only_refuses_every_command(gatehouse):
    finished(gatehouse)
    before = shown(gatehouse)
    lines = ["retry 1", "yes", "rerun 1", "yes", "skip 1 why", "yes", "stop", "yes", "new_run", "yes"]
    out = plain(gatehouse, *lines, arguments=["--read-only"])
    assert out.count("this console is read-only; rw 10m REASON lifts it") == 5 and "Type yes" not in out
    assert shown(gatehouse) == before and len(json_lines(gatehouse("runs", "--format", "json"))) == 1


def test_every_command_of_the_list_speaks_and_none_breaks_it(gatehouse):
    finished(gatehouse)
    out = plain(gatehouse, "help")
    numbers = [int(line.split()[0]) for line in out.splitlines() if re.match(r"\d+ [a-z]", line)]
    assert len(numbers) > 20
    for number in numbers:
        plain(gatehouse, f"{number} 1", str(number), "", "no", arguments=["attach", "1", "--read-only"])


def test_the_log_is_paged_searched_and_filtered(gatehouse):
    script = "for i in $(seq 1 50); do echo line $i; done; printf '\\033[31mred\\007\\n'"
    gatehouse.configure(pipeline(shell("first", script)))
    assert gatehouse("--batch").code == 0
    out = plain(gatehouse, "log 1", "first", "page_down", "first", "search line 3", "next_match", "filter red", "times", "log")
    assert "lines 32 to 51 of 51" in out and "lines 1 to 20 of 51" in out and "lines 21 to 40 of 51" in out
    assert "line 3 of 51:" in out and "line 30 of 51:" in out
    assert "1 lines that pass the filter red" in out and "\ufffd[31mred" in out


def test_following_says_what_is_added_until_an_empty_line(gatehouse):
    gatehouse.configure(pipeline(shell("first", "for i in 1 2 3 4 5 6; do echo beat $i; sleep 0.3; done; sleep 20")))
    gatehouse.start("--batch")
    wait_for(lambda: json_lines(gatehouse("runs", "--format", "json")))
    talk = Talk(gatehouse)
    talk.say("follow")
    talk.until("beat 4")
    talk.say("")
    talk.until("not followed any more")
    talk.say("stop")
    talk.until("Type yes")
    talk.say("yes")
    talk.until("at rest: CANCELLED")
    talk.child.stdin.close()
    talk.child.stdin = None
    assert talk.end() == 0


def test_commands_of_others_and_their_effects_are_told(gatehouse):
    start_slow(gatehouse)
    talk = Talk(gatehouse)
    talk.until("running")
    gatehouse("stop", 1)
    talk.until("stop accepted")
    talk.until("stage 1 of 2, first, cancelled")
    talk.until("run 1 is at rest: CANCELLED")
    talk.child.send_signal(signal.SIGTERM)
    assert talk.end() == 143


def test_hanging_up_leaves_and_the_run_goes_on(gatehouse):
    runner = start_slow(gatehouse, 3)
    for signum in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        talk = Talk(gatehouse)
        talk.until("help lists the commands")
        talk.child.send_signal(signum)
        assert talk.end() == 128 + signum
    assert runner.wait(timeout=20) == 0


def test_on_a_dumb_terminal_it_prompts_and_never_moves_the_cursor(gatehouse, console):
    start_slow(gatehouse, 4)
    one = console("--plain", term="dumb", ignored=(signal.SIGINT,))
    one.until("gatehouse>")
    one.press("stages\r")
    one.until("stage 2 of 2, second, waiting")
    one.until("run 1 is at rest: SUCCESS")  # said by itself; the prompt comes again
    one.press("\x03")
    one.until("Leave? The run goes on.")
    one.press("no\r", "retry 1\r")
    one.until("Type yes to do this")
    one.press("\x03")
    one.until("nothing was done")
    one.press("\x04")
    assert one.end() == 0
    assert b"\x1b" not in one.output and not re.search(rb"\r[^\n\r]", one.output)
    assert all(command["verb"] != "retry" for command in shown(gatehouse)["commands"])


def test_two_interrupts_leave(gatehouse, console):
    finished(gatehouse)
    one = console("--plain", term="dumb", ignored=(signal.SIGINT,))
    one.until("gatehouse>")
    one.press("\x03")
    one.until("Leave?")
    one.press("\x03")
    assert one.end() == 130


def test_a_replay_is_spoken_to_its_end(gatehouse):
    gatehouse.configure(pipeline(shell("first", "sleep 0.2"), shell("second", "exit 3", after=["first"])))
    stream = gatehouse("--batch", "--format", "json").out
    path = gatehouse.home / "run.jsonl"
    path.write_text(stream)
    for arguments, text in ((["replay", path], None), (["replay", "1"], None), (["replay", "-"], stream)):
        result = gatehouse(*arguments, "--plain", "--speed", "4", stdin=text or "")
        assert result.code == 0, result.err
        check(result.out)
        assert "stage 1 of 2, first, succeeded" in result.out and "run 1 is at rest: FAILED" in result.out
    result = gatehouse("replay", path, "--plain", "--speed", "0.25", stdin="replay_end\nstages\nseek 0\nretry 1\nyes\nquit\n")
    assert "second, failed" in result.out and "this is a replay" in result.out
    assert shown(gatehouse)["commands"] == []


def test_plain_and_batch_exclude_each_other(gatehouse):
    result = gatehouse("--plain", "--batch")
    assert result.code == 64 and "--plain is a form of the console" in result.err
