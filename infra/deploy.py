"""Checks before `make deploy` builds anything, and prints what the command line needs of a deployed stack.

    python infra/deploy.py ready STACK [Name=value…]    # says all that is missing, and fails
    python infra/deploy.py exports STACK                # prints lines that a shell evaluates

SAM and CARGO in the environment name the programs. Needs no package of others.
"""

import difflib
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

VARIABLES = {
    "TableName": "BUDGET_GUARD_TABLE",
    "TopicArn": "BUDGET_GUARD_TOPIC_ARN",
    "AttachedQueueArn": "BUDGET_GUARD_QUEUE_ARN",
    "DeadLetterQueueArn": "DEAD_LETTER_QUEUE_ARN",
    "OperatorPolicyArn": "OPERATOR_POLICY_ARN",
    "OwnArns": "BUDGET_GUARD_OWN_ARNS",
    "Mode": "BUDGET_GUARD_MODE",
    "EnforceByTag": "BUDGET_GUARD_ENFORCE_BY_TAG",
    "TagFloor": "BUDGET_GUARD_TAG_FLOOR",
}
# Outputs that every version of the stack has. Another stack's update would delete all its resources.
MARKS = ("TableName", "TopicArn", "QueueUrl", "OperatorPolicyArn")
OLDEST_PYTHON = (3, 11)
# Source: "CreateStack", StackName (CloudFormation API reference).
STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")


def sam():
    return shlex.split(os.environ.get("SAM") or "sam")


def parameters():
    """Names of the template's parameters, without a YAML parser: those two spaces below `Parameters:`."""
    text = (Path(__file__).parent / "template.yaml").read_text(encoding="utf-8")
    section = re.search(r"^Parameters:\n(.*?)^\S", text, re.MULTILINE | re.DOTALL).group(1)
    return re.findall(r"^  (\w+):$", section, re.MULTILINE)


def outputs_of(stack):
    """Outputs of the stack by name, or what SAM says instead: a pair with one None in it.

    Source of the messages: samcli/commands/list/exceptions.py (AWS SAM CLI).
    """
    question = [*sam(), "list", "stack-outputs", "--stack-name", stack, "--output", "json"]
    reply = subprocess.run(question, capture_output=True, text=True)
    said = (reply.stderr.strip() or reply.stdout.strip()).removeprefix("Error: ")
    if reply.returncode != 0:
        return None, said
    try:
        return {output["OutputKey"]: output["OutputValue"] for output in json.loads(reply.stdout)}, None
    except (ValueError, KeyError, TypeError):
        return None, f"sam list stack-outputs printed no list of outputs: {reply.stdout[:200]}"


def not_a_guard(stack, outputs):
    """Sentence on a stack that is not budget-guard's. None if it is."""
    missing = [name for name in MARKS if name not in outputs]
    if not missing:
        return None
    return f"the stack {stack} is not budget-guard's, it has no output {' or '.join(missing)}: name another one with STACK=NAME"


def unfit_parameters(given):
    known = parameters()
    problems = []
    for item in given:
        name, is_pair, _ = item.partition("=")
        if not is_pair:
            problems.append(f"PARAMETERS has {item!r}; expected Name=value")
        elif name not in known:
            near = difflib.get_close_matches(name.lower(), [one.lower() for one in known], 1)
            meant = [one for one in known if one.lower() in near]
            hint = f", but {meant[0]}" if meant else ""
            problems.append(f"the template has no parameter {name}{hint}. Its parameters are {', '.join(known)}")
    return problems


def unfit_stack(stack):
    """Sentences on what keeps SAM from deploying this stack: credentials, Region, or another stack of that name."""
    outputs, said = outputs_of(stack)
    if outputs is not None:
        return [problem for problem in [not_a_guard(stack, outputs)] if problem]
    if "does not exist on Cloudformation" in said:
        return []
    if "Outputs do not exist" in said:
        return [
            f"the stack {stack} exists and has no outputs: it is not budget-guard's, or its first deployment failed. "
            f"Name another one with STACK=NAME, or delete it: sam delete --stack-name {stack}"
        ]
    if "No region" in said:
        return ["there is no Region: export AWS_REGION=eu-west-1, or set it in the profile"]
    if "Unable to locate credentials" in said:
        return ["there are no credentials: sign in (aws login, aws sso login), or export AWS_PROFILE=NAME"]
    return [f"AWS cannot be asked for the stack {stack}: {said}"]


def ready(stack, given):
    problems = []
    if platform.system() != "Linux":
        problems.append(f"the functions run on Linux, and this is {platform.system()}: what is built here would not start")
    cargo = shlex.split(os.environ.get("CARGO") or "cargo")
    if not shutil.which(cargo[0]):
        problems.append(f"{cargo[0]} is missing: install Rust (https://rustup.rs)")
    problems += unfit_parameters(given)
    if not STACK_NAME.fullmatch(stack):
        problems.append(f"{stack!r} is no name of a stack: letters, digits and hyphens, a letter first, 128 at most")
    elif not shutil.which(sam()[0]):
        problems.append(
            f"{sam()[0]} is missing: install the AWS SAM CLI "
            "(https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html)"
        )
    else:
        problems += unfit_stack(stack)
    if problems:
        sys.exit("\n".join(["Nothing is built or deployed:", *(f"- {problem}" for problem in problems)]))


def exports(stack):
    if not shutil.which(sam()[0]):
        sys.exit(f"{sam()[0]} is missing: install the AWS SAM CLI")
    outputs, said = outputs_of(stack)
    if outputs is None:
        sys.exit(said or f"{sam()[0]} list stack-outputs failed without a word")
    problem = not_a_guard(stack, outputs)
    if problem:
        sys.exit(problem)
    for name, value in outputs.items():
        if name in VARIABLES:
            print(f"export {VARIABLES[name]}={shlex.quote(value)}")


if __name__ == "__main__":
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"Python {platform.python_version()} is too old: 3.11 or later is needed (PYTHON=python3.11)")
    arguments = sys.argv[1:]
    if arguments[:1] == ["ready"] and len(arguments) > 1:
        ready(arguments[1], arguments[2:])
    elif arguments[:1] == ["exports"] and len(arguments) == 2:
        exports(arguments[1])
    else:
        sys.exit(__doc__)
