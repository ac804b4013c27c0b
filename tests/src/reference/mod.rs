//! A second matcher of event patterns, for tests only: simple, slow, and written from AWS's rules alone.
//!
//! It shares no code with the product's matcher, its JSON reader included, so that the two do not share mistakes. It
//! gives up on inputs that are too much work, and reports that.

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

/// Dotted path of a leaf in UTF-16, the order in which paths are visited.
type Path = Vec<u16>;

/// Path with one more key.
fn longer(path: Option<&Path>, key: &str) -> Path {
    let before = path.map(|path| path.iter().copied().chain([u16::from(b'.')]));
    before.into_iter().flatten().chain(key.encode_utf16()).collect()
}
