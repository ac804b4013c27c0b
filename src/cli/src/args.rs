//! Syntax of the command line. Other modules decide the meaning.

use std::path::PathBuf;

use budget_guard_core::model::Seconds;
use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed (AWS, IO), 2 bad usage or bad input, 3 refused (with the reason),
4 found something (replay a trip, lint a loop, doctor a problem).
RULE is a name (with --bus), BUS/NAME or an ARN; an ARN also says which Region is meant.";

/// Shows and changes what budget-guard, the circuit breaker for EventBridge rules, does to your rules
#[derive(Debug, Parser)]
#[command(name = "budget-guard", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// How to print the result, html and markdown for people; messages always go to standard error as text
    #[arg(long, global = true, value_enum, default_value = "text", value_name = "FORMAT")]
    pub output: Format,
    /// The guard, by its stack's GuardName, whose functions have the settings that are not given [default: budget-guard]
    #[arg(long, global = true, value_name = "NAME")]
    pub stack: Option<String>,
    /// The guard's DynamoDB table [else BUDGET_GUARD_TABLE]
    #[arg(long, global = true, value_name = "NAME")]
    pub table: Option<String>,
    /// The SNS topic for the guard's alerts [else BUDGET_GUARD_TOPIC_ARN]
    #[arg(long, global = true, value_name = "ARN")]
    pub topic: Option<String>,
    /// The AWS Region [else AWS_REGION, or the profile's]
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// The AWS profile to sign in with [else AWS_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
    Html,
    Markdown,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the rules the guard has seen, or show one rule in detail
    Status {
        /// Show this one: a name, BUS/NAME or an ARN
        #[arg(value_name = "RULE")]
        rule: Option<String>,
        /// The event bus the rule stands on [default: default]; without RULE, list this bus alone
        #[arg(long, value_name = "BUS")]
        bus: Option<String>,
        /// List only rules that are cut, or on probation
        #[arg(long, conflicts_with = "rule")]
        open: bool,
        /// List only rules that looked like a loop when they last tripped, and were not cut
        #[arg(long, conflicts_with_all = ["rule", "open"])]
        suspect: bool,
        /// Also list rules that never fired, and those of drills
        #[arg(long, conflicts_with = "rule")]
        all: bool,
        /// List the rules of the guards in all Regions that the account has enabled
        #[arg(long, conflicts_with_all = ["rule", "region"])]
        all_regions: bool,
        /// Draw the rates of the rules every 5 seconds until Ctrl-C, on a terminal
        #[arg(long, conflicts_with_all = ["rule", "all_regions"])]
        watch: bool,
    },
    /// Explain the last trip of a rule: the evidence in full, what was done, what to do next
    Explain {
        /// A name, BUS/NAME or an ARN
        #[arg(value_name = "RULE")]
        rule: String,
        #[command(flatten)]
        on: OnBus,
        #[command(flatten)]
        page: PageFile,
    },
    /// Put a rule back that the guard cut, exactly as it was found, on probation
    Enable {
        /// A name, BUS/NAME or an ARN
        #[arg(value_name = "RULE")]
        rule: String,
        #[command(flatten)]
        on: OnBus,
        /// Restore it even if its loop was proved and nothing has changed since
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        missed: Missed,
    },
    /// Cut a rule by hand, so that `enable` can put it back as it was
    Disable {
        /// A name, BUS/NAME or an ARN
        #[arg(value_name = "RULE")]
        rule: String,
        #[command(flatten)]
        on: OnBus,
        /// Reason, for the record and the alert
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Show the event pattern that ends a rule's loop; put it, or put the old one back
    Cure {
        /// A name, BUS/NAME or an ARN
        #[arg(value_name = "RULE")]
        rule: String,
        #[command(flatten)]
        on: OnBus,
        /// Put the changed pattern
        #[arg(long, conflicts_with = "undo")]
        apply: bool,
        /// Put the pattern back that the rule had before `--apply`
        #[arg(long)]
        undo: bool,
    },
    /// Show which AWS budgets are overspent, and what that does to the limits; or end it
    Pressure {
        /// End the pressure of every budget; the same alert again does not bring it back
        #[arg(long, requires = "reason")]
        clear: bool,
        /// Reason, for the table and the alert
        #[arg(long, value_name = "TEXT", requires = "clear")]
        reason: Option<String>,
    },
    /// Let the guard cut rules again, after it paused because of too many cuts
    Resume,
    /// Let the guard see a rule: add the guard's queue to the rule's targets
    Attach(Attachment),
    /// Take the guard's queue off a rule's targets
    Detach(Attachment),
    /// Replay CloudTrail logs against rules: what would have fired and tripped, and when
    ///
    /// Needs no AWS: no credentials, no table, no topic.
    Replay {
        /// The rules: what `rules export` or `aws events list-rules` prints, JSON lines of {"name","pattern"}, or a state of
        /// Terraform; with "targets", as `rules export` prints them, loops are found by who fires the rule, too
        #[arg(long, value_name = "FILE")]
        rules: PathBuf,
        /// The burst limit to judge by [else BUDGET_GUARD_LIMIT, else 200/60s]
        #[arg(long, value_name = "N/DURATION")]
        limit: Option<String>,
        #[command(flatten)]
        page: PageFile,
        /// CloudTrail log files, folders to search for them, or - for standard input
        #[arg(value_name = "LOG", required = true)]
        logs: Vec<PathBuf>,
    },
    /// Find rules that can fire themselves, before they are deployed or in the account, and the cure
    ///
    /// Needs no stack: no table, no topic. Files need no AWS at all.
    Lint(Lint),
    /// Say which events an event pattern, or the rules of a file, match
    ///
    /// Needs no AWS: no credentials, no table, no topic.
    Match {
        #[command(flatten)]
        by: MatchBy,
        /// EventBridge events or CloudTrail records: a file, a folder to search for them, or - for standard input
        #[arg(value_name = "EVENTS")]
        events: PathBuf,
    },
    /// Create rules with the guard attached
    #[command(subcommand)]
    Rule(RuleCommand),
    /// Read the rules of the account
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Look at each part of the deployed guard, and say what to do about those that do not work
    Doctor,
    /// Try the deployed guard: make a harmless rule, fire it until it is cut, and remove it
    Drill {
        /// Also wait until the guard has judged the cut, and that of a second rule whose events go on
        #[arg(long)]
        outcome: bool,
        /// Longest wait for the cut and its alert, or for the outcomes [default: 2m, with --outcome 20m]
        #[arg(long, value_name = "DURATION")]
        within: Option<Seconds>,
        /// The guard's SQS queue [else BUDGET_GUARD_QUEUE_ARN]
        #[arg(long, value_name = "ARN")]
        queue: Option<String>,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct MatchBy {
    /// One event pattern, as JSON
    #[arg(long, value_name = "FILE")]
    pub pattern: Option<PathBuf>,
    /// Rules: what `rules export` or `aws events list-rules` prints, JSON lines of {"name","pattern"}, or a state of Terraform
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
}

#[derive(Debug, Default, clap::Args)]
pub(crate) struct PageFile {
    /// File to write the HTML or Markdown to, once it is complete [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
}

#[derive(Debug, Default, clap::Args)]
pub(crate) struct OnBus {
    /// The event bus the rule stands on, unless RULE says so [default: default]
    #[arg(long, value_name = "BUS")]
    pub bus: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Missed {
    /// Then give it the events that it missed, from an archive of its bus
    #[arg(long)]
    pub replay_missed: bool,
    /// Time between the restore and the replay, in which the last events reach the archive
    #[arg(long, value_name = "DURATION", default_value = "10m", requires = "replay_missed", hide = true)]
    pub archive_delay: Seconds,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Attachment {
    /// Names, BUS/NAME or ARNs
    #[arg(value_name = "RULE", required = true)]
    pub rules: Vec<String>,
    #[command(flatten)]
    pub on: OnBus,
    /// The guard's SQS queue [else BUDGET_GUARD_QUEUE_ARN]
    #[arg(long, value_name = "ARN")]
    pub queue: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RuleCommand {
    /// Make a rule that fires on API calls, with its targets' permissions, and let the guard see it
    Create(NewRule),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Write all rules with their targets, and who acts behind them, as JSON lines for `replay`, `match` and `lint`
    ///
    /// Needs no stack: no table, no topic, only rights to read, which --print-policy prints.
    Export(Export),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Lint {
    /// Print the findings as SARIF 2.1.0, for code scanning
    #[arg(long)]
    pub sarif: bool,
    /// Also print why it cannot be told of other rules
    #[arg(long, conflicts_with = "sarif")]
    pub notes: bool,
    /// Read the rules of the account in place of files, with the policies of the roles behind them
    #[arg(long)]
    pub live: bool,
    #[command(flatten)]
    pub scope: Surveyed,
    /// CloudFormation and SAM templates, CDK's *.template.json, states of Terraform and `terraform show -json`, rules as
    /// for `replay --rules`, and `aws iam get-account-authorization-details` for the roles of such rules
    #[arg(value_name = "FILE", required_unless_present = "live", conflicts_with_all = ["live", "all_regions", "bus", "print_policy"])]
    pub files: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub scope: Surveyed,
    /// The file to write, once all is read [default: standard output, line by line]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Rules of the account that are read, and the rights for them.
#[derive(Debug, clap::Args)]
pub(crate) struct Surveyed {
    /// The rules of all Regions that the account has enabled
    #[arg(long)]
    pub all_regions: bool,
    /// The rules on this event bus alone; may be given several times [default: all buses]
    #[arg(long, value_name = "BUS")]
    pub bus: Vec<String>,
    /// Print the IAM policy with the rights for these options, and do nothing
    #[arg(long)]
    pub print_policy: bool,
}

#[derive(Debug, Default, clap::Args)]
#[command(group = clap::ArgGroup::new("calls").required(true))]
pub(crate) struct NewRule {
    /// A name or BUS/NAME that is not taken
    #[arg(value_name = "NAME")]
    pub name: String,
    #[command(flatten)]
    pub on: OnBus,
    /// The service whose calls fire the rule, by its name in CloudTrail: s3, ec2, iam
    #[arg(long, value_name = "SERVICE")]
    pub service: String,
    /// The API calls that fire it, as in PutBucketAcl
    #[arg(long, value_name = "CALL", num_args = 1.., group = "calls")]
    pub operation: Vec<String>,
    /// Every call of the service but Get…, List… and Describe…
    #[arg(long, group = "calls")]
    pub any_operation: bool,
    /// What the rule starts: functions, queues, topics, state machines, streams, buses
    #[arg(long, value_name = "ARN", num_args = 1.., required = true)]
    pub target: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// The role EventBridge takes for targets that need one
    #[arg(long, value_name = "ARN", conflicts_with = "create_role")]
    pub role: Option<String>,
    /// Make that role, with rights on these targets alone
    #[arg(long)]
    pub create_role: bool,
    /// Fire on Get…, List… and Describe… as well: state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS
    #[arg(long)]
    pub read_only_calls: bool,
    /// Show the pattern and the plan, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The guard's SQS queue [else BUDGET_GUARD_QUEUE_ARN]
    #[arg(long, value_name = "ARN")]
    pub queue: Option<String>,
}
