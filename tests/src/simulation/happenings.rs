//! What happens when: calls, deliveries, ticks, people – in the order of virtual time.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Somebody makes an API call that a rule is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    pub machine: usize,
    pub by: Caller,
    /// Which of the rule's resources it is made on.
    pub thing: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    Person,
    /// The target of the rule at this place.
    Target(usize),
    /// The guard itself.
    Guard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// Makes a call that may set off a loop.
    Kicks,
    /// Runs `budget-guard enable` on a rule that is cut.
    Enables { force: bool },
    /// Enables, disables or edits a rule by other means.
    Clicks,
}

impl Person {
    pub const ALL: [Self; 5] = [
        Self::Kicks,
        Self::Kicks,
        Self::Enables { force: true },
        Self::Enables { force: false },
        Self::Clicks,
    ];
}

#[derive(Clone, Debug)]
pub struct Message {
    pub id: String,
    pub body: String,
    pub receives: u32,
    pub is_good: bool,
}

#[derive(Clone, Debug)]
pub enum Happening {
    Call(Call),
    /// A message can be received.
    Available(Message),
    /// The event source mapping asks the queue.
    Poll,
    Tick,
    Person(Person),
    /// AWS computes what was spent.
    Budget {
        is_overspent: bool,
    },
}

/// Happenings by time; at one moment, in the order they were added.
#[derive(Default)]
pub struct Agenda {
    entries: BTreeMap<(i64, u64), Happening>,
    added: u64,
}

impl Agenda {
    pub fn add(&mut self, at: i64, happening: Happening) {
        self.added += 1;
        self.entries.insert((at, self.added), happening);
    }

    pub fn next_at(&self) -> Option<i64> {
        self.entries.keys().next().map(|(at, _)| *at)
    }

    pub fn take(&mut self) -> Happening {
        self.entries.pop_first().expect("asked only when there is one").1
    }
}

pub const TICK: &str =
    r#"{"source":"aws.events","detail-type":"Scheduled Event","time":"2026-11-20T12:00:00Z"}"#;

pub fn batch(messages: &[Message]) -> Vec<u8> {
    let record = |message: &Message| -> Value {
        json!({"messageId": message.id, "eventSource": "aws:sqs", "body": message.body})
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() }).to_string().into_bytes()
}
