//! The one-pass reader returns the result of `serde_json`, or none.

use serde::de::IgnoredAny;

use super::*;
use crate::sources::field::Nested;
use crate::sources::{DecodeError, decode_body, parse, queue};

const BODY: &str = r#"{"ruleArn":"arn:aws:events:us-east-1:123456789012:rule/r", "event":{"id":"e","source":"aws.s3","time":"2026-11-20T10:00:00Z","n":[-1.5e+3,{"é":"a\"\\\u00e9\n"}],"detail":{"eventID":"c","userIdentity":{"arn":"ann","inScopeOf":{"credentialsIssuedTo":"arn"}},"ok":true}}}"#;

fn batch_of(body: &str) -> String {
    let body = serde_json::to_string(body).unwrap();
    format!(
        r#"{{"Records":[ {{"messageId":"m","body":{body},"attributes":{{"a":["é",null],"SentTimestamp":"1795176000000","AWSTraceHeader":"Root=1-5759e988-bd862e3fe1be46a994272793"}},"eventSource":"aws:sqs"}}]}} "#
    )
}

/// Result of the one-pass reader, after comparison with `serde_json`.
fn check(payload: &[u8]) -> Option<Vec<Message<'_>>> {
    let fast = batch(payload)?;
    let shown = String::from_utf8_lossy(payload);
    let Nested::Object(records) = parse(payload).expect(&shown).records else { panic!("no batch: {shown}") };
    let slow = queue(records).expect(&shown);
    assert_eq!(fast.len(), slow.len(), "{shown}");
    for (fast, slow) in fast.iter().zip(&slow) {
        assert_eq!((&fast.id, fast.trace, &fast.sent_at), (&slow.id, slow.trace, &slow.sent_at), "{shown}");
        let (Ok(fast), Ok(Body::Text(text))) = (&fast.body, &slow.body) else { panic!("no text: {shown}") };
        assert_eq!(fast.to_string(), *text, "{shown}");
        assert_eq!(fast.received(), decode_body(text), "{shown}");
    }
    Some(fast)
}

fn is_read(payload: &str) -> bool {
    let messages = check(payload.as_bytes());
    messages.is_some_and(|messages| matches!(messages[0].body, Ok(Body::Read { .. })))
}

#[test]
fn plain_bodies_are_read_in_one_pass() {
    let check = |from: &str, to: &str| {
        let body = BODY.replace(from, to);
        assert!(is_read(&batch_of(&body)), "{body}");
    };
    check("", "");
    check("é", "e");
    check("-1.5e+3", r#""\" ""#);
    check(r#""eventID":"c""#, r#""eventID":null"#);
    check(r#""eventID":"c""#, r#""eventID":[1,{}]"#);
    check(r#""eventID":"c""#, r#""eventName":"PutRule","requestParameters":{"name":"r"}"#);
    check(r#"{"arn":"ann","#, r#"{"arn":true,"#);
    check(r#""time""#, r#""replay-name":{},"time""#);
    let small = r#"{ "event" : {"time":"2026-11-20T10:00:00+01:00","id":"e"} , "ruleArn":"arn:aws-cn:events:cn-north-1:123456789012:rule/bus/r" } "#;
    assert!(is_read(&batch_of(small)));
    let event =
        r#"{"id":"e","source":"shop","detail-type":"order","time":"2026-11-20T10:00:00Z","detail":[]}"#;
    assert!(is_read(&batch_of(event)));
    let tick = r#"{"source":"aws.events","detail-type":"Scheduled Event","time":"2026-11-20T10:00:00Z"}"#;
    assert!(is_read(&batch_of(tick)));
}

#[test]
fn what_is_not_plain_is_left_to_serde_json() {
    let check = |from: &str, to: &str| {
        let body = BODY.replace(from, to);
        assert!(body != BODY, "{from}");
        assert!(!is_read(&batch_of(&body)), "{body}");
    };
    // Parsed by `serde_json`, or rejected with its error.
    check(r#""id":"e""#, r#""id":"\u0065""#);
    check(r#""id":"e""#, r#""id":7"#);
    check(r#""id":"e""#, r#""id":"e","id":"e""#);
    check(r#""ok":true"#, r#""event":{"$serde_json::private::RawValue":"{}"}"#);
    check(r#"{"arn":"ann""#, r#"{"arn":"ann","arn":"ann""#);
    check("{\"ruleArn\"", "{\n\"ruleArn\"");
    check("123456789012", "1");
    check("10:00:00", "25:00:00");
    check("true", "truth");
    check("-1.5e+3", "-01");
    check("-1.5e+3", "1.");
    check(r"\u00e9", r"\u00e");
    check(r"\n", r"\x");
    check("é", "\t");
    check("}}}", "}}");
    check("}}}", "}}}}");
    assert!(
        !is_read(&batch_of(BODY).replace("-1.5e+3", r#"\"\\" \""#)),
        "the outer string ends after a backslash"
    );
    assert!(!is_read(&batch_of("")));
    assert!(!is_read(&batch_of(BODY).replace("é", r"\u00e9")));
    assert!(!is_read(&batch_of(BODY).replace("aws:sqs", "aws:sns")));
    assert!(!is_read(&batch_of(BODY).replace(r#""messageId":"m","#, "")));
    assert!(!is_read(&batch_of(BODY).replace("{\"Records\"", "{\"Records\":[],\"Records\"")));
    assert!(!is_read(r#"{"Records":[]}"#));
    assert!(!is_read(r#"{"Records":[{"messageId":"m","eventSource":"aws:sqs"}]}"#));
}

#[test]
fn one_body_that_is_no_firing_leaves_the_others_plain() {
    let payload = batch_of("hello\n").replace("}]}", &format!("}},{}", &batch_of(BODY)[13..]));
    let messages = check(payload.as_bytes()).expect("a batch");
    let [Message { body: Ok(text), .. }, Message { body: Ok(Body::Read { .. }), .. }] = &messages[..] else {
        panic!("{messages:?}");
    };
    assert!(matches!(text.received(), Err(DecodeError::NotJson { .. })));
}

#[test]
fn no_change_of_a_byte_makes_it_say_something_else() {
    let payload = batch_of(BODY).into_bytes();
    for end in 0..payload.len() - 1 {
        assert!(batch(&payload[..end]).is_none(), "cut after {end} bytes");
    }
    for at in 0..payload.len() {
        for byte in *b"\"\\{}[]:,.-+eEun0 1\n\t\0/tx\x7f\x80\xc3\xff" {
            let mut changed = payload.clone();
            changed[at] = byte;
            check(&changed);
            changed.insert(at, payload[at]);
            check(&changed);
        }
    }
}

/// Valid JSON, then text that only resembles it.
const VALUES: &[&str] = &[
    r#""""#,
    r#""a\\""#,
    r#""\"\\\/\b\f\n\r\t\ud800""#,
    "0",
    "-0",
    "10",
    "1e5",
    "1E-05",
    "0.50",
    "-1.5e+3",
    "true",
    "false",
    "null",
    "[]",
    "{}",
    "[ ]",
    "{ }",
    "[[],{},[0,1]]",
    r#"{"a":{"b":[{}]},"":[]}"#,
    r#"[{"a":1},"b",2]"#,
    "",
    "\"",
    r#""\"#,
    r#""\u12g4""#,
    r#""\u123"#,
    r#""\a""#,
    "\"\n\"",
    "-",
    "+1",
    "01",
    "1.",
    ".5",
    "1e",
    "1e+",
    "tru",
    "nul",
    "[",
    "[,]",
    "[1,]",
    "[1 2]",
    "[1}",
    "{",
    "{,}",
    r#"{"a"}"#,
    r#"{"a":}"#,
    r#"{"a":1,}"#,
    r#"{"a":1]"#,
    r#"{1:1}"#,
    r#"{"a" 1}"#,
    "]",
    "}",
    ",",
    ":",
    "'a'",
    "NaN",
];

#[test]
fn passes_over_what_serde_json_passes_over() {
    for value in VALUES {
        let is_json = serde_json::from_str::<IgnoredAny>(value).is_ok();
        let mut plain = Scanner::new(value.as_bytes());
        assert_eq!(plain.skip().is_some() && plain.peek().is_none(), is_json, "{value}");
        let quoted = serde_json::to_string(value).unwrap();
        let mut outer = Scanner::new(quoted.as_bytes());
        let is_read = outer.quoted(|inner| inner.skip()).is_some() && outer.peek().is_none();
        // A line break in quotes is an escape of the outer string, which is left to `serde_json`.
        assert_eq!(is_read, is_json, "{quoted}");
    }
    let deep = "[".repeat(100) + &"]".repeat(100);
    assert!(Scanner::new(deep.as_bytes()).skip().is_none(), "too deep is left to serde_json");
}
