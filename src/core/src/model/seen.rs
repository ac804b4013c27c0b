//! Untrusted text made safe to print: one line, bounded, printable.

use std::borrow::Cow;
use std::fmt;

/// At most this many characters stand for a piece of foreign text in a message or a log line.
const SHOWN: usize = 80;

/// A piece of foreign text as it may be shown to people: control characters escaped, cut after 80 characters of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen(Box<str>);

impl Seen {
    pub fn new(text: &str) -> Self {
        let mut shown = String::new();
        let mut room = SHOWN;
        for escaped in text.chars().map(char::escape_debug) {
            // Counted as shown: an escape takes up to ten characters, and half of one would say something else.
            let Some(left) = room.checked_sub(escaped.clone().count()) else {
                shown.push('…');
                break;
            };
            room = left;
            shown.extend(escaped);
        }
        Self(shown.into())
    }

    /// Bytes that may not be UTF-8.
    pub fn bytes(bytes: &[u8]) -> Self {
        // A character has at most four bytes, so this prefix always holds what will be shown.
        Self::new(&String::from_utf8_lossy(&bytes[..bytes.len().min(4 * (SHOWN + 1))]))
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// The text as [`Seen`] shows it, without quotation marks.
pub fn printable(text: &str) -> String {
    Seen::new(text).0.into()
}

/// Printable ASCII that JSON does not escape, at most `max` bytes: what is stored has a known size.
pub fn bounded(text: &str, max: usize) -> Cow<'_, str> {
    let plain = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
    // Byte by byte: no part of a longer character is plain.
    if text.len() <= max && text.bytes().all(|byte| plain(byte.into())) {
        return Cow::Borrowed(text);
    }
    text.chars().take(max).map(|c| if plain(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_bounded_single_line() {
        let check = |text: &str, shown: &str| assert_eq!(Seen::new(text).to_string(), shown);
        check("plain", r#""plain""#);
        check("two\nlines", r#""two\nlines""#);
        check("\u{1b}[31mred", r#""\u{1b}[31mred""#);
        check(&"é".repeat(80), &format!("\"{}\"", "é".repeat(80)));
        check(&"é".repeat(81), &format!("\"{}…\"", "é".repeat(80)));
        check(&"\u{202e}".repeat(11), &format!("\"{}…\"", r"\u{202e}".repeat(10)));
        assert_eq!(Seen::bytes(&[0xff, b'a']).to_string(), "\"\u{fffd}a\"");
    }
}
