# What it hears: firings, through queues.

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.guard_name}-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns = [
      "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.guard_name}-firings",
      "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.guard_name}-attached",
    ]
  })
}

# Six times the function's timeout and the longest batching window, as Lambda's documentation asks for.
resource "aws_sqs_queue" "firings" {
  name                       = "${var.guard_name}-firings"
  message_retention_seconds  = 345600
  sqs_managed_sse_enabled    = true
  visibility_timeout_seconds = 240
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 8 })
}

# The guard believes what comes through this queue, so only its own two rules send to it.
resource "aws_sqs_queue_policy" "firings" {
  queue_url = aws_sqs_queue.firings.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnRules"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.firings.arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnEquals = {
            "aws:SourceArn" = [
              "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.guard_name}-watch",
              "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.guard_name}-changes",
            ]
          }
        }
      },
      {
        Sid       = "NothingElseSends"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.firings.arn
        Condition = merge(
          { BoolIfExists = { "aws:PrincipalIsAWSService" = "false" } },
          local.has_operator ? { ArnNotEquals = { "aws:PrincipalArn" = aws_iam_role.operator[0].arn } } : {},
        )
      },
    ]
  })
}

# Firings of attached rules, which make up their messages.
resource "aws_sqs_queue" "attached" {
  name                       = "${var.guard_name}-attached"
  message_retention_seconds  = 345600
  sqs_managed_sse_enabled    = true
  visibility_timeout_seconds = 240
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 8 })
}

# Any rule of this account and Region may send, no other account's.
resource "aws_sqs_queue_policy" "attached" {
  queue_url = aws_sqs_queue.attached.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "RulesOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.attached.arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnLike = {
            "aws:SourceArn" = "arn:${local.partition}:events:${local.region}:${local.account}:rule/*"
          }
        }
      },
      {
        Sid       = "NothingElseSends"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.attached.arn
        Condition = merge(
          { BoolIfExists = { "aws:PrincipalIsAWSService" = "false" } },
          local.has_operator ? { ArnNotEquals = { "aws:PrincipalArn" = aws_iam_role.operator[0].arn } } : {},
        )
      },
    ]
  })
}

# What the guard's own rules could not deliver waits beside what could not be read.
resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnRules"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.dead_letters.arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnLike = {
            "aws:SourceArn" = "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.guard_name}-*"
          }
        }
      },
      {
        Sid       = "NothingElseSends"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.dead_letters.arn
        Condition = {
          BoolIfExists = { "aws:PrincipalIsAWSService" = "false" }
          ArnNotEquals = { "aws:PrincipalArn" = aws_iam_role.control.arn }
        }
      },
    ]
  })
}
