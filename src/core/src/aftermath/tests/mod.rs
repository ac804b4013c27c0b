//! Tests of the judgement: timelines that a person can read, and random worlds by the hundred.

mod kinds;
mod table;
mod timelines;
mod worlds;
