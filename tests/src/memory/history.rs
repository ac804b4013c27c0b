//! CloudWatch's metrics of rules and functions, in memory.

use super::World;
use super::faults::Call;
use budget_guard_core::history::{RateHistory, SinceCut};
use budget_guard_core::model::{Fault, RuleArn, Seconds, Timestamp};
use budget_guard_core::ports::History;

/// Time before a cut whose firings are summed.
const HOUR: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

impl World {
    /// Sets the number of firings of the rule in each of these minutes.
    pub fn put_history(&self, arn: &RuleArn, counts: impl IntoIterator<Item = (Timestamp, u64)>) {
        self.lock().histories.insert(arn.clone(), counts.into_iter().collect());
    }

    /// Adds the duration of one run of the function with this ARN.
    pub fn put_run(&self, function: &str, took: Seconds) {
        let mut state = self.lock();
        let longest = state.longest.entry(function.to_owned()).or_insert(took);
        *longest = took.max(*longest);
    }
}

impl History for World {
    async fn triggered(
        &self,
        rule: &RuleArn,
        functions: &[String],
        since: Timestamp,
        until: Timestamp,
    ) -> Result<RateHistory, Fault> {
        let triggered = || {
            let state = self.lock();
            let counts = state.histories.get(rule).into_iter().flatten().copied();
            let longest = functions.iter().filter_map(|arn| Some((arn.clone(), *state.longest.get(arn)?)));
            let history = RateHistory::new(counts.filter(|(at, _)| (since..until).contains(at)));
            Ok(history.with_longest(longest.collect()))
        };
        self.call(Call::Triggered, triggered).await
    }

    async fn since_cut(
        &self,
        rule: &RuleArn,
        _functions: &[String],
        cut_at: Timestamp,
        until: Timestamp,
    ) -> Result<SinceCut, Fault> {
        let since_cut = || {
            let state = self.lock();
            let counts = state.histories.get(rule).into_iter().flatten();
            let before = counts.clone().filter(|(at, _)| *at < cut_at && *at >= cut_at - HOUR);
            let fired_before = before.map(|(_, count)| count).sum();
            let minutes: Vec<Timestamp> = counts.map(|(at, _)| *at).filter(|at| *at < until).collect();
            let fired_until = minutes.iter().any(|at| *at < cut_at).then(|| {
                let last = minutes.iter().max().copied().unwrap_or(cut_at);
                (last + jiff::SignedDuration::from_mins(1)).max(cut_at)
            });
            Ok(SinceCut { fired_until, drained_at: None, fired_before })
        };
        self.call(Call::Triggered, since_cut).await
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::memory::Fate;
    use budget_guard_core::model::{Durations, FaultKind};

    /// Runs a future that waits only for itself.
    fn run<F: Future>(future: F) -> F::Output {
        let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
        }
    }

    #[test]
    fn the_history_that_was_put_is_read_unless_the_script_says_otherwise() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (rule, other): (RuleArn, RuleArn) = (
            "arn:aws:events:us-east-1:123456789012:rule/a".parse().unwrap(),
            "arn:aws:events:us-east-1:123456789012:rule/b".parse().unwrap(),
        );
        let (old, first, last) =
            ("2026-11-05T23:59:00Z", at("2026-11-06T00:00:00Z"), at("2026-11-20T00:00:00Z"));
        let world = World::new(last);
        world.put_history(&rule, [(at(old), 7), (first, 5), (last, 3)]);
        for seconds in [1, 2, 1] {
            world.put_run("seen", Seconds::new(seconds));
        }
        let functions = ["seen".to_owned(), "never-ran".to_owned()];
        let longest = || Durations::from([("seen".to_owned(), Seconds::new(2))]);
        let read = |rule: &RuleArn| run(world.triggered(rule, &functions, first, last));
        assert_eq!(read(&rule), Ok(RateHistory::new([(first, 5)]).with_longest(longest())));
        assert_eq!(read(&other), Ok(RateHistory::default().with_longest(longest())));
        world.faults.plan(Call::Triggered, 1, Fate::Fails(FaultKind::Throttled));
        assert_eq!(read(&rule).map_err(|fault| fault.kind), Err(FaultKind::Throttled));
        assert_eq!(world.faults.count(Call::Triggered), 3);
    }
}
