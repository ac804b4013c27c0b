//! Rules that can never match.

use eventbridge_pattern::{Facts, Known, Possibility};

use super::role::{API_CALL, sources};
use crate::calls;
use crate::form::{EventPattern, Rule};

/// Fields of an event's envelope.
///
/// Source: "Events in Amazon EventBridge" (Amazon EventBridge user guide).
const ENVELOPE: &[&str] = &[
    "version",
    "id",
    "detail-type",
    "source",
    "account",
    "time",
    "region",
    "resources",
    "detail",
    "replay-name",
];

/// Returns why no event matches the pattern; `None` if one may.
pub(super) fn why(rule: &Rule, pattern: &EventPattern) -> Option<String> {
    let first = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
    let mut names: Vec<String> = pattern.compiled.paths().map(first).collect();
    names.retain(|name| !ENVELOPE.contains(&name.as_str()));
    let absent = names.iter().fold(Facts::default(), |facts, name| facts.with(name, Known::Absent));
    if !names.is_empty()
        && let Possibility::Never(paths) = pattern.compiled.possibility(&absent)
    {
        let name = paths.first().map(|path| first(path)).unwrap_or_default();
        let meant = ENVELOPE.iter().find(|own| plain(own) == plain(&name));
        let meant = meant.map_or_else(|| ENVELOPE.join(", "), |own| format!("`{own}`"));
        return Some(format!("no event has the field `{name}`; expected {meant}"));
    }
    let names = pattern.compiled.named_texts("detail.eventName").unwrap_or_default();
    if !rule.takes_reads
        && is_on_calls(pattern)
        && !names.is_empty()
        && names.iter().all(|name| calls::is_read(name))
    {
        return Some(format!(
            "a rule in the state ENABLED does not receive {}; expected the state \
             ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            names.join(", ")
        ));
    }
    let region = rule.region.as_deref()?;
    let services = sources(pattern)?;
    let only: Vec<&str> = services.iter().filter_map(|source| calls::only_region(source)).collect();
    let is_elsewhere = only.len() == services.len() && only.iter().all(|only| *only != region);
    (is_elsewhere && !only.is_empty() && is_on_calls(pattern)).then(|| {
        format!(
            "calls of {} reach the event bus of {} alone, and the rule is in {region}",
            services.join(", "),
            only[0]
        )
    })
}

/// Returns true if API calls fire the rule, as far as the kind of event tells.
pub(super) fn is_on_calls(pattern: &EventPattern) -> bool {
    let facts = Facts::default()
        .with("detail-type", Known::Text(API_CALL.to_owned()))
        .with("source", Known::Like("aws.*".to_owned()));
    pattern.compiled.is_possible(&facts)
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}
