//! Roles that the operator declares as those of a rule's targets.

use std::fmt;
use std::str::FromStr;

use super::{Arn, Excerpt};

/// Tag that names the roles of one rule's targets: names or ARNs of roles, separated by spaces.
pub const ACTS_AS_TAG: &str = "budget-guard:acts-as";
/// Maximum length of a role's name. Source: "CreateRole" (AWS IAM API reference).
const MAX_NAME: usize = 64;

/// Declared roles by name or ARN. Empty without the tag.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActsAs(Vec<String>);

/// Error for a tag value that is not a list of roles.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{seen} is no role; expected names or ARNs of roles with spaces between them, as in \"fixer-role other-role\""
)]
pub struct ParseActsAsError {
    seen: Excerpt,
}

impl ActsAs {
    /// No declared roles.
    pub const NONE: Self = Self(Vec::new());

    /// Returns true if no role is declared.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ARN of each role. A name stands for a role of this partition and account.
    pub fn arns<'a>(&'a self, partition: &'a str, account: &'a str) -> impl Iterator<Item = String> + 'a {
        let home = Arn { partition, account, ..Arn::default() };
        self.0.iter().map(move |role| home.role(role))
    }
}

impl FromStr for ActsAs {
    type Err = ParseActsAsError;

    fn from_str(text: &str) -> Result<Self, ParseActsAsError> {
        let roles: Vec<&str> = text.split_whitespace().collect();
        match roles.iter().find(|role| !is_role(role)) {
            Some(wrong) => Err(ParseActsAsError { seen: Excerpt::new(wrong) }),
            None if roles.is_empty() => Err(ParseActsAsError { seen: Excerpt::new(text) }),
            None => Ok(Self(roles.into_iter().map(str::to_owned).collect())),
        }
    }
}

impl fmt::Display for ActsAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() { f.write_str("what AWS tells") } else { f.write_str(&self.0.join(" ")) }
    }
}

fn is_role(text: &str) -> bool {
    let name = match Arn::parse(text) {
        None => text,
        Some(arn) => {
            let is_of_iam = arn.service == "iam" && arn.region.is_empty() && arn.has_account();
            let role = arn.resource.strip_prefix("role/").filter(|_| is_of_iam);
            role.and_then(|role| role.rsplit('/').next()).unwrap_or_default()
        }
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_roles() {
        let check = |text: &str, expected: &[&str]| {
            let roles: ActsAs = text.parse().unwrap();
            assert_eq!(roles.arns("aws", "123456789012").collect::<Vec<_>>(), expected, "{text}");
        };
        check("fixer", &["arn:aws:iam::123456789012:role/fixer"]);
        let other = "arn:aws:iam::210987654321:role/team/hub";
        check(&format!(" fixer  {other}"), &["arn:aws:iam::123456789012:role/fixer", other]);
    }

    #[test]
    fn what_is_no_role_is_named() {
        let check = |text: &str, wrong: &str| {
            let error = text.parse::<ActsAs>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("\"{wrong}\" is no role; expected names or ARNs")), "{error}");
        };
        check("", "");
        check("fixer *", "*");
        check("arn:aws:iam::1:role/x", "arn:aws:iam::1:role/x");
        check("arn:aws:iam::123456789012:user/ann", "arn:aws:iam::123456789012:user/ann");
        check("a/b", "a/b");
        check(&"x".repeat(65), &"x".repeat(65));
    }
}
