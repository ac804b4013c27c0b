//! The guard's own breaker: the number of rules that it cut in the last hour, and the pause once that is too many.
//!
//! A guard that is wrong must not switch off an account. All instances share one small stored item.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::model::{RuleArn, Timestamp};
use crate::stored::{Blob, Key, Stored, StoredError};

/// Version of the layout of the stored item.
const SCHEMA: u32 = 1;
/// Length of time in which cuts are counted.
const WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// Maximum number of rules that are kept as not cut.
const MAX_WITHHELD: usize = 50;

/// Cuts by the guard itself, and the pause that follows too many of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cuts {
    schema: u32,
    /// Cuts of the last hour, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recent: Vec<CutBy>,
    /// Pause. `None` while the guard may cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paused: Option<Pause>,
}

/// One cut of the last hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutBy {
    /// ARN of the rule.
    pub rule: RuleArn,
    /// Epoch that the cut ended.
    pub epoch: u64,
    /// Time of the cut.
    pub at: Timestamp,
}

/// Pause of the guard: it reports, and cuts nothing until a person resumes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Time of the first cut that was not made.
    pub since: Timestamp,
    /// Rules cut in the hour before.
    pub cut: Vec<RuleArn>,
    /// Rules that would have been cut since, in that order. The last ones are left out if there are too many.
    pub withheld: Vec<RuleArn>,
}

/// Answer to a request to cut a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permit {
    /// The rule may be cut.
    Granted,
    /// The guard has cut too many rules.
    Withheld(Pause),
}

impl Default for Cuts {
    fn default() -> Self {
        Self { schema: SCHEMA, recent: Vec::new(), paused: None }
    }
}

impl Cuts {
    /// Asks for a cut of the rule. A repeated request for the same epoch is the same cut. `max` is the maximum number of
    /// cuts within an hour.
    pub fn request(&mut self, rule: &RuleArn, epoch: u64, max: u32, now: Timestamp) -> Permit {
        self.recent.retain(|cut| now.duration_since(cut.at) < WITHIN);
        if self.recent.iter().any(|cut| cut.rule == *rule && cut.epoch == epoch) {
            return Permit::Granted;
        }
        let is_full = u32::try_from(self.recent.len()).is_ok_and(|cuts| cuts >= max);
        if self.paused.is_none() && !is_full {
            self.recent.push(CutBy { rule: rule.clone(), epoch, at: now });
            return Permit::Granted;
        }
        let recent = &self.recent;
        let pause = self.paused.get_or_insert_with(|| Pause {
            since: now,
            cut: recent.iter().map(|cut| cut.rule.clone()).collect(),
            withheld: Vec::new(),
        });
        if !pause.withheld.contains(rule) && pause.withheld.len() < MAX_WITHHELD {
            pause.withheld.push(rule.clone());
        }
        Permit::Withheld(pause.clone())
    }

    /// Ends the pause and forgets the cuts of the last hour. Returns the pause, if there was one.
    pub fn resume(&mut self) -> Option<Pause> {
        let pause = self.paused.take();
        if pause.is_some() {
            self.recent.clear();
        }
        pause
    }

    /// Returns the pause. `None` while the guard may cut.
    pub fn paused(&self) -> Option<&Pause> {
        self.paused.as_ref()
    }
}

impl Stored for Cuts {
    const NAME: &'static str = "the list of cuts";
    const SCHEMA: u32 = SCHEMA;

    fn key(&self) -> Key<'_> {
        Key::Cuts
    }

    fn encode(&self) -> Result<Blob, StoredError> {
        Ok(Blob::from(serde_json::to_string(self).map_err(Self::damaged)?))
    }

    fn decode(blob: &Blob) -> Result<Self, StoredError> {
        Self::parse(&blob.json)
    }

    /// A pause never expires.
    fn expires(&self, now: Timestamp) -> Option<Timestamp> {
        self.paused.is_none().then(|| now + WITHIN * 24)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);

    fn rule(name: &str) -> RuleArn {
        format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().expect("an ARN")
    }

    /// Requests, each as minute and rule, with two cuts allowed. A repeated letter is the next epoch.
    fn check(requests: &[(i64, &str)], expected: &[bool]) -> Cuts {
        let mut cuts = Cuts::default();
        for ((minute, name), expected) in requests.iter().zip(expected) {
            let now = NOON + SignedDuration::from_mins(*minute);
            let (name, epoch) = name.split_once('/').unwrap_or((name, "1"));
            let permit = cuts.request(&rule(name), epoch.parse().expect("a number"), 2, now);
            assert_eq!(permit == Permit::Granted, *expected, "{name} at minute {minute}");
        }
        cuts
    }

    #[test]
    fn a_limited_number_of_cuts_within_an_hour_and_then_none_until_resumed() {
        check(&[(0, "a"), (1, "b"), (2, "c"), (3, "d")], &[true, true, false, false]);
        check(&[(0, "a"), (1, "a"), (2, "a"), (3, "b")], &[true, true, true, true]);
        check(&[(0, "a/1"), (1, "a/2"), (2, "a/3")], &[true, true, false]);
        check(&[(0, "a"), (30, "b"), (61, "c"), (62, "d")], &[true, true, true, false]);
        // Time alone does not end the pause.
        let mut cuts = check(&[(0, "a"), (1, "b"), (2, "c"), (600, "d")], &[true, true, false, false]);
        let pause = cuts.paused().expect("a pause").clone();
        assert_eq!((pause.cut, pause.withheld), (vec![rule("a"), rule("b")], vec![rule("c"), rule("d")]));
        assert_eq!(cuts.resume().map(|pause| pause.since), Some(NOON + SignedDuration::from_mins(2)));
        assert_eq!(cuts.resume(), None);
        let later = NOON + SignedDuration::from_mins(601);
        assert_eq!(cuts.request(&rule("c"), 1, 2, later), Permit::Granted);
    }

    #[test]
    fn stored_and_read() {
        let cuts = check(&[(0, "a"), (1, "b"), (2, "c")], &[true, true, false]);
        assert_eq!(Cuts::decode(&cuts.encode().expect("JSON")).expect("the same"), cuts);
        assert_eq!(cuts.expires(NOON), None);
        assert_eq!(Cuts::default().expires(NOON), Some(NOON + SignedDuration::from_hours(24)));
    }
}
