//! Form that all files are read into: rules with their patterns and targets, roles with their policies.

use std::collections::BTreeMap;

use eventbridge_pattern::Pattern;

use crate::node::{Node, Place};

/// Character that stands for a part of a text that the file does not tell.
pub(crate) const UNKNOWN: char = '\u{1}';

/// Language of a file. It decides the form of a cure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// CloudFormation or SAM, in YAML or JSON.
    CloudFormation,
    /// Plan or state, as `terraform show -json` prints it.
    Terraform,
    /// Rules as `aws events list-rules` prints them, or as JSON lines.
    Rules,
    /// Roles as `aws iam get-account-authorization-details` prints them.
    Roles,
}

/// One file.
#[derive(Debug)]
pub(crate) struct Document {
    pub path: String,
    pub text: String,
    pub language: Language,
    pub rules: Vec<Rule>,
    /// Roles by their keys: logical ids, Terraform addresses or ARNs.
    pub roles: BTreeMap<String, Role>,
    /// Parts of the file that were not understood.
    pub remarks: Vec<Remark>,
    /// True if rules are missing or could not be read, which a remark says.
    pub is_partial: bool,
}

/// Part of a file that was not understood or that needs a word.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Remark {
    /// Position in the file.
    pub place: Place,
    /// Description of the text found and of its effect.
    pub text: String,
}

#[derive(Debug)]
pub(crate) struct Rule {
    /// Name for people: logical id, Terraform address, or name.
    pub name: String,
    pub place: Place,
    /// `None` for a rule that runs on a schedule alone.
    pub pattern: Option<Result<EventPattern, Remark>>,
    /// True for the state that receives read-only calls as well.
    pub takes_reads: bool,
    /// Region; `None` if the file does not tell.
    pub region: Option<String>,
    /// Bus; `None` for the default bus.
    pub bus: Option<String>,
    /// Reason why the rule is allowed to fire itself, in its author's words.
    pub allowed: Option<String>,
    pub targets: Vec<Target>,
    /// Names of targets that the file does not give; `None` if it gives them all.
    pub targets_unknown: Option<String>,
}

/// Event pattern with all values that the file tells.
#[derive(Debug)]
pub(crate) struct EventPattern {
    /// Pattern as it stands in the file; `None` if it stands there as a string.
    pub source: Option<Node>,
    /// Text of the pattern with its references resolved.
    pub text: String,
    /// Fields with a value that the file does not tell, which are judged as free.
    pub unknown: Vec<String>,
    pub compiled: Pattern,
}

#[derive(Debug, Default)]
pub(crate) struct Target {
    /// Words for the target: `function FixAcl`.
    pub label: String,
    pub actors: Vec<Acting>,
    /// Reason why not all actors behind the target are known.
    pub unknown: Option<String>,
}

/// Function, state machine, task or build that a target starts, with the role of its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acting {
    /// Words for the actor: `function FixAcl`, `function FixAcl, behind queue Fixes`.
    pub label: String,
    /// Key of its role; `None` if it has none.
    pub role: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Role {
    /// Words for the role: `role FixerRole`.
    pub label: String,
    /// ARN. Parts that the file does not tell are [`UNKNOWN`]; resources are `${Name}`.
    pub arn: String,
    /// Reference to the ARN in the language of the file: the value of `anything-but`.
    pub reference: Option<Node>,
    pub statements: Vec<Statement>,
    /// Policies and actions that the file does not tell.
    pub unknown: Vec<String>,
}

impl Role {
    /// Name: the part of the ARN after its last slash.
    pub(crate) fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }

    /// Account in the ARN.
    pub(crate) fn account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }
}

/// Statement of an identity policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Statement {
    /// Words for the statement: `policy Fix, statement 2`.
    pub label: String,
    /// True for `Allow`, false for `Deny`.
    pub allows: bool,
    /// Actions with `*` and `?`. Case does not matter in them.
    pub actions: Vec<String>,
    /// True for `NotAction`.
    pub is_inverted: bool,
    /// Resources, with [`UNKNOWN`] for what the file does not tell. Empty for `NotResource`.
    pub resources: Vec<String>,
    pub has_condition: bool,
}

impl Statement {
    /// Returns true if the statement holds for every resource and in every case.
    pub(crate) fn is_total(&self) -> bool {
        !self.has_condition && self.resources.iter().any(|resource| resource == "*")
    }
}
