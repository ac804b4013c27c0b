//! CodeBuild projects. One call for each.

use serde_json::json;

use super::super::json_client::{Api, Operation};
use super::function::seconds;
use super::search::{Search, Step};
use budget_guard_core::hints::Known;

/// CodeBuild (2016-10-06).
const CODEBUILD: Api = Api::json_1_1("codebuild", "CodeBuild_20161006");
/// Reads the project.
pub(super) const GET: Operation = Operation::new(CODEBUILD, "codebuild:BatchGetProjects");

/// Finds the role and the time limit of a build. The target's input overrides the project. The time that a build may
/// wait for a machine is not counted as delay: its default is eight hours, and such waits are rare.
///
/// Sources: `Project` and `StartBuild` in the AWS CodeBuild API reference.
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let name = step.place().resource.trim_start_matches("project/").to_owned();
    let body = json!({"names": [name]}).to_string();
    let Some(reply) = search.ask(GET.rpc(body)).await else { return };
    let project = &reply["projects"][0];
    if project.is_null() {
        search.miss(format!("there is no project {name}"));
        return;
    }
    let input = step.hints.input.clone().unwrap_or_default();
    let role = match step.hints.role(step.place()) {
        Known::Constant(role) => Some(role),
        Known::Chosen => {
            search.miss(format!("each event chooses the role of the build {name}"));
            None
        }
        Known::Absent => project["serviceRole"].as_str(),
    };
    let limit = seconds(&input["timeoutInMinutesOverride"], 60);
    let limit = limit.or(seconds(&project["timeoutInMinutes"], 60));
    let role = role.map(|role| step.place().role(role));
    search.add(step.actor(role.as_deref()).with_time_limit(limit));
}
