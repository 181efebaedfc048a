"""What all parts of fake_aws.py answer with."""
import json
import sys
import threading
import uuid
from http.server import ThreadingHTTPServer


class Refusal(Exception):
    def __init__(self, code, status=400, message=""):
        super().__init__(code)
        self.code, self.status, self.message = code, status, message or code


class Answer:
    def __init__(self, status=200, body=b"", headers=None):
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        self.status, self.body = status, body.encode() if isinstance(body, str) else body
        self.headers = headers or {}


def error_answer(call, refusal):
    request_id = str(uuid.uuid4())
    if call.service in ("s3", "sts"):
        inner = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
        body = inner if call.service == "s3" else f"<ErrorResponse>{inner}<RequestId>{request_id}</RequestId></ErrorResponse>"
        body = b"" if call.method == "HEAD" else body
        return Answer(refusal.status, body, {"x-amz-request-id": request_id, "content-type": "application/xml"})
    if call.service == "lambda":
        return Answer(refusal.status, {"Type": "User", "Message": refusal.message},
                      {"x-amzn-errortype": refusal.code, "x-amzn-requestid": request_id})
    return Answer(refusal.status, {"__type": refusal.code, "message": refusal.message}, {"x-amzn-requestid": request_id})


class QuietServer(ThreadingHTTPServer):
    """On a port of its own, in a thread of its own; by TLS with an ssl.SSLContext. Clients that were killed are nothing to
    speak of."""

    daemon_threads = True

    def __init__(self, handler, tls=None):
        super().__init__(("127.0.0.1", 0), handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def close(self):
        self.shutdown()
        self.server_close()
        self.thread.join()
