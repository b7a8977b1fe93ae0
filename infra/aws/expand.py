#!/usr/bin/env python3
"""Expands template.yaml, which is SAM, into plain CloudFormation: `expand.py OUT`.

Asks no network and needs no account.
"""

import json
import os
import sys
from pathlib import Path

from samtranslator.public.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).with_name("template.yaml")
REGION = "eu-central-1"


class NoManagedPolicies:
    """Every function brings its role, so nobody may ask for the list of managed policies."""

    def load(self):
        return {}


def packaged(template):
    """Replaces each path to a zip by where `sam deploy` would have uploaded it: the translator takes no local path."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            name = Path(resource["Properties"]["CodeUri"]).name
            resource["Properties"]["CodeUri"] = {"Bucket": "packages", "Key": name}
    return template


def main(out):
    # The translator asks for the region's name, and nothing else; nothing in the output depends on it.
    os.environ["AWS_DEFAULT_REGION"] = REGION
    template = packaged(yaml_parse(TEMPLATE.read_text()))
    defaults = {name: str(parameter.get("Default", "")) for name, parameter in template["Parameters"].items()}
    try:
        expanded = transform(template, defaults, NoManagedPolicies())
    except InvalidDocumentException as error:
        sys.exit("\n".join([error.message, *(cause.message for cause in error.causes)]))
    out.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and renamed: tests that run at the same time read a whole file.
    scratch = out.with_suffix(f".{os.getpid()}.tmp")
    scratch.write_text(json.dumps(expanded, indent=1, sort_keys=True))
    scratch.replace(out)
    print(f"{len(expanded['Resources'])} resources in {out.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
