//! The ports of the core, implemented on AWS. The only library that names a type of the SDK.

mod actors;
mod alerts;
mod budgets;
mod clock;
mod config;
mod deployed;
mod endpoint;
mod fault;
mod history;
mod json_client;
mod lazy;
mod metrics;
mod pattern;
mod printed;
mod regions;
mod rules;
mod scheduler;
mod store;
mod subscribers;
mod survey;
mod targets;
mod trail;

pub use actors::Unread;
pub use alerts::SnsAlerts;
pub use budgets::AwsBudgets;
pub use clock::SystemClock;
pub use config::{http_client, lambda_loader, loader, patient};
pub use deployed::settings as deployed_settings;
pub use fault::fault;
pub use history::CloudWatchHistory;
pub use regions::{AccountRegion, REGIONS_RIGHT, regions};
pub use rules::EventBridgeRules;
pub use scheduler::EventBridgeScheduler;
pub use store::DynamoStore;
pub use subscribers::{Subscribers, subscribers};
pub use survey::{BusRules, ListedBus, SurveyedTarget};
pub use trail::CloudTrail;

use aws_config::SdkConfig;

use budget_guard_core::model::{Arn, Own};
use budget_guard_core::ports::Ports;

/// All ports on AWS, built from one SDK configuration.
#[derive(Debug)]
pub struct Aws {
    /// Rules and their targets, through EventBridge.
    pub rules: EventBridgeRules,
    /// Schedules, through EventBridge Scheduler.
    pub scheduler: EventBridgeScheduler,
    /// Firings and durations of the last days, through CloudWatch.
    pub history: CloudWatchHistory,
    /// Openers of role sessions, through CloudTrail's event history.
    pub trail: CloudTrail,
    /// Budgets of the account, through AWS Budgets.
    pub budgets: AwsBudgets,
    /// Stored items, in DynamoDB.
    pub store: DynamoStore,
    /// Alerts, through SNS.
    pub alerts: SnsAlerts,
    /// Clock of the machine.
    pub clock: SystemClock,
}

impl Aws {
    /// Builds all ports. `table` is the name of the DynamoDB table. `topic_arn` is the ARN of the SNS topic for alerts;
    /// budgets are those of its account.
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

    /// Leaves the parts of the guard's own stack out of the search for actors.
    pub fn of_stack(self, own: &Own) -> Self {
        Self { rules: self.rules.of_stack(own), ..self }
    }
}

/// Account ID in an ARN. The settings have checked the topic's ARN, and the topic lies in the guarded account.
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
