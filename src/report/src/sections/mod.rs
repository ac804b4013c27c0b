//! Sections of the page about a trip, one file for each, in the order of the page.

pub(crate) mod callers;
pub(crate) mod commands;
pub(crate) mod cure;
pub(crate) mod cycle;
pub(crate) mod money;
pub(crate) mod rate;
pub(crate) mod timeline;
pub(crate) mod verdict;
