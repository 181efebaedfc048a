"""S3 over loopback beside the AWS CLI and boto3's transfer manager, and what following 1,000 training jobs costs."""
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from common import BIN, HERE, MIB, say, title

TOOLS = os.path.join(BIN, "tests/tools")
TOOL = os.path.join(TOOLS, "object_tool")
AWS_CLI = os.path.join(os.path.dirname(sys.executable), "aws")
BOTO3 = [sys.executable, os.path.join(HERE, "peers/s3_boto3.py")]
LARGE_BYTES, SMALL_COUNT, SMALL_BYTES = 1 << 30, 5000, 4096
ROUNDS = 3  # of the large ones; a round of the small ones takes the peers long enough
JOBS = int(os.environ.get("BENCH_JOBS", "1000"))
POLLS_A_SECOND, BURST = 5, 10


def aws_environment(folder, url):
    return {
        "HOME": folder, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "AWS_ENDPOINT_URL": url, "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def memory_folder(folder):
    """For what is downloaded, where there is room: writing to the disk is not what is measured."""
    memory = "/dev/shm"
    has_room = os.path.isdir(memory) and shutil.disk_usage(memory).free > 2 * LARGE_BYTES
    return tempfile.mkdtemp(prefix="gatehouse-s3-", dir=memory if has_room else folder)


def make_objects(folder):
    """Files of the disk, in its cache by then: reading the disk is not what is measured."""
    bucket = os.path.join(folder, "bucket")
    os.makedirs(os.path.join(bucket, "small"))
    with open(os.path.join(bucket, "large"), "wb") as file:
        for _ in range(LARGE_BYTES // (16 * MIB)):
            file.write(os.urandom(16 * MIB))
    for number in range(SMALL_COUNT):
        with open(os.path.join(bucket, "small", f"{number:05}"), "wb") as file:
            file.write(os.urandom(SMALL_BYTES))
    os.sync()  # not while others are measured
    return bucket


class Client:
    """How one program does each transfer, and what it took: seconds, processor seconds, peak memory."""

    def __init__(self, name, commands, environment):
        self.name, self.commands, self.environment = name, commands, environment
        self.took = {}

    def run(self, what, target):
        if os.path.isdir(target):
            shutil.rmtree(target)
        elif os.path.exists(target):
            os.unlink(target)
        if what == "get small":
            os.makedirs(target)
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        child = subprocess.run(self.commands[what], env=self.environment, capture_output=True, text=True)
        seconds = time.monotonic() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if child.returncode != 0:
            raise RuntimeError(f"{self.name}: {what}: {child.stdout[-500:]} {child.stderr[-500:]}")
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        peak = json.loads(child.stdout)["peak_bytes"] if child.stdout.startswith("{") else 0
        self.took.setdefault(what, []).append((seconds, used, peak))

    def middle(self, what, column):
        return statistics.median(figures[column] for figures in self.took[what])


def clients(bucket, target, environment):
    large, small = os.path.join(bucket, "large"), os.path.join(bucket, "small")

    def commands(put, get, put_small, get_small):
        return {"put 1 GiB": put, "get 1 GiB": get, "put small": put_small, "get small": get_small}

    cli = [AWS_CLI, "s3", "cp", "--quiet"]
    return [
        Client("gatehouse", commands(
            [TOOL, "put", "bucket", "up", large], [TOOL, "get", "bucket", "large", target],
            [TOOL, "put-tree", "bucket", "up/", small], [TOOL, "get-tree", "bucket", "small/", target]), environment),
        Client("boto3", commands(
            [*BOTO3, "put", "bucket", "up", large], [*BOTO3, "get", "bucket", "large", target],
            [*BOTO3, "put-tree", "bucket", "up/", small], [*BOTO3, "get-tree", "bucket", "small/", target]), environment),
        Client("AWS CLI", commands(
            [*cli, large, "s3://bucket/up"], [*cli, "s3://bucket/large", target],
            [*cli, "--recursive", small, "s3://bucket/up/"], [*cli, "--recursive", "s3://bucket/small/", target]), environment),
    ]


def s3(folder):
    title(f"S3 over loopback: 1 GiB, and {SMALL_COUNT:,} objects of {SMALL_BYTES:,} bytes; the middle of {ROUNDS} rounds, or one")
    place = memory_folder(folder)
    try:
        bucket = make_objects(folder)
        target = os.path.join(place, "target")
        server = subprocess.Popen([os.path.join(TOOLS, "s3_server"), folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True)
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        programs = clients(bucket, target, aws_environment(folder, url))
        for what in programs[0].commands:
            for _ in range(ROUNDS if "GiB" in what else 1):  # in turn, so that a noisy minute is everybody's
                for program in programs:
                    program.run(what, target)
            report(what, programs)
        identity(programs[0], os.path.join(bucket, "large"), target)
        server.stdin.close()
        server.wait()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def identity(ours, large, target):
    """As the pipeline does it: the digest of the whole object is its identity, a second pass over its bytes."""
    what = "put 1 GiB, and its digest"
    ours.commands[what] = [TOOL, "put", "bucket", "up", large, "sha256"]
    for _ in range(ROUNDS):
        ours.run(what, target)
    report(what, [ours])


def report(what, programs):
    ours, *peers = programs
    seconds, used = ours.middle(what, 0), ours.middle(what, 1)
    say(what, f"{seconds:.2f} s", ">= 3 x each peer" if peers else "")
    for peer in peers:
        say("", "", "", f"{peer.name} {peer.middle(what, 0):.2f} s", peer.middle(what, 0) / seconds)
    say(f"{what}: processor time", f"{used:.2f} s")
    for peer in peers:
        say("", "", "", f"{peer.name} {peer.middle(what, 1):.2f} s", peer.middle(what, 1) / used)
    say(f"{what}: peak memory", f"{max(figures[2] for figures in ours.took[what]) / MIB:.0f} MiB", "<= 64 MiB")


# ---- polls

class Describer(BaseHTTPRequestHandler):
    """Every training job is in progress."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        name = json.loads(self.rfile.read(int(self.headers["content-length"])))["TrainingJobName"]
        body = json.dumps({"TrainingJobName": name, "TrainingJobStatus": "InProgress", "SecondaryStatus": "Training",
                           "CreationTime": 1795361968.5}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def polls(folder):
    title(f"one round of descriptions of {JOBS:,} training jobs in one process")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Describer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    child = subprocess.run(
        [os.path.join(BIN, "tests/bench/polls_bench"), str(JOBS), os.path.join(folder, "polls")],
        env=aws_environment(folder, f"http://127.0.0.1:{server.server_port}"), capture_output=True, text=True)
    server.shutdown()
    if child.returncode != 0:
        raise RuntimeError(child.stderr)
    figures = json.loads(child.stdout)
    say("requests a second, in all", f"{figures['jobs'] / figures['seconds']:.2f}", f"<= {POLLS_A_SECOND} + burst of {BURST}")
    say("requests in the busiest second", f"{figures['busiest_second']}", f"<= {POLLS_A_SECOND + BURST}")
    say("processor", f"{100 * figures['processor_seconds'] / figures['seconds']:.2f} %", "<= 1 %")
