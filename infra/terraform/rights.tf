# What the functions may do, and no more.

# Changing rules beyond disabling them is the operator's right, unless auto_restore is on.
resource "aws_iam_policy" "guard" {
  name        = "${var.guard_name}-${local.region}-functions"
  description = "What the functions of ${var.guard_name} may do"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "ReadAndDisableRules"
          Effect   = "Allow"
          Action   = ["events:DescribeRule", "events:ListTargetsByRule", "events:ListTagsForResource", "events:DisableRule"]
          Resource = "arn:${local.partition}:events:${local.region}:${local.account}:rule/*"
        },
        {
          Sid       = "ListRules"
          Effect    = "Allow"
          Action    = ["events:ListEventBuses", "events:ListRules", "lambda:ListEventSourceMappings"]
          Resource  = "*"
          Condition = { StringEquals = { "aws:RequestedRegion" = local.region } }
        },
      ],
      local.may_restore ? [{
        Sid      = "PutRulesBack"
        Effect   = "Allow"
        Action   = ["events:EnableRule", "events:PutRule"]
        Resource = "arn:${local.partition}:events:${local.region}:${local.account}:rule/*"
      }] : [],
      local.replays ? [{
        Sid    = "ReplayMissedEvents"
        Effect = "Allow"
        Action = ["events:StartReplay"]
        Resource = [
          aws_cloudwatch_event_archive.archive[0].arn,
          "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/default",
          "arn:${local.partition}:events:${local.region}:${local.account}:replay/budget-guard-*",
        ]
      }] : [],
      [
        {
          Sid    = "NeverOwnRules"
          Effect = "Deny"
          Action = ["events:DisableRule", "events:EnableRule", "events:PutRule"]
          Resource = concat(
            local.watches ? ["arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.guard_name}-watch"] : [],
            [
              "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.guard_name}-changes",
              "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.guard_name}-tick",
            ],
          )
        },
        {
          Sid      = "Records"
          Effect   = "Allow"
          Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Scan"]
          Resource = aws_dynamodb_table.records.arn
        },
        {
          Sid      = "Alerts"
          Effect   = "Allow"
          Action   = ["sns:Publish"]
          Resource = aws_sns_topic.alerts.arn
        },
        {
          Sid       = "EncryptAlerts"
          Effect    = "Allow"
          Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
          Resource  = aws_kms_key.topics.arn
          Condition = { StringEquals = { "kms:ViaService" = "sns.${local.region}.${local.suffix}" } }
        },
        {
          Sid      = "ConfirmBudgets"
          Effect   = "Allow"
          Action   = ["budgets:ViewBudget"]
          Resource = "arn:${local.partition}:budgets::${local.account}:budget/*"
        },
        {
          Sid      = "CodeOfTargets"
          Effect   = "Allow"
          Action   = ["lambda:GetFunctionConfiguration"]
          Resource = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:*"
        },
      ],
      var.loop_evidence ? [{
        Sid    = "WhatStandsBehindTargets"
        Effect = "Allow"
        Action = [
          "sns:ListSubscriptionsByTopic",
          "sqs:GetQueueAttributes",
          "states:DescribeStateMachine",
          "codebuild:BatchGetProjects",
          "codepipeline:GetPipeline",
          "firehose:DescribeDeliveryStream",
          "glue:GetCrawler",
          "glue:GetJob",
          "glue:GetWorkflow",
          "pipes:DescribePipe",
          "scheduler:GetSchedule",
          "scheduler:ListSchedules",
          "ssm:GetDocument",
        ]
        Resource = [
          "arn:${local.partition}:sns:${local.region}:${local.account}:*",
          "arn:${local.partition}:sqs:${local.region}:${local.account}:*",
          "arn:${local.partition}:states:${local.region}:${local.account}:stateMachine:*",
          "arn:${local.partition}:codebuild:${local.region}:${local.account}:project/*",
          "arn:${local.partition}:codepipeline:${local.region}:${local.account}:*",
          "arn:${local.partition}:firehose:${local.region}:${local.account}:deliverystream/*",
          "arn:${local.partition}:glue:${local.region}:${local.account}:crawler/*",
          "arn:${local.partition}:glue:${local.region}:${local.account}:job/*",
          "arn:${local.partition}:glue:${local.region}:${local.account}:workflow/*",
          "arn:${local.partition}:pipes:${local.region}:${local.account}:pipe/*",
          "arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule/*",
          "arn:${local.partition}:ssm:${local.region}:${local.account}:document/*",
          "arn:${local.partition}:ssm:${local.region}::document/*",
        ]
      }] : [],
      var.loop_evidence ? [{
        Sid    = "MoreBehindTargetsAndHistory"
        Effect = "Allow"
        Action = [
          "batch:DescribeJobDefinitions",
          "cloudtrail:LookupEvents",
          "cloudwatch:GetMetricData",
          "ecs:DescribeTaskDefinition",
          "pipes:ListPipes",
        ]
        Resource  = "*"
        Condition = { StringEquals = { "aws:RequestedRegion" = local.region } }
      }] : [],
    )
  })
}

resource "aws_iam_role_policy_attachment" "guard_ingest" {
  role       = aws_iam_role.ingest.name
  policy_arn = aws_iam_policy.guard.arn
}

resource "aws_iam_role_policy_attachment" "guard_control" {
  role       = aws_iam_role.control.name
  policy_arn = aws_iam_policy.guard.arn
}

resource "aws_iam_role" "ingest" {
  name = "${var.guard_name}-${local.region}-ingest"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = "sts:AssumeRole"
      },
    ]
  })
}

resource "aws_iam_role_policy" "ingest" {
  name = "own-queue-and-logs"
  role = aws_iam_role.ingest.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Firings"
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = [aws_sqs_queue.firings.arn, aws_sqs_queue.attached.arn]
      },
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.ingest.arn}:*"
      },
    ]
  })
}

resource "aws_iam_role" "control" {
  name = "${var.guard_name}-${local.region}-control"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = "sts:AssumeRole"
      },
    ]
  })
}

resource "aws_iam_role_policy" "control" {
  name = "own-dead-letters-and-logs"
  role = aws_iam_role.control.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "DeadLetters"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = aws_sqs_queue.dead_letters.arn
      },
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.control.arn}:*"
      },
    ]
  })
}
