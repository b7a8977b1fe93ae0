#!/usr/bin/env python3
"""Has parliament look at every policy of an expanded template: `audit.py STACK`.

Findings that are known stand below, with reasons.
"""

import json
import re
import sys
from pathlib import Path

from parliament import analyze_policy_string

# (role or policy, issue): why it is no fault.
KNOWN = {
    ("CaptionRole", "RESOURCE_MISMATCH"): "it wants a resource of every kind of model that there is",
    ("TagRole", "RESOURCE_MISMATCH"): "the same",
    ("ConsoleRole", "RESOURCE_MISMATCH"): "the same",
}

ACCOUNT, REGION = "111122223333", "eu-central-1"
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::URLSuffix": "amazonaws.com"}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"
ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{name}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}:*",
    "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{name}}",
    "AWS::Scheduler::ScheduleGroup": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{{name}}",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{{name}}-AbCdEf",
}


class Arns:
    """Turns references into ARNs as AWS would make them, so that resource types can be judged."""

    def __init__(self, template):
        self.types = {name: resource["Type"] for name, resource in template["Resources"].items()}
        lists = {name: one["Default"] for name, one in template["Parameters"].items() if one["Type"] == "CommaDelimitedList"}
        self.lists = {name: [value.strip() for value in default.split(",")] for name, default in lists.items()}

    def arn(self, name):
        return ARNS[self.types[name]].format(name=name.lower())

    def reference(self, text):
        if text in PSEUDO:
            return PSEUDO[text]
        name = text.removesuffix(".Arn")
        if name == "KmsKeyArn":
            return KEY
        # A reference to a secret is its ARN; one to anything else in a policy stands inside an ARN.
        if text.endswith(".Arn") or self.types[name] == "AWS::SecretsManager::Secret":
            return self.arn(name)
        return name.lower()

    def resolve(self, value):
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "Ref" in value:
            return self.lists.get(value["Ref"]) or self.reference(value["Ref"])
        if "Fn::GetAtt" in value:
            return self.reference(".".join(value["Fn::GetAtt"]))
        if "Fn::Sub" in value:
            return re.sub(r"\$\{([^}]+)\}", lambda match: self.reference(match[1]), value["Fn::Sub"])
        if "Fn::If" in value:
            return self.resolve(value["Fn::If"][1])
        return {key: self.resolve(item) for key, item in value.items()}


def policies(template):
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role":
            for policy in properties.get("Policies", []):
                yield name, policy["PolicyDocument"], False
        elif "PolicyDocument" in properties:
            yield name, properties["PolicyDocument"], True


def without_principals(document):
    """parliament judges what identities may do; a resource's policy is one, once it does not say who."""
    statements = [{key: value for key, value in one.items() if key != "Principal"} for one in document["Statement"]]
    return {**document, "Statement": statements}


def main(stack):
    template = json.loads(Path(stack).read_text())
    arns, n_policies, unknown, used = Arns(template), 0, [], set()
    for name, document, has_principals in policies(template):
        document = arns.resolve(document)
        if has_principals:
            document = without_principals(document)
        n_policies += 1
        for finding in analyze_policy_string(json.dumps(document), include_community_auditors=True).findings:
            known = (name, finding.issue)
            used.add(known)
            if known not in KNOWN:
                unknown.append(f"{name}: {finding.issue} ({finding.severity}): {finding.detail}")
    unused = [f"{name}: {issue} is known and was not found" for name, issue in set(KNOWN) - used]
    if n_policies == 0:
        sys.exit("there is no policy to look at")
    if unknown or unused:
        sys.exit("\n".join(unknown + unused))
    print(f"{n_policies} policies, {len(KNOWN)} known findings")


if __name__ == "__main__":
    main(sys.argv[1])
