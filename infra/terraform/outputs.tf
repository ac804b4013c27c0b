# The outputs of ../template.yaml. What a mode or a setting leaves out is null.

output "table_name" {
  description = "For BUDGET_GUARD_TABLE and --table"
  value       = aws_dynamodb_table.records.name
}

output "topic_arn" {
  description = "For BUDGET_GUARD_TOPIC_ARN and --topic"
  value       = aws_sns_topic.alerts.arn
}

output "queue_arn" {
  description = "The queue of the guard's own rules"
  value       = aws_sqs_queue.firings.arn
}

output "queue_url" {
  description = "The queue of the guard's own rules"
  value       = aws_sqs_queue.firings.url
}

output "attached_queue_arn" {
  description = "For BUDGET_GUARD_QUEUE_ARN and attach --queue"
  value       = aws_sqs_queue.attached.arn
}

output "attached_queue_url" {
  description = "The queue of attached rules"
  value       = aws_sqs_queue.attached.url
}

output "own_arns" {
  description = "For BUDGET_GUARD_OWN_ARNS, the parts of this stack"
  value       = local.own_arns
}

output "mode" {
  description = "For BUDGET_GUARD_MODE"
  value       = var.mode
}

output "enforce_by_tag" {
  description = "For BUDGET_GUARD_ENFORCE_BY_TAG"
  value       = var.enforce_by_tag
}

output "tag_floor" {
  description = "For BUDGET_GUARD_TAG_FLOOR"
  value       = var.tag_floor
}

output "dead_letter_queue_url" {
  description = "What could not be handled"
  value       = aws_sqs_queue.dead_letters.url
}

output "dead_letter_queue_arn" {
  description = "For aws sqs start-message-move-task --source-arn"
  value       = aws_sqs_queue.dead_letters.arn
}

output "budget_topic_arn" {
  description = "Where budgets, anomaly monitors and billing alarms of this account may send their alerts"
  value       = aws_sns_topic.budgets.arn
}

output "ingest_function_name" {
  description = "The function that counts"
  value       = aws_lambda_function.ingest.function_name
}

output "control_function_name" {
  description = "The function that the clock calls"
  value       = aws_lambda_function.control.function_name
}

output "ingest_role_arn" {
  description = "What Ingest runs as"
  value       = aws_iam_role.ingest.arn
}

output "control_role_arn" {
  description = "What Control runs as"
  value       = aws_iam_role.control.arn
}

output "archive_arn" {
  description = "For enable --replay-missed, and aws events start-replay --event-source-arn"
  value       = local.has_archive ? aws_cloudwatch_event_archive.archive[0].arn : null
}

output "operator_policy_arn" {
  description = "For whoever runs the command line"
  value       = aws_iam_policy.operator.arn
}

output "operator_role_arn" {
  description = "What an operator may take"
  value       = local.has_operator ? aws_iam_role.operator[0].arn : null
}
