//! All stored firings of a rule in the order of event time. Within a second, reasons come first, then own calls.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;

use super::entry::{Entry, Maker};
use super::siblings::Chains;
use super::tally::Span;
use super::{Terms, Turns};
use crate::model::Proof;

/// One entry of the timeline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    /// Time and number of the firings.
    pub span: Span,
    /// Kind of the firings.
    pub kind: Kind<'a>,
}

/// Kind of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    /// A reason, which the rule's target may answer.
    Reason(Reason),
    /// A call by the rule's own target, or by one that a cycle of rules leads back to.
    Own(&'a Entry),
    /// Own calls that are counted by the second.
    OwnSpan,
}

/// Kind of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// A firing by another principal.
    Foreign,
    /// A firing by a service, a sibling, or a session of an unknown principal.
    Soft,
}

/// All entries in order, with the answer time that holds for all of them.
pub(super) struct Timeline<'a> {
    /// Entries, ascending in time.
    pub items: Vec<Item<'a>>,
    /// Longest answer time of the rule and of the cycles it is part of, in seconds.
    pub answer_seconds: i64,
    /// Number of calls stored one by one, of all makers.
    pub calls: usize,
}

impl<'a> Timeline<'a> {
    /// Arranges the stored firings. `chains` selects which siblings and events count as own.
    pub(super) fn new(turns: &'a Turns, terms: &Terms, chains: Chains) -> Self {
        let tallies = [&turns.foreign, &turns.soft, &turns.past];
        let calls = turns.entries.len() + turns.sessions.waiting.len();
        let length = tallies.map(|tally| tally.spans.len()).iter().sum::<usize>() + calls;
        let answer_seconds = i64::from(terms.answer.get());
        let mut timeline = Self { items: Vec::with_capacity(length + 1), answer_seconds, calls };
        let mut roots = HashSet::with_hasher(FxBuildHasher);
        if let Some(began) = terms.began.filter(|_| terms.is_resumed) {
            timeline.add_spans(&[Span::new(began.as_second(), 1)], Kind::Reason(Reason::Foreign));
        }
        timeline.add_spans(&turns.foreign.spans, Kind::Reason(Reason::Foreign));
        timeline.add_spans(&turns.soft.spans, Kind::Reason(Reason::Soft));
        timeline.add_spans(&turns.past.spans, Kind::OwnSpan);
        for entry in &turns.entries {
            let span = Span::new(entry.at, 1);
            let kind = match entry.maker {
                // A session's name proves nothing once AWS has issued credentials to this actor.
                Maker::Own(actor, Proof::Session) if turns.issued.contains(&actor) => {
                    Kind::Reason(Reason::Foreign)
                }
                Maker::Own(..) => Kind::Own(entry),
                Maker::Sibling(place) => match turns.siblings.cycle(place, chains) {
                    Some(seconds) => {
                        timeline.answer_seconds = timeline.answer_seconds.max(seconds);
                        Kind::Own(entry)
                    }
                    None => Kind::Reason(Reason::Soft),
                },
                Maker::Event { is_own } => {
                    // A target puts its events under the trace of the firing that it works on.
                    let is_of_known_trace = entry.run != 0 && !roots.insert(entry.run);
                    match chains == Chains::Events && (is_own || is_of_known_trace) {
                        true => Kind::Own(entry),
                        false => Kind::Reason(Reason::Foreign),
                    }
                }
            };
            timeline.items.push(Item { span, kind });
        }
        for waiting in &turns.sessions.waiting {
            let kind = match chains {
                Chains::Assumed => Kind::Own(&waiting.entry),
                Chains::Apart | Chains::Followed | Chains::Events => Kind::Reason(Reason::Soft),
            };
            timeline.items.push(Item { span: Span::new(waiting.entry.at, 1), kind });
        }
        timeline.items.sort_by_key(|item| (item.span.from, item.is_own()));
        timeline
    }

    /// Times of the own calls that are stored one by one, ascending.
    pub(super) fn own_seconds(&self) -> Vec<i64> {
        let own = self.items.iter().filter(|item| matches!(item.kind, Kind::Own(_)));
        own.map(|item| item.span.from).collect()
    }

    fn add_spans(&mut self, spans: &[Span], kind: Kind<'a>) {
        self.items.extend(spans.iter().map(|span| Item { span: *span, kind }));
    }
}

impl Item<'_> {
    /// Returns true for own calls.
    pub(super) fn is_own(&self) -> bool {
        !matches!(self.kind, Kind::Reason(_))
    }
}
