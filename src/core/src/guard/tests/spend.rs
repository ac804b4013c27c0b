//! A limit in dollars: the number of firings follows from the measured run time of the rule's function.

use super::*;
use crate::history::RateHistory;
use crate::model::{Actor, MeanDurations, Millis};
use crate::policy::{BurstLimit, LimitSetting, SpendLimit};
use crate::prices::CostBasis;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:fixer";

fn spend(text: &str) -> SpendLimit {
    match text.parse() {
        Ok(LimitSetting::Spend(spend)) => spend,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_measured_run_time_sets_how_many_firings_an_amount_pays_for() {
    // A run of 1 GB costs 16.67 USD a million for each second, and its request 0.20 USD.
    let check = |mean: u32, expected: &str| {
        let mut story = Story::new(Mode::Enforce, "200/60s");
        let actors = vec![Actor::new(FUNCTION, None).with_memory(Some(1_024))];
        let target = Target { actors, ..Target::new("1", FUNCTION) };
        story.limits.spend = Some(spend("0.01USD/1h"));
        story.limits.burst_is_tagged = true;
        story.limits.tag_floor = BurstLimit::NO_FLOOR;
        story.limits = story.limits.clone().with_cost_basis(CostBasis::new("default", None, &[target]));
        assert_eq!(story.step(&[firing(0, 0)]).next, Some(Action::History), "asked once it fires");
        let means = MeanDurations::from([(FUNCTION.to_owned(), Millis::new(mean))]);
        let answer = Answer::History(Ok(RateHistory::default().with_means(means)));
        story.step(&[Observation::Answer(answer)]);
        assert_eq!(story.record.window.limit().to_string(), expected);
        assert_eq!(story.step(&[firing(1, 1)]).next, None, "not asked again");
    };
    check(1_000, "592/1h");
    check(30_000, "19/1h");
}
