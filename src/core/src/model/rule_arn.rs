//! ARNs of EventBridge rules.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize, de};

use super::{Arn, Excerpt};

/// The ARN of a rule: `arn:PARTITION:events:REGION:ACCOUNT:rule/NAME` on the default bus, `…:rule/BUS/NAME` on others.
///
/// Partner buses have slashes in their names, so the name is what follows the last slash.
/// Source: "Actions, resources, and condition keys for Amazon EventBridge" (service authorization reference).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleArn {
    text: Arc<str>,
    /// Offset of `NAME` or `BUS/NAME`.
    path: usize,
    name: usize,
}

/// The bus that AWS services send their events to.
pub const DEFAULT_BUS: &str = "default";
/// Beginning of the names of the guard's rules and functions. It proves nothing: see [`super::Own`].
pub const OWN_PREFIX: &str = "budget-guard-";
/// Beginning of the names of rules that `budget-guard drill` makes, to be cut.
pub const DRILL_PREFIX: &str = "drill-budget-guard-";
/// Id of the target with which `attach` sends the events of a rule to the guard's queue.
pub const GUARD_TARGET_ID: &str = "budget-guard";

/// The longest ARN that EventBridge accepts.
const MAX_ARN_BYTES: usize = 1_600;

impl RuleArn {
    /// The ARN of the rule `name` on `bus`, in this account and Region. Fails if a part is not as AWS spells it.
    pub fn new(
        partition: &str,
        region: &str,
        account: &str,
        bus: &str,
        name: &str,
    ) -> Result<Self, ParseRuleArnError> {
        let path = if bus == DEFAULT_BUS { format!("rule/{name}") } else { format!("rule/{bus}/{name}") };
        Arn { partition, service: "events", region, account, resource: &path }.to_string().parse()
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Partition, as in `aws` or `aws-cn`.
    pub fn partition(&self) -> &str {
        self.parts().partition
    }

    /// Region, as in `us-east-1`.
    pub fn region(&self) -> &str {
        self.parts().region
    }

    /// Account, in 12 digits.
    pub fn account(&self) -> &str {
        self.parts().account
    }

    /// Returns true for a rule of the bus that AWS services send their events to.
    pub fn is_on_default_bus(&self) -> bool {
        self.name == self.path
    }

    /// The rule as the command line takes it: `NAME`, or `BUS/NAME` for a rule that is not on the default bus.
    pub fn path(&self) -> &str {
        &self.text[self.path..]
    }

    /// `default`, or the name of the custom or partner bus.
    pub fn bus(&self) -> &str {
        if self.name == self.path { DEFAULT_BUS } else { &self.text[self.path..self.name - 1] }
    }

    /// Name of the rule, without its bus.
    pub fn name(&self) -> &str {
        &self.text[self.name..]
    }

    fn parts(&self) -> Arn<'_> {
        Arn::parse(&self.text).unwrap_or_default()
    }
}

impl fmt::Display for RuleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for RuleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not the ARN of a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{seen} is not a rule ARN ({problem}); expected arn:aws:events:REGION:ACCOUNT:rule/[BUS/]NAME")]
pub struct ParseRuleArnError {
    seen: Excerpt,
    problem: &'static str,
}

impl FromStr for RuleArn {
    type Err = ParseRuleArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |problem| ParseRuleArnError { seen: Excerpt::new(text), problem };
        if text.len() > MAX_ARN_BYTES {
            return Err(bad("longer than 1,600 bytes"));
        }
        if text.splitn(6, ':').count() < 6 {
            return Err(bad("fewer than six parts"));
        }
        let arn = Arn::parse(text).filter(Arn::has_partition);
        let arn = arn.ok_or_else(|| bad("does not begin with arn:aws"))?;
        let word = |text: &str, more: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.as_bytes().contains(&b))
        };
        if arn.service != "events" {
            return Err(bad("the service is not events"));
        }
        if !arn.has_region() {
            return Err(bad("no region"));
        }
        if !arn.has_account() {
            return Err(bad("the account is not twelve digits"));
        }
        let path = arn.resource.strip_prefix("rule/").ok_or_else(|| bad("the resource is not rule/…"))?;
        let (bus, name) = path.rsplit_once('/').map_or((None, path), |(bus, name)| (Some(bus), name));
        if name.len() > 64 || !word(name, ".-_") {
            return Err(bad("the rule name is not 1 to 64 of A-Z a-z 0-9 . - _"));
        }
        if bus.is_some_and(|bus| bus.len() > 256 || !word(bus, "/.-_")) {
            return Err(bad("the bus name is not 1 to 256 of A-Z a-z 0-9 / . - _"));
        }
        Ok(Self { text: text.into(), path: text.len() - path.len(), name: text.len() - name.len() })
    }
}

impl Serialize for RuleArn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for RuleArn {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_an_arn_apart() {
        let check = |text: &str, bus: &str, name: &str| {
            let arn: RuleArn = text.parse().unwrap();
            assert_eq!((arn.bus(), arn.name()), (bus, name));
            assert_eq!(arn.to_string(), text);
        };
        check("arn:aws:events:eu-west-1:123456789012:rule/fix-acl", "default", "fix-acl");
        check("arn:aws-cn:events:cn-north-1:123456789012:rule/orders/fix-acl", "orders", "fix-acl");
        check(
            "arn:aws:events:us-east-1:123456789012:rule/aws.partner/shop.example/7/on",
            "aws.partner/shop.example/7",
            "on",
        );
        let arn: RuleArn = "arn:aws-us-gov:events:us-gov-west-1:123456789012:rule/r".parse().unwrap();
        assert_eq!(
            (arn.partition(), arn.region(), arn.account()),
            ("aws-us-gov", "us-gov-west-1", "123456789012")
        );
    }

    #[test]
    fn refuses_what_is_not_a_rule_arn() {
        let check = |text: &str, problem: &str| {
            let error = text.parse::<RuleArn>().unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        };
        check("", "fewer than six parts");
        check("rule/x", "fewer than six parts");
        check("arn:aws:events:us-east-1:123456789012", "fewer than six parts");
        check("urn:aws:events:us-east-1:123456789012:rule/x", "arn:aws");
        check("arn:aws:lambda:us-east-1:123456789012:function:x", "service is not events");
        check("arn:aws:events::123456789012:rule/x", "no region");
        check(&format!("arn:aws:events:{}:123456789012:rule/x", "a".repeat(33)), "no region");
        check("arn:aws:events:us-east-1:1234:rule/x", "twelve digits");
        check("arn:aws:events:us-east-1:123456789012:event-bus/x", "not rule/");
        check("arn:aws:events:us-east-1:123456789012:rule/", "rule name");
        check("arn:aws:events:us-east-1:123456789012:rule/a b", "rule name");
        check("arn:aws:events:us-east-1:123456789012:rule//x", "bus name");
        check(&format!("arn:aws:events:us-east-1:123456789012:rule/{}", "x".repeat(2_000)), "1,600 bytes");
    }
}
