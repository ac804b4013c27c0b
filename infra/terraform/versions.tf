# Versions that the module needs: conditions on two variables (1.9), and the Region as `region` (6.0).

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}
