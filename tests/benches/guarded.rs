//! A guard over rules in memory, and one batch for it.

use budget_guard_core::attribution::Home;
use budget_guard_core::model::RuleState;
use budget_guard_core::policy::{Limits, Mode};
use budget_guard_core::run::Guard;
use budget_guard_tests::memory::World;
use budget_guard_tests::own::own;

use crate::events;

/// A guard over this many rules, in their own account.
pub fn guard(rules: usize, limit: &str) -> Guard<World> {
    let world = World::new(events::start());
    for n in 0..rules {
        world.put_rule(&events::rule(n), World::rule(RuleState::Enabled));
    }
    let rule = events::rule(0);
    let home =
        Home { own: own(rule.account(), &[]), ..Home::new(rule.partition(), rule.region(), rule.account()) };
    Guard::new(world, home, Limits::new(Mode::Enforce, limit.parse().expect("a limit")))
}

/// Handles a batch, which neither fails nor trips.
pub async fn handle(guard: &Guard<World>, payload: &[u8]) {
    let (reply, summary) = guard.handle(payload).await;
    reply.expect("a reply");
    assert_eq!((summary.failed, summary.tally.trips), (0, 0), "{summary:?}");
}
