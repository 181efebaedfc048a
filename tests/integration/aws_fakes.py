"""What gives credentials on AWS, on loopback: instance metadata, a container's service, SSO."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer




class Service:
    """A server of its own thread; `requests` are (method, path, headers, body) as they came."""

    def __init__(self):
        service = self
        self.requests = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                service.requests.append((self.command, self.path, self.headers, body))
                status, answer = service.handle(self.command, self.path, self.headers, body)
                data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def handle(self, method, path, headers, body):
        raise NotImplementedError

    def keys(self, **more):
        return {"AccessKeyId": self.key_id, "SecretAccessKey": self.secret, "Token": self.token,
                "Expiration": "2099-01-01T00:00:00Z", **more}


class Instance(Service):
    """Instance metadata; without `has_tokens` only the first version of its protocol."""

    key_id, secret, token = "ASIAINSTANCE00000001", "secretOfInstance/+1", "tokenOfInstance/+1"
    has_tokens = True

    def handle(self, method, path, headers, body):
        roles = "/latest/meta-data/iam/security-credentials/"
        if path == "/latest/api/token":
            return (200, "metadata-session-token") if method == "PUT" and self.has_tokens else (403, "")
        if self.has_tokens and headers.get("x-aws-ec2-metadata-token") != "metadata-session-token":
            return 401, ""
        if path == roles:
            return 200, "instance-role"
        return (200, self.keys(Code="Success", Type="AWS-HMAC")) if path == roles + "instance-role" else (404, "")


class Container(Service):
    key_id, secret, token = "ASIACONTAINER0000001", "secretOfContainer/+1", "tokenOfContainer/+1"
    authorization = "authorizationOfContainer"

    def handle(self, method, path, headers, body):
        if headers.get("authorization") != self.authorization:
            return 403, {"code": "AccessDenied", "message": "who are you"}
        return 200, self.keys(AccountId="123456789012")


class Sso(Service):
    """OIDC and portal; knows one access token, and renews by one refresh token."""

    key_id, secret, token = "ASIASSO0000000000001", "secretOfSso/+1", "tokenOfSso/+1"
    access, refresh = "accessTokenOfSso", "refreshTokenOfSso"
    renewed = "accessTokenOfSsoRenewed"

    def handle(self, method, path, headers, body):
        if (method, path) == ("POST", "/token"):
            if json.loads(body).get("refreshToken") != self.refresh:
                return 400, {"error": "invalid_grant"}
            self.access = self.renewed
            return 200, {"accessToken": self.renewed, "expiresIn": 28800, "tokenType": "Bearer",
                         "refreshToken": "refreshTokenOfSsoRenewed"}
        if headers.get("x-amz-sso_bearer_token") != self.access:
            return 401, {"message": "Session token not found or invalid", "__type": "UnauthorizedException"}
        return 200, {"roleCredentials": {"accessKeyId": self.key_id, "secretAccessKey": self.secret,
                                         "sessionToken": self.token, "expiration": 4070908800000}}
