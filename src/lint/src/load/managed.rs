//! Managed policies of AWS and policy templates of SAM, as lists of actions with a date.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::form::{Role, Statement};

const TABLE: &str = include_str!("../../data/managed-policies.txt");

static POLICIES: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let mut words = line.split(' ');
            (words.next().unwrap_or_default(), words.collect())
        })
        .collect()
});

/// Adds the statement of a managed policy, given by its ARN, or of a template, given as `sam:NAME`.
pub(crate) fn add(role: &mut Role, policy: &str) {
    let name = policy.rsplit('/').next().unwrap_or(policy);
    let is_aws = policy.starts_with("sam:") || policy.contains(":aws:policy/") || !policy.contains(':');
    let Some(actions) = POLICIES.get(name).filter(|_| is_aws) else {
        let of = if is_aws { "AWS's policy" } else { "the policy" };
        return role
            .unknown
            .push(format!("{of} {} is not known here", name.replace(crate::form::UNKNOWN, "…")));
    };
    let is_inverted = actions.iter().any(|action| action.starts_with('!'));
    role.statements.push(Statement {
        label: format!("managed policy {}", name.trim_start_matches("sam:")),
        allows: true,
        actions: actions.iter().map(|action| action.trim_start_matches('!').to_owned()).collect(),
        is_inverted,
        resources: vec!["*".to_owned()],
        has_condition: false,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        for (name, actions) in POLICIES.iter() {
            assert!(!actions.is_empty(), "{name}");
            let is_action = |action: &&str| *action == "*" || action.trim_start_matches('!').contains(':');
            assert!(actions.iter().all(is_action), "{name}: {actions:?}");
        }
        let date = TABLE.lines().find_map(|line| line.strip_prefix("# Date: "));
        assert!(date.is_some_and(|date| date.starts_with("20")), "{date:?}");
    }

    #[test]
    fn a_policy_that_is_not_here_is_named() {
        let check = |policy: &str, expected: &str| {
            let mut role = Role::default();
            add(&mut role, policy);
            let statements =
                role.statements.iter().map(|own| format!("{} {}", own.is_inverted, own.actions.join(" ")));
            let seen = statements.chain(role.unknown.clone()).collect::<Vec<_>>().join("; ");
            assert!(seen.starts_with(expected), "{seen}");
        };
        check("arn:aws:iam::aws:policy/AdministratorAccess", "false *");
        check("arn:aws:iam::aws:policy/service-role/AWSLambdaRole", "false lambda:InvokeFunction");
        check("arn:aws-cn:iam::aws:policy/PowerUserAccess", "true iam:* organizations:* account:*");
        check("sam:S3WritePolicy", "false s3:PutObject");
        check("arn:aws:iam::aws:policy/Unheard", "AWS's policy Unheard is not known here");
        check(
            "arn:aws:iam::123456789012:policy/AdministratorAccess",
            "the policy AdministratorAccess is not",
        );
    }
}
