//! A rule's target as `aws events list-targets-by-rule` prints it, for files that people and other tools read.

use aws_sdk_eventbridge::types as sdk;
use serde_json::{Map, Value, json};

/// Prints a target with all its settings, in the names of the API.
///
/// Source: `Target` of the EventBridge API (2015-10-07).
pub(super) fn target(target: &sdk::Target) -> Map<String, Value> {
    let transformer = target.input_transformer().map(|one| {
        let paths = one.input_paths_map().map(|paths| json!(paths));
        present([("InputPathsMap", paths), ("InputTemplate", Some(one.input_template().into()))])
    });
    let commands = target.run_command_parameters().map(|one| {
        let targets = one.run_command_targets().iter();
        let targets = targets.map(|one| json!({"Key": one.key(), "Values": one.values()}));
        json!({"RunCommandTargets": targets.collect::<Vec<_>>()})
    });
    let pipeline = target.sage_maker_pipeline_parameters().map(|one| {
        let list = one.pipeline_parameter_list().iter();
        let list = list.map(|one| json!({"Name": one.name(), "Value": one.value()}));
        json!({"PipelineParameterList": list.collect::<Vec<_>>()})
    });
    let retry = target.retry_policy().map(|one| {
        present([
            ("MaximumRetryAttempts", one.maximum_retry_attempts().map(Value::from)),
            ("MaximumEventAgeInSeconds", one.maximum_event_age_in_seconds().map(Value::from)),
        ])
    });
    let kinesis =
        target.kinesis_parameters().map(|one| json!({"PartitionKeyPath": one.partition_key_path()}));
    let queue = target.sqs_parameters();
    let queue = queue.map(|one| present([("MessageGroupId", one.message_group_id().map(Value::from))]));
    let graph = target.app_sync_parameters();
    let graph = graph.map(|one| present([("GraphQLOperation", one.graph_ql_operation().map(Value::from))]));
    let dead = target.dead_letter_config().map(|one| present([("Arn", one.arn().map(Value::from))]));
    members([
        ("Id", Some(target.id().into())),
        ("Arn", Some(target.arn().into())),
        ("RoleArn", target.role_arn().map(Value::from)),
        ("Input", target.input().map(Value::from)),
        ("InputPath", target.input_path().map(Value::from)),
        ("InputTransformer", transformer),
        ("KinesisParameters", kinesis),
        ("RunCommandParameters", commands),
        ("EcsParameters", target.ecs_parameters().map(ecs)),
        ("BatchParameters", target.batch_parameters().map(batch)),
        ("SqsParameters", queue),
        ("HttpParameters", target.http_parameters().map(http)),
        ("RedshiftDataParameters", target.redshift_data_parameters().map(redshift)),
        ("SageMakerPipelineParameters", pipeline),
        ("DeadLetterConfig", dead),
        ("RetryPolicy", retry),
        ("AppSyncParameters", graph),
    ])
}

fn ecs(ecs: &sdk::EcsParameters) -> Value {
    let network = ecs.network_configuration().map(|network| {
        let vpc = network.awsvpc_configuration().map(|vpc| {
            present([
                ("Subnets", Some(json!(vpc.subnets()))),
                ("SecurityGroups", listed(vpc.security_groups(), |one| json!(one))),
                ("AssignPublicIp", vpc.assign_public_ip().map(|one| one.as_str().into())),
            ])
        });
        present([("awsvpcConfiguration", vpc)])
    });
    let strategy = listed(
        ecs.capacity_provider_strategy(),
        |one| json!({"capacityProvider": one.capacity_provider(), "weight": one.weight(), "base": one.base()}),
    );
    let constraints = listed(ecs.placement_constraints(), |one| {
        let kind = one.r#type().map(|kind| kind.as_str().into());
        present([("type", kind), ("expression", one.expression().map(Value::from))])
    });
    let placement = listed(ecs.placement_strategy(), |one| {
        let kind = one.r#type().map(|kind| kind.as_str().into());
        present([("type", kind), ("field", one.field().map(Value::from))])
    });
    let tags = listed(ecs.tags(), |tag| json!({"Key": tag.key(), "Value": tag.value()}));
    present([
        ("TaskDefinitionArn", Some(ecs.task_definition_arn().into())),
        ("TaskCount", ecs.task_count().map(Value::from)),
        ("LaunchType", ecs.launch_type().map(|one| one.as_str().into())),
        ("NetworkConfiguration", network),
        ("PlatformVersion", ecs.platform_version().map(Value::from)),
        ("Group", ecs.group().map(Value::from)),
        ("CapacityProviderStrategy", strategy),
        ("EnableECSManagedTags", Some(ecs.enable_ecs_managed_tags().into())),
        ("EnableExecuteCommand", Some(ecs.enable_execute_command().into())),
        ("PlacementConstraints", constraints),
        ("PlacementStrategy", placement),
        ("PropagateTags", ecs.propagate_tags().map(|one| one.as_str().into())),
        ("ReferenceId", ecs.reference_id().map(Value::from)),
        ("Tags", tags),
    ])
}

fn batch(batch: &sdk::BatchParameters) -> Value {
    present([
        ("JobDefinition", Some(batch.job_definition().into())),
        ("JobName", Some(batch.job_name().into())),
        ("ArrayProperties", batch.array_properties().map(|one| json!({"Size": one.size()}))),
        ("RetryStrategy", batch.retry_strategy().map(|one| json!({"Attempts": one.attempts()}))),
    ])
}

fn http(http: &sdk::HttpParameters) -> Value {
    present([
        ("PathParameterValues", listed(http.path_parameter_values(), |one| json!(one))),
        ("HeaderParameters", http.header_parameters().map(|all| json!(all))),
        ("QueryStringParameters", http.query_string_parameters().map(|all| json!(all))),
    ])
}

fn redshift(redshift: &sdk::RedshiftDataParameters) -> Value {
    present([
        ("SecretManagerArn", redshift.secret_manager_arn().map(Value::from)),
        ("Database", Some(redshift.database().into())),
        ("DbUser", redshift.db_user().map(Value::from)),
        ("Sql", redshift.sql().map(Value::from)),
        ("StatementName", redshift.statement_name().map(Value::from)),
        ("WithEvent", Some(redshift.with_event().into())),
        ("Sqls", listed(redshift.sqls(), |one| json!(one))),
    ])
}

/// List of what is there. `None` for an empty one, which AWS leaves out.
fn listed<T>(items: &[T], print: impl Fn(&T) -> Value) -> Option<Value> {
    (!items.is_empty()).then(|| items.iter().map(print).collect())
}

fn present<const N: usize>(all: [(&str, Option<Value>); N]) -> Value {
    Value::Object(members(all))
}

fn members<const N: usize>(all: [(&str, Option<Value>); N]) -> Map<String, Value> {
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use aws_config::{Region, SdkConfig};
    use aws_sdk_sns::config::{Credentials, SharedCredentialsProvider};
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

    use super::*;
    use crate::rules::EventBridgeRules;

    /// Every setting of the API, as AWS prints it.
    fn whole() -> Value {
        let ecs = json!({
            "TaskDefinitionArn": "arn:t", "TaskCount": 2, "LaunchType": "FARGATE", "PlatformVersion": "LATEST",
            "NetworkConfiguration": {"awsvpcConfiguration": {
                "Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "ENABLED"}},
            "Group": "g", "CapacityProviderStrategy": [{"capacityProvider": "c", "weight": 1, "base": 0}],
            "EnableECSManagedTags": true, "EnableExecuteCommand": false, "PropagateTags": "TASK_DEFINITION",
            "PlacementConstraints": [{"type": "memberOf", "expression": "e"}, {"type": "distinctInstance"}],
            "PlacementStrategy": [{"type": "spread", "field": "f"}], "ReferenceId": "r",
            "Tags": [{"Key": "k", "Value": "v"}],
        });
        let redshift = json!({
            "SecretManagerArn": "arn:s", "Database": "d", "DbUser": "u", "Sql": "select 1", "StatementName": "n",
            "WithEvent": true, "Sqls": ["select 2"],
        });
        json!({
            "Id": "1", "Arn": "arn:a", "RoleArn": "arn:r", "Input": "{}", "InputPath": "$.x",
            "InputTransformer": {"InputPathsMap": {"a": "$.a"}, "InputTemplate": "<a>"},
            "KinesisParameters": {"PartitionKeyPath": "$.id"},
            "RunCommandParameters": {"RunCommandTargets": [{"Key": "tag:a", "Values": ["b"]}]},
            "EcsParameters": ecs,
            "BatchParameters": {"JobDefinition": "j", "JobName": "n", "ArrayProperties": {"Size": 3},
                "RetryStrategy": {"Attempts": 2}},
            "SqsParameters": {"MessageGroupId": "g"},
            "HttpParameters": {"PathParameterValues": ["p"], "HeaderParameters": {"h": "1"},
                "QueryStringParameters": {"q": "2"}},
            "RedshiftDataParameters": redshift,
            "SageMakerPipelineParameters": {"PipelineParameterList": [{"Name": "n", "Value": "v"}]},
            "DeadLetterConfig": {"Arn": "arn:d"},
            "RetryPolicy": {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60},
            "AppSyncParameters": {"GraphQLOperation": "query"},
        })
    }

    #[tokio::test]
    async fn a_target_is_printed_as_aws_prints_it() {
        let plain = json!({"Id": "2", "Arn": "arn:aws:logs:us-east-1:123456789012:log-group:x"});
        let server = MockServer::start().await;
        let reply = ResponseTemplate::new(200).set_body_json(json!({"Targets": [whole(), plain]}));
        Mock::given(matchers::any()).respond_with(reply).mount(&server).await;
        let keys = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(server.uri())
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let rule = "arn:aws:events:us-east-1:123456789012:rule/r".parse().expect("an ARN");
        let targets = EventBridgeRules::new(&config).survey_targets(&rule).await.expect("targets");
        let printed: Vec<Value> = targets.into_iter().map(|one| Value::Object(one.printed)).collect();
        assert_eq!(printed, [whole(), plain]);
    }
}
