//! AWS Budgets in the simulated world, and the alerts.

use budget_guard_core::actions::{Alert, BudgetAlert, UnwatchedAlert};
use budget_guard_core::model::{BudgetStatus, Fault};
use budget_guard_core::ports::{Alerts, Budgets};

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
