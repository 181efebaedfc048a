"""The whole pipeline on AWS: our own functions on a Lambda, training that trains, a PostgreSQL by TLS, all on loopback."""
import hashlib
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from fake_aws import ACCOUNT, REGION, FakeAws
from fake_aws_lambda import NAMES
from postgres_tls import PostgresTls
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
                if b"psql" not in line.split(b"\0")[0] and any(secret.encode() in line for secret in SECRETS):
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

    def __init__(self, folder, database):
        super().__init__(folder)
        self.said = []
        self.database = database
        self.aws = FakeAws(folder / "aws", PROGRAMS)
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
