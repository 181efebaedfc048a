"""The command line: verbs, the batch contract, signals, configuration; with stages that do little."""
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

QUIET_DATABASE = "[database]\nmirror = false\n[pipeline]\nname = \"test\"\nretry_delay = \"50ms\"\n"


def stage(name, kind="noop", after=(), extra="", **parameters):
    text = f'[[stage]]\nname = "{name}"\nkind = "{kind}"\nafter = {json.dumps(list(after))}\n{extra}\n'
    if parameters:
        text += "[stage.parameters]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in parameters.items())
    return text


def shell(name, script, after=(), extra=""):
    return stage(name, "command", after, extra, argv=["/bin/sh", "-c", script])


def pipeline(*stages):
    return QUIET_DATABASE + "".join(stages)


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def check_stream(events):
    """The contract of --format json, whatever the run did."""
    assert events[0]["type"] == "hello" and events[0]["v"].startswith("1.")
    first = events[0]["seq"]
    for index, event in enumerate(events):
        assert event["seq"] == first + index
        assert {"v", "ts", "run", "seq", "type"} <= event.keys()
        assert event["run"] == events[0]["run"]
    return events[-1]


# ---- without a verb


def test_without_a_terminal_it_names_batch(gatehouse):
    result = gatehouse()
    assert result.code == 64
    assert result.out == "" and "--batch" in result.err


def test_on_a_dumb_terminal_it_names_batch(gatehouse):
    leader, follower = os.openpty()
    child = gatehouse.start(stdin=follower, stdout=follower, environment={"TERM": "dumb"})
    err = child.communicate(timeout=60)[1]
    os.close(leader)
    os.close(follower)
    assert child.returncode == 64
    assert "dumb" in err and "--batch" in err


@pytest.mark.parametrize(
    "arguments, hint",
    [
        (["--bacth"], "--batch"),
        (["shwo", "1"], "show"),
        (["runs", "--formt", "json"], "--format"),
        (["show"], "RUN"),
        (["skip", "1", "a"], "--reason"),
        (["prepare"], "--sample"),
        (["prepare", "x.csv", "--sample"], "--sample"),
        (["prepare", "--sample", "--rows", "0"], "--rows"),
        (["help", "nothing"], "nothing"),
    ],
)
def test_a_wrong_command_line_is_64_with_a_hint(gatehouse, arguments, hint):
    result = gatehouse(*arguments)
    assert result.code == 64
    assert result.out == "" and hint in result.err


def test_version_and_help(gatehouse):
    assert gatehouse("--version").out.startswith("gatehouse ")
    assert "Exit codes:" in gatehouse("--help").out
    assert "--reason" in gatehouse("help", "skip").out
    text = gatehouse("help").out
    assert max(map(len, text.splitlines())) <= 80
    assert "  local status|start|stop|destroy\n" in text and "\n" + 30 * " " in text
    assert gatehouse("help", "skip").out == gatehouse("skip", "--help").out


# ---- completions and man page


def test_completions_are_good_shell(gatehouse):
    for name in ("bash", "zsh", "fish"):
        text = gatehouse("help", "--completion", name).out
        assert "--dry-run" in text or "dry-run" in text
        if name == "bash" or shutil.which(name):
            subprocess.run([name, "-n"], input=text, text=True, check=True)


def test_bash_completion_completes(gatehouse):
    (gatehouse.home / "completion").write_text(gatehouse("help", "--completion", "bash").out)

    def complete(*words):
        script = f"source completion; COMP_WORDS=({' '.join(words)!s}); COMP_CWORD={len(words) - 1}; _gatehouse; echo ${{COMPREPLY[@]}}"
        return subprocess.run(["bash", "-c", script], text=True, capture_output=True, check=True, cwd=gatehouse.home).stdout.split()

    assert complete("gatehouse", "re") == ["replay", "retry", "rerun"]
    assert complete("gatehouse", "config", "s") == ["show"]
    assert complete("gatehouse", "--color", "a") == ["auto", "always"]
    assert "--reason" in complete("gatehouse", "skip", "--")
    assert "--follow" not in complete("gatehouse", "skip", "--")


def test_the_man_page_has_no_warnings(gatehouse):
    text = gatehouse("help", "--man").out
    shown = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z"], input=text, text=True, capture_output=True)
    assert shown.stderr == ""


# ---- configuration


def test_no_file_is_a_good_configuration(gatehouse):
    result = gatehouse("config", "check")
    assert result.code == 0 and "6 stages" in result.out and result.err == ""


def test_every_mistake_of_a_file_is_told_and_the_code_is_78(gatehouse):
    gatehouse.configure("[data]\nraw_buckt = 'x'\n\n[split]\nseed = 'x'\n")
    for arguments in (["config", "check"], ["config", "show"], ["--batch"], ["runs"], ["doctor"]):
        result = gatehouse(*arguments)
        assert result.code == 78
        assert result.out == ""
        lines = result.err.splitlines()
        assert len(lines) == 2
        assert f'{gatehouse.config_path}:2: data.raw_buckt: there is no such key; did you mean "raw_bucket"?' in lines[0]
        assert f"{gatehouse.config_path}:5: split.seed" in lines[1]
    assert not gatehouse.state.exists()


def test_a_cycle_is_named(gatehouse):
    gatehouse.configure(stage("a", after=["b"]) + stage("b", after=["a"]))
    result = gatehouse("config", "check")
    assert result.code == 78
    assert "a -> b -> a" in result.err and "config.toml:1:" in result.err


def test_a_named_file_that_is_missing_is_78(gatehouse):
    result = gatehouse("--config", "/no/such.toml", "config", "check")
    assert result.code == 78 and "/no/such.toml" in result.err


def test_the_xdg_file_is_found_and_the_named_one_stands_over_it(gatehouse):
    folder = gatehouse.home / ".config" / "gatehouse"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[pipeline]\nname = 'xdg'\n")
    shown = json.loads(gatehouse("config", "show", "--format", "json").out)
    assert shown["values"]["pipeline.name"] == {"value": "xdg", "origin": f"{folder}/config.toml:2"}
    gatehouse.configure("[pipeline]\nname = 'named'\n")
    shown = json.loads(gatehouse("config", "show", "--format", "json").out)
    assert shown["values"]["pipeline.name"]["value"] == "named"


def test_environment_and_set_stand_over_the_file(gatehouse):
    gatehouse.configure("[pipeline]\nname = 'file'\nretries = 1\n")
    gatehouse.environment["GATEHOUSE_PIPELINE_NAME"] = "environment"
    shown = json.loads(gatehouse("config", "show", "--format", "json", "--set", "pipeline.retries=3").out)
    assert shown["values"]["pipeline.name"] == {"value": "environment", "origin": "GATEHOUSE_PIPELINE_NAME"}
    assert shown["values"]["pipeline.retries"] == {"value": 3, "origin": "--set"}
    assert shown["values"]["split.seed"]["origin"] == "default"


def test_secrets_are_masked(gatehouse):
    gatehouse.environment["GATEHOUSE_DATABASE_DSN"] = "postgresql://me:hunter2@nowhere/db"
    for arguments in (["config", "show"], ["config", "show", "--format", "json"], ["doctor"]):
        result = gatehouse(*arguments)
        assert "hunter2" not in result.out + result.err


def test_an_unknown_backend_is_refused_naming_the_key(gatehouse):
    for words in (["--set", "backend=azure"], ["--set", "backend.training_service=azure"]):
        result = gatehouse("config", "check", *words)
        assert result.code == 78 and "backend" in result.err and '"local", "aws"' in result.err


def test_a_database_on_aws_must_be_named(gatehouse):
    result = gatehouse("config", "check", "--set", "backend=aws")
    assert result.code == 78 and "database.dsn" in result.err


# ---- the batch contract


def test_a_run_that_is_good_is_0(gatehouse):
    gatehouse.configure(pipeline(stage("a"), shell("b", 'echo "{\\"x\\": 1}"', ["a"])))
    result = gatehouse("--batch")
    assert result.code == 0 and result.err == ""
    assert "\x1b" not in result.out and "\r" not in result.out
    assert "SUCCESS" in result.out.splitlines()[-1]


def test_the_json_stream_keeps_its_contract(gatehouse):
    gatehouse.configure(pipeline(stage("a"), shell("b", 'echo "{\\"x\\": 1}"', ["a"])))
    result = gatehouse("--batch", "--format", "json")
    last = check_stream(result.lines)
    assert result.lines[0]["seq"] == 1
    assert last["type"] == "result" and last["state"] == "success"
    assert last["verdict"] == "none" and last["exit_code"] == 0 and last["elapsed_ms"] >= 0
    states = [(e["stage"], e["from"], e["to"]) for e in result.lines if e["type"] == "stage.state"]
    assert states == [("a", "waiting", "running"), ("a", "running", "success"), ("b", "waiting", "running"), ("b", "running", "success")]


def test_a_stage_that_fails_is_1_and_what_follows_is_blocked(gatehouse):
    gatehouse.configure(pipeline(shell("a", "echo broken >&2; exit 3"), stage("b", after=["a"])))
    result = gatehouse("--batch", "--format", "json")
    assert result.code == 1
    last = check_stream(result.lines)
    assert last["state"] == "failed" and last["exit_code"] == 1
    shown = json.loads(gatehouse("show", "latest", "--format", "json").out)
    assert [s["state"] for s in shown["stages"]] == ["failed", "blocked"]
    assert len(shown["stages"][0]["tries"]) == 1  # permanent: not tried again


def test_a_transient_failure_is_tried_again(gatehouse):
    gatehouse.configure(pipeline(shell("a", 'test "$GATEHOUSE_TRY" = 2 || exit 75')))
    result = gatehouse("--batch")
    assert result.code == 0
    shown = json.loads(gatehouse("show", "latest", "--format", "json").out)
    assert [t["error"] is not None for t in shown["stages"][0]["tries"]] == [True, False]


def test_quiet_prints_failures_and_the_end_only(gatehouse):
    gatehouse.configure(pipeline(stage("a"), stage("b")))
    assert len(gatehouse("--batch", "-q").out.splitlines()) == 1
    gatehouse.configure(pipeline(stage("a"), shell("b", "exit 1")))
    out = gatehouse("--batch", "-q").out
    assert "failed" in out and "] a " not in out


def test_verbose_prints_the_logs_too(gatehouse):
    gatehouse.configure(pipeline(shell("a", "echo a-line-of-the-log")))
    assert "a-line-of-the-log" not in gatehouse("--batch").out
    assert "a-line-of-the-log" in gatehouse("--batch", "-v").out


def test_colours_only_when_asked_off_a_terminal(gatehouse):
    gatehouse.configure(pipeline(stage("a")))
    assert "\x1b" in gatehouse("--batch", "--color", "always").out
    assert "\x1b" not in gatehouse("--batch", "--color", "never").out
    assert "\x1b" not in gatehouse("--batch", "--color", "always", "--format", "json").out


def test_dry_run_prints_the_plan_and_changes_nothing(gatehouse):
    gatehouse.configure(pipeline(stage("a"), stage("b", after=["a"])))
    result = gatehouse("--batch", "--dry-run", "--format", "json")
    assert result.code == 0
    plan = json.loads(result.out)
    assert [(s["name"], s["action"], s["after"]) for s in plan["stages"]] == [("a", "run", []), ("b", "run", ["a"])]
    assert "nothing is changed" in gatehouse("--batch", "--dry-run").out
    assert not gatehouse.state.exists()


def test_the_state_folder_is_private(gatehouse):
    gatehouse.configure(pipeline(stage("a")))
    gatehouse("--batch")
    assert gatehouse.state.stat().st_mode & 0o777 == 0o700


def test_a_closed_stdout_does_not_stop_the_run(gatehouse):
    gatehouse.configure(pipeline(shell("a", "sleep 0.3"), shell("b", "touch done", ["a"])))
    child = gatehouse.start("--batch")
    child.stdout.close()
    assert child.wait(timeout=60) == 0
    child.stderr.close()
    assert json.loads(gatehouse("show", "latest", "--format", "json").out)["state"] == "success"


def test_a_full_stdout_is_told(gatehouse):
    with open("/dev/full", "w") as full:
        result = gatehouse("config", "example", stdout=full)
    assert result.code != 0 and "standard output" in result.err


# ---- signals


def long_run(gatehouse, *arguments, trap="", **options):
    """A run whose stage `a` has begun to sleep."""
    mark = gatehouse.home / "begun"
    gatehouse.configure(pipeline(shell("a", f"{trap} touch {mark}; sleep 30 & wait"), stage("b", after=["a"])))
    child = gatehouse.start("--batch", *arguments, **options)
    wait_for(mark.exists)
    mark.unlink()
    return child


def nothing_sleeps(gatehouse):
    found = subprocess.run(["pgrep", "-f", str(gatehouse.home)], capture_output=True, text=True).stdout
    return found.strip() == ""


@pytest.mark.parametrize("signum, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_run_and_its_work(gatehouse, signum, code):
    child = long_run(gatehouse, "--format", "json")
    child.send_signal(signum)
    out, err = child.communicate(timeout=60)
    assert child.returncode == code
    last = check_stream([json.loads(line) for line in out.splitlines()])
    assert last["type"] == "result" and last["state"] == "cancelled"
    assert last["exit_code"] == code
    assert json.loads(gatehouse("show", "latest", "--format", "json").out)["state"] == "cancelled"
    wait_for(lambda: nothing_sleeps(gatehouse))


def test_a_second_interrupt_lets_go_at_once_and_the_run_can_be_resumed(gatehouse):
    child = long_run(gatehouse, trap="trap '' TERM;")
    child.send_signal(signal.SIGINT)
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    err = child.communicate(timeout=10)[1]
    assert child.returncode == 130
    assert "--resume" in err
    wait_for(lambda: nothing_sleeps(gatehouse))
    result = gatehouse("--batch", "--resume", "latest")
    assert result.code in (0, 130)


def test_a_hangup_is_ignored(gatehouse):
    child = long_run(gatehouse)
    child.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert child.poll() is None
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)
    assert child.returncode == 143


# ---- resuming, owning


def test_a_killed_run_is_resumed_where_it_was(gatehouse):
    counted = gatehouse.home / "counted"
    mark = gatehouse.home / "begun"
    gatehouse.configure(
        pipeline(shell("a", f"echo a >> {counted}"), shell("b", f'echo b >> {counted}; touch {mark}; test -e {mark}.go || sleep 30', ["a"]), stage("c", after=["b"]))
    )
    child = gatehouse.start("--batch")
    wait_for(mark.exists)
    child.kill()
    child.communicate()
    (gatehouse.home / "begun.go").touch()
    plan = json.loads(gatehouse("--batch", "--dry-run", "--resume", "latest", "--format", "json").out)
    assert [s["action"] for s in plan["stages"]] == ["keep", "run", "run"]
    watched = gatehouse("watch", "latest")
    assert watched.code == 75 and "--resume" in watched.err
    result = gatehouse("--batch", "--resume", "latest", "--format", "json")
    assert result.code == 0
    assert check_stream(result.lines)["state"] == "success"
    assert result.lines[0]["resumed"] is True
    assert counted.read_text().split() == ["a", "b", "b"]


def test_a_second_runner_is_75(gatehouse):
    child = long_run(gatehouse)
    result = gatehouse("--batch", "--resume", "latest")
    assert result.code == 75 and str(child.pid) in result.err
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)


def test_resuming_what_does_not_exist_is_1(gatehouse):
    gatehouse.configure(pipeline(stage("a")))
    gatehouse("--batch")
    result = gatehouse("--batch", "--resume", "99")
    assert result.code == 1 and "99" in result.err


# ---- reading verbs


def test_runs_lists_the_newest_first(gatehouse):
    gatehouse.configure(pipeline(stage("a")))
    assert gatehouse("runs", "--format", "json").lines == []
    for _ in range(3):
        gatehouse("--batch")
    runs = gatehouse("runs", "--format", "json").lines
    assert [run["number"] for run in runs] == [3, 2, 1]
    assert runs[0]["state"] == "success" and runs[0]["verdict"] == "none"
    assert len(gatehouse("runs", "--limit", "2", "--format", "json").lines) == 2
    assert len(gatehouse("runs").out.splitlines()) == 4


def test_a_run_is_found_by_number_id_prefix_and_latest(gatehouse):
    gatehouse.configure(pipeline(stage("a")))
    gatehouse("--batch")
    identity = gatehouse("runs", "--format", "json").lines[0]["id"]
    for reference in ("1", "latest", identity, identity[:-2]):
        shown = json.loads(gatehouse("show", reference, "--format", "json").out)
        assert shown["run"] == identity
    missing = gatehouse("show", "nonsense")
    assert missing.code == 1 and "nonsense" in missing.err


def test_show_tells_stages_tries_and_the_runner(gatehouse):
    gatehouse.configure(pipeline(shell("a", 'echo "{\\"rows\\": 5}"')))
    gatehouse("--batch")
    shown = json.loads(gatehouse("show", "1", "--format", "json").out)
    assert {"run", "number", "state", "verdict", "stages", "evaluation"} <= shown.keys()
    only = shown["stages"][0]["tries"][0]
    assert only["outputs"] == {"rows": 5} and only["start"] and only["end"]
    assert shown["runner"] is None
    assert " a " in gatehouse("show", "1").out


def test_logs_of_a_try(gatehouse):
    gatehouse.configure(pipeline(shell("a", 'printf "try $GATEHOUSE_TRY \\033[31mred\\n"; test "$GATEHOUSE_TRY" = 2 || exit 75')))
    gatehouse("--batch")
    assert "try 2" in gatehouse("logs", "latest", "a").out
    first = gatehouse("logs", "latest", "a", "--try", "1")
    assert "try 1" in first.out and "\x1b" not in first.out
    line = [line for line in gatehouse("logs", "latest", "a", "--format", "json").lines if line["level"] == "out"][0]
    assert line["stage"] == "a" and line["try"] == 2 and line["text"].startswith("try 2")
    assert gatehouse("logs", "latest", "a", "--try", "9").code == 1
    unknown = gatehouse("logs", "latest", "aa")
    assert unknown.code == 1 and 'did you mean "a"?' in unknown.err


def test_logs_follow_until_the_try_ends(gatehouse):
    mark = gatehouse.home / "begun"
    gatehouse.configure(pipeline(shell("a", f"echo one; touch {mark}; sleep 0.5; echo two")))
    child = gatehouse.start("--batch")
    wait_for(mark.exists)
    out = gatehouse("logs", "latest", "a", "-f").out
    assert "one" in out and "two" in out
    child.communicate(timeout=60)


def test_watch_follows_a_live_run_and_gives_its_code(gatehouse):
    mark = gatehouse.home / "begun"
    gatehouse.configure(pipeline(shell("a", f"touch {mark}; sleep 0.5; exit 2")))
    child = gatehouse.start("--batch")
    wait_for(mark.exists)
    watched = gatehouse("watch", "latest", "--format", "json")
    assert watched.code == 1
    assert watched.lines[0]["seq"] == 1
    assert check_stream(watched.lines)["type"] == "result"
    child.communicate(timeout=60)


# ---- verbs that change a run


def counting(gatehouse):
    return pipeline(
        shell("a", f"echo a >> {gatehouse.home}/counted"), shell("b", f"echo b >> {gatehouse.home}/counted", ["a"]), shell("c", f"echo c >> {gatehouse.home}/counted", ["b"])
    )


def counted(gatehouse):
    return (gatehouse.home / "counted").read_text().split()


def test_retry_runs_exactly_one_stage(gatehouse):
    gatehouse.configure(counting(gatehouse))
    gatehouse("--batch")
    result = gatehouse("retry", "latest", "b", "--reason", "because")
    assert result.code == 0
    assert counted(gatehouse) == ["a", "b", "c", "b"]
    command = json.loads(gatehouse("show", "latest", "--format", "json").out)["commands"][0]
    assert command["verb"] == "retry" and command["reason"] == "because" and command["accepted"] and command["user"]


def test_rerun_runs_what_follows_too(gatehouse):
    gatehouse.configure(counting(gatehouse))
    gatehouse("--batch")
    assert gatehouse("rerun", "latest", "b").code == 0
    assert counted(gatehouse) == ["a", "b", "c", "b", "c"]


def test_skip_goes_on_without_a_stage(gatehouse):
    gatehouse.configure(pipeline(shell("a", "exit 1"), stage("b", after=["a"])))
    assert gatehouse("--batch").code == 1
    result = gatehouse("skip", "latest", "a", "--reason", "known")
    assert result.code == 0
    shown = json.loads(gatehouse("show", "latest", "--format", "json").out)
    assert [s["state"] for s in shown["stages"]] == ["skipped", "success"]


def test_a_command_that_is_refused_changes_nothing(gatehouse):
    gatehouse.configure(counting(gatehouse))
    gatehouse("--batch")
    result = gatehouse("retry", "latest", "x")
    assert result.code == 1 and "x" in result.err
    assert json.loads(gatehouse("show", "latest", "--format", "json").out)["commands"] == []
    assert gatehouse("stop", "latest").code == 1  # it is at rest


def test_stop_is_answered_by_the_live_runner(gatehouse):
    child = long_run(gatehouse)
    result = gatehouse("stop", "latest", "--reason", "enough")
    assert result.code == 0 and "accepted" in result.out
    assert child.wait(timeout=60) == 130
    child.communicate()
    wait_for(lambda: nothing_sleeps(gatehouse))


def test_a_live_runner_refuses_what_cannot_be(gatehouse):
    child = long_run(gatehouse)
    result = gatehouse("retry", "latest", "a")
    assert result.code == 1 and "refused" in result.err.lower()
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)


def test_stop_of_a_run_whose_runner_died_ends_it(gatehouse):
    child = long_run(gatehouse)
    child.kill()
    child.communicate()
    result = gatehouse("stop", "latest")
    assert result.code == 0
    assert json.loads(gatehouse("show", "latest", "--format", "json").out)["state"] == "cancelled"


# ---- doctor, local, prepare


def test_doctor_says_what_to_do(gatehouse):
    result = gatehouse("doctor", "--format", "json")
    report = json.loads(result.out)
    assert result.code == 1 and report["ok"] is False
    raw = [c for c in report["checks"] if c["check"] == "raw data"][0]
    assert raw["state"] == "FAILED" and "gatehouse prepare" in raw["advice"]
    assert [c["state"] for c in report["checks"] if c["check"] == "program"] == ["OK", "OK"]


def test_doctor_finds_a_missing_program(gatehouse):
    result = gatehouse("doctor", "--set", "local.model_program=/no/such/program")
    assert result.code == 1
    assert "/no/such/program" in result.out and "local.model_program" in result.out


def test_local_cluster_from_start_to_destroy(gatehouse):
    def status():
        return json.loads(gatehouse("local", "status", "--format", "json").out)["state"]

    assert status() == "absent"
    assert gatehouse("local", "start").code == 0
    assert status() == "running"
    assert gatehouse("local", "stop").code == 0
    assert status() == "stopped"
    assert gatehouse("local", "destroy").code == 0
    assert status() == "absent"


HEADER = "ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6," + ",".join(
    f"{name}{i}" for name in ("BILL_AMT", "PAY_AMT") for i in range(1, 7)
) + ",default payment next month"


def raw_csv(rows):
    lines = [HEADER] + [f"{i},20000,1,2,1,30,0,0,0,0,0,0," + "1,2,3,4,5,6,1,1,1,1,1,1" + f",{i % 2}" for i in range(1, rows + 1)]
    return "\n".join(lines) + "\n"


def test_prepare_from_file_pipe_and_archives(gatehouse):
    import bz2
    import gzip
    import zipfile

    text = raw_csv(50)
    home = gatehouse.home
    (home / "raw.csv").write_text(text)
    (home / "raw.csv.gz").write_bytes(gzip.compress(text.encode()))
    (home / "raw.csv.bz2").write_bytes(bz2.compress(text.encode()))
    with zipfile.ZipFile(home / "raw.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("raw.csv", text)
    digests = set()
    for source in ("raw.csv", "raw.csv.gz", "raw.csv.bz2", "raw.zip", "-"):
        result = gatehouse("prepare", source, "--format", "json", stdin=text if source == "-" else None)
        assert result.code == 0, result.err
        report = json.loads(result.out)
        assert report["rows_out"] == 50 and report["table"]["rows"] == 50 and report["synthetic"] is False
        digests.add(report["object"]["sha256"])
    assert len(digests) == 1
    assert (gatehouse.state / "lake/msecindustries-raw/source1/credit_default_s3_raw.csv").exists()


def test_what_cannot_be_prepared_leaves_everything_as_it_was(gatehouse):
    import gzip
    import zipfile

    home = gatehouse.home
    (home / "good.csv").write_text(raw_csv(20))
    assert gatehouse("prepare", "good.csv").code == 0
    stored = gatehouse.state / "lake/msecindustries-raw/source1/credit_default_s3_raw.csv"
    before = stored.read_bytes()
    (home / "cut.gz").write_bytes(gzip.compress(raw_csv(5000).encode())[:-200])
    (home / "empty.csv").write_text("")
    (home / "header.csv").write_text(HEADER + "\n")
    (home / "other.csv").write_text("a,b\n1,2\n")
    (home / "binary.csv").write_bytes(bytes(range(256)) * 40)
    with zipfile.ZipFile(home / "two.zip", "w") as archive:
        archive.writestr("a.csv", raw_csv(5))
        archive.writestr("b.csv", raw_csv(5))
    for name in ("cut.gz", "empty.csv", "header.csv", "other.csv", "binary.csv", "two.zip", "missing.csv", "."):
        result = gatehouse("prepare", name)
        assert result.code == 1, name
        assert name in result.err and result.out == ""
        assert stored.read_bytes() == before
    left = [p for p in (gatehouse.state / "lake").rglob("*") if p.is_file() and ".tmp" in str(p)]
    assert left == []


def test_the_sample_says_that_it_is_synthetic_and_is_the_same_each_time(gatehouse):
    first = gatehouse("prepare", "--sample", "--rows", "2000", "--seed", "4")
    assert first.code == 0 and "synthetic" in first.out
    again = json.loads(gatehouse("prepare", "--sample", "--rows", "2000", "--seed", "4", "--format", "json").out)
    other = json.loads(gatehouse("prepare", "--sample", "--rows", "2000", "--seed", "5", "--format", "json").out)
    assert again["synthetic"] and again["object"]["sha256"] != other["object"]["sha256"]
    stored = gatehouse.state / "lake/msecindustries-raw/source1/credit_default_s3_raw.csv"
    assert stored.stat().st_size == other["object"]["size_bytes"]
    gatehouse.configure(pipeline(stage("a")))
    assert "synthetic" in gatehouse("--batch").out
    assert "synthetic" in gatehouse("show", "latest").out


def test_prepare_sample_does_nothing_when_there_are_raw_data(gatehouse):
    gatehouse.configure(pipeline(stage("a")))
    (gatehouse.home / "good.csv").write_text(raw_csv(20))
    gatehouse("prepare", "good.csv")
    result = gatehouse("--batch", "--prepare-sample")
    assert result.code == 0 and "sample" not in result.err
    assert "good.csv" in result.out
