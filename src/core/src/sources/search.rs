//! Bounded search for identifying values in JSON containers.

use super::resource::ParameterRole;
use crate::json::Scanner;
use crate::json::Value;

/// State of a search.
pub(super) struct Search<F> {
    /// Number of values that may still be read.
    pub looks: u32,
    /// Maximum depth of a value that is read. The container itself has depth 1.
    pub depth: u32,
    /// Returns the role of members with this name.
    pub role: fn(&[u8]) -> ParameterRole,
    /// Receives each text and number that is an identity or a reference.
    pub found: F,
}

impl<F> Search<F> {
    /// Searches the members of this container, which has a role itself. Returns false if the search is incomplete:
    /// there are too many values, or a key has escapes.
    pub(super) fn look<'a>(&mut self, container: Value<'a>, role: ParameterRole) -> bool
    where
        F: FnMut(ParameterRole, Value<'a>),
    {
        let searched = match container {
            Value::Plain(json) => self.member(&mut Scanner::<false>::within(json), self.depth, role),
            Value::Quoted(json) => self.member(&mut Scanner::<true>::within(json), self.depth, role),
            Value::Text(_) => None,
        };
        searched.is_some()
    }

    /// Searches one value and its members. Tokens are skipped with all their members.
    fn member<'a, const QUOTED: bool>(
        &mut self,
        json: &mut Scanner<'a, QUOTED>,
        depth: u32,
        role: ParameterRole,
    ) -> Option<()>
    where
        F: FnMut(ParameterRole, Value<'a>),
    {
        self.looks = self.looks.checked_sub(1)?;
        let below = depth.checked_sub(1)?;
        match (json.peek()?, role) {
            (_, ParameterRole::Token) => json.skip(),
            (b'{', _) => json.object(|json, key| match (self.role)(key) {
                // EC2 writes a value with attributes as `{"content": …}`.
                ParameterRole::Setting if key == b"content" => self.member(json, below, role),
                role => self.member(json, below, role),
            }),
            (b'[', _) => json.array(|json| self.member(json, below, role)),
            (b't' | b'f' | b'n', _) | (_, ParameterRole::Setting) => json.skip(),
            (_, ParameterRole::Identity | ParameterRole::Reference) => {
                let start = json.at();
                let value = match json.text_or_skip()? {
                    Some(text) => Value::Text(text),
                    None if QUOTED => Value::Quoted(json.since(start)),
                    None => Value::Plain(json.since(start)),
                };
                (self.found)(role, value);
                Some(())
            }
        }
    }
}
