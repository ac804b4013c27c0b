//! ARNs taken apart, and ARNs of other resources in the same account and Region.

use std::fmt;

/// Longest partition and Region accepted: twice the longest there are, for ARNs stand in messages.
const MAX_PLACE_BYTES: usize = 32;
/// Beginning of an ARN's resource that is an event bus.
pub const BUS: &str = "event-bus/";

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`, borrowed. The parts are as they stand in the text, unchecked.
///
/// Source: "Identify AWS resources with Amazon Resource Names (ARNs)" (AWS IAM user guide).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// Namespace of the service, as in `lambda`.
    pub service: &'a str,
    /// Empty for services without Regions.
    pub region: &'a str,
    /// Empty for S3 and for resources that AWS itself provides.
    pub account: &'a str,
    /// Everything after the fifth colon, further colons included.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Parts of an ARN; `None` if the text does not begin with `arn:` or has fewer than six parts.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }

    /// Service in an ARN; empty for a text that is none.
    pub fn service_of(text: &'a str) -> &'a str {
        Self::parse(text).unwrap_or_default().service
    }

    /// Returns true if the partition is one of AWS's.
    pub fn has_partition(&self) -> bool {
        self.partition.starts_with("aws") && is_place(self.partition)
    }

    /// Returns true if a Region is given.
    pub fn has_region(&self) -> bool {
        is_place(self.region)
    }

    /// Returns true if an account is given.
    pub fn has_account(&self) -> bool {
        is_account(self.account)
    }

    /// Name of the resource: the part after its last slash or colon.
    pub fn name(&self) -> &'a str {
        self.resource.rsplit(['/', ':']).next().unwrap_or_default()
    }

    /// The ARN of something else in the same account and Region; `name` itself if it is an ARN.
    pub fn beside(&self, service: &str, kind: &str, name: &str) -> String {
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        Arn { service, resource: &format!("{kind}{name}"), ..*self }.to_string()
    }

    /// The ARN of a function, by its ARN, `ACCOUNT:function:NAME`, or `NAME`, each with or without a qualifier.
    ///
    /// Source: `FunctionName` of Lambda's `Invoke` (2015-03-31).
    pub fn function(&self, name: &str) -> String {
        match name.split_once(":function:") {
            Some((account, name)) if !account.starts_with("arn:") => {
                Arn { account, ..*self }.beside("lambda", "function:", name)
            }
            _ => self.beside("lambda", "function:", name),
        }
    }

    /// The ARN of a role of the same account, by its ARN, or by its name with or without a path.
    pub fn role(&self, name: &str) -> String {
        let name = name.trim_start_matches('/');
        Arn { region: "", ..*self }.beside("iam", "role/", name)
    }
}

impl fmt::Display for Arn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

/// Returns true for an account's number: twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Name of an event bus that is given by its name or its ARN.
pub fn bus_name(text: &str) -> &str {
    Arn::parse(text).and_then(|arn| arn.resource.strip_prefix(BUS)).unwrap_or(text)
}

fn is_place(text: &str) -> bool {
    (1..=MAX_PLACE_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_six_parts() {
        let check =
            |text: &str| assert_eq!(Arn::parse(text).map(|arn| arn.to_string()).as_deref(), Some(text));
        check("arn:aws:lambda:us-east-1:123456789012:function:fixer:live");
        check("arn:aws:s3:::uploads/a:b");
        check("arn:::::");
        let refuse = |text: &str| assert_eq!(Arn::parse(text), None, "{text}");
        let others = ["", "fix", "arn:", "urn:aws:s3:::x", "arn:aws:sqs:us-east-1:123456789012"];
        others.into_iter().for_each(refuse);
    }

    #[test]
    fn parts_are_checked_one_by_one() {
        let check = |text: &str, expected: [bool; 3]| {
            let arn = Arn::parse(text).expect("an ARN");
            assert_eq!([arn.has_partition(), arn.has_region(), arn.has_account()], expected, "{text}");
        };
        check("arn:aws-cn:sqs:cn-north-1:123456789012:q", [true, true, true]);
        check("arn:aws:iam::12345678901x:role/r", [true, false, false]);
        check("arn:gov:sqs:us east:1234:q", [false, false, false]);
        check(&format!("arn:aws:sqs:{}:123456789012:q", "a".repeat(33)), [true, false, true]);
    }

    #[test]
    fn a_bus_is_named_by_its_name_or_its_arn() {
        let check = |text: &str, name: &str| assert_eq!(bus_name(text), name);
        check("orders", "orders");
        check("arn:aws:events:us-east-1:123456789012:event-bus/orders", "orders");
        check("arn:aws:events:us-east-1:123456789012:event-bus/aws.partner/shop/7", "aws.partner/shop/7");
    }

    #[test]
    fn resources_in_one_account_and_region_have_alike_arns() {
        let machine =
            Arn::parse("arn:aws-cn:states:cn-north-1:123456789012:stateMachine:fix").expect("an ARN");
        assert_eq!(machine.name(), "fix");
        let check = |seen: String, expected: &str| assert_eq!(seen, format!("arn:aws-cn:{expected}"));
        check(machine.function("f"), "lambda:cn-north-1:123456789012:function:f");
        check(machine.function("f:live"), "lambda:cn-north-1:123456789012:function:f:live");
        check(machine.function("210987654321:function:f"), "lambda:cn-north-1:210987654321:function:f");
        check(machine.function("arn:aws-cn:lambda:x:1:function:f"), "lambda:x:1:function:f");
        check(machine.role("service-role/r"), "iam::123456789012:role/service-role/r");
        check(machine.role("arn:aws-cn:iam::1:role/r"), "iam::1:role/r");
        check(machine.beside("glue", "job/", "j"), "glue:cn-north-1:123456789012:job/j");
    }
}
