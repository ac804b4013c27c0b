//! The language of `*.story` files: who does what when, and what the guard has to make of it.
//!
//! One statement a line; `#` begins a comment; durations are `0.2s`, `5m`, `1h`, `2d`. A CALL is
//! `SERVICE OPERATION [on RESOURCE] [NAME=VALUE …] [failing]`, as in `s3 PutBucketAcl on uploads acl=private`;
//! in an answer `{resource}` is what the event was about and `{n}` how many answers there were before; in `at`, `{n}`
//! counts the calls. `failing` is a throttled call: CloudTrail tells none of its parameters.
//!
//! ```text
//! story TITLE
//! rule NAME                          # on the default bus; the lines below it are about it
//!   takes s3 PutBucketAcl, Delete*   # names and prefixes of one service; `takes s3`: all of it; `takes everything`
//!   runs FUNCTION [behind QUEUE]     # its target, or who is behind a queue that is
//!   tag NAME=VALUE                   # after `budget-guard:`
//!   fired N a minute for D           # what CloudWatch tells of the time until an hour ago
//! function NAME as ROLE              # `workflow`: a state machine, whose sessions bear any name
//!   answers [MODIFIER, …]: CALL      # to each firing of a rule that runs it, while that rule is enabled
//!                                    # after D; once per resource; N times only; every second time;
//!                                    # about RESOURCE only; to NAME=VALUE only
//! at D [every D, N times] WHO: CALL  # a user; ROLE/SESSION; or a service, x.amazonaws.com
//! delivery late by D                 # to the guard, in seconds of event time
//! delivery twice
//! delivery disordered within D
//! batches of N                       # never fewer events at once: for stories of many events
//! lasts D                            # a loop that nobody cuts turns for so long
//! expect RULE cut by echo|cycle|burst after N firings
//! expect RULE would be cut by …      # in observe mode
//! expect RULE suspect                # an alert, and no cut
//! expect RULE at most suspect
//! expect RULE left alone
//! ```

use std::time::Duration;

/// One timeline.
#[derive(Debug, Default)]
pub struct Story {
    pub title: String,
    pub rules: Vec<Rule>,
    pub actors: Vec<Actor>,
    pub scenes: Vec<Scene>,
    pub delivery: Delivery,
    pub batch: usize,
    pub lasts: Duration,
    pub expected: Vec<(String, Expected)>,
}

#[derive(Debug, Default)]
pub struct Rule {
    pub name: String,
    /// `None`: every event.
    pub service: Option<String>,
    /// Names, and prefixes that end in `*`. Empty: all.
    pub operations: Vec<String>,
    /// Actors by name, each with the queue it stands behind.
    pub runs: Vec<(String, Option<String>)>,
    pub tags: Vec<(String, String)>,
    /// Firings a minute, and for how long.
    pub history: Option<(u64, Duration)>,
}

#[derive(Debug)]
pub struct Actor {
    pub name: String,
    pub role: String,
    pub is_workflow: bool,
    pub answers: Vec<Answer>,
}

#[derive(Debug, Default)]
pub struct Answer {
    pub after: Duration,
    pub once_per_resource: bool,
    pub times: Option<usize>,
    pub every_second_time: bool,
    /// Only to calls on this resource.
    pub about: Option<String>,
    /// Only to calls with this parameter.
    pub to: Option<(String, String)>,
    pub call: Call,
}

#[derive(Debug, Clone, Default)]
pub struct Call {
    pub service: String,
    pub operation: String,
    pub resource: Option<String>,
    pub parameters: Vec<(String, String)>,
    pub is_failing: bool,
}

#[derive(Debug)]
pub struct Scene {
    pub at: Duration,
    pub every: Duration,
    pub times: usize,
    pub who: String,
    pub call: Call,
}

#[derive(Debug, Default)]
pub struct Delivery {
    pub late_by: Duration,
    pub twice: bool,
    pub disordered_within: Duration,
}

/// What the guard has to make of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    Cut { by: String, after: u64 },
    WouldBeCut { by: String, after: u64 },
    Suspect,
    AtMostSuspect,
    LeftAlone,
}

/// Reads a story. An error names the line and what was expected of it.
pub fn parse(text: &str) -> Result<Story, String> {
    let mut story = Story { batch: 1, lasts: Duration::from_secs(4 * 3_600), ..Story::default() };
    let mut about = About::Nothing;
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            statement(&mut story, &mut about, line)
                .map_err(|problem| format!("line {}: {line:?}: {problem}", number + 1))?;
        }
    }
    let known = |rule: &str| story.rules.iter().any(|known| known.name == rule);
    let unknown = story.expected.iter().find(|(rule, _)| !known(rule));
    match unknown {
        Some((rule, _)) => Err(format!("a verdict is expected on {rule:?}, which is no rule of the story")),
        None if story.expected.is_empty() => Err("nothing is expected; end with `expect RULE …`".to_owned()),
        None if story.title.is_empty() => Err("there is no title; begin with `story TITLE`".to_owned()),
        None => Ok(story),
    }
}

/// What the indented lines are about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Nothing,
    Rule,
    Actor,
}

fn statement(story: &mut Story, about: &mut About, line: &str) -> Result<(), String> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    match (verb, *about) {
        ("story", _) => story.title = rest.to_owned(),
        ("rule", _) => {
            story.rules.push(Rule { name: rest.to_owned(), ..Rule::default() });
            *about = About::Rule;
        }
        ("function" | "workflow", _) => {
            let (name, role) = rest.split_once(" as ").ok_or("expected NAME as ROLE")?;
            let (name, role) = (name.to_owned(), role.to_owned());
            story.actors.push(Actor { name, role, is_workflow: verb == "workflow", answers: Vec::new() });
            *about = About::Actor;
        }
        ("at", _) => story.scenes.push(scene(rest)?),
        ("expect", _) => story.expected.push(expected(rest)?),
        ("lasts", _) => story.lasts = duration(rest)?,
        ("batches", _) => {
            story.batch = number(rest.strip_prefix("of ").ok_or("expected batches of N")?)?;
        }
        ("delivery", _) => delivery(&mut story.delivery, rest)?,
        ("answers", About::Actor) => {
            let answer = answer(rest)?;
            story.actors.last_mut().ok_or("no actor")?.answers.push(answer);
        }
        (_, About::Rule) => about_rule(story.rules.last_mut().ok_or("no rule")?, verb, rest)?,
        _ => return Err(format!("{verb:?} begins no statement here")),
    }
    Ok(())
}

fn about_rule(rule: &mut Rule, verb: &str, rest: &str) -> Result<(), String> {
    match verb {
        "takes" if rest == "everything" => {}
        "takes" => {
            let (service, operations) = rest.split_once(' ').unwrap_or((rest, ""));
            rule.service = Some(service.to_owned());
            let names = operations.split(',').map(str::trim).filter(|name| !name.is_empty());
            rule.operations = names.map(str::to_owned).collect();
        }
        "runs" => {
            let (name, queue) =
                rest.split_once(" behind ").map_or((rest, None), |(name, queue)| (name, Some(queue)));
            rule.runs.push((name.to_owned(), queue.map(str::to_owned)));
        }
        "tag" => {
            let (name, value) = rest.split_once('=').ok_or("expected tag NAME=VALUE")?;
            rule.tags.push((name.to_owned(), value.to_owned()));
        }
        "fired" => {
            let (rate, span) = rest.split_once(" a minute for ").ok_or("expected fired N a minute for D")?;
            rule.history = Some((number(rate)?, duration(span)?));
        }
        _ => return Err(format!("{verb:?} says nothing about a rule")),
    }
    Ok(())
}

fn scene(text: &str) -> Result<Scene, String> {
    let (head, call) = text.split_once(": ").ok_or("expected at D [every D, N times] WHO: CALL")?;
    let (at, rest) = head.split_once(' ').ok_or("expected who calls")?;
    let (every, times, who) = match rest.strip_prefix("every ") {
        None => (Duration::ZERO, 1, rest),
        Some(rest) => {
            let (every, rest) = rest.split_once(", ").ok_or("expected every D, N times WHO")?;
            let (times, who) = rest.split_once(" times ").ok_or("expected N times WHO")?;
            (duration(every)?, number(times)?, who)
        }
    };
    Ok(Scene { at: duration(at)?, every, times, who: who.to_owned(), call: self::call(call)? })
}

fn answer(text: &str) -> Result<Answer, String> {
    let (head, call) = match text.strip_prefix(": ") {
        Some(call) => ("", call),
        None => text.split_once(": ").ok_or("expected answers [MODIFIER, …]: CALL")?,
    };
    let mut answer = Answer { call: self::call(call)?, ..Answer::default() };
    for modifier in head.split(", ").filter(|modifier| !modifier.is_empty()) {
        let only = |verb| modifier.strip_prefix(verb)?.strip_suffix(" only");
        if let Some(after) = modifier.strip_prefix("after ") {
            answer.after = duration(after)?;
        } else if let Some(times) = modifier.strip_suffix(" times only") {
            answer.times = Some(number(times)?);
        } else if let Some(resource) = only("about ") {
            answer.about = Some(resource.to_owned());
        } else if let Some(parameter) = only("to ") {
            let (name, value) = parameter.split_once('=').ok_or("expected to NAME=VALUE only")?;
            answer.to = Some((name.to_owned(), value.to_owned()));
        } else if modifier == "once per resource" {
            answer.once_per_resource = true;
        } else if modifier == "every second time" {
            answer.every_second_time = true;
        } else {
            return Err(format!("{modifier:?} is no modifier of an answer"));
        }
    }
    Ok(answer)
}

fn call(text: &str) -> Result<Call, String> {
    let mut words = text.split_whitespace();
    let mut call = Call {
        service: words.next().ok_or("expected a service")?.to_owned(),
        operation: words.next().ok_or("expected an operation")?.to_owned(),
        ..Call::default()
    };
    while let Some(word) = words.next() {
        match word.split_once('=') {
            Some((name, value)) => call.parameters.push((name.to_owned(), value.to_owned())),
            None if word == "on" => call.resource = Some(words.next().ok_or("expected a resource")?.into()),
            None if word == "failing" => call.is_failing = true,
            None => return Err(format!("{word:?} is no part of a call")),
        }
    }
    Ok(call)
}

fn delivery(delivery: &mut Delivery, text: &str) -> Result<(), String> {
    if text == "twice" {
        delivery.twice = true;
    } else if let Some(by) = text.strip_prefix("late by ") {
        delivery.late_by = duration(by)?;
    } else if let Some(within) = text.strip_prefix("disordered within ") {
        delivery.disordered_within = duration(within)?;
    } else {
        return Err("expected late by D, twice or disordered within D".to_owned());
    }
    Ok(())
}

fn expected(text: &str) -> Result<(String, Expected), String> {
    let (rule, verdict) = text.split_once(' ').ok_or("expected a rule and a verdict")?;
    let cut = |rest: &str| -> Result<(String, u64), String> {
        let (by, after) = rest.split_once(" after ").ok_or("expected by KIND after N firings")?;
        if !["echo", "cycle", "burst"].contains(&by) {
            return Err(format!("{by:?} is no kind of evidence; expected echo, cycle or burst"));
        }
        Ok((by.to_owned(), number(after.strip_suffix(" firings").ok_or("expected N firings")?)?))
    };
    let expected = if let Some(rest) = verdict.strip_prefix("cut by ") {
        let (by, after) = cut(rest)?;
        Expected::Cut { by, after }
    } else if let Some(rest) = verdict.strip_prefix("would be cut by ") {
        let (by, after) = cut(rest)?;
        Expected::WouldBeCut { by, after }
    } else {
        match verdict {
            "suspect" => Expected::Suspect,
            "at most suspect" => Expected::AtMostSuspect,
            "left alone" => Expected::LeftAlone,
            _ => {
                return Err("expected cut by, would be cut by, suspect, at most suspect or left alone".into());
            }
        }
    };
    Ok((rule.to_owned(), expected))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not a whole number"))
}

fn duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?} is not a duration like 0.2s, 5m, 1h or 2d");
    let unit = text.chars().last().ok_or_else(bad)?;
    let factor = match unit {
        's' => 1.0,
        'm' => 60.0,
        'h' => 3_600.0,
        'd' => 86_400.0,
        _ => return Err(bad()),
    };
    let number: f64 = text[..text.len() - 1].parse().map_err(|_| bad())?;
    Duration::try_from_secs_f64(number * factor).map_err(|_| bad())
}
