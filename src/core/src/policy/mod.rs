//! Settings of a rule: the defaults of the stack, overridden by the rule's tags.

mod budget_scope;
mod in_effect;
mod limit;
mod mode;
mod spend;
mod sustained;
mod switchable;
mod turns;

pub use budget_scope::{BudgetScope, ParseBudgetScopeError};
pub use in_effect::{InEffect, Origin};
pub use limit::{BurstLimit, ParseBurstLimitError};
pub use mode::{Mode, ParseModeError};
pub use spend::{LimitSetting, ParseLimitSettingError, SpendLimit};
pub use sustained::{ParseSustainedLimitError, SustainedLimit};
pub use switchable::{OnOff, Switchable};
pub use turns::{ParseTurnLimitError, TurnLimit};

use std::fmt::Display;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;

use crate::model::{
    ACTS_AS_TAG, ActsAs, Answering, DRILL_PREFIX, MAX_SCHEDULES, MeanDurations, RuleArn, Schedules, Seconds,
    Tags, Target,
};
use crate::prices::CostBasis;

/// Prefix of the tags that are read.
pub const TAG_PREFIX: &str = "budget-guard:";
/// Tag that overrides the mode of one rule: `enforce`, `observe` or `ignore`.
pub const MODE_TAG: &str = "budget-guard:mode";
/// Tag that overrides the burst limit of one rule: `200/60s` or `5USD/1h`.
pub const LIMIT_TAG: &str = "budget-guard:limit";
/// Tag that overrides the sustained limit of one rule: `20/15m/8` or `off`.
pub const SUSTAINED_TAG: &str = "budget-guard:sustained";
/// Tag that overrides the turn limit of one rule: `10` or `off`.
pub const TURNS_TAG: &str = "budget-guard:turns";
/// Tag for the time after which the guard restores the rule by itself: `30m`. Without it, the guard does not.
pub const AUTO_RESTORE_TAG: &str = "budget-guard:auto-restore";
/// Tag that allows or forbids trials of one rule: `on` or `off`.
pub const TRIAL_TAG: &str = "budget-guard:trial";
/// Tag that names the budgets covering one rule: `team-blue, all-of-us`. Without it, every budget does.
pub const BUDGET_TAG: &str = "budget-guard:budget";
/// Default divisor of the burst limit while a budget is overspent.
pub const DEFAULT_PRESSURE: NonZeroU32 = NonZeroU32::new(4).expect("four is not zero");
/// Default of the maximum number of rules that the guard cuts by itself within an hour.
pub const DEFAULT_MAX_CUTS: NonZeroU32 = NonZeroU32::new(5).expect("five is not zero");
/// Default length of the probation after a restore.
pub const DEFAULT_PROBATION: Seconds = Seconds::new(15 * 60);

/// Mean durations before any was measured.
pub const NOT_MEASURED: MeanDurations = MeanDurations::new();

/// Settings in effect for one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Action of the guard when the rule trips.
    pub mode: Mode,
    /// Burst limit, already divided if a budget is overspent.
    pub burst: BurstLimit,
    /// Limit in dollars that `burst` follows from, once the price of a firing is known. `None` for a number of firings.
    pub spend: Option<SpendLimit>,
    /// Sustained limit. `None` if it is off.
    pub sustained: Option<SustainedLimit>,
    /// Turn limit. `None` if it is off.
    pub turns: Option<TurnLimit>,
    /// True if the rule's own tag set `burst`. The rule's history does not raise such a limit.
    pub burst_is_tagged: bool,
    /// True if the rule's own tag set `sustained`.
    pub sustained_is_tagged: bool,
    /// Actors and answer time of the rule's targets.
    pub answering: Answering,
    /// Part of the cost of a firing that the configuration tells. `None` if the targets are not known.
    pub cost_basis: Option<CostBasis>,
    /// Roles that the operator declares as those of the rule's targets.
    pub acts_as: ActsAs,
    /// Periods of the schedules that invoke the rule's targets.
    pub schedules: Schedules,
    /// Length of the half-open state after a restore.
    pub probation: Seconds,
    /// Time after a cut at which the guard restores the rule by itself. `None` if it does not.
    pub auto_restore: Option<Seconds>,
    /// True if the stack lets the guard restore rules.
    pub may_restore: bool,
    /// True if a suspect is tried: the rule is off for a short time.
    pub trial: bool,
    /// True if the guard restores a rule whose calls go on without it.
    pub restores_exonerated: bool,
    /// ARN of the archive of the default bus from which the guard replays what a rule missed during a trial. `None`
    /// without one.
    pub archive: Option<Arc<str>>,
    /// ARN of the queue that attached rules send to. `None` on the command line.
    pub attached_queue: Option<Arc<str>>,
    /// True if the guard goes on to see the events of the rule while it is disabled.
    pub sees_missed: bool,
    /// True if the rule is a part of the guard's own stack.
    pub is_own_rule: bool,
    /// Maximum number of rules that the guard cuts by itself within an hour.
    pub max_cuts_per_hour: NonZeroU32,
    /// Budgets that cover the rule.
    pub cover: BudgetScope,
    /// Divisor of the burst limit while a covering budget is overspent.
    pub pressure: NonZeroU32,
    /// Overspent budgets for which `burst` has been divided. Empty without any.
    pub overspent_budgets: Vec<String>,
    /// Burst limit before the division. Equal to `burst` without overspent budgets.
    pub base_burst: BurstLimit,
    /// Lowest limits that tags may set. Lower ones are raised to it.
    pub tag_floor: BurstLimit,
    /// True if a tag may let the guard cut a rule that it observes otherwise.
    pub enforce_by_tag: bool,
    /// Tags that could not be parsed or are not obeyed, one sentence each. The defaults hold instead.
    pub bad_tags: Vec<String>,
}

impl Limits {
    /// Creates limits with the defaults for everything but mode and burst limit.
    pub const fn new(mode: Mode, burst: BurstLimit) -> Self {
        Self {
            mode,
            burst,
            spend: None,
            sustained: Some(SustainedLimit::DEFAULT),
            turns: Some(TurnLimit::DEFAULT),
            burst_is_tagged: false,
            sustained_is_tagged: false,
            answering: Answering::UNKNOWN,
            cost_basis: None,
            acts_as: ActsAs::NONE,
            schedules: [None; MAX_SCHEDULES],
            probation: DEFAULT_PROBATION,
            auto_restore: None,
            may_restore: false,
            trial: false,
            restores_exonerated: false,
            archive: None,
            attached_queue: None,
            sees_missed: false,
            is_own_rule: false,
            max_cuts_per_hour: DEFAULT_MAX_CUTS,
            cover: BudgetScope::EveryBudget,
            pressure: DEFAULT_PRESSURE,
            overspent_budgets: Vec::new(),
            base_burst: burst,
            tag_floor: BurstLimit::TAG_FLOOR,
            enforce_by_tag: false,
            bad_tags: Vec::new(),
        }
    }

    /// Overrides the defaults in `self` with the tags of this rule. Those of a drill are taken at their word, because
    /// its rule is made to be cut.
    pub fn of_rule(&self, rule: &RuleArn, tags: &Tags) -> Self {
        if !rule.name().starts_with(DRILL_PREFIX) {
            return self.with_tags(tags);
        }
        Self { tag_floor: BurstLimit::NO_FLOOR, enforce_by_tag: true, ..self.clone() }.with_tags(tags)
    }

    /// Overrides the defaults in `self` with a rule's tags.
    pub fn with_tags(&self, tags: &Tags) -> Self {
        let mut limits = self.clone();
        let mut bad_tags = Vec::new();
        override_with(tags, MODE_TAG, &mut limits.mode, &mut bad_tags);
        if limits.mode == Mode::Enforce && self.mode != Mode::Enforce && !self.enforce_by_tag {
            limits.mode = self.mode;
            bad_tags.push(format!(
                "tag {MODE_TAG}: enforce is not obeyed, because the stack lets no tag enforce; {} holds, until Mode=enforce \
                 or EnforceByTag=true is set",
                self.mode
            ));
        }
        limits.override_limit(tags, &mut bad_tags);
        let mut sustained = Switchable(limits.sustained);
        limits.sustained_is_tagged = override_with(tags, SUSTAINED_TAG, &mut sustained, &mut bad_tags);
        limits.sustained = sustained.0;
        let mut turns = Switchable(limits.turns);
        let are_turns_tagged = override_with(tags, TURNS_TAG, &mut turns, &mut bad_tags);
        limits.turns = turns.0;
        if let Some(turns) = limits.turns.filter(|turns| are_turns_tagged && *turns < TurnLimit::TAG_FLOOR) {
            bad_tags.push(below_floor(TURNS_TAG, &turns, &TurnLimit::TAG_FLOOR));
            limits.turns = Some(TurnLimit::TAG_FLOOR);
        }
        let mut wait = Seconds::new(0);
        override_with(tags, AUTO_RESTORE_TAG, &mut wait, &mut bad_tags);
        limits.auto_restore = (wait.get() > 0).then_some(wait);
        limits.restores_exonerated |= limits.auto_restore.is_some();
        let mut trial = OnOff(limits.trial);
        override_with(tags, TRIAL_TAG, &mut trial, &mut bad_tags);
        if trial.0 && !limits.may_restore {
            bad_tags.push(format!("tag {TRIAL_TAG}: the stack does not let the guard restore rules; set Trial=true or AutoRestore=true"));
        }
        limits.trial = trial.0 && limits.may_restore;
        override_with(tags, BUDGET_TAG, &mut limits.cover, &mut bad_tags);
        override_with(tags, ACTS_AS_TAG, &mut limits.acts_as, &mut bad_tags);
        limits.bad_tags = bad_tags;
        limits
    }

    /// Adds the actors of a rule's targets. They count as known if the operator declares roles.
    pub fn with_targets(mut self, targets: &[Target]) -> Self {
        self.answering = Answering::of(targets);
        if !self.acts_as.is_empty() {
            // The durations of declared roles, and the events that start them, are not known.
            self.answering.is_known = true;
            self.answering.starts_one_task = false;
            self.answering.actors.clear();
        }
        self
    }

    /// Overrides the burst limit with that of a tag.
    fn override_limit(&mut self, tags: &Tags, bad_tags: &mut Vec<String>) {
        let mut limit = self.spend.map_or(LimitSetting::Firings(self.burst), LimitSetting::Spend);
        self.burst_is_tagged = override_with(tags, LIMIT_TAG, &mut limit, bad_tags);
        match limit {
            LimitSetting::Firings(limit) => (self.burst, self.spend) = (limit, None),
            LimitSetting::Spend(limit) => self.spend = Some(limit),
        }
        if self.burst_is_tagged && self.spend.is_none() && self.burst.is_below(self.tag_floor) {
            bad_tags.push(below_floor(LIMIT_TAG, &self.burst, &self.tag_floor));
            self.burst = self.tag_floor;
        }
        self.base_burst = self.burst;
    }

    /// Adds what the configuration says about the cost of a firing, which turns a limit in dollars into firings.
    pub fn with_cost_basis(mut self, basis: CostBasis) -> Self {
        let priced =
            self.spend.and_then(|spend| spend.firings(basis.firing(&NOT_MEASURED, None).per_million()));
        match (self.spend, priced) {
            (Some(spend), None) if self.burst_is_tagged => {
                let problem = "no price is known for its targets";
                self.bad_tags.push(format!("tag {LIMIT_TAG}: {spend}: {problem}; {} holds", self.burst));
            }
            (Some(spend), Some(limit)) if self.burst_is_tagged && limit.is_below(self.tag_floor) => {
                self.bad_tags.push(below_floor(LIMIT_TAG, &spend, &self.tag_floor));
            }
            _ => {}
        }
        Self { cost_basis: Some(basis), ..self }.priced(&NOT_MEASURED)
    }

    /// Turns a limit in dollars into firings, with these mean durations of functions. The floor of tags holds. Any other
    /// limit stays as it is, and so does one whose firings have no price.
    pub fn priced(mut self, means: &MeanDurations) -> Self {
        let price = self.cost_basis.as_ref().map(|basis| basis.firing(means, None).per_million());
        let priced = self.spend.zip(price).and_then(|(spend, price)| spend.firings(price));
        if let Some(limit) = priced {
            let is_too_low = self.burst_is_tagged && limit.is_below(self.tag_floor);
            self.base_burst = if is_too_low { self.tag_floor } else { limit };
            self.burst = match self.is_tightened() {
                true => self.base_burst.divided(self.pressure),
                false => self.base_burst,
            };
        }
        self
    }

    /// Adds the schedules that invoke a rule's targets.
    pub fn with_schedules(self, schedules: Schedules) -> Self {
        Self { schedules, ..self }
    }

    /// Notes that a rule shares an actor with other rules. A task that those start is no evidence about this rule.
    pub fn with_shared_actors(mut self, are_shared: bool) -> Self {
        self.answering.starts_one_task &= !are_shared;
        self
    }

    /// Returns true if the firings of all callers count towards a cut by rate: the limit comes from a tag, or the
    /// actors of the rule's targets are not known.
    pub fn counts_all_callers(&self) -> bool {
        self.burst_is_tagged || !self.answering.is_known
    }

    /// Returns true if a budget that covers the rule is overspent.
    pub fn is_tightened(&self) -> bool {
        !self.overspent_budgets.is_empty()
    }

    /// Divides the burst limit if one of the overspent budgets covers the rule. A limit is divided only once.
    pub fn with_overspent_budgets<'a>(&self, overspent: impl IntoIterator<Item = &'a str>) -> Self {
        let mut limits = self.clone();
        let covering = overspent.into_iter().filter(|budget| self.cover.includes(budget));
        limits.overspent_budgets.extend(covering.map(str::to_owned));
        if self.overspent_budgets.is_empty() && !limits.overspent_budgets.is_empty() {
            limits.burst = self.burst.divided(self.pressure);
        }
        limits
    }
}

fn below_floor(key: &str, limit: &impl Display, floor: &impl Display) -> String {
    format!("tag {key}: {limit} is below the floor of {floor}, which holds")
}

/// Replaces a value by that of a tag. Returns true if it did. A tag that cannot be parsed is reported, and the value
/// stays.
fn override_with<T>(tags: &Tags, key: &str, value: &mut T, bad_tags: &mut Vec<String>) -> bool
where
    T: FromStr<Err: Display> + Display,
{
    match tags.get(key).map(|text| text.parse()) {
        Some(Ok(tagged)) => {
            *value = tagged;
            return true;
        }
        Some(Err(error)) => bad_tags.push(format!("tag {key}: {error}; {value} holds")),
        None => {}
    }
    false
}

#[cfg(test)]
mod tests;
