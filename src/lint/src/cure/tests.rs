//! Patterns with a loop, and the lines that the cure adds.

use crate::{Cure, Input, Report, lint};

fn run(path: &str, text: &str) -> Report {
    lint(&[Input { path: path.to_owned(), text: text.to_owned() }])
}

fn cure(text: &str) -> Cure {
    let report = run("t", text);
    let rule = report.files[0].rules.first().unwrap_or_else(|| panic!("{:?}", report.files[0]));
    rule.cure.clone().unwrap_or_else(|| panic!("{rule:?}"))
}

/// Template in YAML with this pattern, which is indented by six spaces.
fn template(pattern: &str) -> String {
    let pattern = pattern.replace('\n', "\n        ");
    format!(
        "Resources:\n  Rule:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern:\n        {pattern}\n      \
         Targets: [{{Id: f, Arn: !GetAtt F.Arn}}]\n  \
         F: {{Type: AWS::Lambda::Function, Properties: {{Role: !GetAtt R.Arn}}}}\n  \
         R: {{Type: AWS::IAM::Role, Properties: {{ManagedPolicyArns: [arn:aws:iam::aws:policy/AmazonS3FullAccess]}}}}\n"
    )
}

/// Applies the lines of a unified diff, which only add or replace lines.
fn applied(text: &str, diff: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    for line in diff.lines().skip(2) {
        if let Some(removed) = line.strip_prefix('-') {
            let at = lines.iter().position(|own| *own == removed).expect(removed);
            lines.remove(at);
        }
    }
    let mut at = 0;
    for line in diff.lines().skip(2) {
        match line.split_at_checked(1) {
            Some((" ", kept)) => at += lines[at..].iter().position(|own| *own == kept).expect(kept) + 1,
            Some(("+", added)) => {
                lines.insert(at, added);
                at += 1;
            }
            _ => {}
        }
    }
    lines.join("\n") + "\n"
}

/// Expects these added lines, and that the changed file is judged clean.
fn check(text: &str, expected: &[&str]) {
    let Cure::Change { lines: Some(diff), is_diff: true, .. } = cure(text) else {
        panic!("{:?}", cure(text))
    };
    let added: Vec<&str> =
        diff.lines().filter(|line| line.starts_with('+') && !line.starts_with("+++")).collect();
    assert_eq!(added, expected, "{diff}");
    let changed = applied(text, &diff);
    let report = run("t", &changed);
    assert!(!report.can_loop() && !report.is_incomplete(), "{changed}\n{report:?}");
}

#[test]
fn a_block_gets_lines_and_braces_get_members() {
    check(
        &template("source: [aws.s3]\ndetail:\n  eventName:\n    - PutBucketAcl\n# after"),
        &[
            "+          userIdentity:",
            "+            sessionContext:",
            "+              sessionIssuer:",
            "+                arn:",
            "+                  - anything-but: [!GetAtt R.Arn]",
            "+                  - exists: false",
        ],
    );
    check(
        &template("source: [aws.s3]\ndetail: {eventName: [PutBucketAcl]}"),
        &[
            "+        detail: {eventName: [PutBucketAcl], userIdentity: {sessionContext: {sessionIssuer: {arn: [{anything-but: [!GetAtt R.Arn]}, {exists: false}]}}}}",
        ],
    );
    check(
        &template(
            "source: [aws.s3]\ndetail:\n  userIdentity:\n    sessionContext:\n      attributes: {mfaAuthenticated: ['false']}\n  eventName: [PutBucketAcl]",
        ),
        &[
            "+              sessionIssuer:",
            "+                arn:",
            "+                  - anything-but: [!GetAtt R.Arn]",
            "+                  - exists: false",
        ],
    );
    check(
        &template("source: [aws.s3]"),
        &[
            "+        detail:",
            "+          userIdentity:",
            "+            sessionContext:",
            "+              sessionIssuer:",
            "+                arn:",
            "+                  - anything-but: [!GetAtt R.Arn]",
            "+                  - exists: false",
        ],
    );
}

#[test]
fn an_arn_that_is_tested_already_leaves_the_name() {
    let pattern = "source: [aws.s3]\ndetail:\n  eventName: [PutBucketAcl]\n  userIdentity:\n    sessionContext:\n      sessionIssuer:\n        arn: [{anything-but: x}]";
    check(
        &template(pattern),
        &[
            "+                userName:",
            "+                  - anything-but: [!Ref R]",
            "+                  - exists: false",
        ],
    );
    let both = format!("{pattern}\n        userName: [{{anything-but: y}}]");
    let Cure::Refused(why) = cure(&template(&both)) else { panic!("a cure") };
    assert!(why.starts_with("the pattern tests the session issuer's arn and userName already"), "{why}");
}

#[test]
fn json_gets_json() {
    let text = r#"{
  "Resources": {
    "Rule": {
      "Type": "AWS::Events::Rule",
      "Properties": {
        "EventPattern": {
          "source": ["aws.s3"],
          "detail": {
            "eventName": ["PutBucketAcl"]
          }
        },
        "Targets": [{"Id": "f", "Arn": {"Fn::GetAtt": ["F", "Arn"]}}]
      }
    },
    "F": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": ["R", "Arn"]}}},
    "R": {"Type": "AWS::IAM::Role", "Properties": {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonS3FullAccess"]}}
  }
}
"#;
    check(
        text,
        &[
            r#"+            "eventName": ["PutBucketAcl"],"#,
            r#"+            "userIdentity": {"sessionContext": {"sessionIssuer": {"arn": [{"anything-but": [{"Fn::GetAtt": ["R", "Arn"]}]}, {"exists": false}]}}}"#,
        ],
    );
}

#[test]
fn a_pattern_that_is_a_text_has_no_diff() {
    let Cure::Change { pattern, lines, .. } = cure(&template("'{\"source\":[\"aws.s3\"]}'")) else {
        panic!("no cure")
    };
    assert_eq!(lines, None);
    assert!(pattern.starts_with(r#"{"source":["aws.s3"],"detail":{"userIdentity""#), "{pattern}");
}

#[test]
fn a_pattern_that_would_be_too_long_is_refused() {
    let names: Vec<String> = (0..300).map(|number| format!("PutBucketAcl{number}")).collect();
    let pattern = format!("source: [aws.s3]\ndetail: {{eventName: [PutBucketAcl, {}]}}", names.join(", "));
    let Cure::Refused(why) = cure(&template(&pattern)) else { panic!("a cure") };
    assert!(why.ends_with("characters; AWS takes 4096 at most"), "{why}");
}

#[test]
fn a_role_that_is_a_parameter_is_not_told() {
    let text = template("source: [aws.s3]").replace("Role: !GetAtt R.Arn", "Role: !Ref RoleArn");
    let report = run("t", &format!("Parameters: {{RoleArn: {{Type: String}}}}\n{text}"));
    assert_eq!(report.files[0].rules[0].unknown, ["role parameter RoleArn: it is not in this file"]);
}
