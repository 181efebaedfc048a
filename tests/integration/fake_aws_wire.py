"""What all parts of fake_aws.py answer with."""
import json
import uuid


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
