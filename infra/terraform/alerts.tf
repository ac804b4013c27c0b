# Whom it tells.

# A key of our own: the key that SNS brings along admits no alarms and no budgets.
resource "aws_kms_key" "topics" {
  description             = "Alerts of ${var.guard_name}"
  enable_key_rotation     = true
  deletion_window_in_days = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountByItsPolicies"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid    = "ServicesThatPublish"
        Effect = "Allow"
        Principal = {
          Service = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com", "costalerts.amazonaws.com"]
        }
        Action    = ["kms:GenerateDataKey*", "kms:Decrypt"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
}

resource "aws_sns_topic" "alerts" {
  name              = "${var.guard_name}-alerts"
  kms_master_key_id = aws_kms_key.topics.arn
}

resource "aws_sns_topic_policy" "alerts" {
  arn = aws_sns_topic.alerts.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "OwnAlarms"
          Effect    = "Allow"
          Principal = { Service = "cloudwatch.amazonaws.com" }
          Action    = "sns:Publish"
          Resource  = aws_sns_topic.alerts.arn
          Condition = {
            StringEquals = { "aws:SourceAccount" = local.account }
            ArnLike = {
              "aws:SourceArn" = "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.guard_name}-*"
            }
          }
        },
      ],
      local.has_operator ? [{
        Sid       = "NothingElsePublishes"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alerts.arn
        Condition = {
          BoolIfExists = { "aws:PrincipalIsAWSService" = "false" }
          ArnNotEquals = {
            "aws:PrincipalArn" = [aws_iam_role.ingest.arn, aws_iam_role.control.arn, aws_iam_role.operator[0].arn]
          }
        }
      }] : [],
    )
  })
}

resource "aws_sns_topic_subscription" "email" {
  count = local.has_alert_email ? 1 : 0

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

# The chat shows alerts and may do nothing.
resource "aws_iam_role" "chat" {
  count = local.has_slack ? 1 : 0

  name = "${var.guard_name}-${local.region}-chat"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "chatbot.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
}

resource "aws_chatbot_slack_channel_configuration" "chat" {
  count = local.has_slack ? 1 : 0

  configuration_name    = "${var.guard_name}-${local.region}"
  slack_team_id         = var.slack_workspace_id
  slack_channel_id      = var.slack_channel_id
  iam_role_arn          = aws_iam_role.chat[0].arn
  guardrail_policy_arns = ["arn:${local.partition}:iam::aws:policy/AWSDenyAll"]
  sns_topic_arns        = [aws_sns_topic.alerts.arn]
}
