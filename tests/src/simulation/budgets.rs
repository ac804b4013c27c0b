//! AWS Budgets in the simulated world, the stored budget pressure, and the alerts.

use budget_guard_core::actions::{Alert, BudgetAlert, UnwatchedAlert};
use budget_guard_core::model::{BudgetStatus, Fault};
use budget_guard_core::ports::{Alerts, Budgets, Page, PressureStore, SaveError, Version};
use budget_guard_core::pressure::Pressure;
use budget_guard_core::record::Record;

use super::aws::{Process, State, missing};

impl Budgets for Process {
    fn account(&self) -> &'static str {
        "123456789012"
    }

    async fn budget(&self, name: &str) -> Result<BudgetStatus, Fault> {
        let find = |state: &mut State| {
            if name == "blue" { Ok(super::overspent::status(state)) } else { Err(missing()) }
        };
        self.call("DescribeBudget", find).await
    }
}

impl PressureStore for Process {
    async fn load_pressure(&self) -> Result<Option<(Pressure, Version)>, Fault> {
        self.call("GetItem", |state| Ok(state.pressure.clone())).await
    }

    async fn save_pressure(
        &self,
        pressure: &Pressure,
        expected: Option<Version>,
    ) -> Result<Version, SaveError> {
        let save = |state: &mut State| {
            let stored = state.pressure.as_ref().map(|(_, version)| *version);
            if stored != expected {
                return Err(SaveError::Conflict);
            }
            let version = stored.unwrap_or(0) + 1;
            state.pressure = Some((pressure.clone(), version));
            Ok(version)
        };
        self.call("PutItem", save).await
    }
}

impl Alerts for Process {
    fn topic_arn(&self) -> &'static str {
        "arn:aws:sns:us-east-1:123456789012:alerts"
    }

    async fn publish(&self, alert: &Alert) -> Result<(), Fault> {
        let publish = |state: &mut State| {
            state.note(format!("alert {}: {}", alert.dedup_id, alert.reason));
            state.alerts.push(alert.clone());
            Ok(())
        };
        self.call("Publish", publish).await
    }

    async fn announce(&self, alert: &BudgetAlert) -> Result<(), Fault> {
        let announce = |state: &mut State| {
            state.note(format!("alert {}: {}", alert.dedup_id, alert.reason));
            state.budget_alerts.push(alert.clone());
            Ok(())
        };
        self.call("Publish", announce).await
    }

    async fn warn(&self, alert: &UnwatchedAlert) -> Result<(), Fault> {
        let warn = |state: &mut State| {
            state.note(format!("alert {}", alert.dedup_id));
            Ok(())
        };
        self.call("Publish", warn).await
    }
}

/// All records, on one page.
pub fn records(state: &State) -> Page<Record> {
    let stored = state.records.values();
    let items = stored.filter_map(|(json, window, _)| Record::from_stored(json, window).ok()).collect();
    Page { items, next_token: None }
}
