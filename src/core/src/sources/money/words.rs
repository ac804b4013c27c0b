//! Text searched without regard to case, and put together again where somebody broke its lines.

/// A text, and the same in lower case: both have the same bytes at the same places, but for the case.
#[derive(Debug)]
pub(super) struct Text<'a> {
    all: &'a str,
    lower: String,
    flat: String,
    flat_lower: String,
    /// What stands between lines.
    separator: char,
}

impl<'a> Text<'a> {
    pub fn new(all: &'a str) -> Self {
        // Somebody put this on one line.
        let separator = if all.trim().contains('\n') || !all.contains('#') { '\n' } else { '#' };
        let lower = all.to_ascii_lowercase();
        // The sentences stand above the lines and the table, whose names may hold the same words.
        let sentences = ["budget name:", "budget name\t"].iter().filter_map(|words| lower.find(words)).min();
        let above = &all[..sentences.unwrap_or(all.len())];
        let flat = if separator == '#' {
            above.to_owned()
        } else {
            above.lines().map(unquoted).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
        };
        Self { all, lower, flat_lower: flat.to_ascii_lowercase(), flat, separator }
    }

    pub fn all(&self) -> &str {
        self.all
    }

    /// The sentences as one line.
    pub fn flat(&self) -> Flat<'_> {
        Flat { all: &self.flat, lower: &self.flat_lower }
    }

    /// What follows these words, which are in lower case.
    pub fn after(&self, words: &str) -> Option<&'a str> {
        let start = self.lower.find(words)? + words.len();
        Some(&self.all[start..])
    }

    /// What stands between a label and the next one.
    pub fn value(&self, label: &str, labels: &[&str]) -> Option<&'a str> {
        let start = self.lower.find(label)? + label.len();
        let rest = &self.lower[start..];
        let end = labels.iter().filter_map(|label| rest.find(label)).min().unwrap_or(rest.len());
        Some(&self.all[start..start + end])
    }

    pub fn first_line(&self, text: &'a str) -> &'a str {
        text.split([self.separator, '\n']).next().unwrap_or(text).trim()
    }

    /// A value whose line was broken, on one line: it ends with the first empty one.
    pub fn joined(&self, value: &str) -> String {
        let mut pieces = value.split(self.separator);
        let mut joined = pieces.next().unwrap_or_default().trim().to_owned();
        for piece in pieces.map(unquoted).take_while(|piece| !piece.is_empty()) {
            joined.push(if self.separator == '#' { '#' } else { ' ' });
            joined.push_str(piece);
        }
        joined
    }
}

/// A line as it was before a mail program put `>` in front of it.
fn unquoted(line: &str) -> &str {
    line.trim_start_matches(|c: char| c == '>' || c.is_whitespace()).trim_end()
}

/// A part of a text on one line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flat<'t> {
    all: &'t str,
    lower: &'t str,
}

impl<'t> Flat<'t> {
    pub fn all(self) -> &'t str {
        self.all
    }

    /// What stands before and behind the first of these words, which are in lower case.
    pub fn split(self, words: &str) -> Option<(Self, Self)> {
        self.lower.find(words).map(|at| self.split_at(at, words.len()))
    }

    /// The same with the last of them.
    pub fn rsplit(self, words: &str) -> Option<(Self, Self)> {
        self.lower.rfind(words).map(|at| self.split_at(at, words.len()))
    }

    fn split_at(self, at: usize, length: usize) -> (Self, Self) {
        let part =
            |start: usize, end: usize| Self { all: &self.all[start..end], lower: &self.lower[start..end] };
        (part(0, at), part(at + length, self.all.len()))
    }

    /// Up to the full stop.
    pub fn sentence(self) -> &'t str {
        let end = self.all.find(". ").unwrap_or(self.all.len());
        self.all[..end].trim_end().trim_end_matches('.')
    }
}
