//! Rules in the directory, and the edits that keep them up to date.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::model::{
    ACTS_AS_TAG, ActsAs, Arn, ListedRule, MAX_SCHEDULES, Own, RuleArn, RuleDefinition, RuleState, Seconds,
    Tags, Target, Timestamp, unqualified,
};

/// Time after which targets and tags that could not be read are read again.
const RETRY_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// The same after a transient fault: in time for the next tick, because the causes of the rule's firings are unknown
/// until then. Entries that have waited longer come first.
const RETRY_SOON: SignedDuration = SignedDuration::from_secs(50);

/// Stored facts about one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// ARN of the rule.
    pub rule: RuleArn,
    /// State of the rule.
    pub state: RuleState,
    /// Event pattern as JSON. `None` for rules with a schedule only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_pattern: Option<String>,
    /// Schedule, as in `rate(5 minutes)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_expression: Option<String>,
    /// `RoleArn`: IAM role associated with the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// AWS service that owns the rule, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
    /// Targets with ids, ARNs, roles and actors. Their other settings are not stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// Tags that begin with `budget-guard:`.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Shortest periods of the schedules of EventBridge Scheduler that invoke the rule's targets.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub woken_every: BTreeSet<Seconds>,
    /// State before the guard cut the rule. `None` unless it is cut. Events that it would have received then are missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_from: Option<RuleState>,
    /// Time of the request that returned this state. Answers to earlier requests are ignored.
    pub read_at: Timestamp,
    /// Event time from which this state is known. Earlier events did not fire the rule. `None` if there is no such
    /// limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Time at which targets and tags were last read. `None` if they have to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details_at: Option<Timestamp>,
    /// Time of the next attempt after targets and tags could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// Principal of the change after which targets and tags have to be read again. `None` if they are up to date, or were
    /// never read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
}

/// All rules of the account and Region.
pub type Entries = BTreeMap<RuleArn, Entry>;

/// Change of the directory. `at` is the time of the request, so that the order of the answers makes no difference.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// A rule was returned by `ListRules`.
    Listed {
        /// Rule as it was listed.
        rule: ListedRule,
        /// Time of the request.
        at: Timestamp,
    },
    /// A rule was read completely.
    Read {
        /// ARN of the rule.
        rule: RuleArn,
        /// Complete definition.
        definition: Box<RuleDefinition>,
        /// Time of the request.
        at: Timestamp,
        /// Event time of the change that caused the read, if one did.
        since: Option<Timestamp>,
    },
    /// The state of a rule is known.
    State {
        /// ARN of the rule.
        rule: RuleArn,
        /// New state.
        state: RuleState,
        /// Time at which it was observed.
        at: Timestamp,
    },
    /// The guard disabled a rule.
    Cut {
        /// ARN of the rule.
        rule: RuleArn,
        /// State before the cut.
        from: RuleState,
        /// Time at which the rule was seen to be disabled.
        at: Timestamp,
    },
    /// Targets and tags of a rule were read.
    Details {
        /// ARN of the rule.
        rule: RuleArn,
        /// All targets.
        targets: Vec<Target>,
        /// All tags. Only the guard's are stored.
        tags: Tags,
        /// Time of the request.
        at: Timestamp,
    },
    /// Targets and tags of a rule could not be read.
    DetailsFailed {
        /// ARN of the rule.
        rule: RuleArn,
        /// True if the fault was transient.
        is_transient: bool,
        /// Time of the request.
        at: Timestamp,
    },
    /// Targets and tags of a rule have to be read again.
    DetailsStale {
        /// ARN of the rule.
        rule: RuleArn,
        /// Principal that changed them.
        by: String,
    },
    /// Schedules of EventBridge Scheduler invoke the rule's targets. Periods known before are kept unless all of its
    /// schedules were read.
    Woken {
        /// ARN of the rule.
        rule: RuleArn,
        /// Periods of the schedules that were read.
        periods: BTreeSet<Seconds>,
        /// True if none of the rule's schedules was unreadable.
        are_all_read: bool,
    },
    /// A rule does not exist.
    Gone {
        /// ARN of the rule.
        rule: RuleArn,
        /// Time of the request.
        at: Timestamp,
    },
    /// All rules of a bus were listed. Others on that bus are removed.
    BusListed {
        /// Name of the bus.
        bus: String,
        /// All of its rules.
        rules: BTreeSet<RuleArn>,
        /// Time of the request.
        at: Timestamp,
    },
    /// All buses were listed. Rules on other buses are removed.
    BusesListed {
        /// Names of the buses.
        buses: BTreeSet<String>,
        /// Time of the request.
        at: Timestamp,
    },
}

impl Edit {
    /// Applies the change. State, details and removal of a rule are ignored if its entry comes from a later request.
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
                    entry.forget_cut_if_enabled();
                }
            }
            Self::Cut { rule, from, at } => {
                let cut = (RuleState::Disabled, Some(from));
                if let Some(entry) = entries.get_mut(&rule)
                    && (entry.state, entry.cut_from) != cut
                    && entry.read_at <= at
                {
                    ((entry.state, entry.cut_from), entry.read_at) = (cut, at);
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
            Self::DetailsStale { rule, by } => {
                if let Some(entry) = entries.get_mut(&rule) {
                    entry.changed_by = Some(by).filter(|_| entry.were_details_read());
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
            cut_from: None,
            read_at: at,
            since,
            details_at: None,
            retry_at: None,
            changed_by: None,
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
    // Unchanged entries keep `read_at`, so that they are not written again.
    if is_same {
        return;
    }
    if fires_otherwise {
        entry.since = since;
    }
    (entry.state, entry.event_pattern, entry.read_at) = (state, event_pattern, at);
    entry.forget_cut_if_enabled();
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
    /// Prefix of the tags that are stored.
    pub(super) const TAG_PREFIX: &str = "budget-guard:";

    fn forget_cut_if_enabled(&mut self) {
        if self.state.is_enabled() {
            self.cut_from = None;
        }
    }

    fn set_details(&mut self, targets: Vec<Target>, mut tags: Tags, at: Timestamp) {
        if self.details_at.is_some_and(|details_at| details_at > at) {
            return;
        }
        tags.retain(|key, _| key.starts_with(Self::TAG_PREFIX));
        let bare = |target: Target| Target {
            role_arn: target.role_arn,
            actors: target.actors,
            unresolved_reason: target.unresolved_reason,
            ..Target::new(target.id, target.arn)
        };
        self.targets = targets.into_iter().map(bare).collect();
        (self.tags, self.details_at, self.retry_at) = (tags, Some(at), None);
        self.changed_by = None;
    }

    /// Returns true if targets and tags were read at any time.
    pub(super) fn were_details_read(&self) -> bool {
        self.details_at.is_some() || self.changed_by.is_some()
    }

    fn set_woken(&mut self, mut periods: BTreeSet<Seconds>, are_all_read: bool) {
        if !are_all_read {
            periods.extend(&self.woken_every);
        }
        self.woken_every = periods.into_iter().take(MAX_SCHEDULES).collect();
    }

    /// ARNs that a schedule can start to invoke an actor of this rule: targets, actors, and the resources between them,
    /// without version or alias. Event buses are excluded, because a schedule's event on one need not match this rule.
    pub fn wakeable(&self) -> impl Iterator<Item = &str> {
        let arns = self.targets.iter().flat_map(|target| {
            let behind = target.actors.iter().flat_map(|actor| [Some(&actor.arn), actor.via.as_ref()]);
            behind.flatten().chain([&target.arn])
        });
        arns.map(|arn| unqualified(arn)).filter(|arn| Arn::service_of(arn) != "events")
    }

    /// Returns true if a target of the rule is the queue with this ARN.
    pub fn sends_to(&self, queue: &str) -> bool {
        self.targets.iter().any(|target| target.arn == queue)
    }

    /// Roles that the operator declares for the rule. Empty if the tag is absent or cannot be parsed, which is reported
    /// elsewhere.
    pub fn acts_as(&self) -> ActsAs {
        self.tags.get(ACTS_AS_TAG).and_then(|roles| roles.parse().ok()).unwrap_or_default()
    }

    /// Fields that `ListRules` returns.
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

    /// Time at which targets and tags are due to be read again, `every` being the interval.
    pub fn details_due(&self, every: SignedDuration) -> Timestamp {
        let due = self.details_at.map_or(Timestamp::UNIX_EPOCH, |at| at + every);
        self.retry_at.map_or(due, |retry_at| due.max(retry_at))
    }

    /// Returns true if an event of the default bus can fire the rule, and the guard may act on it.
    pub fn is_guarded(&self, own: &Own) -> bool {
        self.state.is_enabled() && self.may_be_guarded(own)
    }

    /// Returns true if events of the default bus are matched with the rule: it is guarded, or the guard cut it.
    pub fn is_matched(&self, own: &Own) -> bool {
        (self.state.is_enabled() || self.cut_from.is_some()) && self.may_be_guarded(own)
    }

    fn may_be_guarded(&self, own: &Own) -> bool {
        self.event_pattern.is_some()
            && self.managed_by.is_none()
            && self.rule.is_on_default_bus()
            && !own.has_rule(&self.rule)
    }
}
