//! The traits of the core in memory, with the failures of AWS: throttling, lost replies, a crash at any call. Tests
//! plan them.

mod budgets;
mod faults;
mod history;
mod lists;
mod scheduler;
mod slow;
mod store;
mod trail;
mod world;

pub use faults::{Call, Fate, Faults};
pub use world::World;
