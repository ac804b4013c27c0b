//! Finds EventBridge rules that can fire themselves, before they are deployed: in CloudFormation, SAM, CDK's output,
//! Terraform's plans and states, and exported rules.
//!
//! A file is read into one form (`load`, `form`). The judge asks for each rule on API calls if a role behind its targets
//! may make a call that its pattern matches (`judge`, `calls`). The cure changes the pattern and is verified with the
//! matcher (`cure`). Nothing is deployed, and nothing is asked of AWS.
//!
//! ```
//! use budget_guard_lint::{Input, lint};
//!
//! let template = "
//! Resources:
//!   Rule:
//!     Type: AWS::Events::Rule
//!     Properties:
//!       EventPattern: {detail: {eventSource: [s3.amazonaws.com], eventName: [PutBucketAcl]}}
//!       Targets: [{Id: fix, Arn: !GetAtt Fixer.Arn}]
//!   Fixer: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
//!   Role:
//!     Type: AWS::IAM::Role
//!     Properties:
//!       Policies:
//!       - PolicyName: Fix
//!         PolicyDocument: {Statement: [{Effect: Allow, Action: s3:PutBucketAcl, Resource: '*'}]}
//! ";
//! let report = lint(&[Input { path: "template.yaml".to_owned(), text: template.to_owned() }]);
//! assert!(report.can_loop());
//! ```

mod calls;
mod cure;
mod form;
mod judge;
mod load;
mod node;
mod output;
mod report;
mod yaml;

use std::collections::BTreeMap;

pub use form::{Language, Remark};
pub use load::terraform_rules;
pub use node::Place;
pub use output::{sarif, text, totals};
pub use report::{Cure, Cycle, FileReport, Path, Report, RuleReport, Verdict};

use form::{Document, Role};
use judge::Judge;

/// One file to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Path, for messages and diffs.
    pub path: String,
    /// Content.
    pub text: String,
}

/// Judges the rules of all files. Roles of a file with roles alone count for the rules of all files, by their ARNs.
pub fn lint(inputs: &[Input]) -> Report {
    let documents: Vec<Result<Document, Box<FileReport>>> = inputs.iter().map(read).collect();
    let mut others: BTreeMap<String, &Role> = BTreeMap::new();
    for document in documents.iter().flatten().filter(|document| document.language == Language::Roles) {
        others.extend(document.roles.values().map(|role| (role.arn.clone(), role)));
    }
    let report = |document: &Result<Document, Box<FileReport>>| match document {
        Ok(document) => Judge::new(document, &others).report(),
        Err(unreadable) => (**unreadable).clone(),
    };
    Report { files: documents.iter().map(report).collect() }
}

fn read(input: &Input) -> Result<Document, Box<FileReport>> {
    load::read(&input.path, &input.text).map_err(|error| {
        Box::new(FileReport {
            path: input.path.clone(),
            language: None,
            unreadable: Some(Remark { place: error.place, text: error.problem }),
            remarks: Vec::new(),
            is_partial: true,
            rules: Vec::new(),
            cycles: Vec::new(),
        })
    })
}
