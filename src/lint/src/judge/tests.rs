//! Patterns and policies, and what the judge says of a rule with a function of that role.

use crate::{Input, RuleReport, Verdict, lint};

/// Template with one rule, a function and its role with these statements.
fn template(pattern: &str, statements: &str, more: &str) -> String {
    format!(
        "Resources:\n  Rule:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern: {pattern}\n      \
         Targets: [{{Id: f, Arn: !GetAtt F.Arn}}]\n{more}  \
         F: {{Type: AWS::Lambda::Function, Properties: {{Role: !GetAtt R.Arn}}}}\n  \
         R: {{Type: AWS::IAM::Role, Properties: {{Policies: [{{PolicyName: p, PolicyDocument: {{Statement: {statements}}}}}]}}}}\n"
    )
}

fn judged(text: String) -> RuleReport {
    let report = lint(&[Input { path: "t.yaml".to_owned(), text: text.clone() }]);
    let file = report.files.into_iter().next().unwrap();
    assert_eq!(file.unreadable, None, "{text}");
    file.rules.into_iter().next().unwrap()
}

/// Expects the verdict and, for a rule that can fire itself, its calls.
fn check(pattern: &str, statements: &str, expected: &str) {
    let rule = judged(template(pattern, statements, ""));
    let calls: Vec<String> = rule
        .paths
        .iter()
        .flat_map(|path| {
            let first = path.steps[path.steps.len() - 2].trim_start_matches("call ").to_owned();
            std::iter::once(first).chain(path.more_calls.clone())
        })
        .collect();
    let seen = match rule.verdict {
        Verdict::CanFireItself => calls.join(", "),
        Verdict::Cannot => format!("cannot{}", rule.never.map_or_else(String::new, |why| format!(": {why}"))),
        Verdict::CannotBeTold => format!("?: {}", rule.unknown.join("; ")),
        Verdict::NotOnCalls => rule.unknown.join("; "),
    };
    assert!(seen.starts_with(expected), "{pattern} {statements}\n{seen}");
    assert_eq!(seen.is_empty(), expected.is_empty(), "{pattern}");
}

fn allow(actions: &str) -> String {
    format!("[{{Effect: Allow, Action: [{actions}], Resource: '*'}}]")
}

const ACL: &str = "{source: [aws.s3], detail-type: [AWS API Call via CloudTrail], detail: {eventSource: [s3.amazonaws.com], eventName: [PutBucketAcl, PutBucketEncryption]}}";

#[test]
fn a_call_matches_by_its_action() {
    check(ACL, &allow("'s3:PutBucketAcl'"), "s3 PutBucketAcl");
    check(ACL, &allow("'s3:PutEncryptionConfiguration'"), "s3 PutBucketEncryption");
    check(ACL, &allow("'s3:PutBucketEncryption'"), "cannot");
    check(ACL, &allow("'s3:*'"), "s3 PutBucketAcl, s3 PutBucketEncryption");
    check(ACL, &allow("'S3:putbucketA*'"), "s3 PutBucketAcl");
    check(ACL, &allow("'s3:Get*', 'iam:*'"), "cannot");
    check(ACL, &allow("'*'"), "s3 PutBucketAcl");
    check(ACL, "[{Effect: Allow, NotAction: 'iam:*', Resource: '*'}]", "s3 PutBucketAcl");
    check(ACL, "[{Effect: Allow, NotAction: 's3:*', Resource: '*'}]", "cannot");
    check(
        ACL,
        "[{Effect: Allow, Action: 's3:*', Resource: '*', Condition: {Bool: {x: y}}}]",
        "s3 PutBucketAcl",
    );
}

#[test]
fn a_denial_in_every_case_subtracts() {
    let deny =
        |more: &str| format!("[{{Effect: Allow, Action: '*', Resource: '*'}}, {{Effect: Deny, {more}}}]");
    check(ACL, &deny("Action: 's3:Put*', Resource: '*'"), "cannot");
    check(ACL, &deny("Action: 's3:PutBucketAcl', Resource: '*'"), "s3 PutBucketEncryption");
    check(ACL, &deny("Action: 's3:*', Resource: '*', Condition: {Bool: {a: b}}"), "s3 PutBucketAcl");
    check(ACL, &deny("Action: 's3:*', Resource: 'arn:aws:s3:::x'"), "s3 PutBucketAcl");
    check(ACL, &deny("NotAction: 'logs:*', Resource: '*'"), "cannot");
    let puts = "{source: [aws.s3], detail: {eventName: [{prefix: Put}]}}";
    check(puts, &deny("Action: 's3:*', Resource: '*'"), "cannot");
    check(puts, &deny("Action: 's3:PutBucketAcl', Resource: '*'"), "s3 Put");
    check(puts, &deny("Action: 'ec2:*', Resource: '*'"), "s3 Put");
}

#[test]
fn each_statement_that_allows_an_action_is_tried() {
    let acl = "{source: [aws.s3], detail: {eventName: [PutBucketAcl], requestParameters: {bucketName: [b]}}}";
    let on = |buckets: [&str; 2]| {
        let allow = buckets.map(|bucket| {
            format!("{{Effect: Allow, Action: 's3:PutBucketAcl', Resource: 'arn:aws:s3:::{bucket}'}}")
        });
        format!("[{}]", allow.join(", "))
    };
    check(acl, &on(["a", "b"]), "s3 PutBucketAcl");
    check(acl, &on(["b", "a"]), "s3 PutBucketAcl");
    check(acl, &on(["a", "c"]), "cannot");
}

#[test]
fn forms_of_calls_are_met_by_actions() {
    let create =
        "{source: [aws.ec2], detail: {eventSource: [ec2.amazonaws.com], eventName: [{prefix: Create}]}}";
    check(create, &allow("'ec2:CreateTags', 'ec2:DescribeInstances'"), "ec2 CreateTags");
    check(create, &allow("'ec2:*'"), "ec2 Create…");
    check(create, &allow("'ec2:DeleteTags'"), "cannot");
    check(create, &allow("'s3:CreateBucket'"), "cannot");
    let tags = "{detail: {eventName: [{wildcard: '*Tag*'}]}}";
    check(tags, &allow("'rds:AddTagsToResource'"), "rds AddTagsToResource");
    let all = "{source: [{prefix: aws.}], detail-type: [AWS API Call via CloudTrail]}";
    check(all, &allow("'logs:CreateLogStream', 'logs:PutLogEvents'"), "logs CreateLogStream");
    check(all, &allow("'logs:PutLogEvents', 's3:PutObject', 'ec2:DescribeInstances'"), "cannot");
    let put = "{source: [aws.s3], detail: {eventName: [PutObject], requestParameters: {bucketName: [in]}}}";
    check(put, &allow("'s3:PutObject'"), "s3 PutObject");
}

#[test]
fn a_bucket_that_the_role_may_not_write_is_not_written() {
    let put = "{source: [aws.s3], detail: {eventName: [PutObject], requestParameters: {bucketName: [in]}}}";
    let on = |resource: &str| format!("[{{Effect: Allow, Action: 's3:PutObject', Resource: {resource}}}]");
    check(put, &on("'arn:aws:s3:::in/*'"), "s3 PutObject");
    check(put, &on("'arn:aws:s3:::out/*'"), "cannot");
    check(put, &on("['arn:aws:s3:::out/*', 'arn:aws:s3:::i*']"), "s3 PutObject");
    check(put, &on("!Sub 'arn:aws:s3:::${Param}/*'"), "s3 PutObject");
}

#[test]
fn a_pattern_that_leaves_the_role_out_is_honest() {
    let but = |test: &str| {
        format!("{{source: [aws.s3], detail: {{eventName: [PutBucketAcl], userIdentity: {test}}}}}")
    };
    let acl = allow("'s3:PutBucketAcl'");
    check(
        &but("{sessionContext: {sessionIssuer: {arn: [{anything-but: [!GetAtt R.Arn]}]}}}"),
        &acl,
        "cannot",
    );
    check(&but("{sessionContext: {sessionIssuer: {arn: [{anything-but: [!GetAtt Q.Arn]}]}}}"), &acl, "?");
    check(&but("{sessionContext: {sessionIssuer: {userName: [{anything-but: [!Ref R]}]}}}"), &acl, "cannot");
    check(&but("{arn: [{anything-but: {wildcard: !Sub '*:assumed-role/${R}/*'}}]}"), &acl, "cannot");
    check(
        &but("{arn: [{anything-but: {prefix: !Sub 'arn:aws:sts::814117163773:assumed-role/${R}/'}}]}"),
        &acl,
        "cannot",
    );
    check(
        &but("{arn: [{anything-but: {prefix: 'arn:aws:sts::814117163773:assumed-role/other/'}}]}"),
        &acl,
        "s3 Put",
    );
    check(&but("{type: [IAMUser, Root]}"), &acl, "cannot");
    check(&but("{type: [AssumedRole]}"), &acl, "s3 PutBucketAcl");
}

#[test]
fn what_can_never_match_is_said() {
    let s3 = allow("'s3:*'");
    check(
        "{detail_type: [AWS API Call via CloudTrail], source: [aws.s3]}",
        &s3,
        "cannot: no event has the field `detail_type`; expected `detail-type`",
    );
    check(
        "{detailType: [AWS API Call via CloudTrail], source: [aws.s3]}",
        &s3,
        "cannot: no event has the field `detailType`; expected `detail-type`",
    );
    check(
        "{source: [aws.s3], foo: [{exists: false}], detail: {eventName: [PutBucketAcl]}}",
        &s3,
        "s3 PutBucketAcl",
    );
    check(
        "{source: [aws.s3], detail: {eventName: [GetBucketAcl, ListObjects]}}",
        &s3,
        "cannot: a rule in the state ENABLED does not receive GetBucketAcl, ListObjects",
    );
    check("{source: [aws.s3], detail: {eventName: [GetBucketAcl, PutBucketAcl]}}", &s3, "s3 PutBucketAcl");
    check("{source: [aws.sts], detail: {eventName: [GetSessionToken]}}", &s3, "cannot");
}

#[test]
fn what_is_not_told_is_named() {
    let acl = allow("'s3:PutBucketAcl'");
    check(
        "{source: [aws.s3], detail: {eventName: [!Ref Call]}}",
        &acl,
        "?: the pattern's detail.eventName is not told",
    );
    check(
        "{source: [aws.s3], detail: {eventName: [PutBucketAcl], requestParameters: {bucketName: [!Ref B]}}}",
        &acl,
        "s3 PutBucketAcl",
    );
    check(ACL, &allow("'sts:AssumeRole'"), "?: role R may assume *, which is in none of the files");
    check("{source: [aws.s3], detail: {eventName: PutBucketAcl}}", &acl, "?: ");
    check("{source: [my.app]}", &acl, "its events are no API calls");
    check("{source: [aws.s3], detail-type: [Object Created]}", &acl, "its events are no API calls");
}

#[test]
fn a_role_that_is_assumed_acts_too() {
    let more = "  Hub: {Type: AWS::IAM::Role, Properties: {RoleName: hub, Policies: [{PolicyName: h, PolicyDocument: {Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}}]}}\n";
    let assume = "[{Effect: Allow, Action: 'sts:AssumeRole', Resource: !GetAtt Hub.Arn}]";
    let rule = judged(template(ACL, assume, more));
    assert_eq!(rule.verdict, Verdict::CanFireItself);
    assert_eq!(
        rule.paths[0].sentence(),
        "rule Rule → function F → function F, which assumes it through role R → role Hub → policy h, statement 1 (s3:PutBucketAcl) → call s3 PutBucketAcl → rule Rule"
    );
}

#[test]
fn the_state_and_the_region_decide_what_arrives() {
    let get = "{source: [aws.s3], detail: {eventName: [GetBucketAcl]}}\n      State: ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
    check(get, &allow("'s3:*'"), "s3 GetBucketAcl");
    let plan = |region: &str| {
        format!(
            r#"{{"values": {{"root_module": {{"resources": [
            {{"address": "aws_cloudwatch_event_rule.r", "type": "aws_cloudwatch_event_rule", "values": {{"name": "r",
              "arn": "arn:aws:events:{region}:123456789012:rule/r",
              "event_pattern": "{{\"source\":[\"aws.iam\"],\"detail\":{{\"eventName\":[\"CreateUser\"]}}}}"}}}},
            {{"address": "aws_cloudwatch_event_target.t", "type": "aws_cloudwatch_event_target",
              "values": {{"rule": "r", "arn": "arn:aws:lambda:{region}:123456789012:function:f"}}}},
            {{"address": "aws_lambda_function.f", "type": "aws_lambda_function", "values": {{"function_name": "f",
              "arn": "arn:aws:lambda:{region}:123456789012:function:f", "role": "arn:aws:iam::123456789012:role/f"}}}},
            {{"address": "aws_iam_role.f", "type": "aws_iam_role", "values": {{"name": "f",
              "arn": "arn:aws:iam::123456789012:role/f", "managed_policy_arns": ["arn:aws:iam::aws:policy/IAMFullAccess"]}}}}
            ]}}}}}}"#
        )
    };
    let there = judged(plan("us-east-1"));
    assert_eq!(there.verdict, Verdict::CanFireItself, "{:?}", there.unknown);
    let elsewhere = judged(plan("eu-west-1"));
    assert_eq!(elsewhere.verdict, Verdict::Cannot);
    let never = elsewhere.never.unwrap();
    assert_eq!(never, "calls of iam reach the event bus of us-east-1 alone, and the rule is in eu-west-1");
}

#[test]
fn rules_that_fire_one_another_are_a_cycle() {
    let rule = |name: &str, call: &str, function: &str| {
        format!(
            "  {name}:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern: {{detail: {{eventSource: \
             [ec2.amazonaws.com], eventName: [{call}]}}}}\n      Targets: [{{Id: f, Arn: !GetAtt {function}.Arn}}]\n"
        )
    };
    let function = |name: &str, action: &str| {
        format!(
            "  {name}: {{Type: AWS::Lambda::Function, Properties: {{Role: !GetAtt {name}Role.Arn}}}}\n  {name}Role: \
             {{Type: AWS::IAM::Role, Properties: {{Policies: [{{PolicyName: p, PolicyDocument: {{Statement: \
             {{Effect: Allow, Action: '{action}', Resource: '*'}}}}}}]}}}}\n"
        )
    };
    let text = format!(
        "Resources:\n{}{}{}{}{}{}",
        rule("A", "StopInstances", "Start"),
        rule("B", "StartInstances", "Stop"),
        rule("C", "StartInstances", "Quiet"),
        function("Start", "ec2:StartInstances"),
        function("Stop", "ec2:StopInstances"),
        function("Quiet", "sns:Publish"),
    );
    let report = lint(&[Input { path: "t.yaml".to_owned(), text }]);
    let file = &report.files[0];
    assert!(file.rules.iter().all(|rule| rule.verdict == Verdict::Cannot), "{:?}", file.rules);
    let cycles: Vec<_> = file.cycles.iter().map(|cycle| (cycle.rules.join(" "), cycle.steps.len())).collect();
    assert_eq!(cycles, [("A B".to_owned(), 11)]);
    assert!(report.can_loop());
}
