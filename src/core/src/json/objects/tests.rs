//! Ends of objects in every format of log, at every split of the stream.

use super::*;

/// Reader that returns this many bytes at a time.
struct Drops<'a>(&'a [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(self.0.len()).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn read(text: &str, drop: usize) -> Vec<String> {
    let mut values = JsonObjects::new(Drops(text.as_bytes(), drop));
    let mut seen = Vec::new();
    loop {
        match values.next() {
            Ok(Some(value)) => seen.push(String::from_utf8(value.to_vec()).unwrap()),
            Ok(None) => return seen,
            Err(error) => seen.push(format!("! {error}")),
        }
    }
}

fn check(text: &str, expected: &[&str]) {
    for drop in [1, 2, 3, 7, usize::MAX] {
        let seen = read(text, drop);
        assert_eq!(seen.len(), expected.len(), "{text}: {seen:?}");
        for (seen, expected) in seen.iter().zip(expected) {
            let is_error = expected.starts_with('!');
            assert!(
                if is_error { seen.contains(&expected[1..]) } else { seen == expected },
                "{text}: {seen}"
            );
        }
    }
}

#[test]
fn every_form_of_a_log_is_taken_apart() {
    check("", &[]);
    check(" \n", &[]);
    check(r#"{"Records":[]}"#, &[]);
    check(r#"{"Records":[{"a":1},{"b":[{}]}]}"#, &[r#"{"a":1}"#, r#"{"b":[{}]}"#]);
    check("{ \"Records\" : [\n {\"a\":1} ,\n{\"b\":2} ] }\n", &[r#"{"a":1}"#, r#"{"b":2}"#]);
    check(r#"{"v":{"Records":[1]},"w":"Records","Records":[{"a":1}],"x":["}"],"y":3}"#, &[r#"{"a":1}"#]);
    check("\u{feff}{\"Records\":[{\"a\":1}]}{\"Records\":[{\"b\":2}]}", &[r#"{"a":1}"#, r#"{"b":2}"#]);
    check(r#"[{"a":1},{"b":2}]"#, &[r#"{"a":1}"#, r#"{"b":2}"#]);
    check("{\"a\":\"}{\"}\n{\"b\":\"\\\"}\\\\\"}\n", &[r#"{"a":"}{"}"#, r#"{"b":"\"}\\"}"#]);
    check(r#"{"Records":"none"}"#, &[r#"{"Records":"none"}"#]);
}

#[test]
fn what_is_broken_is_named_and_what_came_before_counts() {
    check("hello", &["! byte 0: saw \"h"]);
    check("null", &["! expected an object or an array"]);
    check(r#"{"Records":[{"a":1},{"b":"#, &[r#"{"a":1}"#, "! ends early, at byte 25"]);
    check(r#"{"Records":[{"a":1}"#, &[r#"{"a":1}"#, "! ends early"]);
    check(r#"{"Records":[{"a":1}]"#, &[r#"{"a":1}"#, "! ends early"]);
    check(r#"{"Records":[{"a":1} {"b":2}]}"#, &[r#"{"a":1}"#, "! expected , or ]"]);
    check(r#"{"Records":[null]}"#, &["! expected an object"]);
    // A broken line costs only itself.
    check("{\"a\":1}\noops\n{\"b\":2}", &[r#"{"a":1}"#, "! byte 8", r#"{"b":2}"#]);
    check("{\"a\":1}\n{\"b\":\"x\n{\"c\":2}", &[r#"{"a":1}"#, "! not JSON", r#"{"c":2}"#]);
    check("{\"a\":1}\noops", &[r#"{"a":1}"#, "! byte 8"]);
}

#[test]
fn no_stream_is_held_as_a_whole() {
    let record = format!("{{\"a\":\"{}\"}},", "x".repeat(1_000));
    let text = format!("{{\"Records\":[{}{{}}]}}", record.repeat(5_000));
    let mut values = JsonObjects::new(text.as_bytes());
    let mut count = 0;
    while values.next().unwrap().is_some() {
        count += 1;
    }
    assert_eq!((count, values.buffer.len()), (5_001, FIRST_BUFFER));
    let endless = format!("{{\"a\":\"{}", "x".repeat(2 * MAX_VALUE));
    let mut values = JsonObjects::new(endless.as_bytes());
    assert!(matches!(values.next(), Err(ObjectsError::TooLarge { at: 0 })));
    assert!(values.buffer.len() <= 2 * MAX_VALUE);
}
