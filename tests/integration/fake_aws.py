"""AWS on loopback: one server that plays S3, Lambda, SageMaker, CloudWatch Logs, Secrets Manager, Service Quotas and STS.

Every signature is computed anew by botocore, and every JSON request and answer is checked against botocore's models of the
services: what a service would refuse is kept in `violations`, which a test expects to be empty. Faults are ordered by number:
`fail("reset", at=3)` resets the third call from then on.
"""
import email.utils
import hashlib
import json
import re
import socket
import struct
import threading
import time
from calendar import timegm
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlsplit

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

from fake_aws_lambda import Lambda
from fake_aws_policies import authorize
from fake_aws_s3 import S3
from fake_aws_sagemaker import Logs, Training
from fake_aws_wire import Answer, QuietServer, Refusal, error_answer

REGION = "eu-central-1"
ACCOUNT = "123456789012"
SKEW_MAX_S = 15 * 60
TARGETS = {"SageMaker": "sagemaker", "Logs_20140328": "logs", "secretsmanager": "secretsmanager",
           "ServiceQuotasV20190624": "service-quotas"}
# kind of fault: whether the call is carried out
FAULTS = {"throttle": False, "error": False, "reset": False, "lost": True, "stall": False, "half_open": False,
          "truncated": True, "expired": False, "denied": False}


class Call:
    """One request; `service` is the name it is signed for."""

    def __init__(self, handler, body):
        self.method, self.headers, self.body = handler.command, handler.headers, body
        self.target = handler.path
        parts = urlsplit(handler.path)
        self.path, self.query = parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))
        self.raw_query = parts.query
        self.service = self.region = self.key_id = self.operation = ""

    def __repr__(self):
        return f"{self.service} {self.operation or self.method} {self.target}"


class Fault:
    def __init__(self, kind, at, count, match):
        self.kind, self.at, self.count, self.match, self.seen = kind, at, count, match, 0

    def strikes(self, call):
        if not self.match(call):
            return False
        self.seen += 1
        return self.at <= self.seen < self.at + self.count


class Models:
    """What botocore knows of each operation."""

    session = botocore.session.get_session()
    services = {}
    lock = threading.Lock()

    @classmethod
    def shapes(cls, service, operation):
        with cls.lock:
            if service not in cls.services:
                cls.services[service] = cls.session.get_service_model(service)
        model = cls.services[service].operation_model(operation)
        return model.input_shape, model.output_shape

    @classmethod
    def complaints(cls, shape, value):
        report = ParamValidator().validate(value, shape)
        return [report.generate_report()] if report.has_errors() else list(cls.forms(shape, value, ""))

    @classmethod
    def forms(cls, shape, value, where):
        """Patterns and enumerations, which ParamValidator does not look at."""
        if shape.type_name == "structure":
            for name, member in value.items():
                yield from cls.forms(shape.members[name], member, f"{where}.{name}")
        elif shape.type_name == "list":
            for member in value:
                yield from cls.forms(shape.member, member, f"{where}[]")
        elif shape.type_name == "map":
            for name, member in value.items():
                yield from cls.forms(shape.value, member, f"{where}.{name}")
        elif shape.type_name == "string":
            pattern = re.sub(r"\\p\{[LN]\}", r"\\w", shape.metadata.get("pattern", "")).replace(r"\p{Z}", r"\s")
            if getattr(shape, "enum", None) and value not in shape.enum:
                yield f"{where}: {value!r} is none of its values"
            elif pattern and re.compile(pattern).fullmatch(value) is None:
                yield f"{where}: {value!r} does not match {pattern}"


class FakeAws:
    """folder: for what functions and training write. programs: the folder of our own programs. host, tls: the name it is
    called by, and the ssl.SSLContext that proves it."""

    def __init__(self, folder, programs, host="127.0.0.1", tls=None):
        self.folder, self.programs = folder, programs
        self.base = f"{'https' if tls else 'http'}://{host}"
        folder.mkdir(parents=True, exist_ok=True)
        self.identities = {}  # key id -> (secret, token or None, arn)
        self.policies = {}  # key id -> Policy; without one everything is allowed
        self.calls, self.violations, self.faults = [], [], []
        self.clock_offset_s = 0
        self.hold = threading.Event()
        self.lock = threading.Lock()
        self.secrets = {}
        self.quotas = {}  # None: not allowed to be seen
        self.s3, self.functions = S3(self), Lambda(self)
        self.training, self.logs = Training(self), Logs(self)
        self.server = QuietServer(self.handler_class(), tls)

    @property
    def url(self):
        return f"{self.base}:{self.server.server_port}"

    def close(self):
        self.hold.set()
        self.training.close()
        self.server.close()

    def now(self):
        return time.time() + self.clock_offset_s

    # ---- what a test orders and asks

    def fail(self, kind, at=1, count=1, match=lambda call: True):
        assert kind in FAULTS
        self.faults.append(Fault(kind, at, count, match))

    def heal(self):
        self.faults = []

    def named(self, operation):
        return [call for call in self.calls if call.operation == operation]

    # ---- one request

    def handler_class(fake):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            timeout = 120

            def answer(self):
                length = int(self.headers.get("content-length") or 0)
                fake.serve(self, Call(self, self.rfile.read(length)))

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

            def log_message(self, *_):
                pass

        return Handler

    def serve(self, handler, call):
        kind = None
        try:
            self.identify(call)
            with self.lock:
                self.calls.append(call)
                kind = next((fault.kind for fault in self.faults if fault.strikes(call)), None)
            call.fault = kind
            self.authenticate(call)
            if call.key_id in self.policies:
                authorize(self.policies[call.key_id], call, TARGETS)
            if kind is None or FAULTS[kind]:
                answer = self.dispatch(call)
            else:
                answer = self.faulty(call, kind)
        except Refusal as refusal:
            answer = error_answer(call, refusal)
        except Exception as problem:  # a mistake of ours must not look like one of the client
            self.violations.append(f"{call}: {problem!r}")
            answer = error_answer(call, Refusal("InternalFailure", 500, repr(problem)))
        try:
            self.send(handler, call, answer, kind)
        except OSError:
            handler.close_connection = True

    def faulty(self, call, kind):
        if kind == "throttle":
            code = {"s3": "SlowDown", "lambda": "TooManyRequestsException"}.get(call.service, "ThrottlingException")
            raise Refusal(code, {"s3": 503, "lambda": 429}.get(call.service, 400), "Rate exceeded")
        if kind == "error":
            return Answer(503, "<html>Service Unavailable</html>", {"content-type": "text/html"})
        if kind == "expired":
            raise Refusal("ExpiredToken" if call.service in ("s3", "sts") else "ExpiredTokenException", 400, "it has expired")
        if kind == "denied":
            raise Refusal("AccessDenied" if call.service in ("s3", "sts") else "AccessDeniedException", 403, "not authorized")
        return Answer()

    def send(self, handler, call, answer, kind):
        if kind in ("reset", "lost"):
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.shutdown(socket.SHUT_RD)
            handler.connection.close()
            handler.close_connection = True
            return
        if kind == "half_open":
            self.hold.wait()
            handler.close_connection = True
            return
        lines = [f"HTTP/1.1 {answer.status} Answer"]
        headers = {"date": email.utils.formatdate(self.now(), usegmt=True), **answer.headers}
        headers.setdefault("content-length", str(len(answer.body)))
        lines += [f"{name}: {value}" for name, value in headers.items()]
        data = "\r\n".join([*lines, "", ""]).encode()
        body = b"" if call.method == "HEAD" else answer.body
        if kind in ("truncated", "stall"):
            body = body[: len(body) // 2]
        handler.wfile.write(data[:-4] if kind == "stall" else data + body)
        if kind == "stall":
            self.hold.wait()
        if kind in ("truncated", "stall"):
            handler.close_connection = True

    # ---- who asks, for what

    def identify(self, call):
        form = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
                            r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})", call.headers.get("authorization") or "")
        if form is None:
            self.violations.append(f"{call.method} {call.target}: no signature")
            raise Refusal("MissingAuthenticationToken", 403)
        call.key_id, call.day, call.region, call.service, call.signed, call.signature = form.groups()
        target = call.headers.get("x-amz-target")
        if target:
            call.operation = target.split(".")[-1]
        elif call.service == "lambda":
            call.operation = self.functions.operation(call)
        elif call.service == "s3":
            call.operation = self.s3.operation(call)
        elif call.service == "sts":
            call.operation = dict(parse_qsl(call.body.decode())).get("Action", "")

    def authenticate(self, call):
        stamp = call.headers.get("x-amz-date") or ""
        if not re.fullmatch(r"\d{8}T\d{6}Z", stamp) or not stamp.startswith(call.day):
            raise Refusal("IncompleteSignature", 400)
        if abs(timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) - self.now()) > SKEW_MAX_S:
            if call.service in ("s3", "sts"):
                raise Refusal("RequestTimeTooSkewed" if call.service == "s3" else "SignatureDoesNotMatch", 403,
                              "The difference between the request time and the current time is too large.")
            raise Refusal("InvalidSignatureException", 400, f"Signature expired: {stamp} is now earlier than")
        if call.key_id not in self.identities:
            raise Refusal({"s3": "InvalidAccessKeyId", "sts": "InvalidClientTokenId"}.get(
                call.service, "UnrecognizedClientException"), 403, "The security token included in the request is invalid")
        secret, token, call.arn = self.identities[call.key_id]
        if (call.headers.get("x-amz-security-token") or None) != token:
            raise Refusal("InvalidToken", 400, "The provided token is malformed or otherwise invalid.")
        self.check_signature(call, secret)

    def check_signature(self, call, secret):
        signed = call.signed.split(";")
        must = {name.lower() for name in call.headers if name.lower().startswith("x-amz-") or name.lower() == "content-type"}
        if signed != sorted(signed) or not must | {"host"} <= set(signed):
            self.violations.append(f"{call}: signed headers {signed}, must have {sorted(must)}")
        body_hash = hashlib.sha256(call.body).hexdigest()
        said = call.headers.get("x-amz-content-sha256")
        if said not in (None, body_hash) or (call.service == "s3" and said is None):
            raise Refusal("XAmzContentSHA256Mismatch", 400)
        signer_class = botocore.auth.S3SigV4Auth if call.service == "s3" else botocore.auth.SigV4Auth
        signer = signer_class(Credentials(call.key_id, secret), call.service, call.region)
        headers = {name: call.headers[name] for name in signed}
        request = AWSRequest(call.method, f"http://{call.headers['host']}{call.target}", headers, call.body)
        request.context["timestamp"] = call.headers["x-amz-date"]
        if call.service == "s3":
            request.context["client_config"] = None
        text = signer.string_to_sign(request, signer.canonical_request(request))
        if signer.signature(text, request) != call.signature:
            self.violations.append(f"{call}: signature is not botocore's")
            raise Refusal("SignatureDoesNotMatch", 403)

    def dispatch(self, call):
        if call.service == "s3":
            return self.s3.handle(call)
        if call.region != REGION:
            raise Refusal("InvalidSignatureException", 403, f"Credential should be scoped to {REGION}")
        if call.service == "lambda":
            return self.functions.handle(call)
        if call.service == "sts":
            return self.who_am_i(call)
        prefix = call.headers["x-amz-target"].split(".")[0]
        return self.json_call(call, TARGETS[prefix])

    def json_call(self, call, service):
        if call.headers.get("content-type") != "application/x-amz-json-1.1":
            self.violations.append(f"{call}: content type {call.headers.get('content-type')}")
        request = json.loads(call.body)
        self.check_shape(call, service, 0, request)
        handlers = {"sagemaker": self.training, "logs": self.logs}
        answer = getattr(handlers.get(service, self), call.operation)(request)
        if answer is not None:
            self.check_shape(call, service, 1, answer)
        return Answer(200, b"" if answer is None else answer, {"content-type": "application/x-amz-json-1.1"})

    def check_shape(self, call, service, which, value):
        complaints = Models.complaints(Models.shapes(service, call.operation)[which], value)
        if which:  # a running job has no ModelArtifacts, whatever the model says
            complaints = [text for text in complaints if not text.startswith("Missing required")]
        if complaints:
            self.violations += [f"{call}: {'answer' if which else 'request'}: {text}" for text in complaints]
            raise Refusal("ValidationException", 400, "; ".join(complaints))

    # ---- the small services

    def who_am_i(self, call):
        if call.operation != "GetCallerIdentity":
            raise Refusal("InvalidAction", 400)
        return Answer(200, "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                           f"<GetCallerIdentityResult><Arn>{call.arn}</Arn><UserId>AIDAUSER</UserId>"
                           f"<Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>")

    def GetSecretValue(self, request):
        if request["SecretId"] not in self.secrets:
            raise Refusal("ResourceNotFoundException", 400, "Secrets Manager can't find the specified secret.")
        return {"ARN": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{request['SecretId']}-AbCdEf",
                "Name": request["SecretId"], "SecretString": self.secrets[request["SecretId"]]}

    def ListServiceQuotas(self, request):
        if self.quotas is None:
            raise Refusal("AccessDeniedException", 400, "not authorized to perform: servicequotas:ListServiceQuotas")
        return {"Quotas": [{"ServiceCode": request["ServiceCode"], "QuotaName": name, "Value": value}
                           for name, value in self.quotas.items()]}

