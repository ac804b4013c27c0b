"""Tells `infra/template.yaml`, expanded, in the terms of Terraform's provider for AWS: its types and attributes.

Values are plain data, and tuples for what is decided later: ("if", condition, then, otherwise), ("ref", ADDRESS),
("parameter", NAME), ("text", [part…]), ("json", value).
"""

import re

# Name in the module of each resource. One that is missing here is an error.
ADDRESSES = {
    "Table": "aws_dynamodb_table.records",
    "TopicKey": "aws_kms_key.topics",
    "AlertTopic": "aws_sns_topic.alerts",
    "AlertTopicPolicy": "aws_sns_topic_policy.alerts",
    "AlertEmailSubscription": "aws_sns_topic_subscription.email",
    "ChatRole": "aws_iam_role.chat",
    "Chat": "aws_chatbot_slack_channel_configuration.chat",
    "DeadLetterQueue": "aws_sqs_queue.dead_letters",
    "Queue": "aws_sqs_queue.firings",
    "QueuePolicy": "aws_sqs_queue_policy.firings",
    "AttachedQueue": "aws_sqs_queue.attached",
    "AttachedQueuePolicy": "aws_sqs_queue_policy.attached",
    "DeadLetterQueuePolicy": "aws_sqs_queue_policy.dead_letters",
    "WatchRule": "aws_cloudwatch_event_rule.watch",
    "Archive": "aws_cloudwatch_event_archive.archive",
    "ChangesRule": "aws_cloudwatch_event_rule.changes",
    "TickRule": "aws_cloudwatch_event_rule.tick",
    "TickPermission": "aws_lambda_permission.tick",
    "BudgetTopic": "aws_sns_topic.budgets",
    "BudgetTopicPolicy": "aws_sns_topic_policy.budgets",
    "Budget": "aws_budgets_budget.monthly",
    "IngestLogs": "aws_cloudwatch_log_group.ingest",
    "ControlLogs": "aws_cloudwatch_log_group.control",
    "GuardPolicy": "aws_iam_policy.guard",
    "IngestRole": "aws_iam_role.ingest",
    "ControlRole": "aws_iam_role.control",
    "OperatorPolicy": "aws_iam_policy.operator",
    "OperatorRole": "aws_iam_role.operator",
    "DeadLettersAlarm": "aws_cloudwatch_metric_alarm.dead_letters",
    "OldestMessageAlarm": "aws_cloudwatch_metric_alarm.behind",
    "OldestAttachedAlarm": "aws_cloudwatch_metric_alarm.attached_behind",
    "IngestErrorsAlarm": "aws_cloudwatch_metric_alarm.ingest_errors",
    "ControlErrorsAlarm": "aws_cloudwatch_metric_alarm.control_errors",
    "IngestThrottlesAlarm": "aws_cloudwatch_metric_alarm.ingest_throttles",
    "ControlThrottlesAlarm": "aws_cloudwatch_metric_alarm.control_throttles",
    "TickAlarm": "aws_cloudwatch_metric_alarm.tick_missing",
    "DirectoryAgeAlarm": "aws_cloudwatch_metric_alarm.directory_age",
    "SilenceAlarm": "aws_cloudwatch_metric_alarm.silent",
    "SpendAlarm": "aws_cloudwatch_metric_alarm.own_spend",
    "Dashboard": "aws_cloudwatch_dashboard.dashboard",
    "Ingest": "aws_lambda_function.ingest",
    "Control": "aws_lambda_function.control",
    "IngestFirings": "aws_lambda_event_source_mapping.firings",
    "IngestAttached": "aws_lambda_event_source_mapping.attached",
    "ControlMoneyPermission": "aws_lambda_permission.money",
    "ControlMoney": "aws_sns_topic_subscription.money",
}
# Attribute that `Ref` means, where it is no ARN. Source: "Return values" of each type (CloudFormation's reference).
REFERRED = {
    "aws_dynamodb_table": "name",
    "aws_sqs_queue": "url",
    "aws_cloudwatch_log_group": "name",
    "aws_lambda_function": "function_name",
    "aws_iam_role": "name",
}
PSEUDO = {
    "AWS::Partition": "local.partition",
    "AWS::Region": "local.region",
    "AWS::AccountId": "local.account",
    "AWS::URLSuffix": "local.suffix",
}
# Properties that are no plain change of case, by type.
RENAMED = {
    "aws_sns_topic": {"topic_name": "name", "kms_master_key_id": "kms_master_key_id"},
    "aws_sqs_queue": {
        "queue_name": "name",
        "message_retention_period": "message_retention_seconds",
        "visibility_timeout": "visibility_timeout_seconds",
    },
    "aws_cloudwatch_log_group": {"log_group_name": "name"},
    "aws_cloudwatch_event_archive": {"archive_name": "name", "source_arn": "event_source_arn"},
    "aws_kms_key": {"pending_window_in_days": "deletion_window_in_days", "key_policy": "policy"},
    "aws_cloudwatch_metric_alarm": {"metrics": "metric_query"},
    "aws_chatbot_slack_channel_configuration": {
        "slack_workspace_id": "slack_team_id",
        "guardrail_policies": "guardrail_policy_arns",
    },
}
# Attributes that are JSON text in Terraform, and structures in the template.
JSON = ("policy", "assume_role_policy", "event_pattern", "redrive_policy", "redrive_allow_policy", "dashboard_body")


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower().replace("_us_d", "_usd")


def attribute(address, name):
    kind = address.partition(".")[0]
    # CloudFormation's ARN of a log group covers its streams, Terraform's does not.
    if kind == "aws_cloudwatch_log_group" and name == "arn":
        return ("text", [("ref", f"{address}.arn"), ":*"])
    return ("ref", f"{address}.{'name' if name == 'queue_name' else name}")


def referred(name):
    if name in PSEUDO:
        return ("ref", PSEUDO[name])
    if name not in ADDRESSES:
        return ("parameter", name)
    address = ADDRESSES[name]
    return attribute(address, REFERRED.get(address.partition(".")[0], "arn"))


def substituted(text):
    parts = re.split(r"\$\{([^}]*)\}", text)
    for place in range(1, len(parts), 2):
        name, _, of = parts[place].partition(".")
        parts[place] = attribute(ADDRESSES[name], snake(of)) if of else referred(name)
    return ("text", [part for part in parts if part != ""])


def told(value):
    """A value of the template with its functions as tuples."""
    if isinstance(value, list):
        return [told(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        name, inner = next(iter(value.items()))
        if name == "Ref":
            return None if inner == "AWS::NoValue" else referred(inner)
        if name == "Fn::GetAtt":
            return attribute(ADDRESSES[inner[0]], snake(inner[1]))
        if name == "Fn::Sub":
            return substituted(inner)
        if name == "Fn::If":
            return ("if", inner[0], told(inner[1]), told(inner[2]))
        if name == "Fn::Join":
            return ("join", inner[0], told(inner[1]))
        if name == "Fn::Split":
            return ("split", inner[0], told(inner[1]))
        if name == "Fn::Select":
            return ("select", inner[0], told(inner[1]))
        if name.startswith("Fn::"):
            raise SystemExit(f"the template has {name}, which this test cannot tell in Terraform's terms")
    return {key: told(item) for key, item in value.items()}


def shaped(kind, properties):
    """Attributes of the type from the properties, by case and by the tables above."""
    names = RENAMED.get(kind, {})
    found = {}
    for name, value in properties.items():
        name = names.get(snake(name), snake(name))
        found[name] = ("json", value) if name in JSON and not isinstance(value, str) else value
    if "tags" in found:
        found["tags"] = {tag["Key"]: tag["Value"] for tag in found["tags"]}
    return found


def deep(value):
    """The same change of case below, for blocks."""
    if isinstance(value, list):
        return [deep(item) for item in value]
    return {snake(key): deep(item) for key, item in value.items()} if isinstance(value, dict) else value


def dimensions(listed):
    return {one["Name"]: one["Value"] for one in listed}


def alarm(properties):
    found = shaped("aws_cloudwatch_metric_alarm", properties)
    if "dimensions" in found:
        found["dimensions"] = dimensions(found["dimensions"])
    for query in found.get("metric_query", []):
        for key in list(query):
            query[snake(key)] = query.pop(key)
        if "metric_stat" in query:
            stat = query.pop("metric_stat")
            metric = stat.pop("Metric")
            query["metric"] = [{"dimensions": dimensions(metric.pop("Dimensions")), **deep(metric), **deep(stat)}]
    return {"": found}


def role(properties, address):
    parts = {"": {"assume_role_policy": ("json", properties["AssumeRolePolicyDocument"])}}
    name = address.partition(".")[2]
    for policy in properties.get("Policies", []):
        parts[f"aws_iam_role_policy.{name}"] = {
            "name": policy["PolicyName"],
            "role": ("ref", f"{address}.name"),
            "policy": ("json", policy["PolicyDocument"]),
        }
    return parts


def managed(properties, address):
    parts = {"": {"description": properties["Description"], "policy": ("json", properties["PolicyDocument"])}}
    roles, condition = properties["Roles"], None
    if isinstance(roles, tuple):
        _, condition, roles, _ = roles
    for one in roles:
        of = one[1].split(".")[1]
        own = address.partition(".")[2]
        attached = f"aws_iam_role_policy_attachment.{own if own == of else f'{own}_{of}'}"
        parts[attached] = {"role": one, "policy_arn": ("ref", f"{address}.arn"), "condition": condition}
    return parts


def rule(properties, address):
    targets = properties.pop("Targets")
    parts = {"": shaped("aws_cloudwatch_event_rule", properties)}
    for target in targets:
        found = {"target_id": target.pop("Id"), "rule": ("ref", f"{address}.name"), "arn": target.pop("Arn")}
        found |= {snake(key): [deep(value)] for key, value in target.items()}
        parts[address.replace("_rule.", "_target.")] = found
    return parts


def function(properties):
    found = shaped("aws_lambda_function", {key: value for key, value in properties.items() if key not in ("Code", "Tags")})
    for block in ("dead_letter_config", "logging_config"):
        if block in found:
            found[block] = [deep(found[block])]
    found["environment"] = [{"variables": properties["Environment"]["Variables"]}]
    return {"": found}


def budget(properties):
    of = properties["Budget"]
    notices = []
    for one in properties["NotificationsWithSubscribers"]:
        topics = [subscriber["Address"] for subscriber in one["Subscribers"]]
        notices.append({**deep(one["Notification"]), "subscriber_sns_topic_arns": topics})
    limit = of["BudgetLimit"]
    found = {"name": of["BudgetName"], "budget_type": of["BudgetType"], "time_unit": of["TimeUnit"], "notification": notices}
    return {"": found | {"limit_amount": limit["Amount"], "limit_unit": limit["Unit"]}}


def table(properties, address):
    found = {
        "billing_mode": properties["BillingMode"],
        "deletion_protection_enabled": properties["DeletionProtectionEnabled"],
        "hash_key": properties["KeySchema"][0]["AttributeName"],
        "attribute": [{"name": one["AttributeName"], "type": one["AttributeType"]} for one in properties["AttributeDefinitions"]],
        "point_in_time_recovery": [{"enabled": properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]}],
        "server_side_encryption": [{"enabled": properties["SSESpecification"]["SSEEnabled"]}],
        "ttl": [deep(properties["TimeToLiveSpecification"])],
    }
    _, condition, policy, _ = properties["ResourcePolicy"]
    own = {"resource_arn": ("ref", f"{address}.arn"), "policy": ("json", policy["PolicyDocument"]), "condition": condition}
    return {"": found, "aws_dynamodb_resource_policy.records": own}


def policy_of(kind):
    """The policy of a topic or a queue, which names what it is for."""

    def parts(properties):
        document = ("json", properties["PolicyDocument"])
        [of] = properties["Topics"] if kind == "arn" else properties["Queues"]
        return {"": {kind: of, "policy": document}}

    return parts


def plain(kind):
    def parts(properties):
        found = shaped(kind, properties)
        if kind == "aws_lambda_event_source_mapping":
            found["scaling_config"] = [deep(found["scaling_config"])]
        return {"": found}

    return parts


OWN = {
    "aws_cloudwatch_metric_alarm": alarm,
    "aws_lambda_function": function,
    "aws_budgets_budget": budget,
    "aws_sns_topic_policy": policy_of("arn"),
    "aws_sqs_queue_policy": policy_of("queue_url"),
}
WITH_ADDRESS = {"aws_iam_role": role, "aws_iam_policy": managed, "aws_cloudwatch_event_rule": rule, "aws_dynamodb_table": table}


def resources(template):
    """Attributes of each resource by its address in the module, with "condition": a name or None."""
    found = {}
    for name, resource in template["Resources"].items():
        if name not in ADDRESSES:
            raise SystemExit(f"the template has the resource {name}, which has no name in the module yet")
        address = ADDRESSES[name]
        kind = address.partition(".")[0]
        properties = told(resource["Properties"])
        if kind in WITH_ADDRESS:
            parts = WITH_ADDRESS[kind](properties, address)
        else:
            parts = OWN.get(kind, plain(kind))(properties)
        for part, attributes in parts.items():
            found[part or address] = {"condition": resource.get("Condition"), **attributes}
    return found
