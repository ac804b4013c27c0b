# Whoever runs the command line.

resource "aws_iam_policy" "operator" {
  name        = "${var.guard_name}-${local.region}-operator"
  description = "For whoever runs the command line of ${var.guard_name}"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Rules"
        Effect = "Allow"
        Action = [
          "events:DescribeRule",
          "events:ListTargetsByRule",
          "events:ListTagsForResource",
          "events:DisableRule",
          "events:EnableRule",
          "events:PutRule",
          "events:RemoveTargets",
        ]
        Resource = "arn:${local.partition}:events:${local.region}:${local.account}:rule/*"
      },
      {
        Sid      = "AttachNothingButTheGuardsQueue"
        Effect   = "Allow"
        Action   = ["events:PutTargets"]
        Resource = "arn:${local.partition}:events:${local.region}:${local.account}:rule/*"
        Condition = {
          Null                     = { "events:TargetArn" = "false" }
          "ForAllValues:ArnEquals" = { "events:TargetArn" = aws_sqs_queue.attached.arn }
        }
      },
      {
        Sid       = "ListRules"
        Effect    = "Allow"
        Action    = ["events:ListRules", "events:ListArchives", "events:ListReplays"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:RequestedRegion" = local.region } }
      },
      {
        Sid       = "RolesThatRulesHad"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = "arn:${local.partition}:iam::${local.account}:role/*"
        Condition = { StringEquals = { "iam:PassedToService" = "events.amazonaws.com" } }
      },
      {
        Sid    = "NeverTheGuardsOwnRules"
        Effect = "Deny"
        Action = ["events:DisableRule", "events:EnableRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets"]
        Resource = concat(
          local.watches ? ["arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.guard_name}-watch"] : [],
          [
            "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.guard_name}-changes",
            "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.guard_name}-tick",
          ],
        )
      },
      {
        Sid      = "Archives"
        Effect   = "Allow"
        Action   = ["events:DescribeArchive"]
        Resource = "arn:${local.partition}:events:${local.region}:${local.account}:archive/*"
      },
      {
        Sid      = "OwnReplays"
        Effect   = "Allow"
        Action   = ["events:DescribeReplay"]
        Resource = "arn:${local.partition}:events:${local.region}:${local.account}:replay/budget-guard-*"
      },
      {
        Sid    = "ReplayMissedEvents"
        Effect = "Allow"
        Action = ["events:StartReplay"]
        Resource = [
          "arn:${local.partition}:events:${local.region}:${local.account}:archive/*",
          "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/*",
          "arn:${local.partition}:events:${local.region}:${local.account}:replay/budget-guard-*",
        ]
      },
      {
        Sid      = "Drill"
        Effect   = "Allow"
        Action   = ["events:DeleteRule", "events:TagResource"]
        Resource = "arn:${local.partition}:events:${local.region}:${local.account}:rule/drill-budget-guard-*"
      },
      {
        Sid      = "DrillEvents"
        Effect   = "Allow"
        Action   = ["events:PutEvents"]
        Resource = "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/default"
        Condition = {
          Null                        = { "events:source" = "false" }
          "ForAllValues:StringEquals" = { "events:source" = "budget-guard.drill" }
        }
      },
      {
        Sid    = "DeadLetters"
        Effect = "Allow"
        Action = [
          "sqs:StartMessageMoveTask",
          "sqs:ListMessageMoveTasks",
          "sqs:CancelMessageMoveTask",
          "sqs:ReceiveMessage",
          "sqs:DeleteMessage",
          "sqs:GetQueueAttributes",
        ]
        Resource = aws_sqs_queue.dead_letters.arn
      },
      {
        Sid      = "SentAgain"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.firings.arn, aws_sqs_queue.attached.arn]
      },
      {
        Sid      = "Records"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Scan"]
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
        Sid      = "CodeOfTargets"
        Effect   = "Allow"
        Action   = ["lambda:GetFunctionConfiguration"]
        Resource = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:*"
      },
      {
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
          "arn:${local.partition}:ssm:${local.region}:${local.account}:document/*",
          "arn:${local.partition}:ssm:${local.region}::document/*",
        ]
      },
      {
        Sid    = "MoreBehindTargets"
        Effect = "Allow"
        Action = [
          "batch:DescribeJobDefinitions",
          "ecs:DescribeTaskDefinition",
          "lambda:ListEventSourceMappings",
          "pipes:ListPipes",
        ]
        Resource  = "*"
        Condition = { StringEquals = { "aws:RequestedRegion" = local.region } }
      },
      {
        Sid       = "Trails"
        Effect    = "Allow"
        Action    = ["cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:RequestedRegion" = local.region } }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "operator" {
  count = local.has_operator ? 1 : 0

  role       = aws_iam_role.operator[0].name
  policy_arn = aws_iam_policy.operator.arn
}

resource "aws_iam_role" "operator" {
  count = local.has_operator ? 1 : 0

  name = "${var.guard_name}-${local.region}-operator"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = var.operator_principal_arn }
        Action    = "sts:AssumeRole"
      },
    ]
  })
}
