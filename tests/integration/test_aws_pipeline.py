"""The whole pipeline on AWS: our own functions on a Lambda, training that trains, a PostgreSQL by TLS, all on loopback."""
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import resolver
from certificates import make_authority, make_certificate
from fake_aws import ACCOUNT, REGION, FakeAws
from fake_aws_lambda import NAMES, ROLE
from postgres_tls import PostgresTls
from test_cli import wait_for
from test_pipeline import LENIENT, STAGES, World, check_stream, outputs, stage_states

PROGRAMS = Path(os.environ["GATEHOUSE_BIN"])
OPERATOR = ("AKIAOPERATOR00000001", "secretOfTheOperator/+0123456789abcdefghij", None)
FUNCTION = ("ASIAFUNCTION00000001", "secretOfTheFunctions/+0123456789abcdefgh", "tokenOfTheFunctions/+=0123456789")
SECRETS = [OPERATOR[1], FUNCTION[1], FUNCTION[2], PostgresTls.password]
BUCKETS = ["msecindustries-raw", "msecindustries-cleaned", "msecindustries-training", "msecindustries-models"]
ROWS = 1000
QUICK = f"""{LENIENT}
[pipeline]
retry_delay = "50ms"
[aws]
region = "{REGION}"
[training]
role = "arn:aws:iam::{ACCOUNT}:role/training"
poll_interval = "20ms"
[training.hyperparameters]
num_round = 20
"""


@pytest.fixture(scope="module")
def database():
    made = PostgresTls()
    yield made
    made.close()


class CommandLines(threading.Thread):
    """Looks for secrets in the argument lists of all processes as long as the tests run."""

    def __init__(self):
        super().__init__(daemon=True)
        self.over, self.found = threading.Event(), set()

    def run(self):
        while not self.over.wait(0.05):
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    line = Path(f"/proc/{pid}/cmdline").read_bytes()
                except OSError:
                    continue
                if any(secret.encode() in line for secret in SECRETS):
                    self.found.add(line)


@pytest.fixture(scope="module", autouse=True)
def command_lines():
    watcher = CommandLines()
    watcher.start()
    yield
    watcher.over.set()
    watcher.join()
    assert watcher.found == set()


class AwsWorld(World):
    """A World whose backend is AWS; all it prints is kept, to be searched for secrets."""

    def __init__(self, folder, database, **where):
        folder.mkdir(exist_ok=True)
        super().__init__(folder)
        self.said = []
        self.database = database
        self.aws = FakeAws(folder / "aws", PROGRAMS, **where)
        self.aws.identities = {OPERATOR[0]: (OPERATOR[1], OPERATOR[2], f"arn:aws:iam::{ACCOUNT}:user/operator"),
                               FUNCTION[0]: (FUNCTION[1], FUNCTION[2], f"arn:aws:sts::{ACCOUNT}:assumed-role/functions/f")}
        self.aws.functions.keys = FUNCTION
        for name in BUCKETS:
            self.aws.s3.buckets[name], self.aws.s3.regions[name] = {}, REGION
        for name in NAMES:
            self.aws.functions.add(name)
        self.aws.functions.table[NAMES[1]].environment = {"GATEHOUSE_DATABASE_DSN": database.dsn()}
        self.config.write_text(QUICK)
        self.env.update(GATEHOUSE_BACKEND="aws", AWS_ENDPOINT_URL=self.aws.url, AWS_ACCESS_KEY_ID=OPERATOR[0],
                        AWS_SECRET_ACCESS_KEY=OPERATOR[1], AWS_EC2_METADATA_DISABLED="true",
                        GATEHOUSE_DATABASE_DSN=database.dsn())

    def run(self, *arguments, **options):
        result = super().run(*arguments, **options)
        self.said += [result.stdout, result.stderr]
        return result

    def objects(self, bucket):
        return self.aws.s3.buckets[bucket]

    def load(self, raw):
        """The raw data as `prepare` has left them in another world; the table is there already."""
        self.objects("msecindustries-raw").update(raw)

    def jobs(self):
        return list(self.aws.training.jobs)

    def check_secrets(self):
        for text in self.said:
            assert not any(secret in text for secret in SECRETS), text
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(folder, name)
                data = open(path, "rb").read() if os.path.isfile(path) else b""
                assert not any(secret.encode() in data for secret in SECRETS), path

    def close(self):
        self.aws.close()
        left = self.wait_until_alone()
        for pid, _ in left:
            os.kill(pid, signal.SIGKILL)
        assert left == []
        self.check_secrets()
        assert self.aws.violations == []


@pytest.fixture(scope="module")
def raw(tmp_path_factory, database):
    """Prepares once: object, report and table."""
    world = AwsWorld(tmp_path_factory.mktemp("prepare"), database)
    world.prepare(ROWS)
    yield dict(world.objects("msecindustries-raw"))
    world.close()


@pytest.fixture
def world(tmp_path, database, raw):
    made = AwsWorld(tmp_path, database)
    made.load(raw)
    yield made
    made.close()


def digests(world, read):
    shown = world.show()
    found = {}
    for stage in STAGES[1:4]:
        for name, place in outputs(shown, stage).items():
            if isinstance(place, dict) and "sha256" in place and name not in ("report",):
                data = read(place["bucket"], place["key"])
                assert hashlib.sha256(data).hexdigest() == place["sha256"], (stage, name)
                found[stage, name] = place["sha256"]
    return found


def test_same_verdict_and_same_bytes_as_on_one_machine(world, tmp_path):
    code, events, err = world.batch()
    assert code == 0, err
    check_stream(events)
    on_aws = digests(world, lambda bucket, key: world.objects(bucket)[key].data)
    (tmp_path / "local").mkdir()
    local = World(tmp_path / "local")
    local.config.write_text(LENIENT + "[training.hyperparameters]\nnum_round = 20\n")
    try:
        local.prepare(ROWS)
        code, local_events, err = local.batch()
        assert code == 0, err
        on_disk = digests(local, lambda bucket, key: (local.state / "lake" / bucket / key).read_bytes())
    finally:
        local.run("local", "destroy")
    assert {"cleaned", "final", "train", "validation", "test"} <= {name for _, name in on_aws}
    assert on_aws == on_disk
    assert {key: events[-1][key] for key in ("state", "verdict", "metrics")} == \
        {key: local_events[-1][key] for key in ("state", "verdict", "metrics")}
    assert len(world.jobs()) == 1


def test_signed_calls_of_every_service_were_accepted(world):
    code, _, err = world.batch("-v")
    assert code == 0, err
    assert {call.service for call in world.aws.calls} == {"s3", "lambda", "sagemaker", "logs"}
    assert {call.key_id for call in world.aws.calls} == {OPERATOR[0], FUNCTION[0]}
    assert {name for name, _ in world.aws.functions.invocations} == set(NAMES)
    traces = {(call.key_id, call.headers.get("x-amzn-trace-id")) for call in world.aws.calls}
    assert traces == {(OPERATOR[0], None), (FUNCTION[0], "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700")}
    request = world.aws.training.jobs[world.jobs()[0]].request
    assert [channel["ChannelName"] for channel in request["InputDataConfig"]] == ["train", "validation"]
    assert request["AlgorithmSpecification"]["TrainingImage"] == \
        "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1"
    log = next(world.state.glob("runs/*/logs/start_sagemaker_training.1.log")).read_text()
    assert log.count("train-error:") == 20 and "#011" in log


def test_before_a_call_that_is_billed_the_store_knows_what_is_meant(world):
    """Also where the one pace of all looks at jobs is kept: beside the runs, for all of them."""
    known = []

    def look(call):
        if call.operation in ("Invoke", "CreateTrainingJob"):
            tries = [one for stage in world.show()["stages"] for one in stage["tries"]]
            name = getattr(call, "function", None) or json.loads(call.body)["TrainingJobName"]
            known.append((name, tries[-1]["intent"], tries[-1]["state"]))
        return False

    world.aws.fail("reset", match=look)
    code, _, err = world.batch()
    assert code == 0, err
    run = world.show()["run"]
    intents = [f"{run}-{number}-1" for number in (2, 3, 4, 5)]
    names = [*NAMES, f"credit-default-xgboost-{intents[-1]}"]
    assert known == list(zip(names, intents, ["running"] * 3 + ["queued"]))
    assert (world.state / "sagemaker-polls").stat().st_size > 0


@pytest.fixture
def side_by_side(tmp_path, database, raw):
    """Runs one(world, index) in so many worlds at a time: most of a run on AWS is waiting."""
    worlds = []

    def go(count, one, **where):
        worlds.extend(AwsWorld(tmp_path / str(index), database, **where) for index in range(count))
        for world in worlds:
            world.load(raw)
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, worlds, range(count)))

    yield go
    for world in worlds:
        world.close()


# ---- death of the runner

def kill_at_event(world, count):
    """Starts a runner and kills it when it has printed `count` lines; false when it had ended before."""
    runner = world.start("--batch", "--format", "json")
    for _ in range(count):
        if not runner.stdout.readline():
            break
    runner.kill()
    runner.communicate()
    return runner.returncode == -signal.SIGKILL


WORLDS = 4


def test_killed_at_every_event_and_resumed(side_by_side):
    """One training job for each try, the same verdict, nothing lost, nothing twice."""
    def one(world, index):
        world.aws.training.pace_s = 0
        code, events, err = world.batch()
        assert code == 0, err
        expected = {key: events[-1][key] for key in ("state", "verdict", "metrics")}
        jobs, killed = set(world.jobs()), 0
        for count in range(1 + index, len(events), WORLDS):
            if not kill_at_event(world, count):
                continue
            killed += 1
            code, resumed, err = world.batch("--resume", "latest")
            assert code == 0, (count, resumed, err)
            assert {key: resumed[-1].get(key) for key in expected} == expected, count
            tries = next(s for s in world.show()["stages"] if s["name"] == STAGES[4])["tries"]
            assert len(set(world.jobs()) - jobs) == len(tries) == 1, count
            jobs = set(world.jobs())
        return killed

    assert sum(side_by_side(WORLDS, one)) >= 10


# ---- the network

STRIDE = 5


def run_with_faults(world, kind, offset):
    """A fault at the calls offset, offset + STRIDE ... of all that are signed, and how the run ended. Only the operator's
    credentials expire, those of a function are the function's failure; and not for a HEAD alone: a GET hears its reason."""
    number, lock = itertools.count(), threading.Lock()

    def is_due(call):
        with lock:
            can_say = call.key_id == OPERATOR[0] and call.method != "HEAD"
            return (kind != "expired" or can_say) and next(number) % STRIDE == offset

    world.aws.training.pace_s = 0
    world.aws.fail(kind, count=10**6, match=is_due)
    return world.batch()


def check_end(world, code, events, err):
    """Success, or a failure that says which stage and why; no job is left that nobody watches."""
    assert any(call.fault for call in world.aws.calls)
    assert events[-1]["type"] == "result" and code == events[-1]["exit_code"], err
    assert (events[-1]["state"], code) in {("success", 0), ("failed", 1), ("failed", 4), ("failed", 75)}, (events[-1], err)
    if code != 0:
        failed = [event for event in events if event["type"] == "stage.state" and event["to"] == "failed"]
        assert failed and failed[-1]["error"]["message"], events
    assert all(job.status in ("Completed", "Stopped", "Failed") for job in world.aws.training.jobs.values())


@pytest.mark.parametrize("kind, codes", [
    ("reset", {0}), ("lost", {0, 75}), ("throttle", {0}), ("error", {0, 75}), ("truncated", {0, 75}), ("expired", {0}),
])
def test_a_fault_at_every_call_in_turn(side_by_side, kind, codes):
    """Of each STRIDE calls one is hit; all offsets together hit each call."""
    def one(world, offset):
        code, events, err = run_with_faults(world, kind, offset)
        check_end(world, code, events, err)
        return code if code in codes else f"{code}: {[event for event in events if 'error' in event]}"

    assert [end for end in side_by_side(STRIDE, one) if end not in codes] == []


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """AWS behind a name, by TLS; and what makes lookups of the name fail."""
    folder = tmp_path_factory.mktemp("name")
    make_authority(folder, "ca")
    make_certificate(folder, "ca", resolver.NAME)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "server.crt", folder / "server.key")
    return {"host": resolver.NAME, "tls": tls}, folder / "ca.crt", resolver.build(folder)


def fail_lookups(world, named, **when):
    """From now on, in the runner and in the functions."""
    lookups = resolver.Lookups(named[2], world.folder / "lookups", **when)
    more = {**lookups.environment, "AWS_CA_BUNDLE": str(named[1])}
    world.env.update(more)
    for function in world.aws.functions.table.values():
        function.environment = {**function.environment, **more}
    return lookups


def test_a_failing_lookup_at_every_call_in_turn(side_by_side, named):
    """Each call looks the name up anew, and is sent once that succeeds."""
    def one(world, offset):
        world.aws.training.pace_s = 0
        lookups = fail_lookups(world, named, every=STRIDE, offset=offset)
        code, events, err = world.batch()
        asked, failed = lookups.asked_and_failed
        assert code == 0 and events[-1]["state"] == "success", (events[-1], err)
        assert failed == (asked + STRIDE - 1 - offset) // STRIDE >= 10
        assert asked - failed == len(world.aws.calls)
        assert {call.key_id for call in world.aws.calls} == {OPERATOR[0], FUNCTION[0]}
        return len(world.jobs())

    assert side_by_side(STRIDE, one, **named[0]) == [1] * STRIDE


def test_a_name_that_nobody_knows_is_told_with_the_setting_it_is_of(tmp_path, database, named):
    world = AwsWorld(tmp_path, database, **named[0])
    try:
        fail_lookups(world, named, every=1, offset=0)
        code, events, _ = world.batch("--set", "pipeline.retries=0")
        failed = [event for event in events if event["type"] == "stage.state" and event["to"] == "failed"]
        assert code == 75 and failed[0]["error"]["code"] == "host_not_found" and failed[0]["error"]["class"] == "transient"
        assert resolver.NAME in failed[0]["error"]["message"] and "AWS_ENDPOINT_URL" in failed[0]["error"]["message"]
        assert world.aws.calls == []
    finally:
        world.close()


@pytest.mark.parametrize("kind, operation", [("half_open", "DescribeTrainingJob"), ("stall", "DescribeTrainingJob"),
                                             ("half_open", "GetLogEvents"), ("half_open", "Invoke")])
def test_a_call_without_an_answer_does_not_outlive_the_stage_s_clock(world, kind, operation):
    world.aws.training.pace_s = 0.3
    world.aws.fail(kind, count=1, match=lambda call: call.operation == operation and call.key_id == OPERATOR[0])
    for name in NAMES:
        world.aws.functions.table[name].timeout_s = 3
    began = time.monotonic()
    code, events, err = world.batch("--set", "pipeline.queued_timeout=3s", "--set", "pipeline.running_timeout=3s",
                                    "--set", "functions.timeout=3s", "--set", "pipeline.retries=0", timeout=30)
    assert code == 1 and time.monotonic() - began < 15, err
    failed = [event for event in events if event["type"] == "stage.state" and event["to"] == "failed"]
    assert failed[0]["error"]["code"] == "timeout", failed
    assert all(job.status != "InProgress" for job in world.aws.training.jobs.values())


@pytest.mark.parametrize("kind, service, stage, code", [
    ("throttle", "lambda", 0, "throttled"), ("throttle", "sagemaker", 4, "throttled"), ("error", "lambda", 0, "unavailable"),
    ("reset", "lambda", 0, "connection_lost")])
def test_when_aws_is_busy_in_every_try_the_run_ends_with_75(world, kind, service, stage, code):
    """The answer to cron: later. Also for what is told of the run afterwards; a resume has another go."""
    world.env["AWS_MAX_ATTEMPTS"] = "1"
    world.aws.fail(kind, count=10**6, match=lambda call: call.service == service)
    ended, events, err = world.batch()
    assert ended == events[-1]["exit_code"] == world.show()["exit_code"] == 75, err
    failed = [event for event in events if event["type"] == "stage.state" and event["to"] == "failed"]
    assert (failed[0]["stage"], failed[0]["try"], failed[0]["error"]["code"]) == (STAGES[stage], 2, code), failed
    world.aws.heal()
    assert world.run("retry", "latest", STAGES[stage]).returncode == 0
    assert world.show()["exit_code"] == 0 and len(world.jobs()) == 1


def test_a_region_that_only_a_call_misses_ends_the_run_with_78(world):
    world.config.write_text(QUICK.replace(f'region = "{REGION}"', ""))
    del world.env["AWS_ENDPOINT_URL"]
    code, events, err = world.batch()
    assert code == events[-1]["exit_code"] == 78 and "region" in err + json.dumps(events), err


def test_a_clock_that_is_an_hour_off_is_corrected(world):
    world.aws.clock_offset_s = 3600
    code, _, err = world.batch()
    assert code == 0, err


def test_a_bucket_in_another_region_is_found(world):
    world.aws.s3.regions["msecindustries-cleaned"] = "us-west-2"
    code, _, err = world.batch()
    assert code == 0, err
    assert {call.region for call in world.aws.calls} == {REGION, "us-west-2"}


# ---- stopping, refusals

def test_stop_stops_the_job_and_waits_until_it_is_stopped(world):
    world.aws.training.pace_s = 1
    runner = world.start("--batch", "--format", "json")
    wait_for(lambda: world.jobs() and world.aws.training.jobs[world.jobs()[0]].secondary == "Downloading")
    result = world.run("stop", "latest")
    assert result.returncode == 0, result.stderr
    out, err = runner.communicate(timeout=30)
    world.said += [out, err]
    job = world.aws.training.jobs[world.jobs()[0]]
    assert job.status == "Stopped" and len(world.aws.named("StopTrainingJob")) == 1
    assert json.loads(out.splitlines()[-1])["state"] == "cancelled", err


def stop_while_it_hangs(world, name):
    """One stop while the operator's call of this name (of S3: this method) has no answer."""
    seen = len(world.aws.calls)

    def hangs(call):
        is_object = call.service == "s3" and any(c.operation == "Invoke" for c in world.aws.calls[seen:])
        return call.key_id == OPERATOR[0] and name == (call.method if is_object else call.operation)

    world.aws.fail("half_open", count=10**6, match=hangs)
    runner = world.start("--batch", "--format", "json")
    wait_for(lambda: any(getattr(call, "fault", None) for call in world.aws.calls[seen:]))
    return runner


def test_one_stop_ends_a_call_that_hangs(world):
    """Nothing is waited for but what may cost money; the stall limits are a minute."""
    world.aws.training.pace_s = 0
    for name in ("GetFunctionConfiguration", "Invoke", "HEAD", "GET", "DescribeTrainingJob", "GetLogEvents"):
        runner = stop_while_it_hangs(world, name)
        world.aws.heal()  # the stop itself is answered
        began = time.monotonic()
        runner.send_signal(signal.SIGINT)
        out, err = runner.communicate(timeout=30)
        world.said += [out, err]
        assert json.loads(out.splitlines()[-1])["state"] == "cancelled" and runner.returncode == 130, (name, out, err)
        assert time.monotonic() - began < 15, name
    assert all(job.status != "InProgress" for job in world.aws.training.jobs.values())


def test_one_stop_ends_a_lookup_that_hangs(tmp_path, database, named):
    world = AwsWorld(tmp_path, database, **named[0])
    try:
        lookups = fail_lookups(world, named, every=1000, offset=3, hang_s=60)
        runner = world.start("--batch", "--format", "json")
        wait_for(lambda: lookups.asked_and_failed[1] == 1)
        began = time.monotonic()
        runner.send_signal(signal.SIGINT)
        out, err = runner.communicate(timeout=30)
        world.said += [out, err]
        assert runner.returncode == 130 and json.loads(out.splitlines()[-1])["state"] == "cancelled", (out, err)
        assert time.monotonic() - began < 15
    finally:
        world.close()


@pytest.mark.parametrize("by, state", [("clock", "failed"), ("operator", "cancelled")])
def test_a_job_that_cannot_be_stopped_is_told_and_not_followed_by_another(world, by, state):
    """It may run on and cost money: neither "cancelled" nor "timed out" alone would say so."""
    world.aws.training.pace_s = 1.5
    world.aws.fail("denied", count=10**6, match=lambda call: call.operation == "StopTrainingJob")
    limits = ["--set", "pipeline.queued_timeout=1s"] if by == "clock" else []
    runner = world.start("--batch", "--format", "json", *limits)
    wait_for(lambda: world.jobs())
    if by == "operator":
        assert world.run("stop", "latest").returncode == 0
    out, err = runner.communicate(timeout=30)
    world.said += [out, err]
    events = [json.loads(line) for line in out.splitlines()]
    ended = [event for event in events if event["type"] == "stage.state" and event["to"] == state and "error" in event][0]
    message = ended["error"]["message"]
    assert f"stop job: training job {world.jobs()[0]} may still be running and costing money: " in message, message
    assert by == "operator" or "stopped by the " in message
    assert runner.returncode == events[-1]["exit_code"] == 1 and events[-1]["state"] == state, err
    assert len(world.jobs()) == 1
    assert "costing money" in json.dumps(world.show())


def test_a_run_is_let_go_of_while_a_call_hangs(world):
    """SIGINT twice: nobody waits for AWS, and nothing of the call is left to trip over."""
    for name in ("GetFunctionConfiguration", "Invoke", "HEAD", "GET", "CreateTrainingJob", "DescribeTrainingJob"):
        runner = stop_while_it_hangs(world, name)
        for _ in range(2):
            runner.send_signal(signal.SIGINT)
            time.sleep(0.2)
        out, err = runner.communicate(timeout=20)
        world.said += [out, err]
        assert runner.returncode == 130, (name, runner.returncode, err)
        world.aws.heal()


@pytest.mark.parametrize("change, hint", [
    ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "credentials"),
    ({"AWS_SECRET_ACCESS_KEY": "secretOfNobody/+0123456789abcdefghijklmn"}, "Signature"),
    ({"AWS_ACCESS_KEY_ID": "AKIANOBODY0000000001"}, "AKIA|security token|InvalidAccessKeyId"),
], ids=["missing", "wrong-secret", "unknown-key"])
def test_without_credentials_the_run_ends_with_4(world, change, hint):
    world.env.update(change)
    result = world.run("--batch")
    assert result.returncode == 4, result.stdout + result.stderr
    assert re.search(hint, result.stdout + result.stderr), result.stderr
    assert world.run("aws", "whoami").returncode == 4
    world.aws.violations = [text for text in world.aws.violations if "signature is not" not in text]
    assert world.jobs() == []


def test_a_token_that_has_expired_ends_the_run_with_4_even_if_only_a_head_meets_it(world):
    world.aws.fail("expired", count=10**6, match=lambda call: call.service == "s3" and call.key_id == OPERATOR[0])
    code, events, err = world.batch()
    assert code == 4, err
    failed = [event for event in events if event["type"] == "stage.state" and event["to"] == "failed"]
    assert failed[0]["stage"] == STAGES[1] and "HeadObject: ExpiredToken: it has expired" in failed[0]["error"]["message"], failed


def test_a_role_that_cannot_be_assumed_is_named(world):
    code, events, _ = world.batch("--set", "training.role=arn:aws:iam::123456789012:role/nobody")
    assert code == 1 and world.jobs() == []
    failed = [event for event in events if event["type"] == "stage.state" and event["to"] == "failed"]
    assert failed[0]["stage"] == STAGES[4] and "role/nobody" in failed[0]["error"]["message"]


def test_a_function_and_the_stage_that_waits_for_it_must_go_together(world):
    world.aws.functions.table[NAMES[0]].timeout_s = 900
    world.aws.functions.table[NAMES[2]].timeout_s = 3
    code, events, err = world.batch()
    failed = [event for event in events if event["type"] == "stage.state" and event["to"] == "failed"]
    told = failed[0]["error"]["message"]
    assert code == 1 and failed[0]["stage"] == STAGES[0] and failed[0]["try"] == 1, err
    assert f"{NAMES[0]} may run 900 s as it is deployed, but stage {STAGES[1]} waits 600 s (running_timeout)" in told, told
    assert f"{NAMES[2]} may run only 3 s as it is deployed, functions.timeout asks for 600 s: run `gatehouse" in told, told
    assert [call for call in world.aws.named("Invoke") if call.headers["x-amz-invocation-type"] != "DryRun"] == []
    doctor = world.run("doctor")
    assert doctor.returncode == 1 and "may run 900 s" in doctor.stdout and "may run only 3 s" in doctor.stdout, doctor.stdout


def test_a_function_that_fails_says_why(world):
    def shorten(call):
        is_run = call.operation == "Invoke" and call.headers["x-amz-invocation-type"] != "DryRun"
        world.aws.functions.table[NAMES[2]].timeout_s = 0 if is_run else 600
        return False

    world.aws.fail("error", count=10**6, match=shorten)
    code, events, _ = world.batch("--set", "pipeline.retries=0")
    assert code == 1
    failed = [event for event in events if event["type"] == "stage.state" and event["to"] == "failed"]
    assert failed[0]["stage"] == STAGES[3] and "timed out" in failed[0]["error"]["message"], failed


# ---- the database

@pytest.mark.parametrize("dsn, hint", [
    ({"authority": "other-ca"}, "certificate"),
    ({"host": "localhost"}, "localhost|certificate"),
], ids=["other-authority", "other-name"])
def test_a_database_that_is_not_ours_is_refused(world, database, dsn, hint):
    world.aws.functions.table[NAMES[1]].environment["GATEHOUSE_DATABASE_DSN"] = database.dsn(**dsn)
    code, events, _ = world.batch("--set", "pipeline.retries=0")
    assert code == 1
    failed = [event for event in events if event["type"] == "stage.state" and event["to"] == "failed"]
    assert failed[0]["stage"] == STAGES[2] and re.search(hint, failed[0]["error"]["message"]), failed


def test_the_password_of_the_database_may_be_in_secrets_manager(world, database):
    world.aws.secrets["bank-login"] = json.dumps({"username": database.user, "password": database.password})
    world.aws.functions.table[NAMES[1]].environment = {
        "GATEHOUSE_DATABASE_DSN": database.dsn(login=False), "GATEHOUSE_DATABASE_SECRET": "bank-login"}
    code, _, err = world.batch()
    assert code == 0, err
    assert len(world.aws.named("GetSecretValue")) == 1


def test_no_core_file_can_hold_a_secret(world):
    world.aws.training.pace_s = 1
    runner = world.start("--batch", "--format", "json")
    wait_for(lambda: world.jobs())
    limits = Path(f"/proc/{runner.pid}/limits").read_text()
    runner.terminate()
    world.said += runner.communicate(timeout=30)
    assert re.search(r"Max core file size +[01] +[01] ", limits), limits


# ---- before a run: what it would do, and what is in its way

def test_dry_run_lists_calls_names_and_cost_and_asks_nothing(world):
    plan = world.run("--batch", "--dry-run")
    assert plan.returncode == 0 and world.aws.calls == []
    for part in ("Lambda: Invoke: msecindustries-merge-prep-train-data", "S3: HeadObject: s3://msecindustries-cleaned/",
                 "CreateTrainingJob", "credit-default-xgboost-<run>-5-1", "s3://msecindustries-models/xgboost-model-artifacts/",
                 "cost of training: not known: training.price_per_hour is not set"):
        assert part in plan.stdout, plan.stdout
    priced = ["--set", "training.price_per_hour=0.23", "--set", "training.instance_count=2"]
    assert "at most 0.0767 USD: 2 x ml.m5.xlarge, 600 s" in world.run("--batch", "--dry-run", *priced).stdout
    code, _, err = world.batch()
    assert code == 0, err
    line = json.loads(world.run("--batch", "--dry-run", "--format", "json", *priced).stdout)
    assert line["training_cost"]["basis"] == "usual" and 0 < line["training_cost"]["amount"] < 0.0767
    assert line["stages"][4]["calls"][1]["service"] == "SageMaker"


def test_dry_run_names_every_call_that_the_run_makes(world):
    plan = json.loads(world.run("--batch", "--dry-run", "--format", "json").stdout)
    listed = {(one["service"], word) for stage in plan["stages"] for one in stage["calls"]
              for word in re.findall(r"[A-Z][a-z]+[A-Z]\w+|Invoke", one["operation"])}
    code, _, err = world.batch()
    assert code == 0, err
    services = {"s3": "S3", "lambda": "Lambda", "sagemaker": "SageMaker", "logs": "CloudWatch Logs"}
    objects = {"HEAD Object": "HeadObject", "GET Object": "GetObject"}
    made = {(services[call.service], objects.get(call.operation, call.operation)) for call in world.aws.calls if call.key_id == OPERATOR[0]}
    assert made == listed - {("SageMaker", "StopTrainingJob")}, (made, listed)


def test_dry_run_on_one_machine_asks_nothing_of_aws(world):
    world.env["GATEHOUSE_BACKEND"] = "local"
    plan = json.loads(world.run("--batch", "--dry-run", "--format", "json").stdout)
    assert all(stage["calls"] == [] for stage in plan["stages"]) and "training_cost" not in plan


def checks(result):
    return [(check["check"], check["state"], check["finding"], check["advice"] or "") for check in json.loads(result.stdout)["checks"]]


def test_doctor_finds_all_well(world):
    world.aws.quotas = {**{f"ml.m{i} for training job usage": 0.0 for i in range(9)}, "ml.m5.xlarge for training job usage": 4.0}
    result = world.run("doctor", "--format", "json")
    assert result.returncode == 0, result.stdout
    found = checks(result)
    assert {state for _, state, _, _ in found} == {"OK"}
    assert sum(name == "bucket" for name, *_ in found) == 4 and sum(name == "function" for name, *_ in found) == 3
    assert any(name == "profiles" and "TLS" in finding for name, _, finding, _ in found)
    assert any(name == "credentials" and "user/operator" in finding for name, _, finding, _ in found)


def test_doctor_says_what_is_in_the_way_and_what_to_do(world):
    del world.aws.s3.buckets["msecindustries-cleaned"], world.aws.functions.table[NAMES[2]]
    world.aws.s3.regions["msecindustries-models"] = "us-west-2"
    world.aws.clock_offset_s = -400
    world.aws.quotas = None
    result = world.run("doctor", "--format", "json", "--set", "training.role=")
    assert result.returncode == 1
    bad = {(name, state, advice) for name, state, _, advice in checks(result) if state != "OK"}
    for name, state, hint in [("bucket", "FAILED", "provision"), ("bucket", "FAILED", "region"), ("clock of AWS", "WARN", "clock"),
                              ("function", "FAILED", "functions deploy"), ("training role", "FAILED", ""),
                              ("quota", "WARN", "servicequotas:ListServiceQuotas")]:
        assert any((name, state) == one[:2] and hint in one[2] for one in bad), (name, bad)
    assert len(bad) == 6, bad


def test_doctor_finds_too_small_a_quota_and_wrong_keys(world):
    world.aws.quotas = {"ml.m5.xlarge for training job usage": 0.0}
    assert ("quota", "FAILED") in [check[:2] for check in checks(world.run("doctor", "--format", "json"))]
    world.env["AWS_ACCESS_KEY_ID"] = "AKIANOBODY0000000001"
    asked = len(world.aws.calls)
    result = world.run("doctor", "--format", "json")
    assert ("credentials", "FAILED") in [check[:2] for check in checks(result)] and result.returncode == 1
    assert len(world.aws.calls) - asked <= 3


def test_functions_that_cannot_reach_the_objects_are_refused(world):
    result = world.run("--batch", "--set", "backend.training_service=local")
    assert result.returncode == 78 and "training_service" in result.stderr and "object_store" in result.stderr
    assert world.aws.calls == []


def test_from_an_empty_account_to_the_first_verdict(tmp_path, database, raw):
    """The walk-through of the README: what runs on Lambda is the package."""
    world = AwsWorld(tmp_path, database)
    try:
        world.aws.s3.buckets.clear()
        world.aws.functions.table.clear()
        world.config.write_text(QUICK + f'[functions]\nrole = "{ROLE}"\n')
        for words in (["provision", "--yes"], ["functions", "deploy", "--yes"], ["prepare", "--sample", "--rows", ROWS]):
            result = world.run(*words)
            assert result.returncode == 0, (words, result.stdout, result.stderr)
        assert sorted(world.aws.s3.buckets) == sorted(BUCKETS) and sorted(world.aws.functions.table) == sorted(NAMES)
        code, events, err = world.batch()
        assert code == 0 and events[-1]["verdict"] == "passed", err
        assert {function.program for function in world.aws.functions.table.values()} == \
            {str(world.aws.folder / "functions" / name / "bootstrap") for name in NAMES}
        made = len(world.aws.named("CreateFunction"))
        assert world.run("functions", "deploy", "--yes").returncode == 0
        assert made == 3 and len(world.aws.named("CreateFunction")) == 3 and world.aws.named("UpdateFunctionCode") == []
        for folder in (world.aws.folder / "functions").iterdir():
            shutil.rmtree(folder)  # our own programs, and large
    finally:
        world.close()
