"""The whole pipeline with the real programs: data, PostgreSQL, training, gate; and what happens when parts of it die."""
import csv
import json
import os
import re
import signal
import stat
import subprocess
import time

import pytest

from test_cli import wait_for

BIN = os.environ["GATEHOUSE_BIN"]
STAGES = [
    "check_lambda_connection", "invoke_clean_s3_raw", "invoke_clean_rds", "invoke_merge_cleaned_data",
    "start_sagemaker_training", "evaluate_model_performance",
]
# Small data cannot hold the default limits: these gate only what a few thousand rows can show.
LENIENT = "[[gate.rule]]\nmetric = \"accuracy\"\nmin = 0.60\n"


class World:
    """A HOME and a state folder of its own, and the programs run in it."""

    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "state"
        self.config = folder / "config.toml"
        self.config.write_text(LENIENT)
        self.env = {
            "HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC",
            "GATEHOUSE_STATE_DIR": str(self.state), "GATEHOUSE_CONFIG": str(self.config),
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def argv(self, *arguments):
        return [os.path.join(BIN, "gatehouse"), *map(str, arguments)]

    def run(self, *arguments, **options):
        options.setdefault("timeout", 120)
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(self.argv(*arguments), env=self.env, capture_output=True, text=True, **options)

    def start(self, *arguments, **options):
        return subprocess.Popen(
            self.argv(*arguments), env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **options,
        )

    def prepare(self, rows=2000):
        result = self.run("prepare", "--sample", "--rows", rows, "--seed", 3)
        assert result.returncode == 0, result.stderr
        return result

    def batch(self, *arguments, **options):
        result = self.run("--batch", "--format", "json", *arguments, **options)
        return result.returncode, [json.loads(line) for line in result.stdout.splitlines()], result.stderr

    def show(self, run="latest"):
        result = self.run("show", run, "--format", "json")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def jobs(self):
        folder = self.state / "training"
        return sorted(name for name in os.listdir(folder) if not name.startswith(".")) if folder.exists() else []

    def processes(self):
        """Processes of this world, the database server's aside."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = open(f"/proc/{pid}/cmdline", "rb").read() + open(f"/proc/{pid}/environ", "rb").read()
                name = open(f"/proc/{pid}/comm").read().strip()
                state = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if str(self.folder).encode() in words and state != "Z" and int(pid) != os.getpid():
                found.append((int(pid), name))
        return [entry for entry in found if entry[1] != "postgres"]

    def wait_until_alone(self, seconds=10):
        deadline = time.monotonic() + seconds
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.processes()


def world_in(folder):
    world = World(folder)
    yield world
    world.run("local", "destroy")
    left = world.wait_until_alone()
    for pid, _ in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


@pytest.fixture
def world(tmp_path):
    yield from world_in(tmp_path)


@pytest.fixture(scope="module")
def empty_world(tmp_path_factory):
    """For tests that leave nothing in it."""
    yield from world_in(tmp_path_factory.mktemp("empty"))


def stage_states(events, stage):
    return [event["to"] for event in events if event["type"] == "stage.state" and event["stage"] == stage]


def check_stream(events):
    assert events[0]["type"] == "hello" and events[-1]["type"] == "result"
    assert [event["seq"] for event in events] == list(range(events[0]["seq"], events[0]["seq"] + len(events)))
    assert all(event["v"].startswith("1.") and event["ts"].endswith("Z") and event["run"] for event in events)


def test_sample_run_passes_the_default_gate(world):
    world.config.write_text("")
    code, events, err = world.batch("--prepare-sample")
    assert code == 0, err
    assert "synthetic" in err or "synthetic" in json.dumps(events[0])
    check_stream(events)
    for stage in STAGES:
        assert stage_states(events, stage)[-1] == "success"
    result = events[-1]
    assert (result["state"], result["verdict"], result["exit_code"]) == ("success", "passed", 0)
    assert 0.80 <= result["metrics"]["accuracy"] <= 0.84
    assert 0.70 <= result["metrics"]["auc"] <= 0.85
    assert len(world.jobs()) == 1
    shown = world.show()
    assert [stage["name"] for stage in shown["stages"]] == STAGES
    assert shown["verdict"] == "passed"
    rules = shown["gate"]["rules"]
    assert (rules[0]["metric"], rules[0]["min"]) == ("accuracy", 0.8)
    assert all(rule["passed"] for rule in rules)


def outputs(shown, stage):
    tries = next(entry for entry in shown["stages"] if entry["name"] == stage)["tries"]
    return tries[-1]["outputs"]


def test_final_set_is_what_training_expects(world):
    world.prepare()
    code, events, err = world.batch()
    assert code == 0, err
    merged = outputs(world.show(), "invoke_merge_cleaned_data")
    lake = world.state / "lake"
    published = lake / "msecindustries-training/final-dataset/credit_default_final_training.csv"
    rows = list(csv.reader(published.open()))
    assert len(rows) == merged["final"]["rows"] == 2000
    assert {len(row) for row in rows} == {24}
    assert {row[0] for row in rows} == {"0", "1"}
    parts = [merged[name]["rows"] for name in ("train", "validation", "test")]
    assert sum(parts) == 2000
    assert 0.6 < parts[0] / 2000 < 0.8
    assert run_id_in(merged["train"]["key"], world)
    schema = json.load((lake / merged["schema"]["bucket"] / merged["schema"]["key"]).open())
    assert len(schema["features"]) == 23 and "CUSTOMER_ID" not in schema["features"]


def run_id_in(key, world):
    return world.show()["run"] in key


def test_rejected_model_ends_with_3_and_is_not_retried(world):
    world.prepare()
    world.config.write_text("[[gate.rule]]\nmetric = \"accuracy\"\nmin = 0.999\n")
    code, events, _ = world.batch()
    assert code == 3
    result = events[-1]
    assert (result["state"], result["verdict"], result["exit_code"]) == ("failed", "rejected", 3)
    assert stage_states(events, "evaluate_model_performance") == ["running", "rejected"]
    gate = next(event for event in events if event["type"] == "evaluation")["gate"]
    rule = gate["rules"][0]
    assert not rule["passed"] and rule["margin"] < 0 and rule["value"] < 0.999
    assert "accuracy" in gate["message"] and "0.999" in gate["message"]


def test_text_output_shows_a_verdict_that_cannot_be_missed(world):
    world.prepare()
    result = world.run("--batch")
    assert result.returncode == 0
    assert "PASSED" in result.stdout
    assert "\r" not in result.stdout and "\x1b" not in result.stdout
    for stage in STAGES:
        assert stage in result.stdout


def run_until_event_and_kill(world, count, *arguments):
    """Starts a runner, kills it -9 as soon as it has printed `count` lines; true if it was killed before its end."""
    runner = world.start("--batch", "--format", "json", *arguments)
    for _ in range(count):
        if not runner.stdout.readline():
            break
    runner.kill()
    runner.communicate()
    return runner.returncode == -signal.SIGKILL


def test_killed_at_every_event_and_resumed(world):
    """One training job for each try, the same verdict, nothing lost, nothing twice."""
    world.prepare(1000)
    code, events, err = world.batch()
    assert code == 0, err
    expected = {key: events[-1][key] for key in ("state", "verdict", "metrics")}
    jobs = set(world.jobs())
    killed = 0
    for count in range(1, len(events)):
        if not run_until_event_and_kill(world, count):
            continue
        killed += 1
        code, resumed, err = world.batch("--resume", "latest")
        assert code == 0, (count, resumed, err)
        assert {key: resumed[-1].get(key) for key in expected} == expected, (count, resumed)
        shown = world.show()
        tries = next(s for s in shown["stages"] if s["name"] == "start_sagemaker_training")["tries"]
        new_jobs = set(world.jobs()) - jobs
        jobs |= new_jobs
        assert len(new_jobs) == len(tries) == 1, (count, new_jobs, tries)
        assert all(stage["state"] == "success" for stage in shown["stages"]), count
    assert killed >= 10


def test_training_job_outlives_its_runner_and_is_adopted(world):
    world.prepare()
    slow = world.folder / "slow-model"
    slow.write_text(f"#!/bin/sh\n[ \"$1\" = train ] && echo begun && sleep 2\nexec {BIN}/gatehouse-model \"$@\"\n")
    slow.chmod(0o755)
    world.config.write_text(LENIENT + f"[local]\nmodel_program = \"{slow}\"\n")
    runner = world.start("--batch", "--format", "json")
    for line in runner.stdout:
        event = json.loads(line)
        if event["type"] == "stage.progress" and event["stage"] == "start_sagemaker_training":
            break
        if event["type"] == "stage.state" and event["stage"] == "start_sagemaker_training" and event["to"] == "running":
            break
    jobs = world.jobs()
    logs = lambda: [line[25:] for path in world.state.glob("runs/*/logs/start_sagemaker_training.1.log")
                    for line in path.read_text().splitlines() if line[25:].startswith("out ")]
    wait_for(lambda: "out begun" in logs())
    runner.kill()
    runner.communicate()
    assert len(jobs) == 1
    code, events, err = world.batch("--resume", "latest")
    assert code == 0, err
    assert world.jobs() == jobs
    assert events[0]["resumed"] is True
    assert len(logs()) == len(set(logs())) > 100, "a line stands twice in the log"


def once(world, name, then, match=""):
    """A program that the first time it is called (with `match` as first argument) does something else."""
    mark = world.folder / f"{name}.called"
    script = world.folder / name
    condition = f'[ "$1" = "{match}" ] && ' if match else ""
    script.write_text(
        f"#!/bin/sh\nif {condition}[ ! -e {mark} ]; then touch {mark}; {then}; fi\nexec {BIN}/{name} \"$@\"\n"
    )
    script.chmod(0o755)
    return script, mark


def test_killed_function_is_tried_again(world):
    world.prepare()
    program, mark = once(world, "gatehouse-function", "kill -9 $$", "msecindustries-merge-prep-train-data")
    world.config.write_text(LENIENT + f"[local]\nfunction_program = \"{program}\"\n")
    code, events, err = world.batch("--set", "pipeline.retry_delay=100ms")
    assert code == 0, err
    assert mark.exists()
    states = stage_states(events, "invoke_merge_cleaned_data")
    assert states == ["running", "retrying", "running", "success"]


def test_killed_trainer_is_tried_again_under_a_new_name(world):
    world.prepare()
    program, mark = once(world, "gatehouse-model", "kill -9 $$", "train")
    world.config.write_text(LENIENT + f"[local]\nmodel_program = \"{program}\"\n")
    code, events, err = world.batch("--set", "pipeline.retry_delay=100ms")
    assert code == 0, err
    assert mark.exists()
    assert len(world.jobs()) == 2
    assert "retrying" in stage_states(events, "start_sagemaker_training")


def postmaster(world):
    return json.loads(world.run("local", "status", "--format", "json").stdout)["pid"]


def test_database_killed_between_runs_is_started_again(world):
    world.prepare()
    pid = postmaster(world)
    os.kill(pid, signal.SIGKILL)
    code, _, err = world.batch()
    assert code == 0, err


def test_database_killed_in_the_middle_of_a_run(world):
    world.prepare()
    pid = postmaster(world)
    program, mark = once(world, "gatehouse-function", f"kill -9 {pid}; sleep 0.3", "msecindustries-ingest-clean-rds")
    world.config.write_text(LENIENT + f"[local]\nfunction_program = \"{program}\"\n")
    code, events, err = world.batch("--set", "pipeline.retry_delay=200ms")
    assert mark.exists()
    assert code == 0, err
    assert stage_states(events, "invoke_clean_rds")[-1] == "success"


def test_runs_do_not_read_each_others_objects(world):
    """What a finished run left, changed afterwards, does not reach the next run."""
    world.prepare(1000)
    code, _, err = world.batch()
    assert code == 0, err
    first = outputs(world.show(), "invoke_clean_s3_raw")["cleaned"]
    path = world.state / "lake" / first["bucket"] / first["key"]
    path.write_text("spoiled\n")
    code, _, err = world.batch()
    assert code == 0, err
    second = outputs(world.show(), "invoke_clean_s3_raw")["cleaned"]
    assert second["key"] != first["key"] and second["sha256"] == first["sha256"]


def test_changed_input_is_noticed(world):
    """An object that changes between two stages fails the stage that would read it."""
    world.prepare(1000)
    spoil = f"for f in $(find {world.state}/lake/msecindustries-cleaned -name '*cleaned.csv'); do echo x >> $f; done"
    program, mark = once(world, "gatehouse-function", spoil, "msecindustries-merge-prep-train-data")
    world.config.write_text(LENIENT + f"[local]\nfunction_program = \"{program}\"\n")
    code, events, _ = world.batch()
    assert mark.exists()
    assert code == 1
    last = [e for e in events if e["type"] == "stage.state" and e["stage"] == "invoke_merge_cleaned_data"][-1]
    assert last["to"] == "failed" and last["error"]["code"] == "changed_under_us"
    assert last["error"]["class"] == "permanent"


def test_broken_expectation_fails_the_stage_with_the_figures(world):
    world.prepare(1000)
    code, events, _ = world.batch("--set", "expectations.rows_min=5000")
    assert code == 1
    failed = [e for e in events if e["type"] == "stage.state" and e["to"] == "failed"]
    assert failed and failed[0]["error"]["code"] == "expectation_failed"
    assert "1000" in failed[0]["error"]["message"] and "5000" in failed[0]["error"]["message"]


HEADER = (
    "ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,BILL_AMT1,BILL_AMT2,BILL_AMT3,"
    "BILL_AMT4,BILL_AMT5,BILL_AMT6,PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,PAY_AMT6,default.payment.next.month\n"
)
ROW = "1,20000,2,2,1,24,2,2,-1,-1,-2,-2,3913,3102,689,0,0,0,0,689,0,0,0,0,1\n"


@pytest.mark.parametrize(
    "content, hint",
    [
        (b"", "empty"),
        (HEADER.encode(), "row"),
        (b"\x00\x01\x02binary" * 100, "binary|NUL|text|column"),
        (b"PK\x03\x04" + b"x" * 100, "zip|archive|truncated"),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 50, "gzip|archive|damaged"),
        (HEADER.replace("PAY_2", "PAY_TWO").encode() + ROW.encode(), "PAY_2"),
        (HEADER.replace("PAY_2", "PAY_0").encode() + ROW.encode(), "PAY_0"),
        ((HEADER + ROW[:-2] + '"unfinished').encode(), "quot"),
        ((HEADER + ROW + ROW[:40]).encode(), "cut off"),
        (("x" * 3_000_000).encode(), "long|line|large"),
    ],
    ids=["empty", "header-only", "binary", "zip", "gzip", "wrong-column", "column-twice", "open-quote", "truncated", "one-line"],
)
def test_bad_raw_files_are_refused_and_leave_nothing(empty_world, content, hint):
    raw = empty_world.folder / "raw.csv"
    raw.write_bytes(content)
    result = empty_world.run("prepare", raw)
    assert result.returncode not in (0, 70), result.stdout
    assert re.search(hint, result.stderr, re.IGNORECASE), result.stderr
    assert str(raw.name) in result.stderr
    lake = empty_world.state / "lake"
    files = [name for _, _, names in os.walk(lake) for name in names]
    assert files == []


def test_failed_prepare_keeps_the_data_that_was_there(world):
    world.prepare(1000)
    raw = world.state / "lake/msecindustries-raw/source1/credit_default_s3_raw.csv"
    before = raw.read_bytes()
    bad = world.folder / "bad.csv"
    bad.write_text(HEADER + ROW + ROW[:40])
    assert world.run("prepare", bad).returncode != 0
    assert raw.read_bytes() == before
    code, events, err = world.batch()
    assert code == 0, err


def test_prepare_reads_standard_input_and_gzip(world):
    rows = "".join(ROW.replace("1,20000", f"{i},20000", 1) for i in range(1, 50))
    text = (HEADER + rows).encode()
    result = subprocess.run(world.argv("prepare", "-"), env=world.env, input=text, capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr
    raw = world.state / "lake/msecindustries-raw/source1/credit_default_s3_raw.csv"
    plain = raw.read_bytes()
    assert plain.count(b"\n") == 50
    packed = world.folder / "raw.csv.gz"
    packed.write_bytes(subprocess.run(["gzip", "-c"], input=text, capture_output=True, check=True).stdout)
    assert world.run("prepare", packed).returncode == 0
    assert raw.read_bytes() == plain


def test_full_disk_leaves_no_half_written_object(world):
    """The lake on a file system without room: a clear end, and all is well once there is room."""
    world.prepare(1000)
    small = world.state / "lake/msecindustries-cleaned"
    small.mkdir(mode=0o700, exist_ok=True)
    limited = world.folder / "gatehouse-function"
    limited.write_text(f"#!/bin/sh\nulimit -f 8\ntrap '' XFSZ\nexec {BIN}/gatehouse-function \"$@\"\n")
    limited.chmod(0o755)
    config = world.config.read_text()
    world.config.write_text(config + f"[local]\nfunction_program = \"{limited}\"\n")
    code, events, _ = world.batch("--set", "pipeline.retry_delay=50ms")
    assert code == 1
    files = [name for _, _, names in os.walk(small) for name in names]
    assert files == []
    world.config.write_text(config)
    code, _, err = world.batch()
    assert code == 0, err


def test_state_is_private_and_holds_no_secret(world):
    world.prepare(1000)
    secret = "s3cret-never-shown"
    world.env["GATEHOUSE_DATABASE_DSN"] = f"postgresql://ana:{secret}@127.0.0.1:1/bank"
    result = world.run("--batch", "-v", "--set", "pipeline.retry_delay=50ms")
    assert result.returncode == 75  # the database is out of reach
    shown = world.run("config", "show")
    doctor = world.run("doctor")
    for text in (result.stdout, result.stderr, shown.stdout, shown.stderr, doctor.stdout, doctor.stderr):
        assert secret not in text
    for folder, _, names in os.walk(world.state):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                assert secret.encode() not in open(path, "rb").read(), path
    assert stat.S_IMODE(os.stat(world.state).st_mode) & 0o066 == 0
    del world.env["GATEHOUSE_DATABASE_DSN"]


def test_damaged_store_is_named_and_not_touched(world):
    world.state.mkdir(mode=0o700)
    store = world.state / "runs.db"
    store.write_bytes(b"this is no database" * 100)
    result = world.run("--batch")
    assert result.returncode == 70
    assert "runs.db" in result.stderr
    assert store.read_bytes() == b"this is no database" * 100


def test_evaluations_reach_the_database_once(world):
    world.prepare(1000)
    for _ in range(2):
        code, _, err = world.batch()
        assert code == 0, err
    dsn = json.loads(world.run("local", "status", "--format", "json").stdout)["dsn"]
    answer = subprocess.run(
        ["psql", dsn, "-Atc", "SELECT count(*), count(DISTINCT run_id) FROM gatehouse.evaluation"],
        capture_output=True, text=True, env=world.env,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == "2|2"
