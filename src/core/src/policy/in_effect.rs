//! Settings of a rule as they are shown to people: each value with its origin.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::{
    AUTO_RESTORE_TAG, BUDGET_TAG, LIMIT_TAG, LimitSetting, Limits, MODE_TAG, OnOff, SUSTAINED_TAG,
    Switchable, TRIAL_TAG, TURNS_TAG,
};
use crate::model::{ACTS_AS_TAG, Seconds, Tags};

/// Origin of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The rule's tag.
    Tag,
    /// The lowest limit that a tag may set. The tag's own is lower.
    Floor,
    /// The default, because the rule's tag cannot be parsed or is not obeyed.
    NotObeyed,
    /// The setting of the functions, or its default.
    Default,
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tag => "tag",
            Self::Floor => "floor of tags",
            Self::NotObeyed => "default, the tag is not obeyed",
            Self::Default => "default",
        })
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Value in effect for one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InEffect {
    /// Tag that sets it.
    pub tag: &'static str,
    /// Value in the form of the tag.
    pub value: String,
    /// Origin of the value.
    pub origin: Origin,
}

impl Limits {
    /// Values of all tags in effect. `self` has the tags of the rule already, and `tags` are these.
    pub fn in_effect(&self, tags: &Tags) -> [InEffect; 8] {
        let of = |tag, value: String, parsed: Option<String>, otherwise: Origin| {
            let origin = match parsed {
                Some(parsed) if parsed == value => Origin::Tag,
                Some(_) => otherwise,
                None if tags.contains_key(tag) => Origin::NotObeyed,
                None => Origin::Default,
            };
            InEffect { tag, value, origin }
        };
        let auto_restore = Switchable(self.auto_restore);
        [
            of(MODE_TAG, self.mode.to_string(), told::<super::Mode>(tags, MODE_TAG), Origin::NotObeyed),
            self.burst_in_effect(tags),
            of(
                SUSTAINED_TAG,
                Switchable(self.sustained).to_string(),
                told::<Switchable<super::SustainedLimit>>(tags, SUSTAINED_TAG),
                Origin::NotObeyed,
            ),
            of(
                TURNS_TAG,
                Switchable(self.turns).to_string(),
                told::<Switchable<super::TurnLimit>>(tags, TURNS_TAG),
                Origin::Floor,
            ),
            of(TRIAL_TAG, OnOff(self.trial).to_string(), told::<OnOff>(tags, TRIAL_TAG), Origin::NotObeyed),
            of(
                AUTO_RESTORE_TAG,
                auto_restore.to_string(),
                told::<Seconds>(tags, AUTO_RESTORE_TAG),
                Origin::NotObeyed,
            ),
            of(
                ACTS_AS_TAG,
                self.acts_as.to_string(),
                told::<crate::model::ActsAs>(tags, ACTS_AS_TAG),
                Origin::NotObeyed,
            ),
            of(
                BUDGET_TAG,
                self.cover.to_string(),
                told::<super::BudgetScope>(tags, BUDGET_TAG),
                Origin::NotObeyed,
            ),
        ]
    }
}

impl Limits {
    /// The burst limit in firings, which a tag may set in dollars as well.
    fn burst_in_effect(&self, tags: &Tags) -> InEffect {
        let origin = match tags.get(LIMIT_TAG).map(|text| text.parse::<LimitSetting>()) {
            None => Origin::Default,
            Some(Err(_)) => Origin::NotObeyed,
            Some(Ok(LimitSetting::Firings(tagged))) if tagged == self.base_burst => Origin::Tag,
            Some(Ok(LimitSetting::Spend(_))) if self.base_burst != self.tag_floor => Origin::Tag,
            Some(Ok(_)) => Origin::Floor,
        };
        InEffect { tag: LIMIT_TAG, value: self.base_burst.to_string(), origin }
    }
}

/// Value of a tag in its own form. `None` if there is no such tag or it cannot be parsed.
fn told<T: FromStr + Display>(tags: &Tags, tag: &str) -> Option<String> {
    tags.get(tag).and_then(|text| text.parse::<T>().ok()).map(|value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Mode;

    #[test]
    fn each_value_has_its_origin() {
        let check = |tags: &[(&str, &str)], tag: &str, value: &str, origin: Origin| {
            let defaults = Limits::new(Mode::Observe, "200/60s".parse().unwrap());
            let tags: Tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
            let all = defaults.with_tags(&tags).in_effect(&tags);
            let seen = all.iter().find(|one| one.tag == tag).unwrap();
            assert_eq!((seen.value.as_str(), seen.origin), (value, origin), "{tags:?}");
        };
        check(&[], MODE_TAG, "observe", Origin::Default);
        check(&[(MODE_TAG, "ignore")], MODE_TAG, "ignore", Origin::Tag);
        check(&[(MODE_TAG, "observe")], MODE_TAG, "observe", Origin::Tag);
        check(&[(MODE_TAG, "enforce")], MODE_TAG, "observe", Origin::NotObeyed);
        check(&[(MODE_TAG, "?")], MODE_TAG, "observe", Origin::NotObeyed);
        check(&[(LIMIT_TAG, "500/300s")], LIMIT_TAG, "500/5m", Origin::Tag);
        check(&[(LIMIT_TAG, "1/60s")], LIMIT_TAG, "20/60s", Origin::Floor);
        check(&[(SUSTAINED_TAG, "off")], SUSTAINED_TAG, "off", Origin::Tag);
        check(&[], SUSTAINED_TAG, "20/15m/8", Origin::Default);
        check(&[(TURNS_TAG, "2")], TURNS_TAG, "5", Origin::Floor);
        check(&[(TRIAL_TAG, "on")], TRIAL_TAG, "off", Origin::NotObeyed);
        check(&[(TRIAL_TAG, "off")], TRIAL_TAG, "off", Origin::Tag);
        check(&[(AUTO_RESTORE_TAG, "30m")], AUTO_RESTORE_TAG, "30m", Origin::Tag);
        check(&[], AUTO_RESTORE_TAG, "off", Origin::Default);
        check(&[], ACTS_AS_TAG, "what AWS tells", Origin::Default);
        check(&[(ACTS_AS_TAG, "fixer")], ACTS_AS_TAG, "fixer", Origin::Tag);
        check(&[(BUDGET_TAG, "blue:red")], BUDGET_TAG, "blue, red", Origin::Tag);
    }
}
