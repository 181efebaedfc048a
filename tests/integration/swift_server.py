"""OpenStack Swift with its S3 API on loopback: a server that really verifies signatures, body hashes, dates and regions."""
import getpass
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

KEY_ID, SECRET, REGION = "test:tester", "testing", "us-east-1"
PAGE = 100  # keys of one answer of a listing
BIN = Path(sys.executable).parent
STORAGE = ("account", "container", "object")

SWIFT = """[swift-hash]
swift_hash_path_suffix = gatehouse
swift_hash_path_prefix = gatehouse
"""
DEFAULT = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {folder}
workers = 0
log_udp_host =
log_level = ERROR
"""
BACK_END = DEFAULT + """devices = {folder}
mount_check = false
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
PROXY = DEFAULT + """[pipeline:main]
pipeline = catch_errors cache listing_formats s3api tempauth copy bulk slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
allowable_clock_skew = 900
max_bucket_listing = """ + str(PAGE) + """
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
""" + "".join(f"[filter:{name}]\nuse = egg:swift#{egg}\n" for name, egg in (
    ("catch_errors", "catch_errors"), ("cache", "memcache"), ("listing_formats", "listing_formats"),
    ("copy", "copy"), ("bulk", "bulk"), ("slo", "slo"), ("dlo", "dlo")))


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def check_attributes(folder):
    """Swift keeps what it knows of an object in the file's extended attributes."""
    probe = folder / "probe"
    probe.touch()
    os.setxattr(probe, "user.gatehouse", b"1")
    probe.unlink()


class Swift:
    def __init__(self, folder):
        check_attributes(folder)
        self.folder = folder
        self.children = []
        ports = free_ports(4)
        self.port = ports[-1]
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "swift.conf").write_text(SWIFT)
        (folder / "d1").mkdir()
        for kind, port in zip(STORAGE, ports):
            self.build_ring(kind, port)
            self.write(kind, port, BACK_END)
        self.write("proxy", self.port, PROXY)

    def write(self, kind, port, text):
        user = getpass.getuser()
        (self.folder / f"{kind}.conf").write_text(text.format(port=port, kind=kind, user=user, folder=self.folder))

    def build_ring(self, kind, port):
        for words in (["create", "4", "1", "1"], ["add", f"r1z1-127.0.0.1:{port}/d1", "1"], ["rebalance"]):
            subprocess.run([BIN / "swift-ring-builder", self.folder / f"{kind}.builder", *words],
                           check=True, stdout=subprocess.DEVNULL)

    def start(self):
        for kind in (*STORAGE, "proxy"):
            with open(self.folder / f"{kind}.log", "w") as log:
                self.children.append(subprocess.Popen(
                    [BIN / f"swift-{kind}-server", self.folder / f"{kind}.conf"], stdout=log, stderr=log))
        for kind in (*STORAGE, "proxy"):
            self.wait_for(kind)

    def wait_for(self, kind):
        port = next(int(line.split("=")[1]) for line in (self.folder / f"{kind}.conf").read_text().splitlines()
                    if line.startswith("bind_port"))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"swift-{kind}-server did not start: {(self.folder / f'{kind}.log').read_text()[-2000:]}")

    def stop(self):
        for child in self.children:
            child.terminate()
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
