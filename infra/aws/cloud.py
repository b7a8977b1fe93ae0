"""A stack on an emulator, deployed as `sam deploy` does it, and what its users hold in their hands: AWS's own clients and `greenroom`."""

import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

STACK = "greenroom"
REGION = "eu-central-1"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}


class Cloud:
    """The emulator, by the names of the template."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        config = Config(retries={"max_attempts": 2}, s3={"addressing_style": "path"}, read_timeout=120)

        def client(service):
            return boto3.client(service, endpoint_url=endpoint, config=config, **KEYS)

        self.s3, self.sqs, self.lambdas = client("s3"), client("sqs"), client("lambda")
        self.stacks, self.logs, self.secrets = client("cloudformation"), client("logs"), client("secretsmanager")
        self.names, self.outputs = {}, {}

    def deploy(self, template, packages):
        """Creates the stack as `sam deploy` does: packages under the digests of their bytes. A second time changes nothing."""
        self.s3.create_bucket(Bucket="packages", CreateBucketConfiguration={"LocationConstraint": REGION})
        begin = time.monotonic()
        self.stacks.create_stack(**self.upload_stack(template, packages))
        until(lambda: "IN_PROGRESS" not in self.state()["StackStatus"], "the stack is created", 120)
        state = self.state()
        resources = self.stacks.describe_stack_resources(StackName=STACK)["StackResources"]
        failed = [r for r in resources if r["ResourceStatus"] != "CREATE_COMPLETE"]
        check(state["StackStatus"] == "CREATE_COMPLETE" and not failed, "created", state.get("StackStatusReason", failed))
        self.names = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources}
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in state["Outputs"]}
        print(f"created {len(resources)} resources in {time.monotonic() - begin:.1f} s")
        try:
            self.stacks.update_stack(**self.upload_stack(template, packages))
            check(False, "the second deployment changes nothing", self.state())
        except ClientError as error:
            check("No updates are to be performed" in str(error), "the second deployment changes nothing", error)
        print("deployed again: nothing to update")

    def upload_stack(self, template, packages):
        """Uploads packages and template; returns what a stack is made from."""
        stack = for_emulator(template)
        for resource in stack["Resources"].values():
            if resource["Type"] == "AWS::Lambda::Function":
                code = resource["Properties"]["Code"]
                package = (packages / code["S3Key"]).read_bytes()
                code["S3Key"] = hashlib.sha256(package).hexdigest()
                self.s3.put_object(Bucket="packages", Key=code["S3Key"], Body=package)
        self.s3.put_object(Bucket="packages", Key="stack.json", Body=json.dumps(stack))
        where = f"{self.endpoint}/packages/stack.json"
        return {"StackName": STACK, "TemplateURL": where, "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]}

    def state(self):
        return self.stacks.describe_stacks(StackName=STACK)["Stacks"][0]

    def depth(self, queue):
        """Messages that wait and messages in somebody's hands."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.names[queue], AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def send(self, queue, body):
        self.sqs.send_message(QueueUrl=self.names[queue], MessageBody=body)

    def table(self, name):
        return boto3.resource("dynamodb", endpoint_url=self.endpoint, **KEYS).Table(self.names[name])

    def object(self, key):
        try:
            return self.s3.get_object(Bucket=self.names["StoreBucket"], Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None

    def manifest(self, asset):
        body = self.object(f"assets/{asset}/manifest.json")
        return json.loads(body) if body else None

    def said(self, function, text):
        """How many log lines of a function hold a text."""
        group = self.names.get(f"{function}Logs")
        events = self.logs.filter_log_events(logGroupName=group)["events"]
        return sum(text in event["message"] for event in events)


def for_emulator(template):
    """The template, but for two things: the functions run on this machine's processor, and MiniStack takes no number from a parameter."""
    stack = json.loads(template.read_text())
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    for resource in stack["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::Function":
            properties["Architectures"] = [machine]
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            limit = properties["ScalingConfig"]["MaximumConcurrency"]
            properties["ScalingConfig"]["MaximumConcurrency"] = int(stack["Parameters"][limit["Ref"]]["Default"])
    return stack


def check(holds, what, detail=""):
    if not holds:
        sys.exit(f"failed: {what}: {detail}")


def until(holds, what, seconds):
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > end:
            sys.exit(f"failed: not within {seconds} s: {what}")
        time.sleep(0.3)


def upload(cloud, aws, path, key):
    """With the AWS CLI: the client that people use."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
    target = f"s3://{cloud.names['InboxBucket']}/{key}"
    command = [aws, "--endpoint-url", cloud.endpoint, "s3", "cp", "--only-show-errors", str(path), target]
    subprocess.run(command, check=True, env={**os.environ, **keys})


def greenroom(cloud, *arguments, code=0):
    """The command line, on the stack. Returns what it printed as JSON."""
    program = Path(__file__).parents[2] / "target/release/greenroom"
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION, "AWS_ENDPOINT_URL": cloud.endpoint}
    command = [program, "--aws", STACK, "--json", *arguments]
    done = subprocess.run(command, env=keys, capture_output=True, text=True, timeout=120)
    check(done.returncode == code, f"`greenroom {' '.join(arguments)}` ends with {code}", (done.returncode, done.stdout, done.stderr))
    return json.loads(done.stdout)
