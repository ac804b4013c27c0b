//! Decisions of budget-guard, a circuit breaker for EventBridge rules that fire themselves.
//!
//! # Code map
//!
//! `src/README.md` lists the modules in reading order, defines the words, and follows one firing through the code.
//!
//! Data passes the modules in one direction: payload → [`sources`] → [`attribution`] (with the [`directory`]) →
//! [`window`] → [`verdict`] → [`breaker`] → [`alerts`] → plan.
//! [`guard::step`] is the six stages in one call. It is pure, has no clock and cannot fail. [`run`] loads the record,
//! calls `step`, saves the record if its version is unchanged, and carries out the plan. This package sends no request:
//! all access to the outside goes through [`ports`].
//!
//! # Promises
//!
//! 1. A rule is disabled only after the reason and the exact state found are stored.
//! 2. An event counts once, at any number and order of deliveries.
//! 3. An epoch has one trip: concurrent invocations disable once and alert once. A crash may repeat an alert, with the
//!    same deduplication id.
//! 4. Firings from before the epoch never count. Those after a cut are recorded as late.
//! 5. Managed rules, the guard's own rules, rules of other accounts and rules in `observe` or `ignore` are never
//!    disabled by the guard itself.
//! 6. A restore puts back the state that was found, and only for a rule that the guard cut.
//! 7. Bad input loses nothing: the bad message goes back with a named reason, and the rest of the batch is processed.
//! 8. An unfinished plan is finished by the next invocation that sees the record, at the latest by the tick.
//! 9. Work is bounded: a batch costs one read and one write per rule when nothing trips. A record stays
//!    under 32 KB; the longest patterns of a cure, old and new, may add 16 KB.
//! 10. Calls of the guard itself never count.
//! 11. A wrong cut of a rule whose calls go on at a pace of minutes is found within half an hour, and undone where the
//!     guard may do that.
//! 12. A rule is put back by the outcome of a cut at most once for each trip, and loops hardly ever.
//! 13. Where an archive stands, no event is lost to a cut that was wrong or to a trial: the replay begins with the first
//!     event that the rule missed, and a trial starts it by itself.
//! 14. The guard cuts no more rules within an hour than it was allowed, until a person resumes it.

/// Text of strangers, escaped for plain text, chat, a shell, JSON and ids.
pub mod escape;
/// Types that all modules share: rules, firings, calls, callers, causes, amounts, times and leases.
pub mod model;
/// Limits and mode of a rule: the defaults from the settings, overridden by its tags.
pub mod policy;
/// List prices of AWS, and the cost of one firing by its parts.
pub mod prices;

/// Outcome of a cut: the events that the rule missed, and the judgement of their makers.
pub mod aftermath;
/// Stage 6: alerts, from the event to its text.
pub mod alerts;
/// Archive of a bus, and the replay of the events that a rule missed.
pub mod archive;
/// Stage 2: the rule that fired, and the maker of the call.
pub mod attribution;
/// Stage 5: the circuit breaker of a rule and its transitions.
pub mod breaker;
/// Stage 2, zero-touch: all rules of the account and Region, and those that an event of the default bus fires.
pub mod directory;
/// Stage 2: IAM roles that the settings of a target name.
pub mod hints;
/// Firings of a rule in the last 14 days, as second witness for its rate.
pub mod history;
/// JSON in one pass, and object by object.
pub mod json;

/// Cure of a loop: the event pattern that leaves out certain roles, verified.
pub mod cure;
/// Stage 1: payload bytes into messages.
pub mod sources;
/// Trial of a suspect: a short time without the rule.
pub mod trial;
/// Stage 3: firings that can have caused others.
pub mod turns;
/// Stage 4: evidence that a rule is a loop.
pub mod verdict;
/// Stage 3: distinct firings in event time.
pub mod window;

/// Overspent budgets, as AWS Budgets confirms them, and what follows from each.
pub mod budget;

/// Number of rules that the guard cut in the last hour, and its pause after too many.
pub mod cuts;
/// Decision for one rule: the six stages in one call, and the plan that they produce.
pub mod guard;
/// State of one rule that survives between invocations.
pub mod record;
/// Keys, layouts and errors of stored items.
pub mod stored;

/// Replay of CloudTrail logs with the same decisions.
pub mod replay;

/// Traits of everything that the guard needs from outside.
pub mod ports;
/// Shell around the core: loads, steps, saves and acts.
pub mod run;
/// Settings of the Lambda function, from its environment.
pub mod settings;
/// Log line and metrics of the Lambda function.
pub mod telemetry;
