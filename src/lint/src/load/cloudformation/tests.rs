//! Templates and what is read of them.

use super::*;
use crate::form::UNKNOWN;

fn document(text: &str) -> Document {
    let document = read("t.yaml", text, &Node::parse(text).unwrap());
    assert!(document.remarks.is_empty(), "{:?}", document.remarks);
    document
}

#[test]
fn targets_lead_to_functions_and_their_roles() {
    let check = |resources: &str, arn: &str, expected: &str| {
        let rule = format!(
            "Resources:\n  Rule:\n    Type: AWS::Events::Rule\n    Properties:\n      Targets: [{{Arn: {arn}}}]\n{resources}"
        );
        let document = document(&rule);
        assert_eq!(described(&document.rules[0].targets), expected, "{rule}");
    };
    let function = "  F: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt R.Arn}}\n  R: {Type: AWS::IAM::Role, Properties: {}}\n";
    check(function, "!GetAtt F.Arn", "function F [function F as R]");
    check(function, "!Sub '${F.Arn}:live'", "function F [function F as R]");
    let alias =
        format!("{function}  A: {{Type: AWS::Lambda::Alias, Properties: {{FunctionName: !Ref F}}}}\n");
    check(&alias, "!Ref A", "function F [function F as R]");
    let queue = format!(
        "{function}  Q: {{Type: AWS::SQS::Queue}}\n  M: {{Type: AWS::Lambda::EventSourceMapping, Properties: {{EventSourceArn: !GetAtt Q.Arn, FunctionName: !Ref F}}}}\n"
    );
    check(&queue, "!GetAtt Q.Arn", "queue Q [function F, behind queue Q as R]");
    let topic = format!(
        "{queue}  T: {{Type: AWS::SNS::Topic, Properties: {{Subscription: [{{Protocol: sqs, Endpoint: !GetAtt Q.Arn}}]}}}}\n"
    );
    check(&topic, "!Ref T", "topic T [function F, behind topic T and queue Q as R]");
    check(
        "  T: {Type: AWS::SNS::Topic}\n",
        "!Ref T",
        "topic T [] who is subscribed to it is not in this file",
    );
    check("Parameters: {P: {Type: String}}\n", "!Ref P", "a target [] parameter P is not told by the file");
    check(
        "",
        "arn:aws:lambda:us-east-1:123456789012:function:x",
        "arn:aws:lambda:us-east-1:123456789012:function:x [] it is not in this file",
    );
    check("", "!Sub 'arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:x'", "log group log-group:x []");
    let machine = format!(
        "{function}  S: {{Type: AWS::StepFunctions::StateMachine, Properties: {{RoleArn: !GetAtt R.Arn, DefinitionSubstitutions: {{f: !GetAtt F.Arn}}}}}}\n"
    );
    check(
        &machine,
        "!Ref S",
        "state machine S [state machine S as R, function F, behind state machine S as R]",
    );
    let sam = "  F: {Type: AWS::Serverless::Function, Properties: {}}\n";
    check(sam, "!GetAtt F.Arn", "function F [function F as FRole]");
    let outside = "  F: {Type: AWS::Lambda::Function, Properties: {Role: !ImportValue shared}}\n";
    check(outside, "!GetAtt F.Arn", &format!("function F [function F as {UNKNOWN}]"));
}

#[test]
fn values_are_resolved_as_far_as_the_template_tells() {
    let check = |value: &str, expected: &str| {
        let text = format!(
            "Parameters: {{P: {{Default: p}}, L: {{Type: CommaDelimitedList, Default: 'a, b'}}, N: {{Type: String}}}}\n\
             Mappings: {{M: {{x: {{y: z}}}}}}\n\
             Resources:\n  B: {{Type: AWS::S3::Bucket, Properties: {{BucketName: b}}}}\n  \
             R: {{Type: AWS::IAM::Role, Properties: {{RoleName: fixer, Path: /x/}}}}\nV: {value}\n"
        );
        let root = Node::parse(&text).unwrap();
        let template = Template::new(&root);
        let seen = template.resolve(root.get("V").unwrap()).map_or("-".to_owned(), |node| node.json());
        assert_eq!(seen.replace("\\u0001", "?"), expected, "{value}");
    };
    check("[!Ref P, !Ref L, !Ref N]", r#"["p",["a","b"],"?"]"#);
    check("!Sub '${P}/${!x}/${B.Arn}/${q}'", r#""p/${x}/arn:aws:s3:::b/?""#);
    check("!Sub ['${q}-${P}', {q: !Ref B}]", r#""b-p""#);
    check("!Join ['-', [a, !Ref P, !Ref N]]", r#""a-p-?""#);
    check("!Select [1, !Ref L]", r#""b""#);
    check("!Select [0, !Split ['.', a.b]]", r#""a""#);
    check("!FindInMap [M, x, y]", r#""z""#);
    check("!FindInMap [M, !Ref N, y]", r#""?""#);
    check("[a, !If [C, b, !Ref AWS::NoValue], !If [C, c, d]]", r#"["a","b","c","d"]"#);
    check("{a: !If [C, [b], [c]], d: !Ref AWS::NoValue}", r#"{"a":["b","c"]}"#);
    check("!GetAtt R.Arn", r#""arn:aws:iam::${AccountId}:role/x/fixer""#);
    check("!ImportValue x", r#""?""#);
}

#[test]
fn roles_have_all_their_statements() {
    let text = "
Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: [!Sub 'arn:${AWS::Partition}:iam::aws:policy/AmazonSQSFullAccess', !Ref Own, !Ref Missing]
      Policies:
      - PolicyName: Inline
        PolicyDocument:
          Statement:
          - {Sid: Fix, Effect: Allow, Action: [s3:PutBucketAcl], Resource: '*'}
          - {Effect: Deny, NotAction: 's3:*', Resource: '*', Condition: {Bool: {a: b}}}
  Own: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement: {Effect: Allow, Action: iam:*, Resource: x}}}}
  More: {Type: AWS::IAM::Policy, Properties: {Roles: [!Ref R], PolicyDocument: {Statement: [{Effect: Allow, Action: !Ref A, Resource: x}]}}}
";
    let document = document(text);
    let role = &document.roles["R"];
    let seen: Vec<String> = role
        .statements
        .iter()
        .map(|own| format!("{} {} {} {}", own.label, own.allows, own.is_inverted, own.actions.join(" ")))
        .collect();
    assert_eq!(
        seen,
        [
            "policy Inline, statement Fix true false s3:PutBucketAcl",
            "policy Inline, statement 2 false true s3:*",
            "managed policy AmazonSQSFullAccess true false sqs:*",
            "policy Own, statement 1 true false iam:*",
        ]
    );
    let unknown = [
        "a managed policy is not told by the file",
        "policy More, statement 1: an action is not told by the file",
    ];
    assert_eq!(role.unknown, unknown);
}

#[test]
fn rules_of_sam_events_are_read() {
    let text = "
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Policies: [S3CrudPolicy: {BucketName: b}, {Statement: [{Effect: Allow, Action: s3:PutBucketAcl, Resource: '*'}]}]
      Events:
        Acl: {Type: EventBridgeRule, Properties: {Pattern: {source: [aws.s3]}}}
        Api: {Type: Api}
";
    let document = document(text);
    let rule = &document.rules[0];
    let pattern = rule.pattern.as_ref().unwrap().as_ref().unwrap();
    assert_eq!((rule.name.as_str(), pattern.text.as_str()), ("FAcl", r#"{"source":["aws.s3"]}"#));
    assert_eq!(described(&rule.targets), "function F [function F as FRole]");
    let labels: Vec<&str> = document.roles["FRole"].statements.iter().map(|own| own.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "managed policy AWSLambdaBasicExecutionRole",
            "managed policy S3CrudPolicy",
            "policy 2, statement 1"
        ]
    );
}
