//! Who made the call: is it one of the rule's own targets?

use crate::model::{Caller, Target};

/// Whether the caller is one of these targets: by the credentials AWS issued to it, else by the session name that
/// Lambda gives to a function's role.
///
/// Source: "CloudTrail userIdentity element" for `inScopeOf`; the session name is observed behaviour of Lambda.
pub fn is_target(caller: &Caller<'_>, targets: &[Target]) -> bool {
    targets.iter().any(|target| match &caller.issued_to {
        Some(issued_to) => same_function(issued_to, &target.arn),
        None => function_of(&target.arn)
            .is_some_and(|(account, name)| calling_function(caller, account) == Some(name)),
    })
}

/// The Lambda function of `account` that made the call, as far as the event tells.
pub(super) fn calling_function<'a>(caller: &'a Caller<'_>, account: &str) -> Option<&'a str> {
    if let Some((of, function)) = caller.issued_to.as_deref().and_then(function_of) {
        return (of == account).then_some(function);
    }
    let mut parts = caller.principal.splitn(6, ':');
    let is_sts = parts.nth(2) == Some("sts");
    let in_account = parts.nth(1) == Some(account);
    let (_, session) = parts.next()?.strip_prefix("assumed-role/")?.split_once('/')?;
    (is_sts && in_account).then_some(session)
}

/// The same function, whatever version or alias either ARN names; for anything but functions, the same ARN.
fn same_function(one: &str, other: &str) -> bool {
    one == other || function_of(one).is_some_and(|function| function_of(other) == Some(function))
}

/// Account and name from `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:VERSION]`.
fn function_of(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.split(':');
    let (service, account) = (parts.nth(2)?, parts.nth(1)?);
    (service == "lambda" && parts.next()? == "function").then_some((account, parts.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_a_target_as_the_caller() {
        let check = |principal: &str, issued_to: Option<&str>, target: &str, expected: bool| {
            let caller = Caller { principal: principal.into(), issued_to: issued_to.map(Into::into) };
            let target = Target::new("1", target);
            assert_eq!(is_target(&caller, &[target]), expected, "{principal} {issued_to:?}");
        };
        let function = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
        let alias = "arn:aws:lambda:us-east-1:123456789012:function:fixer:live";
        let session = "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer";
        check(session, None, function, true);
        check(session, None, alias, true);
        check(session, Some(function), alias, true);
        check(session, Some("arn:aws:lambda:us-east-1:123456789012:function:other"), function, false);
        check("arn:aws:sts::123456789012:assumed-role/fixer-role/other", None, function, false);
        check("arn:aws:sts::999999999999:assumed-role/fixer-role/fixer", None, function, false);
        check("arn:aws:iam::123456789012:user/fixer", None, function, false);
        check(
            "arn:aws:iam::123456789012:user/ann",
            Some("arn:aws:ecs:…:task/1"),
            "arn:aws:ecs:…:task/1",
            true,
        );
        check("fixer", None, "arn:aws:sqs:us-east-1:123456789012:fixer", false);
    }
}
