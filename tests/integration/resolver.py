"""A name whose lookups end as a test says, in our own programs; see resolver.c."""
import os
import shlex
import struct
import subprocess
from pathlib import Path

NAME = "aws.test"


def build(folder):
    """The library for LD_PRELOAD."""
    made = folder / "resolver.so"
    subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", made,
                    Path(__file__).with_name("resolver.c"), "-ldl"], check=True)
    return made


class Lookups:
    """Of `every` lookups one fails, the one number `offset`; with every=1 all do."""

    def __init__(self, library, counts, every, offset, hang_s=0):
        self.counts = counts
        options = os.environ.get("ASAN_OPTIONS", "")  # which wants to be the first library otherwise
        self.environment = {
            "LD_PRELOAD": str(library), "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0".lstrip(":"),
            "RESOLVER_NAME": NAME, "RESOLVER_COUNTS": str(counts), "RESOLVER_EVERY": str(every),
            "RESOLVER_OFFSET": str(offset), "RESOLVER_HANG_S": str(hang_s),
        }

    @property
    def asked_and_failed(self):
        data = self.counts.read_bytes() if self.counts.exists() else b""
        return struct.unpack("=qq", data) if data else (0, 0)
