//! Overspent budgets: suspects are cut, and a rule as busy as it always was is left alone.

use super::*;
use crate::policy::BurstLimit;
use crate::verdict::EvidenceKind;

/// A rule with the default limits, its past as CloudWatch tells it, and a clock; each minute is one step.
struct Timeline {
    story: Story,
    /// `None`: it cannot be read.
    history: Option<RateHistory>,
    fired: i64,
    alerts: Vec<AlertJson>,
}

/// The same number of firings in each minute of the last hours.
fn steady(firings: u64, hours: i64) -> RateHistory {
    let minutes = (1..=hours * 60).map(|m| NOON - SignedDuration::from_mins(m));
    RateHistory::new(minutes.map(|minute| (minute, firings)))
}

impl Timeline {
    fn new(history: Option<RateHistory>, tags: &[(&str, &str)]) -> Self {
        let tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let limits = Limits {
            tag_floor: BurstLimit::NO_FLOOR,
            ..Limits::new(Mode::Enforce, "200/60s".parse().unwrap())
        }
        .with_tags(&tags);
        let story = Story { record: Record::new(rule(), limits.burst), limits, now: NOON };
        Self { story, history, fired: 0, alerts: Vec::new() }
    }

    fn overspent(&mut self) -> &mut Self {
        self.story.limits = self.story.limits.with_overspent_budgets(["blue"]);
        self
    }

    fn eased(&mut self) -> &mut Self {
        let limits = &mut self.story.limits;
        limits.burst = limits.base_burst;
        limits.overspent_budgets.clear();
        self
    }

    /// One step, and whatever the plan asks for, up to the inspection before a cut.
    fn step(&mut self, observations: &[Observation<'_>]) -> &mut Self {
        let mut plan = self.story.step(observations);
        while let Some(action) = plan.next.take() {
            let answer = match action {
                Action::History => {
                    let unread = || Fault::new(FaultKind::Denied, "GetMetricData: AccessDenied");
                    Answer::History(self.history.clone().ok_or_else(unread))
                }
                Action::Publish(alert) => {
                    self.alerts.push(AlertJson::of(&alert));
                    Answer::Published { key: Box::new(alert.key), result: Ok(()) }
                }
                _ => break,
            };
            plan = self.story.step(&[Observation::Answer(answer)]);
        }
        self
    }

    /// A number of firings in each of a number of minutes.
    fn fires(&mut self, each: i64, minutes: i64) -> &mut Self {
        for _ in 0..minutes {
            self.story.now += SignedDuration::from_mins(1);
            let from = self.story.now.duration_since(NOON).as_secs() - 60;
            let batch: Vec<_> = (0..each).map(|n| firing(self.fired + n, from + n * 60 / each)).collect();
            self.fired += each;
            self.step(&batch);
        }
        self
    }

    fn idle(&mut self, hours: i64) -> &mut Self {
        self.story.now += SignedDuration::from_hours(hours);
        self
    }

    fn judged(&mut self) -> &mut Self {
        self.step(&[Observation::BudgetOverspent])
    }

    /// Outcome: the kinds of its alerts, and the evidence and budget if it is cut.
    fn check(&self, kinds: &[AlertKind], cut: Option<(EvidenceKind, &str)>) {
        let seen: Vec<AlertKind> = self.alerts.iter().map(|alert| alert.kind).collect();
        assert_eq!(seen, kinds, "{:?}", self.alerts);
        let trip = self.story.record.last_trip.as_ref();
        let is_open = matches!(self.story.record.breaker, Breaker::Open(_));
        match (trip.filter(|_| is_open), cut) {
            (None, None) => {}
            (Some(trip), Some((kind, part))) => {
                assert_eq!(trip.evidence.kind, kind);
                assert!(trip.reason.contains(part), "{}", trip.reason);
            }
            (trip, _) => panic!("{trip:?}"),
        }
    }
}

const BLUE: &str = "minute after minute, at the limit of 20";

#[test]
fn a_slow_suspect_is_left_alone_until_the_money_runs_out() {
    let mut slow = Timeline::new(Some(RateHistory::default()), &[]);
    slow.fires(3, 20).check(&[AlertKind::Suspect], None);
    slow.judged().check(&[AlertKind::Suspect], None);
    slow.overspent().judged().check(&[AlertKind::Suspect], Some((EvidenceKind::Sustained, BLUE)));
    slow.check(
        &[AlertKind::Suspect],
        Some((EvidenceKind::Sustained, r#", while the budget "blue" is overspent"#)),
    );
    // While it presses already, there is no first warning.
    let mut new = Timeline::new(Some(RateHistory::default()), &[]);
    new.overspent().fires(3, 6).check(&[], None);
    new.fires(3, 4).check(&[], Some((EvidenceKind::Sustained, "is overspent")));
}

#[test]
fn weeks_of_pressure_do_not_cut_what_was_always_so_busy() {
    let mut busy = Timeline::new(Some(steady(30, 14 * 24)), &[]);
    busy.overspent();
    for _ in 0..3 * 7 {
        busy.fires(30, 30).judged().idle(24);
        let now = busy.story.now;
        let minutes = (61..14 * 24 * 60).map(|m| (now - SignedDuration::from_mins(m), 30));
        busy.history = Some(RateHistory::new(minutes));
    }
    busy.check(&[], None);
    // Three times as busy, it is.
    busy.fires(100, 2).check(&[], Some((EvidenceKind::Burst, "is overspent")));
}

#[test]
fn a_loop_that_ran_for_hours_is_not_normal_when_the_late_alert_comes() {
    let mut slow = Timeline::new(Some(RateHistory::default()), &[]);
    slow.fires(3, 20).check(&[AlertKind::Suspect], None);
    slow.fires(3, 11 * 60);
    // By now CloudWatch has counted the loop itself.
    let now = slow.story.now;
    slow.history = Some(RateHistory::new((1..680).map(|m| (now - SignedDuration::from_mins(m), 3))));
    slow.overspent().judged();
    slow.check(&[AlertKind::Suspect], Some((EvidenceKind::Sustained, "is overspent")));
    let trip = slow.story.record.last_trip.as_ref().unwrap();
    let before = "it had no firings in 14 days before the last hour";
    assert_eq!(trip.evidence.history.as_deref(), Some(before));
}

#[test]
fn what_has_stopped_or_has_no_known_past_is_left_alone() {
    let mut stopped = Timeline::new(Some(RateHistory::default()), &[]);
    stopped.fires(3, 20).idle(1).overspent().judged().check(&[AlertKind::Suspect], None);
    // It fires again, as it did.
    stopped.fires(3, 10).check(&[AlertKind::Suspect], Some((EvidenceKind::Sustained, "is overspent")));

    let mut unknown = Timeline::new(None, &[]);
    unknown.overspent().fires(3, 20).judged().check(&[AlertKind::Suspect], None);
    unknown.fires(60, 5).check(&[AlertKind::Suspect], None);
    // Not by its rate either: it may always have been so busy.
    unknown.fires(220, 1).check(&[AlertKind::Suspect], None);
}

#[test]
fn the_divided_limit_is_raised_by_history_but_not_above_what_was_said() {
    let check = |tag: Option<&str>, normal: u64, each: i64, cut: bool| {
        let tags: Vec<_> = tag.iter().map(|tag| ("budget-guard:limit", *tag)).collect();
        let mut rule = Timeline::new(Some(steady(normal, 14 * 24)), &tags);
        rule.overspent().fires(each, 1);
        let expected = (EvidenceKind::Burst, r#", while the budget "blue" is overspent"#);
        rule.check(&[], cut.then_some(expected));
    };
    check(None, 0, 49, false);
    check(None, 0, 50, true);
    check(None, 40, 60, false);
    check(None, 40, 119, false);
    // Three times its record makes a suspect, and under pressure a cut.
    check(None, 40, 120, true);
    // By its tag this rule takes 100.
    check(Some("100/60s"), 0, 24, false);
    check(Some("100/60s"), 0, 25, true);
    check(Some("100/60s"), 20, 50, false);
    check(Some("100/60s"), 20, 60, true);
}

#[test]
fn a_cut_is_called_off_when_the_budget_is_well_again() {
    let mut slow = Timeline::new(Some(RateHistory::default()), &[]);
    slow.overspent().fires(3, 10);
    slow.eased().step(&[inspected(found(RuleState::Enabled))]);
    slow.check(&[], None);
    let trip = slow.story.record.last_trip.as_ref().unwrap();
    assert!(
        matches!(&trip.outcome, Outcome::Spared { because } if because.contains("overspent any more")),
        "{:?}",
        trip.outcome
    );
    // Under pressure it is cut.
    slow.overspent().fires(3, 10).step(&[inspected(found(RuleState::Enabled))]);
    assert!(matches!(&slow.story.record.breaker, Breaker::Open(cut) if cut.found().is_some()));
}

#[test]
fn an_observed_rule_is_only_told_of() {
    let mut slow = Timeline::new(Some(RateHistory::default()), &[("budget-guard:mode", "observe")]);
    slow.overspent().fires(3, 30).judged().check(&[AlertKind::WouldTrip], None);
}
