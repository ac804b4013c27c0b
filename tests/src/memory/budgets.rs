//! AWS Budgets and the stored overspent budgets, in memory.

use super::World;
use super::faults::Call;
use budget_guard_core::alerts::{AlertJson, AlertKind};
use budget_guard_core::model::{BudgetStatus, Fault, FaultKind};
use budget_guard_core::ports::Budgets;

/// Account of every [`World`].
const ACCOUNT: &str = "123456789012";

/// ARN of the topic for the guard's alerts.
pub const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alerts";

impl World {
    /// The alerts about money.
    pub fn budget_alerts(&self) -> Vec<AlertJson> {
        self.published(|alert| alert.kind == AlertKind::Budget)
    }

    /// The alerts about rules that fire on more than the guard is shown.
    pub fn unwatched_alerts(&self) -> Vec<AlertJson> {
        self.published(|alert| alert.kind == AlertKind::Unwatched)
    }

    /// Deletes a budget.
    pub fn delete_budget(&self, name: &str) {
        self.lock().budgets.remove(name);
    }

    /// Sets a budget, for all further replies of the Budgets API.
    pub fn put_budget(&self, budget: BudgetStatus) {
        self.lock().budgets.insert(budget.name.clone(), budget);
    }
}

impl Budgets for World {
    fn account(&self) -> &str {
        ACCOUNT
    }

    async fn budget(&self, name: &str) -> Result<BudgetStatus, Fault> {
        let missing = || Fault::new(FaultKind::NotFound, "NotFoundException: no such budget");
        self.call(Call::Budget, || self.lock().budgets.get(name).cloned().ok_or_else(missing)).await
    }
}
