"""gatehouse replay: runs of the store and streams of --batch, in the console and as lines."""
import hashlib
import json
import os
import pty
import select
import time

from test_cli import pipeline, shell, stage
from test_console import json_lines


def passed(gatehouse):
    gatehouse.configure(pipeline(shell("first", "echo hello from first; sleep 0.3"), stage("second", after=["first"])))
    result = gatehouse("--batch", "--format", "json")
    assert result.code == 0
    return result.out


def failed(gatehouse):
    gatehouse.configure(pipeline(shell("first", "sleep 0.3"), shell("second", "exit 3", after=["first"])))
    result = gatehouse("--batch", "--format", "json")
    assert result.code == 1
    return result.out


def write(gatehouse, text, name="run.jsonl"):
    path = gatehouse.home / name
    path.write_text(text)
    return path


def fingerprint(folder):
    """All files of a folder with what they hold."""
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".db-shm"}


# ---- as lines


def test_off_a_terminal_it_prints_what_watch_prints(gatehouse):
    path = write(gatehouse, failed(gatehouse))
    of_file, of_store, watched = gatehouse("replay", path), gatehouse("replay", "latest"), gatehouse("watch", 1)
    assert of_file.code == of_store.code == 0
    assert of_file.out == of_store.out == watched.out
    assert "run 1 FAILED" in of_file.out


def test_json_of_a_stored_run_is_the_stream_it_was(gatehouse):
    stream = passed(gatehouse)
    assert gatehouse("replay", 1, "--format", "json").out == stream
    assert gatehouse("replay", "-", "--format", "json", stdin=stream).out == stream


def test_a_speed_paces_the_lines(gatehouse):
    path = write(gatehouse, passed(gatehouse))
    begin = time.monotonic()
    assert gatehouse("replay", path, "--speed", "0.5").code == 0
    assert time.monotonic() - begin > 0.6


def test_a_stream_that_ends_early_is_played_so_far(gatehouse):
    lines = failed(gatehouse).splitlines(keepends=True)
    result = gatehouse("replay", write(gatehouse, "".join(lines[:-3])))
    assert result.code == 0
    assert "second" in result.out and "FAILED" not in result.out
    assert "the events end before the run does" in result.err


SPOILED = [
    (lambda lines: lines[1:], ":1: the stream begins with seq 2, expected 1"),
    (lambda lines: lines[:2] + lines[3:], ":3: seq is 4, expected 3"),
    (lambda lines: lines[:2] + ["garbage\n"] + lines[2:], ":3: event: not valid JSON"),
    (lambda lines: [line.replace('"v":"1.0"', '"v":"2.0"') for line in lines], ':1: event: stream version "2.0" is not understood'),
    (lambda lines: lines[:-1] + [lines[-1][:40]], "the line is cut off"),
    (lambda lines: lines + lines[:1], "seq is 1, expected"),
    (lambda lines: [line.replace("first", "\x1b[31m") for line in lines], ":1: hello"),
    (lambda lines: [line.replace("first", "\\u001b[31m") for line in lines], ":1: hello"),
    (lambda lines: [], "the stream is empty"),
    (lambda lines: lines[:2] + [lines[2].replace("running", "success")] + lines[3:], ":3: event 3 (stage.state) does not fit"),
]


def test_a_bad_stream_is_refused_with_its_line(gatehouse):
    lines = passed(gatehouse).splitlines(keepends=True)
    for spoil, said in SPOILED:
        path = write(gatehouse, "".join(spoil(lines)))
        result = gatehouse("replay", path)
        assert result.code == 1 and result.out == "", said
        assert str(path) in result.err and said in result.err
        assert "\x1b" not in result.err and len(result.err.splitlines()) == 1


def test_what_cannot_be_found_or_is_no_speed_is_told(gatehouse):
    passed(gatehouse)
    assert "there is no such file" in gatehouse("replay", "./nothing").err
    assert gatehouse("replay", "77").code == 1
    result = gatehouse("replay", "1", "--speed", "3")
    assert result.code == 64 and "0.25|0.5|1|2|4|8|16|32|64|max" in result.err


# ---- in the console


def test_the_console_plays_and_seeks(gatehouse, console):
    failed(gatehouse)
    one = console("replay", "1", "--speed", "0.25")
    one.until("REPLAY 00:0")
    one.until("RUNNING")
    one.press("end")
    one.until("FAILED")
    one.press("home")
    one.until("00:00 / 00:00 x0.25, paused")
    one.press("}", "}", "+", "+")
    one.until("x1, paused")
    for _ in range(20):
        one.press("}")
    one.until("FAILED")
    one.press("home")
    one.until("RUNNING")
    one.press("D")
    assert one.end() == 0


def test_the_log_grows_with_the_replay(gatehouse, console):
    gatehouse.configure(pipeline(shell("first", "echo begun; sleep 1; echo later")))
    assert gatehouse("--batch").code == 0
    one = console("replay", "1", "--speed", "0.25")
    one.press(" ", "end")
    one.until("later")
    one.press("home", "}", "}")
    one.until("paused")
    one.pump(0.3)
    assert "later" not in one.text
    one.press("end")
    one.until("later")
    one.press("q")
    assert one.end() == 0


def test_a_stream_on_standard_input_leaves_the_keys_to_the_terminal(gatehouse):
    """As in `ssh host gatehouse ... | gatehouse replay -`: the terminal is the controlling one."""
    path = write(gatehouse, failed(gatehouse))
    pid, leader = pty.fork()
    if pid == 0:
        os.environ.update(gatehouse.environment, TERM="xterm-256color")
        os.execl("/bin/sh", "sh", "-c", f'cat "{path}" | "{gatehouse.program}" replay - --speed max')
    output = b""
    while b"FAILED" not in output:
        assert select.select([leader], [], [], 20)[0], output
        output += os.read(leader, 65536)
    os.write(leader, b"q")
    end = time.monotonic() + 10
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        assert time.monotonic() < end
        if select.select([leader], [], [], 0.05)[0]:
            try:
                output += os.read(leader, 65536)
            except OSError:
                pass
    os.close(leader)
    assert b"Sanitizer" not in output


def test_no_key_of_a_replay_reaches_a_store(gatehouse, console):
    failed(gatehouse)
    before = fingerprint(gatehouse.state)
    one = console("replay", "latest", "--speed", "64")
    one.until("REPLAY")
    keys = [chr(code) for code in range(33, 127) if chr(code) not in "qD/:"] + ["enter", "tab", "pgup", "end", "home", "left", "right"]
    for view in ("", "?", "H", "V", "L"):
        one.press("esc", "esc")
        if view:
            one.press(view)
        for key in keys:
            one.press(key, "y")
        one.pump(0.1)
        assert one.child.poll() is None
    one.press("esc", "esc", "esc", "D")
    assert one.end() == 0
    assert fingerprint(gatehouse.state) == before
    assert len(json_lines(gatehouse("runs", "--format", "json"))) == 1


def test_a_stream_is_played_without_a_state_folder(gatehouse, console):
    path = write(gatehouse, passed(gatehouse))
    gatehouse.environment["GATEHOUSE_STATE_DIR"] = str(gatehouse.home / "elsewhere")
    one = console("replay", path)
    one.until("REPLAY")
    one.press("end")
    one.until("SUCCESS")
    one.press("r")
    one.until("this is a replay")
    one.press("D")
    assert one.end() == 0
    assert not (gatehouse.home / "elsewhere").exists()


def test_hostile_text_in_a_stream_stays_text(gatehouse, console):
    stream = failed(gatehouse)
    lines = [json.loads(line) for line in stream.splitlines()]
    for line in lines:
        for name in ("reason", "user", "host", "environment", "data"):
            if name in line:
                line[name] = "\x1b]0;owned\x07\x1b[31m\u202e"
    path = write(gatehouse, "".join(json.dumps(line) + "\n" for line in lines))
    assert "\x1b" not in gatehouse("replay", path).out
    one = console("replay", path, "--speed", "max")
    one.until("FAILED")
    one.press("V", "esc", "H", "esc", "enter")
    one.pump(0.2)
    one.press("esc", "D")
    assert one.end() == 0
    assert b"owned\x07" not in one.output and "\u202e".encode() not in one.output
