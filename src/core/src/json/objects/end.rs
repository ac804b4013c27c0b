//! Ends of objects and strings, and starts of arrays of records, in the bytes buffered so far.

use memchr::memchr3;

/// Keys of the arrays that hold records: of CloudTrail's files, `lookup-events`, `filter-log-events`, subscriptions of
/// CloudWatch Logs, `receive-message`, `get-query-results` of CloudTrail Lake, the REST interface of Splunk, and
/// Firehose's events for Lambda.
const ARRAYS: [&[u8]; 8] = [
    br#""Records""#,
    br#""Events""#,
    br#""events""#,
    br#""logEvents""#,
    br#""Messages""#,
    br#""QueryResultRows""#,
    br#""results""#,
    br#""records""#,
];

/// Result of scanning the buffered bytes.
pub(super) enum Scan {
    /// The object ends before this index.
    End(usize),
    /// The array of records begins at this index.
    Records(usize),
    /// More bytes are needed.
    More,
    /// Not JSON from this index on.
    Bad(usize),
}

/// Finds the end of the object or array at the start of `bytes`. Counts brackets without matching their kinds.
pub(super) fn object_end(bytes: &[u8]) -> Scan {
    let (mut depth, mut at) = (0usize, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => match string_end(&bytes[at..]) {
                Scan::End(end) => {
                    at += end;
                    continue;
                }
                Scan::Bad(bad) => return Scan::Bad(at + bad),
                more => return more,
            },
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return Scan::End(at + 1),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    Scan::More
}

/// Finds the end of the string at the start of `bytes`. A line break inside it is not JSON, and marks a broken line.
pub(super) fn string_end(bytes: &[u8]) -> Scan {
    let mut at = 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr3(b'"', b'\\', b'\n', rest)) {
        at += found;
        match bytes[at] {
            b'"' => return Scan::End(at + 1),
            b'\n' => return Scan::Bad(at),
            _ => at += 2,
        }
    }
    Scan::More
}

/// Looks for an array of records among the members of the object at the start of `bytes`.
pub(super) fn open(bytes: &[u8]) -> Scan {
    let mut at = 1;
    // String in the position of a key. Values are skipped.
    let mut key: Option<&[u8]> = None;
    while let Some(byte) = bytes.get(at) {
        let length = match byte {
            b'"' => match string_end(&bytes[at..]) {
                Scan::End(end) => {
                    key = key.is_none().then(|| &bytes[at..at + end]);
                    end
                }
                Scan::Bad(bad) => return Scan::Bad(at + bad),
                more => return more,
            },
            b'[' if key.is_some_and(|key| ARRAYS.contains(&key)) => return Scan::Records(at),
            b'{' | b'[' => match object_end(&bytes[at..]) {
                Scan::End(end) => end,
                Scan::Bad(bad) => return Scan::Bad(at + bad),
                more => return more,
            },
            b'}' => return Scan::End(at + 1),
            b',' => {
                key = None;
                1
            }
            b']' => return Scan::Bad(at),
            _ => 1,
        };
        at += length;
    }
    Scan::More
}
