//! Suggestions for a rule that does not exist.

use budget_guard_aws::EventBridgeRules;
use budget_guard_core::escape::option;
use budget_guard_core::model::DEFAULT_BUS;
use strsim::levenshtein;

use crate::problem::Problem;
use crate::rule::RuleName;
use crate::session::Session;

/// Maximum number of pages read, with 100 rules each. The default quota is 300 rules on a bus.
const PAGES: usize = 5;

/// Problem for a rule that does not exist, with similar names or the command that lists rules.
pub(crate) async fn unknown(session: &Session, rules: &EventBridgeRules, name: &RuleName) -> Problem {
    let (bus, region) = (name.bus(), session.region());
    let Some(names) = names_on(rules, bus).await else {
        return Problem::failed(format!("there is no event bus \"{bus}\" in {region}"))
            .hint(format!("to see the buses: aws events list-event-buses {}", session.named.options()));
    };
    let problem =
        Problem::failed(format!("there is no rule \"{}\" on bus \"{bus}\" in {region}", name.name()));
    let similar: Vec<&str> =
        names.iter().map(String::as_str).filter(|known| is_similar(known, name.name())).take(5).collect();
    if !similar.is_empty() {
        return problem.hint(format!("similar names on this bus: {}", similar.join(", ")));
    }
    let list = format!(
        "to see the rules: aws events list-rules {} {}",
        option("--event-bus-name", bus),
        session.named.options()
    );
    let problem = problem.hint(list);
    if bus == DEFAULT_BUS { problem.hint("a rule on another bus needs --bus") } else { problem }
}

/// Names of the rules on a bus, as far as they may be listed. `None` if there is no such bus.
async fn names_on(rules: &EventBridgeRules, bus: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut next_token = None;
    for _ in 0..PAGES {
        let call = rules.client().list_rules().event_bus_name(bus).set_next_token(next_token);
        match call.send().await {
            Ok(page) => {
                names.extend(page.rules().iter().filter_map(|rule| rule.name().map(str::to_owned)));
                next_token = page.next_token;
            }
            Err(error) => {
                let is_no_bus =
                    error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception());
                return (!is_no_bus).then_some(names);
            }
        }
        if next_token.is_none() {
            break;
        }
    }
    Some(names)
}

/// Returns true if one name contains the other, or if their distance is at most a third of the typed letters (at least
/// 2).
fn is_similar(known: &str, typed: &str) -> bool {
    let (known, typed) = (known.to_lowercase(), typed.to_lowercase());
    let is_part = typed.len() >= 3 && known.len() >= 3 && (known.contains(&typed) || typed.contains(&known));
    is_part || levenshtein(&known, &typed) <= (typed.len() / 3).max(2).min(typed.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_probably_meant() {
        let check = |known: &str, typed: &str, similar: bool| {
            assert_eq!(is_similar(known, typed), similar, "{known} for {typed}");
        };
        check("fix-acl", "fix-alc", true);
        check("fix-acl", "Fix-ACL", true);
        check("fix-acl-in-all-regions", "fix-acl", true);
        check("acl", "fix-acl", true);
        check("nightly-report", "fix-acl", false);
        check("a", "b", false);
        check("ab", "b", false);
        check("ab", "ac", true);
        check("abc", "xyz", false);
    }
}
