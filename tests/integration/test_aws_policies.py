"""The README's policies: they let everything pass that gatehouse does, and name nothing that it never asks for."""
import json
import re
import time
from pathlib import Path

import botocore.session
import pytest

from fake_aws import ACCOUNT, REGION
from fake_aws_lambda import NAMES
from fake_aws_policies import Policy, action_of, as_list
from postgres_tls import PostgresTls
from test_aws_pipeline import FUNCTION, OPERATOR, QUICK, AwsWorld
from test_cli import wait_for

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("s3", "lambda", "sagemaker", "logs", "secretsmanager", "service-quotas", "sts")
# What AWS asks of the caller beside the action of the operation, as its pages on these operations say.
IMPLIED = {"iam:PassRole", "sagemaker:AddTags", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups", "ec2:DescribeVpcs"}
# Names of the README, in the test's account.
BUCKETS = {"raw_bucket": "acme-raw", "cleaned_bucket": "acme-cleaned", "training_bucket": "acme-training", "models_bucket": "acme-models"}


def documents():
    """Operator, the three functions, SageMaker's role; each as text of JSON."""
    text = (ROOT / "README.md").read_text().split("### What the roles need")[1].split("\n## ")[0]
    return [found.replace("111122223333", ACCOUNT) for found in re.findall(r"```json\n(.*?)```", text, re.S)]


def test_each_policy_is_one():
    for text in documents():
        policy = json.loads(text)
        assert policy["Version"] == "2012-10-17" and len(json.dumps(policy, separators=(",", ":"))) <= 6144  # a managed policy
        for statement in policy["Statement"]:
            assert statement["Effect"] == "Allow" and set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}
            assert re.fullmatch("[A-Za-z0-9]+", statement.get("Sid", "x"))
            assert all(re.fullmatch("[a-z0-9]+:[A-Za-z0-9]+", action) for action in as_list(statement["Action"])), statement
            assert all(form == "*" or form.startswith("arn:aws:") for form in as_list(statement["Resource"]))
    assert len(documents()) == 5


def operations_of_the_source():
    """(service, operation) of each name in our sources that botocore knows as an operation of the service that file speaks to."""
    session = botocore.session.get_session()
    known = {service: set(session.get_service_model(service).operation_names) for service in SERVICES}
    found = set()
    for path in [*(ROOT / "core/aws").glob("*.[ch]"), *(ROOT / "core/functions").glob("*.c"), ROOT / "core/app/doctor_aws.c"]:
        words = {word.rsplit(".", 1)[-1] for word in re.findall(r'"([A-Za-z0-9_]+\.?[A-Za-z0-9]+)"', path.read_text())}
        services = [name for name in SERVICES if path.name.startswith(name)] or {
            "training_log.c": ["logs"], "database_secret.c": ["secretsmanager"], "doctor_aws.c": ["s3", "service-quotas"],
        }.get(path.name, [])
        found |= {(service, word) for service in services for word in words & known[service]}
    return found


def test_the_policies_name_exactly_the_actions_of_the_calls():
    found = operations_of_the_source()
    assert {service for service, _ in found} == set(SERVICES)
    needed = {action_of(*one) for one in found} - {None, "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"} | IMPLIED
    named = {action for text in documents()[:4] for statement in json.loads(text)["Statement"] for action in as_list(statement["Action"])}
    assert named == needed, (named - needed, needed - named)


@pytest.fixture(scope="module")
def database():
    made = PostgresTls()
    yield made
    made.close()


def users():
    """What the README makes of the database's users: at first, and once the table is there."""
    text = (ROOT / "README.md").read_text().split("## On AWS")[1]
    return [found.strip() for found in re.findall(r"```sql\n(.*?)```", text, re.S)]


@pytest.fixture
def account(tmp_path, database):
    """An empty account whose identities have the policies of the README, each function its own; so have the database's users."""
    database.run_sql(users()[0])
    world = AwsWorld(tmp_path, database)
    aws = world.aws
    aws.s3.buckets.clear()
    aws.functions.table.clear()
    texts = documents()
    aws.policies = {OPERATOR[0]: Policy(texts[0])}
    for number, name in enumerate(NAMES):
        key_id = f"ASIAFUNCTION0000000{number + 2}"
        aws.identities[key_id] = (FUNCTION[1], FUNCTION[2], f"arn:aws:sts::{ACCOUNT}:assumed-role/functions/{number}")
        aws.policies[key_id] = Policy(texts[number + 1])
        aws.functions.keys_of[name] = (key_id, *FUNCTION[1:])
    aws.training.roles = {f"arn:aws:iam::{ACCOUNT}:role/gatehouse-training"}
    aws.secrets["bank-login"] = json.dumps({"username": "gatehouse_reader", "password": "choose-another"})
    world.env["GATEHOUSE_DATABASE_DSN"] = f"{database.dsn(login=False)} user=gatehouse password=choose-one"
    names = "".join(f'{key} = "{name}"\n' for key, name in BUCKETS.items())
    world.config.write_text(QUICK.replace("role/training", "role/gatehouse-training") + f"""[data]
{names}[functions]
role = "arn:aws:iam::{ACCOUNT}:role/gatehouse-functions"
database_secret = "bank-login"
database_dsn = "{database.dsn(login=False)}"
subnets = ["subnet-1"]
security_groups = ["sg-1"]
""")
    yield world
    world.close()


def stop_a_job(world):
    world.aws.training.pace_s = 1
    runner = world.start("--batch", "--format", "json")
    wait_for(lambda: any(job.status == "InProgress" for job in world.aws.training.jobs.values()))
    time.sleep(0.1)
    assert world.run("stop", "latest").returncode == 0
    world.said += runner.communicate(timeout=30)


def test_with_the_policies_everything_can_be_done_and_nothing_is_left_over(account):
    aws = account.aws
    aws.quotas = {"ml.m5.xlarge for training job usage": 4.0}
    for words in (["provision", "--yes"], ["functions", "deploy", "--yes"], ["prepare", "--sample", "--rows", "1000"], None,
                  ["prepare", "--sample", "--rows", "1000"], ["doctor"], ["--batch"], ["provision", "--yes"],
                  ["functions", "deploy", "--yes", "--set", "functions.memory=2GiB"]):
        if words is None:
            account.database.run_sql(users()[1])
            continue
        result = account.run(*words)
        assert result.returncode == 0 and "mirror" not in result.stderr, (words, result.stdout, result.stderr)
    stop_a_job(account)
    assert account.run("functions", "deploy", "--yes", "--set", "local.function_program=/bin/true").returncode == 0
    assert account.run("--batch", "--set", "functions.merge=msecindustries-x").returncode == 1
    assert len(aws.named("ListFunctions")) > 0
    operator, raw, profiles, merge = aws.policies.values()
    assert operator.unused() == {(sid, action) for sid, action in operator.unused() if (sid, action) in {
        ("Data", "s3:AbortMultipartUpload"),  # an upload in parts that fails
        ("SetupPackage", "s3:PutObject"), ("SetupPackage", "s3:AbortMultipartUpload"),  # over 50 MB
        ("SetupFunctions", "lambda:PublishVersion"), ("SetupFunctions", "lambda:CreateAlias"), ("SetupFunctions", "lambda:UpdateAlias"),
    }}, operator.unused()
    assert {action for _, action in raw.unused() | profiles.unused()} == {"s3:AbortMultipartUpload"}
    assert {action for _, action in merge.unused()} == {"s3:AbortMultipartUpload", "s3:ListBucket"}  # else what is missing is "denied"
