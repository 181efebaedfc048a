"""Cold start on AWS Lambda: from exec of the package's bootstrap to the first response, against a Runtime API of our own,
with the package's loader and libraries; objects in a folder in memory, so that neither network nor disk is measured."""
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
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


def cold_start(sandbox, lake, event):
    """Milliseconds to the first `next`, to the first response, and of processor time in all."""
    api = RuntimeApi()
    asked, answered = [], []
    api.next, api.answered = noting(asked, api.next), noting(answered, api.answered)
    api.events.put(event)
    used, started = processor_ms(), time.monotonic()
    child = sandbox.start(api.address, NAME, GATEHOUSE_LAKE=str(lake))
    kind, result, _ = api.answers.get(timeout=60)
    child.kill()
    child.communicate()
    api.close()
    assert kind == "response", result
    return (asked[0] - started) * 1000, (answered[0] - started) * 1000, processor_ms() - used


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
        figures = [cold_start(sandbox, lake, event) for _ in range(STARTS)]
    finally:
        shutil.rmtree(memory)
    asked, ours, used = (lower_quartile(column) for column in zip(*figures))
    say("exec to asking for the first event", f"{asked:.1f} ms")
    peers = []
    for _ in range(5):
        started = time.monotonic()
        subprocess.run([sys.executable, "-c", "import pandas"], check=True)
        peers.append((time.monotonic() - started) * 1000)
    peer = lower_quartile(peers)
    say("exec to the first response (100 rows cleaned)", f"{ours:.1f} ms", "<= 30 ms", f"import pandas {peer:.0f} ms",
        peer / ours)
    say("processor time of it", f"{used:.1f} ms")
    say("the package", packed.stdout.split(": ", 1)[1].splitlines()[0])
