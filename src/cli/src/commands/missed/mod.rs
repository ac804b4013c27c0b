//! `enable --replay-missed`: gives a rule the events that it missed while it was cut, from an archive of its bus.
//! Everything that can be refused is checked before the rule is restored.

mod archive;
mod coverage;
mod replay;

pub(super) use replay::ReplayView;

use budget_guard_aws::{Aws, SystemClock};
use budget_guard_core::alerts::quoted;
use budget_guard_core::archive::{bus_arn, by_hand, replay_name};
use budget_guard_core::breaker::Breaker;
use budget_guard_core::escape::option;
use budget_guard_core::guard::Refusal;
use budget_guard_core::model::{FaultKind, RuleArn, RuleDefinition, RuleState, Seconds, Timestamp};
use budget_guard_core::ports::{Clock, Rules};
use budget_guard_core::record::{Record, Trip};
use budget_guard_core::run::{Guard, load};
use budget_guard_core::stored::Key;
use jiff::SignedDuration;

use super::{enable, order};
use crate::context::Context;
use crate::output;
use crate::problem::Problem;
use crate::session::Session;
use archive::Archive;
use coverage::{Coverage, takes_replays};

/// Maximum number of replays at the same time. Source: "Amazon EventBridge quotas" (user guide).
const MAX_REPLAYS: usize = 10;
/// Shell text for the present time, for a command to be run later.
const NOW: &str = r#""$(date -u +%Y-%m-%dT%H:%M:%SZ)""#;

/// A replay that nothing speaks against.
#[derive(Debug)]
pub(super) struct Plan {
    rule: RuleArn,
    archive: Archive,
    /// Name of the replay.
    name: String,
    /// Event time of the first event that the rule may have missed.
    from: Timestamp,
    /// Time that AWS asks for between the last event and the replay.
    delay: Seconds,
    /// Options of `aws` commands.
    options: String,
}

/// Checks all that speaks against a replay, before anything is changed.
pub(super) async fn plan(
    context: &Context,
    session: &Session,
    guard: &Guard<Aws>,
    rule: &RuleArn,
    (force, delay): (bool, Seconds),
) -> Result<Plan, Problem> {
    let failed = |fault| session.problem(&fault);
    let without = format!("to put it back without them: {}", context.command("enable", rule));
    let cut = Cut::of(context, guard, rule, session).await?;
    if cut.is_proved && !force {
        return Err(refused(rule, "its loop was proved, and the events that it missed may start it again")
            .hint(without)
            .hint("to replay them all the same, once the loop is broken: add --force"));
    }
    let now = SystemClock.now();
    let rules = &guard.ports.rules;
    let present = match rules.inspect(rule).await {
        Ok(present) => present,
        Err(fault) if fault.kind == FaultKind::NotFound => {
            return Err(order::refusal(rule, &Refusal::Gone, Some(without)));
        }
        Err(fault) => return Err(failed(fault)),
    };
    let pattern = present.event_pattern.as_deref().unwrap_or("{}");
    let archives = archive::of_bus(rules.client(), &bus_arn(rule)).await.map_err(failed)?;
    let plan = |archive| Plan {
        rule: rule.clone(),
        archive,
        name: replay_name(rule, now),
        from: cut.at,
        delay,
        options: session.named.options(),
    };
    let due = now + SignedDuration::from(delay);
    let (archive, coverage) = match choose(rule, archives, pattern, cut.at, due) {
        Ok(chosen) => chosen,
        Err(Lack { problem, part }) => {
            let part = part.map(|part| format!("then, for the events that it has: {}", plan(*part).later()));
            return Err(part
                .into_iter()
                .fold(problem.hint(without), Problem::hint)
                .hint(for_next_time(rule, &session.named.options())));
        }
    };
    let plan = plan(archive);
    let by_hand = format!("then, to replay them by hand: {}", plan.later());
    let changed = changes(&present, &cut.found).join(", ");
    if !changed.is_empty() {
        let because = format!("it has changed since the cut, and may take other events now: {changed}");
        return Err(refused(rule, &because).hint(without).hint(by_hand));
    }
    if !takes_replays(pattern, &plan.name) {
        let because = "its event pattern leaves out the events of replays, by replay-name";
        return Err(refused(rule, because).hint(without));
    }
    let under_way = archive::under_way(rules.client()).await.map_err(failed)?;
    if under_way >= MAX_REPLAYS {
        let because = format!("{under_way} replays are under way, and AWS runs {MAX_REPLAYS} at a time");
        let again = context.command("enable", rule);
        let again = format!("once one has ended, run it again: {again} --replay-missed");
        return Err(refused(rule, &because).hint(again).hint(without).hint(by_hand));
    }
    warn(&plan.archive, &coverage, &cut.found);
    Ok(plan)
}

fn refused(rule: &RuleArn, because: &str) -> Problem {
    Problem::refused(format!("rule {}: {because}", quoted(rule)))
}

/// Hint on how to have an archive.
fn for_next_time(rule: &RuleArn, options: &str) -> String {
    let bus = bus_arn(rule);
    let create = format!(
        "aws events create-archive --archive-name missed-events --retention-days 7 {} {options}",
        option("--event-source-arn", &bus)
    );
    match rule.is_on_default_bus() {
        true => format!("for the next time: the stack's parameter ArchiveDays, or {create}"),
        false => format!("for the next time: {create}"),
    }
}

/// The cut of a rule, from the guard's record.
struct Cut {
    found: RuleDefinition,
    /// Event time of the first event that it may have missed, in whole seconds.
    at: Timestamp,
    /// True if the rule was cut for a proved loop.
    is_proved: bool,
}

impl Cut {
    /// Reads the record. A rule that is not cut, or not yet, is refused as `enable` does it.
    async fn of(
        context: &Context,
        guard: &Guard<Aws>,
        rule: &RuleArn,
        session: &Session,
    ) -> Result<Self, Problem> {
        let loaded = load::<Record>(&guard.ports.store, Key::Record(rule)).await;
        let loaded = loaded.map_err(|fault| session.problem(&fault))?;
        let record =
            loaded.map_or_else(|| Record::new(rule.clone(), guard.defaults.burst), |(record, _)| record);
        match (record.breaker.found(), missed_since(&record)) {
            (Some(found), Some(at)) => {
                Ok(Self { found: found.clone(), at, is_proved: record.is_proved_loop() })
            }
            _ => {
                let is_open = matches!(record.breaker, Breaker::Open(_));
                let refusal = if is_open { Refusal::CutBegun } else { Refusal::NotCut };
                Err(order::refusal(rule, &refusal, enable::instead(context, rule, &record)))
            }
        }
    }
}

/// Event time of the first event that the rule may have missed. `None` if it is not cut.
fn missed_since(record: &Record) -> Option<Timestamp> {
    let is_cut = matches!(record.breaker, Breaker::Restoring(_)) || record.breaker.disabled().is_some();
    record.last_trip.as_ref().filter(|_| is_cut).map(Trip::missed_since)
}

/// Lack of an archive that has all the missed events.
struct Lack {
    problem: Problem,
    /// Archive that may have a part of them.
    part: Option<Box<Archive>>,
}

/// The archive that has the missed events; of several, one whose pattern leaves no doubt.
fn choose(
    rule: &RuleArn,
    archives: Vec<Archive>,
    pattern: &str,
    from: Timestamp,
    due: Timestamp,
) -> Result<(Archive, Coverage), Lack> {
    let bus = rule.bus();
    if archives.is_empty() {
        let because = format!("bus \"{bus}\" has no archive, so the events that it missed are not kept");
        return Err(Lack { problem: refused(rule, &because), part: None });
    }
    let (mut obstacles, mut usable, mut part) = (Vec::new(), Vec::new(), None);
    for archive in archives {
        let coverage = Coverage::of(archive.pattern.as_deref(), pattern);
        match archive.obstacle(&coverage, from, due) {
            None => usable.push((archive, coverage)),
            Some(obstacle) => {
                obstacles.push(format!("archive {} {obstacle}", archive.name));
                part =
                    part.or(
                        (archive.outage.is_none() && coverage.left_out.is_empty()).then(|| Box::new(archive))
                    );
            }
        }
    }
    usable.sort_by_key(|(_, coverage)| !coverage.untold.is_empty());
    usable.into_iter().next().ok_or_else(|| {
        let obstacles = obstacles.join("; ");
        let because = format!("no archive of bus \"{bus}\" has all the events that it missed: {obstacles}");
        Lack { problem: refused(rule, &because), part }
    })
}

/// Differences that decide which events the rule takes, and their receivers.
fn changes(present: &RuleDefinition, found: &RuleDefinition) -> Vec<String> {
    let decides = |name: &String| name == "event pattern" || name.starts_with("target ");
    present.differences(found).into_iter().filter(decides).collect()
}

/// Warns of events that may not be in the archive.
fn warn(archive: &Archive, coverage: &Coverage, found: &RuleDefinition) {
    let name = &archive.name;
    if !coverage.untold.is_empty() {
        let members = coverage.untold.join(", ");
        output::warning(format_args!(
            "archive {name} may not have all the events: its pattern and the rule's cannot be compared for {members}"
        ));
    }
    if found.state == RuleState::EnabledWithAllCloudtrailManagementEvents {
        output::warning(format_args!(
            "archive {name} may not have the calls named Get…, List… or Describe…: AWS does not say that archives do"
        ));
    }
}

impl Plan {
    /// The AWS CLI's command for a replay to this rule alone. `to` is text of a shell.
    fn by_hand(&self, name: &str, from: Timestamp, to: &str) -> String {
        format!("{} {}", by_hand(&self.rule, &self.archive.arn, name, from, to), self.options)
    }

    /// The same up to the time at which the command is run.
    fn later(&self) -> String {
        self.by_hand(&self.name, self.from, NOW)
    }

    /// The AWS CLI's command about the started replay.
    fn command(&self, verb: &str) -> String {
        format!("aws events {verb} {} {}", option("--replay-name", &self.name), self.options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_archives_the_surest_is_taken() {
        let rule: RuleArn = "arn:aws:events:eu-west-1:123456789012:rule/orders/fix".parse().unwrap();
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let archive = |name: &str, pattern: Option<&str>| Archive {
            name: name.to_owned(),
            arn: String::new(),
            outage: None,
            pattern: pattern.map(str::to_owned),
            retention_days: 0,
            made_at: None,
        };
        let check = |archives: &[Archive], expected: Result<&str, &str>| {
            let chosen = choose(&rule, archives.to_vec(), r#"{"source":["a"]}"#, now, now);
            let chosen = chosen.map(|(archive, _)| archive.name).map_err(|lack| lack.problem.message);
            assert_eq!(chosen.as_deref().map_err(String::as_str), expected);
        };
        let doubtful = archive("doubtful", Some(r#"{"account":["123456789012"]}"#));
        let other = archive("other", Some(r#"{"source":["b"]}"#));
        let sure = archive("sure", None);
        check(&[other.clone(), doubtful.clone(), sure], Ok("sure"));
        check(&[other.clone(), doubtful], Ok("doubtful"));
        let because = "rule \"fix\" on bus \"orders\": no archive of bus \"orders\" has all the events that it missed: archive \
                       other leaves out events that the rule takes, by its pattern for source";
        check(&[other], Err(because));
        check(
            &[],
            Err(
                "rule \"fix\" on bus \"orders\": bus \"orders\" has no archive, so the events that it missed are not kept",
            ),
        );
    }
}
