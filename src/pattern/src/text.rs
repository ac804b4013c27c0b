//! Tests of text: with wildcards, and without regard to case.

use memchr::memmem::Finder;

/// Text in which `*` stands for any run of characters, including none.
#[derive(Debug, Clone)]
pub(super) struct Wildcard {
    first: Box<[u8]>,
    /// Parts between the first and the last, to be found in this order.
    middle: Box<[Finder<'static>]>,
    /// Last part; `None` without a `*`, in which case the first part is the whole text.
    last: Option<Box<[u8]>>,
}

/// A text that is no pattern with wildcards. Positions are in bytes, from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ParseWildcardError {
    #[error("`**` at position {at}; one `*` stands for any run of characters")]
    Twice { at: usize },
    #[error("a backslash at position {at} that is not followed by `*` or a backslash")]
    BadEscape { at: usize },
}

impl Wildcard {
    /// Only `\*` and `\\` are escapes, and no `*` may follow another: so AWS has it.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseWildcardError> {
        let mut parts = vec![Vec::new()];
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let part = parts.len() - 1;
            match c {
                '*' if chars.peek().is_some_and(|(_, next)| *next == '*') => {
                    return Err(ParseWildcardError::Twice { at });
                }
                '*' => parts.push(Vec::new()),
                '\\' => match chars.next() {
                    Some((_, escaped @ ('*' | '\\'))) => parts[part].push(escaped as u8),
                    _ => {
                        return Err(ParseWildcardError::BadEscape { at });
                    }
                },
                _ => parts[part].extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        let last = (parts.len() > 1).then(|| parts.pop()).flatten().map(Into::into);
        let middle = parts.drain(1..).map(|part| Finder::new(&part).into_owned()).collect();
        let first = parts.pop().unwrap_or_default().into();
        Ok(Self { first, middle, last })
    }

    /// Returns true if the whole text matches.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        let Some(last) = &self.last else { return *text == *self.first };
        let Some(rest) = text.strip_prefix(&*self.first) else { return false };
        let Some(mut rest) = rest.strip_suffix(&**last) else { return false };
        // The first occurrence leaves the most text for the following parts, so no other one is tried.
        self.middle
            .iter()
            .all(|part| part.find(rest).map(|at| rest = &rest[at + part.needle().len()..]).is_some())
    }

    /// Parts between which any run of characters may stand.
    pub(crate) fn runs(&self) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
        let middle = self.middle.iter().map(Finder::needle);
        let parts = std::iter::once(&*self.first).chain(middle).chain(self.last.as_deref());
        parts.map(String::from_utf8_lossy)
    }

    /// Returns true if every text matches.
    pub(crate) fn is_any(&self) -> bool {
        self.first.is_empty()
            && self.middle.is_empty()
            && self.last.as_ref().is_some_and(|last| last.is_empty())
    }
}

/// Text compared without regard to case. Each character may have its lower or upper form, independent of language.
///
/// The reference engine compares UTF-16 units, which breaks characters beyond U+FFFF. Here characters are compared.
#[derive(Debug, Clone)]
pub(super) enum AnyCase {
    Ascii(Box<[u8]>),
    /// Both forms of each character. If they differ, neither form is a prefix or suffix of the other.
    Forms(Box<[[Box<str>; 2]]>),
}

impl AnyCase {
    pub(crate) fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self::Ascii(text.as_bytes().into());
        }
        let forms = |c: char| [c.to_lowercase().collect(), c.to_uppercase().collect()];
        Self::Forms(text.chars().map(forms).collect())
    }

    /// Returns true if the text equals this one.
    pub(crate) fn is(&self, text: &[u8]) -> bool {
        match self {
            Self::Ascii(own) => text.eq_ignore_ascii_case(own),
            Self::Forms(forms) => after(forms, text).is_some_and(<[u8]>::is_empty),
        }
    }

    /// Returns true if the text begins with this one.
    pub(crate) fn begins(&self, text: &[u8]) -> bool {
        match self {
            Self::Ascii(own) => text.get(..own.len()).is_some_and(|start| start.eq_ignore_ascii_case(own)),
            Self::Forms(forms) => after(forms, text).is_some(),
        }
    }

    /// Returns true if the text ends with this one.
    pub(crate) fn ends(&self, text: &[u8]) -> bool {
        match self {
            Self::Ascii(own) => {
                let start = text.len().checked_sub(own.len());
                start.is_some_and(|start| text[start..].eq_ignore_ascii_case(own))
            }
            Self::Forms(forms) => {
                let before = |text: &'_ [u8], [lower, upper]: &[Box<str>; 2]| {
                    let rest = text.strip_suffix(lower.as_bytes());
                    rest.or_else(|| text.strip_suffix(upper.as_bytes())).map(<[u8]>::len)
                };
                let mut rest = text;
                forms.iter().rev().all(|forms| before(rest, forms).map(|end| rest = &rest[..end]).is_some())
            }
        }
    }

    /// The text, if all of it is ASCII.
    pub(crate) fn ascii(&self) -> Option<&str> {
        match self {
            Self::Ascii(own) => std::str::from_utf8(own).ok(),
            Self::Forms(_) => None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Ascii(own) => own.is_empty(),
            Self::Forms(forms) => forms.is_empty(),
        }
    }
}

/// Returns the text after these characters; `None` if it does not begin with them.
fn after<'t>(forms: &[[Box<str>; 2]], text: &'t [u8]) -> Option<&'t [u8]> {
    forms.iter().try_fold(text, |text, [lower, upper]| {
        text.strip_prefix(lower.as_bytes()).or_else(|| text.strip_prefix(upper.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run_of_characters() {
        let check = |pattern: &str, text: &str, expected: bool| {
            let wildcard = Wildcard::parse(pattern).expect(pattern);
            assert_eq!(wildcard.matches(text.as_bytes()), expected, "{pattern} {text}");
        };
        check("*", "", true);
        check("a*", "a", true);
        check("a*a", "a", false);
        check("a*a", "aa", true);
        check("*ab*ba*", "abxba", true);
        check("*ab*ba*", "aba", false);
        check("x*.log", "x/y.log.log", true);
        check("a*b*a", "aba", true);
        check("a*b*a", "aab", false);
        check("*aab", "aaab", true);
        check("no star", "no star", true);
        check("no star", "no stars", false);
        check(r"\*\\*", r"*\ and more", true);
        check(r"\*", "x", false);
        check("é*é", "é–é", true);
    }

    #[test]
    fn says_what_is_no_wildcard() {
        let check = |pattern: &str, expected: &str| {
            assert_eq!(Wildcard::parse(pattern).expect_err(pattern).to_string(), expected)
        };
        check("a**", "`**` at position 1; one `*` stands for any run of characters");
        check(r"a\n", "a backslash at position 1 that is not followed by `*` or a backslash");
        check(r"a\", "a backslash at position 1 that is not followed by `*` or a backslash");
    }

    #[test]
    fn case_is_that_of_each_character() {
        let check = |pattern: &str, text: &str, is: bool, begins: bool, ends: bool| {
            let (any, text) = (AnyCase::new(pattern), text.as_bytes());
            assert_eq!((any.is(text), any.begins(text), any.ends(text)), (is, begins, ends), "{pattern}");
        };
        check("Start", "sTARt", true, true, true);
        check("Start", "starting", false, true, false);
        check("Start", "Restart", false, false, true);
        check("Start", "s", false, false, false);
        check("straße", "STRASSE", true, true, true);
        check("straße", "Straßen", false, true, false);
        check("ÅNGSTRÖM", "1 ångström", false, false, true);
        check("😀", "😀", true, true, true);
        check("", "", true, true, true);
    }

    /// Proves that the comparison never has a choice between two forms.
    #[test]
    fn no_form_of_a_character_begins_or_ends_with_its_other_form() {
        for c in '\0'..=char::MAX {
            let (lower, upper) = (c.to_lowercase().to_string(), c.to_uppercase().to_string());
            let is_part = |one: &str, other: &str| other.starts_with(one) || other.ends_with(one);
            assert!(lower == upper || !(is_part(&lower, &upper) || is_part(&upper, &lower)), "{c}");
        }
    }
}
