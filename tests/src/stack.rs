//! The stack of `infra/template.yaml` on an emulator, deployed by CloudFormation with the real `bootstrap` in its zip.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_lambda::primitives::Blob;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::emulator::{Emulator, venv_program};
use super::world::{Queue, World};
use super::{Failure, payload, while_doing};

/// Time limit for the functions to list the rules of the account, which takes a tick or two.
const LISTED_WITHIN: Duration = Duration::from_secs(40);

/// A question to the policy simulator of IAM.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// IAM action.
    pub action: &'a str,
    /// ARN of the resource.
    pub resource: &'a str,
}

/// A deployed stack. It ends with the emulator.
#[derive(Debug, Deserialize)]
pub struct Stack {
    /// Outputs by name.
    pub outputs: BTreeMap<String, String>,
    /// Physical IDs by logical ID.
    pub resources: BTreeMap<String, String>,
}

/// The template after SAM's transform. Needs no emulator.
pub async fn expanded() -> Result<Value, Failure> {
    let mut reply: Value = ask(None, &json!({"do": "expand"})).await?;
    Ok(reply["template"].take())
}

impl Stack {
    /// Deploys the stack. Parameters that are not given have the template's defaults.
    pub async fn deploy(
        emulator: &Emulator,
        name: &str,
        bootstrap: &Path,
        parameters: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let mut parameters: BTreeMap<&str, &str> = parameters.iter().copied().collect();
        // The emulator has no alarms on metric math.
        parameters.insert("OwnSpendPerDayUSD", "0");
        let request = json!({
            "do": "deploy", "bootstrap": bootstrap, "name": name, "parameters": parameters
        });
        ask(Some(emulator), &request).await
    }

    /// Deletes a stack.
    pub async fn delete(emulator: &Emulator, name: &str) -> Result<(), Failure> {
        ask::<Value>(Some(emulator), &json!({"do": "delete", "name": name})).await.map(drop)
    }

    /// Value of an output.
    pub fn output(&self, name: &str) -> Result<&str, Failure> {
        let value = self.outputs.get(name).ok_or_else(|| format!("the stack has no output {name}"))?;
        Ok(value)
    }

    /// Invokes the function in this output, and returns its reply.
    pub async fn invoke(
        &self,
        emulator: &Emulator,
        function: &str,
        payload: Vec<u8>,
    ) -> Result<Value, Failure> {
        let client = aws_sdk_lambda::Client::new(&emulator.sdk_config());
        let call = client.invoke().function_name(self.output(function)?).payload(Blob::new(payload));
        let reply = call.send().await.map_err(while_doing(format_args!("invoking {function}")))?;
        let answer = reply.payload.map(Blob::into_inner).unwrap_or_default();
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Dead-letter queue of the stack.
    pub fn dead_letters(&self) -> Result<Queue, Failure> {
        let text = |name| self.output(name).map(str::to_owned);
        Ok(Queue { url: text("DeadLetterQueueUrl")?, arn: text("DeadLetterQueueArn")? })
    }

    /// Enables or disables the event source mappings of the guard's queues.
    pub async fn feed(&self, emulator: &Emulator, is_on: bool) -> Result<(), Failure> {
        let client = aws_sdk_lambda::Client::new(&emulator.sdk_config());
        for queue in ["QueueArn", "AttachedQueueArn"] {
            let list = client.list_event_source_mappings().event_source_arn(self.output(queue)?);
            let listed = list.send().await.map_err(while_doing("listing the mappings"))?;
            for mapping in listed.event_source_mappings() {
                let update = client.update_event_source_mapping().set_uuid(mapping.uuid.clone());
                update.enabled(is_on).send().await.map_err(while_doing("changing the mapping"))?;
            }
        }
        Ok(())
    }

    /// Limits the function to one instance, which has the newest state of every rule. Several instances may each use a
    /// state that is up to ten seconds old.
    pub async fn count_alone(&self, emulator: &Emulator) -> Result<(), Failure> {
        let client = aws_sdk_lambda::Client::new(&emulator.sdk_config());
        let reserve = client.put_function_concurrency().function_name(self.output("IngestFunctionName")?);
        let reserved = reserve.reserved_concurrent_executions(1).send().await;
        reserved.map(drop).map_err(while_doing("reserving one execution"))
    }

    /// Sends ticks until the guard has listed all present rules. There is no CloudTrail to report them, and a tick of
    /// the stack's own schedule may have listed an earlier state.
    pub async fn learn_rules(&self, emulator: &Emulator, world: &World) -> Result<(), Failure> {
        let began = jiff::Timestamp::now();
        let deadline = Instant::now() + LISTED_WITHIN;
        let key = || AttributeValue::S("directory".to_owned());
        let mut answer = Value::Null;
        while Instant::now() < deadline {
            answer = self.invoke(emulator, "ControlFunctionName", payload::tick(&payload::now())).await?;
            let get = world.dynamodb.get_item().table_name(&world.table).key("pk", key());
            let item =
                get.consistent_read(true).send().await.map_err(while_doing("reading the directory"))?;
            let json = item.item().and_then(|item| item.get("json")?.as_s().ok());
            let head: Value = json.map_or(Ok(Value::Null), |json| serde_json::from_str(json))?;
            match head["default_bus_at"].as_str().map(str::parse::<jiff::Timestamp>).transpose()? {
                Some(listed) if listed >= began => return Ok(()),
                Some(_) => {
                    let forget = world.dynamodb.delete_item().table_name(&world.table).key("pk", key());
                    forget.send().await.map_err(while_doing("forgetting the directory"))?;
                }
                None => sleep(Duration::from_millis(200)).await,
            }
        }
        Err(format!("the rules were not listed within {LISTED_WITHIN:?}; the last tick: {answer}").into())
    }

    /// World around this guard, for the tests and the demo.
    pub async fn world(&self, emulator: &Emulator) -> Result<World, Failure> {
        let text = |name| self.output(name).map(str::to_owned);
        let queue = Queue { url: text("QueueUrl")?, arn: text("QueueArn")? };
        let attached = Queue { url: text("AttachedQueueUrl")?, arn: text("AttachedQueueArn")? };
        let world = World::around(emulator, text("TableName")?, text("TopicArn")?, [queue, attached]).await?;
        Ok(world.of_stack(text("OwnArns")?))
    }
}

/// Decision for each question by all policies of the role: `allowed`, `implicitDeny` or `explicitDeny`.
pub async fn simulate(
    emulator: &Emulator,
    role_arn: &str,
    questions: &[Question<'_>],
) -> Result<Vec<String>, Failure> {
    let questions: Vec<Value> =
        questions.iter().map(|question| json!([question.action, question.resource])).collect();
    let request = json!({"do": "simulate", "role": role_arn, "questions": questions});
    let mut reply: BTreeMap<String, Vec<String>> = ask(Some(emulator), &request).await?;
    reply.remove("decisions").ok_or_else(|| "no decisions".into())
}

/// Adds these statements to the roles, in a policy of the test.
pub async fn grant(
    emulator: &Emulator,
    role_arns: &[&str],
    name: &str,
    statements: &Value,
) -> Result<(), Failure> {
    let request = json!({"do": "grant", "roles": role_arns, "name": name, "statements": statements});
    ask::<Value>(Some(emulator), &request).await.map(drop)
}

/// Makes calls to services that the guard only reads, by SDK service, method and parameters. Returns the replies.
pub async fn calls(emulator: &Emulator, calls: &Value) -> Result<Vec<Value>, Failure> {
    let mut reply: BTreeMap<String, Vec<Value>> =
        ask(Some(emulator), &json!({"do": "calls", "calls": calls})).await?;
    reply.remove("replies").ok_or_else(|| "no replies".into())
}

/// Environment with the credentials of this role.
pub async fn assume(emulator: &Emulator, role_arn: &str) -> Result<BTreeMap<String, String>, Failure> {
    ask(Some(emulator), &json!({"do": "assume", "role": role_arn})).await
}

/// Lines of a function's log group.
pub async fn logs(emulator: &Emulator, function: &str) -> Result<Vec<String>, Failure> {
    logs_with(emulator, function, "").await
}

/// Lines of a function's log group that match a filter pattern of CloudWatch Logs.
async fn logs_with(emulator: &Emulator, function: &str, pattern: &str) -> Result<Vec<String>, Failure> {
    let request = json!({"do": "logs", "group": format!("/aws/lambda/{function}"), "pattern": pattern});
    let mut reply: BTreeMap<String, Vec<String>> = ask(Some(emulator), &request).await?;
    reply.remove("lines").ok_or_else(|| "no lines".into())
}

/// Summaries of a function's invocations, from its log lines.
pub async fn summaries(emulator: &Emulator, function: &str) -> Result<Vec<Value>, Failure> {
    let lines = logs_with(emulator, function, "invocation").await?;
    let lines = lines.iter().flat_map(|text| text.lines());
    let summaries = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(summaries.filter(|line| line["message"] == "invocation").collect())
}

/// Sends one request to `stack.py`, which has the SAM translator, and an SDK for calls that the guard does not make.
async fn ask<T: DeserializeOwned>(emulator: Option<&Emulator>, request: &Value) -> Result<T, Failure> {
    let mut command = Command::new(venv_program("python")?);
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/stack.py"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(emulator.map(Emulator::environment).unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    stdin.write_all(request.to_string().as_bytes()).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        let what = request["do"].as_str().unwrap_or_default();
        return Err(format!("{what}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
