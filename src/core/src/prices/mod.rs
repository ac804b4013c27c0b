//! List prices of AWS: the only table of them, and what one firing of a rule costs by it.

mod firing;

pub use firing::{CostBasis, FiringCost, FunctionPart, Origin, Part, RequestsPart};

use crate::model::{Arn, MicroUsd, Millis};

/// Month in which the prices were read.
pub const AS_OF: &str = "2026-11";
/// Region of the prices. Those of other Regions differ by up to a half.
pub const REGION: &str = "us-east-1";

/// Duration assumed for a run of a function that is not measured. A shorter time limit takes its place.
pub const ASSUMED_RUN: Millis = Millis::new(1_000);
/// Memory assumed for a function whose configuration is not known, in megabytes: the default of AWS Lambda.
pub const ASSUMED_MEMORY_MB: u32 = 128;

/// Price of a million of something, without free tiers, and the page that states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Unit that is paid for.
    pub item: &'static str,
    /// Price of a million.
    pub per_million: MicroUsd,
    /// Page of AWS with the price.
    pub page: &'static str,
}

impl Price {
    const fn new(item: &'static str, micro_usd: u64, page: &'static str) -> Self {
        Self { item, per_million: MicroUsd::new(micro_usd), page }
    }
}

/// Events of AWS services on the default bus.
pub const AWS_EVENT: Price = Price::new("event of an AWS service", 0, "aws.amazon.com/eventbridge/pricing");
/// Events of applications and partners, for each 64 KB.
pub const CUSTOM_EVENT: Price = Price::new("custom event", 1_000_000, "aws.amazon.com/eventbridge/pricing");
/// Run time of a function on x86, in gigabyte-seconds. On Arm it is a fifth less.
pub const FUNCTION_TIME: Price = Price::new("gigabyte-second", 16_666_667, "aws.amazon.com/lambda/pricing");

/// Deliveries to a target, by the service in the target's ARN and the beginning of its resource.
#[rustfmt::skip]
pub const DELIVERIES: &[(&str, &str, Price)] = &[
    ("lambda", "", Price::new("request of AWS Lambda", 200_000, "aws.amazon.com/lambda/pricing")),
    ("sqs",    "", Price::new("request of Amazon SQS", 400_000, "aws.amazon.com/sqs/pricing")),
    ("sns",    "", Price::new("request of Amazon SNS", 500_000, "aws.amazon.com/sns/pricing")),
    ("states", "", Price::new("state transition of AWS Step Functions", 25_000_000, "aws.amazon.com/step-functions/pricing")),
    ("events", "api-destination/", Price::new("call of an API destination", 200_000, "aws.amazon.com/eventbridge/pricing")),
    ("events", "", Price::new("event to another bus", 1_000_000, "aws.amazon.com/eventbridge/pricing")),
];

/// Calls that change something, by the service that CloudTrail names. Those of other services are free, or have no price
/// for each call.
#[rustfmt::skip]
pub const CALLS: &[(&str, Price)] = &[
    ("s3",             Price::new("PUT request of Amazon S3", 5_000_000, "aws.amazon.com/s3/pricing")),
    ("kms",            Price::new("request of AWS KMS", 3_000_000, "aws.amazon.com/kms/pricing")),
    ("secretsmanager", Price::new("call of AWS Secrets Manager", 5_000_000, "aws.amazon.com/secrets-manager/pricing")),
];

/// Returns the price of a delivery to a target. `None` if the table has none.
fn delivery(target: &str) -> Option<&'static Price> {
    let arn = Arn::parse(target)?;
    let row = DELIVERIES
        .iter()
        .find(|(service, resource, _)| *service == arn.service && arn.resource.starts_with(resource));
    row.map(|(.., price)| price)
}

/// Returns the price of an API call such as `s3 PutBucketAcl`: nothing if the table has no price of its service.
fn call(name: &str) -> MicroUsd {
    let service = name.split(' ').next().unwrap_or_default();
    let row = CALLS.iter().find(|(priced, _)| *priced == service);
    row.map_or(MicroUsd::default(), |(_, price)| price.per_million)
}
