//! Files of `lint`, unpacked and decoded; templates of a folder.

use std::path::PathBuf;

use budget_guard_lint::Input;

use crate::exit::Exit;
use crate::files::{Aside, InputFiles, LeftOut, Text, texts};
use crate::output;
use crate::problem::Problem;

/// Reads the files. Those that cannot be read are reported.
pub(super) fn read_all(named: &[PathBuf]) -> Result<(Vec<Input>, Exit), Problem> {
    let (mut inputs, mut exit) = (Vec::new(), Exit::Done);
    let mut left_out = LeftOut::default();
    for path in named {
        let is_folder = path.is_dir();
        let found = match InputFiles::templates(path) {
            Ok(found) => found,
            Err(problem) => {
                output::problem(&problem);
                exit = exit.worst(problem.exit);
                continue;
            }
        };
        left_out.append(found.left_out);
        for (path, error) in &found.unreadable {
            output::problem(&Problem::failed(format!("{}: {error}", path.display())));
            exit = exit.worst(Exit::Failed);
        }
        for path in &found.files {
            match texts(path) {
                // A folder has other files of the same endings.
                Ok(texts) if is_folder && !texts.iter().any(|text| may_have_rules(&text.text)) => {
                    left_out.add(Aside::OtherTemplate, path);
                }
                Ok(texts) => {
                    inputs.extend(texts.into_iter().map(|Text { name, text }| Input { path: name, text }));
                }
                Err(problem) => {
                    output::problem(&problem);
                    exit = exit.worst(problem.exit);
                }
            }
        }
    }
    left_out.report();
    Ok((inputs, exit))
}

/// Returns true for a text that names a rule or a role in one of the languages.
fn may_have_rules(text: &str) -> bool {
    let names = [
        "AWS::",
        "aws_cloudwatch_event_rule",
        "aws_iam_role",
        "EventPattern",
        "event_pattern",
        "\"pattern\"",
        "RoleDetailList",
    ];
    names.iter().any(|name| text.contains(name))
}
