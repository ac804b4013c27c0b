//! Parts of an account that could not be read, grouped by their reason.

use std::collections::BTreeMap;

use budget_guard_aws::Unread;
use budget_guard_core::model::Fault;

use crate::fault::{self, Named};
use crate::output;

/// Parts that could not be read. Empty if the survey is complete.
#[derive(Debug, Default)]
pub(crate) struct Gaps(BTreeMap<Reason, Vec<String>>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Reason {
    /// Kind of the part, as in `targets`.
    what: &'static str,
    /// Operation and code, or words.
    why: String,
    /// Next step.
    hint: Option<String>,
}

impl Gaps {
    /// Adds a part that a failed call would have told.
    pub(crate) fn add(&mut self, what: &'static str, of: &str, fault: &Fault, named: &Named) {
        let operation = fault.operation.unwrap_or_default();
        let code = fault.code.clone().unwrap_or_else(|| fault.detail.clone());
        self.enter(what, of, format!("{operation}: {code}"), fault::hint(fault, named));
    }

    /// Adds the actors of a rule whose calls failed.
    pub(super) fn add_actors(&mut self, of: &str, unread: &Unread) {
        for right in &unread.denied {
            let hint = format!("the credentials in use need the permission {right}");
            self.enter("actors behind targets", of, format!("{right} is denied"), Some(hint));
        }
        if unread.others {
            let why = "AWS throttled the calls, or did not answer in time".to_owned();
            self.enter("actors behind targets", of, why, Some("run the same command again".to_owned()));
        }
    }

    /// Adds a part that this version does not understand.
    pub(super) fn add_unreadable(&mut self, of: &str, problem: String) {
        self.enter("the whole", of, problem, None);
    }

    fn enter(&mut self, what: &'static str, of: &str, why: String, hint: Option<String>) {
        let names = self.0.entry(Reason { what, why, hint }).or_default();
        if !names.iter().any(|name| name == of) {
            names.push(of.to_owned());
        }
    }

    /// Returns true if everything was read.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Prints a warning for each reason, with the names, and how to get the rest.
    pub(crate) fn print(&self) {
        for (Reason { what, why, .. }, names) in &self.0 {
            let count = names.len();
            output::warning(format_args!("not read, {count}: {what} of {} ({why})", names.join(", ")));
        }
        let mut hints: Vec<&String> = self.0.keys().filter_map(|reason| reason.hint.as_ref()).collect();
        hints.sort();
        hints.dedup();
        hints.into_iter().for_each(output::hint);
    }
}
