//! Files as people have them: found, unpacked, decoded, and their records recognized.

mod aside;
mod begins;
mod columns;
mod payload;
mod search;
mod shape;
mod table;
mod text;
mod unpack;
mod utf16;
mod values;

pub(crate) use aside::{Aside, LeftOut};
pub(crate) use search::InputFiles;
pub(crate) use shape::{Found, unwrap};
pub(crate) use text::{Text, texts, whole_text};
pub(crate) use unpack::is_damaged;
pub(crate) use values::{Content, ValuesError, contents};
