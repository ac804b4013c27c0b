//! Text of the alert about changes to the guard itself.

use super::{Words, quoted};
use crate::alerts::{Tamper, Tampered, Tampering};
use crate::model::{Excerpt, plural};

pub(super) fn words(tampering: &Tampering) -> Words {
    let mut sentences: Vec<String> = tampering.changes.iter().map(sentence).collect();
    if tampering.unlisted > 0 {
        sentences.push(format!("{} more", plural(tampering.unlisted, "change")));
    }
    Words::new(
        sentences.join("; "),
        "if it was meant, nothing has to be done; else undo it, and find the principal's other calls in CloudTrail",
    )
}

fn sentence(tampered: &Tampered) -> String {
    let by = tampered.by.as_deref();
    let by = by.map_or(", and no event told by whom".to_owned(), |by| format!(", by {by}"));
    match &tampered.change {
        Tamper::Tag { rule, key, before, after } => {
            let value = |value: &Option<String>| match value {
                Some(value) => Excerpt::new(value).to_string(),
                None => "not set".to_owned(),
            };
            let (rule, before, after) = (quoted(rule), value(before), value(after));
            format!("the tag {key} of rule {rule} was {before}, and is {after} now{by}")
        }
        Tamper::Call { part, call } => format!("{call} on {part}{by}"),
        Tamper::Found(problem) => problem.clone(),
    }
}
