//! The fuzz target `sources`: any bytes against the decoder and the attribution.
#![no_main]

mod check;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|bytes: &[u8]| check::check(bytes));

/// Above this, libFuzzer's own mutations, a few bytes each, would take for ever to reach the size that is allowed.
const LARGE: usize = 64 << 10;

fuzz_mutator!(|bytes: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = if max_size > LARGE && seed.is_multiple_of(4) && size > 0 {
        repeat(bytes, size, max_size, seed as usize / 4)
    } else {
        size
    };
    fuzzer_mutate(bytes, size, max_size)
});

/// Repeats a part of the input in place: long strings, deep nesting, large batches. Returns the new size.
fn repeat(bytes: &mut [u8], size: usize, max_size: usize, seed: usize) -> usize {
    let start = seed % size;
    let length = 1 + (seed / 7) % (size - start);
    let room = max_size.min(bytes.len()) - size;
    let times = (room / length).min(1 << ((seed / 11) % 21));
    bytes.copy_within(start..size, start + length * times);
    for n in 1..=times.saturating_sub(1) {
        bytes.copy_within(start..start + length, start + length * n);
    }
    size + length * times
}
