# The parameters of ../template.yaml, with its defaults and limits, and the file of the functions' code.

variable "bootstrap_zip" {
  description = "Deployment package of the functions: dist/bootstrap.zip, or the one in budget-guard-stack-*.tar.gz. Its architecture is that in `architecture`."
  type        = string
}

# ---- What the guard does.

variable "mode" {
  description = "What happens to rules without the tag budget-guard:mode. Observe first; enforce disables rules."
  type        = string
  default     = "observe"

  validation {
    condition     = contains(["observe", "enforce"], var.mode)
    error_message = "mode is one of observe, enforce."
  }
}

variable "limit" {
  description = "Distinct firings of one rule within a length of time that are too many, N/DURATION, or their price, as in 5USD/1h."
  type        = string
  default     = "200/60s"

  validation {
    condition     = can(regex("^(([1-9][0-9]*|[0-9]+([.][0-9]{1,6})?USD)/[1-9][0-9]*[smhd])$", var.limit))
    error_message = "limit is N/DURATION or AMOUNT/DURATION, as in 200/60s, 500/5m or 5USD/1h."
  }
}

variable "sustained" {
  description = "A slow rule that may be a loop, N firings in DURATION over that many distinct MINUTES, or off. It alerts and does not cut."
  type        = string
  default     = "20/15m/8"

  validation {
    condition     = can(regex("^(off|[1-9][0-9]*/[1-9][0-9]*[smhd]/[1-9][0-9]*)$", var.sustained))
    error_message = "sustained is N/DURATION/MINUTES, as in 20/15m/8, or off."
  }
}

variable "turns" {
  description = "Length of a chain of firings, each caused by one before it, that proves a loop, or off. Half as many equal calls without a reason prove one too."
  type        = string
  default     = "10"

  validation {
    condition     = can(regex("^(off|[2-9]|[1-9][0-9]{1,2}|1000)$", var.turns))
    error_message = "turns is a whole number from 2 to 1000, or off."
  }
}

variable "probation" {
  description = "How long a rule that was put back has a quarter of its limit."
  type        = string
  default     = "15m"

  validation {
    condition     = can(regex("^([1-9][0-9]*[smhd])$", var.probation))
    error_message = "probation is a length of time, as in 15m or 1h."
  }
}

variable "pressure" {
  description = "What limits are divided by while a budget is exceeded. 1 turns it off."
  type        = number
  default     = 4

  validation {
    condition     = var.pressure >= 1 && var.pressure <= 100
    error_message = "pressure is a number of at least 1, 100 at most."
  }
}

variable "max_cuts_per_hour" {
  description = "Maximum number of rules that the guard cuts by itself within an hour. Beyond, it only reports until a person runs budget-guard resume."
  type        = number
  default     = 5

  validation {
    condition     = var.max_cuts_per_hour >= 1 && var.max_cuts_per_hour <= 1000
    error_message = "max_cuts_per_hour is a number of at least 1, 1000 at most."
  }
}

variable "auto_restore" {
  description = "Whether the guard may put rules back by itself, where a cut proves to be wrong or the tag budget-guard:auto-restore asks for it. True lets the functions enable and rewrite rules."
  type        = bool
  default     = false
}

variable "trial" {
  description = "True tries suspects. The rule is off for up to 15 minutes, once a day, and its calls are watched. True lets the functions enable and rewrite rules."
  type        = bool
  default     = false
}

variable "enforce_by_tag" {
  description = "Whether the tag budget-guard:mode=enforce is obeyed while Mode is observe. True gives all who may tag rules the power to have them cut."
  type        = bool
  default     = false
}

variable "tag_floor" {
  description = "Lowest limit that a tag may set, N/DURATION. Lower ones are raised to it."
  type        = string
  default     = "20/60s"

  validation {
    condition     = can(regex("^([1-9][0-9]*/[1-9][0-9]*[smhd])$", var.tag_floor))
    error_message = "tag_floor is N/DURATION, as in 20/60s."
  }
}

# ---- What it sees.

variable "watch" {
  description = "What of the default bus the guard sees. API calls are what loops are made of; all is every event; off is only rules that are attached."
  type        = string
  default     = "cloudtrail"

  validation {
    condition     = contains(["cloudtrail", "all", "off"], var.watch)
    error_message = "watch is one of cloudtrail, all, off."
  }
}

variable "watch_read_only_calls" {
  description = "Also calls named Get, List and Describe, for rules in state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS. It multiplies the traffic."
  type        = bool
  default     = false
}

variable "loop_evidence" {
  description = "Whether the guard may read what stands behind a rule's targets and how busy rules were, which proves loops and spares honest bursts."
  type        = bool
  default     = true
}

variable "trusted_sources" {
  description = "How sources begin, besides aws., whose events are CloudTrail's because you forward them with PutEvents. Whoever may put such events can say who made a call."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|[^ ,]+(,[^ ,]+){0,3})$", var.trusted_sources))
    error_message = "trusted_sources is how at most four sources begin, with commas between them, as in trails.,audit.cloudtrail, or nothing."
  }
}

variable "archive_days" {
  description = "Days for which an archive of the default bus keeps what Watch shows the guard, so that enable --replay-missed can give a rule the events it missed. 0 for no archive."
  type        = number
  default     = 0

  validation {
    condition     = var.archive_days >= 0 && var.archive_days <= 365
    error_message = "archive_days is a number of at least 0, 365 at most."
  }
}

# ---- Whom it tells.

variable "alert_email" {
  description = "Who gets the alerts by e-mail. AWS asks that address to confirm. Empty for nobody."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|[^@ ]+@[^@ ]+)$", var.alert_email))
    error_message = "alert_email is an e-mail address, or nothing."
  }
}

variable "slack_workspace_id" {
  description = "A Slack workspace that Amazon Q Developer is already authorized in, as in T0123ABCD. Empty for none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|T[0-9A-Z]{2,})$", var.slack_workspace_id))
    error_message = "slack_workspace_id is the id of a Slack workspace, which begins with T, or nothing."
  }
}

variable "slack_channel_id" {
  description = "The channel there that gets the alerts, as in C0123ABCD. Empty for none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|[CG][0-9A-Z]{2,})$", var.slack_channel_id))
    error_message = "slack_channel_id is the id of a Slack channel, which begins with C or G, or nothing."
  }

  validation {
    condition     = (var.slack_channel_id == "") == (var.slack_workspace_id == "")
    error_message = "slack_channel_id is given together with slack_workspace_id, or neither."
  }
}

# ---- Money.

variable "monthly_budget_usd" {
  description = "An AWS budget for the whole account that puts pressure on suspects at 80 and 100 percent. 0 for none. One Region is enough."
  type        = number
  default     = 0

  validation {
    condition     = var.monthly_budget_usd >= 0
    error_message = "monthly_budget_usd is a number of at least 0."
  }
}

variable "own_spend_per_day_usd" {
  description = "Alarm when the guard itself costs more than this in a day, at the rate of the last hour. 0 for no alarm."
  type        = number
  default     = 5

  validation {
    condition     = var.own_spend_per_day_usd >= 0
    error_message = "own_spend_per_day_usd is a number of at least 0."
  }
}

# ---- How it runs.

variable "guard_name" {
  description = "What every name begins with. Names prove nothing to the guard; it knows its own parts by their ARNs."
  type        = string
  default     = "budget-guard"

  validation {
    condition     = can(regex("^(budget-guard(-[a-z0-9]+)*)$", var.guard_name))
    error_message = "guard_name is budget-guard, or budget-guard- and up to 27 of a-z 0-9 -."
  }

  validation {
    condition     = length(var.guard_name) <= 40
    error_message = "guard_name is at most 40 characters."
  }
}

variable "architecture" {
  description = "What dist/bootstrap was built for."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture is one of x86_64, arm64."
  }
}

variable "reserved_concurrency" {
  description = "Executions kept for Ingest, and 2 more for Control, so that a loop that eats the account's concurrency cannot stop the guard. 0 for none, as accounts with a quota of 10 need it."
  type        = number
  default     = 0

  validation {
    condition     = contains([0, 2, 5, 10, 20, 50, 100], var.reserved_concurrency)
    error_message = "reserved_concurrency is one of 0, 2, 5, 10, 20, 50, 100."
  }
}

variable "batching_window_seconds" {
  description = "How long firings are collected before they are counted together. Longer costs less and cuts later."
  type        = number
  default     = 1

  validation {
    condition     = contains([1, 2, 5, 10, 30, 60], var.batching_window_seconds)
    error_message = "batching_window_seconds is one of 1, 2, 5, 10, 30, 60."
  }
}

variable "log_level" {
  description = "How much the functions log. At info it is one line for each invocation."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["error", "warn", "info", "debug"], var.log_level)
    error_message = "log_level is one of error, warn, info, debug."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 731, 1827], var.log_retention_days)
    error_message = "log_retention_days is one of 1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 731, 1827."
  }
}

variable "operator_principal_arn" {
  description = "Who may take the operator's role. Empty for no role; the operator's policy is there in any case."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|arn:aws[a-z-]*:iam::[0-9]{12}:(root|user/.+|role/.+))$", var.operator_principal_arn))
    error_message = "operator_principal_arn is the ARN of an IAM user or role, or nothing."
  }
}
