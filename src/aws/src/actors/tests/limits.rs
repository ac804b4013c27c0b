//! Limits of the search: other accounts and Regions, other services, counts, time.

use super::*;

#[test]
fn targets_that_no_call_tells_of_say_so() {
    let check = |arn: &str, unresolved_reason: Option<&str>| {
        expect(arn, Hints::default(), vec![], &[], unresolved_reason, 0);
    };
    let words = "the rules of the bus orders are followed in the directory, each by itself";
    check(&here("events", "event-bus/orders"), Some(words));
    let words = "the rules of the bus central in account 210987654321, us-east-1, are not seen from here";
    check("arn:aws:events:us-east-1:210987654321:event-bus/central", Some(words));
    let words = "the rules of the bus default in account 123456789012, eu-west-1, are not seen from here";
    check("arn:aws:events:eu-west-1:123456789012:event-bus/default", Some(words));
    let destination = "api-destination/ticket/11112222-3333-4444-5555-666677778888";
    check(&here("events", destination), Some("it is not seen who acts for an API destination"));
    let words = "EventBridge makes the call itself, with the role of the target";
    check(&here("events", "target/create-snapshot"), Some(words));
    check(&here("logs", "log-group:/aws/events/all:*"), None);
    let words = "it is not known who acts for a target of the service execute-api";
    check(&here("execute-api", "a1b2c3d4e5/prod/POST/fix"), Some(words));
    check("fix", Some(r#""fix" is no ARN"#));

    let words = "function:fixer lies in account 210987654321, which the guard does not read";
    check("arn:aws:lambda:us-east-1:210987654321:function:fixer", Some(words));
    let words = "work lies in Region eu-west-1, which the guard does not read";
    check("arn:aws:sqs:eu-west-1:123456789012:work", Some(words));
}

#[test]
fn a_function_elsewhere_is_named() {
    let far = "arn:aws:lambda:us-east-1:210987654321:function:fixer";
    let one = json!({"Protocol": "lambda", "Endpoint": far});
    let topic = answer("sns:ListSubscriptionsByTopic", "", json!({"Subscriptions": [one]}));
    let words = "function:fixer lies in account 210987654321, which the guard does not read";
    let actors = ["lambda:function:fixer through sns:news"];
    expect(&here("sns", "news"), Hints::default(), vec![topic], &actors, Some(words), 1);
}

fn subscribed(functions: usize) -> Vec<Answer> {
    let one =
        |n: usize| json!({"Protocol": "lambda", "Endpoint": here("lambda", &format!("function:f{n:02}"))});
    let all: Vec<Value> = (0..functions).map(one).collect();
    let mut answers = vec![answer("sns:ListSubscriptionsByTopic", "", json!({"Subscriptions": all}))];
    answers.extend((0..functions).map(|n| function(&format!("f{n:02}"), 3)));
    answers
}

#[test]
fn no_more_are_followed_than_are_kept() {
    let check = |functions: usize, kept: usize, unresolved_reason: Option<&str>| {
        let (target, asked) =
            followed(Table::new(subscribed(functions)), &here("sns", "news"), Hints::default());
        assert_eq!(target.actors.len(), kept);
        assert_eq!(target.unresolved_reason.as_deref(), unresolved_reason);
        assert_eq!(asked.len(), 1 + kept);
    };
    check(Actor::MAX_PER_TARGET, 16, None);
    let words = "arn:aws:sns:us-east-1:123456789012:news hands on to more than 16 others";
    check(Actor::MAX_PER_TARGET + 1, 16, Some(words));
}

#[test]
fn lists_and_calls_have_an_end() {
    // A list without a last page.
    let page = json!({"Subscriptions": [], "NextToken": "more"});
    let answers = vec![answer("sns:ListSubscriptionsByTopic", "", page)];
    let words = "sns:ListSubscriptionsByTopic has more than 10 pages";
    expect(&here("sns", "news"), Hints::default(), answers, &[], Some(words), 10);

    // Sixteen queues with a function each.
    let one = |n: usize| json!({"Protocol": "sqs", "Endpoint": here("sqs", &format!("q{n:02}"))});
    let all: Vec<Value> = (0..16).map(one).collect();
    let mapping = json!({"FunctionArn": here("lambda", "function:fixer"), "State": "Enabled"});
    let mut answers = vec![
        answer("sns:ListSubscriptionsByTopic", "", json!({"Subscriptions": all})),
        answer("lambda:ListEventSourceMappings", "", json!({"EventSourceMappings": [mapping]})),
        function("fixer", 3),
    ];
    answers.extend(nothing_reads());
    let (target, asked) = followed(Table::new(answers), &here("sns", "news"), Hints::default());
    assert_eq!(target.unresolved_reason.as_deref(), Some("more than 48 calls would be needed"));
    assert_eq!(asked.len(), 48);
}

#[test]
fn what_was_told_in_time_is_kept() {
    let check = |millis: u64, actors: &[&str], unresolved_reason: Option<&str>| {
        // The function behind the topic is one call away, the one behind the queue two.
        let subscribers = json!([
            {"Protocol": "lambda", "Endpoint": here("lambda", "function:near")},
            {"Protocol": "sqs", "Endpoint": here("sqs", "work")},
        ]);
        let mapping = json!({"FunctionArn": here("lambda", "function:far"), "State": "Enabled"});
        let mut answers = vec![
            answer("sns:ListSubscriptionsByTopic", "", json!({"Subscriptions": subscribers})),
            answer("lambda:ListEventSourceMappings", "", json!({"EventSourceMappings": [mapping]})),
            function("near", 3),
            function("far", 3),
        ];
        answers.extend(nothing_reads());
        let table = Table { takes: Duration::from_millis(millis), ..Table::new(answers) };
        let (target, _) = followed(table, &here("sns", "news"), Hints::default());
        let seen: Vec<String> = target.actors.iter().map(told).collect();
        assert_eq!(target.unresolved_reason.as_deref(), unresolved_reason, "{millis} ms");
        assert_eq!(seen, actors, "{millis} ms");
    };
    let far = "lambda:function:far as service-role/far-role through sqs:work, 3 s at most";
    let near = "lambda:function:near as service-role/near-role through sns:news, 3 s at most";
    check(10, &[far, near], None);
    check(1_000, &[near], Some("not all was told within 2.5s"));
}

#[test]
fn pipes_that_feed_one_another_have_an_end() {
    let pipe = |name: &str, from: &str, to: &str| {
        let (arn, source) = (here("pipes", &format!("pipe/{name}")), here("sqs", from));
        let listed = json!({"Pipes": [{"Arn": arn, "Source": source, "CurrentState": "RUNNING"}]});
        let described = json!({"RoleArn": role(name), "Target": here("sqs", to)});
        [
            answer("pipes:ListPipes", &format!("123456789012%3A{from}&"), listed),
            answer("pipes:DescribePipe", &format!("/v1/pipes/{name}"), described),
        ]
    };
    let mut answers =
        vec![answer("sqs:GetQueueAttributes", "", json!({"Attributes": {"DelaySeconds": "5"}}))];
    answers.extend(pipe("there", "a", "b").into_iter().chain(pipe("back", "b", "a")));
    answers.extend(nothing_reads());
    let (target, asked) = followed(Table::new(answers), &here("sqs", "a"), Hints::default());
    assert_eq!(target.actors.len(), 3, "{:?}", target.actors);
    let words = "arn:aws:pipes:us-east-1:123456789012:pipe/back is more than 6 steps away";
    assert_eq!(target.unresolved_reason.as_deref(), Some(words));
    assert_eq!(asked.len(), 15);
}
