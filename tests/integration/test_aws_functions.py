"""The package of the data functions: its bytes, and its life in an empty root with only what is inside; boto3 is the
witness of what it wrote."""
import hashlib
import json
import zipfile

import boto3
import pytest
from botocore.config import Config

from conftest import Gatehouse
from runtime_api import RuntimeApi, Sandbox

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
    for name in ("lib/libc.so.6", "lib/libcurl.so.4", "lib/libpq.so.5", "lib/libnss_dns.so.2", "lib/libresolv.so.2",
                 "etc/ca-certificates.crt"):
        assert items[name].external_attr >> 16 == 0o100644
    assert not any(name.startswith("lib/libxgboost") for name in items)
    assert {(item.create_system, item.date_time) for item in items.values()} == {(3, (1980, 1, 1, 0, 0, 0))}


def test_the_same_programs_give_the_same_bytes_anywhere(packed, tmp_path):
    result = Gatehouse(tmp_path)("functions", "package", environment={
        "TZ": "Asia/Kathmandu", "LANG": "de_DE.UTF-8",
        "GATEHOUSE_FUNCTIONS_DATABASE_CA_FILE": str(packed[1].parent / "rds.pem")})
    assert result.code == 0 and "gatehouse-functions.zip: " in result.out and packed[0]["sha256"] in result.out
    assert (tmp_path / "gatehouse-functions.zip").read_bytes() == packed[1].read_bytes()


@pytest.mark.parametrize("setting, word", [
    ("local.function_program=/nonexistent", "/nonexistent"),
    ("local.function_program=/etc/passwd", "local.function_program"),
    ("functions.database_ca_file=/nonexistent.pem", "/nonexistent.pem"),
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
