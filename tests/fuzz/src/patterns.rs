//! The fuzz target `patterns`: generated and plain patterns and events, the product's matcher against the reference.
#![no_main]

#[path = "../../src/reference/mod.rs"]
mod reference;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    reference::check::check(bytes);
});
