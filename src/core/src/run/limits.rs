//! Limits of a rule: the defaults and its tags. The tags come from the directory, or are read at most once a minute.

use std::collections::HashMap;

use jiff::SignedDuration;

use super::Guard;
use super::fresh::{Fresh, Kept};
use crate::model::{RuleArn, RuleDefinition, Schedules, Tags, Target, Timestamp};
use crate::policy::Limits;
use crate::ports::{Clock, Ports, Rules};
use crate::prices::CostBasis;

/// Time for which tags are used before they are read again.
const FRESH_FOR: SignedDuration = SignedDuration::from_secs(60);
/// Maximum number of rules in the cache. EventBridge allows 300 rules on a bus, so this covers several buses.
const MAX_RULES: usize = 2_000;

/// Tags of the rules that this process has seen.
pub(super) type TagCache = Kept<HashMap<RuleArn, Fresh<Tags>>>;

impl TagCache {
    /// Returns true if the tags were requested within the last minute, with or without success.
    pub(super) fn is_fresh(&self, rule: &RuleArn, now: Timestamp) -> bool {
        self.lock().get(rule).is_some_and(|tags| tags.is_fresh(now))
    }

    fn put(&self, rule: &RuleArn, now: Timestamp, tags: Tags) {
        let mut cache = self.lock();
        if cache.len() >= MAX_RULES {
            cache.clear();
        }
        cache.insert(rule.clone(), Fresh::new(tags, now, FRESH_FOR));
    }
}

impl<P: Ports> Guard<P> {
    /// Returns the limits of a rule. If its tags cannot be read, the tags read before apply, or else the defaults. The
    /// rule is counted in any case, and is not cut before its tags have been read.
    pub async fn limits(&self, rule: &RuleArn) -> Limits {
        let limits = self.limits_by_tags(rule).await;
        let stored = self.directory.known();
        let entry = stored.as_ref().and_then(|stored| stored.directory.get(rule));
        let limits = self.with_directory(limits, rule);
        self.under_pressure(match entry.filter(|entry| entry.details_at.is_some()) {
            Some(entry) => {
                let basis = CostBasis::new(rule.bus(), entry.event_pattern.as_deref(), &entry.targets);
                self.with_targets(limits.with_cost_basis(basis), &entry.targets)
            }
            None => limits,
        })
    }

    /// Adds what the directory knows about a rule besides its targets.
    fn with_directory(&self, limits: Limits, rule: &RuleArn) -> Limits {
        let stored = self.directory.known();
        let sees_missed = stored.is_some_and(|stored| stored.directory.shows_missed(rule));
        let is_own_rule = self.home.own.has_rule(rule);
        Limits { sees_missed, is_own_rule, ..limits.with_schedules(self.schedules_of(rule)) }
    }

    fn with_targets(&self, limits: Limits, targets: &[Target]) -> Limits {
        let stored = self.directory.known();
        let are_shared = stored.is_some_and(|stored| stored.directory.are_shared(targets));
        limits.with_targets(targets).with_shared_actors(are_shared)
    }

    async fn limits_by_tags(&self, rule: &RuleArn) -> Limits {
        let now = self.ports.clock().now();
        let known = self.tags.lock().get(rule).cloned();
        let tags = match known {
            Some(known) if known.is_fresh(now) => known.value,
            stale => {
                let listed = self.directory.known();
                if let Some(tags) = listed.as_ref().and_then(|stored| stored.directory.tags(rule, now)) {
                    return self.defaults.of_rule(rule, tags);
                }
                let tags = match self.ports.rules().tags(rule).await {
                    Ok(tags) => tags,
                    Err(fault) => {
                        tracing::warn!(%rule, %fault, "tags not read; asking again in a minute");
                        stale.map(|stale| stale.value).unwrap_or_default()
                    }
                };
                self.tags.put(rule, now, tags.clone());
                tags
            }
        };
        self.defaults.of_rule(rule, &tags)
    }

    /// Schedules that start an actor of the rule, as the directory has them.
    fn schedules_of(&self, rule: &RuleArn) -> Schedules {
        self.directory.known().map(|stored| stored.directory.schedules(rule)).unwrap_or_default()
    }

    /// Returns the limits from tags and targets that were just read with the rule.
    pub(super) fn limits_from(&self, rule: &RuleArn, found: &RuleDefinition) -> Limits {
        self.tags.put(rule, self.ports.clock().now(), found.tags.clone());
        let basis = CostBasis::new(rule.bus(), found.event_pattern.as_deref(), &found.targets);
        let limits = self.defaults.of_rule(rule, &found.tags).with_cost_basis(basis);
        let limits = self.with_targets(limits, &found.targets);
        self.under_pressure(self.with_directory(limits, rule))
    }
}
