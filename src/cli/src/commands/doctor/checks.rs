//! Checks of `doctor`, one for each part.

use budget_guard_aws::{SystemClock, subscribers};
use budget_guard_core::cuts::Cuts;
use budget_guard_core::directory::{Directory, Head, LIST_EVERY, VERSION};
use budget_guard_core::model::{Fault, FaultKind, plural};
use budget_guard_core::policy::{LimitSetting, Mode};
use budget_guard_core::ports::Clock;
use budget_guard_core::run::{load, look, read_directory};
use budget_guard_core::stored::Key;

use super::super::acting::{self, Knowledge};
use super::super::create::is_logging;
use super::{Finding, Part, State};
use crate::context::Context;
use crate::problem::Problem;
use crate::relative_time::time_ago;
use crate::session::Session;

/// Number of passes over the rules that may be missed before the directory counts as old.
const MISSED_PASSES: i32 = 3;
/// Maximum number of rules named in one finding.
const NAMED: usize = 5;

/// Looks at all parts.
pub(super) async fn all(context: &Context, session: &Session) -> Result<Vec<Finding>, Problem> {
    let table = context.table()?;
    let store = session.store(&table);
    let head = load::<Head>(&store, Key::Head).await.map(|stored| stored.map(|(head, _)| head));
    let directory = read_directory(&store, &session.own).await;
    let mut findings = vec![functions(&head), mode(context)?, trail(session).await];
    findings.extend(of_the_way(context, session).await?);
    findings.extend([
        age(session, &head),
        actors(context, session, directory.as_ref().map(|found| found.as_deref())),
        cuts(
            context,
            session,
            &load::<Cuts>(&store, Key::Cuts).await.map(|stored| stored.map(|(cuts, _)| cuts)),
        ),
    ]);
    Ok(findings)
}

/// Looks at the way from the events to the alert.
pub(super) async fn of_the_way(context: &Context, session: &Session) -> Result<Vec<Finding>, Problem> {
    let topic = context.guard()?.topic_arn;
    Ok(vec![events(session).await, alerts(session, &topic).await])
}

fn finding(part: Part, state: State, text: impl Into<String>) -> Finding {
    Finding { part, state, text: text.into(), hints: Vec::new() }
}

impl Finding {
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// Finding for a part that could not be read.
fn unread(session: &Session, part: Part, fault: &Fault) -> Finding {
    let problem = session.problem(fault);
    problem.hints.into_iter().fold(finding(part, State::Unknown, problem.message), Finding::hint)
}

fn functions(head: &Result<Option<Head>, Fault>) -> Finding {
    let version = head.as_ref().ok().and_then(|head| head.as_ref()?.version.as_deref());
    match version {
        Some(version) if version == VERSION => {
            finding(Part::Functions, State::Ok, format!("of version {version}, as this program"))
        }
        Some(version) => finding(
            Part::Functions,
            State::Note,
            format!("of version {version}, and this program is of version {VERSION}"),
        )
        .hint("use both of one version: a later one may store what an earlier one does not read"),
        None => finding(Part::Functions, State::Note, "their version is not known before the first tick"),
    }
}

fn mode(context: &Context) -> Result<Finding, Problem> {
    let limits = context.defaults()?;
    let by_tag = "a rule's tag budget-guard:mode decides for that rule";
    Ok(match limits.mode {
        Mode::Enforce => {
            let limit = limits.spend.map_or(LimitSetting::Firings(limits.burst), LimitSetting::Spend);
            finding(Part::Mode, State::Ok, format!("enforce at {limit}; {by_tag}"))
        }
        Mode::Observe => finding(
            Part::Mode,
            State::Note,
            format!(
                "observe: it reports what it would cut, and cuts nothing; {by_tag}, if the stack lets it"
            ),
        )
        .hint("to have rules cut: make deploy PARAMETERS=\"Mode=enforce\""),
        Mode::Ignore => finding(Part::Mode, State::Problem, "ignore: it watches no rule"),
    })
}

async fn trail(session: &Session) -> Finding {
    match is_logging(session.config()).await {
        Ok(true) => finding(Part::Trail, State::Ok, "a trail of CloudTrail logs in this Region"),
        Ok(false) => finding(
            Part::Trail,
            State::Problem,
            "no trail of CloudTrail logs in this Region, so that API calls fire no rule",
        )
        .hint("to make one: aws cloudtrail create-trail --is-multi-region-trail, then start-logging"),
        Err(fault) => unread(session, Part::Trail, &fault),
    }
}

async fn events(session: &Session) -> Finding {
    if session.own.eyes().next().is_none() {
        return finding(Part::Events, State::Unknown, "the parts of the guard are not known")
            .hint("do not set BUDGET_GUARD_TABLE and others by hand, so that they are read from the guard");
    }
    let mut problems = Vec::new();
    for eye in look(&session.rules(), &session.own).await {
        match eye.found {
            Ok(problem) => problems.extend(problem),
            Err(fault) if fault.kind == FaultKind::Denied => return unread(session, Part::Events, &fault),
            Err(fault) => problems.push(format!("{} could not be read: {fault}", eye.part)),
        }
    }
    match &*problems {
        [] => finding(
            Part::Events,
            State::Ok,
            "the guard's rules are enabled, and its functions read its queues",
        ),
        problems => finding(Part::Events, State::Problem, problems.join("; "))
            .hint("deploy the stack again; who changed it is in the alert of kind tampered"),
    }
}

async fn alerts(session: &Session, topic: &str) -> Finding {
    let subscribe = || {
        format!(
            "to subscribe: aws sns subscribe --protocol email --notification-endpoint MAIL --topic-arn {topic}"
        )
    };
    match subscribers(session.config(), topic).await {
        Err(fault) => unread(session, Part::Alerts, &fault),
        Ok(found) if found.confirmed == 0 && found.pending > 0 => finding(
            Part::Alerts,
            State::Problem,
            format!(
                "{} of the alerts not confirmed, and no other: nobody is told of a cut",
                plural(found.pending, "subscription")
            ),
        )
        .hint("follow the link in the mail of AWS Notifications"),
        Ok(found) if found.confirmed == 0 => finding(
            Part::Alerts,
            State::Problem,
            "nobody subscribes to the alerts, so that nobody is told of a cut",
        )
        .hint(subscribe()),
        Ok(found) => {
            let pending =
                if found.pending > 0 { format!(", {} not confirmed", found.pending) } else { String::new() };
            let state = if found.pending > 0 { State::Note } else { State::Ok };
            finding(Part::Alerts, state, format!("{}{pending}", plural(found.confirmed, "subscription")))
        }
    }
}

fn age(session: &Session, head: &Result<Option<Head>, Fault>) -> Finding {
    let now = SystemClock.now();
    match head {
        Err(fault) => unread(session, Part::Directory, fault),
        Ok(Some(Head { listed_at: Some(at), trouble, .. })) => {
            let read = format!("all rules were listed {}", time_ago(*at, now));
            let is_old = now.duration_since(*at) > LIST_EVERY * MISSED_PASSES;
            match trouble {
                Some(trouble) => finding(
                    Part::Directory,
                    State::Problem,
                    format!("{read}; since then: {}", trouble.message),
                ),
                None if is_old => {
                    finding(Part::Directory, State::Problem, format!("{read}, which is too long ago"))
                        .hint("look at the log of the function whose name ends in -control")
                }
                None => finding(Part::Directory, State::Ok, read),
            }
        }
        Ok(_) => finding(
            Part::Directory,
            State::Problem,
            "the rules were never listed, so that no event is matched",
        )
        .hint("the first tick lists them, within a minute of the deployment"),
    }
}

fn actors(context: &Context, session: &Session, directory: Result<Option<&Directory>, &Fault>) -> Finding {
    let known = match directory {
        Err(fault) => return unread(session, Part::Actors, fault),
        Ok(None) => return finding(Part::Actors, State::Unknown, "the rules were never listed"),
        Ok(Some(directory)) => acting::by_rule(directory),
    };
    let known: acting::ByRule = known.into_iter().filter(|(rule, _)| !session.own.has_rule(rule)).collect();
    let mut unknown: Vec<_> =
        known.iter().filter(|(_, knowledge)| **knowledge != Knowledge::Known).map(|(rule, _)| rule).collect();
    unknown.sort_unstable();
    let all = plural(known.len() as u64, "rule");
    let Some(first) = unknown.first() else {
        return finding(Part::Actors, State::Ok, format!("known for {all}"));
    };
    let names = unknown.iter().take(NAMED).map(|rule| rule.path()).collect::<Vec<_>>().join(", ");
    let more = unknown.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    finding(
        Part::Actors,
        State::Note,
        format!(
            "not all known for {} of {all}, whose loops are found by their rate alone: {names}{more}",
            unknown.len()
        ),
    )
    .hint(format!("what would tell it: {}", context.command("status", first)))
}

fn cuts(context: &Context, session: &Session, cuts: &Result<Option<Cuts>, Fault>) -> Finding {
    match cuts {
        Err(fault) => unread(session, Part::Cuts, fault),
        Ok(cuts) => match cuts.as_ref().and_then(Cuts::paused) {
            Some(pause) => finding(
                Part::Cuts,
                State::Problem,
                format!(
                    "paused since {}, because of too many cuts within an hour",
                    time_ago(pause.since, SystemClock.now())
                ),
            )
            .hint(format!(
                "to let the guard cut again: {}",
                context.command_line("resume", session.region())
            )),
            None => finding(Part::Cuts, State::Ok, "not paused"),
        },
    }
}
