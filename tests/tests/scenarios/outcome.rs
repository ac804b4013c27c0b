//! Outcome of a story for one rule, as its alerts and its record say.

use budget_guard_core::alerts::{AlertJson, AlertKind};
use budget_guard_core::model::RuleState;
use budget_guard_core::verdict::{Evidence, EvidenceKind};

use super::cast::arn;
use super::stage::Stage;

/// Outcome for one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Number of distinct firings until the cut was seen, or of all firings.
    pub firings: u64,
    /// Kind of evidence of its cut.
    pub cut_by: Option<String>,
    /// Kind of evidence for which it would have been cut, in mode `observe`.
    pub would_be_cut_by: Option<String>,
    /// Outcome of its cut, by the events that it missed. `None` without a cut.
    pub after_cut: Option<&'static str>,
    pub suspects: usize,
    pub advices: usize,
    /// Reasons in the alerts.
    pub said: Vec<String>,
}

impl Stage<'_> {
    pub(super) fn outcome(&self, name: &str) -> Outcome {
        let rule = arn(name);
        let alerts = self.world.alerts();
        let mine = |kind: AlertKind| {
            alerts.iter().filter(move |alert| is_about(alert, &arn(name)) && alert.kind == kind)
        };
        let by = |kind: AlertKind| Some(kind_of(mine(kind).next()?.evidence.as_ref()?));
        let is_disabled = self.world.rule_state(&rule) == Some(RuleState::Disabled);
        assert_eq!(is_disabled, by(AlertKind::Tripped).is_some(), "{}: {name}", self.story.title);
        Outcome {
            firings: self.ended.get(name).copied().unwrap_or_else(|| self.firings(name)),
            cut_by: by(AlertKind::Tripped),
            would_be_cut_by: by(AlertKind::WouldTrip),
            after_cut: self.world.record(&rule).and_then(|record| Some(record.aftermath?.outcome.word())),
            suspects: mine(AlertKind::Suspect).count(),
            advices: mine(AlertKind::Advice).count(),
            said: alerts
                .iter()
                .filter(|alert| is_about(alert, &rule))
                .map(|alert| alert.reason.clone())
                .collect(),
        }
    }
}

/// Kind of evidence in the words of stories.
fn kind_of(evidence: &Evidence) -> String {
    let is_cycle = evidence.own.as_ref().is_some_and(|own| !own.cycle.is_empty());
    match evidence.kind {
        _ if is_cycle => "cycle".to_owned(),
        EvidenceKind::Turns => "turns".to_owned(),
        EvidenceKind::Surplus => "surplus".to_owned(),
        EvidenceKind::Burst if evidence.own.is_some() => "rate".to_owned(),
        EvidenceKind::Burst => "burst".to_owned(),
        other => format!("{other:?}"),
    }
}

fn is_about(alert: &AlertJson, rule: &budget_guard_core::model::RuleArn) -> bool {
    alert.rule.as_ref().is_some_and(|about| about.arn == *rule)
}
