"""gatehouse aws whoami by every way to credentials, with moto as AWS and boto3 as the witness: what boto3 says from
the same files and variables is what gatehouse must say. No secret is ever written."""
import hashlib
import json
import os
import stat
import subprocess
import sys

import pytest

import aws_fakes
from aws_fakes import Container, Instance, Sso

KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
START_URL = "https://example.awsapps.com/start"
WITNESS = """
import boto3, json, sys
session = boto3.Session(profile_name=sys.argv[1] or None)
found = session.client("sts").get_caller_identity()
print(json.dumps({"account": found["Account"], "arn": found["Arn"], "user_id": found["UserId"]}))
"""


class Aws:
    """gatehouse on a machine of its own, where AWS is moto. Whatever it writes is kept, to be searched."""

    def __init__(self, gatehouse, moto):
        self.gatehouse, self.home, self.url = gatehouse, gatehouse.home, moto
        self.written, self.secrets = [], [SECRET]
        gatehouse.environment.update(AWS_ENDPOINT_URL=moto, AWS_REGION="eu-west-1", AWS_EC2_METADATA_DISABLED="true")

    def set(self, **variables):
        self.gatehouse.environment.update(variables)

    def file(self, name, text, mode=0o600):
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def run(self, *arguments):
        result = self.gatehouse("aws", "whoami", *arguments)
        self.written += [result.out, result.err]
        return result

    def whoami(self, *arguments):
        result = self.run("-v", "--format", "json", *arguments)  # what is traced is searched, too
        assert result.code == 0, result.err
        return result.lines[0]

    def witness(self, profile=""):
        environment = dict(self.gatehouse.environment)
        if "AWS_REGION" in environment:  # boto3 reads the other name only
            environment["AWS_DEFAULT_REGION"] = environment["AWS_REGION"]
        child = subprocess.run([sys.executable, "-c", WITNESS, profile], env=environment, text=True, capture_output=True,
                               timeout=60)
        assert child.returncode == 0, child.stderr
        return json.loads(child.stdout)

    def check_witness(self, found, profile=""):
        witness = self.witness(profile)
        assert {name: found[name] for name in witness} == witness

    def check_secrets(self):
        state = [path.read_bytes().decode(errors="replace") for path in self.gatehouse.state.rglob("*") if path.is_file()]
        for secret in self.secrets:
            assert not any(secret in text for text in self.written + state), secret


@pytest.fixture
def aws(gatehouse, moto):
    made = Aws(gatehouse, moto)
    yield made
    made.check_secrets()


@pytest.fixture
def serve(aws):
    made = []

    def start(kind):
        made.append(kind())
        aws.secrets += [made[-1].secret, made[-1].token]
        return made[-1]

    yield start
    for service in made:
        service.close()


def keys(profile="default"):
    return f"[{profile}]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"


def role(aws, name="ops"):
    return f"arn:aws:iam::123456789012:role/{name}"


# ---- environment and files


def test_keys_of_the_environment(aws):
    aws.set(AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET)
    found = aws.whoami()
    aws.check_witness(found)
    assert found == {"account": "123456789012", "arn": found["arn"], "user_id": found["user_id"], "source": "environment",
                     "key_id": "AKIA...MPLE", "expires": None, "profile": "default", "region": "eu-west-1",
                     "endpoint": aws.url}


def test_text_for_people(aws):
    aws.set(AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET)
    result = aws.run()
    assert result.code == 0 and result.err == ""
    rows = dict(line.split(None, 1) for line in result.out.replace("user id", "user_id").splitlines())
    assert rows["account"] == "123456789012" and rows["source"] == "environment"
    assert rows["key"] == "AKIA...MPLE" and rows["expires"].startswith("never")


def test_profile_of_the_configuration(aws):
    aws.file(".aws/credentials", keys("ops"))
    aws.file(".aws/config", "[profile ops]\nregion = eu-north-1\n[default]\nregion = us-west-2\n")
    del aws.gatehouse.environment["AWS_REGION"]
    found = aws.whoami("--set", "aws.profile=ops")
    aws.check_witness(found, "ops")
    assert found["profile"] == "ops" and found["region"] == "eu-north-1"
    assert found["source"] == f"profile ops ({aws.home}/.aws/credentials)"
    assert aws.whoami("--set", "aws.profile=ops", "--set", "aws.region=ap-south-1")["region"] == "ap-south-1"


def test_endpoint_of_the_configuration_comes_before_the_environment(aws):
    aws.file(".aws/credentials", keys())
    aws.set(AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert aws.whoami("--set", f"aws.endpoint_url={aws.url}/")["endpoint"] == aws.url


# ---- roles


def test_role_by_source_profile(aws):
    aws.file(".aws/credentials", keys("base"))
    aws.file(".aws/config", f"[profile ops]\nrole_arn = {role(aws)}\nsource_profile = base\nrole_session_name = ana\n"
                            "external_id = x/y+z\nduration_seconds = 900\n")
    found = aws.whoami("--set", "aws.profile=ops")
    witness = aws.witness("ops")
    assert found["arn"] == witness["arn"] == "arn:aws:sts::123456789012:assumed-role/ops/ana"
    assert found["account"] == witness["account"]
    assert found["source"] == f"role {role(aws)} of profile ops, by profile base ({aws.home}/.aws/credentials)"
    assert found["expires"] is not None and found["key_id"].startswith("ASIA...")


def test_role_of_a_role(aws):
    aws.file(".aws/credentials", keys("base"))
    aws.file(".aws/config", f"[profile ops]\nrole_arn = {role(aws)}\nsource_profile = middle\nrole_session_name = ana\n"
                            f"[profile middle]\nrole_arn = {role(aws, 'middle')}\nsource_profile = base\n")
    found = aws.whoami("--set", "aws.profile=ops")
    assert found["arn"] == aws.witness("ops")["arn"] == "arn:aws:sts::123456789012:assumed-role/ops/ana"


def test_role_by_web_identity(aws):
    token = aws.file("token", "header.payload-of-web-identity.signature\n")
    aws.secrets.append("payload-of-web-identity")
    aws.set(AWS_WEB_IDENTITY_TOKEN_FILE=str(token), AWS_ROLE_ARN=role(aws, "pod"), AWS_ROLE_SESSION_NAME="pod-1")
    found = aws.whoami()
    assert found["arn"] == aws.witness()["arn"] == "arn:aws:sts::123456789012:assumed-role/pod/pod-1"
    assert found["source"] == f"role {role(aws, 'pod')} by web identity ({token})"


# ---- a command, a container, an instance, SSO


def test_credential_process(aws):
    answer = {"Version": 1, "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "SessionToken": "tokenOfProcess",
              "Expiration": "2099-01-01T01:00:00+01:00"}
    aws.secrets.append("tokenOfProcess")
    tool = aws.file("my tool", f"#!/bin/sh\ntest \"$1\" = 'a b' && echo '{json.dumps(answer)}'\n", 0o700)
    aws.file(".aws/config", f"[default]\ncredential_process = \"{tool}\" 'a b'\n")
    found = aws.whoami()
    aws.check_witness(found)
    assert found["source"].startswith("credential_process of profile default (")
    assert found["expires"] == "2099-01-01T00:00:00.000Z"


def test_credential_process_that_fails(aws):
    tool = aws.file("tool", f"#!/bin/sh\necho {SECRET}\necho 'the vault is locked' >&2\nexit 3\n", 0o700)
    aws.file(".aws/config", f"[default]\ncredential_process = {tool}\n")
    result = aws.run()
    assert result.code == 4
    assert "exit 3: the vault is locked" in result.err and ".aws/config:2" in result.err


def test_container(aws, serve):
    container = serve(Container)
    token = aws.file("container-token", container.authorization)
    aws.secrets.append(container.authorization)
    aws.set(AWS_CONTAINER_CREDENTIALS_FULL_URI=container.url + "/v2/credentials/the-guid",
            AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token))
    aws.secrets.append("the-guid")
    found = aws.whoami()
    aws.check_witness(found)
    assert found["source"] == f"container ({container.url})"
    token.write_text("wrong")
    result = aws.run()
    assert result.code == 4 and "HTTP status 403: who are you" in result.err


@pytest.mark.parametrize("has_tokens", [True, False])
def test_instance(aws, serve, has_tokens):
    instance = serve(Instance)
    instance.has_tokens = has_tokens
    aws.secrets.append("metadata-session-token")
    aws.set(AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=instance.url)
    found = aws.whoami()
    aws.check_witness(found)
    assert found["source"] == "instance metadata (role instance-role)"
    assert found["expires"] == "2099-01-01T00:00:00.000Z"


def test_no_proxy_on_the_way_to_the_machine_itself(aws, serve):
    instance = serve(Instance)
    aws.set(AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=instance.url,
            http_proxy="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1")
    assert aws.whoami()["source"] == "instance metadata (role instance-role)"


# Link-local addresses are those of the machine, also of one that runs this test: they are made in a network of its own.
ALONE = ["unshare", "--user", "--map-root-user", "--net"]
AT_HOME = [
    ("container", "169.254.170.2", {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/guid"}),
    ("container", "169.254.170.23", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"}),
    ("container", "fd00:ec2::23", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://[fd00:ec2::23]/v1/credentials"}),
    ("instance", "169.254.169.254", {}),
    ("instance", "fd00:ec2::254", {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"}),
]


def can_be_alone():
    try:
        return subprocess.run([*ALONE, "ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.parametrize("kind, address, variables", AT_HOME)
def test_the_machine_s_services_are_at_their_addresses_and_no_proxy_is_between(aws, kind, address, variables):
    if not can_be_alone():
        pytest.skip("needs a network of its own (unshare, ip)")
    aws.secrets += [Container.secret, Container.token, Instance.secret, Instance.token]
    aws.set(AWS_EC2_METADATA_DISABLED="false", AWS_CONTAINER_AUTHORIZATION_TOKEN=Container.authorization,
            http_proxy="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1", **variables)
    child = subprocess.run([*ALONE, sys.executable, aws_fakes.__file__, kind, address, aws.gatehouse.program, "aws", "whoami",
                            "--format", "json"], env=aws.gatehouse.environment, text=True, capture_output=True, timeout=60)
    aws.written += [child.stdout, child.stderr]
    assert child.returncode == 0, child.stderr
    where = f"[{address}]" if ":" in address else address
    assert json.loads(child.stdout)["source"] == (f"container (http://{where})" if kind == "container"
                                                  else "instance metadata (role instance-role)")


def sso(aws, server, expires):
    aws.set(AWS_ENDPOINT_URL_SSO=server.url, AWS_ENDPOINT_URL_SSO_OIDC=server.url)
    aws.secrets += [server.access, server.refresh, server.renewed, "clientSecretOfSso"]
    aws.file(".aws/config", f"[profile ops]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Ops\n"
                            f"[sso-session corp]\nsso_start_url = {START_URL}\nsso_region = eu-north-1\n")
    name = hashlib.sha1(b"corp").hexdigest()
    return aws.file(f".aws/sso/cache/{name}.json", json.dumps({
        "startUrl": START_URL, "region": "eu-north-1", "accessToken": server.access, "expiresAt": expires,
        "clientId": "client", "clientSecret": "clientSecretOfSso", "registrationExpiresAt": "2099-01-01T00:00:00Z",
        "refreshToken": server.refresh}))


def test_sso(aws, serve):
    server = serve(Sso)
    cache = sso(aws, server, "2099-01-01T00:00:00Z")
    before = cache.read_text()
    found = aws.whoami("--set", "aws.profile=ops")
    aws.check_witness(found, "ops")
    assert found["source"] == "SSO (profile ops, role Ops in account 123456789012)"
    assert cache.read_text() == before


def test_sso_token_is_renewed_for_other_tools_too(aws, serve):
    server = serve(Sso)
    cache = sso(aws, server, "2020-01-01T00:00:00Z")
    aws.secrets.append("refreshTokenOfSsoRenewed")
    found = aws.whoami("--set", "aws.profile=ops")
    assert found["account"] == "123456789012"
    kept = json.loads(cache.read_text())
    assert kept["accessToken"] == server.renewed and kept["refreshToken"] == "refreshTokenOfSsoRenewed"
    assert kept["clientSecret"] == "clientSecretOfSso" and kept["expiresAt"] > "2026"
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600 and os.listdir(cache.parent) == [cache.name]
    aws.check_witness(found, "ops")
    assert [path for _, path, _, _ in server.requests].count("/token") == 1


def test_sso_login_is_over(aws, serve):
    server = serve(Sso)
    sso(aws, server, "2020-01-01T00:00:00Z")
    server.refresh = "another"
    result = aws.run("--set", "aws.profile=ops")
    assert result.code == 4 and "aws sso login --profile ops" in result.err


# ---- what goes wrong


def test_nothing_configured_names_everyone_who_was_asked(aws):
    result = aws.run()
    assert result.code == 4
    for who in ("environment", "role", "web identity", "SSO", "credentials file", "login", "credential_process", "config file",
                "container", "instance metadata"):
        assert f"{who}: " in result.err


def test_half_a_pair_does_not_fall_through(aws):
    aws.file(".aws/credentials", keys())
    aws.set(AWS_ACCESS_KEY_ID=KEY_ID)
    result = aws.run()
    assert result.code == 4 and "AWS_SECRET_ACCESS_KEY is not" in result.err


def test_a_refusal_by_sts(aws, serve):
    class Refusing(Container):
        def handle(self, method, path, headers, body):
            return 403, ("<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>The security token is invalid"
                         "</Message></Error><RequestId>r</RequestId></ErrorResponse>")
    aws.set(AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET, AWS_ENDPOINT_URL=serve(Refusing).url)
    result = aws.run()
    assert result.code == 4 and "InvalidClientTokenId: The security token is invalid" in result.err


@pytest.mark.parametrize("config, message", [
    ("[default]\nnonsense\n", ".aws/config:2: expected"),
    ("[default]\nregion = EU West\n", ".aws/config:2: region"),
    ("[default]\nmax_attempts = often\n", ".aws/config:2: max_attempts must be a whole number"),
])
def test_settings_that_are_wrong(aws, config, message):
    del aws.gatehouse.environment["AWS_REGION"]
    aws.file(".aws/config", config)
    result = aws.run()
    assert result.code == 78 and message in result.err


def test_an_unknown_profile(aws):
    result = aws.run("--set", "aws.profile=nobody")
    assert result.code == 78 and 'there is no AWS profile "nobody"' in result.err


def test_no_region(aws):
    del aws.gatehouse.environment["AWS_REGION"]
    result = aws.run()
    assert result.code == 78 and "AWS_REGION" in result.err


def test_nobody_answers(aws):
    aws.set(AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET, AWS_ENDPOINT_URL="http://127.0.0.1:1",
            AWS_MAX_ATTEMPTS="1")
    result = aws.run()
    assert result.code == 75 and "GetCallerIdentity" in result.err
