//! Readers of JSON where `serde_json` alone would cost too much: each is held to it by tests, and kept for a benchmark.
//!
//! [`scanner`] reads the payload of the Lambda in one pass (benchmark `batch`). [`objects`] takes a log apart without
//! reading it whole (benchmark `replay`). The matcher of event patterns has its own, in its own package (`patterns`).

mod deserializer;
mod objects;
mod scanner;
mod verbatim;

pub use objects::{JsonObjects, ObjectsError, Unwrap};
pub(crate) use scanner::Scanner;
pub(crate) use verbatim::{Unread, Value, is_hidden};
