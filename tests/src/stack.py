"""Deploys infra/template.yaml to an emulator: expands SAM offline, puts the zip into a bucket, makes the stack.

The request is a JSON object with "do" on standard input, the answer one on standard output. Endpoint, Region and
credentials are the SDK's own environment variables.
"""

import io
import json
import os
import sys
import zipfile
from collections import defaultdict
from pathlib import Path

import boto3

sys.path.append(str(Path(__file__).parents[2] / "infra"))
from expand import expanded

BUCKET = "budget-guard-code"
CODE = f"s3://{BUCKET}/bootstrap.zip"
TEMPLATE = "template.json"


def upload(bootstrap):
    archive = io.BytesIO()
    # Stored, not compressed: a debug build is large, and goes nowhere.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as out:
        entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100755 << 16
        out.writestr(entry, Path(bootstrap).read_bytes())
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="bootstrap.zip", Body=archive.getvalue())
    # CloudFormation takes a template of more than 51,200 characters from a bucket only.
    s3.put_object(Bucket=BUCKET, Key=TEMPLATE, Body=json.dumps(admitting_all(expanded(CODE))))


def admitting_all(template):
    """The template without the statements that keep others than AWS services away. The emulator knows neither
    aws:PrincipalIsAWSService nor aws:PrincipalArn, and would refuse everyone. `--test stack` reads the statements."""

    def is_kept(statement):
        return "aws:PrincipalIsAWSService" not in json.dumps(statement)

    def admitting(value):
        if isinstance(value, list):
            return [admitting(item) for item in value]
        if not isinstance(value, dict):
            return value
        kept = {key: admitting(item) for key, item in value.items() if key != "ResourcePolicy"}
        if isinstance(kept.get("Statement"), list):
            kept["Statement"] = [statement for statement in kept["Statement"] if is_kept(statement)]
        return kept

    return admitting(template)


def deploy(bootstrap, name, parameters):
    upload(bootstrap)
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateURL=f"{os.environ['AWS_ENDPOINT_URL']}/{BUCKET}/{TEMPLATE}",
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    try:
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    except Exception as error:
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [f"{e['LogicalResourceId']}: {e['ResourceStatusReason']}" for e in events if "FAILED" in e["ResourceStatus"]]
        raise RuntimeError("; ".join(reasons) or str(error)) from error
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    return {
        "outputs": {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        "resources": {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources},
    }


def delete(name):
    cloudformation = boto3.client("cloudformation")
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    return {}


def simulate(role, questions):
    """For each [action, resource]: what the role's policies decide, by IAM's policy simulator."""
    iam = boto3.client("iam")
    actions = defaultdict(list)
    for action, resource in questions:
        actions[resource].append(action)
    decided = {}
    for resource, asked in actions.items():
        # Each action once: the simulator refuses to hear one twice.
        asked = sorted(set(asked))
        reply = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=asked, ResourceArns=[resource])
        for result in reply["EvaluationResults"]:
            decided[result["EvalActionName"], resource] = result["EvalDecision"]
    return {"decisions": [decided[action, resource] for action, resource in questions]}


def grant(roles, name, statements):
    iam = boto3.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    for role in roles:
        iam.put_role_policy(RoleName=role.rsplit("/", 1)[-1], PolicyName=name, PolicyDocument=document)
    return {}


def assume(role):
    credentials = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="operator")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }


def calls(calls):
    """Makes calls of services that the guard only reads, one after the other: [service, method, parameters]."""
    return {"replies": [getattr(boto3.client(service), method)(**parameters) for service, method, parameters in calls]}


# The emulator gives this many log events at most, and no token for the others.
MOST_LOG_EVENTS = 10_000


def logs(group, pattern):
    events = boto3.client("logs").filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
    if len(events) >= MOST_LOG_EVENTS:
        raise RuntimeError(f"{group} has more events than can be read: {len(events)} for the pattern '{pattern}'")
    return {"lines": [event["message"] for event in events]}


DO = {
    "expand": lambda request: {"template": expanded(CODE)},
    "deploy": lambda request: deploy(request["bootstrap"], request["name"], request["parameters"]),
    "delete": lambda request: delete(request["name"]),
    "logs": lambda request: logs(request["group"], request["pattern"]),
    "assume": lambda request: assume(request["role"]),
    "calls": lambda request: calls(request["calls"]),
    "grant": lambda request: grant(request["roles"], request["name"], request["statements"]),
    "simulate": lambda request: simulate(request["role"], request["questions"]),
}


def main():
    # As the test names it for the programs; the SDK for Python reads the other one.
    os.environ.setdefault("AWS_DEFAULT_REGION", os.environ.get("AWS_REGION", "us-east-1"))
    request = json.load(sys.stdin)
    json.dump(DO[request["do"]](request), sys.stdout, default=str)


main()
