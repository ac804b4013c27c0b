//! Untrusted text made safe to print: printable_ascii, on one line, printable.

use std::borrow::Cow;
use std::fmt;

/// Maximum number of characters of untrusted text in a message.
const SHOWN: usize = 80;

/// Excerpt of untrusted text for messages and logs: control characters are escaped, and the result is cut after 80
/// characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt(Box<str>);

impl Excerpt {
    /// Escapes and cuts the text.
    pub fn new(text: &str) -> Self {
        let mut shown = String::new();
        let mut room = SHOWN;
        for escaped in text.chars().map(char::escape_debug) {
            // Counted after escaping: an escape has up to ten characters, and is never cut.
            let Some(left) = room.checked_sub(escaped.clone().count()) else {
                shown.push('…');
                break;
            };
            room = left;
            shown.extend(escaped);
        }
        Self(shown.into())
    }

    /// Excerpt of bytes that may not be UTF-8.
    pub fn bytes(bytes: &[u8]) -> Self {
        // A character has at most four bytes, so this prefix contains everything shown.
        Self::new(&String::from_utf8_lossy(&bytes[..bytes.len().min(4 * (SHOWN + 1))]))
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// The text as [`Excerpt`] shows it, without quotation marks.
pub fn printable(text: &str) -> String {
    Excerpt::new(text).0.into()
}

/// Replaces all but printable ASCII that JSON does not escape, and cuts after `max` bytes. The stored size is then
/// known.
pub fn printable_ascii(text: &str, max: usize) -> Cow<'_, str> {
    let plain = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
    // Bytes of longer characters are never plain.
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
        let check = |text: &str, shown: &str| assert_eq!(Excerpt::new(text).to_string(), shown);
        check("plain", r#""plain""#);
        check("two\nlines", r#""two\nlines""#);
        check("\u{1b}[31mred", r#""\u{1b}[31mred""#);
        check(&"é".repeat(80), &format!("\"{}\"", "é".repeat(80)));
        check(&"é".repeat(81), &format!("\"{}…\"", "é".repeat(80)));
        check(&"\u{202e}".repeat(11), &format!("\"{}…\"", r"\u{202e}".repeat(10)));
        assert_eq!(Excerpt::bytes(&[0xff, b'a']).to_string(), "\"\u{fffd}a\"");
    }
}
