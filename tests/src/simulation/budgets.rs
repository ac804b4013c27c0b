//! AWS Budgets, the stored overspent budgets and the alerts in the simulated world.

use budget_guard_core::alerts::{Alert, Commands, message};
use budget_guard_core::model::{BudgetStatus, Fault, FaultKind};
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
            let message = message(alert, &Commands::default())
                .map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
            state.note(format!("alert {}: {}", message.alert.dedup_id, message.alert.reason));
            state.alerts.push(message.alert);
            Ok(())
        };
        self.call("Publish", publish).await
    }
}
