//! Actors found behind a target, and the reasons why others are missing.

use std::collections::BTreeSet;

use budget_guard_core::model::{Actor, Fault, FaultKind};

/// Results of the search behind one target so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// Actors in a fixed order, so that the order of the replies does not change the target.
    pub actors: BTreeSet<Actor>,
    /// Hash of the code of the target itself. `None` if it is not a function.
    pub code_sha256: Option<String>,
    /// Reasons why actors are missing.
    pub missing: Missing,
}

/// Failed calls about the actors of a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unread {
    /// IAM actions that were denied.
    pub denied: BTreeSet<&'static str>,
    /// True if another call failed that may succeed later: AWS throttled it, or did not answer in time.
    pub others: bool,
}

impl Unread {
    /// Returns true if no call failed.
    pub fn is_empty(&self) -> bool {
        self.denied.is_empty() && !self.others
    }
}

/// Reasons why actors of a target are missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Missing {
    /// IAM actions that the guard was denied.
    denied: BTreeSet<&'static str>,
    other: BTreeSet<String>,
    /// True if a call failed that may succeed later.
    is_passing: bool,
}

impl Missing {
    /// Maximum number of reasons in the sentence, apart from denied actions.
    const MAX_TOLD: usize = 2;

    /// Adds a reason, as a clause without a full stop.
    pub(super) fn add(&mut self, why: String) {
        self.other.insert(why);
    }

    /// Adds a failed call. `right` is the IAM action that it needs.
    pub(super) fn failed(&mut self, right: &'static str, fault: &Fault) {
        match fault.kind {
            FaultKind::Denied => self.denied.insert(right),
            kind => {
                let is_passing =
                    matches!(kind, FaultKind::Throttled | FaultKind::Timeout | FaultKind::Conflict);
                // Without a code no service answered. With another code AWS has: the resource is gone, for example.
                let is_down = fault.code.as_deref().is_some_and(|code| code.starts_with("HTTP 5"));
                self.is_passing |= is_passing || is_down || fault.is_unanswered();
                // The right ends with the name of the operation.
                self.other.insert(format!("{right}: {}", fault.cause()))
            }
        };
    }

    /// Failed calls.
    pub(super) fn unread(&self) -> Unread {
        Unread { denied: self.denied.clone(), others: self.is_passing }
    }

    /// All reasons as one sentence without a full stop. `None` if nothing is missing.
    pub(super) fn sentence(&self) -> Option<String> {
        let mut parts = Vec::new();
        let denied: Vec<&str> = self.denied.iter().copied().collect();
        match denied[..] {
            [] => {}
            [one] => parts.push(format!("{one} is not allowed")),
            [ref first @ .., last] => parts.push(format!("{} and {last} are not allowed", first.join(", "))),
        }
        parts.extend(self.other.iter().take(Self::MAX_TOLD).cloned());
        match self.other.len().saturating_sub(Self::MAX_TOLD) {
            0 => {}
            1 => parts.push("one reason more".to_owned()),
            more => parts.push(format!("{more} reasons more")),
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_one_sentence() {
        let check = |denied: &[&'static str], other: &[&str], expected: Option<&str>| {
            let mut missing = Missing::default();
            let fault = Fault::new(FaultKind::Denied, "AccessDeniedException").in_call("ListPipes");
            denied.iter().for_each(|right| missing.failed(right, &fault));
            other.iter().for_each(|why| missing.add((*why).to_owned()));
            assert_eq!(missing.sentence().as_deref(), expected);
        };
        check(&[], &[], None);
        check(&["pipes:ListPipes"], &[], Some("pipes:ListPipes is not allowed"));
        check(&["b:B", "a:A", "b:B", "c:C"], &[], Some("a:A, b:B and c:C are not allowed"));
        check(&["a:A"], &["it is late"], Some("a:A is not allowed; it is late"));
        check(&[], &["1", "2", "3"], Some("1; 2; one reason more"));
        check(&[], &["1", "2", "3", "4"], Some("1; 2; 2 reasons more"));
    }

    #[test]
    fn a_call_that_fails_otherwise_is_told_with_its_fault() {
        let mut missing = Missing::default();
        missing.failed("glue:GetJob", &Fault::new(FaultKind::Other, "HTTP 503").in_call("GetJob"));
        assert_eq!(missing.sentence().as_deref(), Some("glue:GetJob: HTTP 503"));
    }
}
