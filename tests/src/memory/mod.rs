//! The ports in memory, as unkind as AWS: throttles, lost replies, failures at any call – all of it told beforehand.

mod budgets;
mod faults;
mod history;
mod lists;
mod scheduler;
mod store;
mod trail;
mod world;

pub use faults::{Call, Fate, Faults};
pub use world::World;
