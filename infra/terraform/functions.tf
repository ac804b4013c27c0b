# What decides: two functions from one binary.

resource "aws_cloudwatch_log_group" "ingest" {
  name              = "/aws/lambda/${var.guard_name}-ingest"
  retention_in_days = var.log_retention_days
}

resource "aws_cloudwatch_log_group" "control" {
  name              = "/aws/lambda/${var.guard_name}-control"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "ingest" {
  filename                       = var.bootstrap_zip
  source_code_hash               = filebase64sha256(var.bootstrap_zip)
  description                    = "Counts firings and cuts rules that fire themselves"
  function_name                  = "${var.guard_name}-ingest"
  handler                        = "bootstrap"
  memory_size                    = 256
  role                           = aws_iam_role.ingest.arn
  runtime                        = "provided.al2023"
  timeout                        = 30
  reserved_concurrent_executions = local.reserves ? var.reserved_concurrency : null
  architectures                  = [var.architecture]

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.ingest.name
  }

  depends_on = [aws_iam_role_policy_attachment.guard_ingest, aws_iam_role_policy.ingest]
}

resource "aws_lambda_event_source_mapping" "attached" {
  batch_size                         = 1000
  event_source_arn                   = aws_sqs_queue.attached.arn
  function_name                      = aws_lambda_function.ingest.function_name
  maximum_batching_window_in_seconds = var.batching_window_seconds
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 2
  }

  depends_on = [aws_iam_role_policy.ingest]
}

resource "aws_lambda_event_source_mapping" "firings" {
  batch_size                         = 1000
  event_source_arn                   = aws_sqs_queue.firings.arn
  function_name                      = aws_lambda_function.ingest.function_name
  maximum_batching_window_in_seconds = var.batching_window_seconds
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = local.reserves ? var.reserved_concurrency : 5
  }

  depends_on = [aws_iam_role_policy.ingest]
}

resource "aws_lambda_function" "control" {
  filename                       = var.bootstrap_zip
  source_code_hash               = filebase64sha256(var.bootstrap_zip)
  description                    = "Finishes what was left unfinished, looks after cut rules, hears of budgets"
  function_name                  = "${var.guard_name}-control"
  handler                        = "bootstrap"
  memory_size                    = 256
  role                           = aws_iam_role.control.arn
  runtime                        = "provided.al2023"
  timeout                        = 60
  reserved_concurrent_executions = local.reserves ? 2 : null
  architectures                  = [var.architecture]

  dead_letter_config {
    target_arn = aws_sqs_queue.dead_letters.arn
  }

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.control.name
  }

  depends_on = [aws_iam_role_policy_attachment.guard_control, aws_iam_role_policy.control]
}
