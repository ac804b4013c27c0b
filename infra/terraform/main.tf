# One guard for one account and Region: the same parts and rights as ../template.yaml, which has the reasons.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
  suffix    = data.aws_partition.current.dns_suffix

  watches         = var.watch != "off"
  trusts          = var.trusted_sources != ""
  has_archive     = var.archive_days > 0
  may_restore     = var.auto_restore || var.trial
  replays         = local.may_restore && local.has_archive
  has_alert_email = var.alert_email != ""
  has_slack       = var.slack_workspace_id != "" && var.slack_channel_id != ""
  has_budget      = var.monthly_budget_usd > 0
  watches_spend   = var.own_spend_per_day_usd > 0
  reserves        = var.reserved_concurrency > 0
  has_operator    = var.operator_principal_arn != ""

  # ARNs of functions and rules from their names: these parts need the functions, or are them.
  own_arns = join(",", [
    local.watches ? "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.guard_name}-watch" : "",
    "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.guard_name}-changes",
    "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.guard_name}-tick",
    "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.guard_name}-ingest",
    "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.guard_name}-control",
    aws_iam_role.ingest.arn,
    aws_iam_role.control.arn,
    aws_sqs_queue.firings.arn,
    aws_sqs_queue.attached.arn,
    aws_sqs_queue.dead_letters.arn,
    aws_dynamodb_table.records.arn,
  ])

  # aws.1 and the like fill up the four.
  trusted = split(",", "${var.trusted_sources},aws.1,aws.2,aws.3")

  # Events that the guard is shown, and that the archive keeps.
  seen = merge(
    {
      source = [
        { prefix = var.watch == "all" ? "" : "aws." },
        "budget-guard.drill",
        { prefix = local.trusts ? local.trusted[0] : "aws.0" },
        { prefix = local.trusts ? local.trusted[1] : "aws.1" },
        { prefix = local.trusts ? local.trusted[2] : "aws.2" },
        { prefix = local.trusts ? local.trusted[3] : "aws.3" },
      ]
      detail = {
        resources = {
          ARN = [
            { exists = false },
            {
              anything-but = [
                aws_sqs_queue.firings.arn,
                aws_sqs_queue.attached.arn,
                aws_sqs_queue.dead_letters.arn,
                "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.guard_name}-ingest",
                "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.guard_name}-control",
                aws_dynamodb_table.records.arn,
                aws_sns_topic.alerts.arn,
                aws_sns_topic.budgets.arn,
                aws_kms_key.topics.arn,
              ]
            },
          ]
        }
      }
    },
    var.watch == "all" ? {} : { detail-type = [{ suffix = "via CloudTrail" }] },
  )

  environment = {
    BUDGET_GUARD_TABLE              = aws_dynamodb_table.records.name
    BUDGET_GUARD_TOPIC_ARN          = aws_sns_topic.alerts.arn
    BUDGET_GUARD_OWN_ARNS           = local.own_arns
    BUDGET_GUARD_MODE               = var.mode
    BUDGET_GUARD_LIMIT              = var.limit
    BUDGET_GUARD_SUSTAINED          = var.sustained
    BUDGET_GUARD_TURNS              = var.turns
    BUDGET_GUARD_PROBATION          = var.probation
    BUDGET_GUARD_PRESSURE           = var.pressure
    BUDGET_GUARD_MAX_CUTS_PER_HOUR  = var.max_cuts_per_hour
    BUDGET_GUARD_ENFORCE_BY_TAG     = var.enforce_by_tag
    BUDGET_GUARD_TAG_FLOOR          = var.tag_floor
    BUDGET_GUARD_AUTO_RESTORE       = var.auto_restore
    BUDGET_GUARD_TRIAL              = var.trial
    BUDGET_GUARD_ARCHIVE_ARN        = local.has_archive ? aws_cloudwatch_event_archive.archive[0].arn : ""
    BUDGET_GUARD_TRUSTED_SOURCES    = var.trusted_sources
    BUDGET_GUARD_ATTACHED_QUEUE_ARN = aws_sqs_queue.attached.arn
    RUST_LOG                        = var.log_level
  }
}
