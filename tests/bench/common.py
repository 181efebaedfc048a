"""What every section of the bench shares: where the programs are, how a figure is printed, memory of a process."""
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.path.abspath("build/release")
GATEHOUSE = os.path.join(BIN, "gatehouse")
DATA_BENCH = os.path.join(BIN, "tests/bench/data_bench")
SIGV4_BENCH = os.path.join(BIN, "tests/bench/sigv4_bench")
MIB = 1024 * 1024


def say(what, figure, target="", peer="", ratio=None):
    times = "" if ratio is None else f"{ratio:6.1f}x"
    print(f"{what:<52} {figure:>22} {target:>20} {peer:>26} {times}", flush=True)


def title(text):
    print(f"\n-- {text}")
    say("what", "figure", "target", "peer", None)


def environment(folder):
    return {
        "HOME": folder, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC",
        "GATEHOUSE_STATE_DIR": os.path.join(folder, "state"),
    }


def pss(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def gatehouse(folder, *arguments, **options):
    return subprocess.run([GATEHOUSE, *arguments], env=environment(folder), capture_output=True, text=True, **options)
