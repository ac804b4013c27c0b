//! Targets within EventBridge: other buses, API destinations and built-in calls. No call to AWS.

use super::search::{Search, Step};

/// Adds the reason why the actors are not known.
///
/// Source: "Event bus targets in Amazon EventBridge" (Amazon EventBridge user guide).
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let place = step.place();
    let (kind, name) = place.resource.split_once('/').unwrap_or((place.resource, ""));
    search.miss(match kind {
        "event-bus" if search.is_home(place) => {
            format!("the rules of the bus {name} are followed in the directory, each by itself")
        }
        "event-bus" => format!(
            "the rules of the bus {name} in account {}, {}, are not seen from here",
            place.account, place.region
        ),
        "api-destination" => "it is not seen who acts for an API destination".to_owned(),
        // `target/create-snapshot` and similar.
        "target" => "EventBridge makes the call itself, with the role of the target".to_owned(),
        _ => format!("it is not known who acts for {}", place.resource),
    });
}
