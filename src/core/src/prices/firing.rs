//! Cost of one firing: its event, its delivery, the run of the functions behind it, and the calls that they make.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    ASSUMED_MEMORY_MB, ASSUMED_RUN, AWS_EVENT, CUSTOM_EVENT, DELIVERIES, FUNCTION_TIME, call, delivery,
};
use crate::model::{Arn, DEFAULT_BUS, MeanDurations, MicroUsd, Millis, Seconds, Target};

/// Megabytes in a gigabyte, and milliseconds in a second: the price of run time is for a gigabyte-second.
const MB_MILLIS: u128 = 1_024 * 1_000;

/// Source of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Configuration of the rule and its targets.
    Configuration,
    /// Measurement of CloudWatch, or calls that the guard has seen.
    Measured,
    /// Assumption, because it is not known.
    Assumed,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configuration => "configured",
            Self::Measured => "measured",
            Self::Assumed => "assumed",
        })
    }
}

/// Part of the cost of a firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Price for a million firings.
    #[serde(rename = "per_million_micro_usd")]
    pub per_million: MicroUsd,
    /// Source of the number.
    pub from: Origin,
}

/// Runs of the functions behind the targets. A firing is taken to run each of them once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionPart {
    /// Price for a million firings.
    #[serde(rename = "per_million_micro_usd")]
    pub per_million: MicroUsd,
    /// Number of functions.
    pub functions: u32,
    /// Memory of the most expensive function.
    pub memory_mb: u32,
    /// Source of its memory.
    pub memory_from: Origin,
    /// Duration of its run.
    #[serde(rename = "duration_ms")]
    pub duration: Millis,
    /// Source of the duration.
    pub duration_from: Origin,
}

/// Calls that the functions make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestsPart {
    /// Price for a million firings.
    #[serde(rename = "per_million_micro_usd")]
    pub per_million: MicroUsd,
    /// API call that each firing makes once, such as `s3 PutBucketAcl`.
    pub call: String,
    /// Source of the number of calls.
    pub from: Origin,
}

/// Cost of a firing at list price, by its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiringCost {
    /// The event itself.
    pub event: Part,
    /// Deliveries to the targets.
    pub delivery: Part,
    /// Runs of functions. `None` if no function is known behind the targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<FunctionPart>,
    /// Calls of the functions. `None` if none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<RequestsPart>,
    /// Services of targets without a price, by the names in their ARNs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpriced_services: Vec<String>,
}

/// Part of the cost of a firing that the configuration of a rule and its targets tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CostBasis {
    event: MicroUsd,
    delivery: MicroUsd,
    unpriced_services: Vec<String>,
    functions: Vec<Function>,
}

/// Function behind a target.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Function {
    arn: String,
    memory_mb: Option<u32>,
    time_limit: Option<Seconds>,
}

impl CostBasis {
    /// Reads the configuration of a rule on this bus, with its event pattern and its targets. A rule without a pattern
    /// has a schedule, whose events are free.
    pub fn new(bus: &str, event_pattern: Option<&str>, targets: &[Target]) -> Self {
        let is_of_aws = event_pattern.is_none_or(|pattern| {
            pattern.contains("\"aws.") || pattern.contains("\"AWS API Call via CloudTrail\"")
        });
        let event = if bus == DEFAULT_BUS && is_of_aws { AWS_EVENT } else { CUSTOM_EVENT };
        let mut basis = Self { event: event.per_million, ..Self::default() };
        targets.iter().for_each(|target| basis.add(target));
        basis
    }

    fn add(&mut self, target: &Target) {
        match delivery(&target.arn) {
            Some(price) => self.delivery = self.delivery.plus(price.per_million),
            None => {
                let service = Arn::parse(&target.arn).map_or("unknown", |arn| arn.service);
                if self.unpriced_services.iter().all(|known| known != service) {
                    self.unpriced_services.push(service.to_owned());
                }
            }
        }
        for actor in target.actors.iter().filter(|actor| Arn::service_of(&actor.arn) == "lambda") {
            if self.functions.iter().any(|known| known.arn == actor.arn) {
                continue;
            }
            if actor.via.is_some() {
                self.delivery = self.delivery.plus(request_of_lambda());
            }
            let (arn, memory_mb, time_limit) = (actor.arn.clone(), actor.memory_mb, actor.time_limit);
            self.functions.push(Function { arn, memory_mb, time_limit });
        }
        if target.is_function() && target.actors.is_empty() {
            self.functions.push(Function { arn: target.arn.clone(), memory_mb: None, time_limit: None });
        }
    }

    /// Returns the cost of a firing with these mean durations of functions. `call` is the API call that the targets
    /// were seen to make after each firing.
    pub fn firing(&self, means: &MeanDurations, call: Option<&str>) -> FiringCost {
        let part = |per_million| Part { per_million, from: Origin::Configuration };
        let runs = self.functions.iter().map(|function| function.run(means));
        FiringCost {
            event: part(self.event),
            delivery: part(self.delivery),
            function: runs.reduce(FunctionPart::and),
            requests: call.map(|name| RequestsPart {
                per_million: self::call(name),
                call: name.to_owned(),
                from: Origin::Measured,
            }),
            unpriced_services: self.unpriced_services.clone(),
        }
    }
}

fn request_of_lambda() -> MicroUsd {
    let row = DELIVERIES.iter().find(|(service, ..)| *service == "lambda");
    row.map_or(MicroUsd::default(), |(.., price)| price.per_million)
}

impl Function {
    fn run(&self, means: &MeanDurations) -> FunctionPart {
        let (memory_mb, memory_from) = match self.memory_mb {
            Some(memory) => (memory, Origin::Configuration),
            None => (ASSUMED_MEMORY_MB, Origin::Assumed),
        };
        let assumed = self.time_limit.map_or(ASSUMED_RUN, |limit| ASSUMED_RUN.min(limit.into()));
        let (duration, duration_from) = match means.get(&self.arn) {
            Some(mean) => (*mean, Origin::Measured),
            None => (assumed, Origin::Assumed),
        };
        let used = u128::from(memory_mb) * u128::from(duration.get());
        let price = u128::from(FUNCTION_TIME.per_million.get()) * used / MB_MILLIS;
        let per_million = MicroUsd::new(u64::try_from(price).unwrap_or(u64::MAX));
        FunctionPart { per_million, functions: 1, memory_mb, memory_from, duration, duration_from }
    }
}

impl FunctionPart {
    /// Sum of both, with the numbers of the more expensive function.
    fn and(self, other: Self) -> Self {
        let (shown, rest) = if other.per_million > self.per_million { (other, self) } else { (self, other) };
        let per_million = shown.per_million.plus(rest.per_million);
        Self { per_million, functions: self.functions + other.functions, ..shown }
    }
}

impl FiringCost {
    /// Price of a million firings.
    pub fn per_million(&self) -> MicroUsd {
        let function = self.function.map(|part| part.per_million).unwrap_or_default();
        let requests = self.requests.as_ref().map(|part| part.per_million).unwrap_or_default();
        self.event.per_million.plus(self.delivery.per_million).plus(function).plus(requests)
    }

    /// Parts in one line, each for a million firings.
    pub fn parts(&self) -> String {
        let mut parts = vec![
            format!("event {}", self.event.per_million),
            format!("delivery {}", self.delivery.per_million),
        ];
        parts.extend(self.function.map(|part| part.to_string()));
        parts.extend(
            self.requests.as_ref().map(|part| format!("requests {} ({})", part.per_million, part.call)),
        );
        parts.join(", ")
    }
}

impl fmt::Display for FiringCost {
    /// Prints the sum, with the words "at least" if some target has no price.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = if self.unpriced_services.is_empty() { "about" } else { "at least" };
        write!(f, "{about} {} a million firings", self.per_million())
    }
}

impl fmt::Display for FunctionPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { per_million, functions, memory_mb, memory_from, duration, duration_from } = self;
        let memory_from =
            if memory_from == duration_from { String::new() } else { format!(" {memory_from}") };
        let one = format!("{memory_mb} MB{memory_from}, {duration} {duration_from}");
        match functions {
            1 => write!(f, "function {per_million} ({one})"),
            _ => write!(f, "{functions} functions {per_million} (the most expensive: {one})"),
        }
    }
}

#[cfg(test)]
mod tests;
