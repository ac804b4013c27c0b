//! Alert as one text message: at most 160 characters of the GSM alphabet.

use super::AlertJson;
use crate::model::RuleArn;

/// Maximum number of characters. A longer text is sent, and paid for, as several messages.
///
/// Source: "Publishing SMS messages to a mobile phone" (Amazon SNS developer guide).
const MAX_LENGTH: usize = 160;

/// Returns the subject with the account and the Region. A subject that is too long is cut off, and the place is not.
pub(super) fn text(alert: &AlertJson) -> String {
    let rule =
        alert.rule.iter().chain(&alert.rules).chain(alert.cut.iter().map(|ranked| &ranked.rule)).next();
    let place = rule.map(|rule| place(&rule.arn)).unwrap_or_default();
    let room = MAX_LENGTH.saturating_sub(place.len());
    let subject: String = alert.subject().chars().take(room).collect();
    format!("{subject}{place}").chars().map(gsm).take(MAX_LENGTH).collect()
}

fn place(rule: &RuleArn) -> String {
    format!(". Account {}, {}", rule.account(), rule.region())
}

/// Replaces characters that the GSM alphabet has not, or that count twice. All others of a subject are printable ASCII.
fn gsm(c: char) -> char {
    match c {
        '[' | '{' => '(',
        ']' | '}' => ')',
        '\\' | '|' => '/',
        '^' | '~' => '-',
        '`' => '\'',
        c if c.is_ascii_graphic() || c == ' ' => c,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::alerts::{AlertKind, RuleRef};
    use crate::model::Timestamp;

    const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);

    fn about(kind: AlertKind, path: &str) -> AlertJson {
        let rule: RuleArn = format!("arn:aws:events:us-east-1:123456789012:rule/{path}").parse().unwrap();
        AlertJson { rule: Some(RuleRef::of(&rule)), ..AlertJson::new(kind, "id".into(), "why".into(), NOON) }
    }

    #[test]
    fn says_what_happened_and_where() {
        let check = |kind, path: &str, expected: &str| assert_eq!(text(&about(kind, path)), expected);
        let place = ". Account 123456789012, us-east-1";
        check(AlertKind::Tripped, "fix-acl", &format!("budget-guard disabled rule \"fix-acl\"{place}"));
        check(
            AlertKind::Suspect,
            "orders/tag",
            &format!("Rule \"tag\" on bus \"orders\" may be an infinite loop{place}"),
        );
        let odd = AlertJson::new(AlertKind::Paused, "id".into(), "why".into(), NOON);
        assert_eq!(text(&odd), "budget-guard has stopped cutting rules: too many within an hour");
    }

    proptest! {
        #[test]
        fn fits_into_one_message(bus in "[a-zA-Z0-9._-]{1,256}", name in "[a-zA-Z0-9._-]{1,64}") {
            for kind in [AlertKind::Tripped, AlertKind::Undone, AlertKind::Cured] {
                let text = text(&about(kind, &format!("{bus}/{name}")));
                prop_assert!(text.chars().count() <= MAX_LENGTH);
                prop_assert!(text.ends_with("us-east-1"), "{}", text);
            }
        }

        #[test]
        fn has_only_characters_that_count_once(c in any::<char>()) {
            let shown = gsm(c);
            let is_single = (shown.is_ascii_graphic() || shown == ' ') && !r"[]{}\|^~`".contains(shown);
            prop_assert!(is_single, "{c:?} becomes {shown:?}");
        }
    }
}
