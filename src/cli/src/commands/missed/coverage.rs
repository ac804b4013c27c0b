//! Comparison of an archive's event pattern with a rule's: does the archive take the events that the rule takes?

use eventbridge_pattern::{Matcher, Pattern, Scratch};
use serde_json::{Value, json};

/// Member that an archive replay adds to each event, with its own name.
const REPLAY_NAME: &str = "replay-name";
/// Operators that compare the beginning or the end of a text.
const ENDS: [&str; 2] = ["prefix", "suffix"];

/// Part of a rule's events that an archive takes, as far as the two patterns tell. An archive that leaves out named
/// values only, of a member that the rule leaves open, counts as taking all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Coverage {
    /// Members by which the archive leaves out events that the rule takes.
    pub left_out: Vec<String>,
    /// Members for which the comparison cannot tell.
    pub untold: Vec<String>,
}

impl Coverage {
    /// Compares two event patterns. An archive without a pattern takes every event.
    pub(super) fn of(archive: Option<&str>, rule: &str) -> Self {
        let mut coverage = Self::default();
        let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
        match (archive.map(parse), parse(rule)) {
            (None, Some(_)) => {}
            (Some(Some(archive)), Some(rule)) => coverage.compare(&archive, Some(&rule), ""),
            _ => coverage.untold.push("a pattern that is not JSON".to_owned()),
        }
        coverage
    }

    /// Compares one level of the patterns. `rule` is `None` if the rule leaves this level open.
    fn compare(&mut self, archive: &Value, rule: Option<&Value>, path: &str) {
        for (name, wanted) in archive.as_object().into_iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let asked = rule.and_then(|rule| rule.get(name));
            match wanted.as_array() {
                Some(_) if name == "$or" => self.untold.push(path),
                Some(wanted) => self.member(wanted, asked.and_then(Value::as_array), path),
                None => self.compare(wanted, asked.filter(|asked| asked.is_object()), &path),
            }
        }
    }

    /// Compares the alternatives for one member.
    fn member(&mut self, wanted: &[Value], asked: Option<&Vec<Value>>, path: String) {
        let Some(asked) = asked else {
            if !leaves_out_names_only(wanted) {
                self.untold.push(path);
            }
            return;
        };
        let taken: Vec<Option<bool>> = asked.iter().map(|one| takes(wanted, one)).collect();
        if taken.contains(&Some(false)) {
            self.left_out.push(path);
        } else if taken.contains(&None) {
            self.untold.push(path);
        }
    }
}

/// Returns true if a rule with this pattern takes the events of a replay.
pub(super) fn takes_replays(rule: &str, replay_name: &str) -> bool {
    let pattern = serde_json::from_str::<Value>(rule).unwrap_or_default();
    let Some(wanted) = pattern.get(REPLAY_NAME).and_then(Value::as_array) else { return true };
    takes(wanted, &replay_name.into()) != Some(false)
}

/// Returns true if events without the member pass, and of the others all but named values.
fn leaves_out_names_only(wanted: &[Value]) -> bool {
    wanted.contains(&json!({"exists": false}))
        && wanted.iter().all(|one| *one == json!({"exists": false}) || one.get("anything-but").is_some())
}

/// Returns true if each event that one alternative of the rule takes passes the alternatives of the archive. `None` if
/// that cannot be told.
fn takes(wanted: &[Value], asked: &Value) -> Option<bool> {
    if wanted.contains(asked) {
        return Some(true);
    }
    let Some(operator) = asked.as_object() else { return passes(wanted, asked) };
    let is_within = |end: &str| {
        let text = operator.get(end)?.as_str()?;
        let texts = wanted.iter().filter_map(|one| one.get(end)?.as_str());
        let mut found = texts.filter(|wanted| match end {
            "prefix" => text.starts_with(wanted),
            _ => text.ends_with(wanted),
        });
        found.next().map(|_| true)
    };
    ENDS.into_iter().find_map(is_within)
}

/// Returns true if this value passes the alternatives. The matcher of the guard decides.
fn passes(wanted: &[Value], value: &Value) -> Option<bool> {
    let pattern = Pattern::compile(&json!({"member": wanted}).to_string()).ok()?;
    let (matcher, mut scratch) = (Matcher::new([pattern]), Scratch::default());
    let event = json!({"member": value}).to_string();
    let found = matcher.matches(event.as_bytes(), &mut scratch).ok()?;
    found.unknown.is_empty().then_some(!found.matched.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pattern of the stack's archive.
    const CALLS: &str = r#"{"detail-type": [{"suffix": "via CloudTrail"}],
        "detail": {"resources": {"ARN": [{"exists": false}, {"anything-but": ["arn:aws:sqs:us-east-1:1:q"]}]}}}"#;

    #[test]
    fn an_archive_takes_what_its_pattern_leaves_in() {
        let check = |archive: Option<&str>, rule: &str, left_out: &[&str], untold: &[&str]| {
            let coverage = Coverage::of(archive, rule);
            assert_eq!(
                (&*coverage.left_out, &*coverage.untold),
                (&own(left_out)[..], &own(untold)[..]),
                "{rule}"
            );
        };
        let acl = r#"{"source": ["aws.s3"], "detail-type": ["AWS API Call via CloudTrail"]}"#;
        let sign_in =
            r#"{"detail-type": ["AWS Console Sign In via CloudTrail", "AWS API Call via CloudTrail"]}"#;
        let objects = r#"{"source": ["aws.s3"], "detail-type": ["Object Created"]}"#;
        let both = r#"{"detail-type": ["Object Created", "AWS API Call via CloudTrail"]}"#;
        check(None, acl, &[], &[]);
        check(Some("{}"), acl, &[], &[]);
        check(Some(CALLS), acl, &[], &[]);
        check(Some(CALLS), sign_in, &[], &[]);
        check(Some(CALLS), objects, &["detail-type"], &[]);
        check(Some(CALLS), both, &["detail-type"], &[]);
        check(Some(CALLS), r#"{"source": ["aws.s3"]}"#, &[], &["detail-type"]);
        check(Some(CALLS), r#"{"detail-type": [{"suffix": "Call via CloudTrail"}]}"#, &[], &[]);
        check(Some(CALLS), r#"{"detail-type": [{"prefix": "AWS API"}]}"#, &[], &["detail-type"]);
        check(Some(CALLS), r#"{"$or": [{"detail-type": ["x"]}, {"source": ["y"]}]}"#, &[], &["detail-type"]);
        let deep = r#"{"detail": {"eventName": ["PutBucketAcl", "PutBucketPolicy"]}}"#;
        check(Some(deep), deep, &[], &[]);
        check(Some(deep), r#"{"detail": {"eventName": ["PutBucketAcl"]}}"#, &[], &[]);
        check(
            Some(deep),
            r#"{"detail": {"eventName": ["PutBucketAcl", "PutBucketTagging"]}}"#,
            &["detail.eventName"],
            &[],
        );
        check(Some(deep), acl, &[], &["detail.eventName"]);
        check(Some(r#"{"source": [{"anything-but": ["aws.s3"]}]}"#), acl, &["source"], &[]);
        check(Some(r#"{"source": [{"anything-but": ["aws.ec2"]}]}"#), acl, &[], &[]);
        check(Some(r#"{"source": [{"prefix": "aws."}]}"#), r#"{"source": [{"prefix": "aws.s3"}]}"#, &[], &[]);
        check(
            Some(r#"{"source": [{"prefix": "aws.s3"}]}"#),
            r#"{"source": [{"prefix": "aws."}]}"#,
            &[],
            &["source"],
        );
        check(Some(r#"{"$or": [{"source": ["aws.s3"]}]}"#), acl, &[], &["$or"]);
        check(Some(r#"{"replay-name": [{"exists": false}]}"#), acl, &[], &[]);
        check(Some("no JSON"), acl, &[], &["a pattern that is not JSON"]);
    }

    fn own(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_rule_may_refuse_the_events_of_replays() {
        let check = |rule: &str, expected: bool| assert_eq!(takes_replays(rule, "r-1"), expected, "{rule}");
        check(r#"{"source": ["aws.s3"]}"#, true);
        check(r#"{"source": ["aws.s3"], "replay-name": [{"exists": false}]}"#, false);
        check(r#"{"replay-name": [{"exists": true}]}"#, true);
        check(r#"{"replay-name": ["r-2"]}"#, false);
    }
}
