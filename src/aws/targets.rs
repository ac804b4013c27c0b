//! A rule's target as the guard keeps it: everything that is set on it, in words that can be compared and stored.

use std::collections::BTreeMap;

use aws_sdk_eventbridge::types as sdk;

use crate::model::{Actor, FiringId, Target};

pub(super) fn target(target: &sdk::Target) -> Target {
    let mut settings = BTreeMap::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            settings.insert(name.to_owned(), bounded(value));
        }
    };
    set("input", target.input().map(str::to_owned));
    set("input_path", target.input_path().map(str::to_owned));
    if let Some(transformer) = target.input_transformer() {
        set("input_template", Some(transformer.input_template().to_owned()));
        for (name, path) in transformer.input_paths_map().into_iter().flatten() {
            set(&format!("input_path_{name}"), Some(path.clone()));
        }
    }
    set("dead_letter_arn", target.dead_letter_config().and_then(|config| config.arn()).map(str::to_owned));
    if let Some(retry) = target.retry_policy() {
        set("retry_attempts", retry.maximum_retry_attempts().map(|number| number.to_string()));
        set("retry_age_seconds", retry.maximum_event_age_in_seconds().map(|number| number.to_string()));
    }
    // Parameters of one service each, compared as the SDK writes them out.
    set("kinesis", target.kinesis_parameters().map(|value| format!("{value:?}")));
    set("run_command", target.run_command_parameters().map(|value| format!("{value:?}")));
    set("ecs", target.ecs_parameters().map(|value| format!("{value:?}")));
    set("batch", target.batch_parameters().map(|value| format!("{value:?}")));
    set("sqs", target.sqs_parameters().map(|value| format!("{value:?}")));
    if let Some(http) = target.http_parameters() {
        set("http_path", Some(http.path_parameter_values().join("/")));
        // One by one: the SDK keeps them in maps, whose order is another one each time.
        for (name, value) in http.header_parameters().into_iter().flatten() {
            set(&format!("http_header_{name}"), Some(value.clone()));
        }
        for (name, value) in http.query_string_parameters().into_iter().flatten() {
            set(&format!("http_query_{name}"), Some(value.clone()));
        }
    }
    set("redshift_data", target.redshift_data_parameters().map(|value| format!("{value:?}")));
    set("sagemaker_pipeline", target.sage_maker_pipeline_parameters().map(|value| format!("{value:?}")));
    set("app_sync", target.app_sync_parameters().map(|value| format!("{value:?}")));
    let role_arn = target.role_arn().map(str::to_owned);
    let actors = target.input().and_then(|input| acting(target.arn(), input)).into_iter().collect();
    Target { role_arn, settings, actors, ..Target::new(target.id(), target.arn()) }
}

/// Who acts by what the target's own input says: the role of an automation, or of a task.
///
/// Sources: `AutomationAssumeRole` of `StartAutomationExecution` (SSM), `taskRoleArn` of `TaskOverride` (ECS).
fn acting(arn: &str, input: &str) -> Option<Actor> {
    let name = match arn.split(':').nth(2)? {
        "ssm" => "AutomationAssumeRole",
        "ecs" => "taskRoleArn",
        _ => return None,
    };
    let input: serde_json::Value = serde_json::from_str(input).ok()?;
    let role = match &input[name] {
        serde_json::Value::Array(roles) => roles.first()?.as_str()?,
        role => role.as_str()?,
    };
    Some(Actor::new(arn, Some(role)))
}

/// Settings are kept to be compared, so of a long one a hash is enough: templates may have 8 KB, records have 32.
fn bounded(value: String) -> String {
    const LONGEST: usize = 256;
    if value.len() <= LONGEST {
        return value;
    }
    format!("{} bytes, hash {:010x}", value.len(), FiringId::of(&value).bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_may_name_a_role() {
        let check = |arn: &str, input: &str, role: Option<&str>| {
            let built = sdk::Target::builder().id("1").arn(arn).input(input).build().expect("a target");
            let roles: Vec<_> =
                target(&built).actors.into_iter().map(|actor| (actor.arn, actor.role)).collect();
            let expected = role.map(|role| (arn.to_owned(), Some(role.to_owned())));
            assert_eq!(roles, Vec::from_iter(expected), "{arn} {input}");
        };
        let runbook = "arn:aws:ssm:us-east-1:123456789012:automation-definition/fix:$DEFAULT";
        let cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/work";
        check(runbook, r#"{"AutomationAssumeRole":["arn:r"],"BucketName":["b"]}"#, Some("arn:r"));
        check(runbook, r#"{"AutomationAssumeRole":"arn:r"}"#, Some("arn:r"));
        check(runbook, r#"{"AutomationAssumeRole":[]}"#, None);
        check(runbook, "no JSON", None);
        check(cluster, r#"{"taskRoleArn":"arn:r","containerOverrides":[]}"#, Some("arn:r"));
        check(cluster, r#"{"containerOverrides":[]}"#, None);
        check("arn:aws:sqs:us-east-1:123456789012:q", r#"{"taskRoleArn":"arn:r"}"#, None);
    }

    #[test]
    fn the_same_target_reads_the_same() {
        let build = || {
            let mut http = sdk::HttpParameters::builder();
            for n in 0..8 {
                http = http
                    .header_parameters(format!("h{n}"), "x")
                    .query_string_parameters(format!("q{n}"), "y");
            }
            let built = sdk::Target::builder()
                .id("1")
                .arn("arn")
                .input("i".repeat(5_000))
                .http_parameters(http.build());
            target(&built.build().expect("a target"))
        };
        let first = build();
        assert!((0..20).all(|_| build() == first));
        assert_eq!(first.settings.len(), 18);
        assert!(first.settings["input"].starts_with("5000 bytes, hash "));
    }
}
