//! The transitions of the breaker: what each event makes of each state. No other code changes the state.

use super::{Breaker, Cut, Disabled, Restore};
use crate::model::{RuleDefinition, Timestamp};

/// Something that may change the state of a breaker.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The evidence is enough for a cut, or a person ordered it.
    Tripped,
    /// The rule is not to be disabled after all.
    Spared,
    /// The rule was already disabled, and not by the guard.
    FoundDisabled,
    /// No other rule of the same cycle is being cut.
    Claimed,
    /// The rule was read and is to be disabled.
    Found(Box<RuleDefinition>),
    /// The rule was read back as disabled.
    Disabled {
        /// Time of the automatic restore, if one is planned.
        restore_at: Option<Timestamp>,
    },
    /// A person wants the rule back, or the guard does so by itself.
    RestoreBegun,
    /// The rule is enabled again: by the guard, or by another principal while it was cut.
    Enabled {
        /// End of the probation.
        until: Timestamp,
    },
    /// The cut rule no longer exists.
    Deleted,
    /// Time passed without a trip.
    ProbationOver,
}

/// Consequences of a transition for what is kept of the rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effects {
    /// A new epoch begins, at this time: earlier firings never count.
    pub epoch: Option<Timestamp>,
}

impl Breaker {
    /// State after an event, and its effects; `None` if the event changes nothing in this state.
    pub fn next(&self, event: Event, now: Timestamp) -> Option<(Self, Effects)> {
        let none = Effects::default();
        let epoch = |at| Effects { epoch: Some(at) };
        Some(match (self, event) {
            (Self::Closed | Self::HalfOpen { .. }, Event::Tripped) => (Self::Open(Cut::default()), none),
            // A person wants it off again: the rule as it was before the first cut is still to be restored one day.
            (Self::Restoring(restore), Event::Tripped) => {
                let found = Box::new(restore.found.clone());
                (Self::Open(Cut::Disabling { found }), none)
            }
            (Self::Open(Cut::Inspecting { .. } | Cut::Disabling { .. }), Event::Spared) => {
                (Self::Closed, none)
            }
            (Self::Open(Cut::Inspecting { .. }), Event::FoundDisabled) => (Self::Closed, epoch(now)),
            (Self::Open(Cut::Inspecting { .. }), Event::Claimed) => {
                (Self::Open(Cut::Inspecting { is_claimed: true }), none)
            }
            (Self::Open(Cut::Inspecting { .. }), Event::Found(found)) => {
                (Self::Open(Cut::Disabling { found }), none)
            }
            (Self::Open(Cut::Disabling { found }), Event::Disabled { restore_at }) => {
                let disabled = Disabled::new((**found).clone(), now, restore_at);
                (Self::Open(Cut::Disabled(Box::new(disabled))), none)
            }
            (Self::Open(cut), Event::RestoreBegun) => {
                (Self::Restoring(Box::new(Restore::of(cut, now)?)), none)
            }
            (Self::Open(Cut::Disabled(_)), Event::Enabled { until }) => {
                (Self::HalfOpen { until }, epoch(now))
            }
            // Firings since the restore began may already be those of the next life.
            (Self::Restoring(restore), Event::Enabled { until }) => {
                (Self::HalfOpen { until }, epoch(restore.since))
            }
            (Self::Open(Cut::Disabled(_)) | Self::Restoring(_), Event::Deleted) => (Self::Closed, epoch(now)),
            (Self::HalfOpen { .. }, Event::ProbationOver) => (Self::Closed, none),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RuleState;

    const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);
    const EARLIER: Timestamp = Timestamp::constant(1_795_175_000, 0);
    const LATER: Timestamp = Timestamp::constant(1_795_177_000, 0);

    fn word(breaker: &Breaker) -> &'static str {
        match breaker {
            Breaker::Open(Cut::Inspecting { is_claimed: true }) => "claimed",
            Breaker::Open(Cut::Inspecting { is_claimed: false }) => "inspecting",
            Breaker::Open(Cut::Disabling { .. }) => "disabling",
            Breaker::Open(Cut::Disabled(_)) => "disabled",
            other => other.word(),
        }
    }

    fn states() -> [Breaker; 6] {
        let found = RuleDefinition::new(RuleState::Enabled, "{}");
        let disabled = Disabled::new(found.clone(), EARLIER, None);
        let restoring = Restore { since: EARLIER, ..restore(&disabled) };
        [
            Breaker::Closed,
            Breaker::Open(Cut::default()),
            Breaker::Open(Cut::Disabling { found: Box::new(found) }),
            Breaker::Open(Cut::Disabled(Box::new(disabled))),
            Breaker::Restoring(Box::new(restoring)),
            Breaker::HalfOpen { until: LATER },
        ]
    }

    fn restore(disabled: &Disabled) -> Restore {
        Restore::of(&Cut::Disabled(Box::new(disabled.clone())), NOON).expect("it was read")
    }

    /// Each event in each state: the next state, `!` where a new epoch begins now, `<` where it began with the restore, and `-`
    /// where the event changes nothing.
    const TABLE: &str = "
                closed      inspecting  disabling   disabled    restoring   half-open
tripped         inspecting  -           -           -           disabling   inspecting
spared          -           closed      closed      -           -           -
found disabled  -           closed !    -           -           -           -
claimed         -           claimed     -           -           -           -
found           -           disabling   -           -           -           -
disabled        -           -           disabled    -           -           -
restore begun   -           -           restoring   restoring   -           -
enabled         -           -           -           half-open ! half-open < -
deleted         -           -           -           closed !    closed !    -
probation over  -           -           -           -           -           closed
";

    #[test]
    fn each_event_in_each_state() {
        let events = [
            ("tripped", Event::Tripped),
            ("spared", Event::Spared),
            ("found disabled", Event::FoundDisabled),
            ("claimed", Event::Claimed),
            ("found", Event::Found(Box::new(RuleDefinition::new(RuleState::Enabled, "{}")))),
            ("disabled", Event::Disabled { restore_at: Some(LATER) }),
            ("restore begun", Event::RestoreBegun),
            ("enabled", Event::Enabled { until: LATER }),
            ("deleted", Event::Deleted),
            ("probation over", Event::ProbationOver),
        ];
        let line = |title: &str, cells: Vec<String>| {
            let cells: String = cells.iter().map(|cell| format!("{cell:<12}")).collect();
            format!("{title:<16}{cells}").trim_end().to_owned()
        };
        let mut table = vec![line("", states().iter().map(|state| word(state).to_owned()).collect())];
        for (title, event) in events {
            let cell = |state: &Breaker| match state.next(event.clone(), NOON) {
                None => "-".to_owned(),
                Some((next, effects)) => {
                    let mark = match effects.epoch {
                        None => "",
                        Some(at) if at == NOON => " !",
                        Some(at) => {
                            assert_eq!(at, EARLIER, "{title}");
                            " <"
                        }
                    };
                    format!("{}{mark}", word(&next))
                }
            };
            table.push(line(title, states().iter().map(cell).collect()));
        }
        assert_eq!(table.join("\n").trim(), TABLE.trim(), "\n{}", table.join("\n"));
    }

    #[test]
    fn a_cut_keeps_what_was_found_and_when() {
        let [.., disabling, disabled, restoring, _] = states();
        let next = |state: &Breaker, event| state.next(event, NOON).expect("a transition").0;
        let cut = next(&disabling, Event::Disabled { restore_at: Some(LATER) });
        let cut = cut.disabled().expect("it is disabled");
        assert_eq!((cut.at, cut.restore_at), (NOON, Some(LATER)));
        let Breaker::Restoring(restore) = next(&disabled, Event::RestoreBegun) else { panic!() };
        assert_eq!((restore.disabled_at, restore.since), (Some(EARLIER), NOON));
        let again = next(&restoring, Event::Tripped);
        assert_eq!((again.found().is_some(), again.disabled()), (true, None));
    }
}
