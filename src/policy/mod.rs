//! What the operator asked for: the defaults from the settings, overridden for one rule by its tags.

mod limit;
mod mode;

pub use limit::{BurstLimit, ParseBurstLimitError};
pub use mode::{Mode, ParseModeError};

use crate::model::Tags;

/// Tag that overrides the mode of one rule: `enforce`, `observe` or `ignore`.
pub const MODE_TAG: &str = "budget-guard:mode";
/// Tag that overrides the burst limit of one rule: `200/60s`.
pub const LIMIT_TAG: &str = "budget-guard:limit";

/// What holds for one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub mode: Mode,
    pub burst: BurstLimit,
    /// Tags that could not be read, each in one sentence; the default held instead.
    pub bad_tags: Vec<String>,
}

impl Limits {
    pub const fn new(mode: Mode, burst: BurstLimit) -> Self {
        Self { mode, burst, bad_tags: Vec::new() }
    }

    /// The limits of a rule with these tags, `self` being the defaults.
    pub fn with_tags(&self, tags: &Tags) -> Self {
        let mut limits = self.clone();
        if let Some(text) = tags.get(MODE_TAG) {
            match text.parse() {
                Ok(mode) => limits.mode = mode,
                Err(error) => limits.bad_tags.push(format!("tag {MODE_TAG}: {error}; {} holds", self.mode)),
            }
        }
        if let Some(text) = tags.get(LIMIT_TAG) {
            match text.parse() {
                Ok(burst) => limits.burst = burst,
                Err(error) => limits.bad_tags.push(format!("tag {LIMIT_TAG}: {error}; {} holds", self.burst)),
            }
        }
        limits
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
            &[("budget-guard:limit", "0/60s"), ("budget-guard:mode", "")],
            Mode::Enforce,
            "200/60s",
            &["is not a mode", "is not a burst limit"],
        );
    }
}
