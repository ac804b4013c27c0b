//! Speed of `lint`: templates of 50 rules, each with a function, a role and a loop or an honest pattern.

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use budget_guard_lint::{Input, lint};

const TEMPLATES: usize = 100;
const RULES: usize = 50;
const ROUNDS: usize = 5;

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn main() {
    let inputs: Vec<Input> = (0..TEMPLATES).map(template).collect();
    let bytes: usize = inputs.iter().map(|input| input.text.len()).sum();
    println!("{TEMPLATES} templates of {RULES} rules, {} KB each, one thread", bytes / TEMPLATES / 1024);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let report = lint(black_box(&inputs));
        let seconds = start.elapsed().as_secs_f64();
        let found = report.files.iter().flat_map(|file| &file.rules).filter(|rule| rule.is_finding()).count();
        println!("{:>7.0} templates/s   {found} loops", TEMPLATES as f64 / seconds);
    }
}

fn template(number: usize) -> Input {
    let mut text = String::from("AWSTemplateFormatVersion: '2010-09-09'\nResources:\n");
    for rule in 0..RULES {
        let _ = write!(
            text,
            "  Rule{rule}:
    Type: AWS::Events::Rule
    Properties:
      Description: Repairs what was changed
      EventPattern:
        source: [aws.ec2]
        detail-type: [AWS API Call via CloudTrail]
        detail:
          eventSource: [ec2.amazonaws.com]
          eventName: [AuthorizeSecurityGroupIngress, RevokeSecurityGroupIngress, ModifyInstanceAttribute, Call{rule}]
          requestParameters:
            groupId: [!Ref Group{rule}]
      Targets:
        - Id: fixer
          Arn: !GetAtt Fixer{rule}.Arn
  Group{rule}:
    Type: AWS::EC2::SecurityGroup
  Fixer{rule}:
    Type: AWS::Lambda::Function
    Properties:
      Handler: index.handler
      Runtime: python3.13
      Role: !GetAtt Role{rule}.Arn
      Code: {{S3Bucket: !Sub 'code-${{AWS::AccountId}}', S3Key: fixer.zip}}
  Role{rule}:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: 'sts:AssumeRole'}}]
      ManagedPolicyArns: [!Sub 'arn:${{AWS::Partition}}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole']
      Policies:
        - PolicyName: Repair
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - Effect: Allow
                Action: ['ec2:Describe*', 'ec2:{call}', 'sns:Publish']
                Resource: '*'
",
            call = if rule % 2 == 0 { "RevokeSecurityGroupIngress" } else { "CreateTags" },
        );
    }
    Input { path: format!("template-{number}.yaml"), text }
}
