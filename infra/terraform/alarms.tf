# What watches over it.

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${var.guard_name}-dead-letters"
  alarm_description   = "The guard could not read or handle something. Look at the queue, then redrive it."
  alarm_actions       = [aws_sns_topic.alerts.arn]
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_metric_alarm" "behind" {
  alarm_name          = "${var.guard_name}-behind"
  alarm_description   = "Firings wait for more than five minutes. The guard is behind, and cuts late."
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.firings.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  threshold           = 300
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_metric_alarm" "attached_behind" {
  alarm_name          = "${var.guard_name}-attached-behind"
  alarm_description   = "Firings of attached rules wait for more than five minutes. The guard is behind, and cuts late."
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.attached.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  threshold           = 300
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_metric_alarm" "ingest_errors" {
  alarm_name          = "${var.guard_name}-ingest-errors"
  alarm_description   = "The function fails. Its log says why, in one line each."
  alarm_actions       = [aws_sns_topic.alerts.arn]
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.ingest.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_metric_alarm" "control_errors" {
  alarm_name          = "${var.guard_name}-control-errors"
  alarm_description   = "The function fails. Its log says why, in one line each."
  alarm_actions       = [aws_sns_topic.alerts.arn]
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.control.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_metric_alarm" "ingest_throttles" {
  alarm_name          = "${var.guard_name}-ingest-throttles"
  alarm_description   = "The account's concurrency is used up and the guard has to wait. Find what eats it, and reserve some for the guard."
  alarm_actions       = [aws_sns_topic.alerts.arn]
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.ingest.function_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_metric_alarm" "control_throttles" {
  alarm_name          = "${var.guard_name}-control-throttles"
  alarm_description   = "The account's concurrency is used up and the guard has to wait. Find what eats it, and reserve some for the guard."
  alarm_actions       = [aws_sns_topic.alerts.arn]
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.control.function_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}

# Before the first tick there is none to be missed.
resource "aws_cloudwatch_metric_alarm" "tick_missing" {
  alarm_name          = "${var.guard_name}-tick-missing"
  alarm_description   = "The guard's clock has stopped. Unfinished cuts and restores stay unfinished."
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = aws_lambda_function.control.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"

  depends_on = [aws_lambda_permission.tick]
}

resource "aws_cloudwatch_metric_alarm" "directory_age" {
  alarm_name          = "${var.guard_name}-directory-age"
  alarm_description   = "The list of rules is more than an hour old. New rules are not guarded. The log of Control says why it was not read."
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
  namespace           = "BudgetGuard"
  metric_name         = "DirectoryAge"
  dimensions          = { FunctionName = aws_lambda_function.control.function_name }
  statistic           = "Minimum"
  period              = 300
  evaluation_periods  = 3
  threshold           = 3600
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_metric_alarm" "silent" {
  count = local.watches ? 1 : 0

  alarm_name          = "${var.guard_name}-silent"
  alarm_description   = "No event has reached the guard for an hour at least, and for longer than ever in 14 days. Look at the trail and at the rules of the guard."
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
  namespace           = "BudgetGuard"
  metric_name         = "SilentMinutes"
  dimensions          = { FunctionName = aws_lambda_function.control.function_name }
  statistic           = "Minimum"
  period              = 300
  evaluation_periods  = 2
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}

# List prices of us-east-1, as ../cost.md has them, of all that grows with the number of events.
resource "aws_cloudwatch_metric_alarm" "own_spend" {
  count = local.watches_spend ? 1 : 0

  alarm_name          = "${var.guard_name}-own-spend"
  alarm_description   = "At the rate of the last hour, the guard itself costs more a day than OwnSpendPerDayUSD."
  alarm_actions       = [aws_sns_topic.alerts.arn]
  evaluation_periods  = 1
  threshold           = var.own_spend_per_day_usd
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"

  metric_query {
    id    = "usd"
    label = "USD a day"
    expression = join("", [
      "24 * (FILL(sent, 0) * ",
      local.has_archive ? "0.00000063" : "0.00000048",
      " + FILL(attached, 0) * 0.00000048",
      " + FILL(ingested, 0) * 0.0000002 + FILL(controlled, 0) * 0.0000002",
      " + FILL(ingesting, 0) * 0.0000000041667 + FILL(controlling, 0) * 0.0000000041667",
      " + FILL(ingestlogs, 0) * 0.0000000005 + FILL(controllogs, 0) * 0.0000000005",
      " + FILL(writes, 0) * 0.000000625 + FILL(reads, 0) * 0.000000125)",
    ])
  }

  metric_query {
    id          = "sent"
    return_data = false

    metric {
      dimensions  = { QueueName = aws_sqs_queue.firings.name }
      namespace   = "AWS/SQS"
      metric_name = "NumberOfMessagesSent"
      period      = 3600
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "attached"
    return_data = false

    metric {
      dimensions  = { QueueName = aws_sqs_queue.attached.name }
      namespace   = "AWS/SQS"
      metric_name = "NumberOfMessagesSent"
      period      = 3600
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "ingested"
    return_data = false

    metric {
      dimensions  = { FunctionName = aws_lambda_function.ingest.function_name }
      namespace   = "AWS/Lambda"
      metric_name = "Invocations"
      period      = 3600
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "controlled"
    return_data = false

    metric {
      dimensions  = { FunctionName = aws_lambda_function.control.function_name }
      namespace   = "AWS/Lambda"
      metric_name = "Invocations"
      period      = 3600
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "ingesting"
    return_data = false

    metric {
      dimensions  = { FunctionName = aws_lambda_function.ingest.function_name }
      namespace   = "AWS/Lambda"
      metric_name = "Duration"
      period      = 3600
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "controlling"
    return_data = false

    metric {
      dimensions  = { FunctionName = aws_lambda_function.control.function_name }
      namespace   = "AWS/Lambda"
      metric_name = "Duration"
      period      = 3600
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "ingestlogs"
    return_data = false

    metric {
      dimensions  = { LogGroupName = aws_cloudwatch_log_group.ingest.name }
      namespace   = "AWS/Logs"
      metric_name = "IncomingBytes"
      period      = 3600
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "controllogs"
    return_data = false

    metric {
      dimensions  = { LogGroupName = aws_cloudwatch_log_group.control.name }
      namespace   = "AWS/Logs"
      metric_name = "IncomingBytes"
      period      = 3600
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "writes"
    return_data = false

    metric {
      dimensions  = { TableName = aws_dynamodb_table.records.name }
      namespace   = "AWS/DynamoDB"
      metric_name = "ConsumedWriteCapacityUnits"
      period      = 3600
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "reads"
    return_data = false

    metric {
      dimensions  = { TableName = aws_dynamodb_table.records.name }
      namespace   = "AWS/DynamoDB"
      metric_name = "ConsumedReadCapacityUnits"
      period      = 3600
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_dashboard" "dashboard" {
  dashboard_name = "${var.guard_name}-${local.region}"
  dashboard_body = jsonencode({
    widgets = [
      {
        type   = "metric"
        x      = 0
        y      = 0
        width  = 12
        height = 6
        properties = {
          title  = "Firings per rule, a minute"
          region = local.region
          view   = "timeSeries"
          metrics = [
            [
              {
                expression = "SEARCH('{AWS/Events,RuleName} MetricName=\"TriggeredRules\"', 'Sum', 60)"
                id         = "default"
              },
            ],
            [
              {
                expression = "SEARCH('{AWS/Events,EventBusName,RuleName} MetricName=\"TriggeredRules\"', 'Sum', 60)"
                id         = "custom"
              },
            ],
          ]
        }
      },
      {
        type   = "metric"
        x      = 12
        y      = 0
        width  = 12
        height = 6
        properties = {
          title  = "Trips, suspects, failures"
          region = local.region
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["BudgetGuard", "Trips", "FunctionName", aws_lambda_function.ingest.function_name],
            [".", "Suspects", ".", "."],
            [".", "Late", ".", "."],
            [".", "Failed", ".", "."],
            [".", "DecodeErrors", ".", "."],
            [".", "Trips", ".", aws_lambda_function.control.function_name, { label = "Trips (control)" }],
            [".", "Failed", ".", ".", { label = "Failed (control)" }],
          ]
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 6
        width  = 12
        height = 6
        properties = {
          title  = "Latency: from the bus to the queue, and deciding (ms)"
          region = local.region
          view   = "timeSeries"
          period = 60
          metrics = [
            [
              "AWS/Events",
              "IngestionToInvocationSuccessLatency",
              "RuleName",
              "${var.guard_name}-changes",
              { stat = "p99" },
            ],
            [".", ".", ".", "${var.guard_name}-watch", { stat = "p99" }],
            ["AWS/Lambda", "Duration", "FunctionName", aws_lambda_function.ingest.function_name, { stat = "p50" }],
            ["...", { stat = "p99" }],
          ]
        }
      },
      {
        type   = "metric"
        x      = 12
        y      = 6
        width  = 12
        height = 6
        properties = {
          title  = "Backlog: waiting, oldest (s), dead letters"
          region = local.region
          view   = "timeSeries"
          stat   = "Maximum"
          period = 60
          metrics = [
            ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.firings.name],
            [".", "ApproximateAgeOfOldestMessage", ".", "."],
            [".", "ApproximateNumberOfMessagesVisible", ".", aws_sqs_queue.attached.name],
            [".", "ApproximateAgeOfOldestMessage", ".", "."],
            [".", "ApproximateNumberOfMessagesVisible", ".", aws_sqs_queue.dead_letters.name, { label = "Dead letters" }],
          ]
        }
      },
    ]
  })
}
