//! Changes of the guard's tags between two readings of a rule.

use std::collections::BTreeSet;

use super::{Edit, Entries, Entry};
use crate::alerts::{Tamper, Tampered};
use crate::model::{RuleArn, Tags};

impl Edit {
    /// Changes of the guard's tags that this edit brings. There are none at the first reading of a rule. `by` is the
    /// principal of the last change of a rule, if an event told.
    pub fn retagged(&self, entries: &Entries, by: impl Fn(&RuleArn) -> Option<String>) -> Vec<Tampered> {
        let (rule, tags, at) = match self {
            Self::Read { rule, definition, at, .. } => (rule, &definition.tags, at),
            Self::Details { rule, tags, at, .. } => (rule, tags, at),
            _ => return Vec::new(),
        };
        let Some(entry) = entries.get(rule).filter(|entry| entry.were_details_read()) else {
            return Vec::new();
        };
        if entry.details_at.is_some_and(|details_at| details_at > *at) {
            return Vec::new();
        }
        let by = by(rule).or_else(|| entry.changed_by.clone());
        changes(entry, tags).map(|change| Tampered { change, by: by.clone() }).collect()
    }
}

fn changes<'e>(entry: &'e Entry, now: &'e Tags) -> impl Iterator<Item = Tamper> + 'e {
    let keys: BTreeSet<&String> = entry.tags.keys().chain(now.keys()).collect();
    let is_ours = |key: &&String| key.starts_with(Entry::TAG_PREFIX);
    let changed = keys.into_iter().filter(is_ours).filter(|key| entry.tags.get(*key) != now.get(*key));
    changed.map(|key| Tamper::Tag {
        rule: entry.rule.clone(),
        key: key.clone(),
        before: entry.tags.get(key).cloned(),
        after: now.get(key).cloned(),
    })
}
