//! Patterns, events and verdicts, by topic.

use super::*;

/// Matches the pattern together with one that matches every event and one that matches none.
fn check(pattern: &str, event: &str, expected: bool) {
    let compile = |text: &str| Pattern::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let others = [r#"{"none":[{"exists":true}]}"#, r#"{"none":[{"exists":false}]}"#];
    let matcher = Matcher::new([compile(others[0]), compile(pattern), compile(others[1])]);
    let mut scratch = Scratch::default();
    let found =
        matcher.matches(event.as_bytes(), &mut scratch).unwrap_or_else(|error| panic!("{event}: {error}"));
    let wanted: &[u32] = if expected { &[1, 2] } else { &[2] };
    assert_eq!((found.matched, found.unknown), (wanted, &[][..]), "{pattern} on {event}");
    let alone = Matcher::new([compile(pattern)]);
    let found = alone.matches(event.as_bytes(), &mut scratch).expect("an event");
    assert_eq!(found.matched.len(), usize::from(expected), "{pattern} alone on {event}");
}

#[test]
fn values() {
    check(r#"{"state":["open","shut"]}"#, r#"{"state":"shut"}"#, true);
    check(r#"{"state":["open"]}"#, r#"{"state":"Open"}"#, false);
    check(r#"{"tab":["a\tb"]}"#, r#"{"tab":"a\u0009b"}"#, true);
    check(r#"{"\u0061":["1"]}"#, r#"{"\u0061":"1"}"#, true);
    check(r#"{"n":[7]}"#, r#"{"n":70e-1}"#, true);
    check(r#"{"n":[7]}"#, r#"{"n":"7"}"#, false);
    check(r#"{"n":[98765432109876543210]}"#, r#"{"n":98765432109876543210}"#, true);
    check(r#"{"n":[98765432109876543210]}"#, r#"{"n":9.8765432109876543210e19}"#, false);
    check(r#"{"is":[true,null]}"#, r#"{"is":null}"#, true);
    check(r#"{"is":["true"]}"#, r#"{"is":true}"#, false);
    check(r#"{"ip":["fe80::1"]}"#, r#"{"ip":"FE80:0::0001"}"#, true);
    check(r#"{"ip":[{"exactly":"fe80::1"}]}"#, r#"{"ip":"FE80:0::0001"}"#, false);
}

#[test]
fn operators() {
    check(r#"{"a":[{"prefix":"eu-"},{"suffix":"-2"}]}"#, r#"{"a":"us-west-2"}"#, true);
    check(r#"{"a":[{"prefix":{"equals-ignore-case":"EU-"}}]}"#, r#"{"a":"eu-west-1"}"#, true);
    check(r#"{"a":[{"suffix":{"equals-ignore-case":".LOG"}}]}"#, r#"{"a":"x.log"}"#, true);
    check(r#"{"a":[{"prefix":""}]}"#, r#"{"a":5}"#, false);
    check(r#"{"a":[{"wildcard":"*/logs/*.gz"}]}"#, r#"{"a":"x/logs/y.gz"}"#, true);
    check(r#"{"a":[{"numeric":[">",0,"<=",5]}]}"#, r#"{"a":5.0}"#, true);
    check(r#"{"a":[{"numeric":[">",0,"<=",5]}]}"#, r#"{"a":0}"#, false);
    check(r#"{"a":[{"numeric":["=",0.1]}]}"#, r#"{"a":1e-1}"#, true);
    check(r#"{"a":[{"cidr":"192.168.0.0/20"}]}"#, r#"{"a":"192.168.15.9"}"#, true);
    check(r#"{"a":[{"anything-but":["x",  "y"]}]}"#, r#"{"a":["x","z"]}"#, true);
    check(r#"{"a":[{"anything-but":["x","y"]}]}"#, r#"{"a":["x","y"]}"#, false);
    check(r#"{"a":[{"anything-but":"1"}]}"#, r#"{"a":1}"#, true);
    check(r#"{"a":[{"anything-but":[10]}]}"#, r#"{"a":1e1}"#, false);
    check(r#"{"a":[{"anything-but":{"wildcard":["*a*","*b*"]}}]}"#, r#"{"a":"xbx"}"#, false);
    check(r#"{"a":[{"anything-but":"x"}]}"#, r#"{"b":1}"#, false);
}

#[test]
fn presence() {
    for (value, is_present) in
        [("null", true), ("0", true), (r#"["v"]"#, true), ("[]", false), ("{}", false), (r#"{"g":1}"#, false)]
    {
        let event = format!(r#"{{"f":{value}}}"#);
        check(r#"{"f":[{"exists":true}]}"#, &event, is_present);
        check(r#"{"f":[{"exists":false}]}"#, &event, !is_present);
        check(r#"{"f":["other",{"exists":false}]}"#, &event, !is_present);
    }
}

#[test]
fn lists() {
    let both = r#"{"d":{"x":[1],"y":[2]}}"#;
    check(both, r#"{"d":[{"x":0,"y":2},{"x":1,"y":2}]}"#, true);
    check(both, r#"{"d":[{"x":1},{"y":2}]}"#, false);
    check(both, r#"{"d":[[{"x":1}],[{"y":2}]]}"#, false);
    check(both, r#"{"d":[{"x":1}],"d":[{"y":2}]}"#, true);
    check(both, r#"{"d":{"x":[0,1],"y":[2,3]}}"#, true);
    let inner = r#"{"d":{"s":{"x":[1]},"t":{"y":[2]},"z":[3]}}"#;
    check(inner, r#"{"d":[{"z":3,"s":[{"x":0},{"x":1}],"t":[{"y":2}]}]}"#, true);
    check(inner, r#"{"d":[{"z":3,"s":[{"x":1}]},{"z":3,"t":[{"y":2}]}]}"#, false);
}

/// Absence is tested in the order of the paths, for the elements bound by then.
#[test]
fn absence_within_lists() {
    let after = r#"{"d":{"b":["x"],"c":[{"exists":false}]}}"#;
    check(after, r#"{"d":[{"c":1},{"b":"x"}]}"#, true);
    check(after, r#"{"d":[{"b":"x","c":1},{"b":"x"}]}"#, true);
    check(after, r#"{"d":[{"b":"x","c":1}]}"#, false);
    let before = r#"{"d":{"a":[{"exists":false}],"b":["x"]}}"#;
    check(before, r#"{"d":[{"a":1},{"b":"x"}]}"#, false);
    check(before, r#"{"d":[{"b":"x"}]}"#, true);
    let either = r#"{"d":{"a":["p"],"b":["q",{"exists":false}]}}"#;
    check(either, r#"{"d":[{"a":"p","b":"r"},{"a":"p","b":"q"}]}"#, true);
    check(either, r#"{"d":[{"a":"p","b":"r"},{"a":"p"}]}"#, true);
    check(either, r#"{"d":[{"a":"p","b":"r"},{"b":"q"}]}"#, false);
}

#[test]
fn alternatives() {
    let pattern = r#"{"s":["x"],"$or":[{"a":[1]},{"b":[1],"d":{"$or":[{"c":[1]},{"e":[1]}]}}]}"#;
    check(pattern, r#"{"s":"x","a":1}"#, true);
    check(pattern, r#"{"s":"x","b":1,"d":{"e":1}}"#, true);
    check(pattern, r#"{"s":"x","b":1}"#, false);
    check(pattern, r#"{"a":1}"#, false);
    check(r#"{"a":[1],"$or":[{"a":[2]},{"b":[3]}]}"#, r#"{"a":2}"#, true);
}

/// 3^7 alternatives are searched, and not written down.
#[test]
fn more_alternatives_than_are_written_down() {
    let level = |n| format!(r#""l{n}":{{"$or":[{{"a":[1]}},{{"b":[1]}},{{"c":[1],"d":[1]}}]}}"#);
    let levels: Vec<String> = (0..7).map(level).collect();
    let pattern = format!("{{{}}}", levels.join(","));
    let event = |last: &str| {
        let levels: Vec<String> = (0..7)
            .map(|n| format!(r#""l{n}":[{{"c":1}},{}]"#, if n == 6 { last } else { r#"{"c":1,"d":1}"# }))
            .collect();
        format!("{{{}}}", levels.join(","))
    };
    check(&pattern, &event(r#"{"d":1,"c":1}"#), true);
    check(&pattern, &event(r#"{"b":1}"#), true);
    check(&pattern, &event(r#"{"b":2}"#), false);
}

/// Twelve levels of four alternatives. Only the last level fails, and only within its list, so the search exceeds its
/// budget.
#[test]
fn what_cannot_be_decided_is_unknown() {
    let level = |n| {
        format!(
            r#""l{n}":{{"$or":[{{"a":[1],"b":[1]}},{{"c":[1],"d":[1]}},{{"e":[1],"f":[1]}},{{"g":[1],"h":[1]}}]}}"#
        )
    };
    let levels: Vec<String> = (0..12).map(level).collect();
    let pattern = Pattern::compile(&format!("{{{}}}", levels.join(","))).expect("a pattern");
    let good = r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1}"#;
    let bad = r#"{"a":1},{"b":1},{"c":1},{"d":1},{"e":1},{"f":1},{"g":1},{"h":1}"#;
    let levels: Vec<String> =
        (0..12).map(|n| format!(r#""l{n}":[{}]"#, if n == 11 { bad } else { good })).collect();
    let event = format!("{{{}}}", levels.join(","));
    let other = Pattern::compile(r#"{"l0":{"a":[1]}}"#).expect("a pattern");
    let mut scratch = Scratch::default();
    let matcher = Matcher::new([pattern, other]);
    let found = matcher.matches(event.as_bytes(), &mut scratch).expect("an event");
    assert_eq!((found.matched, found.unknown), (&[1][..], &[0][..]));
}

#[test]
fn keys() {
    check(r#"{"a":{"b":[1]}}"#, r#"{"a.b":1}"#, true);
    check(r#"{"a.b":[1]}"#, r#"{"a":{"b":1}}"#, true);
    check(r#"{"":{"":[1]}}"#, r#"{"":{"":1}}"#, true);
    check(r#"{"a":[1]}"#, r#"{"a":2,"b":{},"a":1}"#, true);
    check(r#"{"a":[1],"a":[2]}"#, r#"{"a":1}"#, false);
    check(r#"{"a":[1]} and more"#, r#"{"a":1}"#, true);
}

/// The scan may pass over `detail`, until a repeated key makes the pattern possible again.
#[test]
fn a_key_that_comes_back_counts() {
    let check = |event: &str, expected: &[u32]| {
        let texts = [r#"{"source":["x"],"detail":{"a":[1]}}"#, r#"{"source":["y"],"detail":{"a":[1]}}"#];
        let matcher = Matcher::new(texts.map(|text| Pattern::compile(text).expect(text)));
        let mut scratch = Scratch::default();
        assert_eq!(
            matcher.matches(event.as_bytes(), &mut scratch).expect(event).matched,
            expected,
            "{event}"
        );
    };
    check(r#"{"source":"x","detail":{"a":1}}"#, &[0]);
    check(r#"{"source":"z","detail":{"a":1}}"#, &[]);
    check(r#"{"source":"z","detail":{"a":1},"source":"y"}"#, &[1]);
    check(r#"{"source":"x","detail":{"a":1},"source":"y"}"#, &[0, 1]);
    check(r#"{"detail":{"a":1},"source":"y"}"#, &[1]);
}

#[test]
fn says_what_is_no_event() {
    let matcher = Matcher::new([Pattern::compile(r#"{"a":{"b":[1]}}"#).expect("a pattern")]);
    let check = |event: &str, expected: &str| {
        let mut scratch = Scratch::default();
        let error = matcher.matches(event.as_bytes(), &mut scratch).expect_err(event);
        assert_eq!(error.to_string(), expected, "{event}");
    };
    check("", "byte 0: expected `{`, as an event is a JSON object");
    check("[]", "byte 0: expected `{`, as an event is a JSON object");
    check(r#"{"a":"#, "byte 5: expected a value");
    check(r#"{"a":{"b":01}}"#, "byte 10: expected a value");
    check(r#"{"a":1,}"#, "byte 7: expected a key in double quotes");
    check(r#"{"a" 1}"#, "byte 5: expected `:`");
    check(r#"{"a":{"b":1]}"#, "byte 11: expected `,` or `}`");
    check(r#"{"a":"x}"#, "byte 5: expected a string that ends");
    check(r#"{"a":1}}"#, "byte 7: expected the end of the event");
    check(&"[".repeat(1_000_000), "byte 0: expected `{`, as an event is a JSON object");
    check(&format!(r#"{{"a":{}"#, "[".repeat(1_000_000)), "byte 1000005: expected a value");
}

#[test]
fn says_what_is_no_pattern() {
    let check = |text: &str, expected: &str| {
        assert_eq!(Pattern::compile(text).expect_err(text).to_string(), expected, "{text}");
    };
    check("", "line 1, column 1: the end of the text where an object with the fields to match is expected");
    check("{}", "line 1, column 1: an empty object where at least one field is expected");
    check(
        "{\n  \"é\": \"x\"}",
        "line 2, column 8: the string \"x\" where a list of values or an object of fields is expected",
    );
    check(r#"{"a":[]}"#, "line 1, column 6: an empty list where at least one value is expected");
    check(
        r#"{"a":[1,]}"#,
        "line 1, column 9: `]` where a string, a number, true, false, null or an object with one operator is expected",
    );
    check(
        r#"{"a":[{"exists":"true"}]}"#,
        "line 1, column 17: the string \"true\" where true or false is expected",
    );
    check(
        r#"{"a":[{"prefix":"a","suffix":"b"}]}"#,
        "line 1, column 20: `,` where `}` after a single operator is expected",
    );
    check(r#"{"a":[{"numeric":["<",5,">",1]}]}"#, "line 1, column 25: \">\" where `]` is expected");
    check(
        r#"{"a":[{"numeric":[">",5,"<",5]}]}"#,
        "line 1, column 18: an empty range: the lower bound 5 is expected to be less than 5",
    );
    check(r#"{"a":[{"anything-but":["x",1]}]}"#, "line 1, column 28: `1` where another string is expected");
    check(
        r#"{"$or":[{"a":[1]}]}"#,
        "line 1, column 8: $or with 1 alternatives where at least 2 are expected",
    );
    check(
        r#"{"$or":[{"a":[1]},{"prefix":[1]}]}"#,
        "line 1, column 20: \"prefix\" is an operator; within $or a field name is expected",
    );
    let deep = format!("{}[1]{}", r#"{"a":"#.repeat(1_001), "}".repeat(1_001));
    check(&deep, "line 1, column 5001: objects nested deeper than 1000; fewer levels are expected");
}

#[test]
fn names_api_calls_if_each_alternative_does() {
    let check = |text: &str, expected: bool| {
        assert_eq!(Pattern::compile(text).expect(text).names_api_call(), expected, "{text}");
    };
    check(r#"{"detail":{"eventName":["PutBucketAcl"]}}"#, true);
    check(r#"{"detail":{"eventName":[{"prefix":"Put"},{"wildcard":"*Acl"}]}}"#, true);
    check(r#"{"detail.eventName":[{"equals-ignore-case":"putobject"}]}"#, true);
    check(r#"{"detail":{"eventName":[{"exists":true}]}}"#, false);
    check(r#"{"detail":{"eventName":[{"anything-but":"GetObject"}]}}"#, false);
    check(r#"{"detail":{"eventName":["PutObject",{"anything-but":"GetObject"}]}}"#, false);
    check(r#"{"detail":{"eventName":[{"wildcard":"*"}]}}"#, false);
    check(r#"{"detail":{"eventName":[{"prefix":""}]}}"#, false);
    check(r#"{"source":["aws.s3"]}"#, false);
    check(r#"{"detail":{"$or":[{"eventName":["A"]},{"eventName":["B"]}]}}"#, true);
    check(r#"{"detail":{"$or":[{"eventName":["A"]},{"eventSource":["b"]}]}}"#, false);
}
