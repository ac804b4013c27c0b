//! Cost of firings at list price: the requests only, without the run time of targets.

use serde::{Deserialize, Serialize};

use crate::model::{Arn, MicroUsd, RuleDefinition, Target};
use crate::verdict::Evidence;

/// Month in which the prices below were read, for us-east-1 and without free tiers.
pub const PRICES_AS_OF: &str = "2026-11";

/// Price per million requests to a target, by the service in the target's ARN.
///
/// Source: the public price lists of AWS Lambda, Amazon SQS, Amazon SNS, AWS Step Functions (standard workflows, the
/// start alone) and Amazon EventBridge (custom events).
const PER_MILLION: [(&str, MicroUsd); 5] = [
    ("lambda", MicroUsd::new(200_000)),
    ("sqs", MicroUsd::new(400_000)),
    ("sns", MicroUsd::new(500_000)),
    ("states", MicroUsd::new(25_000_000)),
    ("events", MicroUsd::new(1_000_000)),
];

/// List prices of the requests that the firings of a rule make. Run time and calls of the targets are not included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostEstimate {
    /// Price of a million firings.
    pub per_million_firings_micro_usd: MicroUsd,
    /// Price of a day at the present rate.
    pub per_day_micro_usd: MicroUsd,
    /// Number of firings per day at the present rate.
    pub firings_per_day: u64,
    /// Services of targets without a price here, by the names in their ARNs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpriced_services: Vec<String>,
}

impl CostEstimate {
    /// Estimates the cost if the firings of a trip go on at their rate. `None` if their times are not known.
    pub fn new(evidence: &Evidence, found: &RuleDefinition) -> Option<Self> {
        let (first, last) = (evidence.first?, evidence.last?);
        // Event times have whole seconds, so that the shortest burst counts as one second.
        let millis = last.duration_since(first).as_millis().max(1_000);
        let firings_per_day = u64::try_from(i128::from(evidence.count) * 86_400_000 / millis).ok()?;
        let (price, unpriced) = cost_per_million(&found.targets);
        Some(Self {
            per_million_firings_micro_usd: price,
            per_day_micro_usd: price.per_million_times(firings_per_day),
            firings_per_day,
            unpriced_services: unpriced,
        })
    }
}

/// Returns the price of a million firings of a rule with these targets, and the services of targets without a price.
pub fn cost_per_million(targets: &[Target]) -> (MicroUsd, Vec<String>) {
    let mut sum = MicroUsd::default();
    let mut unpriced = Vec::new();
    for target in targets {
        let service = Arn::parse(&target.arn).map_or("unknown", |arn| arn.service);
        match PER_MILLION.iter().find(|(priced, _)| *priced == service) {
            Some((_, price)) => sum = sum.plus(*price),
            None if unpriced.iter().any(|known| known == service) => {}
            None => unpriced.push(service.to_owned()),
        }
    }
    (sum, unpriced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_the_targets() {
        let check = |services: &[&str], micros: u64, unpriced: &[&str]| {
            let target =
                |service: &&str| Target::new("1", format!("arn:aws:{service}:us-east-1:123456789012:x"));
            let targets: Vec<Target> = services.iter().map(target).collect();
            let (sum, without) = cost_per_million(&targets);
            assert_eq!((sum.get(), without), (micros, unpriced.iter().map(|s| (*s).to_owned()).collect()));
        };
        check(&[], 0, &[]);
        check(&["lambda"], 200_000, &[]);
        check(&["lambda", "sqs", "sqs"], 1_000_000, &[]);
        check(&["ssm", "ecs", "ssm"], 0, &["ssm", "ecs"]);
    }
}
