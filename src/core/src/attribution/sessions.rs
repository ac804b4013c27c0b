//! Names that AWS services give to their sessions with an actor's role.
//!
//! People and pipelines with the same role use other names. Source: sessions seen in public CloudTrail records; AWS
//! documents none of the names.

use crate::model::Arn;

/// Returns true if a session of a role that only `actor` is known to have may be that actor's own.
///
/// `name` is `None` if the record names only the role of the session. Functions are recognised earlier, by session
/// name, so any other session of a function's role belongs to another principal.
pub(super) fn may_be_named(actor: &str, name: Option<&str>) -> bool {
    let service = Arn::service_of(actor);
    let Some(name) = name else { return service != "lambda" };
    match service {
        "lambda" => false,
        "states" => name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "ecs" | "batch" => {
            name.len() >= 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        }
        "codebuild" => name.starts_with("AWSCodeBuild-"),
        "ssm" => name.starts_with("Automation-"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_name_their_sessions() {
        let check = |kind: &str, name: &str, expected: bool| {
            let actor = format!("arn:aws:{kind}:us-east-1:123456789012:x");
            assert_eq!(may_be_named(&actor, Some(name)), expected, "{kind} {name}");
        };
        check("states", "pUBglYSipyAbyPsehEoWHmOFMDviUKzd", true);
        check("states", "ann", false);
        check("ecs", "6b777c18000000000000000000000000", true);
        check("ecs", "ann@example.com-and-some-more-letters", false);
        check("codebuild", "AWSCodeBuild-00000000-0000-4000-8000-00000000000a", true);
        check("codebuild", "GitHubActions", false);
        check("ssm", "Automation-00000000-0000-4000-8000-000000000001", true);
        check("ssm", "ann", false);
        check("glue", "anything", true);
        check("lambda", "ann", false);
        assert!(may_be_named("arn:aws:states:us-east-1:123456789012:x", None));
        assert!(!may_be_named("arn:aws:lambda:us-east-1:123456789012:function:x", None));
    }
}
