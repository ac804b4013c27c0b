//! Settings as the environment gives them, with their errors.

use super::*;

const TOPIC_ARN: &str = "arn:aws:sns:eu-west-1:123456789012:alerts";
const QUEUE_ARN: &str = "arn:aws:sqs:eu-west-1:123456789012:attached";

/// Settings with these variables, and with the parts of a stack and a queue where they do not name others.
fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingError> {
    let parts = Own::example().arns().collect::<Vec<_>>().join(",");
    Settings::read(|name| {
        let others = [(OWN, parts.as_str()), (ATTACHED_QUEUE, QUEUE_ARN)];
        let mut all = variables.iter().chain(&others);
        all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn the_stack_is_known_by_its_arns() {
    let of = |own: &str| read(&[(TABLE, "guard"), (TOPIC, TOPIC_ARN), (OWN, own)]);
    let parts = Own::example().arns().collect::<Vec<_>>().join(",");
    assert_eq!(of(&parts).unwrap().home.own, Own::example());
    let missing = "BUDGET_GUARD_OWN_ARNS is not set; it takes the ARNs of the stack's rules, functions and roles, \
                   with commas between them";
    assert_eq!(of("").unwrap_err().to_string(), missing);
    let bad = of("budget-guard-watch").unwrap_err().to_string();
    assert!(bad.starts_with("BUDGET_GUARD_OWN_ARNS: \"budget-guard-watch\" is no ARN; expected"), "{bad}");
    // The command line does without.
    assert_eq!(own(|_| None), Ok(Own::default()));
}

#[test]
fn defaults_hold_where_nothing_is_said() {
    let settings = read(&[(TABLE, "guard"), (TOPIC, TOPIC_ARN)]).unwrap();
    let plain = Limits::new(Mode::Observe, "200/60s".parse().unwrap());
    assert_eq!(settings.defaults, Limits { attached_queue: Some(QUEUE_ARN.into()), ..plain });
    assert_eq!(settings.home.attached_queue.as_deref(), Some(QUEUE_ARN));
    assert_eq!(settings.home.to_string(), "account 123456789012 in eu-west-1");
}

#[test]
fn restores_and_cuts_can_be_limited() {
    let check = |extra: &[(&str, &str)], expected: (bool, u32)| {
        let mut variables = vec![(TABLE, "guard"), (TOPIC, TOPIC_ARN)];
        variables.extend(extra);
        let limits = read(&variables).unwrap().defaults;
        assert_eq!((limits.restores_exonerated, limits.max_cuts_per_hour.get()), expected);
    };
    check(&[], (false, 5));
    check(&[(AUTO_RESTORE, "false"), (MAX_CUTS, "20")], (false, 20));
    check(&[(AUTO_RESTORE, "true")], (true, 5));
}

#[test]
fn an_archive_is_named_by_its_arn() {
    let check = |text: &str, expected: Result<Option<&str>, &str>| {
        let seen = read(&[(TABLE, "guard"), (TOPIC, TOPIC_ARN), (ARCHIVE, text)]);
        let seen = seen.map(|settings| settings.defaults.archive).map_err(|error| error.to_string());
        assert_eq!(seen.as_ref().map(Option::as_deref).map_err(String::as_str), expected);
    };
    let arn = "arn:aws:events:eu-west-1:123456789012:archive/calls";
    check("", Ok(None));
    check(arn, Ok(Some(arn)));
    check(
        "calls",
        Err("BUDGET_GUARD_ARCHIVE_ARN is \"calls\"; it takes the ARN of an archive, as in \
         arn:aws:events:eu-west-1:123456789012:archive/calls"),
    );
}

#[test]
fn sources_are_trusted_only_by_name() {
    let check = |extra: &[(&str, &str)], expected: &[&str]| {
        let mut variables = vec![(TABLE, "guard"), (TOPIC, TOPIC_ARN)];
        variables.extend(extra);
        assert_eq!(read(&variables).unwrap().home.trusted_sources, expected);
    };
    check(&[], &[]);
    check(&[(TRUSTED_SOURCES, "")], &[]);
    check(&[(TRUSTED_SOURCES, "trails.,audit.cloudtrail")], &["trails.", "audit.cloudtrail"]);
}

#[test]
fn limits_can_be_set_and_switched_off() {
    let check = |variables: &[(&str, &str)], expected: [&str; 2]| {
        let mut all = vec![(TABLE, "guard"), (TOPIC, TOPIC_ARN)];
        all.extend(variables);
        let limits = read(&all).unwrap().defaults;
        let seen = [Switchable(limits.sustained).to_string(), Switchable(limits.turns).to_string()];
        assert_eq!(seen, expected);
        assert!(!limits.sustained_is_tagged && !limits.burst_is_tagged);
    };
    check(&[], ["20/15m/8", "10"]);
    check(&[(SUSTAINED, "30/20m/10"), (TURNS, "25")], ["30/20m/10", "25"]);
    check(&[(SUSTAINED, "off"), (TURNS, "off")], ["off", "off"]);
}

#[test]
fn a_wrong_setting_is_named_in_one_line() {
    let check = |extra: &[(&str, &str)], expected: &str| {
        let mut variables = extra.to_vec();
        variables.extend([(TABLE, "guard"), (TOPIC, TOPIC_ARN)]);
        let error = read(&variables).unwrap_err().to_string();
        assert_eq!(error, expected);
        assert_eq!(error.lines().count(), 1);
    };
    let arn = "it takes the ARN of an SNS topic, as in arn:aws:sns:eu-west-1:123456789012:alerts";
    check(&[(TABLE, "")], "BUDGET_GUARD_TABLE is not set; it takes the name of a DynamoDB table");
    check(&[(TABLE, "a b")], r#"BUDGET_GUARD_TABLE is "a b"; it takes the name of a DynamoDB table"#);
    check(&[(TOPIC, "")], &format!("BUDGET_GUARD_TOPIC_ARN is not set; {arn}"));
    check(&[(TOPIC, "alerts")], &format!(r#"BUDGET_GUARD_TOPIC_ARN is "alerts"; {arn}"#));
    check(
        &[(TOPIC, "arn:aws:sns::12:x")],
        &format!(r#"BUDGET_GUARD_TOPIC_ARN is "arn:aws:sns::12:x"; {arn}"#),
    );
    let queue = "it takes the ARN of an SQS queue, as in arn:aws:sqs:eu-west-1:123456789012:attached";
    check(&[(ATTACHED_QUEUE, "")], &format!("BUDGET_GUARD_ATTACHED_QUEUE_ARN is not set; {queue}"));
    for bad in ["attached", "arn:aws:sqs:eu-west-1::attached", TOPIC_ARN] {
        let expected = format!(r#"BUDGET_GUARD_ATTACHED_QUEUE_ARN is "{bad}"; {queue}"#);
        check(&[(ATTACHED_QUEUE, bad)], &expected);
    }
    check(&[(MODE, "Enforce\n")], r#"BUDGET_GUARD_MODE is "Enforce\n"; it takes enforce or observe"#);
    let sources = "it takes how sources begin, with commas between them, as in trails.,audit.cloudtrail";
    for bad in [",", "trails.,", "trails., audit"] {
        let expected = format!(r#"BUDGET_GUARD_TRUSTED_SOURCES is "{bad}"; {sources}"#);
        check(&[(TRUSTED_SOURCES, bad)], &expected);
    }
    let number = "it takes a whole number of at least 1, as in 4";
    for bad in ["0", "-4", "four", "4294967296"] {
        check(&[(PRESSURE, bad)], &format!(r#"BUDGET_GUARD_PRESSURE is "{bad}"; {number}"#));
    }
    check(
        &[(MAX_CUTS, "0")],
        r#"BUDGET_GUARD_MAX_CUTS_PER_HOUR is "0"; it takes a whole number of at least 1, as in 5"#,
    );
    check(&[(AUTO_RESTORE, "yes")], r#"BUDGET_GUARD_AUTO_RESTORE is "yes"; it takes true or false"#);
    check(
        &[(PROBATION, "15")],
        r#"BUDGET_GUARD_PROBATION: "15" is not a duration; expected a whole number and a unit, as in 60s, 5m, 24h or 1d"#,
    );
    check(
        &[(LIMIT, "many")],
        r#"BUDGET_GUARD_LIMIT: "many" is not a burst limit (there is no /); expected N/DURATION, as in 200/60s or 500/5m, or in dollars, as in 5USD/1h"#,
    );
    check(
        &[(SUSTAINED, "20/15m")],
        r#"BUDGET_GUARD_SUSTAINED: "20/15m" is not a sustained limit (it has not three parts); expected off or N/DURATION/MINUTES, as in 20/15m/8 or 100/2h/60"#,
    );
    check(
        &[(TURNS, "1")],
        r#"BUDGET_GUARD_TURNS: "1" is not a limit of turns (a single answer is no loop); expected off or a whole number from 2 to 1000, as in 10"#,
    );
}
