//! Tests of the judgement: timelines that a person can read, and random worlds by the hundred.

pub(crate) mod kinds;
mod table;
mod timelines;
pub(crate) mod worlds;
