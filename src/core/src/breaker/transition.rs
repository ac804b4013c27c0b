//! The transitions of the breaker: what each event makes of each state. No other code changes the state.

use super::{Breaker, Cut};
use crate::model::{RuleDefinition, Timestamp};

/// Something that may change the state of a breaker.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The evidence is enough for a cut, or a person ordered it.
    Tripped,
    /// The rule is not to be disabled after all.
    Spared,
    /// The rule was already disabled, by somebody else.
    FoundDisabled,
    /// No other rule of the same cycle is being cut.
    Claimed,
    /// The rule was read and is to be disabled.
    Found(Box<RuleDefinition>),
    /// The rule was read back as disabled. The guard puts it back by itself at `restore_at`.
    Disabled { restore_at: Option<Timestamp> },
    /// A person wants the rule back, or the guard does so by itself.
    RestoreBegun,
    /// The rule is enabled again: by the guard, or by somebody else while it was cut. Probation ends at `until`.
    Enabled { until: Timestamp },
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
    /// The firings that led to the cut are no longer needed, and the rule as it was found needs their room.
    pub forgets_firings: bool,
}

/// Progress of a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The trip is recorded. Nothing has been done to the rule.
    Inspecting,
    /// The rule is recorded as it was found, and is being disabled.
    Disabling,
    /// The rule was read back as disabled.
    Disabled,
}

impl Cut {
    pub fn stage(&self) -> Stage {
        match (&self.found, self.disabled_at) {
            (None, _) => Stage::Inspecting,
            (Some(_), None) => Stage::Disabling,
            (Some(_), Some(_)) => Stage::Disabled,
        }
    }
}

impl Breaker {
    /// State after an event, and its effects; `None` if the event changes nothing in this state.
    pub fn next(&self, event: Event, now: Timestamp) -> Option<(Self, Effects)> {
        let none = Effects::default();
        let epoch = |at| Effects { epoch: Some(at), ..none };
        Some(match (self, event) {
            (Self::Closed | Self::HalfOpen { .. }, Event::Tripped) => (Self::Open(Box::default()), none),
            // A person wants it off again: what was found before the first cut is still to be put back one day.
            (Self::Restoring { cut, .. }, Event::Tripped) => {
                let cut = Cut { found: cut.found.clone(), ..Cut::default() };
                (Self::Open(Box::new(cut)), none)
            }
            (Self::Open(cut), Event::Spared) if cut.stage() != Stage::Disabled => (Self::Closed, none),
            (Self::Open(cut), Event::FoundDisabled) if cut.stage() == Stage::Inspecting => {
                (Self::Closed, epoch(now))
            }
            (Self::Open(cut), Event::Claimed) if cut.stage() == Stage::Inspecting => {
                (Self::Open(Box::new(Cut { is_claimed: true, ..(**cut).clone() })), none)
            }
            (Self::Open(cut), Event::Found(rule)) if cut.stage() == Stage::Inspecting => {
                let cut = Cut { found: Some(*rule), ..(**cut).clone() };
                (Self::Open(Box::new(cut)), Effects { forgets_firings: true, ..none })
            }
            (Self::Open(cut), Event::Disabled { restore_at }) if cut.stage() == Stage::Disabling => {
                let mut cut = cut.clone();
                cut.disabled(now);
                cut.restore_at = restore_at;
                (Self::Open(cut), none)
            }
            (Self::Open(cut), Event::RestoreBegun) if cut.stage() != Stage::Inspecting => {
                (Self::Restoring { cut: cut.clone(), since: now }, none)
            }
            (Self::Open(cut), Event::Enabled { until }) if cut.stage() == Stage::Disabled => {
                (Self::HalfOpen { until }, epoch(now))
            }
            // Firings since the restore began may already be those of the next life.
            (Self::Restoring { since, .. }, Event::Enabled { until }) => {
                (Self::HalfOpen { until }, epoch(*since))
            }
            (Self::Open(cut), Event::Deleted) if cut.stage() == Stage::Disabled => (Self::Closed, epoch(now)),
            (Self::Restoring { .. }, Event::Deleted) => (Self::Closed, epoch(now)),
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
            Breaker::Open(cut) => match cut.stage() {
                Stage::Inspecting if cut.is_claimed => "claimed",
                Stage::Inspecting => "inspecting",
                Stage::Disabling => "disabling",
                Stage::Disabled => "disabled",
            },
            other => other.word(),
        }
    }

    fn states() -> [Breaker; 6] {
        let found = Some(RuleDefinition::new(RuleState::Enabled, "{}"));
        let disabling = Cut { found, ..Cut::default() };
        let mut disabled = disabling.clone();
        disabled.disabled(EARLIER);
        [
            Breaker::Closed,
            Breaker::Open(Box::default()),
            Breaker::Open(Box::new(disabling)),
            Breaker::Open(Box::new(disabled.clone())),
            Breaker::Restoring { cut: Box::new(disabled), since: EARLIER },
            Breaker::HalfOpen { until: LATER },
        ]
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
                    assert_eq!(effects.forgets_firings, matches!(event, Event::Found(_)), "{title}");
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
        let Breaker::Open(cut) = next(&disabling, Event::Disabled { restore_at: Some(LATER) }) else {
            panic!()
        };
        assert_eq!((cut.disabled_at, cut.restore_at), (Some(NOON), Some(LATER)));
        let Breaker::Restoring { cut, since } = next(&disabled, Event::RestoreBegun) else { panic!() };
        assert_eq!((cut.disabled_at, since), (Some(EARLIER), NOON));
        let Breaker::Open(cut) = next(&restoring, Event::Tripped) else { panic!() };
        assert_eq!((cut.found.is_some(), cut.disabled_at), (true, None));
    }
}
