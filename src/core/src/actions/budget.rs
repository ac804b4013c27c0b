//! An alert about money: what AWS says, what was cut for it, how the other rules rank. Its JSON form is public interface.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::alert::RuleRef;
use super::chat::Chat;
use super::cost::PRICES_AS_OF;
use super::text::quoted;
use crate::model::{Amount, MicroUsd, Timestamp, grouped, whole_seconds};

/// What became of an alert about money, or of the pressure that it put on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MoneyOutcome {
    /// AWS confirms it: the limits are tighter now, and suspects are cut.
    Pressure,
    /// Nobody confirms it, so nothing was done.
    Unconfirmed,
    /// The budget is OK again: the limits are what they were.
    Eased,
    /// A person ended the pressure.
    Cleared,
}

/// One alert about money. It is about no single rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetAlert {
    pub kind: Kind,
    pub dedup_id: String,
    pub time: Timestamp,
    pub outcome: MoneyOutcome,
    /// One sentence with the numbers.
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetRef>,
    /// The rules that were cut under this pressure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<Ranked>,
    /// The rules that fire and were left alone, the most expensive first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranking: Vec<Ranked>,
    /// So many more fire than are listed.
    #[serde(default)]
    pub unlisted: u64,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The `kind` of these alerts, beside those of [`super::AlertKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Budget,
}

/// The numbers of a budget, as AWS gave them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRef {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// When its pressure ends by itself; `None` for a budget without an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// One rule among those that fire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranked {
    pub rule: RuleRef,
    pub firings_per_hour: u64,
    /// List price of the requests to its targets, if these are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_per_hour_micro_usd: Option<MicroUsd>,
    /// How many of a hundred of its last firings its own targets caused, if these are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_percent: Option<u8>,
    /// It was reported as a suspect within the last two days.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_suspect: bool,
}

impl BudgetAlert {
    pub const KIND: &str = "budget";

    pub fn new(outcome: MoneyOutcome, dedup_id: String, reason: String, now: Timestamp) -> Self {
        Self {
            kind: Kind::Budget,
            dedup_id,
            time: whole_seconds(now),
            outcome,
            reason,
            budget: None,
            cut: Vec::new(),
            ranking: Vec::new(),
            unlisted: 0,
            hint: None,
        }
    }

    /// One line of printable ASCII, as SNS requires of a subject.
    pub fn subject(&self) -> String {
        match (self.outcome, self.cut.len()) {
            (MoneyOutcome::Pressure, 0) => "Budget alert: budget-guard found no loop to cut".to_owned(),
            (MoneyOutcome::Pressure, 1) => "Budget alert: budget-guard disabled 1 rule".to_owned(),
            (MoneyOutcome::Pressure, n) => format!("Budget alert: budget-guard disabled {n} rules"),
            (MoneyOutcome::Unconfirmed, _) => "Budget alert, not confirmed: nothing was cut".to_owned(),
            (MoneyOutcome::Eased, _) => {
                "Budget OK again: it no longer tightens budget-guard's limits".to_owned()
            }
            (MoneyOutcome::Cleared, _) => "Budget pressure cleared by hand".to_owned(),
        }
    }

    /// The whole alert as plain text, for a person.
    pub fn text(&self) -> String {
        let mut text = match (self.outcome, self.cut.is_empty()) {
            (MoneyOutcome::Pressure, false) => {
                "Money is running out. The rules that fire as loops do have been disabled.".to_owned()
            }
            (MoneyOutcome::Pressure, true) => {
                "Money is running out. No rule fires as a loop does, so nothing was cut.".to_owned()
            }
            (MoneyOutcome::Unconfirmed, _) => "An alert about money came in. Nothing was cut.".to_owned(),
            (MoneyOutcome::Eased, _) => "A budget is OK again. It no longer tightens the limits.".to_owned(),
            (MoneyOutcome::Cleared, _) => {
                "Budget pressure was ended by hand. The budget no longer tightens the limits.".to_owned()
            }
        };
        let _ = write!(text, "\n\nWhy:       {}\nTime:      {}\n", self.reason, self.time);
        if let Some(until) = self.budget.as_ref().and_then(|budget| budget.until) {
            let _ = writeln!(text, "Until:     {until}, or until the budget is OK again");
        }
        let lists = [("Disabled:", &self.cut), ("Left:", &self.ranking)];
        for (label, rules) in lists {
            for (n, ranked) in rules.iter().enumerate() {
                let _ = writeln!(text, "{:10} {}", if n == 0 { label } else { "" }, ranked.line());
            }
        }
        if self.unlisted > 0 {
            let _ = writeln!(text, "           and {} more", grouped(self.unlisted));
        }
        if self.cut.iter().chain(&self.ranking).any(|ranked| ranked.cost_per_hour_micro_usd.is_some()) {
            let _ = writeln!(
                text,
                "           Costs are those of the requests alone, at list price ({PRICES_AS_OF})."
            );
        }
        if let Some(hint) = &self.hint {
            let _ = write!(text, "\nNext: {hint}\n");
        }
        let _ = write!(text, "\nAlert id: {}\n", self.dedup_id);
        text
    }

    /// The body of one SNS message.
    pub fn sns_message(&self) -> Result<String, serde_json::Error> {
        let chat = Chat {
            id: &self.dedup_id,
            kind: Self::KIND,
            thread: &self.dedup_id,
            title: self.subject(),
            description: &self.reason,
            next_steps: self.hint.iter().cloned().collect(),
            rules: self.cut.iter().map(|ranked| &ranked.rule.arn).collect(),
        };
        chat.sns_message(&self.text(), self)
    }
}

impl Ranked {
    fn line(&self) -> String {
        let mut line =
            format!("{}: {} firings an hour", quoted(&self.rule.arn), grouped(self.firings_per_hour));
        if let Some(cost) = self.cost_per_hour_micro_usd {
            let _ = write!(line, ", {cost} an hour");
        }
        if let Some(percent) = self.own_percent {
            let _ = write!(line, ", {percent} % caused by its own targets");
        }
        if self.is_suspect {
            line.push_str(", a suspect");
        }
        line
    }
}
