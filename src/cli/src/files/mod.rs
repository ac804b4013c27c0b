//! Files as people have them: found, unpacked, decoded, and their records recognized.

mod aside;
mod begins;
mod columns;
mod payload;
mod search;
mod shape;
mod table;
mod unpack;
mod utf16;
mod values;

pub(crate) use aside::{Aside, LeftOut};
pub(crate) use search::{Entry, InputFiles, entry};
pub(crate) use shape::{Found, unwrap};
pub(crate) use unpack::each;
pub(crate) use values::{Content, ValuesError};
