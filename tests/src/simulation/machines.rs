//! Rules of a world with their targets and callers: loops, honest machines, and rules that must never be disabled.

use budget_guard_core::history::RateHistory;
use budget_guard_core::model::{Actor, RuleArn, RuleDefinition, RuleState, Target, Timestamp};

use super::Planted;
use super::aws::{Shared, State};
use super::cast;
use super::happenings::{Agenda, Call, Caller, Happening};
use super::wire::{body, deliver};

/// Limit of all rules. It is small to keep a world small.
pub const LIMIT: &str = "12/60s";

/// Nature of a rule, and the expected behaviour of the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// A call of a person starts it, and it does not stop.
    Loop,
    /// The guard must never cut it.
    Honest,
}

/// Answer of a rule's target to a firing.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// Index of the rule that its call fires.
    pub fires: usize,
    /// Milliseconds between the firing and the call.
    pub after_ms: i64,
    /// True if it answers calls of other targets too, and not only those of people.
    pub to_targets: bool,
}

/// A rule with its target and its callers.
pub struct Machine {
    /// ARN of the rule.
    pub rule: RuleArn,
    /// Loop or honest.
    pub nature: Nature,
    /// Answer of its target. `None` if it does not answer.
    pub reply: Option<Reply>,
    /// True if the guard may cut it.
    pub is_enforced: bool,
    /// True if its events name the call and the resource. Otherwise only the rate can show a loop.
    pub names_resource: bool,
    /// True if the parameters of every call differ.
    pub varies: bool,
    /// Calls of people: time in milliseconds and index of the resource.
    pub people: Vec<(i64, usize)>,
    /// Times at which its target calls without a firing, by a schedule or for another caller.
    pub by_itself: Vec<i64>,
    /// Number of calls with which its target answers one firing.
    pub fan_out: usize,
    /// Milliseconds between those calls.
    pub apart_ms: i64,
    /// Index of a rule that matches the same calls.
    pub neighbour: Option<usize>,
    /// Firings per minute over the last day.
    pub always: u64,
    /// Calls of people: event time in whole seconds, and the arrival of the event in milliseconds.
    pub arrivals: Vec<(i64, i64)>,
    /// Distinct firings: event time in whole seconds, and the caller.
    pub fired: Vec<(i64, Caller)>,
}

/// All rules of a world.
pub struct Machines {
    /// Rules by index.
    pub list: Vec<Machine>,
    events: u64,
    /// Number of unreadable deliveries, which all have to end in the dead-letter queue.
    pub bad_messages: usize,
}

impl Machines {
    /// Draws the rules of the world of this seed.
    pub fn new(seed: u64, shared: &Shared, end: i64) -> Self {
        let mut state = shared.lock();
        let mut list = Vec::new();
        for (machine, edit) in cast::of(seed, &mut state.rng, end) {
            let mut definition = definition(machine.rule.name());
            edit(&mut definition);
            state.add_rule(machine.rule.clone(), definition);
            state.always.insert(machine.rule.clone(), machine.always);
            list.push(machine);
        }
        Self { list, events: 0, bad_messages: 0 }
    }

    /// Adds the calls of people and of the guard itself to the agenda.
    pub fn schedule(&self, agenda: &mut Agenda, rng: &mut fastrand::Rng, end: i64) {
        for (machine, one) in self.list.iter().enumerate() {
            for (at, thing) in &one.people {
                agenda.add(*at, Happening::Call(Call { machine, by: Caller::Person, thing: *thing }));
            }
            for at in &one.by_itself {
                agenda.add(*at, Happening::Call(Call { machine, by: Caller::Target(machine), thing: 0 }));
            }
            if one.nature == Nature::Honest && !one.names_resource {
                // The guard's own calls, far above the limit, must not count.
                let from = rng.i64(0..end);
                (0..40).for_each(|n| {
                    let call = Call { machine, by: Caller::Guard, thing: 0 };
                    agenda.add(from + n * 50, Happening::Call(call));
                });
            }
        }
    }

    /// Adds a call of a person for each loop.
    pub fn kick(&self, shared: &Shared, agenda: &mut Agenda) {
        let now = shared.lock().now;
        for (machine, one) in self.list.iter().enumerate() {
            if one.nature == Nature::Loop {
                agenda.add(now, Happening::Call(Call { machine, by: Caller::Person, thing: 0 }));
            }
        }
    }

    /// Makes an API call. If the rule is enabled on the bus, it fires, the guard gets the event and the target answers.
    pub fn call(&mut self, call: Call, shared: &Shared, agenda: &mut Agenda) {
        if let Some(neighbour) = self.list[call.machine].neighbour {
            self.call(Call { machine: neighbour, ..call }, shared, agenda);
        }
        let mut state = shared.lock();
        if !state.is_firing(&self.list[call.machine].rule) {
            return;
        }
        self.events += 1;
        let now = state.now;
        let id = format!("event-{}", self.events);
        let second = now / 1_000;
        let caller = match call.by {
            Caller::Target(of) => format!("role/{}", self.list[of].rule.name()),
            Caller::Guard => "guard-role/budget-guard-ingest".to_owned(),
            Caller::Person if state.planted == Planted::PeopleLikeTargets => {
                format!("role/{}", self.list[call.machine].rule.name())
            }
            Caller::Person => "people/ann".to_owned(),
        };
        let machine = &mut self.list[call.machine];
        if call.by != Caller::Guard {
            machine.fired.push((second, call.by));
        }
        let variation = machine.varies.then_some(self.events);
        let on = machine.names_resource.then_some((call.thing, variation));
        let body = body(&machine.rule, &id, second, &caller, on);
        state.fired.entry(machine.rule.clone()).or_default().push(now);
        let arrives_ms = deliver(&mut state, agenda, &id, body).first_ms;
        if call.by == Caller::Person {
            machine.arrivals.push((second, arrives_ms));
        }
        if state.rng.u32(0..200) == 0 {
            self.bad_messages +=
                deliver(&mut state, agenda, &format!("{id}-bad"), "neither JSON nor anything".to_owned())
                    .copies;
        }
        // Loops end at some time, because a world has to end.
        if let Some(reply) = machine.reply
            && (reply.to_targets || call.by == Caller::Person)
            && machine.fired.len() < 150
        {
            let call = Call { machine: reply.fires, by: Caller::Target(call.machine), thing: call.thing };
            for n in 0..machine.fan_out as i64 {
                agenda.add(now + reply.after_ms + n * machine.apart_ms, Happening::Call(call));
            }
        }
    }
}

/// Metrics in CloudWatch: honest rules had the same rate for a day, and the others are new.
pub fn past(state: &State, rule: &RuleArn, until: Timestamp) -> RateHistory {
    match state.always.get(rule) {
        None | Some(0) => RateHistory::default(),
        Some(rate) => {
            let minutes = (61..24 * 60).map(|m| until - jiff::SignedDuration::from_mins(m));
            RateHistory::new(minutes.map(|minute| (minute, *rate)))
        }
    }
}

fn definition(name: &str) -> RuleDefinition {
    let function = format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
    let actor = Actor::new(&function, Some("arn:aws:iam::123456789012:role/role"));
    RuleDefinition {
        state: RuleState::Enabled,
        event_pattern: Some(r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#.to_owned()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
        targets: vec![Target { actors: vec![actor], ..Target::new("1", function) }],
        tags: Default::default(),
    }
}
