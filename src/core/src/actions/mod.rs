//! Stage 6: what is to be done, as data, and how it reads.

mod alert;
mod budget;
mod chat;
mod cost;
mod note;
mod plan;
mod refusal;
mod text;
mod unwatched;

pub use alert::{Alert, AlertKind, CostEstimate, RuleRef, StateRef, command};
pub use budget::{BudgetAlert, BudgetRef, MoneyOutcome, Ranked};
pub use chat::sns_message;
pub use cost::{PRICES_AS_OF, cost_per_million};
pub use note::{Attempt, Note};
pub use plan::{Action, Plan, Tally};
pub use refusal::Refusal;
pub use text::{details, quoted, subject, text};
pub use unwatched::UnwatchedAlert;

#[cfg(test)]
mod tests;
