//! What the operator asked for: the defaults from the settings, overridden for one rule by its tags.

mod limit;
mod mode;

pub use limit::{BurstLimit, ParseBurstLimitError};
pub use mode::{Mode, ParseModeError};

use std::fmt::Display;
use std::str::FromStr;

use crate::model::{Seconds, Tags};

/// Tag that overrides the mode of one rule: `enforce`, `observe` or `ignore`.
pub const MODE_TAG: &str = "budget-guard:mode";
/// Tag that overrides the burst limit of one rule: `200/60s`.
pub const LIMIT_TAG: &str = "budget-guard:limit";
/// Tag that lets the guard put the rule back by itself after this long: `30m`. Off without it.
pub const AUTO_RESTORE_TAG: &str = "budget-guard:auto-restore";
/// How long a rule that was put back is on probation.
pub const DEFAULT_PROBATION: Seconds = Seconds::new(15 * 60);

/// What holds for one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub mode: Mode,
    pub burst: BurstLimit,
    /// How long half-open lasts.
    pub probation: Seconds,
    /// After how long the guard itself puts the rule back, if at all.
    pub auto_restore: Option<Seconds>,
    /// Tags that could not be read, each in one sentence; the default held instead.
    pub bad_tags: Vec<String>,
}

impl Limits {
    pub const fn new(mode: Mode, burst: BurstLimit) -> Self {
        Self { mode, burst, probation: DEFAULT_PROBATION, auto_restore: None, bad_tags: Vec::new() }
    }

    /// The limits of a rule with these tags, `self` being the defaults.
    pub fn with_tags(&self, tags: &Tags) -> Self {
        let mut limits = self.clone();
        let mut bad_tags = Vec::new();
        override_with(tags, MODE_TAG, &mut limits.mode, &mut bad_tags);
        override_with(tags, LIMIT_TAG, &mut limits.burst, &mut bad_tags);
        let mut wait = Seconds::new(0);
        override_with(tags, AUTO_RESTORE_TAG, &mut wait, &mut bad_tags);
        limits.auto_restore = (wait.get() > 0).then_some(wait);
        limits.bad_tags = bad_tags;
        limits
    }
}

/// Replaces a value by what the tag says; a tag that cannot be read is named, and the value holds.
fn override_with<T>(tags: &Tags, key: &str, value: &mut T, bad_tags: &mut Vec<String>)
where
    T: FromStr<Err: Display> + Display,
{
    match tags.get(key).map(|text| text.parse()) {
        None => {}
        Some(Ok(tagged)) => *value = tagged,
        Some(Err(error)) => bad_tags.push(format!("tag {key}: {error}; {value} holds")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_override_and_bad_tags_are_named() {
        let check = |tags: &[(&str, &str)], mode: Mode, burst: &str, bad: &[&str]| {
            let defaults = Limits::new(Mode::Enforce, "200/60s".parse().unwrap());
            let tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
            let limits = defaults.with_tags(&tags);
            assert_eq!((limits.mode, limits.burst.to_string().as_str()), (mode, burst));
            assert_eq!(limits.bad_tags.len(), bad.len(), "{:?}", limits.bad_tags);
            for (seen, expected) in limits.bad_tags.iter().zip(bad) {
                assert!(seen.contains(expected), "{seen}");
            }
        };
        check(&[], Mode::Enforce, "200/60s", &[]);
        check(&[("budget-guard:mode", "observe"), ("team", "blue")], Mode::Observe, "200/60s", &[]);
        check(&[("budget-guard:limit", "500/5m")], Mode::Enforce, "500/5m", &[]);
        check(&[("budget-guard:mode", "Ignore!")], Mode::Enforce, "200/60s", &[r#""Ignore!" is not a mode"#]);
        check(
            &[("budget-guard:limit", "many")],
            Mode::Enforce,
            "200/60s",
            &[r#""many" is not a burst limit"#],
        );
        check(
            &[("budget-guard:auto-restore", "soon")],
            Mode::Enforce,
            "200/60s",
            &[r#""soon" is not a duration"#],
        );
        check(
            &[("budget-guard:limit", "0/60s"), ("budget-guard:mode", "")],
            Mode::Enforce,
            "200/60s",
            &["is not a mode", "is not a burst limit"],
        );
    }
}
