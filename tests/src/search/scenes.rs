//! Scenes of the search: the rule, what has happened before, and what may happen at any moment.

use budget_guard_core::guard::{Observation, Order};
use budget_guard_core::model::{
    Actor, Caller, Cause, Firing, Proof, RuleArn, RuleDefinition, RuleState, Tags, Target, Timestamp,
};
use budget_guard_core::policy::{AUTO_RESTORE_TAG, Limits, Mode};
use jiff::SignedDuration;

use super::world::Left;

/// Start of every scene.
pub const START: Timestamp = Timestamp::constant(1_795_176_000, 0);
/// Limit of the rule: two firings trip it, and one on probation.
const LIMIT: &str = "2/60s";
/// State of the rule before the guard touches it. `EnableRule` does not reach it.
pub const FOUND: RuleState = RuleState::EnabledWithAllCloudtrailManagementEvents;

/// Work of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Job {
    /// The function receives a batch of the queue.
    Deliver(Batch),
    /// The function receives the tick.
    Tick,
    /// A person runs `budget-guard enable --force`.
    Enable,
    /// A person runs `budget-guard disable`.
    Disable,
}

/// Batch of firings in the queue. A process that fails gives it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Batch {
    /// Two firings, which fill the limit.
    First,
    /// One of these again, and a third one.
    Second,
    /// Two firings from before the start, which arrive late.
    Stale,
    /// One firing from 70 s after the start.
    Again,
}

impl Batch {
    /// All batches.
    pub const ALL: [Self; 4] = [Self::First, Self::Second, Self::Stale, Self::Again];

    /// Firings by number, each with its time in seconds from the start.
    const fn firings(self) -> &'static [(u8, i64)] {
        match self {
            Self::First => &[(1, -5), (2, -4)],
            Self::Second => &[(2, -4), (3, -3)],
            Self::Stale => &[(4, -2), (5, -1)],
            Self::Again => &[(6, 70)],
        }
    }

    /// Seconds from the start before which it cannot arrive.
    pub fn happens_at(self) -> u32 {
        let last = self.firings().iter().map(|(_, at)| *at).max().unwrap_or(0);
        u32::try_from(last).unwrap_or(0)
    }
}

impl Job {
    /// Observations that the process hands to `drive`.
    pub fn observations(self) -> Vec<Observation<'static>> {
        match self {
            Self::Deliver(batch) => batch.firings().iter().map(|(id, at)| firing(*id, *at)).collect(),
            Self::Tick => vec![Observation::Tick],
            Self::Enable => vec![Observation::Order(Order::Enable { force: true })],
            Self::Disable => vec![Observation::Order(Order::Disable { reason: "by hand".to_owned() })],
        }
    }
}

fn firing(id: u8, at: i64) -> Observation<'static> {
    let principal = "arn:aws:sts::123456789012:assumed-role/role/fix-acl".into();
    Observation::Firing(Firing {
        rule: rule(),
        event_id: format!("event-{id}").into(),
        at: START + SignedDuration::from_secs(at),
        caller: Caller { principal, issued_to: None },
        call: None,
        cause: Cause::own(Proof::Session),
    })
}

/// ARN of the only rule.
pub fn rule() -> RuleArn {
    "arn:aws:events:us-east-1:123456789012:rule/fix-acl".parse().expect("an ARN")
}

/// What may happen in a search, and what has happened before it.
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    /// Name, in one word.
    pub name: &'static str,
    /// True if the guard restores the rule by itself, one minute after the cut.
    pub restores_itself: bool,
    /// Jobs that were done before, one after the other, without a fault. A minute passes before each but the first.
    pub before: &'static [Job],
    /// What may happen at any moment from then on.
    pub left: Left,
    /// Number of moves to which `make test` searches. `usize::MAX` in scenes that come to an end by themselves.
    pub depth: usize,
}

/// What may happen in every scene, up to the number of troubles that a search allows: a fault, a call that lands late, a
/// change by hand, and a tick.
const ANY: Left = Left {
    batches: 0,
    ticks: 1,
    enables: 0,
    disables: 0,
    clicks_on: 1,
    clicks_off: 0,
    minutes: 1,
    faults: 2,
    delays: 1,
    troubles: 0,
};

/// All scenes.
pub const SCENES: &[Scene] = &[
    // One guard and a person who wants the rule back, up to every end.
    Scene {
        name: "late",
        restores_itself: false,
        before: &[],
        left: Left { batches: 0b0001, ticks: 0, enables: 1, clicks_on: 0, minutes: 0, ..ANY },
        depth: usize::MAX,
    },
    // Two guards that cut the rule together. 45 moves are up to every end, with one trouble.
    Scene {
        name: "two",
        restores_itself: false,
        before: &[],
        left: Left { batches: 0b0011, ticks: 0, clicks_on: 0, minutes: 0, ..ANY },
        depth: 22,
    },
    Scene {
        name: "cut",
        restores_itself: false,
        before: &[],
        left: Left { batches: 0b0011, enables: 1, clicks_off: 1, ..ANY },
        depth: 20,
    },
    Scene {
        name: "restore",
        restores_itself: false,
        before: &[Job::Deliver(Batch::First)],
        left: Left { batches: 0b0100, enables: 1, disables: 1, ..ANY },
        depth: 16,
    },
    Scene {
        name: "itself",
        restores_itself: true,
        before: &[Job::Deliver(Batch::First)],
        left: Left { batches: 0b0100, ticks: 2, enables: 1, minutes: 2, ..ANY },
        depth: 15,
    },
    Scene {
        name: "again",
        restores_itself: false,
        before: &[Job::Deliver(Batch::First), Job::Enable],
        left: Left { batches: 0b1100, enables: 1, minutes: 2, ..ANY },
        depth: 16,
    },
];

impl Scene {
    /// Definition of the rule.
    pub fn definition(&self) -> RuleDefinition {
        let function = "arn:aws:lambda:us-east-1:123456789012:function:fix-acl";
        let actor = Actor::new(function, Some("arn:aws:iam::123456789012:role/role"));
        let tag = self.restores_itself.then(|| (AUTO_RESTORE_TAG.to_owned(), "1m".to_owned()));
        RuleDefinition {
            targets: vec![Target { actors: vec![actor], ..Target::new("1", function) }],
            tags: tag.into_iter().collect(),
            ..RuleDefinition::new(FOUND, r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#)
        }
    }

    /// Limits without the rule's tags.
    pub fn defaults(&self) -> Limits {
        Limits::new(Mode::Enforce, LIMIT.parse().expect("a limit"))
    }

    /// Limits that a process begins with. They count as tagged, so that no history is asked about them.
    pub fn limits(&self) -> Limits {
        let tags: Tags = self.definition().tags;
        Limits { burst_is_tagged: true, ..self.defaults().with_tags(&tags) }
    }
}
