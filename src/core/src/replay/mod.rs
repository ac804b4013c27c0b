//! Replay of CloudTrail logs: records become events, events fire rules, and the guard's own step judges each rule's
//! firings.
//!
//! Records may come in any order and repeatedly. They are matched while they are read. The state is 24 bytes per
//! firing, about 16 per distinct record to recognize it again, and each distinct caller once per reader.
//!
//! For a rule whose targets are known, each distinct call is stored too, in about 450 bytes. Such a rule is also judged
//! by the makers of the calls.

mod causes;
mod collect;
mod distinct;
mod event;
mod judge;
mod places;
mod rules;
mod stand_in;
mod targets;

pub use collect::{Collected, Replay, ReplayFiring, Uncounted};
pub use event::{CloudTrailRecord, RecordError};
pub use judge::{BusiestWindow, PlaceReport, RuleReport, WouldTrip, judge, smallest_limit};
pub use places::Place;
pub use rules::{LINT_TAG, PatternText, RuleList, RuleSpec, RulesError, TextPosition, read_rules};
