//! Actors of the targets of a case: from `case.json`, or else the role of the calls in the events.

use std::collections::BTreeMap;

use budget_guard_core::model::{Actor, Seconds, Target};
use serde_json::{Value, json};

use super::callers::{Caller, callers};
use super::folder::{Case, Rule, keys};

/// Lambda's default time limit in seconds. Source: `Timeout` of `CreateFunction` (2015-03-31).
const DEFAULT_TIMEOUT: u64 = 3;

/// Keys of `stage` with entries that run as a role, and the service in the ARN of such a target.
const RUNNERS: &[(&str, &str)] = &[
    ("machines", "states"),
    ("state_machines", "states"),
    ("projects", "codebuild"),
    ("builds", "codebuild"),
    ("tasks", "ecs"),
    ("task_definitions", "ecs"),
    ("jobs", "batch"),
    ("job_definitions", "batch"),
    ("glue_jobs", "glue"),
    ("workflows", "glue"),
    ("documents", "ssm"),
    ("automations", "ssm"),
    ("pipelines", "codepipeline"),
    ("delivery_streams", "firehose"),
    ("firehoses", "firehose"),
];
/// Keys of `stage` with entries that forward events.
const LINKS: &[&str] = &["mappings", "subscriptions", "pipes", "transforms", "schedules", "invocations"];
/// Keys of `stage` that list names only.
const NAMES: &[&str] = &[
    "queues",
    "topics",
    "streams",
    "buckets",
    "buses",
    "api_destinations",
    "connections",
    "tables",
    "clusters",
];
/// Keys of the source of forwarded events, and keys of their destination.
const FROM: &[&str] = &["source", "topic", "queue", "stream", "from", "event_source", "rule"];
const TO: &[&str] = &["function", "target", "endpoint", "to", "machine", "lambda", "queue"];

/// A function, state machine, build or job with its role and times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runner {
    arn: String,
    role: Option<String>,
    /// Time limit in seconds. `None` if the case has none.
    time_limit: Option<u64>,
    /// Seconds between the event and the start, such as those of a delay queue.
    delay: Option<u64>,
}

impl Runner {
    /// Actor as the directory would read it behind the target `via`. All actors are built here.
    fn actor(&self, via: &str) -> Actor {
        let seconds = |seconds: u64| Seconds::new(u32::try_from(seconds).unwrap_or(u32::MAX));
        let (time_limit, delay) = (self.time_limit.map(seconds), self.delay.map(seconds));
        let actor = Actor { time_limit, delay, ..Actor::new(&self.arn, self.role.as_deref()) };
        if actor.arn == budget_guard_core::model::unqualified(via) { actor } else { actor.through(via) }
    }
}

/// Actors that a case names, and its callers.
pub struct Cast<'a> {
    case: &'a Case,
    place: (String, String),
    /// Functions by name.
    functions: BTreeMap<String, Runner>,
    /// Other actors, with the service of the ARN and the name.
    runners: Vec<(&'static str, String, Runner)>,
    /// Sources and destinations of forwarded events, as ARNs or names.
    links: Vec<(String, String)>,
    callers: Vec<Caller>,
    pub problems: Vec<String>,
}

impl<'a> Cast<'a> {
    pub fn new(case: &'a Case) -> Self {
        let arn = case.rules.first().map(|rule| &rule.arn);
        let place =
            arn.map_or_else(Default::default, |arn| (arn.region().to_owned(), arn.account().to_owned()));
        let (functions, runners, links, problems) = Default::default();
        let mut cast = Self { case, place, functions, runners, links, callers: callers(case), problems };
        cast.add_functions(&case.functions);
        for key in keys(&case.stage) {
            let told = &case.stage[key];
            match key {
                "functions" => cast.add_functions(told),
                _ if NAMES.contains(&key) => {}
                _ if LINKS.contains(&key) => cast.add_links(key, told),
                _ => match RUNNERS.iter().find(|(name, _)| *name == key) {
                    Some((_, service)) => cast.add_runners(service, key, told),
                    None => cast.problems.push(format!("stage has the key {key:?}, which is not known here")),
                },
            }
        }
        cast
    }

    /// Targets of the rule as the directory would read them.
    pub fn targets(&self, rule: &Rule) -> Vec<Target> {
        let listed = rule.json["Targets"].as_array().or(rule.json["targets"].as_array());
        let targets = listed.into_iter().flatten().enumerate();
        let mut targets: Vec<Target> = targets.map(|(n, json)| self.target(n, json)).collect();
        self.guess(&mut targets);
        targets
    }

    fn target(&self, n: usize, json: &Value) -> Target {
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        let arn = text("Arn").or(text("arn")).unwrap_or_default();
        let mut target = Target::new(text("Id").unwrap_or_else(|| n.to_string()), arn);
        target.role_arn = text("RoleArn");
        let template = json["InputTransformer"]["InputTemplate"].as_str().map(str::to_owned);
        let ecs = json["EcsParameters"].as_object().map(|_| json["EcsParameters"].to_string());
        let settings = [("input", text("Input")), ("input_template", template), ("ecs", ecs)];
        target.settings =
            settings.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        let mut behind = Vec::new();
        self.behind(&target.arn, 0, &mut behind);
        target.actors = behind.iter().map(|runner| runner.actor(&target.arn)).collect();
        target
    }

    /// Adds everything that an event reaches from this ARN within five steps.
    fn behind(&self, arn: &str, depth: usize, found: &mut Vec<Runner>) {
        if depth > 4 {
            return;
        }
        let service = service_of(arn);
        let function =
            (service == "lambda" || service.is_empty()).then(|| self.functions.get(function_name(arn)));
        let named = self.runners.iter().filter(|(of, name, _)| *of == service && is_named(arn, name));
        for runner in function.flatten().into_iter().chain(named.map(|(.., runner)| runner)) {
            if !found.contains(runner) {
                found.push(runner.clone());
            }
        }
        for (_, to) in self.links.iter().filter(|(from, _)| from == arn || is_named(arn, from)) {
            self.behind(to, depth + 1, found);
        }
        // A bus of the same account reaches the targets of the rules on it.
        if service == "events" && arn.contains(&format!(":{}:event-bus/", self.place.1)) {
            for rule in self.case.rules.iter().filter(|rule| is_named(arn, rule.arn.bus())) {
                for target in rule.json["Targets"].as_array().into_iter().flatten() {
                    self.behind(target["Arn"].as_str().unwrap_or_default(), depth + 1, found);
                }
            }
        }
    }

    /// Adds the role of the calls in the events to a target without a known actor, such as a build, a job or a queue.
    ///
    /// Functions, API destinations and targets of other accounts keep the actors that the case gives them.
    fn guess(&self, targets: &mut [Target]) {
        let roles: Vec<&str> = targets
            .iter()
            .flat_map(|target| &target.actors)
            .filter_map(|actor| actor.role.as_deref())
            .collect();
        if self.callers.iter().any(|caller| roles.contains(&&*caller.role)) {
            return;
        }
        let is_open = |target: &&mut Target| self.may_be_followed(&target.arn);
        let open: Vec<&mut Target> = targets.iter_mut().filter(is_open).collect();
        let best = |target: &Target| {
            let ranked = self.callers.iter().filter(|caller| self.may_act(caller, target));
            ranked.max_by_key(|caller| (caller.is_like(&target.arn), !caller.is_first, caller.count))
        };
        let fits = open.into_iter().filter_map(|target| best(target).map(|caller| (target, caller)));
        if let Some((target, caller)) = fits.max_by_key(|(target, caller)| caller.is_like(&target.arn)) {
            let runner = self.function_of(caller).cloned();
            let runner = runner.unwrap_or_else(|| Runner {
                arn: target.arn.clone(),
                role: Some(caller.role.clone()),
                time_limit: None,
                delay: None,
            });
            let actor = runner.actor(&target.arn);
            target.actors.push(actor);
        }
    }

    /// Records of the `AssumeRole` calls behind the sessions without a known actor, with the ARN of the role. In a
    /// loop, the function of a rule makes them.
    pub fn openings(&self, rules: &[Rule]) -> Vec<(String, Value)> {
        let targets: Vec<Target> = rules.iter().flat_map(|rule| self.targets(rule)).collect();
        let actors = || targets.iter().flat_map(|target| &target.actors);
        let Some((function, own_role)) =
            actors().find_map(|actor| Some((actor.arn.split_once(":function:")?.1, actor.role.as_deref()?)))
        else {
            return Vec::new();
        };
        let is_open = |caller: &&Caller| {
            self.case.is_loop
                && !caller.is_first
                && actors().all(|actor| actor.role.as_ref() != Some(&caller.role))
        };
        let session_of = |role: &str, name: &str| {
            let role = role.rsplit('/').next().unwrap_or_default();
            format!("arn:aws:sts::{}:assumed-role/{role}/{name}", self.place.1)
        };
        let record = |caller: &Caller| {
            let key = caller.access_key.as_deref()?;
            Some((
                caller.role.clone(),
                json!({
                    "eventID": format!("opens-{key}-{}", caller.role), "eventTime": self.case.events.first()?.at,
                    "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "awsRegion": self.place.0,
                    "userIdentity": {"type": "AssumedRole", "arn": session_of(own_role, function),
                        "accountId": self.place.1, "sessionContext": {"sessionIssuer": {"arn": own_role}}},
                    "requestParameters": {"roleArn": caller.role, "roleSessionName": caller.session},
                    "responseElements": {"credentials": {"accessKeyId": key},
                        "assumedRoleUser": {"arn": session_of(&caller.role, &caller.session)}},
                    "recipientAccountId": self.place.1, "readOnly": true, "managementEvent": true,
                    "eventType": "AwsApiCall",
                }),
            ))
        };
        self.callers.iter().filter(is_open).filter_map(record).collect()
    }

    /// Returns true if the caller may act for the target.
    ///
    /// The caller of the first event is a reason and no answer, except in a loop with one caller. Beside known actors
    /// only a function may act, as a step of a state machine.
    fn may_act(&self, caller: &Caller, target: &Target) -> bool {
        let is_function = self.function_of(caller).is_some();
        let is_only_one = self.case.is_loop && self.callers.len() == 1;
        let may_begin = !caller.is_first || is_only_one || caller.is_like(&target.arn);
        may_begin && (target.actors.is_empty() || is_function)
    }

    fn may_be_followed(&self, arn: &str) -> bool {
        let is_elsewhere = |account: &str| !account.is_empty() && account != self.place.1;
        match service_of(arn) {
            "lambda" | "events" | "" => false,
            _ => !is_elsewhere(arn.split(':').nth(4).unwrap_or_default()),
        }
    }

    /// Function of the case that this session belongs to.
    fn function_of(&self, caller: &Caller) -> Option<&Runner> {
        let function = self.functions.get(&caller.session)?;
        (function.role.as_deref() == Some(&*caller.role)).then_some(function)
    }

    fn add_functions(&mut self, told: &Value) {
        let unknown = |key: &&str| !["role", "timeout_seconds", "delay_seconds", "name", "arn"].contains(key);
        for name in keys(told) {
            let one = &told[name];
            for key in keys(one).filter(unknown) {
                self.problems.push(format!("function {name} has the key {key:?}, which is not known here"));
            }
            let (region, account) = &self.place;
            let arn = format!("arn:aws:lambda:{region}:{account}:function:{name}");
            let mut runner = self.runner(arn, one.as_str().or(one["role"].as_str()), one);
            runner.time_limit = runner.time_limit.or(Some(DEFAULT_TIMEOUT));
            self.functions.insert(name.to_owned(), runner);
        }
        if !told.is_null() && !told.is_object() {
            self.problems.push(format!("functions is {told}; expected an object by name"));
        }
    }

    fn add_runners(&mut self, service: &'static str, key: &str, told: &Value) {
        for (name, one) in entries(told) {
            let Some(name) = name.or(one["name"].as_str()).or(one["arn"].as_str()) else {
                self.problems.push(format!("stage: {key} has {one}; expected a name and a role"));
                continue;
            };
            let (region, account) = &self.place;
            let arn =
                one["arn"].as_str().map_or_else(|| arn_of(service, region, account, name), str::to_owned);
            for function in one["functions"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                self.links.push((arn.clone(), function.to_owned()));
            }
            let runner = self.runner(arn, one.as_str().or(one["role"].as_str()), one);
            self.runners.push((service, name.to_owned(), runner));
        }
    }

    fn add_links(&mut self, key: &str, told: &Value) {
        for (name, one) in entries(told) {
            let text = |keys: &[&str]| keys.iter().find_map(|key| one[*key].as_str());
            let from = text(FROM).or(name);
            let to = text(TO).or(one.as_str());
            match (from, to) {
                (Some(from), Some(to)) if from != to => self.links.push((from.to_owned(), to.to_owned())),
                _ => self.problems.push(format!("stage: {key} has {one}; expected a source and a function")),
            }
        }
    }

    fn runner(&self, arn: String, role: Option<&str>, one: &Value) -> Runner {
        let seconds = |key: &str| one[key].as_u64();
        let whole = |role: &str| match role.starts_with("arn:") {
            true => role.to_owned(),
            false => format!("arn:aws:iam::{}:role/{role}", self.place.1),
        };
        Runner {
            arn,
            role: role.map(whole),
            time_limit: seconds("timeout_seconds"),
            delay: seconds("delay_seconds"),
        }
    }
}

/// Entries of a list, or of an object with their names.
fn entries(told: &Value) -> Vec<(Option<&str>, &Value)> {
    match told {
        Value::Array(list) => list.iter().map(|one| (None, one)).collect(),
        Value::Object(map) => map.iter().map(|(name, one)| (Some(&**name), one)).collect(),
        _ => Vec::new(),
    }
}

/// ARN of a target of this service.
fn arn_of(service: &str, region: &str, account: &str, name: &str) -> String {
    let kind = match service {
        "states" => "stateMachine:",
        "codebuild" => "project/",
        "ecs" => "task-definition/",
        "batch" => "job-definition/",
        "firehose" => "deliverystream/",
        "ssm" => "automation-definition/",
        "glue" => "job/",
        _ => "",
    };
    format!("arn:aws:{service}:{region}:{account}:{kind}{name}")
}

/// Returns true if the name is the ARN itself or its last part.
fn is_named(arn: &str, name: &str) -> bool {
    arn == name || !name.is_empty() && arn.strip_suffix(name).is_some_and(|rest| rest.ends_with([':', '/']))
}

fn service_of(arn: &str) -> &str {
    arn.split(':').nth(2).unwrap_or_default()
}

/// Name in the ARN of a function, a version or an alias. Other text is returned unchanged.
fn function_name(arn: &str) -> &str {
    arn.split(':').nth(6).unwrap_or(arn)
}
