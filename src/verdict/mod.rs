//! Stage 4: is this a loop? The verdict is a value with its evidence and its reason in one sentence.

mod evidence;

pub use evidence::{CallerEvidence, Evidence, EvidenceKind};

use crate::window::Window;

/// Judges the window after the firing at `index` was counted.
///
/// `Some` when the limit is filled by distinct firings within one window length, wherever that window starts.
pub fn burst(window: &Window, index: usize) -> Option<Evidence> {
    let run = window.full_window_around(index)?;
    let limit = window.limit();
    Some(Evidence {
        kind: EvidenceKind::Burst,
        count: window.count(&run),
        limit: Some(limit.count.get().into()),
        window_seconds: Some(limit.window),
        first: Some(window.time_of(run.start)),
        last: Some(window.time_of(run.end - 1)),
        is_estimate: limit.is_sampled(),
        callers: window.callers_of(run).into_iter().map(CallerEvidence::from).collect(),
        sample_event_ids: window.recent_event_ids().map(str::to_owned).collect(),
    })
}
