//! Cost of a loop at list price: of its firings so far, and of those to come at the same pace.

use serde::{Deserialize, Serialize};

use crate::model::MicroUsd;
use crate::policy::SpendLimit;
use crate::prices::FiringCost;
use crate::verdict::Evidence;

/// Hours until an alert of AWS Budgets tells people of a loop. Source: "Managing your costs with AWS Budgets" (AWS Cost
/// Management user guide), which says that billing data is updated every 8 to 12 hours.
pub const BUDGET_ALERT_HOURS: u64 = 12;

/// Cost of the firings of a rule, from its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostEstimate {
    /// Price of a million firings.
    pub per_million_firings_micro_usd: MicroUsd,
    /// Price of a day at the pace of the evidence.
    pub per_day_micro_usd: MicroUsd,
    /// Number of firings per day at this pace.
    pub firings_per_day: u64,
    /// Services of targets without a price here, by the names in their ARNs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpriced_services: Vec<String>,
    /// Firings of the evidence, and the parts of their price. `None` in alerts of earlier versions.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub so_far: Option<CostSoFar>,
}

/// Cost of the firings that the evidence counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostSoFar {
    /// Number of firings that the evidence counts.
    pub firings_so_far: u64,
    /// Price of these firings.
    pub so_far_micro_usd: MicroUsd,
    /// Price of the firings until an alert of AWS Budgets, at the pace of the evidence.
    pub until_budget_alert_micro_usd: MicroUsd,
    /// Limit in dollars that the firings reached. `None` if the limit is a number of firings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<SpendLimit>,
    /// Price of a firing by its parts.
    pub firing: FiringCost,
}

impl CostEstimate {
    /// Estimates the cost if the firings go on at the pace of the evidence. `None` if their times are not known.
    pub fn new(evidence: &Evidence, firing: FiringCost) -> Option<Self> {
        let (first, last) = (evidence.first?, evidence.last?);
        // Event times have whole seconds, so that the shortest burst counts as one second.
        let millis = last.duration_since(first).as_millis().max(1_000);
        let firings_per_day = u64::try_from(i128::from(evidence.count) * 86_400_000 / millis).ok()?;
        let price = firing.per_million();
        let until_alert = firings_per_day.saturating_mul(BUDGET_ALERT_HOURS) / 24;
        Some(Self {
            per_million_firings_micro_usd: price,
            per_day_micro_usd: price.per_million_times(firings_per_day),
            firings_per_day,
            unpriced_services: firing.unpriced_services.clone(),
            so_far: Some(CostSoFar {
                firings_so_far: evidence.count,
                so_far_micro_usd: price.per_million_times(evidence.count),
                until_budget_alert_micro_usd: price.per_million_times(until_alert),
                limit: None,
                firing,
            }),
        })
    }

    /// Adds the limit in dollars that the firings reached.
    pub fn with_limit(mut self, limit: Option<SpendLimit>) -> Self {
        if let Some(so_far) = &mut self.so_far {
            so_far.limit = limit;
        }
        self
    }
}
