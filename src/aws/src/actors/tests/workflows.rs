//! State machines, automations and pipelines.

use super::*;

fn machine(name: &str, definition: &Value) -> Answer {
    let arn = here("states", &format!("stateMachine:{name}"));
    let reply = json!({
        "stateMachineArn": arn,
        "name": name,
        "status": "ACTIVE",
        "definition": definition.to_string(),
        "roleArn": role(&format!("service-role/{name}-role")),
        "type": "STANDARD",
        "creationDate": 1_795_176_000.5,
    });
    answer("states:DescribeStateMachine", &format!(r#"stateMachine:{name}""#), reply)
}

fn task(resource: &str, parameters: Value) -> Value {
    json!({"StartAt": "A", "States": {"A": {
        "Type": "Task", "Resource": resource, "Parameters": parameters, "End": true,
    }}})
}

fn nothing() -> Value {
    json!({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
}

#[test]
fn a_state_machine_acts_as_its_role() {
    let check = |arn: &str, answers, actors: &[&str], unresolved_reason: Option<&str>| {
        expect(&here("states", arn), Hints::default(), answers, actors, unresolved_reason, 1);
    };
    let guard = ["states:stateMachine:guard as service-role/guard-role"];
    check("stateMachine:guard", vec![machine("guard", &nothing())], &guard, None);
    check("stateMachine:guard:live", vec![machine("guard", &nothing())], &guard, None);
    check(
        "stateMachine:guard:7",
        vec![machine("guard:7", &nothing())],
        &["states:stateMachine:guard as service-role/guard:7-role"],
        None,
    );
    let limited =
        json!({"StartAt": "A", "TimeoutSeconds": 300, "States": {"A": {"Type": "Wait", "Seconds": 9}}});
    let expected = ["states:stateMachine:guard as service-role/guard-role, 300 s at most"];
    check("stateMachine:guard", vec![machine("guard", &limited)], &expected, None);
    let words = "states:DescribeStateMachine is not allowed";
    check("stateMachine:guard", vec![denied("states:DescribeStateMachine")], &[], Some(words));
    let hidden = json!({"roleArn": role("r"), "definition": ""});
    let hidden = vec![answer("states:DescribeStateMachine", "", hidden)];
    let words = "the definition of arn:aws:states:us-east-1:123456789012:stateMachine:guard cannot be read";
    check("stateMachine:guard", hidden, &["states:stateMachine:guard as r"], Some(words));
}

/// Compares the actors besides a state machine with this definition.
#[track_caller]
fn besides_machine(
    definition: &Value,
    more: Vec<Answer>,
    expected: &[&str],
    unresolved_reason: Option<&str>,
) {
    let calls = 1 + more.len();
    let mut answers = vec![machine("guard", definition)];
    answers.extend(more);
    let (target, asked) =
        followed(Table::new(answers), &here("states", "stateMachine:guard"), Hints::default());
    let seen: Vec<String> = target.actors.iter().map(told).collect();
    let own = "states:stateMachine:guard as service-role/guard-role";
    let others: Vec<&str> = seen.iter().map(String::as_str).filter(|actor| *actor != own).collect();
    assert_eq!(others, expected, "{definition}");
    assert_eq!(target.unresolved_reason.as_deref(), unresolved_reason, "{definition}");
    assert_eq!(asked.len(), calls, "{definition}");
}

#[test]
fn functions_that_a_state_machine_starts_act_too() {
    let check = |definition: Value, expected: &[&str]| {
        besides_machine(&definition, vec![function("fixer", 3)], expected, None);
    };
    let fixer =
        ["lambda:function:fixer as service-role/fixer-role through states:stateMachine:guard, 3 s at most"];
    let arn = here("lambda", "function:fixer");
    check(task(&arn, json!({})), &fixer);
    let invoke = "arn:aws:states:::lambda:invoke";
    check(task(invoke, json!({"FunctionName": arn})), &fixer);
    check(task(&format!("{invoke}.waitForTaskToken"), json!({"FunctionName": "fixer"})), &fixer);
    check(task("arn:aws:states:::aws-sdk:lambda:invoke", json!({"FunctionName": "fixer"})), &fixer);
    // Once, at any depth and number of uses.
    let deep = json!({"StartAt": "A", "States": {
        "A": {"Type": "Parallel", "Branches": [task(&arn, json!({})), task(invoke, json!({"FunctionName": arn}))]},
        "B": {"Type": "Map", "ItemProcessor": task(&arn, json!({}))},
    }});
    check(deep, &fixer);
}

#[test]
fn tasks_that_start_nothing_known_are_told_apart() {
    let check = |definition: Value, expected: &[&str], unresolved_reason: Option<&str>| {
        besides_machine(&definition, vec![], expected, unresolved_reason);
    };
    let arn = here("lambda", "function:fixer");
    let chosen =
        "arn:aws:states:us-east-1:123456789012:stateMachine:guard chooses at run time what it starts";
    check(task("arn:aws:states:::lambda:invoke", json!({"FunctionName.$": "$.f"})), &[], Some(chosen));
    check(task("arn:aws:states:::ecs:runTask.sync", json!({"TaskDefinition.$": "$.t"})), &[], Some(chosen));
    // API calls of the machine itself, and an object that only resembles a task.
    check(task("arn:aws:states:::aws-sdk:s3:putPublicAccessBlock", json!({"Bucket.$": "$.b"})), &[], None);
    let policy = json!({"Policy": {"Statement": [{"Effect": "Allow", "Resource": arn}]}});
    check(task("arn:aws:states:::aws-sdk:s3:putBucketPolicy", policy), &[], None);
    let unseen = |what: &str| {
        format!(
            "arn:aws:states:us-east-1:123456789012:stateMachine:guard hands on to {what}, which is not seen"
        )
    };
    check(task(&here("states", "activity:work"), json!({})), &[], Some(&unseen("workers of an activity")));
    check(task("arn:aws:states:::http:invoke", json!({})), &[], Some(&unseen("an HTTP endpoint")));
    let mut other = task("arn:aws:states:::aws-sdk:s3:putBucketAcl", json!({}));
    other["States"]["A"]["Credentials"] = json!({"RoleArn": role("other")});
    check(other, &["states:stateMachine:guard as other"], None);
}

#[test]
fn jobs_that_a_state_machine_starts_act_as_their_roles() {
    let check = |resource: &str, parameters: Value, more: Vec<Answer>, expected: &str| {
        let calls = 1 + more.len();
        let mut answers = vec![machine("guard", &task(resource, parameters))];
        answers.extend(more);
        let own = "states:stateMachine:guard as service-role/guard-role";
        let mut expected = [expected, own];
        expected.sort_unstable();
        expect(&here("states", "stateMachine:guard"), Hints::default(), answers, &expected, None, calls);
    };
    let project = json!({"projects": [{"serviceRole": role("build"), "timeoutInMinutes": 60}]});
    check(
        "arn:aws:states:::codebuild:startBuild.sync",
        json!({"ProjectName": "fix"}),
        vec![answer("codebuild:BatchGetProjects", r#"{"names":["fix"]}"#, project)],
        "codebuild:project/fix as build through states:stateMachine:guard, 3600 s at most",
    );
    check(
        "arn:aws:states:::glue:startJobRun.sync",
        json!({"JobName": "fix"}),
        vec![answer(
            "glue:GetJob",
            r#"{"JobName":"fix"}"#,
            json!({"Job": {"Role": "glue-role", "Timeout": 2_880}}),
        )],
        "glue:job/fix as glue-role through states:stateMachine:guard, 172800 s at most",
    );
    check(
        "arn:aws:states:::ecs:runTask.sync",
        json!({"Cluster": "work", "TaskDefinition": "convert:3"}),
        vec![answer(
            "ecs:DescribeTaskDefinition",
            r#"{"taskDefinition":"convert:3"}"#,
            json!({"taskDefinition": {"taskRoleArn": role("ecsTaskRole")}}),
        )],
        "ecs:task-definition/convert as ecsTaskRole through ecs:cluster/work",
    );
    check(
        "arn:aws:states:::ecs:runTask",
        json!({"TaskDefinition": "convert", "Overrides": {"TaskRoleArn": role("over")}}),
        vec![],
        "ecs:task-definition/convert as over through ecs:cluster/default",
    );
    check(
        "arn:aws:states:::ecs:runTask",
        json!({"TaskDefinition": "convert:3", "Overrides": {"Cpu": "256"}}),
        vec![answer(
            "ecs:DescribeTaskDefinition",
            r#"{"taskDefinition":"convert:3"}"#,
            json!({"taskDefinition": {"taskRoleArn": role("ecsTaskRole")}}),
        )],
        "ecs:task-definition/convert as ecsTaskRole through ecs:cluster/default",
    );
    let definition = json!({"jobDefinitions": [{
        "jobDefinitionArn": here("batch", "job-definition/fix:7"),
        "revision": 7,
        "containerProperties": {"jobRoleArn": role("batch-role")},
    }]});
    check(
        "arn:aws:states:::batch:submitJob.sync",
        json!({"JobDefinition": "fix:7", "JobQueue": here("batch", "job-queue/work")}),
        vec![answer("batch:DescribeJobDefinitions", r#"{"jobDefinitions":["fix:7"]}"#, definition)],
        "batch:job-definition/fix as batch-role through batch:job-queue/work",
    );
}

#[test]
fn a_role_that_the_state_chooses_is_not_known() {
    let check = |parameters: Value| {
        let expected = ["ecs:task-definition/convert through ecs:cluster/default"];
        let words = "each event chooses the role of the task convert";
        besides_machine(&task("arn:aws:states:::ecs:runTask", parameters), vec![], &expected, Some(words));
    };
    check(json!({"TaskDefinition": "convert", "Overrides": {"TaskRoleArn.$": "$.role"}}));
    check(json!({"TaskDefinition": "convert", "Overrides": {"TaskRoleArn": "{% $role %}"}}));
    check(json!({"TaskDefinition": "convert", "Overrides.$": "$.overrides"}));
    check(json!({"TaskDefinition": "convert", "Overrides": "{% $overrides %}"}));
}

#[test]
fn state_machines_are_followed_three_deep() {
    let start = |name: &str| {
        let arn = here("states", &format!("stateMachine:{name}"));
        task("arn:aws:states:::states:startExecution.sync:2", json!({"StateMachineArn": arn}))
    };
    let line = |name: &str, via: &str| {
        format!("states:stateMachine:{name} as service-role/{name}-role through states:stateMachine:{via}")
    };
    let mut answers = vec![machine("a", &start("b")), machine("b", &start("c")), machine("c", &start("d"))];
    let own = "states:stateMachine:a as service-role/a-role".to_owned();
    let all = [own, line("b", "a"), line("c", "b"), line("d", "c")];
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let arn = here("states", "stateMachine:a");
    answers.push(machine("d", &nothing()));
    expect(&arn, Hints::default(), answers, &all, None, 4);
    let mut answers = vec![machine("a", &start("b")), machine("b", &start("c")), machine("c", &start("d"))];
    answers.push(machine("d", &start("e")));
    let words = "arn:aws:states:us-east-1:123456789012:stateMachine:e is nested more than 3 deep";
    expect(&arn, Hints::default(), answers, &all, Some(words), 4);
    // A state machine that starts itself is read once.
    let own = "states:stateMachine:a as service-role/a-role";
    let again = "states:stateMachine:a as service-role/a-role through states:stateMachine:a";
    expect(&arn, Hints::default(), vec![machine("a", &start("a"))], &[own, again], None, 2);
}

#[test]
fn an_automation_acts_as_the_role_it_is_given() {
    let check = |input: Value, document: Option<Value>, actors: &[&str], unresolved_reason: Option<&str>| {
        let arn = "arn:aws:ssm:us-east-1::automation-definition/AWS-Fix:$DEFAULT";
        let words = r#"{"DocumentFormat":"JSON","Name":"AWS-Fix"}"#;
        let reply = document.map(|document| json!({"Name": "AWS-Fix", "Content": document.to_string()}));
        let answers: Vec<Answer> =
            reply.into_iter().map(|reply| answer("ssm:GetDocument", words, reply)).collect();
        let calls = answers.len();
        let hints = Hints { input: Some(input), ..Hints::default() };
        expect(arn, hints, answers, actors, unresolved_reason, calls);
    };
    let fixed = ["ssm:automation-definition/AWS-Fix as runbook"];
    check(json!({"AutomationAssumeRole": [role("runbook")], "BucketName": ["<b>"]}), None, &fixed, None);
    check(json!({"automationAssumeRole": role("runbook")}), None, &fixed, None);
    let chosen = "each event chooses the role of the automation AWS-Fix:$DEFAULT";
    check(json!({"AutomationAssumeRole": ["<role>"]}), None, &[], Some(chosen));

    let document = |role: &str, default: Value| {
        Some(json!({"assumeRole": role, "parameters": {"Runner": {"type": "String", "default": default}}}))
    };
    check(json!({}), document(&role("runbook"), json!("")), &fixed, None);
    check(Value::Null, document("{{ Runner }}", json!(role("runbook"))), &fixed, None);
    check(json!({"Runner": [role("runbook")]}), document("{{Runner}}", json!("")), &fixed, None);
    let global = "arn:{{global:AWS_PARTITION}}:iam::{{ global:ACCOUNT_ID }}:role/runbook";
    check(json!({}), document(global, json!("")), &fixed, None);
    let none = ["ssm:automation-definition/AWS-Fix"];
    let words = "no constant role is given to the automation AWS-Fix, which without one acts with the role that starts it";
    check(json!({}), document("{{ Runner }}", json!("")), &none, Some(words));
    check(json!({"Runner": ["<r>"]}), document("{{ Runner }}", json!(role("x"))), &none, Some(words));
    check(json!({}), Some(json!({"mainSteps": []})), &none, Some(words));
}

#[test]
fn other_targets_of_systems_manager_are_told_apart() {
    let check = |resource: &str, answers: Vec<Answer>, unresolved_reason: Option<&str>| {
        let calls = answers.len();
        expect(&here("ssm", resource), Hints::default(), answers, &[], unresolved_reason, calls);
    };
    let words = "the instances that run the command AWS-RunShellScript act with roles of their own";
    check("document/AWS-RunShellScript", vec![], Some(words));
    check("opsitem", vec![], None);
    let words = r#"{"DocumentFormat":"JSON","DocumentVersion":"7","Name":"fix"}"#;
    let empty = vec![answer("ssm:GetDocument", words, json!({"Content": "{}"}))];
    let (target, _) =
        followed(Table::new(empty), &here("ssm", "automation-definition/fix:7"), Hints::default());
    assert_eq!(target.actors.len(), 1);
    let denied = vec![denied("ssm:GetDocument")];
    check("automation-definition/fix", denied, Some("ssm:GetDocument is not allowed"));
}

#[test]
fn a_pipeline_and_its_actions_act() {
    let check = |actions: Value, more: Vec<Answer>, expected: &[&str], unresolved_reason: Option<&str>| {
        let pipeline = json!({"pipeline": {
            "name": "deploy",
            "roleArn": role("pipeline"),
            "stages": [{"name": "Source", "actions": []}, {"name": "Build", "actions": actions}],
            "version": 1,
        }});
        let calls = 1 + more.len();
        let mut answers = vec![answer("codepipeline:GetPipeline", r#"{"name":"deploy"}"#, pipeline)];
        answers.extend(more);
        let mut actors = vec!["codepipeline:deploy as pipeline"];
        actors.extend(expected);
        actors.sort_unstable();
        expect(&here("codepipeline", "deploy"), Hints::default(), answers, &actors, unresolved_reason, calls);
    };
    let action = |provider: &str, configuration: Value| json!([{"name": "A", "actionTypeId": {"owner": "AWS", "provider": provider}, "configuration": configuration}]);
    check(json!([]), vec![], &[], None);
    let project = json!({"projects": [{"serviceRole": role("build"), "timeoutInMinutes": 5}]});
    check(
        action("CodeBuild", json!({"ProjectName": "fix"})),
        vec![answer("codebuild:BatchGetProjects", "", project)],
        &["codebuild:project/fix as build through codepipeline:deploy, 300 s at most"],
        None,
    );
    check(
        action("Lambda", json!({"FunctionName": "fixer"})),
        vec![function("fixer", 3)],
        &["lambda:function:fixer as service-role/fixer-role through codepipeline:deploy, 3 s at most"],
        None,
    );
    check(
        action("StepFunctions", json!({"StateMachineArn": here("states", "stateMachine:m")})),
        vec![machine("m", &nothing())],
        &["states:stateMachine:m as service-role/m-role through codepipeline:deploy"],
        None,
    );
    let stack = json!({"ActionMode": "CREATE_UPDATE", "RoleArn": role("cloudformation")});
    check(action("CloudFormation", stack), vec![], &["codepipeline:deploy as cloudformation"], None);
    let mut own = action("S3", json!({"BucketName": "x"}));
    own[0]["roleArn"] = json!(role("action"));
    check(own, vec![], &["codepipeline:deploy as action"], None);
    let chosen = "the pipeline deploy chooses what it starts";
    check(action("Lambda", json!({"FunctionName": "#{v.f}"})), vec![], &[], Some(chosen));
    let mut far = action("CodeBuild", json!({"ProjectName": "fix"}));
    far[0]["region"] = json!("eu-west-1");
    check(far, vec![], &[], Some("project/fix lies in Region eu-west-1, which the guard does not read"));
    let words = "codepipeline:GetPipeline is not allowed";
    let answers = vec![denied("codepipeline:GetPipeline")];
    expect(&here("codepipeline", "deploy"), Hints::default(), answers, &[], Some(words), 1);
}
