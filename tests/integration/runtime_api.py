"""The Runtime API of AWS Lambda on loopback, strict: an event must be answered before the next one is asked for, answers
are limited in size, errors have a type of the form that Lambda takes. And the package, unpacked and started as there."""
import json
import os
import queue
import re
import shutil
import subprocess
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RESPONSE_MAX = 6 * 1024 * 1024 + 100
ERROR_TYPE = re.compile(r"(Runtime|Function)\.[A-Z][A-Za-z]+")


class RuntimeApi:
    """`invoke(event)` gives (path's last word, body, headers) of the answer; `complaints` says what Lambda would refuse."""

    def __init__(self, response_max=RESPONSE_MAX, timeout_s=60):
        api = self
        self.events, self.answers = queue.Queue(), queue.Queue()
        self.complaints, self.statuses = [], []
        self.current, self.count = None, 0
        self.response_max, self.timeout_s = response_max, timeout_s

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one segment, as nobody waits for an acknowledgement on Lambda either

            def do_GET(self):
                api.next(self)

            def do_POST(self):
                api.answered(self)

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # it is gone

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server.server_port}"

    def close(self):
        self.events.put(None)
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def send(self, handler, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.statuses.append(status)
        handler.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(data))), *headers):
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    def refuse(self, handler, status, error_type):
        self.complaints.append((status, error_type))
        self.send(handler, status, {"errorType": error_type, "errorMessage": "refused"})

    def next(self, handler):
        if handler.path != "/2018-06-01/runtime/invocation/next":
            return self.refuse(handler, 404, "NotFound")
        if self.current is not None:
            return self.refuse(handler, 403, "InvalidStateTransition")
        event = self.events.get()
        if event is None:
            handler.close_connection = True
            return None
        self.count += 1
        self.current = f"8476a536-e9f4-11e8-9739-{self.count:012d}"
        return self.send(handler, 200, event, (
            ("Lambda-Runtime-Aws-Request-Id", self.current),
            ("Lambda-Runtime-Deadline-Ms", str(int((time.time() + self.timeout_s) * 1000))),
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f"),
            ("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1")))

    def answered(self, handler):
        body = handler.rfile.read(int(handler.headers["content-length"]))
        words = handler.path.split("/")
        kind = words[-1]
        if handler.path == "/2018-06-01/runtime/init/error" and self.current is None and self.count == 0:
            kind = "init"
        elif words[:4] != ["", "2018-06-01", "runtime", "invocation"] or kind not in ("response", "error"):
            return self.refuse(handler, 404, "NotFound")
        elif words[4] != self.current:
            return self.refuse(handler, 400 if self.current else 403,
                               "InvalidRequestID" if self.current else "InvalidStateTransition")
        if kind == "response" and len(body) > self.response_max:
            return self.refuse(handler, 413, "RequestEntityTooLarge")
        if kind != "response" and not ERROR_TYPE.fullmatch(handler.headers["Lambda-Runtime-Function-Error-Type"] or ""):
            self.complaints.append((0, "error type"))
        self.current = None
        self.send(handler, 202, {"status": "OK"})
        self.answers.put((kind, json.loads(body), handler.headers))
        return None

    def invoke(self, event, timeout=60):
        self.events.put(event if isinstance(event, bytes) else json.dumps(event).encode())
        return self.answers.get(timeout=timeout)


class Sandbox:
    """A folder that is the whole world of the package: as root it is the root folder; else only nothing of the environment
    is left, and the bundled loader and libraries are what runs."""

    def __init__(self, package, folder):
        self.is_rooted = os.geteuid() == 0
        self.root = folder
        self.task = folder / "var/task"
        self.task.mkdir(parents=True)
        (folder / "tmp").mkdir()
        with zipfile.ZipFile(package) as archive:
            for item in archive.infolist():
                os.chmod(archive.extract(item, self.task), item.external_attr >> 16)
        self.task_root = "/var/task" if self.is_rooted else str(self.task)

    def start(self, api, handler, **environment):
        environment = {"LAMBDA_TASK_ROOT": self.task_root, "AWS_LAMBDA_RUNTIME_API": api, "_HANDLER": handler,
                       "AWS_REGION": "us-east-1", "ASAN_OPTIONS": "detect_leaks=0", **environment}
        enter = (shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin"), str(self.root)) if self.is_rooted else ()
        return subprocess.Popen((*enter, f"{self.task_root}/bootstrap"), env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
