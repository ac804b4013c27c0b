//! Satisfiability: is there an event with known values in some fields that a pattern matches?

use std::collections::BTreeMap;

use super::example::event;
use super::glob::Glob;
use super::syntax::{All, Field, Item};
use super::value::{Exact, Literal, Test, Value};
use super::{Body, Matcher, Pattern, Scratch};

/// Known value of one field of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// The field is this text.
    Text(String),
    /// The field is a text of this form. `*` stands for any run of characters.
    Like(String),
    /// The field is `true` or `false`.
    Flag(bool),
    /// The field does not exist, nor does any field below it.
    Absent,
}

/// Known fields of an event, by their paths: names joined by dots. All other fields may have any value or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    pub(super) fields: BTreeMap<String, Known>,
}

/// Result of [`Pattern::possibility`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Possibility {
    /// No event with these facts matches. Paths of the fields whose known value fails, one for each alternative of the
    /// pattern, without repetitions.
    Never(Vec<String>),
    /// An event with these facts may match. The text of one that [`Matcher`] matches; `None` if none was constructed,
    /// in which case a match is not disproved.
    Possible(Option<String>),
}

impl Facts {
    /// Adds a fact. It replaces an earlier one about the same path.
    #[must_use]
    pub fn with(mut self, path: &str, known: Known) -> Self {
        self.fields.insert(path.to_owned(), known);
        self
    }

    /// Fact about a path: its own, or that one of the objects above it does not exist.
    pub(super) fn about(&self, path: &str) -> Option<&Known> {
        let above = path.match_indices('.').map(|(at, _)| &path[..at]);
        let absent = |path: &str| self.fields.get(path).filter(|known| **known == Known::Absent);
        self.fields.get(path).or_else(|| above.filter_map(absent).next())
    }

    /// Returns true if the facts do not exclude that the field passes.
    fn allow(&self, field: &Field) -> bool {
        self.about(&field.path).is_none_or(|known| field.tests.iter().any(|test| known.may_pass(test)))
    }
}

impl Known {
    /// Returns false if no such value passes the test.
    fn may_pass(&self, test: &Test) -> bool {
        match self {
            Self::Absent => matches!(test, Test::Absent),
            Self::Flag(flag) => test.passes(literal(*flag)),
            Self::Text(text) => test.passes(Value::Text(text.as_bytes())),
            Self::Like(form) => Glob::new(form).may_pass(test),
        }
    }
}

fn literal(flag: bool) -> Value<'static> {
    Value::Literal(if flag { Literal::True } else { Literal::False })
}

impl Pattern {
    /// Returns if an event with these facts may match.
    ///
    /// [`Possibility::Never`] is a proof. It is found field by field: fields of the same element of a list are not
    /// combined, so that some events remain possible that no list can hold.
    pub fn possibility(&self, facts: &Facts) -> Possibility {
        if !self.is_possible(facts) {
            let mut never: Vec<String> = match &self.body {
                Body::Alternatives(alternatives) => {
                    let failing = alternatives
                        .iter()
                        .filter_map(|alternative| self.of(alternative).find(|field| !facts.allow(field)));
                    failing.map(|field| field.path.to_string()).collect()
                }
                Body::Tree { .. } => {
                    let failing = self.fields.iter().filter(|field| !facts.allow(field));
                    failing.map(|field| field.path.to_string()).collect()
                }
            };
            never.sort_unstable();
            never.dedup();
            return Possibility::Never(never);
        }
        Possibility::Possible(self.examples(facts).find(|event| self.matches(event)))
    }

    /// Events with these facts that may match, at most one for each alternative. Match them to be sure:
    /// [`Self::possibility`] does it for one pattern, and a [`Matcher`] for several at a time.
    pub fn examples<'a>(&'a self, facts: &'a Facts) -> impl Iterator<Item = String> + 'a {
        let alternatives = match &self.body {
            Body::Alternatives(alternatives) => &alternatives[..],
            Body::Tree { .. } => &[],
        };
        let possible =
            alternatives.iter().filter(|alternative| self.of(alternative).all(|field| facts.allow(field)));
        possible.filter_map(|alternative| event(self.of(alternative), facts))
    }

    /// Returns false if no event with these facts matches, as [`Self::possibility`] does, and constructs no event.
    pub fn is_possible(&self, facts: &Facts) -> bool {
        match &self.body {
            Body::Alternatives(alternatives) => {
                alternatives.iter().any(|alternative| self.of(alternative).all(|field| facts.allow(field)))
            }
            // A later field may replace an earlier one, so one of all fields of a path has to be possible.
            Body::Tree { all, .. } => tree_is_possible(all, &|field: &u32| {
                let path = &self.fields[*field as usize].path;
                self.fields.iter().filter(|field| field.path == *path).any(|field| facts.allow(field))
            }),
        }
    }

    fn of<'a>(&'a self, alternative: &'a [u32]) -> impl Iterator<Item = &'a Field> {
        alternative.iter().map(|field| &self.fields[*field as usize])
    }

    /// Texts that the pattern names for a field, with `*` at the end of a prefix. `None` if it matches events with
    /// other texts or without the field, or tests it in another way.
    pub fn named_texts(&self, path: &str) -> Option<Vec<String>> {
        let Body::Alternatives(alternatives) = &self.body else { return None };
        let mut texts: Vec<String> = Vec::new();
        for alternative in alternatives {
            let mut fields = alternative.iter().map(|field| &self.fields[*field as usize]);
            for test in &fields.find(|field| &*field.path == path)?.tests {
                texts.push(match test {
                    Test::Exact(Exact::Text(text)) if !text.contains('*') => text.to_string(),
                    Test::Prefix(prefix) if !prefix.contains('*') => format!("{prefix}*"),
                    _ => return None,
                });
            }
        }
        texts.sort_unstable();
        texts.dedup();
        Some(texts)
    }

    /// Paths of the fields that the pattern tests, in its order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| &*field.path)
    }

    fn matches(&self, event: &str) -> bool {
        let matcher = Matcher::new([self.clone()]);
        matcher
            .matches(event.as_bytes(), &mut Scratch::default())
            .is_ok_and(|found| !found.matched.is_empty())
    }
}

fn tree_is_possible(all: &All, is_possible: &impl Fn(&u32) -> bool) -> bool {
    all.iter().all(|item| match item {
        Item::Field(field) => is_possible(field),
        Item::Or(branches) => branches.iter().any(|branch| tree_is_possible(branch, is_possible)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Facts are written as `PATH=VALUE`, `PATH~FORM`, `PATH?true` or `!PATH`.
    fn facts(all: &[&str]) -> Facts {
        all.iter().fold(Facts::default(), |facts, fact| {
            let split = |mark: char| fact.split_once(mark);
            match (fact.strip_prefix('!'), split('='), split('~'), split('?')) {
                (Some(path), ..) => facts.with(path, Known::Absent),
                (_, Some((path, text)), ..) => facts.with(path, Known::Text(text.to_owned())),
                (_, _, Some((path, form)), _) => facts.with(path, Known::Like(form.to_owned())),
                (_, _, _, Some((path, flag))) => facts.with(path, Known::Flag(flag == "true")),
                _ => panic!("{fact}"),
            }
        })
    }

    /// Expects `possible`, which needs an event that the matcher matches, or the paths that exclude every event.
    fn check(pattern: &str, known: &[&str], expected: &str) {
        let pattern = Pattern::compile(pattern).expect(pattern);
        let seen = match pattern.possibility(&facts(known)) {
            Possibility::Possible(Some(event)) if pattern.matches(&event) => "possible".to_owned(),
            Possibility::Possible(_) => "undecided".to_owned(),
            Possibility::Never(paths) => paths.join(" "),
        };
        assert_eq!(seen, expected, "{pattern:?} {known:?}");
    }

    #[test]
    fn known_values_are_tested_and_free_fields_pass() {
        check(r#"{"a":["x"],"b":{"c":[7]}}"#, &["a=x"], "possible");
        check(r#"{"a":["x"],"b":{"c":[7]}}"#, &["a=y"], "a");
        check(r#"{"a":["x",{"prefix":"y"}]}"#, &["a=yes"], "possible");
        check(r#"{"a":[{"anything-but":["x"]}]}"#, &["a=x"], "a");
        check(r#"{"a":[{"exists":false}]}"#, &["a=x"], "a");
        check(r#"{"a":{"b":[{"exists":true}]}}"#, &["!a"], "a.b");
        check(r#"{"a":{"b":[{"exists":false}]}}"#, &["!a"], "possible");
        check(r#"{"ro":[false]}"#, &["ro?false"], "possible");
        check(r#"{"ro":[false]}"#, &["ro?true"], "ro");
        check(r#"{"ro":["false"]}"#, &["ro?false"], "ro");
        check(r#"{"n":[{"numeric":[">",3,"<",3.5]}],"ip":[{"cidr":"10.0.0.0/8"}]}"#, &[], "possible");
        check(r#"{"a":[{"anything-but":{"prefix":"x"}}],"b":[{"wildcard":"*/y/*.z"}]}"#, &[], "possible");
        check(
            r#"{"ip":["10.0.0.1"],"six":["fe80::1"],"n":[null,true],"m":[98765432109876543210]}"#,
            &[],
            "possible",
        );
        check(
            r#"{"a":[{"equals-ignore-case":"Straße"},{"suffix":{"equals-ignore-case":"X"}}]}"#,
            &[],
            "possible",
        );
    }

    #[test]
    fn forms_are_intersected_with_tests() {
        check(r#"{"n":["PutAcl"]}"#, &["n~Put*"], "possible");
        check(r#"{"n":["GetAcl"]}"#, &["n~Put*"], "n");
        check(r#"{"n":[{"prefix":"Create"}]}"#, &["n~C*Tags"], "possible");
        check(r#"{"n":[{"prefix":"Create"}]}"#, &["n~Delete*"], "n");
        check(r#"{"n":[{"suffix":"Tags"}]}"#, &["n~*Acl"], "n");
        check(r#"{"n":[{"wildcard":"*Bucket*"}]}"#, &["n~Put*"], "possible");
        check(r#"{"n":[{"wildcard":"*Bucket"}]}"#, &["n~Put*Acl"], "n");
        check(r#"{"n":[{"prefix":{"equals-ignore-case":"pUT"}}]}"#, &["n~Put*Acl"], "possible");
        check(r#"{"n":[{"equals-ignore-case":"putx"}]}"#, &["n~Put*Acl"], "n");
        check(r#"{"n":[{"anything-but":["PutAcl"]}]}"#, &["n~Put*"], "possible");
        check(r#"{"n":[{"anything-but":{"prefix":"arn:r/"}}]}"#, &["n~arn:r/*"], "n");
        check(r#"{"n":[{"anything-but":{"prefix":"arn:r/x"}}]}"#, &["n~arn:r/*"], "possible");
        check(r#"{"n":[{"anything-but":{"suffix":"/s"}}]}"#, &["n~arn:*/s"], "n");
        check(r#"{"n":[{"anything-but":{"wildcard":"*:role/r*"}}]}"#, &["n~arn:*:role/r-*"], "n");
        check(r#"{"n":[7,null,{"numeric":["=",1]}]}"#, &["n~*"], "n");
    }

    #[test]
    fn alternatives_are_tried_one_by_one() {
        let either = r#"{"a":["x"],"$or":[{"b":["1"]},{"c":[{"exists":false}]}]}"#;
        check(either, &["a=x", "b=1", "c=2"], "possible");
        check(either, &["a=x", "b=2", "c=2"], "b c");
        check(either, &["a=x", "b=2", "!c"], "possible");
        check(either, &["a=y"], "a");
        let guarded = r#"{"$or":[{"u":{"i":[{"anything-but":["r"]}]}},{"u":{"i":[{"exists":false}]}}]}"#;
        check(guarded, &["u.i=r"], "u.i");
        check(guarded, &["u.i=q"], "possible");
        check(guarded, &["!u.i"], "possible");
        let or = format!("{{{}}}", [r#""$or":[{"a":["1"]},{"b":["1"]},{"c":["1"]}]"#; 12].join(","));
        check(&or, &["a=2", "b=2", "c=2"], "a b c");
        check(&or, &["a=2", "b=2"], "undecided");
    }

    #[test]
    fn a_path_through_a_scalar_is_not_disproved() {
        check(r#"{"a":["x"]}"#, &["a.b=y"], "undecided");
    }

    #[test]
    fn texts_are_named_if_nothing_else_matches() {
        let check = |pattern: &str, expected: Option<&[&str]>| {
            let texts = Pattern::compile(pattern).expect(pattern).named_texts("a.b");
            let expected = expected.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect());
            assert_eq!(texts, expected, "{pattern}");
        };
        check(r#"{"a":{"b":["y","x","y"]}}"#, Some(&["x", "y"]));
        check(r#"{"a":{"b":["y",{"prefix":"Get"}]}}"#, Some(&["Get*", "y"]));
        check(r#"{"a":{"b":["y",{"suffix":"x"}]}}"#, None);
        check(r#"{"c":["y"]}"#, None);
        check(r#"{"$or":[{"a":{"b":["y"]}},{"c":["y"]}]}"#, None);
        check(r#"{"$or":[{"a":{"b":["y"]}},{"a":{"b":["z"]}}]}"#, Some(&["y", "z"]));
    }
}
