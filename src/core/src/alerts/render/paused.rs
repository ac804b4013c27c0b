//! Text of the alert about a pause of the guard.

use super::{Commands, Words, quoted};
use crate::alerts::Paused;
use crate::model::{RuleArn, plural};

pub(super) fn words(paused: &Paused, commands: &Commands) -> Words {
    let withheld =
        paused.withheld.as_ref().map(|rule| format!("would have cut rule {} now, and ", quoted(rule)));
    let region = paused.cut.iter().chain(&paused.withheld).next().map_or("", RuleArn::region);
    let cut: Vec<String> = paused.cut.iter().map(quoted).collect();
    Words::new(
        format!(
            "the guard made {} within an hour: {}. It {}cuts nothing more by itself until a person has looked",
            plural(paused.cut.len() as u64, "cut"),
            cut.join(", "),
            withheld.unwrap_or_default()
        ),
        format!(
            "look at these rules with {}; cut by hand what is a loop; then: {}",
            commands.bare("explain"),
            commands.within("resume", region)
        ),
    )
}
