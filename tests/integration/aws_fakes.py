"""What gives credentials on AWS, on loopback: instance metadata, a container's service, SSO. As a program, in a network of
its own: KIND ADDRESS COMMAND... runs the command where such a service is at the address, and STS knows everybody."""
import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Service:
    """A server of its own thread; `requests` are (method, path, headers, body) as they came."""

    def __init__(self, host="127.0.0.1", port=0):
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

        class Server(ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        self.server = Server((host, port), Handler)
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


class Sts(Service):
    """Knows whoever asks."""

    def handle(self, method, path, headers, body):
        return 200, ("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ana</Arn>"
                     "<UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
                     "</GetCallerIdentityResponse>")


def run_where_it_is(kind, address, command):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "addr", "add", address + ("/128" if ":" in address else "/32"), "dev", "lo"], check=True)
    {"instance": Instance, "container": Container}[kind](address, 80)
    return subprocess.run(command, env={**os.environ, "AWS_ENDPOINT_URL": Sts().url}).returncode


if __name__ == "__main__":
    sys.exit(run_where_it_is(sys.argv[1], sys.argv[2], sys.argv[3:]))
