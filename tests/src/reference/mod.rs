//! A second matcher for EventBridge event patterns, written for the tests alone: plain, slow, straight from the rules.
//!
//! It shares nothing with the product's matcher, not even the reading of JSON, so that the two err apart.
//! What it finds too much work it gives up on, and says so.

pub mod check;
mod compile;
mod event;
mod generate;
mod json;
mod number;
mod search;
mod text;
mod value;
mod words;

pub use compile::{NotCompiled, compile};
pub use event::{NotAnEvent, read_event};
pub use search::matches;

/// The dotted path of a leaf in UTF-16: paths are visited in this order.
type Path = Vec<u16>;

/// A path one key longer.
fn longer(path: Option<&Path>, key: &str) -> Path {
    let before = path.map(|path| path.iter().copied().chain([u16::from(b'.')]));
    before.into_iter().flatten().chain(key.encode_utf16()).collect()
}
