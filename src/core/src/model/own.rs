//! Parts of the guard's own stack, by ARN.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use super::{Arn, Call, CallOutcome, Caller, Excerpt, OWN_PREFIX, RuleArn, unqualified};

/// Ends of the names of the rules that show the guard events and changes.
const EYES: [&str; 2] = ["-watch", "-changes"];
/// Ends of the names of the queues that the functions read.
const QUEUES: [&str; 2] = ["-firings", "-attached"];
/// Calls that change a queue, a function or a table, by service. Names of calls to Lambda end with the version of the API.
///
/// Source: "Logging Amazon SQS API calls using AWS CloudTrail" (Amazon SQS developer guide), and the same of AWS Lambda and
/// Amazon DynamoDB.
const CHANGES: [(&str, &[&str]); 3] = [
    ("sqs", &["SetQueueAttributes", "DeleteQueue", "PurgeQueue", "AddPermission", "RemovePermission"]),
    (
        "lambda",
        &[
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
            "DeleteFunction",
            "PutFunctionConcurrency",
            "UpdateEventSourceMapping",
            "DeleteEventSourceMapping",
            "AddPermission",
            "RemovePermission",
        ],
    ),
    ("dynamodb", &["DeleteTable", "UpdateTable"]),
];

/// Rules, functions, roles and other parts of one stack of the guard.
///
/// Names prove nothing, because any rule and any session may have any name. ARNs are compared whole. A stack with
/// another `GuardName` in the same account has other parts, which are not these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    arns: Arc<BTreeSet<String>>,
    /// Sessions of the functions, as in `arn:aws:sts::123456789012:assumed-role/ROLE/FUNCTION`. Lambda names the session
    /// of a function after the function (observed behaviour).
    sessions: Arc<BTreeSet<String>>,
}

/// Text that is no list of the parts of a stack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseOwnError {
    /// A part is no ARN.
    #[error("{0} is no ARN; expected the ARNs of the stack's parts, with commas between them")]
    NotAnArn(Excerpt),
    /// A kind of part is missing.
    #[error("it names no {0} of the stack; expected the ARNs of its rules, functions and roles")]
    Missing(&'static str),
}

impl Own {
    /// Returns true if this is the ARN of a part of the stack, or of a version of one of its functions.
    pub fn has(&self, arn: &str) -> bool {
        !self.arns.is_empty() && (self.arns.contains(arn) || self.arns.contains(unqualified(arn)))
    }

    /// Returns true for a rule of the stack.
    pub fn has_rule(&self, rule: &RuleArn) -> bool {
        self.arns.contains(rule.as_str())
    }

    /// Returns true for a rule of the stack that receives the events of the default bus.
    pub fn is_watch(&self, rule: &RuleArn) -> bool {
        let name = rule.name();
        (name.ends_with("-watch") || name.ends_with("-catch-all")) && self.has_rule(rule)
    }

    /// Returns true for a call that a function of the stack made. The function that AWS names takes precedence over the
    /// name of the session, because another function may be given the same role.
    pub fn made(&self, caller: &Caller<'_>) -> bool {
        let is_function = |arn: &&str| Arn::service_of(arn) == "lambda";
        match caller.issued_to.as_deref().filter(is_function) {
            Some(function) => self.has(function),
            None => self.sessions.contains(&*caller.principal),
        }
    }

    /// Returns the rules of the stack that show it events and changes.
    pub fn eyes(&self) -> impl Iterator<Item = RuleArn> {
        let rules = self.arns.iter().filter(|arn| EYES.iter().any(|end| arn.ends_with(end)));
        rules.filter_map(|arn| arn.parse().ok())
    }

    /// Returns the queues that the functions of the stack read.
    pub fn queues(&self) -> impl Iterator<Item = &str> {
        self.arns().filter(|arn| Arn::service_of(arn) == "sqs" && QUEUES.iter().any(|end| arn.ends_with(end)))
    }

    /// Returns the part, other than a rule, that a successful call changed. `event` returns the text of its event.
    pub fn touched_by<'e>(&self, call: &Call<'_>, event: impl FnOnce() -> Cow<'e, [u8]>) -> Option<&str> {
        let service = call.service.strip_suffix(".amazonaws.com")?;
        let changes = CHANGES.iter().find(|(of, _)| *of == service)?.1;
        let is_change = changes.iter().any(|name| call.operation.starts_with(name));
        if !is_change || call.outcome != CallOutcome::Succeeded {
            return None;
        }
        let event = event();
        let event = String::from_utf8_lossy(&event);
        let parts = self.arns().filter_map(|arn| Some((arn, Arn::parse(arn)?)));
        let mut parts = parts.filter(|(_, part)| part.service == service);
        parts.find(|(_, part)| is_named(&event, part.name())).map(|(arn, _)| arn)
    }

    /// Returns the ARNs of all parts, sorted.
    pub fn arns(&self) -> impl Iterator<Item = &str> {
        self.arns.iter().map(String::as_str)
    }

    /// Returns true for a rule that has the guard's name and is no part of the stack.
    pub fn is_lookalike(&self, rule: &RuleArn) -> bool {
        rule.name().starts_with(OWN_PREFIX) && !self.has_rule(rule)
    }
}

impl FromStr for Own {
    type Err = ParseOwnError;

    /// Reads ARNs with commas between them. There must be a rule, a function and a role.
    fn from_str(text: &str) -> Result<Self, ParseOwnError> {
        let mut arns = BTreeSet::new();
        let (mut functions, mut roles, mut rules) = (Vec::new(), Vec::new(), 0);
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let arn = Arn::parse(part).filter(|arn| arn.has_partition() && arn.has_account());
            let arn = arn.ok_or_else(|| ParseOwnError::NotAnArn(Excerpt::new(part)))?;
            match (arn.service, arn.resource.split_once([':', '/'])) {
                ("lambda", Some(("function", name))) => functions.push(name),
                ("iam", Some(("role", _))) => roles.push(arn),
                ("events", _) => {
                    let rule = part.parse::<RuleArn>();
                    rule.map_err(|_| ParseOwnError::NotAnArn(Excerpt::new(part)))?;
                    rules += 1;
                }
                _ => {}
            }
            arns.insert(part.to_owned());
        }
        let kinds = [("rule", rules), ("function", functions.len()), ("role", roles.len())];
        if let Some((kind, _)) = kinds.into_iter().find(|(_, count)| *count == 0) {
            return Err(ParseOwnError::Missing(kind));
        }
        let sessions = roles.iter().flat_map(|role| functions.iter().map(|name| session(role, name)));
        Ok(Self { sessions: Arc::new(sessions.collect()), arns: Arc::new(arns) })
    }
}

/// Returns true if the event has this name as a whole, alone or at the end of an ARN or a URL.
fn is_named(event: &str, name: &str) -> bool {
    ["\"", ":", "/"].iter().any(|before| event.contains(&format!("{before}{name}\"")))
}

/// ARN of a function's session with a role. It has the name of the role without its path.
fn session(role: &Arn<'_>, function: &str) -> String {
    let name = role.resource.rsplit('/').next().unwrap_or_default();
    let resource = format!("assumed-role/{name}/{function}");
    Arn { service: "sts", resource: &resource, ..*role }.to_string()
}

#[cfg(test)]
const EXAMPLE: &str = "arn:aws:events:us-east-1:123456789012:rule/budget-guard-watch,\
    arn:aws:events:us-east-1:123456789012:rule/budget-guard-catch-all,\
    arn:aws:events:us-east-1:123456789012:rule/budget-guard-changes,\
    arn:aws:lambda:us-east-1:123456789012:function:budget-guard-ingest,\
    arn:aws:iam::123456789012:role/stacks/guard-role,\
    arn:aws:sqs:us-east-1:123456789012:budget-guard-firings";

#[cfg(test)]
impl Own {
    /// Parts of a stack, for tests.
    pub(crate) fn example() -> Self {
        EXAMPLE.parse().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_the_guards_own_by_role_and_function_and_never_by_a_name() {
        let check = |principal: &str, issued_to: Option<&str>, expected: bool| {
            let caller = Caller { principal: principal.into(), issued_to: issued_to.map(Into::into) };
            assert_eq!(Own::example().made(&caller), expected, "{principal} {issued_to:?}");
        };
        let session = |path: &str| format!("arn:aws:sts::123456789012:assumed-role/{path}");
        let function = |name: &str| format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
        let ingest = session("guard-role/budget-guard-ingest");
        check(&ingest, None, true);
        check(&ingest, Some(&function("budget-guard-ingest")), true);
        check(&ingest, Some(&function("budget-guard-ingest:7")), true);
        // The role was given to another function of the same name, elsewhere, or of another name.
        check(&ingest, Some("arn:aws:lambda:eu-west-1:123456789012:function:budget-guard-ingest"), false);
        check(&ingest, Some(&function("mallory")), false);
        check(&session("mallory/budget-guard-ingest"), None, false);
        check(&session("mallory/budget-guard-x"), None, false);
        check(&session("guard-role/ann"), None, false);
        check(&ingest.replace("123456789012", "999999999999"), None, false);
        check("arn:aws:iam::123456789012:user/budget-guard-ingest", None, false);
    }

    #[test]
    fn a_rule_is_the_guards_own_by_its_whole_arn() {
        let rule = |path: &str| -> RuleArn {
            format!("arn:aws:events:us-east-1:123456789012:rule/{path}").parse().unwrap()
        };
        let check = |path: &str, expected: [bool; 3]| {
            let rule = rule(path);
            let seen = [
                Own::example().has_rule(&rule),
                Own::example().is_watch(&rule),
                Own::example().is_lookalike(&rule),
            ];
            assert_eq!(seen, expected, "{path}");
        };
        check("budget-guard-watch", [true, true, false]);
        check("budget-guard-x-watch", [false, false, true]);
        check("orders/budget-guard-watch", [false, false, true]);
        check("fix-acl", [false, false, false]);
        assert!(Own::example().has("arn:aws:sqs:us-east-1:123456789012:budget-guard-firings"));
        assert!(!Own::example().has("arn:aws:sqs:us-east-1:123456789012:budget-guard-other"));
        assert!(!Own::default().has(""));
    }

    #[test]
    fn a_call_on_a_part_is_known_by_the_whole_name_of_the_part() {
        let check = |service: &str, operation: &str, parameters: &str, expected: Option<&str>| {
            let call = Call {
                service: format!("{service}.amazonaws.com").into(),
                operation: operation.into(),
                role: None,
                access_key: None,
                invoked_by: None,
                is_by_service: false,
                resource: None,
                wording: None,
                outcome: CallOutcome::Succeeded,
            };
            let event = format!("{{\"detail\":{{\"requestParameters\":{parameters}}}}}");
            let own = Own::example();
            let seen = own.touched_by(&call, || event.as_bytes().into());
            assert_eq!(seen.map(|arn| arn.rsplit(':').next().unwrap()), expected, "{operation} {parameters}");
            let refused = Call { outcome: CallOutcome::Refused, ..call };
            assert_eq!(own.touched_by(&refused, || event.as_bytes().into()), None);
        };
        let (queue, ingest) = (Some("budget-guard-firings"), Some("budget-guard-ingest"));
        let url = r#"{"queueUrl":"https://sqs.us-east-1.amazonaws.com/123456789012/budget-guard-firings"}"#;
        check("sqs", "SetQueueAttributes", url, queue);
        check("sqs", "DeleteQueue", url, queue);
        check("sqs", "GetQueueAttributes", url, None);
        check("sqs", "DeleteQueue", &url.replace("firings", "firings-2"), None);
        check("sqs", "DeleteQueue", &url.replace("budget-guard-", "x-budget-guard-"), None);
        check("lambda", "UpdateFunctionCode20150331v2", r#"{"functionName":"budget-guard-ingest"}"#, ingest);
        let arn = r#"{"functionName":"arn:aws:lambda:us-east-1:123456789012:function:budget-guard-ingest"}"#;
        check("lambda", "PutFunctionConcurrency20171031", arn, ingest);
        let mapping = r#"{"uUID":"x"},"responseElements":{"functionArn":"arn:aws:lambda:us-east-1:123456789012:function:budget-guard-ingest"}"#;
        check("lambda", "DeleteEventSourceMapping20150331", mapping, ingest);
        check("lambda", "DeleteFunction20150331", r#"{"functionName":"budget-guard-x"}"#, None);
        check("dynamodb", "DeleteTable", r#"{"tableName":"budget-guard-ingest"}"#, None);
    }

    #[test]
    fn a_list_that_cannot_be_right_is_refused() {
        let check = |text: &str, expected: &str| {
            assert_eq!(text.parse::<Own>().unwrap_err().to_string(), expected);
        };
        check(
            "budget-guard-watch",
            "\"budget-guard-watch\" is no ARN; expected the ARNs of the stack's parts, with commas between them",
        );
        let without = |part: &str| {
            let kept: Vec<&str> = EXAMPLE.split(',').filter(|arn| !arn.contains(part)).collect();
            kept.join(",")
        };
        for (part, kind) in [(":events:", "rule"), (":lambda:", "function"), (":iam:", "role")] {
            let expected = format!(
                "it names no {kind} of the stack; expected the ARNs of its rules, functions and roles"
            );
            check(&without(part), &expected);
        }
        assert!(format!("{EXAMPLE},").parse::<Own>().is_ok());
    }
}
