//! What a firing costs at list price: the requests only, not the run time of what they start.

use crate::model::{Arn, MicroUsd, Target};

/// When the prices below were read. us-east-1, without free tiers.
pub const PRICES_AS_OF: &str = "2026-11";

/// Price per million requests of what a rule can have as a target, by the ARN's service.
///
/// Source: the public price lists of AWS Lambda, Amazon SQS, Amazon SNS, AWS Step Functions (standard workflows, the start
/// alone) and Amazon EventBridge (custom events).
const PER_MILLION: [(&str, MicroUsd); 5] = [
    ("lambda", MicroUsd::new(200_000)),
    ("sqs", MicroUsd::new(400_000)),
    ("sns", MicroUsd::new(500_000)),
    ("states", MicroUsd::new(25_000_000)),
    ("events", MicroUsd::new(1_000_000)),
];

/// The price of a million firings of a rule with these targets, and the services of targets that have no price here.
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
