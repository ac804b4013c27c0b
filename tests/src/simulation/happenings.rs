//! Happenings in the order of virtual time: calls, deliveries, ticks, people.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// An API call that a rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Index of the rule.
    pub machine: usize,
    /// Caller.
    pub by: Caller,
    /// Index of the rule's resource that the call is made on.
    pub thing: usize,
}

/// Caller of an API call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A person.
    Person,
    /// The target of the rule with this index.
    Target(usize),
    /// The guard itself.
    Guard,
}

/// Action of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// Makes a call that may start a loop.
    Kicks,
    /// Runs `budget-guard enable` for a rule that is cut.
    Enables { force: bool },
    /// Enables, disables or edits a rule without the guard.
    Clicks,
}

impl Person {
    /// Actions to draw from, the frequent ones more than once.
    pub const ALL: [Self; 5] = [
        Self::Kicks,
        Self::Kicks,
        Self::Enables { force: true },
        Self::Enables { force: false },
        Self::Clicks,
    ];
}

/// Message in the guard's queue.
#[derive(Clone, Debug)]
pub struct Message {
    /// ID of the message.
    pub id: String,
    /// Body of the message.
    pub body: String,
    /// Number of deliveries so far.
    pub receives: u32,
    /// True if the guard can read it.
    pub is_good: bool,
}

/// A happening.
#[derive(Clone, Debug)]
pub enum Happening {
    /// An API call.
    Call(Call),
    /// A message can be received.
    Available(Message),
    /// The event source mapping polls the queue.
    Poll,
    /// The guard's schedule.
    Tick,
    /// A person acts.
    Person(Person),
    /// AWS updates the spend of the budget.
    Budget { is_overspent: bool },
}

/// Happenings by time. Those of the same time are in the order of their addition.
#[derive(Default)]
pub struct Agenda {
    entries: BTreeMap<(i64, u64), Happening>,
    added: u64,
}

impl Agenda {
    /// Adds a happening at this time, in virtual milliseconds.
    pub fn add(&mut self, at: i64, happening: Happening) {
        self.added += 1;
        self.entries.insert((at, self.added), happening);
    }

    /// Time of the next happening.
    pub fn next_at(&self) -> Option<i64> {
        self.entries.keys().next().map(|(at, _)| *at)
    }

    /// Removes the next happening.
    pub fn take(&mut self) -> Happening {
        self.entries.pop_first().expect("asked only when there is one").1
    }
}

/// Payload of the guard's schedule.
pub const TICK: &str =
    r#"{"source":"aws.events","detail-type":"Scheduled Event","time":"2026-11-20T12:00:00Z"}"#;

/// Payload of the event source mapping.
pub fn batch(messages: &[Message]) -> Vec<u8> {
    let record = |message: &Message| -> Value {
        json!({"messageId": message.id, "eventSource": "aws:sqs", "body": message.body})
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() }).to_string().into_bytes()
}
