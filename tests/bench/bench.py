"""Figures of gatehouse beside named peers, as ratios of the same run. Nothing here is a test.

usage: bench.py [SECTION...]   sections: chain start run data linear sign s3 polls lambda console (default: all)
  GATEHOUSE_RAW_CSV   the raw data set of section `run` (default: the built-in sample, 30,000 rows)
  BENCH_ROWS          rows of section `data` (default 10,000,000)
  BENCH_JOBS          training jobs of section `polls` (default 1,000: about 200 seconds)
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from aws_bench import polls, s3
from common import BIN, DATA_BENCH, GATEHOUSE, HERE, MIB, SIGV4_BENCH, environment, gatehouse, pss, say, title
from console_bench import console
from lambda_bench import cold


def our_processes(folder):
    """Processes of this run: their program is ours, or their environment names the run's folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            exe = os.readlink(f"/proc/{pid}/exe")
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read()
        except OSError:
            continue
        is_postgres = os.path.basename(exe) == "postgres" and folder.encode() in words
        if exe.startswith(BIN) or is_postgres:
            found.append((int(pid), is_postgres))
    return found


def run_and_watch(argv, folder, stdout):
    """Seconds, exit code, and the peak memory (proportional set size) over all processes of the run."""
    started = time.monotonic()
    child = subprocess.Popen(argv, env=environment(folder), stdout=stdout, stderr=subprocess.DEVNULL)
    peak = 0
    while child.poll() is None:
        peak = max(peak, sum(pss(pid) for pid, is_postgres in our_processes(folder) if not is_postgres))
        time.sleep(0.01)
    return time.monotonic() - started, child.returncode, peak


def chain_config(folder, stages):
    path = os.path.join(folder, f"chain-{stages}.toml")
    with open(path, "w") as file:
        file.write("[database]\nmirror = false\n")
        for number in range(stages):
            after = f'after = ["s{number - 1}"]\n' if number else ""
            file.write(f'[[stage]]\nname = "s{number}"\nkind = "noop"\n{after}')
    return path


def stage_gaps(lines):
    """Milliseconds from one stage's success to the next one's, as the reader of the stream sees them."""
    ends = [at for at, event in lines if event["type"] == "stage.state" and event["to"] == "success"]
    return sorted((b - a) * 1000 for a, b in zip(ends, ends[1:]))


def read_stream(argv, folder):
    child = subprocess.Popen(argv, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    lines = []
    for line in child.stdout:
        lines.append((time.monotonic(), json.loads(line)))
    _, status, usage = os.wait4(child.pid, 0)
    return lines, usage.ru_maxrss * 1024


def chain(folder):
    title("a chain of no-op stages, every hop durable (synchronous=FULL)")
    for stages in (40, 400):
        lines, peak = read_stream(
            [GATEHOUSE, "--config", chain_config(folder, stages), "--batch", "--format", "json"], folder
        )
        gaps = stage_gaps(lines)
        say(f"{stages} stages: p50 a stage", f"{statistics.median(gaps):.2f} ms", "<= 2 ms")
        say(f"{stages} stages: p99 a stage", f"{gaps[int(len(gaps) * 0.99)]:.2f} ms", "<= 10 ms")
        say(f"{stages} stages: runner's peak memory", f"{peak / MIB:.1f} MiB", "<= 32 MiB")


def start(folder):
    title("from exec to the first stage of --batch")
    config = chain_config(folder, 1)
    figures = []
    for _ in range(20):
        started = time.monotonic()
        lines, _ = read_stream([GATEHOUSE, "--config", config, "--batch", "--format", "json"], folder)
        first = next(at for at, event in lines if event["type"] == "stage.state")
        figures.append((first - started) * 1000)
    say("median of 20", f"{statistics.median(figures):.1f} ms", "<= 50 ms")
    peers = []
    for _ in range(5):
        started = time.monotonic()
        subprocess.run([sys.executable, "-c", "import pandas"], check=True)
        peers.append((time.monotonic() - started) * 1000)
    peer = statistics.median(peers)
    say("", "", "", f"import pandas {peer:.0f} ms", peer / statistics.median(figures))


def raw_csv(folder):
    given = os.environ.get("GATEHOUSE_RAW_CSV")
    if given:
        return os.path.abspath(given)
    path = os.path.join(folder, "raw.csv")
    subprocess.run([DATA_BENCH, "sample", "30000", "20", path], check=True, stdout=subprocess.DEVNULL)
    return path


def run(folder):
    title("the full local run, 30,000 rows, cluster running")
    raw = raw_csv(folder)
    prepared = gatehouse(folder, "prepare", raw)
    if prepared.returncode != 0:
        sys.exit(prepared.stderr)
    seconds, peaks = [], []
    for _ in range(5):
        with open(os.path.join(folder, "stream.json"), "wb") as stream:
            took, code, peak = run_and_watch([GATEHOUSE, "--batch", "--format", "json"], folder, stream)
        if code != 0:
            sys.exit(f"the run ended with {code}")
        seconds.append(took)
        peaks.append(peak)
    result = json.loads(open(os.path.join(folder, "stream.json")).readlines()[-1])
    peer = json.loads(subprocess.run(
        [sys.executable, os.path.join(HERE, "peers/python_pipeline.py"), raw, os.path.join(folder, "peer")],
        check=True, capture_output=True, text=True,
    ).stdout)
    ours = statistics.median(seconds)
    say("median of 5 runs", f"{ours:.2f} s", "<= 1.5 s", f"pandas+xgboost {peer['run_s']:.2f} s", peer["run_s"] / ours)
    say("peak memory of our processes", f"{max(peaks) / MIB:.0f} MiB", "<= 200 MiB",
        f"{peer['peak_rss_mib']:.0f} MiB", peer["peak_rss_mib"] / (max(peaks) / MIB))
    say("accuracy on the test split", f"{result['metrics']['accuracy']:.4f}", "", f"{peer['accuracy']:.4f}")
    gatehouse(folder, "local", "stop")


def timed(argv):
    started = time.monotonic()
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise RuntimeError(f"{argv[0]} ended with {status}")
    return time.monotonic() - started, usage.ru_maxrss * 1024, text


def make_sources(folder, rows):
    raw = os.path.join(folder, "raw.csv")
    subprocess.run([DATA_BENCH, "sample", str(rows), "20", raw], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([DATA_BENCH, "prepare", raw, folder], check=True, stdout=subprocess.DEVNULL)
    os.unlink(raw)


def clean_and_merge(folder):
    clean_s, clean_peak, _ = timed([DATA_BENCH, "clean", folder])
    merge_s, merge_peak, _ = timed([DATA_BENCH, "merge", folder])
    return clean_s + merge_s, max(clean_peak, merge_peak)


def data(folder):
    rows = int(os.environ.get("BENCH_ROWS", "10000000"))
    title(f"cleaning and merging {rows:,} sample rows, one thread")
    make_sources(folder, rows)
    ours, peak = clean_and_merge(folder)
    bound = 64 * MIB + 32 * rows
    say("gatehouse", f"{ours:.1f} s", "faster than each peer")
    say("peak memory", f"{peak / MIB:.0f} MiB", f"<= {bound / MIB:.0f} MiB")
    sources = [os.path.join(folder, name) for name in ("transactions.csv", "profiles.csv")]
    for library in ("pandas", "polars", "duckdb"):
        out = os.path.join(folder, library)
        peer = subprocess.run(
            [sys.executable, os.path.join(HERE, "peers/clean_merge.py"), library, *sources, out, "1"],
            capture_output=True, text=True,
        )
        shutil.rmtree(out, ignore_errors=True)
        if peer.returncode != 0:
            say("", "", "", f"{library} failed: {peer.returncode}")
            continue
        figures = json.loads(peer.stdout)
        say("", "", "", f"{library} {figures['seconds']:.1f} s", figures["seconds"] / ours)
        say("", "", "", f"{library} {figures['peak_rss_mib']:.0f} MiB", figures["peak_rss_mib"] * MIB / peak)


def linear(folder):
    title("cleaning and merging, microseconds a row by size")
    for rows in (10_000, 100_000, 1_000_000, 10_000_000):
        make_sources(folder, rows)
        seconds, peak = clean_and_merge(folder)
        say(f"{rows:,} rows", f"{seconds / rows * 1e6:.2f} us a row", "flat", f"{peak / MIB:.0f} MiB")


def sign(folder):
    title("signing requests (SigV4), one core")
    ours = json.loads(subprocess.run([SIGV4_BENCH, "3"], check=True, capture_output=True, text=True).stdout)
    peer = json.loads(subprocess.run(
        [sys.executable, os.path.join(HERE, "peers/sign.py"), "3"], check=True, capture_output=True, text=True,
    ).stdout)
    say("signatures a second", f"{ours['per_second']:,.0f}", ">= 200,000", f"botocore {peer['per_second']:,.0f}",
        ours["per_second"] / peer["per_second"])


SECTIONS = {"chain": chain, "start": start, "run": run, "data": data, "linear": linear, "sign": sign, "s3": s3,
            "polls": polls, "lambda": cold, "console": console}


def main():
    for name in sys.argv[1:] or SECTIONS:
        folder = tempfile.mkdtemp(prefix="gatehouse-bench-", dir=os.environ.get("BENCH_FOLDER"))
        try:
            SECTIONS[name](folder)
        finally:
            gatehouse(folder, "local", "stop")
            shutil.rmtree(folder, ignore_errors=True)


main()
