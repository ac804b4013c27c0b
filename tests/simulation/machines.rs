//! The rules of a world and what hangs on them: loops, honest machines, and rules that must never be touched.

use budget_guard::history::RateHistory;
use budget_guard::model::{RuleArn, RuleDefinition, RuleState, Target, Timestamp};

use super::aws::{START, Shared, State};
use super::happenings::{Agenda, Call, Caller, Happening, Message};

/// Small, so that a world is small.
pub const LIMIT: &str = "12/60s";
const LIMIT_COUNT: i64 = 12;

/// What a rule's firings lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The target's own call fires the rule again after so long.
    Loop { turn_ms: i64 },
    /// People make calls, always below the quarter of the limit that holds on probation.
    Honest,
}

pub struct Machine {
    pub rule: RuleArn,
    pub kind: Kind,
    /// The guard may cut it.
    pub is_enforced: bool,
    /// Every distinct firing: event time in whole seconds, and id.
    pub fired: Vec<(i64, String)>,
}

pub struct Machines {
    pub list: Vec<Machine>,
    events: u64,
    /// Deliveries that nobody can read: all of them have to end in the dead-letter queue.
    pub bad_messages: usize,
}

impl Machines {
    pub fn new(shared: &Shared) -> Self {
        let mut state = shared.lock();
        let turn_ms = state.rng.i64(150..2_500);
        let quick = Kind::Loop { turn_ms: 200 };
        let mut list = Vec::new();
        let mut add =
            |state: &mut State, path: &str, kind: Kind, is_enforced: bool, edit: fn(&mut RuleDefinition)| {
                let rule: RuleArn =
                    format!("arn:aws:events:us-east-1:123456789012:rule/{path}").parse().expect("an ARN");
                let mut definition = definition(RuleState::Enabled, rule.name());
                edit(&mut definition);
                state.add_rule(rule.clone(), definition);
                list.push(Machine { rule, kind, is_enforced, fired: Vec::new() });
            };
        add(&mut state, "orders/fix", Kind::Loop { turn_ms }, true, |_| {});
        add(&mut state, "fix", Kind::Honest, true, |_| {});
        add(&mut state, "third", Kind::Loop { turn_ms: 700 }, true, |rule| {
            rule.state = RuleState::EnabledWithAllCloudtrailManagementEvents;
        });
        add(&mut state, "watched", quick, false, |rule| {
            rule.tags.insert("budget-guard:mode".into(), "observe".into());
        });
        add(&mut state, "managed", quick, false, |rule| rule.managed_by = Some("x.amazonaws.com".into()));
        add(&mut state, "budget-guard-tick", quick, false, |_| {});
        Self { list, events: 0, bad_messages: 0 }
    }

    /// The calls that people make all along, and the guard's own.
    pub fn schedule(&self, agenda: &mut Agenda, rng: &mut fastrand::Rng, end: i64) {
        for (machine, one) in self.list.iter().enumerate() {
            match one.kind {
                Kind::Loop { .. } => {
                    agenda.add(rng.i64(0..end / 3), Happening::Call(Call { machine, by: Caller::Person }));
                }
                Kind::Honest => {
                    // At most two a minute: below a quarter of the limit wherever a window starts.
                    let apart = 60_000 / (LIMIT_COUNT / 4 - 1);
                    (0..end / apart).for_each(|n| {
                        let at = n * apart + rng.i64(0..apart / 8);
                        agenda.add(at, Happening::Call(Call { machine, by: Caller::Person }));
                    });
                    // And the guard's own calls, far above it: they must not count.
                    let from = rng.i64(0..end);
                    (0..40).for_each(|n| {
                        agenda.add(from + n * 50, Happening::Call(Call { machine, by: Caller::Guard }))
                    });
                }
            }
        }
    }

    pub fn kick(&self, shared: &Shared, agenda: &mut Agenda) {
        let now = shared.lock().now;
        for (machine, one) in self.list.iter().enumerate() {
            if matches!(one.kind, Kind::Loop { .. }) {
                agenda.add(now, Happening::Call(Call { machine, by: Caller::Person }));
            }
        }
    }

    /// An API call: if the rule is really enabled, it fires, the guard is told, and the target reacts.
    pub fn call(&mut self, call: Call, shared: &Shared, agenda: &mut Agenda) {
        let mut state = shared.lock();
        let machine = &mut self.list[call.machine];
        if !state.is_firing(&machine.rule) {
            return;
        }
        self.events += 1;
        let now = state.now;
        let id = format!("event-{}", self.events);
        let second = now / 1_000;
        if call.by != Caller::Guard {
            machine.fired.push((second, id.clone()));
        }
        let body = body(&machine.rule, &id, second, call.by);
        deliver(&mut state, agenda, &id, body);
        if state.rng.u32(0..200) == 0 {
            self.bad_messages +=
                deliver(&mut state, agenda, &format!("{id}-bad"), "neither JSON nor anything".to_owned());
        }
        // Nothing turns for ever: a world has to end.
        if let Kind::Loop { turn_ms } = machine.kind
            && machine.fired.len() < 150
        {
            agenda.add(now + turn_ms, Happening::Call(Call { machine: call.machine, by: Caller::Target }));
        }
    }
}

/// At least once, some time later, in any order.
fn deliver(state: &mut State, agenda: &mut Agenda, id: &str, body: String) -> usize {
    let copies = if state.rng.u32(0..10) == 0 { 2 } else { 1 };
    for copy in 0..copies {
        let delay = match state.rng.u32(0..50) {
            0 if state.chaos => state.rng.i64(0..300_000),
            _ => state.rng.i64(50..3_000),
        };
        let is_good = !id.ends_with("-bad");
        let message = Message { id: format!("{id}/{copy}"), body: body.clone(), receives: 0, is_good };
        agenda.add(state.now + delay, Happening::Available(message));
    }
    copies
}

/// CloudTrail tells of a changed rule, mostly.
pub fn tell_of_change(state: &mut State, agenda: &mut Agenda, rule: &RuleArn) {
    if state.rng.u32(0..4) == 0 {
        return;
    }
    let second = state.now / 1_000;
    let time = Timestamp::from_second(START.as_second() + second).expect("a time");
    let (bus, name) = (rule.bus(), rule.name());
    let body = format!(
        r#"{{"id":"change-{second}","source":"aws.events","detail-type":"AWS API Call via CloudTrail","time":"{time}","detail":{{"eventSource":"events.amazonaws.com","eventName":"EnableRule","requestParameters":{{"name":"{name}","eventBusName":"{bus}"}}}}}}"#
    );
    deliver(state, agenda, &format!("change-{second}"), body);
}

fn body(rule: &RuleArn, id: &str, second: i64, by: Caller) -> String {
    let time = Timestamp::from_second(START.as_second() + second).expect("a time");
    let principal = match by {
        Caller::Person => "arn:aws:iam::123456789012:user/ann".to_owned(),
        Caller::Target => format!("arn:aws:sts::123456789012:assumed-role/role/{}", rule.name()),
        Caller::Guard => "arn:aws:sts::123456789012:assumed-role/role/guard".to_owned(),
    };
    format!(
        r#"{{"ruleArn":"{rule}","event":{{"id":"envelope-of-{id}","time":"{time}","detail":{{"eventID":"{id}","userIdentity":{{"arn":"{principal}"}}}}}}}}"#
    )
}

/// What CloudWatch has seen: the honest rule was always as busy as it is; the others are new.
pub fn past(rule: &RuleArn, until: Timestamp) -> RateHistory {
    if rule.name() != "fix" || rule.bus() != "default" {
        return RateHistory::default();
    }
    let minutes = (61..24 * 60).map(|m| until - jiff::SignedDuration::from_mins(m));
    RateHistory::new(minutes.map(|minute| (minute, LIMIT_COUNT.unsigned_abs() / 4 - 1)))
}

fn definition(state: RuleState, name: &str) -> RuleDefinition {
    let function = format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
    RuleDefinition {
        state,
        event_pattern: Some(r#"{"source":["aws.s3"]}"#.to_owned()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
        targets: vec![Target::new("1", function)],
        tags: Default::default(),
    }
}
