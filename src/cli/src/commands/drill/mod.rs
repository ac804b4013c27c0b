//! `drill`: creates a harmless rule, fires it until the guard cuts it, and removes it. Prints the times. With
//! `--outcome` it also waits until the guard has judged that cut, and one of a rule whose events go on.

mod outcome;
mod rule;

use budget_guard_core::alerts::quoted;
use budget_guard_core::escape::plain;
use budget_guard_core::model::{Fault, RuleArn, Seconds, Timestamp};
use serde::Serialize;

use super::doctor;
use crate::context::{Context, Needs};
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::queue::QueueArn;
use crate::session::Session;
use outcome::Outcome;
use rule::{Drill, LIMIT, WINDOW};

/// Time limit without `--within`.
const WITHIN: Seconds = Seconds::new(2 * 60);
/// Time limit without `--within`, with `--outcome`.
const OUTCOME_WITHIN: Seconds = Seconds::new(20 * 60);
/// Maximum time for the cut and its alert, also if the time limit is for the outcomes.
const MAX_CUT: Seconds = Seconds::new(5 * 60);

/// Result of a drill, as in `--output json`.
#[derive(Debug, Serialize)]
struct Course {
    rule: RuleArn,
    limit: u32,
    /// Number of events put until the rule was found disabled.
    firings: u32,
    /// Seconds from the first event until the rule was found disabled.
    cut_after_seconds: Option<f64>,
    /// Seconds from the first event until the alert was found published.
    alerted_after_seconds: Option<f64>,
    /// True if EventBridge passes the tracing header of an event to the guard's queue. `None` if no event arrived.
    passes_traces: Option<bool>,
    /// Time of an `AssumeRole` event that the guard's catch-all rule got in state `ENABLED`.
    assume_role_at: Option<Timestamp>,
    /// Outcome of the cut of `rule`, whose events end with it. `None` without `--outcome`, or without a cut.
    ended: Option<Outcome>,
    /// Outcome of the cut by hand of another rule, whose events go on. `None` as above.
    goes_on: Option<Outcome>,
    removed: bool,
}

impl Course {
    fn new(rule: RuleArn) -> Self {
        Self {
            rule,
            limit: LIMIT,
            firings: 0,
            cut_after_seconds: None,
            alerted_after_seconds: None,
            passes_traces: None,
            assume_role_at: None,
            ended: None,
            goes_on: None,
            removed: false,
        }
    }
}

/// Runs `drill`.
pub(super) async fn run(
    context: &Context,
    within: Option<Seconds>,
    with_outcome: bool,
) -> Result<Exit, Problem> {
    let session = Session::of_guard(context, &[], Needs::All).await?;
    let queue = context.required_queue()?;
    let settings = context.guard()?;
    doctor::check_before_drill(context, &session).await?;
    let within = within.unwrap_or(if with_outcome { OUTCOME_WITHIN } else { WITHIN });
    let mut drill = Drill { guard: session.guard(settings), session: &session };
    let failed = |fault: Fault| session.problem(&fault);
    sweep(&mut drill).await;
    let mut course = Course::new(drill.make("").await.map_err(failed)?);
    output::note(format_args!("Rule {} is made, at a limit of {LIMIT}/{WINDOW}.", quoted(&course.rule)));
    let mut honest = None;
    let played = async {
        course.assume_role_at = drill.assume_role_at().await.map_err(failed)?;
        let play = async {
            match with_outcome {
                true => with_outcomes(&mut drill, &queue, (&mut course, &mut honest), within).await,
                false => cut(&drill, &queue, &mut course, within).await,
            }
        };
        // It takes minutes. The rules are removed after Ctrl-C too.
        tokio::select! {
            biased;
            Ok(()) = tokio::signal::ctrl_c() => Err(Problem::failed("interrupted before the drill was over")),
            played = play => played,
        }
    };
    let played = Box::pin(played).await;
    // The rules are removed after a failure too.
    let mut left = None;
    for rule in std::iter::once(&course.rule).chain(&honest) {
        if let Err(problem) = Box::pin(drill.remove(rule)).await {
            output::problem(&problem);
            output::hint(format_args!("to remove the rule: {}", removal(context, rule)));
            left = Some(Exit::Failed);
        }
    }
    course.removed = left.is_none();
    if context.is_json() {
        output::json(&course)?;
    } else {
        output::data(&text(&course))?;
    }
    played.map(|()| left.unwrap_or(Exit::Done))
}

/// Removes the rules that earlier drills left, because they were killed. It is no failure if one stays.
async fn sweep(drill: &mut Drill<'_>) {
    match drill.left_behind().await {
        Ok(rules) => {
            for rule in rules {
                match Box::pin(drill.remove(&rule)).await {
                    Ok(()) => {
                        output::note(format_args!("Rule {} of an earlier drill is removed.", quoted(&rule)))
                    }
                    Err(problem) => {
                        output::warning(format_args!("a rule of an earlier drill stays: {}", problem.message))
                    }
                }
            }
        }
        Err(fault) => output::warning(format_args!("rules of earlier drills were not looked for: {fault}")),
    }
}

/// Fires the rule until it is cut and the alert is published.
async fn cut(
    drill: &Drill<'_>,
    queue: &QueueArn,
    course: &mut Course,
    within: Seconds,
) -> Result<(), Problem> {
    output::note(format_args!("Firing rule {} until it is cut.", quoted(&course.rule)));
    let fired = drill.attach_and_fire(queue, course, within.into()).await;
    fired.map_err(|fault| drill.session.problem_with(&course.rule, &fault))?;
    let what = match (course.cut_after_seconds, course.alerted_after_seconds) {
        (Some(_), Some(_)) => return Ok(()),
        (Some(_), None) => "the rule was cut, but no alert was published",
        _ => "the rule was not cut",
    };
    Err(Problem::failed(format!("{what} within {within}"))
        .hint("look at the dead-letter queue, and at the log of the function whose name ends in -ingest")
        .hint("with a long BatchingWindowSeconds it takes longer: --within 5m"))
}

/// Plays both cuts until the guard has judged them. `honest` becomes the second rule, which is to be removed.
async fn with_outcomes(
    drill: &mut Drill<'_>,
    queue: &QueueArn,
    (course, honest): (&mut Course, &mut Option<RuleArn>),
    within: Seconds,
) -> Result<(), Problem> {
    let made = drill.make("-goes-on").await.map_err(|fault| drill.session.problem(&fault))?;
    let other = honest.insert(made);
    output::note(format_args!("Rule {} is made, for a cut by hand. Its events go on.", quoted(other)));
    drill.wait_until_shown([&course.rule, other], within).await?;
    cut(drill, queue, course, within.min(MAX_CUT)).await?;
    drill.cut_by_hand(queue, other).await?;
    let rules = [&course.rule, &*other];
    let [ended, goes_on] = drill.outcomes(rules, within).await?;
    let is_right = ended.is_judged && !ended.clears && goes_on.clears;
    let lack = [&ended, &goes_on].into_iter().find(|one| !one.is_judged).map(|one| quoted(&one.rule));
    (course.ended, course.goes_on) = (Some(ended), Some(goes_on));
    match lack {
        _ if is_right => Ok(()),
        Some(rule) => Err(Problem::failed(format!("the guard did not judge the cut of rule {rule} within {within}"))
            .hint("the events that go on are judged after about 7 minutes, those that ended after about 13: --within 30m")
            .hint("look at the log of the function whose name ends in -control")),
        None => Err(Problem::failed("the guard judged a cut otherwise than the drill's events were")),
    }
}

/// Shell commands that remove the rule. Its target has to be removed first.
fn removal(context: &Context, rule: &RuleArn) -> String {
    let detach = context.command("detach", rule);
    format!("{detach} && {}", context.aws_events("delete-rule", rule))
}

fn text(course: &Course) -> String {
    let outcomes = [("ended", &course.ended), ("goes on", &course.goes_on)];
    let outcomes = outcomes.map(|(word, outcome)| {
        outcome.as_ref().map_or(String::new(), |outcome| format!("{word:8} {}\n", plain(&outcome.sentence)))
    });
    let after = |seconds: Option<f64>| {
        seconds.map_or("not seen".to_owned(), |seconds| format!("after {seconds:.1} s"))
    };
    format!(
        "fired    {} times, at a limit of {LIMIT} in {WINDOW}\ncut      {}\nalerted  {}\ntraces   {}\nopenings {}\n{}removed  {}\n",
        course.firings,
        after(course.cut_after_seconds),
        after(course.alerted_after_seconds),
        match course.passes_traces {
            Some(true) => "passed on: they show loops over custom buses",
            Some(false) => "not passed on",
            None => "not seen",
        },
        course.assume_role_at.map_or_else(
            || "no AssumeRole has reached the guard's plain rule so far".to_owned(),
            |at| format!("plain rules receive AssumeRole, as at {at}")
        ),
        outcomes.concat(),
        if course.removed { "yes" } else { "no" }
    )
}
