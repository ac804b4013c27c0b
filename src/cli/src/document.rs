//! Documents: which command makes which, and where they go.

use std::path::Path;

use clap::ValueEnum;

use crate::args::{Args, Command, Format, PageFile};
use crate::output;
use crate::problem::Problem;
use crate::sink::Sink;

/// Refuses a format that the command does not have, and `--to` without a document.
pub(crate) fn check(args: &Args) -> Result<(), Problem> {
    const DATA: [Format; 2] = [Format::Text, Format::Json];
    const PAGE: [Format; 3] = [Format::Text, Format::Json, Format::Html];
    let (known, page): (&[Format], _) = match &args.command {
        Command::Explain { page, .. } => (&PAGE, Some(page)),
        Command::Replay { page, .. } => (Format::value_variants(), Some(page)),
        _ => (&DATA, None),
    };
    let format = args.global.output;
    if !known.contains(&format) {
        let known: Vec<String> = known.iter().map(|format| name(*format)).collect();
        let message = format!("--output {}: this command has {} alone", name(format), known.join(", "));
        return Err(Problem::usage(message).hint("html is for explain and replay, markdown for replay"));
    }
    match page.and_then(|page| page.to.as_ref()) {
        Some(to) if DATA.contains(&format) => Err(Problem::usage(format!(
            "--to {}: expected with --output html or markdown, and the output is {}",
            to.display(),
            name(format)
        ))),
        _ => Ok(()),
    }
}

fn name(format: Format) -> String {
    format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Writes a document to its file or to standard output.
pub(crate) fn write(page: &PageFile, text: &str) -> Result<(), Problem> {
    let to = page.to.as_deref();
    let mut sink = Sink::open(to)?;
    sink.text(text)?;
    sink.finish()?;
    if let Some(file) = to.filter(|to| *to != Path::new("-")) {
        output::hint(format_args!("the report is in {}", file.display()));
    }
    Ok(())
}
