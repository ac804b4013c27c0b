//! Advice: the rule is fired mostly by its own target. That need be no loop, but it was never meant.

use jiff::SignedDuration;

use crate::actions::AlertKind;
use crate::model::Throttle;
use crate::turns::OwnShare;

use super::Turn;

/// Time from one advice about a rule to the next.
const EVERY: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Turn<'_> {
    /// Says once a week that most firings are the rule's own, and how to leave them out.
    pub(super) fn advise(&mut self) {
        let is_told = !self.record.advised.is_due(self.now, EVERY);
        if !self.touched || is_told || !self.counts() || self.limits.mode == crate::policy::Mode::Ignore {
            return;
        }
        let share = self.record.turns.own_share();
        if !share.is_most() {
            return;
        }
        self.record.advised = Throttle::reported(self.now);
        let OwnShare { own, all } = share;
        let percent = own * 100 / all.max(1);
        let reason =
            format!("{own} of {all} firings within 24 hours ({percent} %) were calls of its own target");
        let hint = match self.record.turns.own_role() {
            Some(role) => format!(
                "leave the target's own calls out of the event pattern; add to \"detail\": {}",
                leave_out(role)
            ),
            None => "leave the target's own calls out of the event pattern, by the role that it acts with"
                .to_owned(),
        };
        let day = Self::day_of(self.now);
        let alert = self.record.alert(AlertKind::Advice, &day, reason, self.now).with_hint(hint);
        self.queue(alert);
    }
}

/// Part of an event pattern that takes every call but those of one role. Callers without a role still match.
pub fn leave_out(role: &str) -> String {
    let issuer = serde_json::json!([{"anything-but": [role]}, {"exists": false}]);
    let pattern = serde_json::json!({"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": issuer}}}});
    let text = pattern.to_string();
    // The braces of the object itself are those of "detail", which has other members.
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventbridge_pattern::{Matcher, Pattern, Scratch};

    #[test]
    fn the_pattern_leaves_out_the_target_and_nobody_else() {
        let role = "arn:aws:iam::123456789012:role/fixer-role";
        let pattern = format!(r#"{{"detail":{{"eventName":["PutBucketAcl"],{}}}}}"#, leave_out(role));
        let matcher = Matcher::new(vec![Pattern::compile(&pattern).unwrap()]);
        let check = |identity: serde_json::Value, expected: bool| {
            let event =
                serde_json::json!({"detail": {"eventName": "PutBucketAcl", "userIdentity": identity}});
            let text = event.to_string();
            let mut scratch = Scratch::default();
            let found = matcher.matches(text.as_bytes(), &mut scratch).unwrap();
            assert_eq!(!found.matched.is_empty(), expected, "{text}");
        };
        let issued = |arn: &str| serde_json::json!({"sessionContext": {"sessionIssuer": {"arn": arn}}});
        check(issued(role), false);
        check(issued("arn:aws:iam::123456789012:role/deploy"), true);
        check(serde_json::json!({"type": "IAMUser"}), true);
        check(serde_json::json!({"type": "AssumedRole", "sessionContext": {}}), true);
    }
}
