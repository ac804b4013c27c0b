//! What rules would have done over CloudTrail logs: records become events, events fire rules, and the guard's own step
//! judges each rule's firings.
//!
//! Records come in any order and more than once. They are matched while they are read, and all that is kept is 24 bytes
//! for each firing, about 16 for each distinct record (to know it again), and each distinct caller once.
//!
//! Of a rule whose targets are told, each distinct call is kept as well, about 450 bytes, and the rule is judged by who made the calls.

mod causes;
mod collect;
mod event;
mod judge;
mod rules;
mod stand_in;
mod targets;

pub use collect::{Collected, Fired, Replay, Uncounted};
pub use event::{CloudTrailRecord, RecordError};
pub use judge::{Outcome, Peak, WouldTrip, judge};
pub use rules::{ListedRule, PatternText, Place, RulesError, read_rules};
