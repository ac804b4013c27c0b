//! JSON readers for cases in which `serde_json` alone is too slow. Tests compare each with `serde_json`, and a
//! benchmark justifies it.
//!
//! [`scanner`] reads the payload of the Lambda in one pass (benchmark `batch`). [`objects`] splits a log into objects
//! without loading it whole (benchmark `replay`). The matcher of event patterns has a reader in its own package
//! (`patterns`).

mod deserializer;
mod objects;
mod scanner;
mod verbatim;

pub use objects::{JsonObjects, ObjectsError};
pub(crate) use scanner::Scanner;
pub(crate) use verbatim::{Unread, Value, is_hidden};
