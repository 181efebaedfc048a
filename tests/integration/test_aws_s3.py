"""Objects on S3, against moto and against Swift, which verifies every signature, body hash, date and region; boto3 is
the witness of what was stored."""
import hashlib
import json
import os
import random
import subprocess
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.config import Config

from conftest import PROGRAMS
import swift_server

PART = 5 << 20
TOOL = PROGRAMS / "tests/tools/object_tool"
COPY_TOOL = PROGRAMS / "tests/tools/copy_tool"
KEYS = ("plain", "with blank", "a+b", "100%", "100%25", "%2F", "é/ü", "日本語", "til~de", "quote'", "star*", "(a),b:c;d=e@f&g$h!",
        'double"quote', "<&>", "back\\slash", "#hash?query=1", "under/a/folder", "-._~")


class Store:
    """One server: how boto3 reaches it, and our tool."""

    def __init__(self, url, key_id, secret, region):
        self.url, self.region = url, region
        self.boto = boto3.client("s3", endpoint_url=url, region_name=region, aws_access_key_id=key_id,
                                 aws_secret_access_key=secret, config=Config(s3={"addressing_style": "path"}))
        self.environment = {
            "PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": url, "AWS_REGION": region, "AWS_ACCESS_KEY_ID": key_id,
            "AWS_SECRET_ACCESS_KEY": secret, "AWS_EC2_METADATA_DISABLED": "true", "OBJECT_TOOL_PART_BYTES": str(PART),
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def __call__(self, *words, tool=TOOL, **environment):
        child = subprocess.run([tool, *map(str, words)], env={**self.environment, **environment}, text=True,
                               capture_output=True, timeout=120)
        assert child.stderr == ""
        answer = json.loads(child.stdout)
        assert child.returncode == ("error" in answer)
        return answer

    def good(self, *words, **environment):
        answer = self(*words, **environment)
        assert "error" not in answer, answer
        return answer

    def stored(self, bucket, key):
        return self.boto.get_object(Bucket=bucket, Key=key)["Body"].read()

    def keys(self, bucket):
        pages = self.boto.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def uploads(self, bucket):
        return self.boto.list_multipart_uploads(Bucket=bucket).get("Uploads", [])

    def serve(self, gatehouse, more=""):
        """gatehouse with its objects here."""
        gatehouse.environment.update({name: self.environment[name] for name in self.environment if name != "PATH"})
        gatehouse.configure(f'[backend]\nobject_store = "aws"\n[aws]\nendpoint_url = "{self.url}"\nregion = "{self.region}"\n{more}')


@pytest.fixture(scope="module")
def on_moto(moto):
    return Store(moto, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-west-1")


@pytest.fixture(scope="module")
def on_swift(swift):
    return Store(swift.url, swift_server.KEY_ID, swift_server.SECRET, swift_server.REGION)


@pytest.fixture(scope="module", params=["on_moto", "on_swift"])
def s3(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def bucket(s3, request):
    """A bucket of the test's own, made by us."""
    name = "gatehouse-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:16]
    s3.good("bucket", name)
    return name


def file_of(folder, size, name="data"):
    path = folder / name
    path.write_bytes(random.Random(size).randbytes(size))
    return path


# ---- objects

def test_keys_of_every_kind_are_written_listed_read_copied_and_deleted(on_swift, tmp_path):
    s3, bucket, path = on_swift, "gatehouse-odd-keys", file_of(tmp_path, 1000)
    s3.good("bucket", bucket)
    for key in KEYS:
        s3.good("put", bucket, key, path)
    assert sorted(s3.keys(bucket)) == sorted(KEYS)
    assert sorted(item["key"] for item in s3.good("list", bucket, "")["items"]) == sorted(KEYS)
    for key in KEYS:
        assert s3.stored(bucket, key) == path.read_bytes()
        s3.good("get", bucket, key, tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == path.read_bytes()
        s3.good("copy", bucket, key, bucket, "copy of " + key)
        assert s3.stored(bucket, "copy of " + key) == path.read_bytes()
        s3.good("delete", bucket, key)
    assert sorted(s3.keys(bucket)) == sorted("copy of " + key for key in KEYS)
    assert s3("get", bucket, KEYS[0], tmp_path / "back")["error"] == "not_found"


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 4 * PART + 17])
def test_objects_of_every_size_are_stored_as_they_are(s3, bucket, tmp_path, size):
    path = file_of(tmp_path, size)
    written = s3.good("put", bucket, "big object", path, "sha256")
    assert s3.stored(bucket, "big object") == path.read_bytes()
    assert written["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert written["size_bytes"] == size
    assert written["etag"] == s3.boto.head_object(Bucket=bucket, Key="big object")["ETag"] == s3.good("head", bucket, "big object")["etag"]
    assert s3.uploads(bucket) == []
    s3.good("get", bucket, "big object", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == path.read_bytes()


def test_ranges_and_resumed_reads_insist_on_the_same_object(s3, bucket, tmp_path):
    data = file_of(tmp_path, 2 * PART + 100).read_bytes()
    etag = s3.good("put", bucket, "k", tmp_path / "data")["etag"]
    for offset, length in ((0, 10), (PART - 1, 2), (PART, 0), (len(data) - 1, 0), (len(data), 0), (7, len(data))):
        s3.good("get", bucket, "k", tmp_path / "back", offset, length, etag)
        assert (tmp_path / "back").read_bytes() == (data[offset:offset + length] if length else data[offset:])
    s3.good("put", bucket, "k", file_of(tmp_path, 2 * PART + 101, "other"))
    refused = s3("get", bucket, "k", tmp_path / "back", 10, 0, etag)
    assert (refused["error"], refused["status"]) == ("precondition_failed", 412)


def test_an_upload_that_is_taken_back_leaves_no_parts(s3, bucket, tmp_path):
    s3.good("abort", bucket, "k", file_of(tmp_path, 4 * PART))
    assert s3.keys(bucket) == [] and s3.uploads(bucket) == []


def test_a_copy_above_the_limit_goes_in_parts_and_is_the_same_object(s3, bucket, tmp_path):
    path, limit = file_of(tmp_path, 8 * PART + 1), 8 * PART
    s3.boto.put_object(Bucket=bucket, Key="a b/c", Body=path.read_bytes(), ContentType="text/csv", CacheControl="no-store")
    s3.good(limit, bucket, "a b/c", bucket, "in parts", tool=COPY_TOOL)
    s3.good(limit + 1, bucket, "a b/c", bucket, "whole", tool=COPY_TOOL)
    for key, tag in ("in parts", "-9\""), ("whole", "\""):
        assert s3.stored(bucket, key) == path.read_bytes()
        head = s3.boto.head_object(Bucket=bucket, Key=key)
        assert head["ETag"].endswith(tag) and (key == "whole") == ("-" not in head["ETag"])
        assert head["ContentType"] == "text/csv"
    assert s3.uploads(bucket) == []


def test_a_copy_in_parts_that_is_refused_takes_its_parts_back(s3, bucket, tmp_path):
    s3.good("put", bucket, "from", file_of(tmp_path, 3 * PART))
    refused = s3(PART, bucket, "from", bucket, "to", tool=COPY_TOOL)  # parts that are too small for S3
    assert refused["error"] == "EntityTooSmall" and f"s3://{bucket}/to" in refused["message"]
    assert s3.uploads(bucket) == [] and s3.keys(bucket) == ["from"]
    absent = s3(PART, bucket, "none", bucket, "to", tool=COPY_TOOL)
    assert absent["error"] == "not_found" and f"s3://{bucket}/none" in absent["message"]


def test_many_objects_travel_at_once_and_are_listed_in_order(s3, bucket, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    for number in range(100):
        file_of(folder, number, f"n{number:03}")
    assert s3.good("put-tree", bucket, "in/", folder)["count"] == 100
    (tmp_path / "in").mkdir()
    assert s3.good("get-tree", bucket, "in/", tmp_path / "in")["count"] == 100
    for number in range(100):
        assert (tmp_path / "in" / f"n{number:03}").read_bytes() == (folder / f"n{number:03}").read_bytes()
    items = s3.good("list", bucket, "in/n0")["items"]
    assert [item["key"] for item in items] == [f"in/n{number:03}" for number in range(100)]
    assert [item["size_bytes"] for item in items] == list(range(100))


def test_buckets_are_made_once_and_missing_ones_are_said(s3, bucket, tmp_path):
    s3.good("bucket", bucket)
    assert bucket in [each["Name"] for each in s3.boto.list_buckets()["Buckets"]]
    missing = s3("put", "gatehouse-no-such-bucket", "k", file_of(tmp_path, 10))
    assert missing["error"] == "not_found" and "s3://gatehouse-no-such-bucket/k" in missing["message"]


# ---- listings go over pages

def test_a_listing_goes_on_behind_the_first_page(on_swift, tmp_path):
    on_swift.good("bucket", "gatehouse-pages")
    for number in range(swift_server.PAGE + 3):
        on_swift.boto.put_object(Bucket="gatehouse-pages", Key=f"a&b/{number:04} é", Body=b"x")
    items = on_swift.good("list", "gatehouse-pages", "a&b/")["items"]
    assert [item["key"] for item in items] == [f"a&b/{number:04} é" for number in range(swift_server.PAGE + 3)]


# ---- who, where and when

def test_a_wrong_secret_is_refused_and_ends_a_verb_with_4(on_swift, gatehouse, tmp_path):
    wrong = {"AWS_SECRET_ACCESS_KEY": "not-the-secret"}
    refused = on_swift("put", "gatehouse-any", "k", file_of(tmp_path, 10), **wrong)
    assert (refused["error"], refused["status"]) == ("credentials_refused", 403)
    on_swift.serve(gatehouse)
    result = gatehouse("prepare", "--sample", "--rows", 100, environment=wrong)
    assert result.code == 4
    assert "not-the-secret" not in result.out + result.err


def test_a_wrong_region_is_followed(on_swift, tmp_path):
    on_swift.good("bucket", "gatehouse-elsewhere")
    path = file_of(tmp_path, PART + 10)
    on_swift.good("put", "gatehouse-elsewhere", "k", path, AWS_REGION="eu-west-1")
    assert on_swift.stored("gatehouse-elsewhere", "k") == path.read_bytes()
    on_swift.good("get", "gatehouse-elsewhere", "k", tmp_path / "back", AWS_REGION="ap-south-1")
    assert (tmp_path / "back").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("minutes", [-90, 20])
def test_a_clock_that_is_wrong_is_corrected_unless_that_is_forbidden(on_swift, tmp_path, minutes):
    wrong = {"OBJECT_TOOL_CLOCK_AHEAD_MS": str(minutes * 60000)}
    on_swift.good("bucket", "gatehouse-clock")
    on_swift.good("put", "gatehouse-clock", "k", file_of(tmp_path, PART + 10), **wrong)
    refused = on_swift("head", "gatehouse-clock", "k", **wrong, AWS_DISABLE_CLOCK_SKEW_CORRECTION="true")
    assert refused["status"] == 403
    refused = on_swift("put", "gatehouse-clock", "k", file_of(tmp_path, 10), **wrong, AWS_DISABLE_CLOCK_SKEW_CORRECTION="true")
    assert "RequestTimeTooSkewed" in refused["message"]


def test_a_presigned_url_reads_one_object_for_a_while(on_swift, tmp_path):
    path = file_of(tmp_path, 100)
    on_swift.good("bucket", "gatehouse-presigned")
    on_swift.good("put", "gatehouse-presigned", "a b+c%", path)
    url = on_swift.good("presign", "gatehouse-presigned", "a b+c%", 60)["url"]
    assert urllib.request.urlopen(url).read() == path.read_bytes()
    for bad in (url.replace("b%2Bc", "b%2Bd"), url[:-1] + ("0" if url[-1] != "0" else "1"),
                on_swift.good("presign", "gatehouse-presigned", "a b+c%", 60, OBJECT_TOOL_CLOCK_AHEAD_MS="-120000")["url"]):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(bad)
        assert refused.value.code == 403


# ---- gatehouse itself

def test_prepare_stores_the_same_objects_as_in_the_local_lake(s3, gatehouse):
    local = gatehouse("prepare", "--sample", "--rows", 3000)
    assert local.code == 0, local.err
    s3.serve(gatehouse)
    result = gatehouse("prepare", "--sample", "--rows", 3000, "--format", "json")
    assert result.code == 0, result.err
    lake = gatehouse.state / "lake"
    files = [path for path in lake.rglob("*.csv") if path.is_file()]
    assert files
    for path in files:
        bucket, key = str(path.relative_to(lake)).split("/", 1)
        assert s3.stored(bucket, key) == path.read_bytes()
    report = result.lines[0]["object"]
    assert report["size_bytes"] == len(s3.stored(report["bucket"], report["key"]))


def test_encryption_is_asked_for_as_configured(on_moto, gatehouse):
    on_moto.serve(gatehouse, 's3_encryption = "aws:kms"\ns3_kms_key = "alias/gatehouse"\n')
    result = gatehouse("prepare", "--sample", "--rows", 100, "--format", "json")
    assert result.code == 0, result.err
    report = result.lines[0]["object"]
    head = on_moto.boto.head_object(Bucket=report["bucket"], Key=report["key"])
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"].rsplit("/", 1)[-1]) == ("aws:kms", "gatehouse")
