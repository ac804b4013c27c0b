//! Who acts when a rule fires: the functions, state machines and tasks behind its targets, and their roles.

use serde::{Deserialize, Serialize};

/// What runs when a target gets an event, with the role it runs as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The ARN of the function, the state machine, the document; without version or alias.
    pub arn: String,
    /// The ARN of the role its calls are made with, as far as it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The ARN of the queue or topic it is reached through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

impl Actor {
    /// More actors of one target are not looked for.
    pub const MAX_PER_TARGET: usize = 8;

    pub fn new(arn: &str, role: Option<&str>) -> Self {
        Self { arn: unqualified(arn).to_owned(), role: role.map(str::to_owned), via: None }
    }

    pub fn through(self, arn: &str) -> Self {
        Self { via: Some(arn.to_owned()), ..self }
    }
}

/// The ARN without the version or alias of a function; any other one as it is.
pub fn unqualified(arn: &str) -> &str {
    let is_function = arn.split(':').nth(2) == Some("lambda") && arn.split(':').nth(5) == Some("function");
    match arn.match_indices(':').nth(6) {
        Some((end, _)) if is_function => &arn[..end],
        _ => arn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_aliases_are_of_one_function() {
        let check = |arn: &str, expected: &str| assert_eq!(unqualified(arn), expected);
        let function = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
        check(function, function);
        check(&format!("{function}:live"), function);
        check(&format!("{function}:$LATEST"), function);
        check(
            "arn:aws:rds:us-east-1:123456789012:snapshot:rds:x",
            "arn:aws:rds:us-east-1:123456789012:snapshot:rds:x",
        );
        check("", "");
    }
}
