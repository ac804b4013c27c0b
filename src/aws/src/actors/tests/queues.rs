//! Functions, queues, streams, topics and pipes.

use super::*;

fn mapping(function: &str, state: &str, window: u32) -> Value {
    json!({
        "UUID": "14e0db71-5d35-4eb5-b481-8945cf9d10c2",
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": window,
        "EventSourceArn": here("sqs", "work"),
        "FunctionArn": here("lambda", &format!("function:{function}")),
        "State": state,
    })
}

fn mappings(mappings: &[Value]) -> Answer {
    answer("lambda:ListEventSourceMappings", "", json!({"EventSourceMappings": mappings}))
}

fn delayed(seconds: u32) -> Answer {
    let words = r#""QueueUrl":"https://endpoint/123456789012/"#;
    let reply = json!({"Attributes": {"DelaySeconds": seconds.to_string()}});
    answer("sqs:GetQueueAttributes", words, reply)
}

fn plus(mut some: Vec<Answer>, more: Vec<Answer>) -> Vec<Answer> {
    some.extend(more);
    some
}

#[test]
fn a_function_acts_as_its_role() {
    let check = |arn: &str, answers, actors: &[&str], unresolved_reason: Option<&str>| {
        expect(arn, Hints::default(), answers, actors, unresolved_reason, 1);
    };
    let fixer = here("lambda", "function:fixer");
    let expected = ["lambda:function:fixer as service-role/fixer-role, 30 s at most"];
    check(&fixer, vec![function("fixer", 30)], &expected, None);
    let alias = answer("lambda:GetFunctionConfiguration", "fixer%3Alive/", json!({"Role": role("r")}));
    check(&format!("{fixer}:live"), vec![alias], &["lambda:function:fixer as r"], None);
    let right = "lambda:GetFunctionConfiguration";
    check(&fixer, vec![denied(right)], &[], Some("lambda:GetFunctionConfiguration is not allowed"));
    let words = "lambda:GetFunctionConfiguration: X: ResourceNotFoundException: sorry";
    check(&fixer, vec![missing(right)], &[], Some(words));
}

#[test]
fn a_queue_is_read_by_functions_and_pipes() {
    let check = |arn: &str, answers, actors: &[&str], unresolved_reason: Option<&str>, calls| {
        expect(arn, Hints::default(), answers, actors, unresolved_reason, calls);
    };
    let queue = here("sqs", "work");
    let unread_queue =
        "no event source mapping and no pipe reads the queue work, and programs that read it are not seen";
    check(&queue, nothing_reads(), &[], Some(unread_queue), 3);
    let both = [mapping("fixer", "Enabled", 20), mapping("off", "Disabled", 0)];
    let fixer = "lambda:function:fixer as service-role/fixer-role through sqs:work, 30 s at most";
    let answers = vec![mappings(&both), delayed(900), function("fixer", 30)];
    check(&queue, plus(answers, nothing_reads()), &[&format!("{fixer}, 920 s late")], None, 4);
    // The guard's own function reads it, and is not reported as unknown.
    let own = [mapping("budget-guard-ingest", "Enabled", 1)];
    check(&queue, plus(vec![mappings(&own)], nothing_reads()), &[], None, 3);
    check(&here("sqs", "budget-guard-firings"), vec![], &[], None, 0);
    // A name does not make them the guard's.
    let lookalike = [mapping("budget-guard-x", "Enabled", 1)];
    let answers = plus(vec![mappings(&lookalike), function("budget-guard-x", 30)], nothing_reads());
    let seen = "lambda:function:budget-guard-x as service-role/budget-guard-x-role through sqs:budget-guard-work, 30 s at most, 1 s late";
    check(&here("sqs", "budget-guard-work"), answers, &[seen], None, 4);

    // Without the other rights the functions stay known.
    let answers = vec![mappings(&both[..1]), function("fixer", 30)];
    let answers = plus(answers, vec![denied("pipes:ListPipes"), denied("sqs:GetQueueAttributes")]);
    let words = "pipes:ListPipes and sqs:GetQueueAttributes are not allowed";
    check(&queue, answers, &[&format!("{fixer}, 20 s late")], Some(words), 4);
    let answers = vec![mappings(&both[..1]), denied("lambda:GetFunctionConfiguration")];
    let words = "lambda:GetFunctionConfiguration is not allowed";
    let unread = ["lambda:function:fixer through sqs:work, 20 s late"];
    check(&queue, plus(answers, nothing_reads()), &unread, Some(words), 4);

    let stream = here("kinesis", "stream/changes");
    let words = "no event source mapping and no pipe reads the stream stream/changes, and programs that read it are not seen";
    check(&stream, nothing_reads(), &[], Some(words), 2);
    let answers = plus(vec![mappings(&both), function("fixer", 3)], nothing_reads());
    let fixer =
        "lambda:function:fixer as service-role/fixer-role through kinesis:stream/changes, 3 s at most";
    check(&stream, answers, &[&format!("{fixer}, 20 s late")], None, 3);
}

#[test]
fn all_pages_are_read() {
    let page = |words: &str, function: &str, next: Value| {
        let page = json!({"EventSourceMappings": [mapping(function, "Enabled", 0)], "NextMarker": next});
        answer("lambda:ListEventSourceMappings", words, page)
    };
    let answers = vec![
        page("&Marker=%2B2", "b", Value::Null),
        page("EventSourceArn=arn%3Aaws%3Asqs%3Aus-east-1%3A123456789012%3Awork", "a", json!("+2")),
        function("a", 3),
        function("b", 3),
    ];
    let actors = [
        "lambda:function:a as service-role/a-role through sqs:work, 3 s at most",
        "lambda:function:b as service-role/b-role through sqs:work, 3 s at most",
    ];
    expect(&here("sqs", "work"), Hints::default(), plus(answers, nothing_reads()), &actors, None, 6);
    let subscriptions = |words: &str, function: &str, next: Value| {
        let one = json!({"Protocol": "lambda", "Endpoint": here("lambda", &format!("function:{function}"))});
        let page = json!({"Subscriptions": [one], "NextToken": next});
        answer("sns:ListSubscriptionsByTopic", words, page)
    };
    let answers = vec![
        subscriptions("news 2", "b", Value::Null),
        subscriptions("news ", "a", json!("2")),
        function("a", 3),
        function("b", 3),
    ];
    let actors = [
        "lambda:function:a as service-role/a-role through sns:news, 3 s at most",
        "lambda:function:b as service-role/b-role through sns:news, 3 s at most",
    ];
    expect(&here("sns", "news"), Hints::default(), answers, &actors, None, 4);
}

#[test]
fn a_topic_reaches_who_subscribes() {
    let check =
        |subscribers: &[(&str, &str)], more, actors: &[&str], unresolved_reason: Option<&str>, calls| {
            let one =
                |(protocol, endpoint): &(&str, &str)| json!({"Protocol": protocol, "Endpoint": endpoint});
            let all: Vec<Value> = subscribers.iter().map(one).collect();
            let topic = answer("sns:ListSubscriptionsByTopic", "news", json!({"Subscriptions": all}));
            let answers = plus(vec![topic], more);
            expect(&here("sns", "news"), Hints::default(), answers, actors, unresolved_reason, calls);
        };
    let chat = "https://global.sns-api.chatbot.amazonaws.com";
    check(&[("email", "ops@example.com"), ("sms", "+4930"), ("https", chat)], vec![], &[], None, 1);
    let web = "it is not seen who acts for subscribers by https";
    check(&[("https", "https://ops.example.com/hook")], vec![], &[], Some(web), 1);
    check(&[("https", "https://x.example/.sns-api.chatbot.amazonaws.com")], vec![], &[], Some(web), 1);
    let (tagger, queue) = (here("lambda", "function:tagger"), here("sqs", "work"));
    let stream = here("firehose", "deliverystream/changes");
    let destination = json!({"ExtendedS3DestinationDescription": {"RoleARN": role("to-s3")}});
    let described = json!({"DeliveryStreamDescription": {"Destinations": [destination]}});
    let answers = vec![
        mappings(&[mapping("helper", "Enabled", 5)]),
        delayed(10),
        function("tagger", 3),
        function("helper", 60),
        answer("firehose:DescribeDeliveryStream", r#"{"DeliveryStreamName":"changes"}"#, described),
    ];
    let actors = [
        "firehose:deliverystream/changes as to-s3 through sns:news",
        "lambda:function:helper as service-role/helper-role through sqs:work, 60 s at most, 15 s late",
        "lambda:function:tagger as service-role/tagger-role through sns:news, 3 s at most",
    ];
    let all = [("lambda", tagger.as_str()), ("sqs", &queue), ("firehose", &stream)];
    check(&all, plus(answers, nothing_reads()), &actors, None, 7);
    let words = "sns:ListSubscriptionsByTopic is not allowed";
    let answers = vec![denied("sns:ListSubscriptionsByTopic")];
    expect(&here("sns", "news"), Hints::default(), answers, &[], Some(words), 1);
}

#[test]
fn a_pipe_acts_and_hands_on() {
    let check = |pipe: Value, more, actors: &[&str], unresolved_reason: Option<&str>, calls| {
        let listed = |name: &str, source: String, state: &str| json!({"Name": name, "Arn": here("pipes", &format!("pipe/{name}")), "Source": source, "CurrentState": state});
        let work = || here("sqs", "work");
        let pipes = [
            listed("drain", work(), "RUNNING"),
            listed("stopped", work(), "STOPPED"),
            listed("longer", here("sqs", "work-too"), "RUNNING"),
        ];
        let words = "GET /v1/pipes?SourcePrefix=arn%3Aaws%3Asqs%3Aus-east-1%3A123456789012%3Awork&Limit=100";
        let answers = vec![
            answer("pipes:ListPipes", words, json!({"Pipes": pipes})),
            answer("pipes:DescribePipe", "GET /v1/pipes/drain", pipe),
        ];
        let answers = plus(plus(answers, more), nothing_reads());
        expect(&here("sqs", "work"), Hints::default(), answers, actors, unresolved_reason, calls);
    };
    let window = json!({"SqsQueueParameters": {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 30}});
    let pipe = json!({
        "Name": "drain",
        "RoleArn": role("drain-role"),
        "SourceParameters": window,
        "Enrichment": here("lambda", "function:enrich"),
        "Target": here("lambda", "function:fixer"),
    });
    let actors = [
        "lambda:function:enrich as service-role/enrich-role through pipes:pipe/drain, 3 s at most, 30 s late",
        "lambda:function:fixer as service-role/fixer-role through pipes:pipe/drain, 9 s at most, 30 s late",
        "pipes:pipe/drain as drain-role through sqs:work, 30 s late",
    ];
    check(pipe, vec![function("enrich", 3), function("fixer", 9)], &actors, None, 6);
    let pipe = json!({
        "RoleArn": role("drain-role"),
        "Enrichment": "",
        "Target": here("ecs", "cluster/work"),
        "TargetParameters": {"EcsTaskParameters": {"TaskDefinitionArn": here("ecs", "task-definition/convert:3")}},
    });
    let task = json!({"taskDefinition": {"taskRoleArn": role("ecsTaskRole")}});
    let task = answer("ecs:DescribeTaskDefinition", "task-definition/convert:3", task);
    let actors = [
        "ecs:task-definition/convert as ecsTaskRole through ecs:cluster/work",
        "pipes:pipe/drain as drain-role through sqs:work",
    ];
    check(pipe.clone(), vec![task], &actors, None, 5);
    let overridden = |role: &str| {
        let mut pipe = pipe.clone();
        pipe["TargetParameters"]["EcsTaskParameters"]["Overrides"] = json!({"TaskRoleArn": role});
        pipe
    };
    let own = "pipes:pipe/drain as drain-role through sqs:work";
    let over = ["ecs:task-definition/convert as over through ecs:cluster/work", own];
    check(overridden(&role("over")), vec![], &over, None, 4);
    let chosen = ["ecs:task-definition/convert through ecs:cluster/work", own];
    let definition = here("ecs", "task-definition/convert:3");
    let words = format!("each event chooses the role of the task {definition}");
    check(overridden("$.body.role"), vec![], &chosen, Some(&words), 4);
    let mut answers = vec![denied("pipes:DescribePipe")];
    answers.push(answer("pipes:ListPipes", "", json!({"Pipes": [
        {"Name": "drain", "Arn": here("pipes", "pipe/drain"), "Source": here("sqs", "work"), "CurrentState": "RUNNING"},
    ]})));
    let words = "pipes:DescribePipe is not allowed";
    expect(&here("sqs", "work"), Hints::default(), plus(answers, nothing_reads()), &[], Some(words), 4);
}

#[test]
fn a_stream_is_transformed_and_delivered() {
    let check = |destination: Value, more, actors: &[&str], calls| {
        let described = json!({"DeliveryStreamDescription": {
            "DeliveryStreamName": "changes",
            "DeliveryStreamStatus": "ACTIVE",
            "Destinations": [destination],
        }});
        let stream =
            answer("firehose:DescribeDeliveryStream", r#"{"DeliveryStreamName":"changes"}"#, described);
        let arn = here("firehose", "deliverystream/changes");
        expect(&arn, Hints::default(), plus(vec![stream], more), actors, None, calls);
    };
    let processor = |parameters: Value| {
        json!({"DestinationId": "destinationId-000000000001", "ExtendedS3DestinationDescription": {
            "RoleARN": role("to-s3"),
            "BucketARN": "arn:aws:s3:::changes",
            "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
            "ProcessingConfiguration": {"Enabled": true, "Processors": [{"Type": "Lambda", "Parameters": parameters}]},
        }})
    };
    let stream = "firehose:deliverystream/changes as to-s3";
    let fixer = "lambda:function:fixer as service-role/fixer-role through firehose:deliverystream/changes, 3 s at most";
    let arn =
        json!({"ParameterName": "LambdaArn", "ParameterValue": here("lambda", "function:fixer:$LATEST")});
    let interval = json!({"ParameterName": "BufferIntervalInSeconds", "ParameterValue": "120"});
    let lambda = || {
        let reply = json!({"Role": role("service-role/fixer-role"), "Timeout": 3});
        vec![answer("lambda:GetFunctionConfiguration", "fixer%3A%24LATEST", reply)]
    };
    check(processor(json!([arn])), lambda(), &[stream, &format!("{fixer}, 60 s late")], 2);
    check(processor(json!([arn, interval])), lambda(), &[stream, &format!("{fixer}, 120 s late")], 2);
    let mut off = processor(json!([arn]));
    off["ExtendedS3DestinationDescription"]["ProcessingConfiguration"]["Enabled"] = json!(false);
    check(off, vec![], &[stream], 1);
    let plain = json!({"S3DestinationDescription": {"RoleARN": role("to-s3")}});
    check(plain, vec![], &[stream], 1);
    let words = "firehose:DescribeDeliveryStream is not allowed";
    let answers = vec![denied("firehose:DescribeDeliveryStream")];
    expect(&here("firehose", "deliverystream/changes"), Hints::default(), answers, &[], Some(words), 1);
}
