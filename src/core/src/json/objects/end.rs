//! Where an object ends, or its array `Records` begins, in the bytes that have been read so far.

use memchr::memchr3;

/// What a look at the buffered bytes tells.
pub(super) enum Scan {
    /// The object ends before this index.
    End(usize),
    /// The array `Records` begins at this index.
    Records(usize),
    More,
    /// No JSON from this index on.
    Bad(usize),
}

/// Where the object or array that `bytes` begin with ends. Brackets are counted, not told apart.
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

/// Where the string that `bytes` begin with ends. A line break within it is no JSON, and the mark of a broken line.
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

/// Looks for `Records` among the members of the object that `bytes` begin with.
pub(super) fn open(bytes: &[u8]) -> Scan {
    let mut at = 1;
    // A string in the place of a key; values are passed over whole.
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
            b'[' if key == Some(br#""Records""#) => return Scan::Records(at),
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
