//! First bytes of files: packings, and texts that may be logs.

/// Number of bytes that are enough to judge a file.
pub(super) const NEEDED: usize = 512;
pub(super) const GZIP: &[u8] = &[0x1f, 0x8b];
pub(super) const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
pub(super) const ZIP: &[u8] = b"PK\x03\x04";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Position of the mark of a tar archive.
const TAR_MARK: usize = 257;

/// Formats that are not read, with the next step.
const FOREIGN: [(&[u8], &str); 8] = [
    (b"BZh", "packed with bzip2, which is not read; unpack it: bzip2 -d FILE"),
    (b"\xfd7zXZ\0", "packed with xz, which is not read; unpack it: xz -d FILE"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive, which is not read; unpack it: 7z x FILE"),
    (b"\x04\x22\x4d\x18", "packed with LZ4, which is not read; unpack it: lz4 -d FILE"),
    (b"\xff\x06\0\0sNaPpY", "packed with Snappy, which is not read; unpack it first"),
    (b"PAR1", "a Parquet file, which is not read; export the rows as JSON lines"),
    (b"ORC", "an ORC file, which is not read; export the rows as JSON lines"),
    (b"Obj\x01", "an Avro file, which is not read; export the rows as JSON lines"),
];

/// Name and next step of a format that is not read.
pub(super) fn foreign(first: &[u8]) -> Option<&'static str> {
    if first.get(TAR_MARK..).is_some_and(|rest| rest.starts_with(b"ustar")) {
        return Some("a tar archive, which is not read; unpack it: tar -xf FILE");
    }
    FOREIGN.iter().find(|(mark, _)| first.starts_with(mark)).map(|(_, what)| *what)
}

/// Returns true for the byte order mark of UTF-16, in either order.
pub(super) fn is_utf16(first: &[u8]) -> bool {
    first.starts_with(&[0xff, 0xfe]) || first.starts_with(&[0xfe, 0xff])
}

/// Returns true if a content may be a log: packed, UTF-16, JSON, or JSON after a time. A format that is not read
/// counts too, so that it is reported.
pub(super) fn begins_like_log(first: &[u8]) -> bool {
    let is_packed = [GZIP, ZSTD, ZIP].iter().any(|mark| first.starts_with(mark));
    if is_packed || is_utf16(first) || foreign(first).is_some() {
        return true;
    }
    let text = first.strip_prefix(BYTE_ORDER_MARK).unwrap_or(first).trim_ascii_start();
    let next = |rest: &[u8]| rest.trim_ascii_start().first().copied();
    match text {
        [b'{', rest @ ..] => matches!(next(rest), Some(b'"' | b'}')),
        [b'[', rest @ ..] => matches!(next(rest), Some(b'"' | b'{' | b'[' | b']')),
        [b'0'..=b'9', ..] => {
            let is_time = |byte: &&u8| byte.is_ascii_digit() || b"-:.,+TZ \t".contains(byte);
            text.get(text.iter().take_while(is_time).count()) == Some(&b'{')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_known_by_its_first_bytes() {
        let check = |first: &[u8], expected: bool| assert_eq!(begins_like_log(first), expected, "{first:?}");
        check(b"{\"Records\":[]}", true);
        check(b"\n {\n \"a\": 1}", true);
        check(b"{}", true);
        check(b"[]", true);
        check(b"[ {\"eventID\"", true);
        check(b"\xff\xfe{\0", true);
        check(b"BZh91AY", true);
        check(&[&[b'a'; TAR_MARK], b"ustar\0".as_slice()].concat(), true);
        check(b"1763632800000 {\"a\":1}", true);
        check(b"", false);
        check(b"{ name = x }", false);
        check(b"[section]\nkey=1", false);
        check(b"20 apples", false);
        check(b"#!/bin/sh", false);
    }
}
