//! An ARN taken apart, and ARNs of other things in the same place.

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    /// Empty for services without Regions.
    pub region: &'a str,
    /// Empty for what AWS itself provides.
    pub account: &'a str,
    pub resource: &'a str,
}

impl<'a> Place<'a> {
    pub fn of(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        parts.next().filter(|start| *start == "arn")?;
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }

    /// The ARN of something else in the same account and Region; `name` itself if it is an ARN.
    pub fn beside(&self, service: &str, kind: &str, name: &str) -> String {
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        format!("arn:{}:{service}:{}:{}:{kind}{name}", self.partition, self.region, self.account)
    }

    /// The ARN of a function, by its ARN, `ACCOUNT:function:NAME`, or `NAME`, each with or without a qualifier.
    ///
    /// Source: `FunctionName` of Lambda's `Invoke` (2015-03-31).
    pub fn function(&self, name: &str) -> String {
        match name.split_once(":function:") {
            Some((account, name)) if !account.starts_with("arn:") => {
                Place { account, ..*self }.beside("lambda", "function:", name)
            }
            _ => self.beside("lambda", "function:", name),
        }
    }

    /// The ARN of a role, by its ARN, or by its name with or without a path.
    pub fn role(&self, name: &str) -> String {
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        format!("arn:{}:iam::{}:role/{}", self.partition, self.account, name.trim_start_matches('/'))
    }

    /// Name of the resource: the part after its last slash or colon.
    pub fn name(&self) -> &'a str {
        self.resource.rsplit(['/', ':']).next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_in_one_place_have_alike_arns() {
        let machine =
            Place::of("arn:aws-cn:states:cn-north-1:123456789012:stateMachine:fix").expect("an ARN");
        assert_eq!(machine.name(), "fix");
        let check = |seen: String, expected: &str| assert_eq!(seen, format!("arn:aws-cn:{expected}"));
        check(machine.function("f"), "lambda:cn-north-1:123456789012:function:f");
        check(machine.function("f:live"), "lambda:cn-north-1:123456789012:function:f:live");
        check(machine.function("210987654321:function:f"), "lambda:cn-north-1:210987654321:function:f");
        check(machine.function("arn:aws-cn:lambda:x:1:function:f"), "lambda:x:1:function:f");
        check(machine.role("service-role/r"), "iam::123456789012:role/service-role/r");
        check(machine.role("arn:aws-cn:iam::1:role/r"), "iam::1:role/r");
        check(machine.beside("glue", "job/", "j"), "glue:cn-north-1:123456789012:job/j");
        assert_eq!(Place::of("fix"), None);
        assert_eq!(Place::of("arn:aws:sqs:us-east-1:123456789012"), None);
    }
}
