//! The only room that names an SDK type: the ports on AWS.

mod actors;
mod alerts;
mod budgets;
mod clock;
mod config;
mod endpoint;
mod fault;
mod history;
mod json_client;
mod lazy;
mod metrics;
mod rules;
mod scheduler;
mod store;
mod targets;
mod trail;

pub use alerts::SnsAlerts;
pub use budgets::AwsBudgets;
pub use clock::SystemClock;
pub use config::{http_client, lambda_loader, loader};
pub use fault::fault;
pub use history::CloudWatchHistory;
pub use rules::EventBridgeRules;
pub use scheduler::EventBridgeScheduler;
pub use store::DynamoStore;
pub use trail::CloudTrail;

use aws_config::SdkConfig;

use budget_guard_core::model::Arn;
use budget_guard_core::ports::Ports;

/// The ports on AWS, all from one configuration.
#[derive(Debug)]
pub struct Aws {
    pub rules: EventBridgeRules,
    pub scheduler: EventBridgeScheduler,
    pub history: CloudWatchHistory,
    pub trail: CloudTrail,
    pub budgets: AwsBudgets,
    pub store: DynamoStore,
    pub alerts: SnsAlerts,
    pub clock: SystemClock,
}

impl Aws {
    pub fn new(config: &SdkConfig, table: &str, topic_arn: &str) -> Self {
        Self {
            rules: EventBridgeRules::new(config),
            scheduler: EventBridgeScheduler::new(config),
            history: CloudWatchHistory::new(config),
            trail: CloudTrail::new(config),
            budgets: AwsBudgets::new(config, account_of(topic_arn)),
            store: DynamoStore::new(config, table),
            alerts: SnsAlerts::new(config, topic_arn),
            clock: SystemClock,
        }
    }
}

/// The account in an ARN. The topic lies in the account that the guard guards; the settings have checked it.
fn account_of(arn: &str) -> &str {
    Arn::parse(arn).unwrap_or_default().account
}

impl Ports for Aws {
    type Rules = EventBridgeRules;
    type Scheduler = EventBridgeScheduler;
    type History = CloudWatchHistory;
    type Trail = CloudTrail;
    type Budgets = AwsBudgets;
    type Store = DynamoStore;
    type Alerts = SnsAlerts;
    type Clock = SystemClock;

    fn rules(&self) -> &EventBridgeRules {
        &self.rules
    }
    fn scheduler(&self) -> &EventBridgeScheduler {
        &self.scheduler
    }
    fn history(&self) -> &CloudWatchHistory {
        &self.history
    }
    fn trail(&self) -> &CloudTrail {
        &self.trail
    }
    fn budgets(&self) -> &AwsBudgets {
        &self.budgets
    }
    fn store(&self) -> &DynamoStore {
        &self.store
    }
    fn alerts(&self) -> &SnsAlerts {
        &self.alerts
    }
    fn clock(&self) -> &SystemClock {
        &self.clock
    }
}
