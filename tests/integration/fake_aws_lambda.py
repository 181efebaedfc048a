"""Lambda that runs our own programs: each invocation is a process of its own with a Runtime API of its own. Part of fake_aws.py."""
import base64
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import threading
import time
import uuid
import zipfile
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

from fake_aws_wire import Answer, QuietServer, Refusal

ROLE = "arn:aws:iam::123456789012:role/functions"
NAMES = ("msecindustries-ingest-clean-s3-raw", "msecindustries-ingest-clean-rds", "msecindustries-merge-prep-train-data")
OPERATIONS = [
    ("GET", r"/2015-03-31/functions/?", "ListFunctions"),
    ("POST", r"/2015-03-31/functions/?", "CreateFunction"),
    ("GET", r"/2015-03-31/functions/([^/]+)", "GetFunction"),
    ("GET", r"/2015-03-31/functions/([^/]+)/configuration", "GetFunctionConfiguration"),
    ("PUT", r"/2015-03-31/functions/([^/]+)/configuration", "UpdateFunctionConfiguration"),
    ("PUT", r"/2015-03-31/functions/([^/]+)/code", "UpdateFunctionCode"),
    ("POST", r"/2015-03-31/functions/([^/]+)/invocations", "Invoke"),
]


class Function:
    def __init__(self, name, program, environment):
        self.name, self.program, self.environment = name, program, environment
        self.timeout_s, self.memory_mb, self.state, self.update = 600, 1024, "Active", "Successful"
        self.code_sha256, self.role, self.vpc = "", ROLE, {}

    def configuration(self):
        return {"FunctionName": self.name, "FunctionArn": f"arn:aws:lambda:eu-central-1:123456789012:function:{self.name}",
                "Runtime": "provided.al2023", "Role": self.role, "Handler": self.name, "Timeout": self.timeout_s,
                "MemorySize": self.memory_mb, "State": self.state, "LastUpdateStatus": self.update, "Version": "$LATEST",
                "PackageType": "Zip", "Architectures": ["x86_64"], "CodeSha256": self.code_sha256,
                "Environment": {"Variables": self.environment}, "VpcConfig": self.vpc, "LastModified": "2026-01-02T03:04:05.000+0000"}


class Lambda:
    def __init__(self, aws):
        self.aws = aws
        self.table = {}
        self.invocations = []  # (name, event)
        self.keys = ("", "", "")  # key id, secret, token of the functions' role
        self.keys_of = {}  # name -> those of a function with a role of its own
        self.page = 2

    def add(self, name, environment=None):
        self.table[name] = Function(name, str(self.aws.programs / "gatehouse-function"), environment or {})
        return self.table[name]

    def operation(self, call):
        for method, form, name in OPERATIONS:
            found = re.fullmatch(form, call.path)
            if found and method == call.method:
                call.function = unquote(found.group(1)) if found.groups() else None
                dry = call.headers.get("x-amz-invocation-type") == "DryRun"
                return "DryRun" if name == "Invoke" and dry else name
        return ""

    def handle(self, call):
        name = getattr(call, "function", None)
        if call.operation == "":
            raise Refusal("UnknownOperationException", 404)
        if name is not None and name not in self.table:
            raise Refusal("ResourceNotFoundException", 404, f"Function not found: {name}")
        return getattr(self, call.operation)(call, self.table.get(name))

    def ListFunctions(self, call, _):
        names = sorted(self.table)
        first = int(call.query.get("Marker", "0"))
        answer = {"Functions": [self.table[name].configuration() for name in names[first:first + self.page]]}
        if first + self.page < len(names):
            answer["NextMarker"] = str(first + self.page)
        return Answer(200, answer)

    def GetFunction(self, call, function):
        return Answer(200, {"Configuration": function.configuration(), "Code": {"RepositoryType": "S3"}})

    def GetFunctionConfiguration(self, call, function):
        return Answer(200, function.configuration())

    def DryRun(self, call, function):
        return Answer(204)

    def Invoke(self, call, function):
        event = json.loads(call.body)
        self.invocations.append((function.name, event))
        result, failure, log = Invocation(self, function, call.body).run()
        headers = {"x-amz-executed-version": "$LATEST", "content-type": "application/json"}
        if failure:
            headers["x-amz-function-error"] = failure
        if call.headers.get("x-amz-log-type") == "Tail":
            headers["x-amz-log-result"] = base64.b64encode(log[-4096:]).decode()
        return Answer(200, result, headers)

    # ---- deployment

    def configure(self, function, request):
        function.timeout_s = request.get("Timeout", function.timeout_s)
        function.memory_mb = request.get("MemorySize", function.memory_mb)
        function.role = request.get("Role", function.role)
        function.vpc = request.get("VpcConfig", function.vpc)
        if "Environment" in request:
            function.environment = request["Environment"]["Variables"]

    def unpack(self, function, code):
        """Runs what was packed, not what was built."""
        data = self.aws.s3.buckets[code["S3Bucket"]][code["S3Key"]].data if "S3Bucket" in code else base64.b64decode(code["ZipFile"])
        function.code_sha256 = base64.b64encode(hashlib.sha256(data).digest()).decode()
        folder = self.aws.folder / "functions" / function.name
        shutil.rmtree(folder, ignore_errors=True)
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            packed.extractall(folder)
            for entry in packed.infolist():
                os.chmod(folder / entry.filename, (entry.external_attr >> 16) & 0o777 or 0o644)
        function.program = str(folder / "bootstrap")

    def CreateFunction(self, call, _):
        request = json.loads(call.body)
        function = self.add(request["FunctionName"])
        self.configure(function, request)
        self.unpack(function, request["Code"])
        return Answer(201, function.configuration())

    def UpdateFunctionConfiguration(self, call, function):
        self.configure(function, json.loads(call.body))
        return Answer(200, function.configuration())

    def UpdateFunctionCode(self, call, function):
        self.unpack(function, json.loads(call.body))
        return Answer(200, function.configuration())


class Invocation:
    """One event, one process."""

    def __init__(self, service, function, event):
        self.service, self.function, self.event = service, function, event
        self.id = str(uuid.uuid4())
        self.answered = threading.Event()
        self.result, self.failure, self.given = None, None, False

    def handler_class(invocation):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self, status, body=b"", headers=None):
                self.send_response(status)
                for name, value in {"content-length": len(body), **(headers or {})}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                if self.path != "/2018-06-01/runtime/invocation/next":
                    return self.reply(404)
                if invocation.given:  # frozen: there is no second event
                    invocation.answered.wait()
                    self.close_connection = True
                    return None
                invocation.given = True
                deadline = int(1000 * (time.time() + invocation.function.timeout_s))
                return self.reply(200, invocation.event, {
                    "Lambda-Runtime-Aws-Request-Id": invocation.id, "Lambda-Runtime-Deadline-Ms": deadline,
                    "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"})

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                what = self.path.rsplit("/", 1)[1]
                if invocation.id not in self.path and not self.path.endswith("/init/error"):
                    return self.reply(400)
                self.reply(202, b'{"status":"OK"}')
                invocation.finish(body, None if what == "response" else "Unhandled")
                return None

            def log_message(self, *_):
                pass

        return Handler

    def finish(self, result, failure):
        if not self.answered.is_set():
            self.result, self.failure = result, failure
            self.answered.set()

    def environment(self, api):
        key_id, secret, token = self.service.keys_of.get(self.function.name, self.service.keys)
        keep = {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE") if name in os.environ}
        return {**keep, "AWS_LAMBDA_RUNTIME_API": api, "_HANDLER": self.function.name, "AWS_REGION": "eu-central-1",
                "AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token, "TZ": ":UTC",
                "AWS_ENDPOINT_URL": self.service.aws.url, "LAMBDA_TASK_ROOT": os.path.dirname(self.function.program),
                **self.function.environment}

    def watch(self, process):
        process.wait()
        self.finish(json.dumps({"errorType": "Runtime.ExitError", "errorMessage":
                                f"RequestId: {self.id} Error: Runtime exited with error: exit status {process.returncode}"}).encode(),
                    "Unhandled")

    def run(self):
        server = QuietServer(self.handler_class())
        log = open(self.service.aws.folder / f"{self.id}.log", "w+b")
        process = subprocess.Popen([self.function.program], env=self.environment(f"127.0.0.1:{server.server_port}"),
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
        threading.Thread(target=self.watch, args=(process,), daemon=True).start()
        if not self.answered.wait(self.function.timeout_s):
            self.finish(json.dumps({"errorType": "Sandbox.Timedout", "errorMessage":
                                    f"RequestId: {self.id} Error: Task timed out after {self.function.timeout_s:.2f} seconds"}).encode(),
                        "Unhandled")
        process.kill()
        process.wait()
        server.close()
        log.seek(0)
        return self.result, self.failure, log.read()
