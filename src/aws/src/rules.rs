//! EventBridge rules. Every call names the bus, because several buses may have a rule of the same name.

use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
use aws_sdk_eventbridge::operation::list_event_buses::ListEventBusesOutput;
use aws_sdk_eventbridge::operation::list_rules::ListRulesOutput;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types as sdk;

use super::actors::ActorResolver;
use super::fault::fault;
use super::lazy::Lazy;
use super::targets;
use budget_guard_core::archive::{Replay, bus_arn};
use budget_guard_core::model::{
    Fault, FaultKind, ListedRule, Own, ParseRuleArnError, ParseRuleStateError, Restoration, RuleArn,
    RuleDefinition, RuleState, Tags, Target, Timestamp,
};
use budget_guard_core::ports::{Page, Rules};

/// Page size: the API's maximum. Source: "ListRules" (Amazon EventBridge API reference).
const PAGE: i32 = 100;

/// Reads and changes rules through the EventBridge API (2015-10-07).
#[derive(Debug, Clone)]
pub struct EventBridgeRules {
    client: Lazy<Client>,
    followers: ActorResolver,
}

impl EventBridgeRules {
    /// Client for rules, and for the actors behind their targets.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Lazy::new(config, Client::new), followers: ActorResolver::new(config) }
    }

    /// Leaves the parts of the guard's own stack out of the search for actors.
    pub fn of_stack(self, own: &Own) -> Self {
        Self { followers: self.followers.of_stack(own), ..self }
    }

    /// Search for the actors behind targets.
    pub(super) fn followers(&self) -> &ActorResolver {
        &self.followers
    }

    /// ARN of the rule with this name on this bus.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `NotFound` if there is no such rule.
    pub async fn find(&self, bus: &str, name: &str) -> Result<RuleArn, Fault> {
        let rule = self.describe(bus, name).await?;
        let arn = rule.arn().unwrap_or_default();
        arn.parse().map_err(|error: ParseRuleArnError| unreadable(&error))
    }

    /// SDK client, for calls that only the command line makes.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Starts a replay of an archive to one rule, and returns AWS's word for its state. A replay of this name that was
    /// started before counts as started.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `Throttled` if AWS runs no further replay now.
    pub async fn start_replay(
        &self,
        rule: &RuleArn,
        archive: &str,
        name: &str,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<String, Fault> {
        let destination = sdk::ReplayDestination::builder().arn(bus_arn(rule)).filter_arns(rule.as_str());
        let destination =
            destination.build().map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
        let call = self
            .client
            .start_replay()
            .replay_name(name)
            .description(format!("Events that rule {} missed while budget-guard had cut it", rule.name()))
            .event_source_arn(archive)
            .event_start_time(DateTime::from_millis(from.as_millisecond()))
            .event_end_time(DateTime::from_millis(to.as_millisecond()))
            .destination(destination);
        match call.send().await {
            Ok(reply) => Ok(reply.state.map(|state| state.as_str().to_owned()).unwrap_or_default()),
            // An earlier attempt, whose reply was lost, started it.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_already_exists_exception()) =>
            {
                Ok(sdk::ReplayState::Starting.as_str().to_owned())
            }
            Err(error) => Err(fault("StartReplay", &error)),
        }
    }

    async fn describe(&self, bus: &str, name: &str) -> Result<DescribeRuleOutput, Fault> {
        let call = self.client.describe_rule().event_bus_name(bus).name(name);
        call.send().await.map_err(|error| fault("DescribeRule", &error))
    }

    async fn state(&self, rule: &RuleArn) -> Result<RuleState, Fault> {
        state_of(&self.describe(rule.bus(), rule.name()).await?)
    }

    /// Targets of a rule, with their actors as far as the guard may read them.
    pub async fn targets(&self, rule: &RuleArn) -> Result<Vec<Target>, Fault> {
        let targets = self.sdk_targets(rule).await?;
        let read = targets.iter().map(|target| (targets::target(target), targets::hints(target)));
        let read = read.map(|(target, hints)| self.followers.follow(rule, target, hints));
        Ok(futures_util::future::join_all(read).await)
    }

    /// Targets of a rule as the SDK has them, of all pages.
    pub(super) async fn sdk_targets(&self, rule: &RuleArn) -> Result<Vec<sdk::Target>, Fault> {
        let mut targets = Vec::new();
        let mut next_token = None;
        loop {
            let call = self.client.list_targets_by_rule().event_bus_name(rule.bus()).rule(rule.name());
            let page = call.set_next_token(next_token).send().await;
            let page = page.map_err(|error| fault("ListTargetsByRule", &error))?;
            next_token = page.next_token().map(str::to_owned);
            targets.extend(page.targets.unwrap_or_default());
            if next_token.is_none() {
                return Ok(targets);
            }
        }
    }

    /// One page of the event buses.
    pub(super) async fn buses_page(&self, next_token: Option<String>) -> Result<ListEventBusesOutput, Fault> {
        let call = self.client.list_event_buses().limit(PAGE).set_next_token(next_token);
        call.send().await.map_err(|error| fault("ListEventBuses", &error))
    }

    /// One page of the rules of a bus.
    pub(super) async fn rules_page(
        &self,
        bus: &str,
        next_token: Option<String>,
    ) -> Result<ListRulesOutput, Fault> {
        let call = self.client.list_rules().event_bus_name(bus).limit(PAGE).set_next_token(next_token);
        call.send().await.map_err(|error| fault("ListRules", &error))
    }
}

impl Rules for EventBridgeRules {
    async fn has_reader(&self, queue: &str) -> Result<bool, Fault> {
        self.followers.has_reader(queue).await
    }

    async fn inspect(&self, rule: &RuleArn) -> Result<RuleDefinition, Fault> {
        let described = self.describe(rule.bus(), rule.name()).await?;
        let state = state_of(&described)?;
        Ok(RuleDefinition {
            state,
            event_pattern: text(described.event_pattern()),
            schedule_expression: text(described.schedule_expression()),
            description: text(described.description()),
            role_arn: text(described.role_arn()),
            managed_by: text(described.managed_by()),
            targets: self.targets(rule).await?,
            tags: self.tags(rule).await?,
        })
    }

    async fn tags(&self, rule: &RuleArn) -> Result<Tags, Fault> {
        let call = self.client.list_tags_for_resource().resource_arn(rule.as_str());
        let reply = call.send().await.map_err(|error| fault("ListTagsForResource", &error))?;
        Ok(reply.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect())
    }

    async fn disable(&self, rule: &RuleArn) -> Result<RuleState, Fault> {
        let call = self.client.disable_rule().event_bus_name(rule.bus()).name(rule.name());
        call.send().await.map_err(|error| fault("DisableRule", &error))?;
        self.state(rule).await
    }

    async fn restore(&self, rule: &RuleArn, state: RuleState) -> Result<Restoration, Fault> {
        let before = self.inspect(rule).await?;
        if before.state == state {
            // The rule is enabled already, perhaps by an earlier attempt whose reply was lost.
        } else if state == RuleState::Enabled && before.state == RuleState::Disabled {
            let call = self.client.enable_rule().event_bus_name(rule.bus()).name(rule.name());
            call.send().await.map_err(|error| fault("EnableRule", &error))?;
        } else {
            // EnableRule has no state parameter, so the third state needs PutRule. PutRule deletes every property that
            // it is not given, so it gets all present ones with only the state changed. It keeps targets and tags; the
            // caller compares.
            let call = self
                .client
                .put_rule()
                .event_bus_name(rule.bus())
                .name(rule.name())
                .set_event_pattern(before.event_pattern.clone())
                .set_schedule_expression(before.schedule_expression.clone())
                .set_description(before.description.clone())
                .set_role_arn(before.role_arn.clone())
                .state(state.as_str().into());
            call.send().await.map_err(|error| fault("PutRule", &error))?;
        }
        let after = self.inspect(rule).await?;
        Ok(Restoration { before, after })
    }

    async fn replay(&self, rule: &RuleArn, archive: &str, replay: &Replay) -> Result<(), Fault> {
        let (from, to) = (replay.from, replay.to);
        self.start_replay(rule, archive, &replay.name(rule), (from, to)).await.map(drop)
    }

    async fn buses(&self, next_token: Option<&str>) -> Result<Page<String>, Fault> {
        let reply = self.buses_page(next_token.map(str::to_owned)).await?;
        let names = reply.event_buses().iter().filter_map(|bus| bus.name().map(str::to_owned));
        Ok(Page { items: names.collect(), next_token: reply.next_token().map(str::to_owned) })
    }

    async fn list(&self, bus: &str, next_token: Option<&str>) -> Result<Page<ListedRule>, Fault> {
        let reply = self.rules_page(bus, next_token.map(str::to_owned)).await?;
        let rules = reply.rules().iter().filter_map(|rule| {
            let read = listed(rule);
            if let Err(problem) = &read {
                tracing::warn!(bus, rule = rule.name(), %problem, "a rule was left out of the directory");
            }
            read.ok()
        });
        Ok(Page { items: rules.collect(), next_token: reply.next_token().map(str::to_owned) })
    }

    async fn list_targets(&self, rule: &RuleArn) -> Result<Vec<Target>, Fault> {
        self.targets(rule).await
    }
}

/// A rule in a list that this version cannot read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadListedError {
    #[error(transparent)]
    Arn(#[from] ParseRuleArnError),
    #[error(transparent)]
    State(#[from] ParseRuleStateError),
}

/// Reads a rule as it is listed.
pub(super) fn listed(rule: &sdk::Rule) -> Result<ListedRule, ReadListedError> {
    Ok(ListedRule {
        rule: rule.arn().unwrap_or_default().parse()?,
        state: rule.state().map_or("absent", |state| state.as_str()).parse()?,
        event_pattern: text(rule.event_pattern()),
        schedule_expression: text(rule.schedule_expression()),
        role_arn: text(rule.role_arn()),
        managed_by: text(rule.managed_by()),
    })
}

/// Text of a property. Empty texts are `None`: emulators, and perhaps AWS, write an absent property so.
pub(super) fn text(value: Option<&str>) -> Option<String> {
    value.filter(|value| !value.is_empty()).map(str::to_owned)
}

fn state_of(rule: &DescribeRuleOutput) -> Result<RuleState, Fault> {
    let state = rule.state().map_or("absent", |state| state.as_str());
    state.parse().map_err(|error: ParseRuleStateError| unreadable(&error))
}

fn unreadable(error: &dyn std::error::Error) -> Fault {
    Fault::new(FaultKind::Other, error.to_string()).in_call("DescribeRule")
}
