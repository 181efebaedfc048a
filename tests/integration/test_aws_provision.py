"""`gatehouse provision` against moto's S3 and the private PostgreSQL as another database; boto3 is the witness."""
import json
import os
import pty

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import Result

BUCKETS = ("provision-raw", "provision-cleaned", "provision-training", "provision-models")
CLOSED = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}


@pytest.fixture
def s3(moto):
    made = boto3.client("s3", endpoint_url=moto, region_name="eu-central-1", aws_access_key_id="x",
                        aws_secret_access_key="x", config=Config(s3={"addressing_style": "path"}))
    for bucket in made.list_buckets()["Buckets"]:
        if bucket["Name"] in BUCKETS:
            made.delete_bucket(Bucket=bucket["Name"])
    return made


@pytest.fixture
def provision(gatehouse, moto):
    gatehouse.environment |= {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secretOfOperator",
                              "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "eu-central-1"}
    names = list(zip(("raw_bucket", "cleaned_bucket", "training_bucket", "models_bucket"), BUCKETS))

    def run(*arguments, terminal=None, **settings):
        given = {"aws.endpoint_url": moto, "backend.object_store": "aws",
                 **{f"data.{key}": name for key, name in names}, **settings}
        words = [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
        if terminal is None:
            return gatehouse("provision", *arguments, *words)
        child = gatehouse.start("provision", *arguments, *words, stdin=terminal, stderr=terminal)
        out = child.communicate(timeout=60)[0]
        return Result(child.returncode, out, "")

    return run


def encryption(s3, bucket):
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    return rule["ApplyServerSideEncryptionByDefault"]


def test_the_buckets_are_made_encrypted_and_closed_and_then_nothing_is_to_do(provision, s3):
    first = provision("--yes")
    assert first.code == 0, first.err
    assert [line.split()[:3] for line in first.out.splitlines()] == [["create", "bucket", f"{name}:"] for name in BUCKETS]
    for name in BUCKETS:
        assert encryption(s3, name) == {"SSEAlgorithm": "AES256"}
        assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == CLOSED
        assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-central-1"
    second = provision("--yes", "--format", "json")
    assert second.code == 0
    assert second.lines == [{"bucket": name, "action": "unchanged", "changes": ""} for name in BUCKETS]


def test_only_what_is_missing_is_set(provision, s3):
    s3.create_bucket(Bucket=BUCKETS[0], CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_public_access_block(Bucket=BUCKETS[0], PublicAccessBlockConfiguration={**CLOSED, "BlockPublicAcls": False})
    result = provision("--yes", **{"aws.s3_encryption": "aws:kms", "aws.s3_kms_key": "alias/a&b"})
    assert result.code == 0, result.err
    assert result.out.splitlines()[0] == f"update     bucket {BUCKETS[0]}: default encryption, public access blocked"
    assert encryption(s3, BUCKETS[0]) == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/a&b"}
    assert s3.get_public_access_block(Bucket=BUCKETS[0])["PublicAccessBlockConfiguration"] == CLOSED
    assert provision("--yes").out.count("unchanged") == 4  # whatever is stronger is left as it is
    assert encryption(s3, BUCKETS[0])["SSEAlgorithm"] == "aws:kms"
    result = provision("--yes", **{"aws.s3_encryption": "AES256"})  # other encryption is wanted now
    assert [line.split(": ")[1] for line in result.out.splitlines()] == ["default encryption"] * 4


def test_without_a_terminal_and_yes_the_plan_is_shown_and_nothing_done(provision, s3):
    result = provision()
    assert result.code == 64 and "--yes" in result.err and result.out.count("create") == 4
    with pytest.raises(ClientError):
        s3.head_bucket(Bucket=BUCKETS[0])


@pytest.mark.parametrize("answer, code", [("n", 1), ("", 1), ("yes!", 1), ("y", 0), ("yes", 0)])
def test_on_a_terminal_the_operator_is_asked(provision, s3, answer, code):
    master, slave = pty.openpty()
    os.write(master, f"{answer}\n".encode())
    try:
        result = provision(terminal=slave)
        asked = os.read(master, 4096).decode()
    finally:
        os.close(master)
        os.close(slave)
    assert result.code == code and "Do this? [y/N]" in asked
    assert (BUCKETS[0] in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]) == (code == 0)


def test_the_table_of_the_profiles_is_made_in_another_database(gatehouse, provision, s3):
    assert gatehouse("local", "start").code == 0
    dsn = json.loads(gatehouse("local", "status", "--format", "json").out)["dsn"]
    settings = {"backend.object_store": "local", "database.dsn": dsn, "data.profile_table": "public.profiles"}
    first = provision("--yes", **settings)
    assert (first.code, first.out) == (0, "create     table public.profiles\n"), first.err
    second = provision("--yes", **settings)
    assert (second.code, second.out) == (0, "unchanged  table public.profiles\n")


def test_with_the_local_backend_there_is_nothing_to_provision(gatehouse):
    result = gatehouse("provision")
    assert result.code == 0 and "nothing to provision" in result.err
