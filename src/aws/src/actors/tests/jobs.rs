//! Builds, tasks and jobs.

use super::*;

#[test]
fn a_build_acts_as_the_role_of_its_project() {
    let check = |input: Option<Value>, answer: Answer, actors: &[&str], unresolved_reason: Option<&str>| {
        let hints = Hints { input, ..Hints::default() };
        expect(&here("codebuild", "project/fix"), hints, vec![answer], actors, unresolved_reason, 1);
    };
    let project = || {
        let project = json!({
            "name": "fix",
            "arn": here("codebuild", "project/fix"),
            "serviceRole": role("service-role/codebuild-fix"),
            "timeoutInMinutes": 60,
            "queuedTimeoutInMinutes": 480,
        });
        answer("codebuild:BatchGetProjects", r#"{"names":["fix"]}"#, json!({"projects": [project]}))
    };
    let fix = "codebuild:project/fix as service-role/codebuild-fix, 3600 s at most";
    check(None, project(), &[fix], None);
    check(Some(json!({"sourceVersion": "main"})), project(), &[fix], None);
    let input = json!({"serviceRoleOverride": role("other"), "timeoutInMinutesOverride": 5});
    check(Some(input), project(), &["codebuild:project/fix as other, 300 s at most"], None);
    let words = "each event chooses the role of the build fix";
    let chosen = json!({"serviceRoleOverride": "<role>"});
    check(Some(chosen), project(), &["codebuild:project/fix, 3600 s at most"], Some(words));
    let none = answer("codebuild:BatchGetProjects", "", json!({"projects": [], "projectsNotFound": ["fix"]}));
    check(None, none, &[], Some("there is no project fix"));
    let words = "codebuild:BatchGetProjects is not allowed";
    check(None, denied("codebuild:BatchGetProjects"), &[], Some(words));
}

#[test]
fn a_task_acts_as_the_role_of_its_definition() {
    let check =
        |definition: Option<&str>, input: Option<Value>, answers: Vec<Answer>, actors: &[&str], why| {
            let hints = Hints { task_definition: definition.map(str::to_owned), input, ..Hints::default() };
            let calls = answers.len();
            expect(&here("ecs", "cluster/work"), hints, answers, actors, why, calls);
        };
    let described = |role: Value| {
        let task = json!({
            "taskDefinitionArn": here("ecs", "task-definition/convert:3"),
            "executionRoleArn": "arn:aws:iam::123456789012:role/ecsTaskExecutionRole",
            "taskRoleArn": role,
            "family": "convert",
            "revision": 3,
            "status": "ACTIVE",
        });
        vec![answer(
            "ecs:DescribeTaskDefinition",
            "task-definition/convert:3",
            json!({"taskDefinition": task}),
        )]
    };
    let arn = here("ecs", "task-definition/convert:3");
    let convert = Some(arn.as_str());
    let task = "ecs:task-definition/convert as ecsTaskRole through ecs:cluster/work";
    check(convert, None, described(json!(role("ecsTaskRole"))), &[task], None);
    check(
        convert,
        Some(json!({"containerOverrides": []})),
        described(json!(role("ecsTaskRole"))),
        &[task],
        None,
    );
    check(convert, Some(json!({"taskRoleArn": role("ecsTaskRole")})), vec![], &[task], None);
    let bare = ["ecs:task-definition/convert through ecs:cluster/work"];
    let words = format!("each event chooses the role of the task {arn}");
    check(convert, Some(json!({"taskRoleArn": "<role>"})), vec![], &bare, Some(words.as_str()));
    let words = format!("the task definition {arn} has no task role");
    check(convert, None, described(Value::Null), &bare, Some(words.as_str()));
    let words = "the target does not name the task that cluster/work runs";
    check(None, None, vec![], &[], Some(words));
    let denied = vec![denied("ecs:DescribeTaskDefinition")];
    check(convert, None, denied, &[], Some("ecs:DescribeTaskDefinition is not allowed"));
}

#[test]
fn a_batch_job_acts_as_the_role_of_its_definition() {
    let check =
        |name: &str, words: &str, definitions: Value, actors: &[&str], unresolved_reason: Option<&str>| {
            let hints = Hints { job_definition: Some(name.to_owned()), ..Hints::default() };
            let words = format!("POST /v1/describejobdefinitions {words}");
            let reply = json!({"jobDefinitions": definitions});
            let answers = vec![answer("batch:DescribeJobDefinitions", &words, reply)];
            expect(&here("batch", "job-queue/work"), hints, answers, actors, unresolved_reason, 1);
        };
    let definition = |revision: u32, role_name: &str| {
        json!({
            "jobDefinitionName": "fix",
            "jobDefinitionArn": here("batch", &format!("job-definition/fix:{revision}")),
            "revision": revision,
            "status": "ACTIVE",
            "type": "container",
            "containerProperties": {"jobRoleArn": role(role_name), "executionRoleArn": role("execution")},
            "timeout": {"attemptDurationSeconds": 600},
        })
    };
    let named = r#"{"jobDefinitionName":"fix","status":"ACTIVE"}"#;
    let newest = json!([definition(2, "old"), definition(10, "new"), definition(9, "old")]);
    let new = ["batch:job-definition/fix as new through batch:job-queue/work, 600 s at most"];
    check("fix", named, newest, &new, None);
    let arn = here("batch", "job-definition/fix:10");
    check(&arn, &json!({"jobDefinitions": [arn]}).to_string(), json!([definition(10, "new")]), &new, None);
    let nodes = json!([{
        "jobDefinitionArn": here("batch", "job-definition/fix:1"),
        "nodeProperties": {"nodeRangeProperties": [{"container": {"jobRoleArn": role("node")}}]},
        "ecsProperties": {"taskProperties": [{"taskRoleArn": role("task")}]},
    }]);
    let both = [
        "batch:job-definition/fix as node through batch:job-queue/work",
        "batch:job-definition/fix as task through batch:job-queue/work",
    ];
    check("fix", named, nodes, &both, None);
    let bare =
        json!([{"jobDefinitionArn": here("batch", "job-definition/fix:1"), "containerProperties": {}}]);
    let unnamed = ["batch:job-definition/fix through batch:job-queue/work"];
    check("fix", named, bare, &unnamed, Some("the job definition fix has no job role"));
    check("fix", named, json!([]), &[], Some("there is no job definition fix"));

    let queue = here("batch", "job-queue/work");
    let words = "the target does not name the job that job-queue/work runs";
    expect(&queue, Hints::default(), vec![], &[], Some(words), 0);
    let hints = Hints { job_definition: Some("fix".to_owned()), ..Hints::default() };
    let words = "batch:DescribeJobDefinitions is not allowed";
    expect(&queue, hints, vec![denied("batch:DescribeJobDefinitions")], &[], Some(words), 1);
}

#[test]
fn a_glue_workflow_acts_through_its_jobs_and_crawlers() {
    let check = |nodes: Value, more: Vec<Answer>, actors: &[&str], unresolved_reason: Option<&str>| {
        let calls = 1 + more.len();
        let workflow = json!({"Workflow": {"Name": "nightly", "Graph": {"Nodes": nodes, "Edges": []}}});
        let words = r#"{"IncludeGraph":true,"Name":"nightly"}"#;
        let mut answers = vec![answer("glue:GetWorkflow", words, workflow)];
        answers.extend(more);
        expect(
            &here("glue", "workflow/nightly"),
            Hints::default(),
            answers,
            actors,
            unresolved_reason,
            calls,
        );
    };
    let node =
        |kind: &str, name: &str| json!({"Type": kind, "Name": name, "UniqueId": format!("wnode_{name}")});
    let job = |name: &str, role: String| {
        let job = json!({"Job": {"Name": name, "Role": role, "Timeout": 10, "MaxRetries": 0}});
        answer("glue:GetJob", &json!({"JobName": name}).to_string(), job)
    };
    let crawler = json!({"Crawler": {"Name": "crawl", "Role": "service-role/crawler"}});
    let crawler = || answer("glue:GetCrawler", r#"{"Name":"crawl"}"#, crawler.clone());
    let nodes =
        json!([node("TRIGGER", "start"), node("CRAWLER", "crawl"), node("JOB", "a"), node("JOB", "b")]);
    let actors = [
        "glue:crawler/crawl as service-role/crawler through glue:workflow/nightly",
        "glue:job/a as etl through glue:workflow/nightly, 600 s at most",
        "glue:job/b as etl through glue:workflow/nightly, 600 s at most",
    ];
    let more = vec![job("a", role("etl")), job("b", "etl".to_owned()), crawler()];
    check(nodes, more, &actors, None);
    let words = "glue:GetJob is not allowed";
    check(
        json!([node("JOB", "a"), node("CRAWLER", "crawl")]),
        vec![denied("glue:GetJob"), crawler()],
        &actors[..1],
        Some(words),
    );
    let words = "the workflow nightly has no job and no crawler";
    check(json!([node("TRIGGER", "start")]), vec![], &[], Some(words));
    let arn = here("glue", "workflow/nightly");
    let words = "glue:GetWorkflow is not allowed";
    expect(&arn, Hints::default(), vec![denied("glue:GetWorkflow")], &[], Some(words), 1);
}
