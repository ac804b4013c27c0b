//! `status --all-regions`: the guards of all Regions, one after another.

use super::{Filter, Guarded, text};
use crate::context::Context;
use crate::deployed::STACK;
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::check_bus;
use crate::session::Session;

/// Runs `status --all-regions`. Regions without a guard are named, and so are those that cannot be read.
pub(crate) async fn run(context: &Context, filter: Filter<'_>) -> Result<Exit, Problem> {
    filter.bus.map_or(Ok(()), check_bus)?;
    let session = Session::open(context, &[]).await?;
    let hint = "without that right, ask for each Region by itself: --region REGION";
    let mut views = Vec::new();
    let (mut exit, mut without) = (Exit::Done, Vec::new());
    for region in session.enabled_regions(hint).await? {
        let mut there = Context::new(context.global.clone());
        there.global.region = Some(region.clone());
        // The environment may be about the guard of one Region.
        there.global.stack.get_or_insert_with(|| STACK.to_owned());
        match Box::pin(Guarded::read(&there, filter)).await {
            Ok(guarded) if context.is_json() => views.extend(guarded.views()),
            Ok(guarded) => show(&there, &region, &guarded)?,
            Err(problem) if problem.exit == Exit::Usage => without.push(region),
            Err(problem) => {
                output::warning(format_args!("{region} could not be read: {}", problem.message));
                problem.hints.iter().for_each(output::hint);
                exit = exit.worst(problem.exit);
            }
        }
    }
    if context.is_json() {
        output::json(&views)?;
    }
    if !without.is_empty() {
        output::note(format_args!("no guard in: {}", without.join(", ")));
    }
    Ok(exit)
}

fn show(context: &Context, region: &str, guarded: &Guarded) -> Result<(), Problem> {
    let table = match guarded.listed.is_empty() {
        true => "  no such rule\n".to_owned(),
        false => text(&guarded.listed, guarded.now, None),
    };
    output::data(&format!("{region}\n{table}\n"))?;
    guarded.say(context);
    Ok(())
}
