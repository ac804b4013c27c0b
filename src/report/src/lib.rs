//! Reports that people look at: the last trip of a rule as one HTML page, and a replay as HTML or Markdown.
//!
//! The functions take data and return text. They read no file, no clock and no network. A page has everything inside: its
//! style, its charts as SVG and their numbers as tables. It has no script. Names that others chose are escaped in each form.

mod chart;
mod explain;
mod page;
mod replay;
#[cfg(test)]
mod samples;
mod sections;
mod words;

pub use explain::{Explanation, NextStep, explain_html};
pub use replay::{Advice, Importance, ReplayReport, ReplayRow, Tone, replay_html, replay_markdown};
