//! What the operator asked for: the defaults from the settings, overridden for one rule by its tags.

mod echo;
mod limit;
mod mode;
mod off;
mod sustained;

pub use echo::{EchoLimit, ParseEchoLimitError};
pub use limit::{BurstLimit, ParseBurstLimitError};
pub use mode::{Mode, ParseModeError};
pub use off::OrOff;
pub use sustained::{ParseSustainedLimitError, SustainedLimit};

use std::fmt::Display;
use std::str::FromStr;

use crate::model::{Seconds, Tags};

/// Tag that overrides the mode of one rule: `enforce`, `observe` or `ignore`.
pub const MODE_TAG: &str = "budget-guard:mode";
/// Tag that overrides the burst limit of one rule: `200/60s`.
pub const LIMIT_TAG: &str = "budget-guard:limit";
/// Tag that overrides the sustained limit of one rule: `20/15m/8` or `off`.
pub const SUSTAINED_TAG: &str = "budget-guard:sustained";
/// Tag that overrides the echo limit of one rule: `10` or `off`.
pub const ECHO_LIMIT_TAG: &str = "budget-guard:echo-limit";
/// Tag that lets the guard put the rule back by itself after this long: `30m`. Off without it.
pub const AUTO_RESTORE_TAG: &str = "budget-guard:auto-restore";
/// How long a rule that was put back is on probation.
pub const DEFAULT_PROBATION: Seconds = Seconds::new(15 * 60);

/// What holds for one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub mode: Mode,
    pub burst: BurstLimit,
    /// `None`: off.
    pub sustained: Option<SustainedLimit>,
    /// `None`: off.
    pub echo: Option<EchoLimit>,
    /// The rule's own tag set `burst`: that is the operator's word, and the rule's history does not raise it.
    pub burst_is_tagged: bool,
    /// The same for `sustained`.
    pub sustained_is_tagged: bool,
    /// How long half-open lasts.
    pub probation: Seconds,
    /// After how long the guard itself puts the rule back, if at all.
    pub auto_restore: Option<Seconds>,
    /// Tags that could not be read, each in one sentence; the default held instead.
    pub bad_tags: Vec<String>,
}

impl Limits {
    pub const fn new(mode: Mode, burst: BurstLimit) -> Self {
        Self {
            mode,
            burst,
            sustained: Some(SustainedLimit::DEFAULT),
            echo: Some(EchoLimit::DEFAULT),
            burst_is_tagged: false,
            sustained_is_tagged: false,
            probation: DEFAULT_PROBATION,
            auto_restore: None,
            bad_tags: Vec::new(),
        }
    }

    /// The limits of a rule with these tags, `self` being the defaults.
    pub fn with_tags(&self, tags: &Tags) -> Self {
        let mut limits = self.clone();
        let mut bad_tags = Vec::new();
        override_with(tags, MODE_TAG, &mut limits.mode, &mut bad_tags);
        limits.burst_is_tagged = override_with(tags, LIMIT_TAG, &mut limits.burst, &mut bad_tags);
        let mut sustained = OrOff(limits.sustained);
        limits.sustained_is_tagged = override_with(tags, SUSTAINED_TAG, &mut sustained, &mut bad_tags);
        limits.sustained = sustained.0;
        let mut echo = OrOff(limits.echo);
        override_with(tags, ECHO_LIMIT_TAG, &mut echo, &mut bad_tags);
        limits.echo = echo.0;
        let mut wait = Seconds::new(0);
        override_with(tags, AUTO_RESTORE_TAG, &mut wait, &mut bad_tags);
        limits.auto_restore = (wait.get() > 0).then_some(wait);
        limits.bad_tags = bad_tags;
        limits
    }
}

/// Replaces a value by what the tag says, and returns whether it did; a tag that cannot be read is named, and the value
/// holds.
fn override_with<T>(tags: &Tags, key: &str, value: &mut T, bad_tags: &mut Vec<String>) -> bool
where
    T: FromStr<Err: Display> + Display,
{
    match tags.get(key).map(|text| text.parse()) {
        Some(Ok(tagged)) => {
            *value = tagged;
            return true;
        }
        Some(Err(error)) => bad_tags.push(format!("tag {key}: {error}; {value} holds")),
        None => {}
    }
    false
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

    #[test]
    fn a_limit_is_the_operators_word_only_if_its_own_tag_says_it() {
        let check = |tags: &[(&str, &str)], expected: [&str; 3], is_tagged: [bool; 2], bad: usize| {
            let defaults = Limits::new(Mode::Enforce, "200/60s".parse().unwrap());
            let tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
            let limits = defaults.with_tags(&tags);
            let seen = [
                limits.burst.to_string(),
                OrOff(limits.sustained).to_string(),
                OrOff(limits.echo).to_string(),
            ];
            assert_eq!(seen, expected);
            assert_eq!([limits.burst_is_tagged, limits.sustained_is_tagged], is_tagged);
            assert_eq!(limits.bad_tags.len(), bad, "{:?}", limits.bad_tags);
        };
        check(&[], ["200/60s", "20/15m/8", "10"], [false, false], 0);
        // The default, but said by the operator.
        check(&[(LIMIT_TAG, "200/60s")], ["200/60s", "20/15m/8", "10"], [true, false], 0);
        check(&[(SUSTAINED_TAG, "30/20m/10")], ["200/60s", "30/20m/10", "10"], [false, true], 0);
        check(
            &[(SUSTAINED_TAG, "off"), (ECHO_LIMIT_TAG, "off")],
            ["200/60s", "off", "off"],
            [false, true],
            0,
        );
        check(&[(ECHO_LIMIT_TAG, "25")], ["200/60s", "20/15m/8", "25"], [false, false], 0);
        // What cannot be read is nobody's word.
        let bad = [(LIMIT_TAG, "many"), (SUSTAINED_TAG, "OFF"), (ECHO_LIMIT_TAG, "1")];
        check(&bad, ["200/60s", "20/15m/8", "10"], [false, false], 3);
    }
}
