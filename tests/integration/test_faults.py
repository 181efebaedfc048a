"""Faults around a run: a hostile environment, other programs at the same files, processes that will not go."""
import io
import json
import os
import pickle
import signal
import sqlite3
import subprocess
import tarfile
import time

import pytest

from test_cli import check_stream, pipeline, shell, stage, wait_for
from test_pipeline import LENIENT, World

IS_ROOT = os.geteuid() == 0


def final(gatehouse, run="latest"):
    result = gatehouse("show", run, "--format", "json")
    assert result.code == 0, result.err
    return json.loads(result.out)


# ---- the environment


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_take_nothing_from_the_state(gatehouse, closed):
    """What would be printed must not land in a file that got the stream's number."""
    gatehouse.configure(pipeline(shell("a", "echo from-the-stage; echo noise >&2"), stage("b", after=["a"])))
    argv = ["/bin/sh", "-c", f'exec "$0" --batch -v {closed}', gatehouse.program]
    child = subprocess.run(argv, env=gatehouse.environment, cwd=gatehouse.home, capture_output=True, timeout=60)
    assert child.returncode == 0
    assert final(gatehouse)["state"] == "success"
    for lock in gatehouse.state.glob("runs/*/lock"):
        assert b"SUCCESS" not in lock.read_bytes()


def test_an_odd_environment_does_not_stop_a_run(gatehouse):
    gatehouse.configure(pipeline(shell("a", "true")))
    del gatehouse.environment["PATH"], gatehouse.environment["HOME"]
    gatehouse.environment["TZ"] = ":::/\n\x1b[1m"
    result = gatehouse("--batch")
    assert result.code == 0, result.err
    assert "\x1b" not in result.out + result.err


def test_without_a_place_for_the_state_it_says_so(gatehouse):
    del gatehouse.environment["HOME"], gatehouse.environment["GATEHOUSE_STATE_DIR"]
    result = gatehouse("--batch")
    assert result.code == 78 and "--state-dir" in result.err


@pytest.mark.parametrize("umask", [0o000, 0o027])
def test_the_umask_opens_nothing_to_others(gatehouse, umask):
    gatehouse.configure(pipeline(stage("a")))
    child = gatehouse.start("--batch", umask=umask)
    child.communicate(timeout=60)
    assert child.returncode == 0
    assert gatehouse.state.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in gatehouse.state.glob("runs.db*"))


def test_an_open_state_folder_is_closed(gatehouse):
    gatehouse.configure(pipeline(stage("a")))
    gatehouse.state.mkdir()
    gatehouse.state.chmod(0o777)
    assert gatehouse("--batch").code == 0
    assert gatehouse.state.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not IS_ROOT, reason="needs files of two users")
def test_an_open_state_folder_of_somebody_else_is_refused(gatehouse):
    gatehouse.configure(pipeline(stage("a")))
    gatehouse.home.chmod(0o755)
    for folder in gatehouse.home.parents:
        if any(name.startswith("pytest-") for name in folder.parts):
            folder.chmod(0o711)  # they may pass, not look
    gatehouse.state.mkdir()
    gatehouse.state.chmod(0o777)
    result = gatehouse("--batch", user="nobody", group="nogroup", extra_groups=[])
    assert result.code == 78 and "private" in result.err
    assert list(gatehouse.state.iterdir()) == []


def test_a_state_folder_that_cannot_be_is_78(gatehouse):
    gatehouse.configure(pipeline(stage("a")))
    gatehouse.state.write_text("a file")
    result = gatehouse("--batch")
    assert result.code == 78 and str(gatehouse.state) in result.err


@pytest.mark.parametrize("name", ["with spaces and 'quotes'", "long/" + "x" * 200])
def test_a_state_folder_may_have_any_name_and_be_a_link(gatehouse, name):
    gatehouse.configure(pipeline(shell("a", "pwd")))
    real = gatehouse.home / name
    real.mkdir(parents=True)
    gatehouse.state.symlink_to(real)
    assert gatehouse("--batch").code == 0
    assert (real / "runs.db").exists() and gatehouse.state.is_symlink()


# ---- the store


def test_a_store_that_is_removed_in_the_middle_never_ends_well(gatehouse):
    mark = gatehouse.home / "begun"
    gatehouse.configure(pipeline(shell("a", f"touch {mark}; sleep 0.5"), stage("b", after=["a"])))
    child = gatehouse.start("--batch")
    wait_for(mark.exists)
    (gatehouse.state / "runs.db").unlink()
    out, err = child.communicate(timeout=60)
    assert child.returncode == 70
    assert "runs.db" in err and "removed" in err
    assert "SUCCESS" not in out


def test_two_first_runs_at_once(gatehouse):
    gatehouse.configure(pipeline(shell("a", "sleep 0.1; echo '{\"x\":1}'"), stage("b", after=["a"])))
    children = [gatehouse.start("--batch", "--format", "json") for _ in range(4)]
    streams = [child.communicate(timeout=60) for child in children]
    assert [child.returncode for child in children] == [0] * 4, streams
    ends = [check_stream([json.loads(line) for line in out.splitlines()]) for out, _ in streams]
    assert len({end["run"] for end in ends}) == 4
    listed = gatehouse("runs").out
    assert all(end["run"] in listed for end in ends)


def test_a_locked_store_is_waited_for(gatehouse):
    mark = gatehouse.home / "begun"
    gatehouse.configure(pipeline(shell("a", f"touch {mark}; sleep 0.2"), stage("b", after=["a"])))
    child = gatehouse.start("--batch", "--format", "json")
    wait_for(mark.exists)
    other = sqlite3.connect(gatehouse.state / "runs.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    time.sleep(2)
    other.execute("COMMIT")
    other.close()
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0 and "locked" in err
    assert check_stream([json.loads(line) for line in out.splitlines()])["state"] == "success"


def test_a_run_of_the_future_is_resumed(gatehouse):
    """The clock was set back since its last event."""
    mark = gatehouse.home / "begun"
    gatehouse.configure(pipeline(shell("a", f"[ -e {mark} ] || {{ touch {mark}; sleep 60; }}"), stage("b", after=["a"])))
    child = gatehouse.start("--batch")
    wait_for(mark.exists)
    child.kill()
    child.communicate()
    day_ms = 24 * 3600 * 1000
    store = sqlite3.connect(gatehouse.state / "runs.db")
    store.execute("UPDATE events SET ts_ms = ts_ms + ?", (day_ms,))
    store.commit()
    store.close()
    result = gatehouse("--batch", "--resume", "latest", "--format", "json", timeout=30)
    assert result.code == 0, result.err
    stamps = [event["ts"] for event in result.lines]
    assert stamps == sorted(stamps)


# ---- processes


DAEMON = "setsid sh -c 'echo $$ > {mark}.new; mv {mark}.new {mark}; trap \"\" TERM; exec sleep 61' </dev/null >/dev/null 2>&1 & wait"


def is_running(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize(
    "signals, code",
    [([signal.SIGINT], 130), ([signal.SIGTERM], 143), ([signal.SIGINT, signal.SIGINT], 130), (None, 130)],
    ids=["int", "term", "int-int", "stop"],
)
def test_a_daemon_of_a_stage_ends_with_it(gatehouse, signals, code):
    mark = gatehouse.home / "pid"
    gatehouse.configure(pipeline(shell("a", DAEMON.format(mark=mark))))
    child = gatehouse.start("--batch")
    wait_for(mark.exists)
    pid = int(mark.read_text())
    assert is_running(pid)
    for signum in signals or []:
        child.send_signal(signum)
        time.sleep(0.1)
    if signals is None:
        assert gatehouse("stop", "latest").code == 0
    child.communicate(timeout=60)
    assert child.returncode == code
    wait_for(lambda: not is_running(pid), seconds=5)


def test_a_daemon_of_a_stage_that_took_too_long_ends_with_it(gatehouse):
    mark = gatehouse.home / "pid"
    gatehouse.configure(pipeline(shell("a", DAEMON.format(mark=mark), extra='retries = 0\nrunning_timeout = "500ms"')))
    assert gatehouse("--batch").code == 1
    wait_for(lambda: not is_running(int(mark.read_text())), seconds=5)


# ---- limits


@pytest.mark.parametrize("kib", [0, 8, 40, 100])
def test_a_limit_on_the_size_of_files_is_a_full_disk(gatehouse, kib):
    """The run is left to be resumed, and goes on once there is room."""
    gatehouse.configure(pipeline(shell("a", "seq 3000"), stage("b", after=["a"])))
    argv = ["/bin/sh", "-c", f'ulimit -f {2 * kib}; exec "$0" --batch --set pipeline.retry_delay=50ms', gatehouse.program]
    child = subprocess.run(argv, env=gatehouse.environment, cwd=gatehouse.home, capture_output=True, text=True, timeout=90)
    assert child.returncode in (0, 75), child.stderr
    assert child.returncode == 0 or "too large" in child.stderr.lower() or "full" in child.stderr
    result = gatehouse("--batch", *(["--resume", "latest"] if "resume" in child.stderr else []))
    assert result.code == 0, result.err


# ---- the data


def test_the_private_database_is_not_destroyed_below_a_run(gatehouse):
    gatehouse.configure(pipeline(shell("a", "sleep 30")))
    runner = gatehouse.start("--batch", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: "running" in gatehouse("runs").out)
    refused = gatehouse("local", "destroy")
    assert refused.code == 75 and "gatehouse stop" in refused.err
    runner.terminate()
    assert runner.wait(20) == 143
    assert gatehouse("local", "destroy").code == 0


@pytest.mark.skipif(IS_ROOT, reason="root may open everything")
def test_a_store_without_rights_is_a_matter_of_configuration(gatehouse):
    gatehouse.configure(pipeline(stage("a")))
    assert gatehouse("--batch").code == 0
    (gatehouse.state / "runs.db").chmod(0)
    refused = gatehouse("runs")
    assert refused.code == 78 and "runs.db" in refused.err


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.run("local", "destroy")


RAW = "lake/msecindustries-raw/source1/credit_default_s3_raw.csv"


def sizes(world):
    """Rows of the raw object and of the table."""
    dsn = json.loads(world.run("local", "start", "--format", "json").stdout)["dsn"]
    answer = subprocess.run(["psql", dsn, "-Atc", "SELECT count(*) FROM customer_profile"], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return (world.state / RAW).read_bytes().count(b"\n") - 1, int(answer.stdout)


def test_a_set_that_is_half_replaced_is_not_used(world):
    world.prepare(1000)
    raw = world.state / RAW
    old = raw.read_bytes()
    raw.unlink()
    (raw / "in-the-way").mkdir(parents=True)
    failed = world.run("prepare", "--sample", "--rows", 1200)
    assert failed.returncode == 1 and "prepare again" in failed.stderr
    (raw / "in-the-way").rmdir()
    raw.rmdir()
    raw.write_bytes(old)
    assert sizes(world) == (1000, 1200)
    code, events, err = world.batch()
    assert code == 75 and events == [] and "prepare again" in err
    world.prepare(1000)
    assert world.batch()[0] == 0


def test_a_killed_preparation_leaves_a_whole_set_or_says_so(world):
    world.prepare(1000)
    rows, refused = 1000, 0
    for delay_ms in (5, 15, 30, 45, 60, 80, 100, 130):
        new = 2200 if rows == 1000 else 1000
        child = world.start("prepare", "--sample", "--rows", new)
        time.sleep(delay_ms / 1000)
        child.kill()
        child.communicate()
        found = sizes(world)
        if found[0] != found[1]:
            refused += 1
            assert world.batch()[0] == 75
            world.prepare(1000)
            found = (1000, 1000)
        assert found[0] in (rows, new)
        rows = found[0]
    world.prepare(1000)
    code, _, err = world.batch()
    assert code == 0, err
    assert list((world.state / "lake/.tmp").iterdir()) == []


def test_of_two_preparations_at_once_one_is_whole(world):
    children = [world.start("prepare", "--sample", "--rows", rows) for rows in (1000, 1500, 2000)]
    results = [child.communicate(timeout=120) for child in children]
    assert [child.returncode for child in children] == [0, 0, 0], results
    found = sizes(world)
    assert found[0] == found[1]
    assert world.batch()[0] == 0


# ---- cheating the gate


def tar(path, member):
    with tarfile.open(path, "w:gz") as archive:
        if isinstance(member, tarfile.TarInfo):
            archive.addfile(member, io.BytesIO(b"x" * member.size))
        else:
            info = tarfile.TarInfo("xgboost-model")
            info.size = len(member)
            archive.addfile(info, io.BytesIO(member))


def link():
    info = tarfile.TarInfo("xgboost-model")
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return info


def outside():
    info = tarfile.TarInfo("../../../../outside")
    info.size = 3
    return info


def last_error(world):
    gate = world.show()["stages"][-1]
    return gate["state"], gate["tries"][-1]["error"]


def test_a_model_or_test_split_that_was_exchanged_never_passes(world):
    """After a good run the gate is tried again with what somebody put in the place of its inputs."""
    world.prepare(1500)
    code, _, err = world.batch()
    assert code == 0, err
    model = next((world.state / "lake/msecindustries-models").rglob("model.tar.gz"))
    good = model.read_bytes()
    attacks = {
        "bad_archive": lambda: model.write_bytes(os.urandom(5000)),
        "bad_model": lambda: tar(model, b"hello"),
        "pickle": lambda: tar(model, pickle.dumps({"a": print}, protocol=4)),
        "unsafe_archive": lambda: tar(model, link()),
        "no_model": lambda: tar(model, tarfile.TarInfo("other")),
        "archive_too_large": lambda: tar(model, b"\0" * (600 << 20)),
        "access_denied": lambda: model.symlink_to("/etc/passwd"),
        "not_found": lambda: None,
    }
    for code, attack in attacks.items():
        model.unlink(missing_ok=True)
        attack()
        result = world.run("retry", "latest", "evaluate_model_performance")
        state, error = last_error(world)
        assert (result.returncode, state, error["code"], error["class"]) == (1, "failed", code, "permanent")
        assert "model" in error["message"]
    model.unlink(missing_ok=True)
    tar(model, outside())
    assert world.run("retry", "latest", "evaluate_model_performance").returncode == 1
    assert last_error(world)[1]["code"] == "unsafe_archive"
    model.unlink()
    model.write_bytes(good)
    assert world.run("retry", "latest", "evaluate_model_performance").returncode == 0
    split = next((world.state / "lake/msecindustries-training/final-dataset").rglob("test/test.csv"))
    rows = split.read_text().splitlines(keepends=True)
    split.write_text("".join(rows[1:]))
    assert world.run("retry", "latest", "evaluate_model_performance").returncode == 1
    assert last_error(world)[1]["code"] == "changed_under_us"


def test_a_gate_that_is_skipped_never_ends_with_0(world):
    world.prepare(1500)
    code, _, _ = world.batch("--set", "pipeline.retries=0")
    assert code == 0
    world.config.write_text("[[gate.rule]]\nmetric = \"accuracy\"\nmin = 0.999\n")
    assert world.batch()[0] == 3
    assert world.run("skip", "latest", "evaluate_model_performance", "--reason", "we like it").returncode == 1
    assert world.run("--batch", "--resume", "latest").returncode == 1
    shown = world.show()
    assert (shown["state"], shown["verdict"]) == ("failed", "none")


def test_a_verdict_does_not_outlive_its_model(world):
    """Training alone once more: the new model was never judged."""
    world.prepare(1500)
    assert world.batch()[0] == 0
    assert world.run("retry", "latest", "start_sagemaker_training").returncode == 1
    assert world.show()["verdict"] == "none"
    assert world.run("retry", "latest", "evaluate_model_performance").returncode == 0
    assert world.show()["evaluation"]["training_job_name"] == world.jobs()[-1]


# ---- hostile text


HOSTILE = r"""printf 'out \033[31m\007\302\233 \377\r\n'; printf 'err \033]0;x\007\n' >&2"""


def test_no_text_of_a_stage_or_an_operator_reaches_the_terminal_raw(gatehouse):
    bad_key = r"""printf '{"a\\u001b[31m":"\\u001b]0;x\\u0007\\u009b"}\n'"""
    gatehouse.configure(pipeline(
        shell("a", f"{HOSTILE}; {bad_key}"),
        shell("b", f"{HOSTILE}; exit 3", ["a"]),
    ))
    results = [gatehouse("--batch", "-v")]
    results.append(gatehouse("skip", "latest", "b", "--reason", "so\x1b[31m\nlong\x9b"))
    for words in (
        ["show", "latest"], ["logs", "latest", "a"], ["logs", "latest", "b"], ["watch", "latest"], ["runs"],
        ["show", "latest", "--format", "json"], ["watch", "latest", "--format", "json"], ["show", "\x1b[31m"],
        ["logs", "latest", "\x1b[31m"], ["logs", "latest", "../../../../etc/passwd"], ["\x1b[31m"],
        ["--set", "a.\x1b[31m=1", "--batch"], ["--state-dir", "/dev/null/\x1b[31m", "--batch"],
    ):
        results.append(gatehouse(*words))
    for result in results:
        for text in (result.out, result.err):
            assert not any(ord(c) < 32 and c not in "\n\t" or 127 <= ord(c) < 160 for c in text), text
    assert results[0].code == 1 and results[1].code == 0
    assert "root:" not in results[11].out


def test_a_link_in_the_place_of_a_log_is_not_followed(gatehouse):
    gatehouse.configure(pipeline(shell("a", "echo text")))
    assert gatehouse("--batch").code == 0
    victim = gatehouse.home / "victim"
    victim.touch()
    logs = next(gatehouse.state.glob("runs/*/logs"))
    (logs / "a.2.log").symlink_to(victim)
    result = gatehouse("rerun", "latest", "a")
    assert result.code == 0 and "a.2.log" in result.err
    assert victim.read_text() == ""


# ---- limits of functions


def test_the_memory_limit_of_functions_holds(world):
    """A function that wants more ends its stage with a word about it, and leaves no object."""
    program = world.folder / "gatehouse-function"
    program.write_text('#!/bin/sh\n[ "$1" = --list ] && exec ' + os.environ["GATEHOUSE_BIN"] + '/gatehouse-function --list\n'
                       'exec python3 -c "x = bytearray(1 << 30)"\n')
    program.chmod(0o755)
    world.prepare(1000)
    world.config.write_text(LENIENT + f'[local]\nfunction_program = "{program}"\nfunction_memory = "256MiB"\n')
    code, events, _ = world.batch("--set", "pipeline.retries=0")
    if "-fsanitize" in os.environ.get("CFLAGS", "") or os.environ["GATEHOUSE_BIN"].endswith("asan"):
        pytest.skip("a sanitized program cannot be limited")
    assert code == 1
    errors = [event["error"]["message"] for event in events if event["type"] == "stage.state" and event["to"] == "failed"]
    assert any("MemoryError" in message for message in errors), errors
