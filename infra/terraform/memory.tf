# What the guard remembers.

# `terraform destroy` fails at this table: it holds how to put cut rules back.
resource "aws_dynamodb_table" "records" {
  name                        = "${var.guard_name}-records"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true
  hash_key                    = "pk"

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }
}

# A record decides what is cut. Without the operator's role, the operators are not known by name.
resource "aws_dynamodb_resource_policy" "records" {
  count = local.has_operator ? 1 : 0

  resource_arn = aws_dynamodb_table.records.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "NothingElseWrites"
        Effect    = "Deny"
        Principal = "*"
        Action = [
          "dynamodb:PutItem",
          "dynamodb:UpdateItem",
          "dynamodb:DeleteItem",
          "dynamodb:BatchWriteItem",
          "dynamodb:PartiQLInsert",
          "dynamodb:PartiQLUpdate",
          "dynamodb:PartiQLDelete",
        ]
        Resource = "*"
        Condition = {
          BoolIfExists = { "aws:PrincipalIsAWSService" = "false" }
          ArnNotEquals = {
            "aws:PrincipalArn" = [aws_iam_role.ingest.arn, aws_iam_role.control.arn, aws_iam_role.operator[0].arn]
          }
        }
      },
    ]
  })
}
