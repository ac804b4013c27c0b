//! Untrusted text made safe to print: one line, bounded, printable.

use std::borrow::Cow;
use std::fmt;

/// At most this many characters of foreign text reach a message or a log line.
const SHOWN: usize = 80;

/// A piece of foreign text as it may be shown to people: control characters escaped, cut after 80 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen(Box<str>);

impl Seen {
    pub fn new(text: &str) -> Self {
        let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
        if text.chars().nth(SHOWN).is_some() {
            shown.push('…');
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

/// Printable ASCII that JSON does not escape, at most `max` bytes: what is stored has a known size.
pub fn bounded(text: &str, max: usize) -> Cow<'_, str> {
    let plain = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
    if text.len() <= max && text.chars().all(plain) {
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
        check(&"é".repeat(81), &format!("\"{}…\"", "é".repeat(80)));
        assert_eq!(Seen::bytes(&[0xff, b'a']).to_string(), "\"\u{fffd}a\"");
    }
}
