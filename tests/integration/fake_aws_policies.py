"""IAM on loopback: which actions on which resources a call needs, and whether policies allow them. Part of fake_aws.py.

The names of actions are those of https://docs.aws.amazon.com/service-authorization/latest/reference/.
"""
import json
import re
from urllib.parse import unquote

from fake_aws_wire import Refusal

REGION, ACCOUNT = "eu-central-1", "123456789012"
# An operation of an API -> the actions it needs; in one service one name of an action is one operation, but for these.
ACTIONS = {
    ("s3", "HeadBucket"): "ListBucket", ("s3", "ListObjectsV2"): "ListBucket", ("s3", "HeadObject"): "GetObject",
    ("s3", "CopyObject"): "PutObject", ("s3", "UploadPartCopy"): "PutObject", ("s3", "CreateMultipartUpload"): "PutObject",
    ("s3", "UploadPart"): "PutObject", ("s3", "CompleteMultipartUpload"): "PutObject",
    ("s3", "GetBucketEncryption"): "GetEncryptionConfiguration", ("s3", "PutBucketEncryption"): "PutEncryptionConfiguration",
    ("s3", "GetPublicAccessBlock"): "GetBucketPublicAccessBlock", ("s3", "PutPublicAccessBlock"): "PutBucketPublicAccessBlock",
    ("lambda", "Invoke"): "InvokeFunction", ("sts", "GetCallerIdentity"): None,  # which needs nothing
}


def action_of(service, operation):
    name = ACTIONS.get((service, operation), operation)
    return None if name is None else f"{service.replace('-', '')}:{name}"


def as_list(value):
    return value if isinstance(value, list) else [value]


def matches(form, text):
    return re.fullmatch(".*".join(re.escape(part) for part in form.split("*")), text) is not None


class Policy:
    """The statements of one identity; `used` holds (statement, action) that let a call pass."""

    def __init__(self, *documents):
        self.statements = [statement for text in documents for statement in json.loads(text)["Statement"]]
        self.used = set()

    def allows(self, action, resource):
        found = [number for number, statement in enumerate(self.statements)
                 if action in as_list(statement["Action"]) and any(matches(form, resource) for form in as_list(statement["Resource"]))]
        self.used |= {(number, action) for number in found}
        return bool(found)

    def unused(self):
        """(name or number of the statement, action)"""
        return {(statement.get("Sid", number), action) for number, statement in enumerate(self.statements)
                for action in as_list(statement["Action"]) if (number, action) not in self.used}


def s3_operation(call, bucket, key):
    query = call.query
    if not key:
        setting = {"encryption": "BucketEncryption", "publicAccessBlock": "PublicAccessBlock"}
        found = [name for word, name in setting.items() if word in query]
        if found:
            return ("Get" if call.method == "GET" else "Put") + found[0]
        return {"HEAD": "HeadBucket", "GET": "ListObjectsV2", "PUT": "CreateBucket"}[call.method]
    if call.method == "DELETE":
        return "AbortMultipartUpload" if "uploadId" in query else "DeleteObject"
    return {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "POST": "UploadPart"}[call.method]


def s3_needs(call):
    words = [unquote(word) for word in call.path.split("/", 2)]
    bucket, key = words[1], words[2] if len(words) > 2 else ""
    yield action_of("s3", s3_operation(call, bucket, key)), f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
    source = call.headers.get("x-amz-copy-source")
    if source:
        yield "s3:GetObject", "arn:aws:s3:::" + unquote(source).lstrip("/")


def lambda_needs(call):
    request = json.loads(call.body) if call.method in ("POST", "PUT") and call.body and "invocations" not in call.path else {}
    name = getattr(call, "function", None) or request.get("FunctionName", "")
    operation = "Invoke" if call.operation == "DryRun" else call.operation
    is_list = operation == "ListFunctions"
    yield action_of("lambda", operation), "*" if is_list else f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    if "Role" in request:
        yield "iam:PassRole", request["Role"]
    if request.get("VpcConfig", {}).get("SubnetIds"):
        for what in ("Subnets", "SecurityGroups", "Vpcs"):
            yield f"ec2:Describe{what}", "*"


def json_needs(call, service):
    request, region = json.loads(call.body), f"{REGION}:{ACCOUNT}"
    job = f"arn:aws:sagemaker:{region}:training-job/{request.get('TrainingJobName', '').lower()}"
    stream = f":{request['logStreamName']}" if "logStreamName" in request else ""
    resources = {"sagemaker": job, "logs": f"arn:aws:logs:{region}:log-group:{request.get('logGroupName')}:log-stream{stream}",
                 "secretsmanager": f"arn:aws:secretsmanager:{region}:secret:{request.get('SecretId')}-AbCdEf",
                 "service-quotas": "*"}
    yield action_of(service, call.operation), resources[service]
    if "RoleArn" in request:
        yield "iam:PassRole", request["RoleArn"]
    if request.get("Tags"):
        yield "sagemaker:AddTags", job


def needs(call, targets):
    if call.service == "s3":
        return s3_needs(call)
    if call.service == "lambda":
        return lambda_needs(call)
    if call.service == "sts":
        return ()
    return json_needs(call, targets[call.headers["x-amz-target"].split(".")[0]])


def authorize(policy, call, targets):
    for action, resource in needs(call, targets):
        if action is not None and not policy.allows(action, resource):
            raise Refusal("AccessDenied" if call.service == "s3" else "AccessDeniedException", 403 if call.service in ("s3", "lambda") else 400,
                          f"{call.arn} is not authorized to perform: {action} on resource: {resource}")
