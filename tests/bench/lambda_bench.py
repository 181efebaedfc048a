"""Cold start on AWS Lambda: from exec of the package's bootstrap to the first response, against a Runtime API of our own,
with the package's loader and libraries; objects in a folder, so that no network is measured."""
import os
import pathlib
import statistics
import subprocess
import sys
import time

from common import HERE, gatehouse, say, title

sys.path.insert(0, os.path.join(HERE, "../integration"))
from runtime_api import RuntimeApi, Sandbox

STARTS = 20
NAME = "msecindustries-ingest-clean-s3-raw"


def cold_start(sandbox, lake, event):
    """Milliseconds to the first `next`, and to the response."""
    api = RuntimeApi()
    asked = []
    answer_next = api.next
    api.next = lambda handler: (asked.append(time.monotonic()), answer_next(handler))
    api.events.put(event)
    started = time.monotonic()
    child = sandbox.start(api.address, NAME, GATEHOUSE_LAKE=str(lake))
    kind, result, _ = api.answers.get(timeout=60)
    ended = time.monotonic()
    child.kill()
    child.communicate()
    api.close()
    assert kind == "response", result
    return (asked[0] - started) * 1000, (ended - started) * 1000


def cold(folder):
    title("cold start of a function on Lambda, of the package")
    home = pathlib.Path(folder)
    gatehouse(folder, "prepare", "--sample", "--rows", "100", check=True)
    packed = gatehouse(folder, "functions", "package", "--output", str(home / "functions.zip"), check=True)
    sandbox = Sandbox(home / "functions.zip", home / "root")
    sandbox.is_rooted, sandbox.task_root = False, str(sandbox.task)  # the lake is outside
    event = (b'{"source":{"bucket":"msecindustries-raw","prefix":"source1/"},'
             b'"destination":{"bucket":"msecindustries-cleaned","prefix":"bench/"}}')
    figures = [cold_start(sandbox, home / "state/lake", event) for _ in range(STARTS)]
    say("exec to asking for the first event, median of 20", f"{statistics.median(f[0] for f in figures):.1f} ms")
    ours = statistics.median(f[1] for f in figures)
    peers = []
    for _ in range(5):
        started = time.monotonic()
        subprocess.run([sys.executable, "-c", "import pandas"], check=True)
        peers.append((time.monotonic() - started) * 1000)
    peer = statistics.median(peers)
    say("exec to the first response (100 rows cleaned)", f"{ours:.1f} ms", "<= 30 ms", f"import pandas {peer:.0f} ms",
        peer / ours)
    say("the package", packed.stdout.split(": ", 1)[1].splitlines()[0])
