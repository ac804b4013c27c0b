//! Files as people have them: unpacked, decoded, and their records found.

mod columns;
mod shape;
mod unpack;
mod utf16;

use std::collections::BTreeMap;
use std::path::PathBuf;

use budget_guard_core::model::plural;

use crate::output;

pub(crate) use shape::{Aside, Found, unwrap};
pub(crate) use unpack::each;

/// Names each kind of content that is no record of a call once, with its number and the first file that has it.
pub(crate) fn report_aside(aside: &BTreeMap<Aside, (u64, PathBuf)>) {
    for (what, (count, file)) in aside {
        let (values, file) = (plural(*count, "value"), file.display());
        let line = format!("left out {values} from {file} on: {}", what.sentence());
        if what.is_harmless() {
            output::note(format_args!("{line}"));
        } else {
            output::warning(format_args!("{line}"));
        }
    }
}
