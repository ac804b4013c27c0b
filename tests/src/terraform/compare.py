"""Compares `infra/terraform` with `infra/template.yaml`: parts, attributes, policies, parameters and outputs.

    python tests/src/terraform/compare.py [FOLDER]    # another folder than infra/terraform

Prints a JSON object: "problems", the differences that have no reason below, and "reasons", those that have one.
"""

import fnmatch
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / "infra")]
from expand import expanded
from hcl import Module, text_of
from template import resources, snake, told

# What Terraform has in another way, by the place in the module. A pattern that meets nothing is a problem as well.
REASONS = {
    "aws_dynamodb_table.records.name": "CloudFormation makes up the table's name",
    "aws_iam_role.*.name": "CloudFormation makes up the names of roles",
    "aws_iam_policy.*.name": "CloudFormation makes up the names of policies",
    "aws_lambda_function.*.filename": "Terraform uploads the code itself, and needs no bucket",
    "aws_lambda_function.*.source_code_hash": "Terraform sees by this that the code is another one",
    "aws_lambda_function.*.logging_config.0.log_format": "Terraform asks for what is CloudFormation's default",
    "aws_lambda_permission.*.statement_id": "CloudFormation makes up the names of statements",
    "var.bootstrap_zip": "The file that Terraform uploads",
}
# Parameters that change what there is: as they are by default, everything on, and a mixture.
EVERYTHING = {
    "Mode": "enforce",
    "AutoRestore": "true",
    "Trial": "true",
    "EnforceByTag": "true",
    "Watch": "all",
    "WatchReadOnlyCalls": "true",
    "TrustedSources": "trails.,audit.cloudtrail",
    "ArchiveDays": "7",
    "AlertEmail": "ops@example.com",
    "SlackWorkspaceId": "T0123ABCD",
    "SlackChannelId": "C0123ABCD",
    "MonthlyBudgetUSD": "100",
    "ReservedConcurrency": "20",
    "OperatorPrincipalArn": "arn:aws:iam::123456789012:role/ops",
    "GuardName": "budget-guard-b",
    "Architecture": "arm64",
}
NOTHING = {
    "Watch": "off",
    "LoopEvidence": "false",
    "AutoRestore": "true",
    "OwnSpendPerDayUSD": "0",
    "ArchiveDays": "3",
    "LogRetentionDays": "7",
}
HALF = {"Trial": "true", "OperatorPrincipalArn": "arn:aws:iam::123456789012:root", "TrustedSources": "a.,b.,c.,d."}


def holds(condition, conditions, parameters):
    """A condition of the template."""
    name, inner = next(iter(condition.items()))

    def value(one):
        return parameters[one["Ref"]] if isinstance(one, dict) else str(one)

    if name == "Condition":
        return holds(conditions[inner], conditions, parameters)
    if name == "Fn::Equals":
        return value(inner[0]) == value(inner[1])
    inner = [holds(one, conditions, parameters) for one in inner]
    return {"Fn::Not": not inner[0], "Fn::And": all(inner), "Fn::Or": any(inner)}[name]


class Deployed:
    """The template with values of its parameters."""

    def __init__(self, template, module, variables, given):
        self.parameters = {name: str(one["Default"]) for name, one in template["Parameters"].items()} | given
        self.module, self.variables = module, variables
        conditions = template["Conditions"]
        self.met = {name: holds(one, conditions, self.parameters) for name, one in conditions.items()}

    def value(self, one):
        if isinstance(one, list):
            items = [self.value(item) for item in one]
            return [item for item in items if item is not None]
        if isinstance(one, dict):
            items = {key: self.value(item) for key, item in one.items()}
            return {key: item for key, item in items.items() if item is not None}
        if not isinstance(one, tuple):
            return one
        kind, *rest = one
        if kind == "if":
            return self.value(rest[1] if self.met[rest[0]] else rest[2])
        if kind == "ref":
            return self.module.named(rest[0].split("."), self.variables)
        if kind == "parameter":
            return self.parameters[rest[0]]
        if kind == "text":
            return "".join(self.value(part) for part in rest[0])
        if kind == "json":
            return self.value(rest[0])
        if kind == "join":
            return rest[0].join(self.value(rest[1]))
        if kind == "split":
            return self.value(rest[1]).split(rest[0])
        return self.value(rest[1])[rest[0]]


def normal(value):
    """JSON in texts as data, numbers and truth values as texts."""
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return normal(json.loads(value))
        except ValueError:
            return value
    # 5 is 5.0 in the metrics of one, and a text in the environment of both.
    return text_of(value)


def differences(place, expected, found):
    """Places at which two values differ, with both."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            yield from differences(f"{place}.{key}", expected.get(key), found.get(key))
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, pair in enumerate(zip(expected, found)):
            yield from differences(f"{place}.{index}", *pair)
    elif expected != found:
        yield place, f"{place}: the template has {json.dumps(expected)}, the module {json.dumps(found)}"


def variable_of(parameter, value):
    """The value of a parameter, as the variable has it."""
    if set(map(str, parameter.get("AllowedValues", []))) == {"true", "false"}:
        return value == "true"
    return int(value) if parameter["Type"] == "Number" else value


def deployed(template, module, given):
    """Differences between what both deploy with these parameters."""
    parameters = template["Parameters"]
    values = {name: str(one["Default"]) for name, one in parameters.items()} | given
    variables = {snake(name): variable_of(parameters[name], one) for name, one in values.items()}
    variables["bootstrap_zip"] = "bootstrap.zip"
    stack = Deployed(template, module, variables, given)
    expected = {
        address: normal(stack.value({key: one for key, one in attributes.items() if key != "condition"}))
        for address, attributes in resources(template).items()
        if stack.met.get(attributes["condition"], True)
    }
    found = {}
    for address, body in module.of("resource").items():
        attributes = module.body(body, variables)
        if attributes.pop("count", 1) != 0:
            # What must come first is no part of a resource.
            attributes.pop("depends_on", None)
            found[address] = normal(attributes)
    yield from differences("", expected, found)

    expected = {}
    for name, output in template["Outputs"].items():
        if stack.met.get(output.get("Condition"), True):
            expected[snake(name)] = normal(stack.value(told(output["Value"])))
    outputs = {name: module.body(body, variables) for name, body in module.of("output").items()}
    found = {name: normal(one["value"]) for name, one in outputs.items() if "value" in one}
    yield from differences("output", expected, found)


def limits(parameter, name):
    """What the validations of a variable have to say, from the parameter's limits."""
    allowed, pattern = parameter.get("AllowedValues", []), parameter.get("AllowedPattern")
    own = ("name", ["var", name])
    if allowed and set(map(str, allowed)) != {"true", "false"}:
        items = [("value", one) if isinstance(one, int) else ("template", [one]) for one in allowed]
        yield ("call", "contains", [("list", items), own])
    if pattern is not None:
        yield ("call", "can", [("call", "regex", [("template", [f"^({pattern})$"]), own])])
    if "MaxLength" in parameter:
        yield ("binary", "<=", ("call", "length", [own]), ("value", parameter["MaxLength"]))
    least = [("binary", ">=", own, ("value", parameter["MinValue"]))] if "MinValue" in parameter else []
    most = [("binary", "<=", own, ("value", parameter["MaxValue"]))] if "MaxValue" in parameter else []
    if least or most:
        yield ("binary", "&&", least[0], most[0]) if least and most else (least + most)[0]
    # The template's rules on both names of the chat.
    if name == "slack_channel_id":
        empty = [("binary", "==", ("name", ["var", one]), ("template", [""])) for one in (name, "slack_workspace_id")]
        yield ("binary", "==", *empty)


def parameters(template, module):
    """Differences between parameters and variables: names, kinds, defaults, descriptions and limits."""
    variables = module.of("variable")
    for name in sorted(variables.keys() - {snake(one) for one in template["Parameters"]}):
        yield f"var.{name}", f"var.{name}: the template has no such parameter"
    for name, parameter in template["Parameters"].items():
        if snake(name) not in variables:
            yield f"var.{snake(name)}", f"var.{snake(name)}: the module has no such variable"
            continue
        attributes, blocks = variables[snake(name)]
        is_bool = isinstance(variable_of(parameter, str(parameter["Default"])), bool)
        kind = "bool" if is_bool else "number" if parameter["Type"] == "Number" else "string"
        found = {key: module.evaluate(one, {}) for key, one in attributes.items()}
        expected = {
            "type": f"<{kind}>",
            "default": variable_of(parameter, str(parameter["Default"])),
            "description": parameter["Description"],
        }
        yield from differences(f"var.{snake(name)}", expected, found)
        conditions = [json.dumps(plain(body[0]["condition"])) for _, _, body in blocks]
        wanted = [json.dumps(plain(one)) for one in limits(parameter, snake(name))]
        yield from differences(f"var.{snake(name)}.validation", wanted, conditions)


def plain(expression):
    """An expression without empty parts of its texts."""
    if isinstance(expression, (list, tuple)):
        if expression[:1] == ("template",):
            return ["template", "".join(expression[1])]
        return [plain(one) for one in expression]
    return expression


def main():
    template = expanded("s3://bucket/key")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "infra/terraform"
    files = sorted(folder.glob("*.tf"))
    module = Module([file.read_text(encoding="utf-8") for file in files])
    problems, used = [], {}
    found = list(parameters(template, module))
    for given in ({}, EVERYTHING, NOTHING, HALF):
        found += [(place.removeprefix("."), text) for place, text in deployed(template, module, given)]
    for place, text in found:
        reasons = [pattern for pattern in REASONS if fnmatch.fnmatchcase(place, pattern)]
        if not reasons:
            problems.append(text)
        used |= {pattern: REASONS[pattern] for pattern in reasons}
    problems += [f"nothing differs at {pattern}" for pattern in REASONS if pattern not in used]
    json.dump({"problems": sorted(set(problems)), "reasons": used, "resources": len(module.of("resource"))}, sys.stdout)


if __name__ == "__main__":
    main()
