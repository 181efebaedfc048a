"""What an operator gets wrong on AWS: each time a sentence that says what, where and what to do, and the README's exit code."""
import hashlib
import http.server
import json
import re
import ssl
import subprocess
import threading

import pytest

from fake_aws import ACCOUNT, REGION
from fake_aws_lambda import NAMES, ROLE
from postgres_tls import PostgresTls
from test_aws_pipeline import AwsWorld

NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.fixture(scope="module")
def database():
    made = PostgresTls()
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory, database):
    made = AwsWorld(tmp_path_factory.mktemp("wrong"), database)
    for name in NAMES:
        made.aws.functions.table[name].role = ROLE
    yield made
    made.close()


def refused(world, verb, code, sentence, environment=None, **settings):
    """One try; the sentence is searched for in what the verb said to its operator."""
    before = len(world.aws.calls)
    kept = dict(world.env)
    words = [word for name, value in settings.items() for word in ("--set", f"{name.replace('__', '.')}={value}")]
    world.env.update(environment or {})
    try:
        result = world.run(*verb.split(), *words)
    finally:
        world.env = kept
    said = result.stderr + (result.stdout if verb.startswith("--batch") else "")
    assert result.returncode == code, (result.returncode, said)
    assert re.search(sentence, said), said
    assert all(line.startswith("gatehouse: ") for line in result.stderr.splitlines()), result.stderr
    return world.aws.calls[before:]


VERBS = ("aws whoami", "provision --yes", "functions deploy --yes")


@pytest.mark.parametrize("verb", VERBS)
def test_a_profile_that_does_not_exist(world, verb):
    asked = refused(world, verb, 78, r'no AWS profile "nosuch": expected \[profile nosuch\] in .*/\.aws/config',
                    {"AWS_PROFILE": "nosuch"}, functions__role=ROLE)
    assert asked == []


@pytest.mark.parametrize("verb", [*VERBS, "--batch", "prepare --sample --rows 1000"])
def test_no_credentials(world, verb):
    asked = refused(world, verb, 4, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", NO_KEYS, functions__role=ROLE)
    assert asked == []


@pytest.mark.parametrize("verb", [*VERBS, "--batch"])
def test_an_sso_session_that_has_expired(world, verb):
    folder = world.folder / ".aws"
    (folder / "sso/cache").mkdir(parents=True, exist_ok=True)
    (folder / "config").write_text(f"[profile corp]\nsso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = Op\n"
                                   f"[sso-session corp]\nsso_start_url = https://corp.test/start\nsso_region = {REGION}\n")
    (folder / "sso/cache" / f"{hashlib.sha1(b'corp').hexdigest()}.json").write_text(json.dumps(
        {"startUrl": "https://corp.test/start", "region": REGION, "accessToken": "x", "expiresAt": "2020-01-01T00:00:00Z"}))
    refused(world, verb, 4, "SSO session has expired: run `aws sso login --profile corp`", {**NO_KEYS, "AWS_PROFILE": "corp"},
            functions__role=ROLE)


def test_a_region_that_does_not_exist(world):
    refused(world, "aws whoami", 75, r"sts\.eu-nowhere-1\.amazonaws\.com.*the host is that of region eu-nowhere-1, of ",
            {"AWS_ENDPOINT_URL": ""}, aws__region="eu-nowhere-1")
    refused(world, "aws whoami", 78, '"eu nowhere" is no AWS region: expected a-z, 0-9 and -', aws__region="eu nowhere")


def test_a_clock_that_is_off_and_may_not_be_corrected(world):
    world.aws.clock_offset_s = 3600
    try:
        for verb in ("aws whoami", "functions deploy --yes"):
            refused(world, verb, 4, r"the clock of this machine is (3600|3599) s slow: set it",
                    {"AWS_DISABLE_CLOCK_SKEW_CORRECTION": "true"}, functions__role=ROLE)
        world.aws.clock_offset_s = -3600
        refused(world, "aws whoami", 4, r"is 360[01] s fast: set it", {"AWS_DISABLE_CLOCK_SKEW_CORRECTION": "true"})
    finally:
        world.aws.clock_offset_s = 0


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """https by an authority that nobody knows."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key", "-out",
                    folder / "crt"], check=True, capture_output=True)
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "crt", folder / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("bundle, what", [("", "certificate"), ("/nonexistent.pem", "/nonexistent.pem")])
def test_certificates_of_authorities_that_are_not_there(world, stranger, bundle, what):
    refused(world, "aws whoami", 1, f"{what}.*install ca-certificates, or let AWS_CA_BUNDLE name",
            {"AWS_ENDPOINT_URL": stranger, "AWS_CA_BUNDLE": bundle})


# ---- names of others

def test_a_bucket_of_somebody_else(world):
    world.aws.s3.foreign = {"acme-taken"}
    refused(world, "provision --yes", 4, "data.cleaned_bucket: bucket acme-taken is somebody else's, or we are not allowed s3:ListBucket",
            data__cleaned_bucket="acme-taken")
    result = world.run("doctor", "--format", "json", "--set", "data.cleaned_bucket=acme-taken")
    assert "it is somebody else's (choose another name)" in result.stdout
    world.aws.s3.foreign = set()


def test_a_name_that_another_account_has_taken(world):
    """It was free when we looked; nothing else is made, and the next try goes on."""
    world.aws.s3.taken = {"acme-taken"}
    refused(world, "provision --yes", 78, "bucket acme-taken is taken by another account: choose another one for data.training_bucket",
            data__training_bucket="acme-taken")
    assert "acme-taken" not in world.aws.s3.buckets
    world.aws.s3.taken = set()


def test_names_that_aws_would_refuse(world):
    for settings, sentence in [({"data__raw_bucket": "Raw_Data"}, "data.raw_bucket \"Raw_Data\" is no name of a bucket on S3"),
                               ({"training__role": "gatehouse-training"}, "training.role .* is not the ARN of a role: arn:aws:iam"),
                               ({"functions__role": "arn:aws:iam::1:user/x"}, "functions.role .* is not the ARN of a role")]:
        assert refused(world, "provision --yes", 78, sentence, **settings) == []


def test_a_bucket_for_training_in_another_region_is_told_by_provision(world):
    world.aws.s3.regions["msecindustries-models"] = "us-west-2"
    refused(world, "provision --yes", 0, "bucket msecindustries-models is in us-west-2: SageMaker wants .* eu-central-1; "
            "choose another one for data.models_bucket")
    world.aws.s3.regions["msecindustries-models"] = REGION
    world.aws.s3.regions["msecindustries-raw"] = "us-west-2"  # SageMaker never sees it
    result = world.run("provision", "--yes")
    assert result.returncode == 0 and result.stderr == ""
    found = json.loads(world.run("doctor", "--format", "json").stdout)["checks"]
    assert {check["state"] for check in found if check["check"] == "bucket"} == {"OK"}
    world.aws.s3.regions["msecindustries-raw"] = REGION


def test_without_a_role_for_training_nothing_is_begun(world):
    for verb in ("--batch", "--batch --dry-run"):
        assert refused(world, verb, 78, "training.role is empty: set the ARN of SageMaker's execution role", training__role="") == []


def test_with_hyperparameters_that_the_container_refuses_nothing_is_begun(world):
    for verb in ("--batch", "--batch --dry-run"):
        for name, value, sentence in (("max_dept", 5, "did you mean max_depth"), ("eta", 2, r"eta: 2 is not in \[0, 1\]"),
                                      ("eval_metric", '"error, auc"', "does not take 'error, auc'")):
            assert refused(world, verb, 78, "stage start_sagemaker_training: .*" + sentence,
                           **{f"training__hyperparameters.{name}": value}) == []


def test_a_function_that_is_not_there(world):
    asked = refused(world, "--batch", 1, "function not found: 'msecindustries-mergd'.*gatehouse functions deploy",
                    functions__merge="msecindustries-mergd")
    assert "Invoke" not in {call.operation for call in asked}


# ---- the database

@pytest.mark.parametrize("dsn, code, sentence", [
    ({"password": "wrong"}, 4, "password authentication failed for user"),
    ({"password": None}, 4, "wants a password, and the database DSN has none"),
    ({"port": 1}, 75, "port 1 failed: Connection refused"),
    ({"sslrootcert": "/nonexistent.pem"}, 78, "authority's certificates: /nonexistent.pem: No such file.*sslrootcert"),
    ({"dbname": "nobank"}, 1, 'database "nobank" does not exist'),
    ({"host": "db.nowhere.invalid"}, 1, "the database host 'db.nowhere.invalid' has no address"),
    ({"host": "localhost"}, 1, "does not match host name .localhost"),
    (None, 78, "the database DSN cannot be read: write postgresql://"),
], ids=["wrong-password", "no-password", "unreachable", "no-certificates", "no-database", "no-host", "other-name", "nonsense"])
def test_a_database_that_does_not_let_us_in(world, database, dsn, code, sentence):
    words = {"host": "127.0.0.1", "port": database.port, "dbname": database.database, "sslmode": "verify-full",
             "sslrootcert": database.folder / "ca.crt", "user": database.user, "password": database.password, **(dsn or {})}
    text = " ".join(f"{name}='{value}'" for name, value in words.items() if value is not None) if dsn else "nonsense"
    for verb in ("provision --yes", "prepare --sample --rows 1000"):
        refused(world, verb, code, sentence, {"GATEHOUSE_DATABASE_DSN": text})
    world.env["GATEHOUSE_DATABASE_DSN"] = text
    result = world.run("doctor", "--format", "json")
    assert result.returncode == 1 and "database.dsn" in result.stdout
