"""Fixtures that run the real programs, each test in a HOME of its own."""
import json
import os
import subprocess
from pathlib import Path

import pytest

pytest.register_assert_rewrite("terminal")
from terminal import Console

PROGRAMS = Path(os.environ["GATEHOUSE_BIN"])


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Gatehouse:
    """The program with a fresh HOME; `config` is the text of its configuration file."""

    program = str(PROGRAMS / "gatehouse")

    def __init__(self, home):
        self.home = home
        self.config_path = home / "config.toml"
        self.environment = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "GATEHOUSE_STATE_DIR": str(home / "state"),
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    @property
    def state(self):
        return self.home / "state"

    def configure(self, text):
        self.config_path.write_text(text)
        self.environment["GATEHOUSE_CONFIG"] = str(self.config_path)

    def start(self, *arguments, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        environment = {**self.environment, **options.pop("environment", {})}
        return subprocess.Popen([self.program, *map(str, arguments)], env=environment, text=True, cwd=self.home, **options)

    def __call__(self, *arguments, stdin=None, timeout=120, **options):
        if stdin is not None:
            options["stdin"] = subprocess.PIPE
        child = self.start(*arguments, **options)
        out, err = child.communicate(stdin, timeout=timeout)
        return Result(child.returncode, out, err)


@pytest.fixture
def gatehouse(tmp_path):
    made = Gatehouse(tmp_path)
    yield made
    if (made.state / "postgres").exists() or (made.state / "postgres.folder").exists():
        made("local", "destroy")


@pytest.fixture
def state(gatehouse):
    return gatehouse.state


@pytest.fixture
def console(gatehouse):
    """Opens consoles on terminals of their own; runs that are left are stopped at the end."""
    made = []

    def make(*arguments, **options):
        made.append(Console(gatehouse, *arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
    runs = gatehouse("runs", "--format", "json")
    for run in runs.lines if runs.code == 0 else []:
        if run.get("state") == "running":
            gatehouse("stop", run["number"])


@pytest.fixture(scope="session")
def swift(tmp_path_factory):
    """S3 on loopback by a server that verifies every request; its state lives as long as the tests do."""
    from swift_server import Swift
    server = Swift(tmp_path_factory.mktemp("swift"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def moto():
    """AWS on loopback: the URL of all its services. Its state lives as long as the tests do."""
    from moto.server import ThreadedMotoServer
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
