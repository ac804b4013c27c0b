# What it hears: budgets.

resource "aws_sns_topic" "budgets" {
  name              = "${var.guard_name}-budget-alerts"
  kms_master_key_id = aws_kms_key.topics.arn
}

resource "aws_sns_topic_policy" "budgets" {
  arn = aws_sns_topic.budgets.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "BudgetsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "budgets.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.budgets.arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:budgets::${local.account}:*" }
        }
      },
      {
        Sid       = "AnomaliesOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "costalerts.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.budgets.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      {
        Sid       = "BillingAlarmsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.budgets.arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnLike = {
            "aws:SourceArn" = "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:*"
          }
        }
      },
      {
        Sid       = "NothingElsePublishes"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.budgets.arn
        Condition = { BoolIfExists = { "aws:PrincipalIsAWSService" = "false" } }
      },
    ]
  })
}

# AWS Budgets tries the topic when the budget is made.
resource "aws_budgets_budget" "monthly" {
  count = local.has_budget ? 1 : 0

  name         = "${var.guard_name}-${local.region}-monthly"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = var.monthly_budget_usd
  limit_unit   = "USD"

  notification {
    notification_type         = "ACTUAL"
    comparison_operator       = "GREATER_THAN"
    threshold                 = 80
    threshold_type            = "PERCENTAGE"
    subscriber_sns_topic_arns = [aws_sns_topic.budgets.arn]
  }

  notification {
    notification_type         = "ACTUAL"
    comparison_operator       = "GREATER_THAN"
    threshold                 = 100
    threshold_type            = "PERCENTAGE"
    subscriber_sns_topic_arns = [aws_sns_topic.budgets.arn]
  }

  notification {
    notification_type         = "FORECASTED"
    comparison_operator       = "GREATER_THAN"
    threshold                 = 100
    threshold_type            = "PERCENTAGE"
    subscriber_sns_topic_arns = [aws_sns_topic.budgets.arn]
  }

  depends_on = [aws_sns_topic_policy.budgets]
}

resource "aws_lambda_permission" "money" {
  statement_id  = "money"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.control.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.budgets.arn
}

resource "aws_sns_topic_subscription" "money" {
  endpoint  = aws_lambda_function.control.arn
  protocol  = "lambda"
  topic_arn = aws_sns_topic.budgets.arn
}
