//! `rule create`: creates a rule on API calls with the guard attached. The rule is enabled as the last step.

mod checks;
mod grants;
mod plan;

use aws_sdk_eventbridge::types::{RuleState, Target};
use budget_guard_aws::{EventBridgeRules, fault};
use budget_guard_core::alerts::quoted;
use budget_guard_core::escape::{json, plain};
use budget_guard_core::model::{Fault, FaultKind, OWN_PREFIX, ParseRuleArnError, RuleArn, plural};
use serde::Serialize;
use serde_json::Value;

use crate::args::NewRule;
use crate::context::{Context, Needs};
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::queue::QueueArn;
use crate::rule::RuleName;
use crate::session::Session;
use crate::targets;
pub(super) use checks::is_logging;
use plan::{Access, Plan};

/// JSON output of `rule create`.
#[derive(Debug, Serialize)]
struct CreateView<'a> {
    /// `planned` or `created`.
    result: &'static str,
    name: &'a str,
    bus: &'a str,
    /// Null if the rule is only planned.
    arn: Option<&'a RuleArn>,
    state: &'a str,
    pattern: &'a Value,
    steps: &'a [String],
    warnings: &'a [String],
    /// Pattern without the calls of the targets' roles. Null if those may not fire the rule.
    pattern_without_own_calls: Option<&'a Value>,
}

/// Runs `rule create`.
pub(super) async fn run(context: &Context, new: &NewRule) -> Result<Exit, Problem> {
    let name = RuleName::parse(&new.name, new.on.bus.as_deref())?;
    if name.arn().is_some() || name.name().starts_with(OWN_PREFIX) {
        return Err(Problem::usage(format!(
            "{} cannot be created; expected a name, or BUS/NAME, that does not begin with {OWN_PREFIX}",
            new.name
        )));
    }
    let session = Session::of_guard(context, std::slice::from_ref(&name), Needs::Queue).await?;
    let queue = context.required_queue()?;
    let mut plan = Plan::new(new, name.bus(), session.region())?;
    let create =
        Create { context, new, name: &name, rules: session.rules(), session: &session, queue: &queue };
    create.check_role(&plan)?;
    Box::pin(create.check_name()).await?;
    let without = Box::pin(create.look_around(&mut plan)).await;
    let steps = create.steps(&plan);
    if !context.is_json() {
        create.show(&plan, &steps, without.as_ref())?;
    }
    let rule = if new.dry_run { None } else { Some(Box::pin(create.carry_out(&plan)).await?) };
    if context.is_json() {
        output::json(&CreateView {
            result: if rule.is_some() { "created" } else { "planned" },
            name: name.name(),
            bus: name.bus(),
            arn: rule.as_ref(),
            state: create.state().as_str(),
            pattern: &plan.pattern,
            steps: &steps,
            warnings: &plan.warnings,
            pattern_without_own_calls: without.as_ref(),
        })?;
    } else if let Some(rule) = &rule {
        output::line(format_args!("Rule {} is {}, and the guard sees it.", quoted(rule), create.state()))?;
    } else {
        output::note("Nothing was done: --dry-run.");
    }
    Ok(Exit::Done)
}

/// Creation of one rule.
struct Create<'a> {
    context: &'a Context,
    new: &'a NewRule,
    name: &'a RuleName,
    rules: EventBridgeRules,
    session: &'a Session,
    queue: &'a QueueArn,
}

impl Create<'_> {
    fn state(&self) -> RuleState {
        if self.new.read_only_calls {
            RuleState::EnabledWithAllCloudtrailManagementEvents
        } else {
            RuleState::Enabled
        }
    }

    /// Checks that there is a role if a target needs one.
    fn check_role(&self, plan: &Plan) -> Result<(), Problem> {
        let needs = plan.goals.iter().find(|goal| matches!(goal.way, Access::Role(_)));
        match needs {
            Some(goal) if self.new.role.is_none() && !self.new.create_role => Err(Problem::usage(format!(
                "target {} needs a role that EventBridge takes; expected --role ARN or --create-role",
                goal.arn
            ))),
            None if self.new.create_role => {
                Err(Problem::usage("--create-role is given, but no target needs a role; expected neither"))
            }
            _ => Ok(()),
        }
    }

    /// Checks that the name is free, because PutRule would replace a rule of this name.
    async fn check_name(&self) -> Result<(), Problem> {
        match self.rules.find(self.name.bus(), self.name.name()).await {
            Ok(taken) => {
                let remove = self.context.aws_events("delete-rule", &taken);
                Err(Problem::refused(format!("there is a rule {} already", quoted(&taken)))
                    .hint("choose another name; to let the guard see the one that is there: budget-guard attach")
                    .hint(format!("to remove it, its targets first: {remove}")))
            }
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(()),
            Err(fault) => Err(self.session.problem(&fault)),
        }
    }

    /// Adds warnings from AWS to the plan. A check that is not permitted becomes a warning too.
    async fn look_around(&self, plan: &mut Plan) -> Option<Value> {
        let config = self.session.config();
        match checks::is_logging(config).await {
            Ok(true) => {}
            Ok(false) => plan.warnings.push(
                "no trail is logging here: EventBridge gets API calls only from CloudTrail, so nothing will fire".into(),
            ),
            Err(fault) => plan.warnings.push(format!("whether a trail is logging could not be checked: {fault}")),
        }
        for goal in plan.goals.iter().filter(|goal| goal.way == Access::Topic) {
            plan.warnings.push(format!(
                "the policy of topic {} must allow events.amazonaws.com to sns:Publish, without conditions, which \
                 EventBridge does not support there; that is left to you",
                goal.arn
            ));
        }
        match checks::roles_that_may_fire(config, plan).await {
            Ok(roles) if roles.is_empty() => None,
            Ok(roles) => {
                let what = if plan.actions.is_empty() { "calls of this service" } else { "this call" };
                plan.warnings.push(format!(
                    "the rule can fire itself: its target's role may make {what} ({})",
                    roles.join(", ")
                ));
                Some(plan.without(&roles))
            }
            Err(fault) => {
                plan.warnings
                    .push(format!("whether a target can fire the rule could not be checked: {fault}"));
                None
            }
        }
    }

    /// Steps of the plan, one sentence each.
    fn steps(&self, plan: &Plan) -> Vec<String> {
        let rule = format!("rule {} on bus {}", self.name.name(), self.name.bus());
        let mut steps = vec![format!("make {rule}, disabled")];
        steps.extend(plan.goals.iter().filter_map(grants::sentence));
        if self.new.create_role {
            steps.push("make a role that EventBridge takes, for these targets only".to_owned());
        }
        steps.push(format!(
            "add {} and the guard's queue to its targets",
            plural(plan.goals.len() as u64, "target")
        ));
        steps.push(format!("set it to {}", self.state()));
        steps
    }

    fn show(&self, plan: &Plan, steps: &[String], without: Option<&Value>) -> Result<(), Problem> {
        let pretty =
            |value: &Value| serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
        let pretty = |value: &Value| json(&pretty(value)).into_owned();
        let mut text =
            format!("Event pattern:\n{}\n\nPlan, in {}:\n", pretty(&plan.pattern), self.session.region());
        for (number, step) in steps.iter().enumerate() {
            text.push_str(&format!("  {}. {}\n", number + 1, plain(step)));
        }
        if let Some(without) = without {
            text.push_str(&format!(
                "\nThe pattern without calls of the target's own role:\n{}\n",
                pretty(without)
            ));
        }
        output::data(&text)?;
        plan.warnings.iter().for_each(output::warning);
        Ok(())
    }

    /// Carries out the plan. Returns the ARN of the rule.
    async fn carry_out(&self, plan: &Plan) -> Result<RuleArn, Problem> {
        // The grants name the rule, so it is created first, and it is disabled until all grants exist.
        let rule = self.put(plan, RuleState::Disabled).await.map_err(|fault| self.session.problem(&fault))?;
        match Box::pin(self.fill(plan, &rule)).await {
            Ok(()) => Ok(rule),
            Err(fault) => Err(self
                .session
                .problem_with(&rule, &fault)
                .hint("the rule is there, disabled: nothing fires")
                .hint(format!(
                    "to begin anew, remove it: {}",
                    self.context.aws_events("delete-rule", &rule)
                ))),
        }
    }

    async fn fill(&self, plan: &Plan, rule: &RuleArn) -> Result<(), Fault> {
        let config = self.session.config();
        for goal in &plan.goals {
            grants::grant(config, rule, goal).await?;
        }
        let role = match &self.new.role {
            None if self.new.create_role => {
                Some(grants::make_role(config, rule.name(), rule.account(), &plan.goals).await?)
            }
            role => role.clone(),
        };
        for (number, goal) in plan.goals.iter().enumerate() {
            let role = role.clone().filter(|_| matches!(goal.way, Access::Role(_)));
            let target =
                Target::builder().id(format!("target-{}", number + 1)).arn(&goal.arn).set_role_arn(role);
            let target = target.build().map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
            targets::put(&self.rules, rule, target).await?;
        }
        targets::put(&self.rules, rule, targets::guards(self.queue.as_str(), None)?).await?;
        self.put(plan, self.state()).await.map(drop)
    }

    async fn put(&self, plan: &Plan, state: RuleState) -> Result<RuleArn, Fault> {
        let calls =
            if plan.actions.is_empty() { "any call".to_owned() } else { self.new.operation.join(", ") };
        let description = self.new.description.clone();
        let description = description.unwrap_or_else(|| format!("{calls} of {}", plan.service));
        let call = self
            .rules
            .client()
            .put_rule()
            .event_bus_name(self.name.bus())
            .name(self.name.name())
            .description(description)
            .event_pattern(plan.pattern.to_string())
            .state(state);
        let put = call.send().await.map_err(|error| fault("PutRule", &error))?;
        let arn = put.rule_arn().unwrap_or_default();
        arn.parse().map_err(|error: ParseRuleArnError| {
            Fault::new(FaultKind::Other, error.to_string()).in_call("PutRule")
        })
    }
}
