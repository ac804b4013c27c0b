//! The fuzz target `money`: any text against the reader of alerts about money.
#![no_main]

mod money_check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| money_check::check(bytes));
