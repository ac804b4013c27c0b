//! Alerts about money that come as JSON: Cost Anomaly Detection, and CloudWatch alarms on `AWS/Billing`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::field::{Field, Nested, Object};
use super::{MoneyAlert, Unrecognised, notice};
use crate::model::{Amount, Timestamp, bounded};

/// Names and sentences are cut after this many characters.
const MAX_WORDS: usize = 256;
/// So many root causes of an anomaly are kept.
const MAX_CAUSES: usize = 3;

/// An anomaly, as Cost Anomaly Detection tells of it. Its numbers are US dollars.
///
/// Source: "Getting started with AWS Cost Anomaly Detection" and "Using EventBridge with Cost Anomaly Detection" (AWS
/// Cost Management user guide), which spell some fields differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostAnomaly {
    pub id: String,
    pub account: Option<String>,
    /// Its name, else its ARN.
    pub monitor: Option<String>,
    /// What the monitor looks at, most often the name of a service.
    pub dimension: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Spent above what was expected.
    pub impact: Option<Amount>,
    pub actual: Option<Amount>,
    pub expected: Option<Amount>,
    /// At most three.
    pub root_causes: Vec<RootCause>,
}

/// What an anomaly is put down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootCause {
    pub service: Option<String>,
    pub region: Option<String>,
    pub account: Option<String>,
    pub usage_type: Option<String>,
    pub contribution: Option<Amount>,
}

/// An alarm on the metric `EstimatedCharges`. Source: "Amazon SNS notification" of a CloudWatch alarm, observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillingAlarm {
    pub name: String,
    pub account: Option<String>,
    pub state: AlarmState,
    pub since: Option<Timestamp>,
    pub threshold: Option<Amount>,
    /// The charges, as far as CloudWatch's sentence tells them.
    pub charges: Option<Amount>,
    /// The service whose charges these are; `None` for all of them.
    pub service: Option<String>,
}

/// The state that an alarm has entered. API: `StateValue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmState {
    Ok,
    Alarm,
    InsufficientData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnomalyFields<'a> {
    #[serde(borrow, default)]
    anomaly_id: Field<'a>,
    #[serde(borrow, default)]
    account_id: Field<'a>,
    #[serde(borrow, default)]
    monitor_arn: Field<'a>,
    #[serde(borrow, default)]
    monitor_name: Field<'a>,
    /// `dimensionValue` in events.
    #[serde(borrow, default, alias = "dimensionValue")]
    dimensional_value: Field<'a>,
    #[serde(borrow, default)]
    anomaly_start_date: Field<'a>,
    #[serde(borrow, default)]
    anomaly_end_date: Field<'a>,
    #[serde(borrow, default)]
    impact: Nested<Impact<'a>>,
    #[serde(borrow, default)]
    root_causes: Nested<Vec<CauseFields<'a>>>,
}

/// Numbers as they are written: they must not become floats.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Impact<'a> {
    #[serde(borrow)]
    total_impact: Option<&'a RawValue>,
    #[serde(borrow)]
    total_actual_spend: Option<&'a RawValue>,
    #[serde(borrow)]
    total_expected_spend: Option<&'a RawValue>,
    #[serde(borrow)]
    contribution: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CauseFields<'a> {
    #[serde(borrow, default)]
    service: Field<'a>,
    #[serde(borrow, default)]
    region: Field<'a>,
    #[serde(borrow, default)]
    linked_account: Field<'a>,
    #[serde(borrow, default)]
    usage_type: Field<'a>,
    #[serde(borrow, default)]
    impact: Nested<Impact<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AlarmFields<'a> {
    #[serde(borrow, default)]
    alarm_name: Field<'a>,
    #[serde(borrow, default, rename = "AWSAccountId")]
    account: Field<'a>,
    #[serde(borrow, default)]
    new_state_value: Field<'a>,
    #[serde(borrow, default)]
    new_state_reason: Field<'a>,
    #[serde(borrow, default)]
    state_change_time: Field<'a>,
    #[serde(borrow, default)]
    trigger: Nested<Trigger<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Trigger<'a> {
    #[serde(borrow, default)]
    namespace: Field<'a>,
    #[serde(borrow, default)]
    metric_name: Field<'a>,
    #[serde(borrow, default)]
    threshold: Option<&'a RawValue>,
    #[serde(borrow, default)]
    dimensions: Nested<Vec<Dimension<'a>>>,
}

#[derive(Deserialize)]
struct Dimension<'a> {
    #[serde(borrow, default)]
    name: Field<'a>,
    #[serde(borrow, default)]
    value: Field<'a>,
}

#[derive(Deserialize)]
struct OwnFields<'a> {
    #[serde(borrow)]
    kind: Field<'a>,
    #[serde(borrow)]
    dedup_id: Field<'a>,
    #[serde(borrow)]
    reason: Field<'a>,
}

#[derive(Deserialize)]
struct EventFields<'a> {
    #[serde(borrow, rename = "detail-type")]
    detail_type: Field<'a>,
    #[serde(borrow)]
    detail: &'a RawValue,
}

#[derive(Deserialize)]
struct Carried<'a> {
    #[serde(borrow)]
    message: Field<'a>,
}

impl Object for Impact<'_> {}
impl Object for Trigger<'_> {}

/// What this JSON says about money, if anything; an event is looked into.
pub(super) fn read(text: &str) -> Option<MoneyAlert> {
    alert(text).or_else(|| {
        let event: EventFields<'_> = serde_json::from_str(text).ok()?;
        event.detail_type.is_present().then_some(())?;
        let detail = event.detail.get();
        alert(detail).or_else(|| {
            let carried: Carried<'_> = serde_json::from_str(detail).ok()?;
            notice::read(&words(carried.message, usize::MAX)?).map(MoneyAlert::Budget)
        })
    })
}

fn alert(text: &str) -> Option<MoneyAlert> {
    let anomaly = || serde_json::from_str::<AnomalyFields<'_>>(text).ok()?.read().map(MoneyAlert::Anomaly);
    let alarm = || serde_json::from_str::<AlarmFields<'_>>(text).ok()?.read(text);
    let own = || {
        let own: OwnFields<'_> = serde_json::from_str(text).ok()?;
        let is_own = own.kind.is_present() && own.reason.is_present();
        Some(MoneyAlert::OwnAlert { dedup_id: words(own.dedup_id, MAX_WORDS).filter(|_| is_own)? })
    };
    anomaly().or_else(alarm).or_else(own)
}

impl AnomalyFields<'_> {
    fn read(self) -> Option<CostAnomaly> {
        let Nested::Object(impact) = self.impact else { return None };
        let mut root_causes = Vec::new();
        if let Nested::Object(causes) = self.root_causes {
            root_causes.extend(causes.into_iter().take(MAX_CAUSES).map(CauseFields::read));
        }
        Some(CostAnomaly {
            id: short(self.anomaly_id)?,
            account: short(self.account_id),
            monitor: short(self.monitor_name).or(short(self.monitor_arn)),
            dimension: short(self.dimensional_value),
            since: time(self.anomaly_start_date),
            until: time(self.anomaly_end_date),
            impact: amount(impact.total_impact, "USD"),
            actual: amount(impact.total_actual_spend, "USD"),
            expected: amount(impact.total_expected_spend, "USD"),
            root_causes,
        })
    }
}

impl CauseFields<'_> {
    fn read(self) -> RootCause {
        let contribution = match self.impact {
            Nested::Object(impact) => amount(impact.contribution, "USD"),
            _ => None,
        };
        RootCause {
            service: short(self.service),
            region: short(self.region),
            account: short(self.linked_account),
            usage_type: short(self.usage_type),
            contribution,
        }
    }
}

impl AlarmFields<'_> {
    fn read(self, text: &str) -> Option<MoneyAlert> {
        let name = short(self.alarm_name)?;
        let state = match &*words(self.new_state_value, MAX_WORDS)? {
            "OK" => AlarmState::Ok,
            "ALARM" => AlarmState::Alarm,
            "INSUFFICIENT_DATA" => AlarmState::InsufficientData,
            _ => return None,
        };
        let Nested::Object(trigger) = self.trigger else { return None };
        if !trigger.namespace.is("AWS/Billing") {
            let metric = [trigger.namespace, trigger.metric_name].map(|word| short(word).unwrap_or_default());
            let metric = metric.join(" ");
            let metric = if metric.trim().is_empty() { "several metrics" } else { metric.trim() };
            let why = format!("a CloudWatch alarm on {metric}, and that is not about money");
            return Some(MoneyAlert::Unrecognised(Unrecognised::new(text, why)));
        }
        let (mut currency, mut service) = (None, None);
        if let Nested::Object(dimensions) = trigger.dimensions {
            for Dimension { name, value } in dimensions {
                match name {
                    name if name.is("Currency") => currency = short(value),
                    name if name.is("ServiceName") => service = short(value),
                    _ => {}
                }
            }
        }
        let currency = currency.unwrap_or_else(|| "USD".to_owned());
        let reason = words(self.new_state_reason, usize::MAX).unwrap_or_default();
        Some(MoneyAlert::BillingAlarm(BillingAlarm {
            name,
            account: short(self.account),
            state,
            since: time(self.state_change_time),
            threshold: amount(trigger.threshold, &currency),
            charges: datapoint(&reason).and_then(|number| Amount::from_decimal(number, &currency).ok()),
            service,
        }))
    }
}

/// "… 1 datapoint (1.23) was …", "… datapoints [424.2 (14/10/20 14:13:00)] was …".
fn datapoint(reason: &str) -> Option<&str> {
    let (_, rest) = reason.split_once("datapoint")?;
    let (_, rest) = rest.split_once(['(', '['])?;
    rest.split([' ', ')', ']', ',']).next()
}

fn words(field: Field<'_>, max: usize) -> Option<String> {
    match field {
        Field::Text(text) if !text.trim().is_empty() => Some(text.chars().take(max).collect()),
        _ => None,
    }
}

/// Printable, and not too long.
fn short(field: Field<'_>) -> Option<String> {
    words(field, MAX_WORDS).map(|words| bounded(&words, MAX_WORDS).into_owned())
}

/// A number, or text that is one.
fn amount(number: Option<&RawValue>, unit: &str) -> Option<Amount> {
    Amount::from_decimal(number?.get().trim_matches('"'), unit).ok()
}

/// RFC 3339, or with `+0000` as CloudWatch writes it.
fn time(field: Field<'_>) -> Option<Timestamp> {
    let text = words(field, MAX_WORDS)?;
    text.parse().ok().or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", &text).ok())
}
