//! Overspent budgets: alerts about cost are confirmed and stored, all rules judged, people told, and AWS asked again.

mod notice;
mod store;
mod survey;
mod tick;

pub(super) use store::BudgetCache;
pub use tick::{ClearedPressure, reference};
