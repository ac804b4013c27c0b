//! Text of strangers, escaped for each form in which people read it: plain text, chat, a shell, JSON, and ids.
//!
//! Principals, resources, tags, names of budgets and alarms, and the ids in messages are chosen by others. Imports no
//! other module.

mod chat;
mod shell;

pub use chat::{chat, chat_code};
pub use shell::{option, shell};

use std::borrow::Cow;
use std::fmt::Write;

/// Maximum length of an id, in bytes.
const MAX_ID: usize = 64;

/// Returns true if a person sees this character as it is: no control character, no line break, no space but the plain
/// one, no character that is invisible, changes the direction of text or combines with the one before it.
pub fn is_visible(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\') || c.escape_debug().eq([c])
}

/// One line of visible characters. All others are written as `\n` or `\u{202e}`.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_visible) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_visible(c) { shown.push(c) } else { shown.extend(c.escape_debug()) }
    }
    Cow::Owned(shown)
}

/// JSON text with the same meaning, in which a terminal finds no control character and a person nothing invisible.
/// `json` is valid JSON: such characters then stand in strings alone, except for the white space between them.
pub fn json(json: &str) -> Cow<'_, str> {
    let is_safe = |c: char| c.is_ascii() && c != '\u{7f}' || is_visible(c);
    if json.chars().all(is_safe) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_safe(c) {
            shown.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(shown)
}

/// Returns true if this can be the id of an event, a request or a message: 1 to 64 ASCII letters, digits and hyphens,
/// without a hyphen in front. The ids of AWS are UUIDs.
pub fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_one_line_of_visible_characters() {
        let check = |text: &str, shown: &str| assert_eq!(plain(text), shown);
        check("it's \"plain\" → 5 € \\ ▁▇", "it's \"plain\" → 5 € \\ ▁▇");
        check("two\r\nlines\tand\u{2028}more", "two\\r\\nlines\\tand\\u{2028}more");
        check("\u{1b}[31mred\u{7f}\u{9b}2J", "\\u{1b}[31mred\\u{7f}\\u{9b}2J");
        check("\u{202e}cba\u{2066}\u{200b}\u{feff}\u{a0}", "\\u{202e}cba\\u{2066}\\u{200b}\\u{feff}\\u{a0}");
        check("a\u{301}", "a\\u{301}");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let check = |value: &str, shown: &str| {
            let text = serde_json::to_string(value).unwrap();
            assert_eq!(json(&text), shown);
            assert_eq!(serde_json::from_str::<String>(&json(&text)).unwrap(), value);
        };
        check("plain é \u{1b}", "\"plain é \\u001b\"");
        check("\u{9b}2J\u{202e}\u{7f}", "\"\\u009b2J\\u202e\\u007f\"");
        check("\u{e0041}", "\"\\udb40\\udc41\"");
        assert_eq!(json("{\n  \"a\": 1\n}"), "{\n  \"a\": 1\n}");
    }

    #[test]
    fn an_id_is_letters_digits_and_hyphens() {
        let check = |text: &str, expected: bool| assert_eq!(is_id(text), expected, "{text}");
        check("4d9cb5f2-1b7b-4b1c-9a0e-0f1e2d3c4b5a", true);
        check("event-1", true);
        for bad in ["", "-rf", "a b", "a;b", "$(a)", "a`b`", "<a|b>", "a\nb", "é", &"a".repeat(65)] {
            check(bad, false);
        }
    }
}
