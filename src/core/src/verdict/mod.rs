//! Stage 4: evidence, its kinds, its numbers, its sentence.

mod curve;
mod cycle;
mod evidence;

pub use curve::Curve;
pub use cycle::{
    MAX_RULES, MAX_TRACED, Trace, Upstream, answer_of as cycle_answer, through as cycle_through,
    to_cut as rule_to_cut,
};
pub use evidence::{CallerEvidence, Evidence, EvidenceKind, Finding, OwnEvidence};

use std::ops::Range;

use crate::escape::is_id;
use crate::model::RuleArn;
use crate::policy::{BurstLimit, Limits, SustainedLimit};
use crate::turns::{Found, FoundKind, Turns};
use crate::window::{CallerCount, Stretch, Window};

/// Maximum number of callers named in the evidence.
const MAX_CALLERS: usize = 5;

/// Judges the window after the firing at `index` was counted.
///
/// Returns evidence if distinct firings fill the limit within one window length that includes this firing.
pub fn burst(window: &Window, index: usize) -> Option<Evidence> {
    window.full_window_around(index).map(|run| filled(window, run))
}

/// Judges the whole window, after its limit has changed.
pub fn burst_anywhere(window: &Window) -> Option<Evidence> {
    window.full_window().map(|run| filled(window, run))
}

fn filled(window: &Window, run: Range<usize>) -> Evidence {
    let limit = window.limit();
    Evidence {
        kind: EvidenceKind::Burst,
        count: window.count(&run),
        limit: Some(limit.count.get().into()),
        window_seconds: Some(limit.window),
        first: Some(window.time_of(run.start)),
        last: Some(window.time_of(run.end - 1)),
        is_estimate: limit.is_sampled(),
        callers: named(window.callers_of(run)),
        ..of_window(window)
    }
}

/// Evidence of a rule that is far busier than in its past, at this limit.
pub fn busy(window: &Window, limit: BurstLimit) -> Evidence {
    let run = window.latest();
    Evidence { count: window.count_at_newest(), limit: Some(limit.count.get().into()), ..filled(window, run) }
}

/// Summary of all firings in the window, which shows the callers and proves nothing.
pub fn all(window: &Window) -> Evidence {
    let callers = named(window.callers_of(window.all()));
    Evidence { callers, ..of_window(window) }
}

/// Evidence of a rule that fires steadily.
pub fn sustained(window: &Window, limit: SustainedLimit, stretch: Stretch) -> Evidence {
    Evidence {
        kind: EvidenceKind::Sustained,
        count: stretch.count,
        limit: Some(limit.count.get().into()),
        window_seconds: Some(limit.window),
        first: Some(stretch.first),
        last: Some(stretch.last),
        is_estimate: window.limit().is_sampled(),
        callers: named(window.callers_of(stretch.kept)),
        ..of_window(window)
    }
}

/// Evidence of calls by the rule's own targets. `cycle` holds the rules that fire each other, this one first.
pub fn own(found: &Found, cycle: Vec<RuleArn>, turns: &Turns, window: &Window, limits: &Limits) -> Evidence {
    let by_turns = limits.turns.unwrap_or_default();
    let burst = limits.burst;
    let (kind, finding, limit) = match found.kind {
        FoundKind::Turns(turns) => (EvidenceKind::Turns, Finding::Turns { turns }, by_turns.get()),
        FoundKind::Surplus { calls, reasons } => {
            (EvidenceKind::Surplus, Finding::Surplus { calls, reasons }, by_turns.surplus())
        }
        FoundKind::Rate => (EvidenceKind::Burst, Finding::Rate, burst.count.get()),
        FoundKind::FanOut { others } => (EvidenceKind::Burst, Finding::FanOut { others }, burst.count.get()),
        FoundKind::Alternation(turns) => {
            (EvidenceKind::Turns, Finding::Alternation { turns }, by_turns.get())
        }
        FoundKind::Beside { others } => (EvidenceKind::Turns, Finding::Beside { others }, by_turns.get()),
        FoundKind::Events(turns) => (EvidenceKind::Turns, Finding::Events { turns }, by_turns.get()),
        FoundKind::SelfStarted(calls) => {
            (EvidenceKind::Turns, Finding::SelfStarted { calls }, by_turns.get())
        }
    };
    let (call, resource) = turns.label(found);
    let missing = found.missing.map(|missing| missing.because().to_owned());
    Evidence {
        kind,
        count: found.count,
        limit: Some(limit.into()),
        window_seconds: (kind == EvidenceKind::Burst).then_some(burst.window),
        first: Some(found.first),
        last: Some(found.last),
        callers: named(window.callers_of(window.all())),
        sample_event_ids: ids(turns.event_ids()),
        call,
        own: Some(OwnEvidence { finding, resource, missing, cycle }),
        rate: Curve::new(&found.times),
        ..of_window(window)
    }
}

/// Returns the most frequent callers by name and the rest together, because a record holds evidence twice.
fn named(mut callers: Vec<CallerCount>) -> Vec<CallerEvidence> {
    let rest: u32 = callers.iter().skip(MAX_CALLERS).map(|one| one.count).sum();
    callers.truncate(MAX_CALLERS);
    let mut named: Vec<CallerEvidence> = callers.into_iter().map(CallerEvidence::from).collect();
    if rest > 0 {
        named.push(CallerEvidence {
            principal: "others".into(),
            issued_to: None,
            count: rest,
            is_target: false,
        });
    }
    named
}

/// Returns what can be ids of events. An attached rule's message may carry any text as one.
fn ids<'a>(kept: impl Iterator<Item = &'a str>) -> Vec<String> {
    kept.filter(|id| is_id(id)).map(str::to_owned).collect()
}

/// Evidence with the rate curve, the most frequent call and the last event ids of the window.
fn of_window(window: &Window) -> Evidence {
    Evidence {
        sample_event_ids: ids(window.recent_event_ids()),
        call: window.most_frequent_call().map(str::to_owned),
        rate: Curve::new(&window.seconds()),
        ..Evidence::manual()
    }
}
