"""SageMaker that really trains, and the logs of its jobs. Part of fake_aws.py.

A job runs `gatehouse-model train` in a folder laid out like /opt/ml, filled from the buckets by the rules of the XGBoost
container: only the channels train and validation, as text/csv, hyperparameters as strings.
"""
import json
import os
import re
import signal
import subprocess
import threading
import time

from fake_aws_s3 import Object
from fake_aws_wire import Refusal

ACCOUNT = "123456789012"
GROUP = "/aws/sagemaker/TrainingJobs"
COPIED = ("TrainingJobName", "AlgorithmSpecification", "RoleArn", "HyperParameters", "InputDataConfig", "OutputDataConfig",
          "ResourceConfig", "StoppingCondition", "Environment", "EnableManagedSpotTraining", "CheckpointConfig", "VpcConfig")


def take_uri(uri):
    found = re.fullmatch(r"s3://([^/]+)/(.*)", uri)
    return found.groups() if found else (uri, "")


class Job:
    def __init__(self, service, request):
        self.service, self.request, self.name = service, request, request["TrainingJobName"]
        self.created, self.begun, self.ended = service.aws.now(), None, None
        self.status, self.secondary, self.transitions = "InProgress", "", []
        self.failure = self.model = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.enter("Starting", "Preparing the instances for training")

    def enter(self, secondary, message):
        now = self.service.aws.now()
        if self.transitions:
            self.transitions[-1]["EndTime"] = now
        self.secondary = secondary
        self.transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": message})

    def end(self, status, message, failure=None):
        self.ended, self.failure = self.service.aws.now(), failure
        self.enter(status, message)
        self.status = status

    def wait(self):
        """True when somebody stops the job meanwhile."""
        return self.stopping.wait(self.service.pace_s)

    def run(self):
        try:
            self.work()
        except Exception as problem:  # a mistake of this file
            self.service.aws.violations.append(f"{self.name}: {problem!r}")
            self.end("Failed", "", f"InternalServerError: {problem!r}")

    def work(self):
        root = self.service.aws.folder / "jobs" / self.name
        stopped = self.wait()
        self.enter("Downloading", "Downloading the training image")
        problem = self.fill(root)
        stopped = stopped or self.wait()
        if problem is None and not stopped:
            self.begun = self.service.aws.now()
            self.enter("Training", "Training image download completed. Training in progress.")
            problem = self.train(root)
            stopped = self.stopping.is_set() or self.wait()
        if stopped:
            self.end("Stopped", "Training job stopped")
        elif problem is not None:
            self.end("Failed", "Training job failed", problem)
        else:
            self.enter("Uploading", "Uploading generated training model")
            self.upload(root)
            self.wait()
            self.end("Completed", "Training job completed")

    def fill(self, root):
        """What the container would complain of, or None."""
        channels = {}
        for channel in self.request["InputDataConfig"]:
            name, source = channel["ChannelName"], channel["DataSource"]["S3DataSource"]
            if name not in ("train", "validation"):
                return f"AlgorithmError: Extraneous channel found: {name}, exit code: 1"
            if channel.get("ContentType") not in ("text/csv", "csv"):
                return f"AlgorithmError: Channel configuration for '{name}' channel is not supported"
            bucket, prefix = take_uri(source["S3Uri"])
            found = {key: item for key, item in self.service.aws.s3.buckets.get(bucket, {}).items() if key.startswith(prefix)}
            if not found:
                return f"ClientError: Data download failed:No S3 objects found under S3 URL \"{source['S3Uri']}\""
            folder = root / "input/data" / name
            for key, item in found.items():
                place = folder / (key[len(prefix):].lstrip("/") or key.rsplit("/", 1)[-1])
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(item.data)
            channels[name] = {"TrainingInputMode": "File", "ContentType": channel["ContentType"], "RecordWrapperType": "None",
                              "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated")}
        config = root / "input/config"
        config.mkdir(parents=True, exist_ok=True)
        (config / "hyperparameters.json").write_text(json.dumps(self.request.get("HyperParameters", {})))
        (config / "inputdataconfig.json").write_text(json.dumps(channels))
        (config / "resourceconfig.json").write_text(json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]}))
        for name in ("model", "output"):
            (root / name).mkdir(exist_ok=True)
        return None

    def train(self, root):
        keep = {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE") if name in os.environ}
        process = subprocess.Popen([self.service.aws.programs / "gatehouse-model", "train"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env={**keep, "GATEHOUSE_ML_ROOT": str(root), "PATH": os.environ["PATH"],
                                        **self.request.get("Environment", {})})
        stream = f"{self.name}/algo-1-{int(self.created)}"
        for line in process.stdout:
            self.service.aws.logs.put(stream, line.rstrip("\n"))
            if self.stopping.is_set() and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        if process.wait() == 0 or self.stopping.is_set():
            return None
        failure = root / "output/failure"
        return failure.read_text()[:1024] if failure.exists() else f"AlgorithmError: exit code: {process.returncode}"

    def upload(self, root):
        bucket, prefix = take_uri(self.request["OutputDataConfig"]["S3OutputPath"])
        packed = root / "model.tar.gz"
        subprocess.run([self.service.aws.programs / "gatehouse-model", "pack", root / "model", packed], check=True)
        key = f"{prefix}/{self.name}/output/model.tar.gz".lstrip("/")
        self.service.aws.s3.buckets[bucket][key] = Object(packed.read_bytes())
        self.model = f"s3://{bucket}/{key}"

    def describe(self):
        answer = {name: self.request[name] for name in COPIED if name in self.request}
        seconds = max(1, int((self.ended or self.service.aws.now()) - self.begun)) if self.begun else None
        times = {"TrainingStartTime": self.begun, "TrainingEndTime": self.ended, "FailureReason": self.failure,
                 "TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds if self.ended and seconds else None,
                 "ModelArtifacts": {"S3ModelArtifacts": self.model} if self.model else None}
        answer.update({name: value for name, value in times.items() if value is not None})
        return {**answer, "TrainingJobArn": self.service.arn(self.name), "TrainingJobStatus": self.status,
                "SecondaryStatus": self.secondary, "SecondaryStatusTransitions": list(self.transitions),
                "CreationTime": self.created}


class Training:
    def __init__(self, aws):
        self.aws, self.jobs, self.pace_s = aws, {}, 0.02
        self.roles = {f"arn:aws:iam::{ACCOUNT}:role/training"}

    @staticmethod
    def arn(name):
        return f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:training-job/{name.lower()}"

    def close(self):
        for job in self.jobs.values():
            job.stopping.set()
        for job in self.jobs.values():
            job.thread.join(20)

    def find(self, name):
        if name not in self.jobs:
            raise Refusal("ValidationException", 400, "Requested resource not found.")
        return self.jobs[name]

    def CreateTrainingJob(self, request):
        name = request["TrainingJobName"]
        for member in ("AlgorithmSpecification", "InputDataConfig", "ResourceConfig", "StoppingCondition"):
            if member not in request:
                raise Refusal("ValidationException", 400, f"{member} is missing")
        if request["RoleArn"] not in self.roles:
            raise Refusal("ValidationException", 400, f"Could not assume role {request['RoleArn']}. Please ensure that the "
                          "role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.")
        stopping = request["StoppingCondition"]
        if ("MaxWaitTimeInSeconds" in stopping) != request.get("EnableManagedSpotTraining", False):
            raise Refusal("ValidationException", 400, "MaxWaitTimeInSeconds goes with spot")
        if name in self.jobs:
            raise Refusal("ResourceInUse", 400, "Training job names must be unique within an AWS account and region, and a "
                          f"training job with this name already exists ({self.arn(name)})")
        self.jobs[name] = Job(self, request)
        self.jobs[name].thread.start()
        return {"TrainingJobArn": self.arn(name)}

    def DescribeTrainingJob(self, request):
        return self.find(request["TrainingJobName"]).describe()

    def StopTrainingJob(self, request):
        job = self.find(request["TrainingJobName"])
        if job.status != "InProgress":
            raise Refusal("ValidationException", 400, f"The request was rejected because the training job is in status {job.status}.")
        job.status = "Stopping"
        job.enter("Stopping", "Stopping the training job")
        job.stopping.set()


class Logs:
    """A page is short, and between two pages with lines comes one without any: that is not the end."""

    PAGE = 30

    def __init__(self, aws):
        self.aws, self.streams = aws, {}

    def put(self, stream, line):
        self.streams.setdefault(stream, []).append((int(1000 * time.time()), line))

    def DescribeLogStreams(self, request):
        found = [name for name in sorted(self.streams) if name.startswith(request.get("logStreamNamePrefix", ""))]
        if request["logGroupName"] != GROUP or not found:
            raise Refusal("ResourceNotFoundException", 400, "The specified log group does not exist.")
        return {"logStreams": [{"logStreamName": name, "creationTime": self.streams[name][0][0]} for name in found]}

    def GetLogEvents(self, request):
        lines = self.streams.get(request["logStreamName"])
        if request["logGroupName"] != GROUP or lines is None:
            raise Refusal("ResourceNotFoundException", 400, "The specified log stream does not exist.")
        if not request.get("startFromHead"):
            self.aws.violations.append("GetLogEvents: not from the head")
        token = request.get("nextToken", "f/0/0")
        _, first, turn = token.split("/")
        first = int(first)
        if turn == "0" and first > 0 and first < len(lines):
            return self.page([], f"f/{first}/1")
        last = min(first + self.PAGE, len(lines))
        return self.page(lines[first:last], token if last == first else f"f/{last}/0")

    @staticmethod
    def page(lines, token):
        return {"events": [{"timestamp": stamp, "message": text, "ingestionTime": stamp} for stamp, text in lines],
                "nextForwardToken": token, "nextBackwardToken": "b/0"}
