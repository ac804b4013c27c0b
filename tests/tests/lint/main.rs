//! `lint`: the real program over templates, and real rules with the roles that are known of them.

mod program;
mod wild;
