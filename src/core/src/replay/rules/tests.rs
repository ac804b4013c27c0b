//! Forms of files of rules, and mistakes in them with their places.

use super::*;

fn check(text: &str, expected: &[&str]) {
    let seen: Vec<String> = match read_rules(text) {
        Err(error) => vec![error.to_string()],
        Ok(list) => list
            .rules
            .iter()
            .map(|rule| {
                let pattern = rule.pattern.as_ref().map_or("-", |pattern| &pattern.text);
                let because = rule.left_out_because(&Own::example());
                format!("{} {pattern} {}", rule.name, because.as_deref().unwrap_or(rule.state.as_str()))
            })
            .collect(),
    };
    assert_eq!(seen.len(), expected.len(), "{seen:?}");
    for (seen, expected) in seen.iter().zip(expected) {
        assert!(seen.contains(expected), "{seen}\nexpected {expected}");
    }
}

#[test]
fn every_form_of_a_rule_file_is_read() {
    let arn = "arn:aws:events:us-east-1:123456789012:rule";
    check(
        &format!(
            r#"{{"Rules":[
              {{"Name":"a","Arn":"{arn}/a","EventPattern":"{{\"x\":[\"\\u00e9\"]}}","State":"ENABLED","EventBusName":"default"}},
              {{"Name":"b","Arn":"{arn}/b","State":"ENABLED","ScheduleExpression":"rate(1 minute)"}},
              {{"Name":"c","EventPattern":"{{}}","State":"DISABLED"}},
              {{"Name":"d","EventPattern":"{{}}","ManagedBy":"prod.vhs.events.aws.internal"}},
              {{"Name":"e","Arn":"{arn}/orders/e","EventPattern":"{{}}"}},
              {{"Name":"budget-guard-watch","Arn":"{arn}/budget-guard-watch","EventPattern":"{{}}"}},
              {{"Name":"budget-guard-x-watch","Arn":"{arn}/budget-guard-x-watch","EventPattern":"{{}}"}},
              {{"Name":"f","EventPattern":"{{}}","State":"ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}}
            ],"NextToken":null}}"#
        ),
        &[
            r#"a {"x":["\u00e9"]} ENABLED"#,
            r#"b - it runs on a schedule, "rate(1 minute)""#,
            "c {} it is disabled",
            "d {} the AWS service",
            r#"orders/e {} it is on bus "orders""#,
            "budget-guard-watch {} it is one of the guard's own",
            "budget-guard-x-watch {} ENABLED",
            "f {} ENABLED_WITH_ALL",
        ],
    );
    check(
        "{\"name\":\"a\",\"pattern\":{\"x\":[ 1.0 ]},\"source\":\"seen at\"}\n\n{\"name\":\"b\",\"pattern\":\"{}\",\"state\":\"DISABLED\"}\n",
        &[r#"a {"x":[ 1.0 ]} ENABLED"#, "b {} it is disabled"],
    );
    check(
        r#"[{"Name":"a","EventPattern":"{}"},{"Name":"b"}]"#,
        &["a {} ENABLED", "b - it has no event pattern"],
    );
}

#[test]
fn targets_are_read_as_aws_prints_them_and_as_people_write_them() {
    let check = |rule: &str, expected: &[&str]| {
        let told = |target: &Target| {
            let role = target.actors.first().and_then(|actor| actor.role.as_deref());
            let by = target.role_arn.as_deref().unwrap_or("-");
            format!("{} {} started by {by}, runs as {}", target.id, target.arn, role.unwrap_or("-"))
        };
        let rules = read_rules(rule).unwrap().rules;
        let targets = rules[0].targets.as_deref().map(|all| all.iter().map(told).collect::<Vec<_>>());
        assert_eq!(targets.unwrap_or_else(|| vec!["not told".to_owned()]), expected, "{rule}");
    };
    check(r#"{"name":"a","pattern":{}}"#, &["not told"]);
    check(r#"{"name":"a","pattern":{},"targets":[]}"#, &[]);
    check(
        r#"{"Name":"a","Targets":[{"Id":"x","Arn":"arn:f","RoleArn":"arn:s","Input":"{}"}]}"#,
        &["x arn:f started by arn:s, runs as -"],
    );
    check(
        r#"{"name":"a","targets":[{"arn":"arn:f","role":"arn:r"},{"arn":"arn:g"}]}"#,
        &["0 arn:f started by -, runs as arn:r", "1 arn:g started by -, runs as -"],
    );
    check(
        r#"{"name":"a","targets":[{"arn":"arn:q","actors":[{"arn":"arn:f","role":"arn:r","via":"arn:q"}]}]}"#,
        &["0 arn:q started by -, runs as arn:r"],
    );
}

#[test]
fn the_operators_word_is_read_from_the_tags() {
    let rule = |roles: &str| {
        format!(
            r#"{{"name":"a","Tags":[{{"Key":"x","Value":"y"}},{{"Key":"budget-guard:acts-as","Value":"{roles}"}}]}}"#
        )
    };
    let rules = read_rules(&rule("fixer hub")).unwrap().rules;
    assert_eq!(rules[0].acts_as.to_string(), "fixer hub");
    let error = read_rules(&rule("*")).unwrap_err().to_string();
    assert!(error.contains("rule \"a\": tag budget-guard:acts-as: \"*\" is no role"), "{error}");
}

#[test]
fn what_is_no_rule_is_named_with_its_place() {
    check("", &["line 1, column 1: no rule is here; expected what"]);
    check("{\"Rules\":[]}", &["no rule is here"]);
    check("{\"name\":\"a\",\n\"pattern\":{}", &["line 2, column 12: not a file of rules: EOF"]);
    check("\n{\"source\":[\"aws.s3\"]}", &["line 2, column 1: saw \"{"]);
    check("\n  {\"name\": 7}", &["line 2, column 12: not a file of rules: invalid type"]);
    check("{\"name\":\"a\",\"state\":\"ON\"}", &["line 1, column 1: rule \"a\": \"ON\" is not a rule state"]);
    check("{\"Name\":\"a\",\"Arn\":\"arn:x\"}", &["rule \"a\": \"arn:x\" is not a rule ARN"]);
    check(
        "{\"name\":\"a\",\n\"targets\":[{\"id\":\"1\"}]}",
        &["line 2, column 21: not a file of rules: missing"],
    );
    check(
        "{\"name\":\"a\",\"targets\":[\"arn:f\"]}",
        &[
            "line 1, column 30: not a file of rules: invalid type: string \"arn:f\", expected a target, with its ARN",
        ],
    );
    check("rules", &["line 1, column 1: not a file of rules"]);
}

#[test]
fn one_odd_rule_costs_only_itself() {
    let check = |text: &str, rules: &[&str], broken: &[&str]| {
        let list = read_rules(text).unwrap();
        assert_eq!(list.rules.iter().map(|rule| &*rule.name).collect::<Vec<_>>(), rules, "{text}");
        let seen: Vec<String> = list.broken.iter().map(RulesError::to_string).collect();
        assert_eq!(seen.len(), broken.len(), "{text}: {seen:?}");
        seen.iter().zip(broken).for_each(|(seen, expected)| assert!(seen.starts_with(expected), "{seen}"));
    };
    check("{\"name\":\"a\"}\n{\"x\":1}\n{\"name\":\"b\"}", &["a", "b"], &["line 2, column 1: saw"]);
    check("{\"name\":\"a\"}\n{\"name\":\n{\"name\":\"b\"}\n", &["a", "b"], &["line 2, column 1: not a"]);
    check("{\"name\":\"a\"}\n{\"name\"\n", &["a"], &["line 3, column 1: not a file of rules: EOF"]);
    check(
        r#"{"Rules":[{"Name":"a"},{"Name":"b","State":"ON"},{"Name":"c"}]}"#,
        &["a", "c"],
        &["line 1, column 24: rule \"b\": \"ON\" is not a rule state"],
    );
}

#[test]
fn a_next_page_is_noticed() {
    let check = |text: &str, expected: bool| {
        assert_eq!(read_rules(text).unwrap().has_next_page, expected, "{text}");
    };
    let page = r#"{"Rules":[{"Name":"a"}],"NextToken":"x"}"#;
    let last = r#"{"NextToken":null,"Rules":[{"Name":"b"}]}"#;
    check(page, true);
    check(last, false);
    check(&format!("{page}\n{last}"), false);
    check(r#"{"name":"a","NextToken":"x"}"#, false);
}

#[test]
fn a_mistake_in_a_pattern_has_a_place_in_the_file() {
    let rules = read_rules("{\"name\":\"é\"}\n{\"name\":\"é\",\"pattern\":{\n \"x\":1}}").unwrap().rules;
    let pattern = rules[1].pattern.as_ref().unwrap();
    assert_eq!(pattern.place, Some(TextPosition { line: 2, column: 23 }));
    let at = |line, column| {
        pattern
            .place_in_file(&PatternError { line, column, problem: String::new() })
            .map(|at| (at.line, at.column))
    };
    assert_eq!([at(1, 2), at(2, 6)], [Some((2, 24)), Some((3, 6))]);
    let encoded = PatternText { text: String::new(), place: None };
    assert_eq!(encoded.place_in_file(&PatternError { line: 1, column: 1, problem: String::new() }), None);
}
