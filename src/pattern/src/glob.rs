//! Texts of a form, in which `*` stands for any run of characters: common texts of two forms.

use super::text::{AnyCase, Wildcard};
use super::value::{Exact, Test, Value};

/// Form of a text. `None` is any run of characters, including none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    parts: Vec<Option<char>>,
}

impl Glob {
    pub(crate) fn new(form: &str) -> Self {
        Self { parts: form.chars().map(|c| (c != '*').then_some(c)).collect() }
    }

    fn literal(text: &str) -> Self {
        Self { parts: text.chars().map(Some).collect() }
    }

    fn then_any(mut self) -> Self {
        self.parts.push(None);
        self
    }

    fn after_any(mut self) -> Self {
        self.parts.insert(0, None);
        self
    }

    fn wildcard(wildcard: &Wildcard) -> Self {
        let runs: Vec<Vec<Option<char>>> =
            wildcard.runs().map(|run| run.chars().map(Some).collect()).collect();
        Self { parts: runs.join(&None) }
    }

    /// Some texts of this form.
    pub(crate) fn examples(&self) -> impl Iterator<Item = String> {
        ["", "x", "Example", "another-example"].into_iter().map(|run| {
            self.parts.iter().fold(String::new(), |mut text, part| {
                match part {
                    Some(c) => text.push(*c),
                    None => text.push_str(run),
                }
                text
            })
        })
    }

    /// Returns false if no text of this form passes the test.
    pub(crate) fn may_pass(&self, test: &Test) -> bool {
        match test {
            Test::NotAny(tests) => !tests.iter().any(|test| self.always_passes(test)),
            Test::Not(values) => match self.examples().next() {
                Some(only) if self.is_literal() => {
                    !values.iter().any(|value| value.is(Value::Text(only.as_bytes())))
                }
                _ => true,
            },
            Test::Present | Test::Cidr(_) | Test::Exact(Exact::Address(_)) => true,
            test => match Form::of(test) {
                Some(form) => self.meets(&form.glob, form.any_case).is_some(),
                // Compared without regard to case beyond ASCII: not disproved.
                None => matches!(test, Test::AnyCase(_) | Test::PrefixAnyCase(_) | Test::SuffixAnyCase(_)),
            },
        }
    }

    /// A text of this form that may pass the test.
    pub(crate) fn common(&self, test: &Test) -> Option<String> {
        Form::of(test).and_then(|form| self.meets(&form.glob, form.any_case))
    }

    fn is_literal(&self) -> bool {
        self.parts.iter().all(Option::is_some)
    }

    /// Returns true if each text of this form passes.
    fn always_passes(&self, test: &Test) -> bool {
        Form::of(test).is_some_and(|form| self.is_within(&form.glob, form.any_case))
    }

    /// Returns true if each text of this form is of the other one. A free run is only within a free run.
    fn is_within(&self, other: &Self, any_case: bool) -> bool {
        let (own, other) = (&self.parts, &other.parts);
        let mut reached = vec![false; own.len() + 1];
        reached[0] = true;
        for part in other {
            if part.is_none() {
                let first = reached.iter().position(|is| *is).unwrap_or(reached.len());
                reached[first..].fill(true);
                continue;
            }
            for at in (0..own.len()).rev() {
                reached[at + 1] = reached[at] && own[at].is_some() && equal(own[at], *part, any_case);
            }
            reached[0] = false;
        }
        reached[own.len()]
    }

    /// The shortest text that is of both forms.
    fn meets(&self, other: &Self, any_case: bool) -> Option<String> {
        let (one, two) = (&self.parts, &other.parts);
        let width = two.len() + 1;
        let mut can = vec![false; (one.len() + 1) * width];
        let place = |i: usize, j: usize| i * width + j;
        for i in (0..=one.len()).rev() {
            for j in (0..=two.len()).rev() {
                can[place(i, j)] = match (one.get(i), two.get(j)) {
                    (None, None) => true,
                    (Some(None), None) => can[place(i + 1, j)],
                    (None, Some(None)) => can[place(i, j + 1)],
                    (Some(None), Some(_)) | (Some(_), Some(None)) => {
                        can[place(i + 1, j)] || can[place(i, j + 1)]
                    }
                    (Some(a), Some(b)) => equal(*a, *b, any_case) && can[place(i + 1, j + 1)],
                    _ => false,
                };
            }
        }
        if !can[0] {
            return None;
        }
        let (mut i, mut j, mut text) = (0, 0, String::new());
        while i < one.len() || j < two.len() {
            match (one.get(i), two.get(j)) {
                (Some(Some(a)), Some(Some(_))) => {
                    text.push(*a);
                    (i, j) = (i + 1, j + 1);
                }
                (Some(None), _) if can[place(i + 1, j)] => i += 1,
                (_, Some(None)) if can[place(i, j + 1)] => j += 1,
                (Some(None), Some(b)) => {
                    text.extend(b);
                    j += 1;
                }
                (Some(a), _) => {
                    text.extend(a);
                    i += 1;
                }
                (None, _) => j += 1,
            }
        }
        Some(text)
    }
}

fn equal(one: Option<char>, two: Option<char>, any_case: bool) -> bool {
    match (one, two) {
        (Some(one), Some(two)) if any_case => one.eq_ignore_ascii_case(&two),
        _ => one == two,
    }
}

/// Form of the texts that pass a test.
struct Form {
    glob: Glob,
    any_case: bool,
}

impl Form {
    /// `None` if the texts that pass have no such form.
    fn of(test: &Test) -> Option<Self> {
        let exactly = |glob| Some(Self { glob, any_case: false });
        let any_case = |text: &AnyCase| text.ascii().map(Glob::literal);
        match test {
            Test::Exact(Exact::Text(text)) => exactly(Glob::literal(text)),
            Test::Prefix(prefix) => exactly(Glob::literal(prefix).then_any()),
            Test::Suffix(suffix) => exactly(Glob::literal(suffix).after_any()),
            Test::Wildcard(wildcard) => exactly(Glob::wildcard(wildcard)),
            Test::AnyCase(text) => Some(Self { glob: any_case(text)?, any_case: true }),
            Test::PrefixAnyCase(text) => Some(Self { glob: any_case(text)?.then_any(), any_case: true }),
            Test::SuffixAnyCase(text) => Some(Self { glob: any_case(text)?.after_any(), any_case: true }),
            _ => None,
        }
    }
}
