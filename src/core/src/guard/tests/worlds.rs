//! Worlds that go on after the guard's decision: a rule that is put back fires again.

use super::*;
use crate::aftermath::Accused;
use crate::aftermath::tests::kinds::{Kind, Prepared, prepare};
use crate::aftermath::tests::worlds::{By, World};
use crate::model::{Answering, Proof, Seconds};
use crate::record::Trip;
use crate::verdict::{Evidence, EvidenceKind, Finding, OwnEvidence};

/// Number of worlds of each kind.
const WORLDS: u64 = 12;
/// Length of the time after the cut, in minutes.
const MINUTES: i64 = 180;

/// Course of one world after its first cut. Times are minutes.
#[derive(Debug, Default)]
struct Course {
    restored: Vec<i64>,
    cut_again: Vec<i64>,
}

struct Play {
    world: World,
    story: Story,
    taken: usize,
    began: f64,
    course: Course,
}

fn at(second: f64) -> Timestamp {
    NOON + SignedDuration::from_secs(second as i64)
}

fn evidence(accused: Accused, now: Timestamp) -> Evidence {
    let finding = Finding::Turns { turns: 10 };
    let missing = Some("a beginning is missing".to_owned());
    let own = OwnEvidence { finding, resource: None, missing, cycle: Vec::new() };
    let kind = if accused == Accused::Own { EvidenceKind::Turns } else { EvidenceKind::Burst };
    Evidence {
        kind,
        count: 10,
        limit: Some(10),
        first: Some(now - SignedDuration::from_mins(1)),
        last: Some(now),
        own: (accused == Accused::Own).then_some(own),
        ..Evidence::manual()
    }
}

impl Play {
    /// Runs the world up to its cut, and puts the guard into it. `None` if nothing happens that would be cut.
    fn new(kind: Kind, seed: u64) -> Option<Self> {
        let Prepared { mut world, horizon, cut_when } = prepare(kind, fastrand::Rng::with_seed(seed));
        world.run_while(horizon, |world| cut_when.holds(world), |world| world.cut.is_none());
        let began = world.cut?;
        let mut story = Story::new(Mode::Observe, "2000/60s");
        story.limits.answering = Answering {
            within: Seconds::new(u32::try_from(60 + world.time_limit).expect("small")),
            is_known: true,
            ..Answering::UNKNOWN
        };
        (story.limits.sees_missed, story.limits.restores_exonerated) = (true, true);
        let mut play = Self { world, story, taken: 0, began, course: Course::default() };
        play.story.now = at(began);
        play.take();
        let accused = kind.accused();
        let trip =
            Trip::new(&play.story.record, "in the test".into(), evidence(accused, at(began)), at(began));
        play.story.record.last_trip = Some(trip);
        play.story.record.outbox = Default::default();
        play.story.record.breaker =
            Breaker::Open(Cut::Disabling { found: Box::new(found(RuleState::Enabled)) });
        play.story.limits.mode = Mode::Enforce;
        play.answer(Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled))), 0);
        Some(play)
    }

    /// Gives the guard the events that have arrived.
    fn take(&mut self) {
        let counts = matches!(self.story.record.breaker, Breaker::Closed | Breaker::HalfOpen { .. });
        let news: Vec<Observation<'_>> = self.world.seen[self.taken..]
            .iter()
            .enumerate()
            .map(|(n, (_, second, by))| {
                let cause = match by {
                    By::Own => Cause::own(Proof::Issued),
                    By::Foreign => Cause::Foreign,
                    By::Sibling => Cause::Sibling("other".into()),
                };
                let id = i64::try_from(self.taken + n).expect("small");
                let Observation::Firing(firing) = firing(id, *second) else { unreachable!() };
                let firing = Firing { cause, ..firing };
                if counts { Observation::Firing(firing) } else { Observation::Missed(firing) }
            })
            .collect();
        self.taken = self.world.seen.len();
        if !news.is_empty() {
            let plan = self.story.step(&news);
            self.act(plan, 0);
        }
    }

    fn answer(&mut self, observation: Observation<'_>, minute: i64) {
        let plan = self.story.step(&[observation]);
        self.act(plan, minute);
    }

    /// Does what the plan says.
    fn act(&mut self, mut plan: Plan, minute: i64) {
        for _ in 0..10 {
            let answer = match plan.next {
                Some(Action::Restore(_)) => {
                    self.world.cut = None;
                    self.course.restored.push(minute);
                    restored(found(RuleState::Disabled), found(RuleState::Enabled))
                }
                Some(Action::Inspect) => inspected(found(RuleState::Enabled)),
                Some(Action::Disable) => {
                    self.world.cut = Some(self.began + minute as f64 * 60.0);
                    self.course.cut_again.push(minute);
                    Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)))
                }
                Some(Action::Check) => {
                    Observation::Answer(Answer::Checked(Ok(Box::new(found(RuleState::Disabled)))))
                }
                Some(Action::History) => Observation::Answer(Answer::History(Ok(Default::default()))),
                Some(Action::SinceCut { .. }) => {
                    Observation::Answer(Answer::SinceCut(Ok(Default::default())))
                }
                Some(Action::Publish(alert)) => Observation::Answer(Answer::Published {
                    key: Box::new(alert.key.clone()),
                    result: Ok(()),
                }),
                _ => return,
            };
            plan = self.story.step(&[answer]);
        }
    }

    fn run(mut self) -> Course {
        for minute in 1..=MINUTES {
            let until = self.began + minute as f64 * 60.0;
            self.world.run(until, |_| false);
            self.story.now = at(until);
            self.take();
            self.answer(Observation::Tick, minute);
        }
        self.course
    }
}

/// Honest machines whose calls go on at a pace of minutes come back within half an hour, and are not cut for the same
/// again. Loops come back hardly ever, and once at most.
#[test]
fn a_wrong_cut_is_undone_within_half_an_hour_and_a_loop_comes_back_once_at_most() {
    let kinds = [
        Kind::ScheduleFast,
        Kind::BurstGoesOn,
        Kind::LoopFast,
        Kind::LoopBacklog,
        Kind::LoopBacklogEarly,
        Kind::LoopWithTraffic,
        Kind::LoopWithAttacker,
        Kind::LoopWithSchedule,
        Kind::LoopPolledHidden,
        Kind::TwoLoops,
    ];
    for kind in kinds {
        let courses: Vec<Course> =
            (0..WORLDS).filter_map(|seed| Play::new(kind, seed + 7_000)).map(Play::run).collect();
        assert!(courses.len() * 2 > WORLDS as usize, "{kind:?}: {} worlds", courses.len());
        let restored = courses.iter().filter(|course| !course.restored.is_empty()).count();
        let soon =
            courses.iter().filter(|course| course.restored.first().is_some_and(|at| *at <= 30)).count();
        println!("{kind:?}: {restored} of {} restored, {soon} within half an hour", courses.len());
        assert!(
            courses.iter().all(|course| course.restored.len() <= 1 + course.cut_again.len()),
            "{courses:?}"
        );
        if kind.is_loop() {
            assert!(restored * 10 <= courses.len(), "{kind:?}: {courses:?}");
        } else {
            assert!(soon * 10 >= courses.len() * 9, "{kind:?}: {courses:?}");
            assert!(courses.iter().all(|course| course.cut_again.is_empty()), "{kind:?}: {courses:?}");
        }
    }
}
