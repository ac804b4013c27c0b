//! Runs `make demo` as CI does: the story succeeds, a missing part makes it fail, and Ctrl-C leaves nothing behind.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use budget_guard_tests::folders::root;
use budget_guard_tests::programs;

type Failure = Box<dyn Error>;

fn demo() -> &'static Path {
    Path::new(programs::built("demo"))
}

/// The demo, with its own folder for temporary files.
fn command(demo: &Path, scratch: &Path) -> Command {
    let mut command = Command::new(demo);
    command.env("TMPDIR", scratch).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn is_empty(folder: &Path) -> Result<bool, Failure> {
    Ok(fs::read_dir(folder)?.next().is_none())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_whole_story_holds() -> Result<(), Failure> {
    let scratch = tempfile::tempdir()?;
    let output = command(demo(), scratch.path()).output()?;
    let text = text(&output);
    assert!(output.status.success(), "{}\n{text}", output.status);
    for wanted in [
        "ENABLED, targets: fixer-input, acl-fixer\n",
        "firings         9, 0 of them on their way when the rule was cut\n",
        "8 equal calls for 1 reason: s3 PutBucketAcl on reports",
        "fix-acl is DISABLED",
        "firings of fix-acl since: 0\n",
        "notify-deploys is ENABLED",
        "Rule \"fix-acl\" fires itself, an infinite loop.",
        "$ budget-guard cure fix-acl --apply",
        "$ budget-guard enable fix-acl",
        "the pattern leaves out the role of acl-fixer\n",
        "transformers and tags are as before",
        "firings of fix-acl since: 1\n",
        "at the limit of 200\n",
        "encrypt-buckets is DISABLED\n",
        "firings of encrypt-buckets since: 0\n",
        "Rule \"tag-instances\" may be an infinite loop",
        "one alert, of the kind suspect\n",
        "trips of tag-instances: 0\n",
        "tag-instances is ENABLED\n",
        "Budget alert: budget-guard disabled 1 rule\n",
        "the alert names as cut: tag-instances\n",
        "the alert names as left: notify-deploys",
        "tag-instances is DISABLED\n",
        "firings of tag-instances since: 0\n",
        "$ budget-guard pressure\n",
        "Rule \"log-grants\" is no loop after all\n",
        "the alert: It missed 240 events: 240 by others\n",
        "log-grants is ENABLED\n",
        "firings of log-grants since: 1\n",
        "aws events start-replay",
        "alerts in all: budget, cured, exonerated, restored, restored,\n",
        "expectations held.",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing:\n{text}");
    }
    assert!(!text.contains("FAILED") && !text.contains('\u{1b}'), "{text}");
    let picture = fs::read_to_string(root().join("infra/demo.svg"))?;
    let headings =
        picture.split("<tspan class=\"bold\">").skip(1).filter_map(|rest| rest.split("</tspan>").next());
    for heading in headings.filter(|heading| *heading != "$ make demo") {
        assert!(
            text.contains(heading),
            "infra/demo.svg shows {heading:?}, and the demo does not: make picture"
        );
    }
    assert!(is_empty(scratch.path())?);
    Ok(())
}

#[test]
fn a_command_that_does_nothing_is_noticed() -> Result<(), Failure> {
    let (scratch, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    // A copy and not a link, because the demo looks for the other programs in its own folder.
    fs::copy(demo(), folder.path().join("demo"))?;
    symlink(programs::bootstrap(), folder.path().join("bootstrap"))?;
    symlink("/bin/true", folder.path().join("budget-guard"))?;

    let output = command(&folder.path().join("demo"), scratch.path()).output()?;
    let text = text(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("The demo FAILED: the rule was not put back"), "{text}");
    assert!(is_empty(scratch.path())?);
    Ok(())
}

#[test]
fn an_interrupted_demo_leaves_nothing() -> Result<(), Failure> {
    let scratch = tempfile::tempdir()?;
    let mut child = command(demo(), scratch.path()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let turns = lines.by_ref().map_while(Result::ok).any(|line| line.starts_with("2. "));
    assert!(turns, "the loop did not start");
    assert!(!is_empty(scratch.path())?);
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    assert!(sent.success());
    let last = lines.map_while(Result::ok).last();
    assert_eq!(child.wait()?.code(), Some(130));
    assert_eq!(last.as_deref(), Some("Interrupted. Everything that was started is stopped."));
    assert!(is_empty(scratch.path())?);
    Ok(())
}
