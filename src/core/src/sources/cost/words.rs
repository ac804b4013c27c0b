//! Case-insensitive search in text whose lines may have been wrapped, quoted or joined.

/// Text with a lower-case copy. Both have the same length, so that indexes are valid in both.
#[derive(Debug)]
pub(super) struct Text<'a> {
    all: &'a str,
    lower: String,
    flat: String,
    flat_lower: String,
    /// Separator of the lines.
    separator: char,
}

impl<'a> Text<'a> {
    pub(super) fn new(all: &'a str) -> Self {
        // Some forwarders join the lines with `#`.
        let separator = if all.trim().contains('\n') || !all.contains('#') { '\n' } else { '#' };
        let lower = all.to_ascii_lowercase();
        // The sentences come before the lines and the table, whose names may contain the same words.
        let sentences = ["budget name:", "budget name\t"].iter().filter_map(|words| lower.find(words)).min();
        let above = &all[..sentences.unwrap_or(all.len())];
        let flat = if separator == '#' {
            above.to_owned()
        } else {
            above.lines().map(unquoted).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
        };
        Self { all, lower, flat_lower: flat.to_ascii_lowercase(), flat, separator }
    }

    pub(super) fn all(&self) -> &str {
        self.all
    }

    /// Sentences joined to one line.
    pub(super) fn flat(&self) -> Flat<'_> {
        Flat { all: &self.flat, lower: &self.flat_lower }
    }

    /// Text after these words, which are in lower case.
    pub(super) fn after(&self, words: &str) -> Option<&'a str> {
        let start = self.lower.find(words)? + words.len();
        Some(&self.all[start..])
    }

    /// Text between a label and the next one.
    pub(super) fn value(&self, label: &str, labels: &[&str]) -> Option<&'a str> {
        let start = self.lower.find(label)? + label.len();
        let rest = &self.lower[start..];
        let end = labels.iter().filter_map(|label| rest.find(label)).min().unwrap_or(rest.len());
        Some(&self.all[start..start + end])
    }

    pub(super) fn first_line(&self, text: &'a str) -> &'a str {
        text.split([self.separator, '\n']).next().unwrap_or(text).trim()
    }

    /// Joins a wrapped value to one line. It ends with the first empty line.
    pub(super) fn joined(&self, value: &str) -> String {
        let mut pieces = value.split(self.separator);
        let mut joined = pieces.next().unwrap_or_default().trim().to_owned();
        for piece in pieces.map(unquoted).take_while(|piece| !piece.is_empty()) {
            joined.push(if self.separator == '#' { '#' } else { ' ' });
            joined.push_str(piece);
        }
        joined
    }
}

/// Line without the `>` with which mail programs quote.
fn unquoted(line: &str) -> &str {
    line.trim_start_matches(|c: char| c == '>' || c.is_whitespace()).trim_end()
}

/// Part of a text, on one line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flat<'t> {
    all: &'t str,
    lower: &'t str,
}

impl<'t> Flat<'t> {
    pub(super) fn all(self) -> &'t str {
        self.all
    }

    /// Text before and after the first occurrence of these words, which are in lower case.
    pub(super) fn split(self, words: &str) -> Option<(Self, Self)> {
        self.lower.find(words).map(|at| self.split_at(at, words.len()))
    }

    /// Same for the last occurrence.
    pub(super) fn rsplit(self, words: &str) -> Option<(Self, Self)> {
        self.lower.rfind(words).map(|at| self.split_at(at, words.len()))
    }

    fn split_at(self, at: usize, length: usize) -> (Self, Self) {
        let part =
            |start: usize, end: usize| Self { all: &self.all[start..end], lower: &self.lower[start..end] };
        (part(0, at), part(at + length, self.all.len()))
    }

    /// Text up to the full stop.
    pub(super) fn sentence(self) -> &'t str {
        let end = self.all.find(". ").unwrap_or(self.all.len());
        self.all[..end].trim_end().trim_end_matches('.')
    }
}
