//! Commands, one file for each.

pub(crate) mod acting;
mod attach;
mod bulk;
mod completions;
mod create;
mod cure;
mod detach;
mod details;
mod disable;
mod doctor;
mod drill;
mod enable;
mod explain;
mod export;
mod lines;
mod lint;
mod lookup;
mod missed;
mod order;
mod pressure;
mod progress;
mod resume;
mod status;
pub(crate) mod table;
mod unwatched;
mod view;

use crate::args::{Args, Command, RuleCommand, RulesCommand};
use crate::context::Context;
use crate::deployed::STACK;
use crate::document;
use crate::exit::Exit;
use crate::matching;
use crate::problem::Problem;
use crate::replay;
use crate::rule::RuleName;

/// Runs a command.
pub(crate) async fn run(args: Args) -> Result<Exit, Problem> {
    document::check(&args)?;
    let mut context = Context::new(args.global);
    match args.command {
        Command::Status { rule: Some(rule), bus, .. } => {
            let name = RuleName::parse(&rule, bus.as_deref())?;
            Box::pin(details::run(&context, &name)).await
        }
        Command::Status { rule: None, bus, open, suspect, all, all_regions, watch } => {
            let filter =
                status::Filter { bus: bus.as_deref(), is_open: open, is_suspect: suspect, is_all: all };
            match (all_regions, watch) {
                (true, _) => Box::pin(status::run_in_all_regions(&context, filter)).await,
                (_, true) => Box::pin(status::watch(&context, filter)).await,
                _ => Box::pin(status::run(&context, filter)).await,
            }
        }
        Command::Explain { rule, on, page } => {
            let name = RuleName::parse(&rule, on.bus.as_deref())?;
            Box::pin(explain::run(&context, &name, &page)).await
        }
        Command::Enable { rule, on, force, missed } => {
            let name = RuleName::parse(&rule, on.bus.as_deref())?;
            Box::pin(enable::run(&context, &name, force, &missed)).await
        }
        Command::Disable { rule, on, reason } => {
            let name = RuleName::parse(&rule, on.bus.as_deref())?;
            Box::pin(disable::run(&context, &name, &reason)).await
        }
        Command::Cure { rule, on, apply, undo } => {
            let name = RuleName::parse(&rule, on.bus.as_deref())?;
            match (apply, undo) {
                (true, _) => Box::pin(cure::apply(&context, &name)).await,
                (_, true) => Box::pin(cure::undo(&context, &name)).await,
                _ => Box::pin(cure::show(&context, &name)).await,
            }
        }
        Command::Pressure { reason, .. } => Box::pin(pressure::run(&context, reason.as_deref())).await,
        Command::Resume => Box::pin(resume::run(&context)).await,
        Command::Attach(attachment) => {
            context.queue.clone_from(&attachment.queue);
            Box::pin(attach::run(&context, &bulk::names(&attachment)?)).await
        }
        Command::Detach(attachment) => {
            context.queue.clone_from(&attachment.queue);
            Box::pin(detach::run(&context, &bulk::names(&attachment)?)).await
        }
        Command::Replay { rules, limit, page, logs } => {
            context.limit = limit;
            replay::run(&context, &rules, &logs, &page)
        }
        Command::Lint(args) => Box::pin(lint::run(&context, &args)).await,
        Command::Match { by, events } => matching::run(&context, &by, &events),
        Command::Rule(RuleCommand::Create(new)) => {
            context.queue.clone_from(&new.queue);
            Box::pin(create::run(&context, &new)).await
        }
        Command::Rules(RulesCommand::Export(args)) => Box::pin(export::run(&context, &args)).await,
        Command::Drill { outcome, within, queue } => {
            context.queue = queue;
            Box::pin(drill::run(&context, within, outcome)).await
        }
        Command::Doctor => {
            // It looks at the guard as it is deployed, whatever the environment says.
            context.global.stack.get_or_insert_with(|| STACK.to_owned());
            Box::pin(doctor::run(&context)).await
        }
        Command::Completions { shell } => completions::run(shell),
    }
}
