//! Cost alerts in JSON: Cost Anomaly Detection, and CloudWatch alarms on `AWS/Billing`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::field::{Field, Nested, Object};
use super::{CostAlert, Unrecognised, notice};
use crate::model::{Amount, Timestamp, printable_ascii};

/// Maximum number of characters kept of names and sentences.
const MAX_WORDS: usize = 256;
/// Maximum number of root causes kept per anomaly.
const MAX_CAUSES: usize = 3;

/// Anomaly of Cost Anomaly Detection. Its amounts are in US dollars.
///
/// Source: "Getting started with AWS Cost Anomaly Detection" and "Using EventBridge with Cost Anomaly Detection" (AWS
/// Cost Management user guide), which spell some fields differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostAnomaly {
    /// Id of the anomaly.
    pub id: String,
    /// `accountId` of the anomaly.
    pub account: Option<String>,
    /// Name of the monitor, else its ARN.
    pub monitor: Option<String>,
    /// Value that the monitor watches, usually the name of a service.
    pub dimension: Option<String>,
    /// Start of the anomaly.
    pub since: Option<Timestamp>,
    /// End of the anomaly, as far as it is known.
    pub until: Option<Timestamp>,
    /// Spend above the expected amount.
    pub impact: Option<Amount>,
    /// Actual spend.
    pub actual: Option<Amount>,
    /// Expected spend.
    pub expected: Option<Amount>,
    /// Root causes, at most three.
    pub root_causes: Vec<RootCause>,
}

/// Root cause of an anomaly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootCause {
    /// Name of the service.
    pub service: Option<String>,
    /// Region of the spend.
    pub region: Option<String>,
    /// Linked account of the spend.
    pub account: Option<String>,
    /// Usage type, as on the bill.
    pub usage_type: Option<String>,
    /// Part of the impact that this cause explains.
    pub contribution: Option<Amount>,
}

/// Alarm on the metric `EstimatedCharges`. Source: "Amazon SNS notification" of a CloudWatch alarm, observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillingAlarm {
    /// Name of the alarm.
    pub name: String,
    /// Account of the alarm.
    pub account: Option<String>,
    /// State that the alarm has entered.
    pub state: AlarmState,
    /// Time of the change of state.
    pub since: Option<Timestamp>,
    /// Threshold, in the currency of the metric.
    pub threshold: Option<Amount>,
    /// Estimated charges, from the text of CloudWatch's reason.
    pub charges: Option<Amount>,
    /// Service of the charges. `None` for all services.
    pub service: Option<String>,
}

/// State of an alarm. API: `StateValue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmState {
    /// The charges are within the threshold.
    Ok,
    /// The charges have crossed the threshold.
    Alarm,
    /// CloudWatch has too little data.
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

/// Amounts as they are written, because they must not become floats.
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
struct ForwardedFiring<'a> {
    #[serde(borrow)]
    message: Field<'a>,
}

impl Object for Impact<'_> {}
impl Object for Trigger<'_> {}

/// Parses an alert, also inside an event. `None` if the JSON is not about costs.
pub(super) fn read(text: &str) -> Option<CostAlert> {
    alert(text).or_else(|| {
        let event: EventFields<'_> = serde_json::from_str(text).ok()?;
        event.detail_type.is_present().then_some(())?;
        let detail = event.detail.get();
        alert(detail).or_else(|| {
            let carried: ForwardedFiring<'_> = serde_json::from_str(detail).ok()?;
            notice::read(&words(carried.message, usize::MAX)?).map(CostAlert::Budget)
        })
    })
}

fn alert(text: &str) -> Option<CostAlert> {
    let anomaly = || serde_json::from_str::<AnomalyFields<'_>>(text).ok()?.read().map(CostAlert::Anomaly);
    let alarm = || serde_json::from_str::<AlarmFields<'_>>(text).ok()?.read(text);
    let own = || {
        let own: OwnFields<'_> = serde_json::from_str(text).ok()?;
        let is_own = own.kind.is_present() && own.reason.is_present();
        Some(CostAlert::OwnAlert { dedup_id: words(own.dedup_id, MAX_WORDS).filter(|_| is_own)? })
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
    fn read(self, text: &str) -> Option<CostAlert> {
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
            return Some(CostAlert::Unrecognised(Unrecognised::new(text, why)));
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
        Some(CostAlert::BillingAlarm(BillingAlarm {
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

/// First number in "… 1 datapoint (1.23) was …" or "… datapoints [424.2 (14/10/20 14:13:00)] was …".
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

/// Text made printable and cut.
fn short(field: Field<'_>) -> Option<String> {
    words(field, MAX_WORDS).map(|words| printable_ascii(&words, MAX_WORDS).into_owned())
}

/// Parses a number, or a string that contains one.
fn amount(number: Option<&RawValue>, unit: &str) -> Option<Amount> {
    Amount::from_decimal(number?.get().trim_matches('"'), unit).ok()
}

/// Parses RFC 3339, or a time with `+0000` as CloudWatch writes it.
fn time(field: Field<'_>) -> Option<Timestamp> {
    let text = words(field, MAX_WORDS)?;
    text.parse().ok().or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", &text).ok())
}
