//! The lists of buses and rules in memory, page by page.

use std::collections::BTreeSet;

use super::World;
use budget_guard_core::model::{Fault, FaultKind, ListedRule};
use budget_guard_core::ports::Page;

impl World {
    /// Sets the number of rules, or buses, on a page of a list; it is 100 at first.
    pub fn set_page_size(&self, size: usize) {
        self.lock().page_size = size;
    }

    pub(super) fn page_of_buses(&self, next_token: Option<&str>) -> Result<Page<String>, Fault> {
        let state = self.lock();
        let default = [String::from("default")];
        let buses = state.rules.keys().map(|rule| rule.bus().to_owned());
        let buses: BTreeSet<String> = buses.chain(default).collect();
        page(buses.into_iter().collect(), next_token, state.page_size)
    }

    pub(super) fn page_of_rules(
        &self,
        bus: &str,
        next_token: Option<&str>,
    ) -> Result<Page<ListedRule>, Fault> {
        let state = self.lock();
        let rules = state.rules.iter().filter(|(rule, _)| rule.bus() == bus);
        let rules = rules.map(|(rule, found)| ListedRule::of(rule.clone(), found)).collect();
        page(rules, next_token, state.page_size)
    }
}

pub(super) fn page<T>(items: Vec<T>, next_token: Option<&str>, size: usize) -> Result<Page<T>, Fault> {
    let bad =
        |token: &str| Fault::new(FaultKind::Other, format!("{token:?} is not one of the tokens given out"));
    let start = next_token.map_or(Ok(0), |token| token.parse().map_err(|_| bad(token)))?;
    let end = start + size;
    let next_token = (end < items.len()).then(|| end.to_string());
    Ok(Page { items: items.into_iter().skip(start).take(size).collect(), next_token })
}
