"""Expands template.yaml offline: SAM in, plain CloudFormation out, for StackSets and for the tests' emulator.

    python infra/expand.py s3://BUCKET/KEY [RESOURCE…] > stack.json      # where dist/bootstrap.zip has been put

The resources that are named are left out: those of types that a Region does not have.
Needs aws-sam-translator; `make venv` installs it.
"""

import json
import os
import sys
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoManagedPolicies:
    """The translator looks up AWS's managed policies by name; the template names none."""

    def load(self):
        return {}


def expanded(code, without=()):
    """The template as CloudFormation gets it, with the functions' code at `code`, an s3:// address."""
    # The translator wants to know a Region; it asks nothing of AWS.
    os.environ.setdefault("AWS_DEFAULT_REGION", os.environ.get("AWS_REGION", "us-east-1"))
    document = yaml_parse((Path(__file__).parent / "template.yaml").read_text())
    document["Globals"]["Function"]["CodeUri"] = code
    # StackSets refuse what a Region does not know, whatever the conditions say.
    for name in without:
        if name not in document["Resources"]:
            sys.exit(f"{name} is no resource of the template, which has {', '.join(document['Resources'])}")
        del document["Resources"][name]
    return transform(document, {}, NoManagedPolicies())


def packaged(path, architecture):
    """The template as text, with the functions' code in a file beside it: `aws cloudformation package` puts that into
    a bucket. SAM's own template would not do: the AWS CLI does not look into `Globals`."""
    template = expanded("s3://bucket/key")
    functions = [one for one in template["Resources"].values() if one["Type"] == "AWS::Lambda::Function"]
    for function in functions:
        function["Properties"]["Code"] = path
    template["Parameters"]["Architecture"] |= {"Default": architecture, "AllowedValues": [architecture]}
    return json.dumps(template, separators=(",", ":"))


def for_all_accounts(architecture):
    """The template of a StackSet as text, for all Regions: Lambda reads code from a bucket in its own Region, so the
    bucket's name ends in that. Without the budget, a type that most Regions do not have."""
    template = json.loads(packaged("", architecture))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            bucket = {"Fn::Sub": "${CodeBuckets}-${AWS::Region}"}
            resource["Properties"]["Code"] = {"S3Bucket": bucket, "S3Key": {"Ref": "CodeKey"}}
    del template["Resources"]["Budget"], template["Conditions"]["HasBudget"], template["Parameters"]["MonthlyBudgetUSD"]
    # Only a form in the console reads it.
    del template["Metadata"]
    template["Parameters"] |= {
        "CodeBuckets": {"Type": "String", "Description": "What the names of the buckets with the code begin with."},
        "CodeKey": {"Type": "String", "Description": "Name of the code in each bucket."},
    }
    return json.dumps(template, separators=(",", ":"))


if __name__ == "__main__":
    if len(sys.argv) < 2 or not sys.argv[1].startswith("s3://") or sys.argv[1].count("/") < 3:
        sys.exit(__doc__)
    print(json.dumps(expanded(sys.argv[1], sys.argv[2:]), separators=(",", ":")))
