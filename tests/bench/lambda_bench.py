"""Cold start on AWS Lambda: from exec of the package's bootstrap to the first response, against a Runtime API of our own,
with the package's loader and libraries: once with objects in a folder in memory, so that neither network nor disk is
measured, and once with an S3 over TLS that knows no bucket, for all that a first connection needs."""
import os
import pathlib
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from common import HERE, gatehouse, say, title

sys.path.insert(0, os.path.join(HERE, "../integration"))
from runtime_api import RuntimeApi, Sandbox

STARTS = 30
MEMORY = "/dev/shm"  # a folder's objects are flushed to the disk; a function's on Lambda go to S3
NAME = "msecindustries-ingest-clean-s3-raw"


def lower_quartile(figures):
    return sorted(figures)[len(figures) // 4]


def processor_ms():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def noting(times, call):
    """`call`, with the time at which it was called put into `times`."""
    return lambda handler: (times.append(time.monotonic()), call(handler))


class EmptyS3:
    """https on loopback: whatever is asked, there is no such bucket. The package is given its certificate."""

    def __init__(self, folder, task):
        key, self.certificate = folder / "key.pem", folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", self.certificate, "-days", "1", "-subj", "/CN=bench",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        name = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", self.certificate], check=True,
                              capture_output=True, text=True).stdout.strip()
        shutil.copy(self.certificate, task / "etc/certificates" / f"{name}.0")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        body = b"<Error><Code>NoSuchBucket</Code><Message>there is none</Message></Error>"
        head = f"HTTP/1.1 404 Not Found\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        while True:
            peer, _ = self.socket.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                with self.context.wrap_socket(peer, server_side=True) as connection:
                    connection.recv(65536)
                    connection.sendall(head + body)
                    connection.recv(1)
            except OSError:
                pass  # it is gone


def cold_start(sandbox, event, expected, **environment):
    """Milliseconds to the first `next`, to the first response, and of processor time in all."""
    api = RuntimeApi()
    asked, answered = [], []
    api.next, api.answered = noting(asked, api.next), noting(answered, api.answered)
    api.events.put(event)
    used, started = processor_ms(), time.monotonic()
    child = sandbox.start(api.address, NAME, **environment)
    kind, result, _ = api.answers.get(timeout=60)
    child.kill()
    child.communicate()
    api.close()
    assert kind == expected, result
    return (asked[0] - started) * 1000, (answered[0] - started) * 1000, processor_ms() - used


def cold_starts(*arguments, **environment):
    """The lower quartile of each."""
    figures = [cold_start(*arguments, **environment) for _ in range(STARTS)]
    return [lower_quartile(column) for column in zip(*figures)]


def lake_in_memory(home):
    """A folder to be removed, and the copy of the lake in it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-bench-", dir=MEMORY if os.path.isdir(MEMORY) else home))
    return folder, shutil.copytree(home / "state/lake", folder / "lake")


def cold(folder):
    title(f"cold start of a function on Lambda, of the package: lower quartile of {STARTS}")
    home = pathlib.Path(folder)
    gatehouse(folder, "prepare", "--sample", "--rows", "100", check=True)
    packed = gatehouse(folder, "functions", "package", "--output", str(home / "functions.zip"), check=True)
    sandbox = Sandbox(home / "functions.zip", home / "root")
    sandbox.is_rooted, sandbox.task_root = False, str(sandbox.task)  # the lake is outside
    event = (b'{"source":{"bucket":"msecindustries-raw","prefix":"source1/"},'
             b'"destination":{"bucket":"msecindustries-cleaned","prefix":"bench/"}}')
    memory, lake = lake_in_memory(home)
    try:
        asked, ours, used = cold_starts(sandbox, event, "response", GATEHOUSE_LAKE=str(lake))
    finally:
        shutil.rmtree(memory)
    _, over_tls, used_tls = cold_starts(
        sandbox, event, "error", AWS_ENDPOINT_URL=EmptyS3(home, sandbox.task).url, AWS_ACCESS_KEY_ID="AKIDEXAMPLE",
        AWS_SECRET_ACCESS_KEY="secret")
    say("exec to asking for the first event", f"{asked:.1f} ms")
    peers = []
    for _ in range(5):
        started = time.monotonic()
        subprocess.run([sys.executable, "-c", "import pandas"], check=True)
        peers.append((time.monotonic() - started) * 1000)
    peer = lower_quartile(peers)
    say("exec to the first response (100 rows cleaned)", f"{ours:.1f} ms", "<= 30 ms", f"import pandas {peer:.0f} ms",
        peer / ours)
    say("exec to the first response (S3 over TLS, no bucket)", f"{over_tls:.1f} ms", "<= 30 ms")
    say("processor time of the two", f"{used:.1f} ms, {used_tls:.1f} ms")
    say("the package", packed.stdout.split(": ", 1)[1].splitlines()[0])
