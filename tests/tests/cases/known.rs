//! Known differences between outcomes and cases, with their reasons.

/// A reason, with pairs of case and rule.
pub type Known = (&'static str, &'static [(&'static str, &'static str)]);

/// Rules with another verdict of the guard than expected, at one batch size at least.
pub const KNOWN: &[Known] = &[];

/// Rules with another verdict of `replay` than of the guard.
pub const KNOWN_OF_REPLAY: &[Known] = &[];

/// Reason of a known difference. `None` if none is known.
pub fn reason(list: &[Known], case: &str, rule: &str) -> Option<&'static str> {
    list.iter().find(|(_, rules)| rules.contains(&(case, rule))).map(|(reason, _)| *reason)
}
