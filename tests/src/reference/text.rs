//! Tests of strings, for wildcards and `equals-ignore-case`, as sets of positions reached in the value.

use std::collections::BTreeSet;

/// A step through a value.
#[derive(Debug, Clone)]
pub enum Step {
    /// Exactly one of these texts.
    OneOf(Vec<String>),
    /// Any text, or none.
    Any,
}

/// Returns true if the steps lead from the start of a value to its end.
pub fn leads_through(steps: &[Step], value: &str) -> bool {
    let mut places = BTreeSet::from([0]);
    for step in steps {
        places = places.iter().flat_map(|place| after(step, value, *place)).collect();
    }
    places.contains(&value.len())
}

/// Positions after one step.
fn after(step: &Step, value: &str, place: usize) -> Vec<usize> {
    match step {
        Step::Any => (place..=value.len()).filter(|end| value.is_char_boundary(*end)).collect(),
        Step::OneOf(choices) => {
            let fits = |choice: &&String| value[place..].starts_with(choice.as_str());
            choices.iter().filter(fits).map(|choice| place + choice.len()).collect()
        }
    }
}

/// Steps for every character in its lower or upper form. The live service's engine splits characters beyond U+FFFF into
/// two halves and never finds them; here they are characters.
pub fn ignoring_case(text: &str) -> Vec<Step> {
    let forms = |c: char| vec![c.to_lowercase().collect(), c.to_uppercase().collect()];
    text.chars().map(|c| Step::OneOf(forms(c))).collect()
}

/// Steps of a wildcard pattern: `*` is any text, `\*` and `\\` are the character itself. `None` for other escapes and
/// `**`.
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
