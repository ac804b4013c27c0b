//! Text of alerts about one rule.

use super::{Commands, Words};
use crate::aftermath::{CutOutcome, Missed};
use crate::alerts::{AfterCut, CodeSource, Failure, RuleEvent};
use crate::archive::by_hand;
use crate::cure;
use crate::model::{Excerpt, RuleArn, Timestamp, whole_seconds};
use crate::trial::TrialOutcome;
use crate::verdict::EvidenceKind;

pub(super) fn words(event: &RuleEvent, rule: Option<&RuleArn>, commands: &Commands) -> Words {
    match event {
        RuleEvent::Tripped { why, next, is_watched } => {
            let hints: Vec<String> = after_cut(*next).into_iter().chain(is_watched.map(watched)).collect();
            Words { reason: why.clone(), hint: (!hints.is_empty()).then(|| hints.join("; ")) }
        }
        RuleEvent::TrialBegun { why, until } => Words::new(
            why.clone(),
            format!(
                "nothing has to be done: the guard puts the rule back at {}, and tells the outcome",
                whole_seconds(*until)
            ),
        ),
        RuleEvent::TrialOver { outcome, why, replay_at } => trial_over(*outcome, why, *replay_at, commands),
        RuleEvent::CutOutcome { outcome, is_restored, is_by_hand } => {
            cut_outcome(outcome, *is_restored, *is_by_hand)
        }
        RuleEvent::WouldTrip { why, because, is_observed, .. } => {
            let hint = match is_observed {
                true => {
                    "to let the guard disable it, deploy the stack with Mode=enforce, or with EnforceByTag=true and the tag budget-guard:mode=enforce on the rule"
                }
                false => "break the loop by hand; the guard will not touch this rule",
            };
            Words::new(spared(why, because), hint)
        }
        RuleEvent::Suspect { why, because, kind } => {
            let reason = because.as_ref().map_or_else(|| why.clone(), |because| spared(why, because));
            Words::new(reason, suspect_hint(*kind, rule, commands))
        }
        RuleEvent::Restored { to, limit, changed, missed } => {
            restored(format!("put back to {to}; on probation with {limit}"), changed, missed.as_ref())
        }
        RuleEvent::RestoredBefore { to } => {
            let reason = format!("an interrupted restore had put it to {to}; it is on probation");
            Words { reason, hint: None }
        }
        RuleEvent::Undone { by, to, limit, source } => {
            let by = by.as_deref().unwrap_or("someone");
            let line = source
                .as_ref()
                .map_or_else(|| "set the rule's state in its definition".to_owned(), code_line);
            Words::new(
                format!("{by} set it to {to}; it is on probation with {limit}"),
                format!("if a deployment enabled it, {line}, or it will do so again"),
            )
        }
        RuleEvent::Deleted { by } => {
            let by = by.as_deref().unwrap_or("someone");
            let reason = format!("{by} deleted it while it was cut; the guard forgets the cut");
            Words { reason, hint: None }
        }
        RuleEvent::Reminder { since, why, source } => {
            let since = since.map(|at| whole_seconds(at).to_string()).unwrap_or_default();
            let hint =
                source.as_ref().map(|from| format!("to leave it disabled for good, {}", code_line(from)));
            Words { reason: format!("disabled since {since}: {why}"), hint }
        }
        RuleEvent::Failed(failure) => failed(failure, rule, commands),
        RuleEvent::Advice { own, all, role } => advice(*own, *all, role.as_deref(), rule, commands),
        RuleEvent::PatternChanged { by, is_undone } => pattern_changed(by, *is_undone, rule, commands),
    }
}

fn trial_over(outcome: TrialOutcome, why: &str, replay_at: Option<Timestamp>, commands: &Commands) -> Words {
    let hint = match outcome {
        TrialOutcome::Honest => "nothing has to be done: such evidence does not count for a week",
        TrialOutcome::Open | TrialOutcome::Loop | TrialOutcome::Untold => {
            &format!("the rule is enabled; look at the makers of its calls with {}", commands.bare("status"))
        }
    };
    match replay_at {
        Some(at) => {
            let at = whole_seconds(at);
            Words::new(format!("{why}. The events that it missed are replayed to it at {at}"), hint)
        }
        None => Words::new(why.to_owned(), hint),
    }
}

fn spared(why: &str, because: &str) -> String {
    format!("{why}; not disabled, because {because}")
}

fn after_cut(next: AfterCut) -> Option<String> {
    match next {
        AfterCut::ByPerson => None,
        AfterCut::RestoredAt(at) => Some(format!("the guard puts the rule back by itself at {at}")),
        AfterCut::TrippedTooOften => {
            Some("it tripped three times within a day: only a person puts it back".to_owned())
        }
        AfterCut::LoopIsProved => {
            Some("the guard does not put it back by itself: the loop is proved".to_owned())
        }
    }
}

fn restored(mut reason: String, changed: &[String], missed: Option<&Missed>) -> Words {
    if !changed.is_empty() {
        let names = changed.join(", ");
        reason = format!("{reason}. Changed while it was disabled, and kept as it is now: {names}");
    }
    if let Some(missed) = missed {
        reason = format!("{reason}. It missed {missed}");
    }
    Words { reason, hint: None }
}

fn watched(is_watched: bool) -> String {
    match is_watched {
        true => "the guard goes on to see these calls, and tells the outcome of the cut",
        false => "the guard does not see this rule's events while it is off, so it cannot tell the outcome of the cut",
    }
    .to_owned()
}

fn cut_outcome(outcome: &CutOutcome, is_restored: bool, is_by_hand: bool) -> Words {
    let hint = match outcome {
        CutOutcome::Stopped { .. } => {
            "change the rule's pattern, its targets or their code before it is put back, or the loop goes on"
        }
        CutOutcome::GoesOn(_) | CutOutcome::Cleared | CutOutcome::Contradicted { .. } if is_restored => {
            "nothing has to be done: the guard puts the rule back"
        }
        CutOutcome::GoesOn(_) | CutOutcome::Cleared | CutOutcome::Contradicted { .. } if is_by_hand => {
            "put the rule back, unless it was cut for another reason than a loop"
        }
        CutOutcome::GoesOn(_) | CutOutcome::Cleared | CutOutcome::Contradicted { .. } => {
            "put the rule back; to let the guard do so by itself, set AutoRestore=true or tag the rule \
             budget-guard:auto-restore=30m"
        }
        CutOutcome::Partly(_) => "find the other source of these calls; the rest may be a loop",
        CutOutcome::Ended(..) | CutOutcome::NotYetKnown => {
            "look at the purpose of the calls; put the rule back if it is no loop"
        }
    };
    Words::new(outcome.to_string(), hint)
}

fn suspect_hint(kind: EvidenceKind, rule: Option<&RuleArn>, commands: &Commands) -> String {
    let disable = rule.map_or_else(|| commands.bare("disable RULE"), |rule| commands.about("disable", rule));
    let tag = match kind {
        EvidenceKind::Burst => "with the limit above which it is to be cut: budget-guard:limit=5000/60s",
        EvidenceKind::Turns | EvidenceKind::Surplus => {
            "with the turns that are meant: budget-guard:turns=50, or off"
        }
        EvidenceKind::Sustained | EvidenceKind::Manual => "budget-guard:sustained=off",
    };
    format!(
        "if this is how the rule works, nothing has to be done, or tag it {tag}; \
         if it is a loop, cut it: {disable} --reason TEXT"
    )
}

fn failed(failure: &Failure, rule: Option<&RuleArn>, commands: &Commands) -> Words {
    match failure {
        Failure::Tags(problems) => {
            Words::new(problems.join("; "), "correct the tag; until then the default holds for this rule")
        }
        Failure::Pattern(problem) => Words {
            reason: format!("the guard cannot tell which events fire this rule, so it is not guarded: {problem}"),
            hint: rule.map(|rule| {
                let attach = commands.about("attach", rule);
                format!(
                    "let the rule itself tell the guard of its firings: {attach}; and report the pattern as a bug"
                )
            }),
        },
        Failure::NotCut(fired_at) => Words::new(
            format!("the rule reads DISABLED and still fires, last seen at {fired_at}: it is not cut"),
            "remove the rule's targets by hand, and ask AWS Support about the rule",
        ),
        Failure::Disable(fault) => Words::new(
            format!("could not disable the rule: {fault}; the guard tries again every minute"),
            "allow the guard events:DescribeRule, events:ListTargetsByRule, \
             events:ListTagsForResource and events:DisableRule on this rule; or disable it by hand",
        ),
        Failure::Restore(fault) => Words::new(
            format!("could not restore the rule: {fault}"),
            format!(
                "run {} again; it needs events:EnableRule, and events:PutRule for a rule in the third state",
                rule.map_or_else(|| commands.bare("enable RULE"), |rule| commands.about("enable", rule))
            ),
        ),
        Failure::Overtaken => Words::new(
            "a delayed DisableRule took effect after the rule had been put back: it is off again",
            "look at the rule, and enable it by hand if it should run",
        ),
        Failure::Replay { fault, archive, replay } => Words {
            reason: format!("the events that it missed were not replayed: {fault}"),
            hint: rule.map(|rule| {
                let (name, to) = (replay.name(rule), replay.to.to_string());
                format!("replay them by hand: {}", by_hand(rule, archive, &name, replay.from, &to))
            }),
        },
        Failure::RestoreChanged(changed) => Words::new(
            format!("putting the rule back changed more than its state: {}", changed.join(", ")),
            "compare the rule with its definition",
        ),
    }
}

fn advice(own: u64, all: u64, role: Option<&str>, rule: Option<&RuleArn>, commands: &Commands) -> Words {
    let percent = own * 100 / all.max(1);
    let hint = match role {
        Some(role) => {
            let whole = rule.map(|rule| format!("; the whole pattern: {}", commands.about("cure", rule)));
            format!(
                "leave the target's own calls out of the event pattern; add to \"detail\": {}{}",
                cure::members(role),
                whole.unwrap_or_default()
            )
        }
        None => {
            "leave the target's own calls out of the event pattern, by the role that it acts with".to_owned()
        }
    };
    Words::new(
        format!("{own} of {all} firings within 24 hours ({percent} %) were calls of its own target"),
        hint,
    )
}

fn pattern_changed(by: &str, is_undone: bool, rule: Option<&RuleArn>, commands: &Commands) -> Words {
    let by = Excerpt::new(by);
    let undo = |rule| format!("to put the old pattern back: {} --undo", commands.about("cure", rule));
    match is_undone {
        true => Words::new(
            format!("{by} put back the pattern from before the cure"),
            "if the rule fired itself by that pattern, it will do so again once it is enabled",
        ),
        false => Words {
            reason: format!("{by} put the cure, a pattern that leaves out the calls of its own target"),
            hint: rule.map(|rule| {
                format!(
                    "change the rule's definition in code as well, or a deployment puts the loop back; {}",
                    undo(rule)
                )
            }),
        },
    }
}

/// Returns the change to infrastructure as code that keeps the rule disabled.
fn code_line(source: &CodeSource) -> String {
    match source {
        CodeSource::CloudFormation { stack, logical_id } => {
            let logical_id = logical_id.as_deref().unwrap_or("the rule");
            format!("set `State: DISABLED` on {logical_id} in the CloudFormation stack {stack}")
        }
        CodeSource::Terraform => {
            "set `state = \"DISABLED\"` on the aws_cloudwatch_event_rule in Terraform".to_owned()
        }
    }
}
