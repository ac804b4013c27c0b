# What it hears: events of the default bus, changes of rules, the clock.

# CloudTrail reaches the default bus only. The guard works out itself which rules an event fires.
resource "aws_cloudwatch_event_rule" "watch" {
  count = local.watches ? 1 : 0

  name          = "${var.guard_name}-watch"
  description   = "Shows the guard the events of the default bus"
  state         = var.watch_read_only_calls ? "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" : "ENABLED"
  event_pattern = jsonencode(local.seen)
  tags          = { "budget-guard:lint" = "allow: the guard leaves out its own calls" }
}

resource "aws_cloudwatch_event_target" "watch" {
  count = local.watches ? 1 : 0

  target_id = "ingest"
  rule      = aws_cloudwatch_event_rule.watch[0].name
  arn       = aws_sqs_queue.firings.arn

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  depends_on = [aws_sqs_queue_policy.firings, aws_sqs_queue_policy.dead_letters]
}

# EventBridge itself keeps replayed events out of archives.
resource "aws_cloudwatch_event_archive" "archive" {
  count = local.has_archive ? 1 : 0

  name             = "${var.guard_name}-archive"
  description      = "Events that a rule may have missed while it was cut"
  event_source_arn = "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/default"
  retention_days   = var.archive_days
  event_pattern    = jsonencode(local.seen)
}

# Shows at once who changes a rule or a part of the guard, and who disables the rule above.
resource "aws_cloudwatch_event_rule" "changes" {
  name        = "${var.guard_name}-changes"
  description = "Tells the guard who changes rules, and its own parts"
  tags        = { "budget-guard:lint" = "allow: the guard leaves out its own calls" }
  event_pattern = jsonencode({
    source      = ["aws.events", "aws.sqs", "aws.lambda", "aws.dynamodb"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["events.amazonaws.com", "sqs.amazonaws.com", "lambda.amazonaws.com", "dynamodb.amazonaws.com"]
      eventName = [
        "EnableRule",
        "DisableRule",
        "PutRule",
        "DeleteRule",
        "PutTargets",
        "RemoveTargets",
        "TagResource",
        "UntagResource",
        "SetQueueAttributes",
        "DeleteQueue",
        "PurgeQueue",
        { prefix = "AddPermission" },
        { prefix = "RemovePermission" },
        { prefix = "UpdateFunctionCode" },
        { prefix = "UpdateFunctionConfiguration" },
        { prefix = "DeleteFunction" },
        { prefix = "PutFunctionConcurrency" },
        { prefix = "UpdateEventSourceMapping" },
        { prefix = "DeleteEventSourceMapping" },
        "DeleteTable",
        "UpdateTable",
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "changes" {
  target_id = "ingest"
  rule      = aws_cloudwatch_event_rule.changes.name
  arn       = aws_sqs_queue.firings.arn

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  depends_on = [aws_sqs_queue_policy.firings, aws_sqs_queue_policy.dead_letters]
}

resource "aws_cloudwatch_event_rule" "tick" {
  name                = "${var.guard_name}-tick"
  description         = "Finishes what was left unfinished and looks after cut rules"
  schedule_expression = "rate(1 minute)"
}

resource "aws_cloudwatch_event_target" "tick" {
  target_id = "control"
  rule      = aws_cloudwatch_event_rule.tick.name
  arn       = aws_lambda_function.control.arn

  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 2
  }
}

resource "aws_lambda_permission" "tick" {
  statement_id   = "tick"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.control.function_name
  principal      = "events.amazonaws.com"
  source_account = local.account
  source_arn     = aws_cloudwatch_event_rule.tick.arn
}
