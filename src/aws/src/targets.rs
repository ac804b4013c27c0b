//! Conversion of a rule's target: all its settings, as texts that can be compared and stored.

use std::collections::BTreeMap;

use aws_sdk_eventbridge::types as sdk;

use budget_guard_core::hints::Hints;
use budget_guard_core::model::{Target, TextId};

/// Converts a target with all its settings. Its actors are not filled in.
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
    // Parameters of one service are compared as their debug text.
    set("kinesis", target.kinesis_parameters().map(|value| format!("{value:?}")));
    set("run_command", target.run_command_parameters().map(|value| format!("{value:?}")));
    set("ecs", target.ecs_parameters().map(|value| format!("{value:?}")));
    set("batch", target.batch_parameters().map(|value| format!("{value:?}")));
    set("sqs", target.sqs_parameters().map(|value| format!("{value:?}")));
    if let Some(http) = target.http_parameters() {
        set("http_path", Some(http.path_parameter_values().join("/")));
        // One setting for each entry: the SDK has them in hash maps, and their order is not stable.
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
    Target { role_arn, settings, ..Target::new(target.id(), target.arn()) }
}

/// Settings of a target that name its roles, tasks and jobs.
pub(super) fn hints(target: &sdk::Target) -> Hints {
    let template = target.input_transformer().map(|transformer| transformer.input_template());
    Hints {
        task_definition: target.ecs_parameters().map(|ecs| ecs.task_definition_arn().to_owned()),
        tasks: target
            .ecs_parameters()
            .and_then(|ecs| ecs.task_count())
            .and_then(|count| u32::try_from(count).ok()),
        job_definition: target.batch_parameters().map(|batch| batch.job_definition().to_owned()),
        input: None,
    }
    .with_input(target.input(), template)
}

/// Replaces a long setting by its hash. Settings are only compared; templates may have 8 KB, and records have 32 KB.
fn bounded(value: String) -> String {
    const LONGEST: usize = 256;
    if value.len() <= LONGEST {
        return value;
    }
    format!("{} bytes, hash {}", value.len(), TextId::of(&value))
}

#[cfg(test)]
mod tests {
    use aws_sdk_eventbridge::types::builders::TargetBuilder;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_target_may_say_who_acts() {
        let check = |change: fn(TargetBuilder) -> TargetBuilder, expected: Hints| {
            let target = change(sdk::Target::builder().id("1").arn("arn")).build().expect("a target");
            assert_eq!(hints(&target), expected);
        };
        let input = |input: Value| Hints { input: Some(input), ..Hints::default() };
        check(|target| target, Hints::default());
        check(|target| target.input("no JSON"), Hints::default());
        check(|target| target.input(r#"{"taskRoleArn":"arn:r"}"#), input(json!({"taskRoleArn": "arn:r"})));
        check(
            |target| {
                let transformer = sdk::InputTransformer::builder().input_paths_map("b", "$.detail.b");
                let template = r#"{"AutomationAssumeRole":["arn:r"],"BucketName":[<b>]}"#;
                target.input_transformer(transformer.input_template(template).build().expect("a transformer"))
            },
            input(json!({"AutomationAssumeRole": ["arn:r"], "BucketName": ["<b>"]})),
        );
        check(
            |target| {
                let ecs = sdk::EcsParameters::builder().task_definition_arn("arn:t").build();
                let batch = sdk::BatchParameters::builder().job_definition("j").job_name("n").build();
                target.ecs_parameters(ecs.expect("parameters")).batch_parameters(batch.expect("parameters"))
            },
            Hints {
                task_definition: Some("arn:t".into()),
                job_definition: Some("j".into()),
                ..Hints::default()
            },
        );
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
