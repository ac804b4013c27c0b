//! Tests of strings: wildcards and letters of either case, as sets of places in the value that were reached.

use std::collections::BTreeSet;

/// One step through a value.
#[derive(Debug, Clone)]
pub enum Step {
    /// Exactly one of these.
    OneOf(Vec<String>),
    /// Anything, also nothing.
    Any,
}

/// Whether these steps lead from the start of a value to its end.
pub fn leads_through(steps: &[Step], value: &str) -> bool {
    let mut places = BTreeSet::from([0]);
    for step in steps {
        places = places.iter().flat_map(|place| after(step, value, *place)).collect();
    }
    places.contains(&value.len())
}

/// Every place that one step reaches.
fn after(step: &Step, value: &str, place: usize) -> Vec<usize> {
    match step {
        Step::Any => (place..=value.len()).filter(|end| value.is_char_boundary(*end)).collect(),
        Step::OneOf(choices) => {
            let fits = |choice: &&String| value[place..].starts_with(choice.as_str());
            choices.iter().filter(fits).map(|choice| place + choice.len()).collect()
        }
    }
}

/// Every character in its lower or its upper form. The engine of the live service takes characters beyond U+FFFF for
/// two halves of nothing and so never finds them; here they are characters.
pub fn ignoring_case(text: &str) -> Vec<Step> {
    let forms = |c: char| vec![c.to_lowercase().collect(), c.to_uppercase().collect()];
    text.chars().map(|c| Step::OneOf(forms(c))).collect()
}

/// `*` is anything, `\*` and `\\` are the character itself. None for other escapes and for `**`.
pub fn wildcard(text: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut left = text.chars();
    while let Some(c) = left.next() {
        steps.push(match c {
            '*' if matches!(steps.last(), Some(Step::Any)) => return None,
            '*' => Step::Any,
            '\\' => {
                let escaped = left.next().filter(|c| matches!(c, '*' | '\\'))?;
                Step::OneOf(vec![escaped.to_string()])
            }
            plain => Step::OneOf(vec![plain.to_string()]),
        });
    }
    Some(steps)
}
