//! `lint --live`: the rules of the account, and the roles behind them with their policies.

use std::collections::BTreeMap;

use budget_guard_core::model::RuleArn;
use budget_guard_lint::Input;
use serde_json::Value;

use super::roles;
use crate::args::Surveyed;
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::check_bus;
use crate::session::Session;
use crate::survey::{Survey, survey};

/// Rules of an account, one input for each Region, and one with the roles.
#[derive(Debug)]
pub(super) struct Live {
    pub rules: Vec<Input>,
    /// `None` if the roles could not be read.
    pub roles: Option<Input>,
    /// Status that says if everything was read.
    pub exit: Exit,
}

/// Reads the rules and the roles at the same time.
pub(super) async fn read(context: &Context, scope: &Surveyed) -> Result<Live, Problem> {
    scope.bus.iter().try_for_each(|bus| check_bus(bus))?;
    let session = Session::open(context, &[]).await?;
    let mut lines = BTreeMap::new();
    let mut emit = |line: &Value| {
        push(&mut lines, line);
        Ok(true)
    };
    let both =
        futures_util::future::join(survey(&session, scope, false, &mut emit), roles::read(session.config()));
    let (survey, roles) = tokio::select! {
        both = Box::pin(both) => both,
        _ = tokio::signal::ctrl_c() => return Err(Problem::failed("interrupted; nothing was judged")),
    };
    let mut survey: Survey = survey?;
    if let (0, Some(problem)) = (survey.rules, survey.failure()) {
        return Err(problem);
    }
    let roles = match roles {
        Ok(roles) => Some(Input { path: "roles".to_owned(), text: roles.to_string() }),
        Err(fault) => {
            survey.gaps.add("policies of roles", "the account", &fault, &session.named);
            None
        }
    };
    output::note(survey.summary());
    survey.gaps.print();
    let rules = lines.into_iter().map(|(path, text)| Input { path, text }).collect();
    Ok(Live { rules, roles, exit: if survey.gaps.is_empty() { Exit::Done } else { Exit::Failed } })
}

/// Adds the line of a rule to those of its Region.
fn push(lines: &mut BTreeMap<String, String>, line: &Value) {
    let arn = line["Arn"].as_str().and_then(|arn| arn.parse::<RuleArn>().ok());
    let region = arn.as_ref().map(RuleArn::region).unwrap_or_default();
    let text = lines.entry(region.to_owned()).or_default();
    text.push_str(&line.to_string());
    text.push('\n');
}
