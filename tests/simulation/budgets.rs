//! AWS Budgets in the simulated world, and the stored budget pressure.

use budget_guard::model::{BudgetStatus, Fault};
use budget_guard::ports::{Budgets, PressureStore, SaveError, Version};
use budget_guard::pressure::Pressure;

use super::aws::{Process, State, missing};

/// No world has a budget yet.
impl Budgets for Process {
    fn account(&self) -> &'static str {
        "123456789012"
    }

    async fn budget(&self, _: &str) -> Result<BudgetStatus, Fault> {
        self.call("DescribeBudget", |_| Err(missing())).await
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
