//! The decisions of budget-guard, a circuit breaker for EventBridge rules that fire themselves.
//!
//! # Code map
//!
//! `src/README.md` has the modules in reading order, the words, and the way of one firing.
//!
//! One direction: payload → [`sources`] → [`attribution`] (with the [`directory`]) → [`window`] → [`verdict`] → [`breaker`] → [`actions`] → plan.
//! [`guard::step`] is the six stages in one call: pure, without a clock, it cannot fail. [`run`] loads, steps, saves if
//! nobody else saved meanwhile, and carries out the plan. No package below this one sends a request.
//!
//! # Promises
//!
//! 1. A rule is never disabled before the record of why, and of the exact state found, is durable.
//! 2. An event counts once, however often and in whatever order it is delivered.
//! 3. One trip per epoch: concurrent invocations disable once and alert once. A crash may repeat an alert, with the
//!    same deduplication id.
//! 4. What happened before the epoch began never counts; what still arrives after a cut is recorded as late.
//! 5. Never touched: managed rules, the guard's own rules, other accounts' rules, rules in `observe` or `ignore`.
//! 6. A restore puts back what was found, and only what the guard itself cut.
//! 7. Bad input loses nothing: the bad message goes back, with a named reason, and the rest of the batch is processed.
//! 8. An unfinished plan is finished by the next invocation that sees the record, at the latest by the tick.
//! 9. Bounded work: one read and one write per rule and batch when nothing trips; a record stays under 32 KB.
//! 10. The guard's own calls never feed the guard.

/// The words that all modules share.
pub mod model;
/// What the operator asked for.
pub mod policy;

/// Stage 6: alerts, from the event to the words.
pub mod alerts;
/// Stage 2: which rule fired, and who caused it.
pub mod attribution;
/// Stage 5: the circuit breaker.
pub mod breaker;
/// Stage 2, zero-touch: every rule there is, and which of them an event of the default bus fires.
pub mod directory;
/// Stage 2: roles that the settings of a target name.
pub mod hints;
/// How busy a rule was before, as second witness for rate.
pub mod history;
/// JSON in one pass, and object by object.
pub mod json;

/// Stage 1: payload → what was received.
pub mod sources;
/// Stage 3: which firings can have caused which.
pub mod turns;
/// Stage 4: is this a loop?
pub mod verdict;
/// Stage 3: distinct firings in event time.
pub mod window;

/// Which budgets are overspent, by AWS's own word.
pub mod budget;

/// The six stages in one call.
pub mod guard;
/// What survives between invocations.
pub mod record;
/// Keys, layouts and errors of stored items.
pub mod stored;

/// What rules would have done over CloudTrail logs.
pub mod replay;

/// What the guard needs from the outside.
pub mod ports;
/// The shell around the core.
pub mod run;
/// The settings of the Lambda.
pub mod settings;
/// Logs and metrics.
pub mod telemetry;
