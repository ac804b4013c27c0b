//! Text about the cost of a loop.

use crate::alerts::{BUDGET_ALERT_HOURS, CostEstimate};
use crate::model::{grouped, plural};
use crate::prices::{AS_OF, REGION};

/// Returns the sentences about the cost: a firing by its parts, the firings so far, and those to come. `is_cut` tells
/// that those are avoided.
pub fn cost_lines(cost: &CostEstimate, is_cut: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(so_far) = &cost.so_far {
        lines.push(format!("{}: {}.", so_far.firing, so_far.firing.parts()));
        let until = if is_cut { "Up to the cut" } else { "So far" };
        let firings = plural(so_far.firings_so_far, "firing");
        lines.push(format!("{until}: {firings}, {}.", so_far.so_far_micro_usd));
        lines.extend(so_far.limit.map(|limit| format!("The limit is {limit}.")));
    }
    let (firings, day) = (grouped(cost.firings_per_day), cost.per_day_micro_usd);
    let mut to_come = format!("{firings} firings and {day} a day");
    if let Some(so_far) = &cost.so_far {
        let until = so_far.until_budget_alert_micro_usd;
        to_come = format!("{to_come}, {until} in the {BUDGET_ALERT_HOURS} hours that a budget alert takes");
    }
    lines.push(match is_cut {
        true => format!("The cut avoids, at the same pace: {to_come}."),
        false => format!("If it goes on at the same pace: {to_come}."),
    });
    lines.push(format!("{}. Logs, data transfer and other work of the targets come on top.", list_prices()));
    if !cost.unpriced_services.is_empty() {
        lines.push(format!("Not priced: {}.", cost.unpriced_services.join(", ")));
    }
    lines
}

/// Returns the basis of all costs, as the beginning of a sentence.
pub fn list_prices() -> String {
    format!("List prices of {REGION}, {AS_OF}")
}
