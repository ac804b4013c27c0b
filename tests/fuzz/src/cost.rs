//! The fuzz target `money`: any text against the reader of alerts about money.
#![no_main]

mod cost_check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cost_check::check(bytes));
