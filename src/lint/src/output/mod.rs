//! Report as text for people and as SARIF for code scanning. As JSON it is the report itself.

mod sarif;
mod text;

pub use sarif::sarif;
pub use text::{text, totals};
