"""The package of the data functions: its bytes, and its life in an empty root with only what is inside; boto3 is the
witness of what it wrote."""
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
import zipfile
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from conftest import PROGRAMS, Gatehouse
from fake_aws import REGION, FakeAws
from fake_aws_s3 import Object
from runtime_api import RuntimeApi, Sandbox

ROOT = Path(__file__).resolve().parents[2]
TRANSACTIONS = "msecindustries-ingest-clean-s3-raw"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secretOfFunctions/+1"}


def client(moto, service):
    return boto3.client(service, endpoint_url=moto, region_name="us-east-1", aws_access_key_id="x",
                        aws_secret_access_key="x", config=Config(s3={"addressing_style": "path"}))


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The package: what the verb said of it, and its path."""
    home = tmp_path_factory.mktemp("packed")
    (home / "rds.pem").write_text("the certificates")
    result = Gatehouse(home)("functions", "package", "--output", home / "functions.zip", "--format", "json",
                             "--set", f"functions.database_ca_file={home}/rds.pem")
    assert result.code == 0, result.err
    return json.loads(result.out), home / "functions.zip"


@pytest.fixture
def api():
    made = RuntimeApi()
    yield made
    made.close()


@pytest.fixture
def sandbox(packed, tmp_path):
    return Sandbox(packed[1], tmp_path / "root")


@pytest.fixture(scope="module")
def raw_csv(tmp_path_factory):
    made = Gatehouse(tmp_path_factory.mktemp("raw"))
    assert made("prepare", "--sample", "--rows", "2000").code == 0
    made("local", "destroy")
    [path] = (made.state / "lake/msecindustries-raw/source1").glob("*.csv")
    return path.read_bytes()


@pytest.fixture
def raw(moto, raw_csv):
    """Raw transactions in moto's S3; gives the event that cleans them."""
    s3 = client(moto, "s3")
    for bucket in ("raw", "cleaned"):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket="raw", Key="in/data.csv", Body=raw_csv)
    return {"source": {"bucket": "raw", "prefix": "in/"}, "destination": {"bucket": "cleaned", "prefix": "out/1/"},
            "expectations": {"rows_min": 1000}}


def test_the_package_says_what_it_is(packed):
    said, path = packed
    data = path.read_bytes()
    assert (said["size_bytes"], said["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    with zipfile.ZipFile(path) as archive:
        items = {item.filename: item for item in archive.infolist()}
        assert archive.testzip() is None and archive.read("etc/database-ca.pem") == b"the certificates"
    assert list(items) == sorted(items) and said["files"] == len(items)
    assert said["unpacked_bytes"] == sum(item.file_size for item in items.values())
    for name in ("bootstrap", "bin/gatehouse-function", "lib/ld.so"):
        assert items[name].external_attr >> 16 == 0o100755
    for name in ("lib/libc.so.6", "lib/libcurl.so.4", "lib/libpq.so.5", "lib/libnss_dns.so.2", "lib/libresolv.so.2"):
        assert items[name].external_attr >> 16 == 0o100644
    assert not any(name.startswith("lib/libxgboost") for name in items)
    authorities = [name for name in items if name.startswith("etc/certificates/")]
    bundle = Path("/etc/ssl/certs/ca-certificates.crt").read_text()
    assert len(authorities) == bundle.count("BEGIN CERTIFICATE") > 10
    assert all(re.fullmatch(r"etc/certificates/[0-9a-f]{8}\.\d", name) for name in authorities)
    assert {items[name].external_attr >> 16 for name in authorities} == {0o100644}
    assert {(item.create_system, item.date_time) for item in items.values()} == {(3, (1980, 1, 1, 0, 0, 0))}


def test_the_same_programs_give_the_same_bytes_anywhere(packed, tmp_path):
    result = Gatehouse(tmp_path)("functions", "package", environment={
        "TZ": "Asia/Kathmandu", "LANG": "de_DE.UTF-8",
        "GATEHOUSE_FUNCTIONS_DATABASE_CA_FILE": str(packed[1].parent / "rds.pem")})
    assert result.code == 0 and "gatehouse-functions.zip: " in result.out and packed[0]["sha256"] in result.out
    assert (tmp_path / "gatehouse-functions.zip").read_bytes() == packed[1].read_bytes()


def test_the_same_sources_give_the_same_code_in_any_folder(tmp_path):
    made, source = [], "core/functions/main.o"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    for name in ("here", "some where else"):
        for part in ("Makefile", "core", "tests/checks"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            (tmp_path / name / part).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / part, tmp_path / name / part)
        done = subprocess.run(["make", "-s", "BUILD=release", f"build/release/{source}"], cwd=tmp_path / name, env=environment,
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        made.append((tmp_path / name / "build/release" / source).read_bytes())
    assert made[0] == made[1] and str(tmp_path).encode() not in made[0]


@pytest.mark.parametrize("setting, word", [
    ("local.function_program=/nonexistent", "/nonexistent"),
    ("local.function_program=/etc/passwd", "local.function_program"),
    ("functions.database_ca_file=/nonexistent.pem", "functions.database_ca_file: cannot open /nonexistent.pem"),
])
def test_what_cannot_be_packed_is_said_and_nothing_is_written(tmp_path, setting, word):
    result = Gatehouse(tmp_path)("functions", "package", "--set", setting)
    assert result.code == 1 and word in result.err
    assert not (tmp_path / "gatehouse-functions.zip").exists()


def test_in_an_empty_root_it_cleans_what_is_in_s3(api, sandbox, moto, raw):
    child = sandbox.start(api.address, TRANSACTIONS, AWS_ENDPOINT_URL=moto, **KEYS)
    s3 = client(moto, "s3")
    try:
        for number in (1, 2):  # the same process, twice
            raw["destination"]["prefix"] = f"out/{number}/"
            kind, result, _ = api.invoke(raw)
            assert kind == "response", result
            assert result["rows_in"] == 2000 and result["rows_out"] + result["rows_quarantined"] <= 2000
            cleaned = result["cleaned"]
            data = s3.get_object(Bucket=cleaned["bucket"], Key=cleaned["key"])["Body"].read()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (cleaned["size_bytes"], cleaned["sha256"])
            assert data.startswith(b"CUSTOMER_ID,") and data.count(b"\n") == result["rows_out"] + 1
        assert api.complaints == [] and child.poll() is None
    finally:
        child.kill()
        log = child.communicate()[0]
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in log


def transactions(raw, rows):
    """The raw transactions again and again, each row of a customer of its own."""
    head, *lines = raw.decode().splitlines()
    tails = [line.split(",", 1)[1] for line in lines]
    return "\n".join([head, *(f"{number + 1},{tails[number % len(tails)]}" for number in range(rows)), ""]).encode()


def test_from_s3_to_s3_in_bounded_memory(tmp_path, raw_csv):
    """More data take hardly more memory (some bytes for each customer): no object is ever held as a whole."""
    aws = FakeAws(tmp_path, PROGRAMS)
    aws.identities = {KEYS["AWS_ACCESS_KEY_ID"]: (KEYS["AWS_SECRET_ACCESS_KEY"], None, "arn")}
    options = {name: os.environ.get(name, "") for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS")}
    environment = {**KEYS, **options, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": aws.url, "AWS_EC2_METADATA_DISABLED": "true"}
    environment["ASAN_OPTIONS"] += ":quarantine_size_mb=0"  # what is freed is free
    sizes, peaks = [], []
    try:
        for rows in (400_000, 1_200_000):
            data = transactions(raw_csv, rows)
            aws.s3.buckets = {"raw": {"in/data.csv": Object(data)}, "cleaned": {}}
            aws.s3.regions = {"raw": REGION, "cleaned": REGION}
            event = {"source": {"bucket": "raw", "prefix": "in/"}, "destination": {"bucket": "cleaned", "prefix": "out/"}}
            child = subprocess.Popen([PROGRAMS / "gatehouse-function", TRANSACTIONS], env=environment, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            child.stdin.write(json.dumps(event).encode())
            child.stdin.close()
            peaks.append(0)
            while child.poll() is None:
                found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{child.pid}/status").read_text())
                peaks[-1] = int(found.group(1)) * 1024 if found else peaks[-1]
                time.sleep(0.005)
            answer = json.loads(child.stdout.read())
            child.stdout.close()
            assert child.returncode == 0 and answer["rows_in"] == rows, answer
            sizes.append(len(data))
        assert aws.violations == []
    finally:
        aws.close()
    assert peaks[1] - peaks[0] < 0.75 * (sizes[1] - sizes[0]), (sizes, peaks)


def test_a_failure_is_told_and_the_next_event_is_served(api, sandbox, moto, raw):
    child = sandbox.start(api.address, TRANSACTIONS, AWS_ENDPOINT_URL=moto, **KEYS)
    try:
        for event, code in (({}, "permanent:bad_event"), (b"[1]", "permanent:bad_event"), (b"oops", "permanent:bad_json"),
                            ({**raw, "source": {"bucket": "raw", "prefix": "none/"}}, "permanent:no_input"),
                            ({**raw, "expectations": {"rows_min": 9999}}, "permanent:expectation_failed")):
            kind, answer, headers = api.invoke(event)
            assert (kind, answer["errorType"]) == ("error", code), answer
            assert answer["errorMessage"] and answer["stackTrace"] == []
            assert headers["Lambda-Runtime-Function-Error-Type"] == "Function.Failed"
        assert api.invoke(raw)[0] == "response"
        assert api.complaints == []
    finally:
        child.kill()
        child.communicate()


def test_an_unknown_handler_is_an_error_of_initialization(api, sandbox):
    child = sandbox.start(api.address, "no-such-function", **KEYS)
    kind, answer, headers = api.answers.get(timeout=60)
    out = child.communicate(timeout=60)[0]
    assert (kind, answer["errorType"]) == ("init", "permanent:no_such_handler") and "no-such-function" in out
    assert headers["Lambda-Runtime-Function-Error-Type"] == "Runtime.NoSuchHandler"
    assert child.returncode != 0 and api.complaints == []


def test_an_answer_that_the_runtime_refuses_ends_the_program(sandbox, moto, raw):
    api = RuntimeApi(response_max=10)
    try:
        child = sandbox.start(api.address, TRANSACTIONS, AWS_ENDPOINT_URL=moto, **KEYS)
        api.events.put(json.dumps(raw).encode())
        out = child.communicate(timeout=60)[0]
        assert child.returncode != 0 and "413" in out
        assert api.complaints == [(413, "RequestEntityTooLarge")]
    finally:
        api.close()


def test_a_runtime_that_goes_away_ends_the_program(api, sandbox):
    child = sandbox.start(api.address, TRANSACTIONS, **KEYS)
    api.events.put(None)
    child.communicate(timeout=60)
    assert child.returncode != 0


def test_the_bootstrap_without_its_package_says_what_is_missing(sandbox):
    (sandbox.task / "lib/ld.so").unlink()
    child = sandbox.start("127.0.0.1:1", TRANSACTIONS)
    out = child.communicate(timeout=60)[0]
    assert child.returncode == 127 and "lib/ld.so" in out and "No such file" in out


# ---- deploy

NAMES = (TRANSACTIONS, "msecindustries-ingest-clean-rds", "msecindustries-merge-prep-train-data")
DSN = "host=db.example port=5432 dbname=credit user=reader password=hunter2 sslmode=verify-full"


@pytest.fixture
def account(moto):
    """Lambda without functions, and a role for them."""
    request = urllib.request.Request(f"{moto}/moto-api/config", json.dumps({"lambda": {"use_docker": False}}).encode(),
                                     {"content-type": "application/json"})
    urllib.request.urlopen(request).close()
    functions, iam = client(moto, "lambda"), client(moto, "iam")
    for function in functions.list_functions()["Functions"]:
        functions.delete_function(FunctionName=function["FunctionName"])
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}
    for role in ("functions", "others"):
        try:
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
        except iam.exceptions.EntityAlreadyExistsException:
            pass
    return functions


@pytest.fixture
def deployer(gatehouse, moto):
    gatehouse.environment |= {**KEYS, "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-east-1"}

    def deploy(*arguments, **settings):  # of a small program: what is in the package is the matter of others
        given = {"aws.endpoint_url": moto, "local.function_program": "/bin/true", "functions.role": "arn:aws:iam::123456789012:role/functions",
                 "functions.database_dsn": DSN, **{f"functions.{name}": value for name, value in settings.items()}}
        words = [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
        result = gatehouse("functions", "deploy", *arguments, *words)
        assert "hunter2" not in result.out + result.err
        return result

    return deploy


def actions(result):
    return {line.split()[1].rstrip(":"): line.split()[0] for line in result.out.splitlines()[:3]}


def test_deploy_creates_three_functions_and_then_finds_nothing_to_do(deployer, account, packed):
    first = deployer("--yes")
    assert first.code == 0, first.err
    assert actions(first) == dict.fromkeys(NAMES, "create")
    for name in NAMES:
        found = account.get_function_configuration(FunctionName=name)
        assert (found["Runtime"], found["Handler"], found["Timeout"], found["MemorySize"]) == (
            "provided.al2023", name, 600, 1769)
        assert found["Role"].endswith("role/functions") and found["Architectures"] == ["x86_64"]
        variables = found.get("Environment", {}).get("Variables", {})
        assert variables == ({"GATEHOUSE_DATABASE_DSN": DSN} if name.endswith("clean-rds") else {})
    second = deployer("--yes")
    assert second.code == 0 and actions(second) == dict.fromkeys(NAMES, "unchanged")
    assert len(second.out.splitlines()) == 3
    assert deployer().code == 0  # nothing to do is no question


def test_without_a_terminal_and_yes_the_plan_is_shown_and_nothing_done(deployer, account):
    result = deployer()
    assert result.code == 64 and "--yes" in result.err
    assert actions(result) == dict.fromkeys(NAMES, "create")
    assert account.list_functions()["Functions"] == []


def test_only_what_differs_is_updated(deployer, account):
    assert deployer("--yes").code == 0
    account.update_function_configuration(FunctionName=NAMES[0], Timeout=3)
    account.update_function_configuration(FunctionName=NAMES[1], Environment={"Variables": {"X": "secretOfX"}})
    result = deployer("--yes")
    assert result.code == 0, result.err
    assert actions(result) == dict(zip(NAMES, ("update", "update", "unchanged")))
    assert "timeout 3 -> 600" in result.out and "environment" in result.out and "secretOfX" not in result.out
    assert "code" not in result.out
    found = account.get_function_configuration(FunctionName=NAMES[0])
    assert found["Timeout"] == 600
    assert account.get_function_configuration(FunctionName=NAMES[1])["Environment"]["Variables"] == {
        "GATEHOUSE_DATABASE_DSN": DSN}


def test_other_code_is_replaced_and_an_alias_follows(deployer, account):
    name = f"{TRANSACTIONS}:live"
    first = deployer("--yes", clean_transactions=name)
    assert first.code == 0, first.err
    assert account.get_alias(FunctionName=TRANSACTIONS, Name="live")["FunctionVersion"] == "1"
    assert actions(deployer(clean_transactions=name)) == dict.fromkeys(NAMES, "unchanged")
    account.update_function_code(FunctionName=TRANSACTIONS, ZipFile=other_zip())
    result = deployer("--yes", clean_transactions=name)
    assert result.code == 0, result.err
    assert actions(result)[TRANSACTIONS] == "update" and "code, alias live" in result.out
    latest = account.get_function_configuration(FunctionName=TRANSACTIONS)["CodeSha256"]
    assert account.get_function_configuration(FunctionName=name)["CodeSha256"] == latest
    assert actions(deployer(clean_transactions=name)) == dict.fromkeys(NAMES, "unchanged")


def other_zip():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/sh\n")
    return made.getvalue()


@pytest.mark.parametrize("settings, word", [
    ({"role": ""}, "functions.role"),
    ({"database_dsn": ""}, "functions.database_dsn"),
    ({"subnets": "['subnet-1']"}, "functions.security_groups"),
    ({"merge": "arn:aws:lambda:us-east-1:123456789012:function:f"}, "functions.merge"),
    ({"merge": "f:7"}, "functions.merge"),
    ({"merge": TRANSACTIONS}, "functions.clean_transactions"),
])
def test_a_configuration_that_does_not_say_enough_is_refused(deployer, account, settings, word):
    result = deployer("--yes", **settings)
    assert result.code == 78 and word in result.err
    assert account.list_functions()["Functions"] == []
