//! EventBridge Scheduler in memory.

use super::World;
use super::faults::Call;
use super::lists::page;
use budget_guard_core::model::{Fault, FaultKind, ListedSchedule, ScheduleDefinition};
use budget_guard_core::ports::{Page, Scheduler};

const GROUP: &str = "default";

impl World {
    /// Creates or changes a schedule without a flexible time window.
    pub fn put_schedule(&self, name: &str, target: &str, expression: &str) {
        let definition = ScheduleDefinition {
            expression: expression.to_owned(),
            is_flexible: false,
            target: target.to_owned(),
            task_definition: None,
            begins: None,
            ends: None,
        };
        self.put_schedule_definition(name, definition);
    }

    /// Creates or changes a schedule.
    pub fn put_schedule_definition(&self, name: &str, definition: ScheduleDefinition) {
        let mut state = self.lock();
        let now = state.now;
        state.schedules.insert((GROUP.to_owned(), name.to_owned()), (now, definition));
    }

    /// Deletes a schedule.
    pub fn delete_schedule(&self, name: &str) {
        self.lock().schedules.remove(&(GROUP.to_owned(), name.to_owned()));
    }
}

impl Scheduler for World {
    async fn enabled(&self, next_token: Option<&str>) -> Result<Page<ListedSchedule>, Fault> {
        let enabled = || {
            let state = self.lock();
            let listed = state.schedules.iter().map(|((group, name), (changed, found))| ListedSchedule {
                group: group.clone(),
                name: name.clone(),
                target: found.target.clone(),
                changed: *changed,
            });
            page(listed.collect(), next_token, state.page_size)
        };
        self.call(Call::ListSchedules, enabled).await
    }

    async fn read(&self, schedule: &ListedSchedule) -> Result<ScheduleDefinition, Fault> {
        let read = || {
            let key = (schedule.group.clone(), schedule.name.clone());
            let found = self.lock().schedules.get(&key).map(|(_, found)| found.clone());
            found
                .ok_or_else(|| Fault::new(FaultKind::NotFound, "ResourceNotFoundException: no such schedule"))
        };
        self.call(Call::ReadSchedule, read).await
    }
}
