//! Cache of the last values parsed: most messages of a batch repeat them.

use super::DecodeError;
use super::field::Field;
use crate::model::{Excerpt, RuleArn, Timestamp};

/// ParseCache rule and last time, with their text.
#[derive(Default)]
pub(super) struct ParseCache {
    rule: Option<RuleArn>,
    time: Option<(String, Timestamp)>,
}

impl ParseCache {
    /// Parses the ARN of a rule, or returns the last one if the text is the same. Errors name the field `name`.
    pub(super) fn rule(&mut self, field: Field<'_>, name: &'static str) -> Result<RuleArn, DecodeError> {
        let text = field.text(name, "the ARN of an EventBridge rule")?;
        match &self.rule {
            Some(rule) if rule.as_str() == text => Ok(rule.clone()),
            _ => {
                let rule = text.parse().map_err(|error| DecodeError::BadRuleArn { field: name, error })?;
                Ok(self.rule.insert(rule).clone())
            }
        }
    }

    /// Parses a time, or returns the last one if the text is the same. Errors name the field `name`.
    pub(super) fn time(&mut self, field: Field<'_>, name: &'static str) -> Result<Timestamp, DecodeError> {
        let text = field.text(name, "an RFC 3339 time")?;
        match &self.time {
            Some((last, at)) if *last == text => Ok(*at),
            _ => {
                let at = text
                    .parse()
                    .map_err(|_| DecodeError::BadTime { field: name, seen: Excerpt::new(&text) })?;
                self.time = Some((text.into_owned(), at));
                Ok(at)
            }
        }
    }
}
