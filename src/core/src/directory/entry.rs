//! One rule in the directory, and what is learned of rules from one moment to the next.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::model::{
    ACTS_AS_TAG, ActsAs, Arn, ListedRule, MAX_SCHEDULES, OWN_PREFIX, RuleArn, RuleDefinition, RuleState,
    Seconds, Tags, Target, Timestamp, unqualified,
};

/// Only tags that begin like this are the guard's business.
const TAG_PREFIX: &str = "budget-guard:";
/// A rule whose targets and tags could not be read is asked about again after this.
const RETRY_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// And after this if the fault may pass: by the next tick, for who causes its firings is not known until then, but after
/// all those who have waited for longer.
const RETRY_SOON: SignedDuration = SignedDuration::from_secs(50);

/// What the guard knows of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub rule: RuleArn,
    pub state: RuleState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_expression: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
    /// Ids, ARNs, roles and who acts for them; nothing else that is set on a target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// Those that begin with `budget-guard:`.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Periods of the schedules of EventBridge Scheduler that wake its targets, the shortest ones.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub woken_every: BTreeSet<Seconds>,
    /// When it was found to be like this. What was read earlier and arrives later says nothing.
    pub read_at: Timestamp,
    /// It is known to be like this only from then on: earlier events did not fire it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When targets and tags were last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details_at: Option<Timestamp>,
    /// When to try that again after it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

/// All rules of the account and Region.
pub type Entries = BTreeMap<RuleArn, Entry>;

/// Something learned of the rules. `at` is when it was asked, so that the order of arrival makes no difference.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// A rule in a list of rules.
    Listed {
        rule: ListedRule,
        at: Timestamp,
    },
    /// A rule read alone and whole, `since` the event that was the reason.
    Read {
        rule: RuleArn,
        definition: Box<RuleDefinition>,
        at: Timestamp,
        since: Option<Timestamp>,
    },
    State {
        rule: RuleArn,
        state: RuleState,
        at: Timestamp,
    },
    Details {
        rule: RuleArn,
        targets: Vec<Target>,
        tags: Tags,
        at: Timestamp,
    },
    /// Targets and tags could not be read, for a reason that may pass or not.
    DetailsFailed {
        rule: RuleArn,
        is_transient: bool,
        at: Timestamp,
    },
    /// Targets and tags have to be read again.
    DetailsStale {
        rule: RuleArn,
    },
    /// Periods of the schedules of EventBridge Scheduler that wake the rule's targets. Those known before stay, unless all
    /// of its schedules were read.
    Woken {
        rule: RuleArn,
        periods: BTreeSet<Seconds>,
        are_all_read: bool,
    },
    Gone {
        rule: RuleArn,
        at: Timestamp,
    },
    /// The bus has these rules and no others.
    BusListed {
        bus: String,
        rules: BTreeSet<RuleArn>,
        at: Timestamp,
    },
    /// There are these buses and no others.
    BusesListed {
        buses: BTreeSet<String>,
        at: Timestamp,
    },
}

impl Edit {
    pub fn apply(self, entries: &mut Entries) {
        match self {
            Self::Listed { rule, at } => list(entries, rule, at, None),
            Self::Read { rule, definition, at, since } => read(entries, rule, *definition, at, since),
            Self::State { rule, state, at } => {
                if let Some(entry) = entries.get_mut(&rule)
                    && entry.state != state
                    && entry.read_at <= at
                {
                    (entry.state, entry.read_at) = (state, at);
                }
            }
            Self::Details { rule, targets, tags, at } => {
                if let Some(entry) = entries.get_mut(&rule) {
                    entry.set_details(targets, tags, at);
                }
            }
            Self::DetailsFailed { rule, is_transient, at } => {
                if let Some(entry) = entries.get_mut(&rule) {
                    entry.retry_at = Some(at + if is_transient { RETRY_SOON } else { RETRY_AFTER });
                }
            }
            Self::DetailsStale { rule } => {
                if let Some(entry) = entries.get_mut(&rule) {
                    (entry.details_at, entry.retry_at) = (None, None);
                }
            }
            Self::Woken { rule, periods, are_all_read } => {
                if let Some(entry) = entries.get_mut(&rule) {
                    entry.set_woken(periods, are_all_read);
                }
            }
            Self::Gone { rule, at } => {
                if entries.get(&rule).is_some_and(|entry| entry.read_at <= at) {
                    entries.remove(&rule);
                }
            }
            Self::BusListed { bus, rules, at } => {
                entries.retain(|rule, entry| rule.bus() != bus || entry.read_at > at || rules.contains(rule))
            }
            Self::BusesListed { buses, at } => {
                entries.retain(|rule, entry| entry.read_at > at || buses.contains(rule.bus()));
            }
        }
    }
}

fn list(entries: &mut Entries, listed: ListedRule, at: Timestamp, since: Option<Timestamp>) {
    let ListedRule { rule, state, event_pattern, schedule_expression, role_arn, managed_by } = listed;
    let Some(entry) = entries.get_mut(&rule) else {
        let entry = Entry {
            rule: rule.clone(),
            state,
            event_pattern,
            schedule_expression,
            role_arn,
            managed_by,
            targets: Vec::new(),
            tags: Tags::new(),
            woken_every: BTreeSet::new(),
            read_at: at,
            since,
            details_at: None,
            retry_at: None,
        };
        entries.insert(rule, entry);
        return;
    };
    if entry.read_at > at {
        return;
    }
    let fires_otherwise =
        entry.event_pattern != event_pattern || (!entry.state.is_enabled() && state.is_enabled());
    let is_same = !fires_otherwise
        && (entry.state, &entry.schedule_expression, &entry.role_arn, &entry.managed_by)
            == (state, &schedule_expression, &role_arn, &managed_by);
    // An unchanged entry is not written again.
    if is_same {
        return;
    }
    if fires_otherwise {
        entry.since = since;
    }
    (entry.state, entry.event_pattern, entry.read_at) = (state, event_pattern, at);
    (entry.schedule_expression, entry.role_arn, entry.managed_by) =
        (schedule_expression, role_arn, managed_by);
}

fn read(
    entries: &mut Entries,
    rule: RuleArn,
    definition: RuleDefinition,
    at: Timestamp,
    since: Option<Timestamp>,
) {
    list(entries, ListedRule::of(rule.clone(), &definition), at, since);
    if let Some(entry) = entries.get_mut(&rule) {
        entry.read_at = entry.read_at.max(at);
        entry.set_details(definition.targets, definition.tags, at);
    }
}

impl Entry {
    fn set_details(&mut self, targets: Vec<Target>, mut tags: Tags, at: Timestamp) {
        if self.details_at.is_some_and(|details_at| details_at > at) {
            return;
        }
        tags.retain(|key, _| key.starts_with(TAG_PREFIX));
        let bare = |target: Target| Target {
            role_arn: target.role_arn,
            actors: target.actors,
            unfollowed: target.unfollowed,
            ..Target::new(target.id, target.arn)
        };
        self.targets = targets.into_iter().map(bare).collect();
        (self.tags, self.details_at, self.retry_at) = (tags, Some(at), None);
    }

    fn set_woken(&mut self, mut periods: BTreeSet<Seconds>, are_all_read: bool) {
        if !are_all_read {
            periods.extend(&self.woken_every);
        }
        self.woken_every = periods.into_iter().take(MAX_SCHEDULES).collect();
    }

    /// ARNs of the targets, of the actors behind them and of what leads to those, without version or alias: a schedule
    /// that wakes one of them wakes an actor. An event bus is none of them: a schedule's event on it need not be for this
    /// rule.
    pub fn wakeable(&self) -> impl Iterator<Item = &str> {
        let arns = self.targets.iter().flat_map(|target| {
            let behind = target.actors.iter().flat_map(|actor| [Some(&actor.arn), actor.via.as_ref()]);
            behind.flatten().chain([&target.arn])
        });
        arns.map(|arn| unqualified(arn)).filter(|arn| Arn::service_of(arn) != "events")
    }

    /// Roles that the operator says act for the rule; none if the tag is absent or cannot be read, which is told elsewhere.
    pub fn acts_as(&self) -> ActsAs {
        self.tags.get(ACTS_AS_TAG).and_then(|roles| roles.parse().ok()).unwrap_or_default()
    }

    /// As a list of rules shows it.
    pub fn listed(&self) -> ListedRule {
        ListedRule {
            rule: self.rule.clone(),
            state: self.state,
            event_pattern: self.event_pattern.clone(),
            schedule_expression: self.schedule_expression.clone(),
            role_arn: self.role_arn.clone(),
            managed_by: self.managed_by.clone(),
        }
    }

    /// When its targets and tags should be read next.
    pub fn details_due(&self, every: SignedDuration) -> Timestamp {
        let due = self.details_at.map_or(Timestamp::UNIX_EPOCH, |at| at + every);
        self.retry_at.map_or(due, |retry_at| due.max(retry_at))
    }

    /// Whether an event of the default bus can fire it, and the guard may act on that.
    pub fn is_guarded(&self) -> bool {
        self.state.is_enabled()
            && self.event_pattern.is_some()
            && self.managed_by.is_none()
            && self.rule.is_on_default_bus()
            && !self.rule.name().starts_with(OWN_PREFIX)
    }
}
