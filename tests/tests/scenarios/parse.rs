//! Parses `*.story` files. An error names the line and the expected statement.

use std::time::Duration;

use super::language::{
    Actor, Answer, Behind, Call, Delivery, Expected, History, Kind, Rule, Runs, Scene, Story, To,
};

/// Kinds of evidence for a cut.
const EVIDENCE: [&str; 5] = ["turns", "surplus", "cycle", "rate", "burst"];
/// Kinds of targets with an actor behind them.
const TARGETS: [&str; 7] = ["queue", "stream", "topic", "firehose", "workflow", "api-destination", "bus"];

/// Parses a story. An error names the line and the expected statement.
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
    several(&mut story);
    let known = |rule: &str| story.rules.iter().any(|known| known.name == rule);
    let unknown = story.expected.iter().find(|(rule, _)| !known(rule));
    let missing = story.rules.iter().find(|rule| story.expected.iter().all(|(name, _)| *name != rule.name));
    match (unknown, missing) {
        (Some((rule, _)), _) => {
            Err(format!("a verdict is expected on {rule:?}, which is no rule of the story"))
        }
        (_, Some(rule)) => Err(format!("nothing is expected of {:?}; end with `expect RULE …`", rule.name)),
        _ if story.expected.is_empty() => Err("nothing is expected; end with `expect RULE …`".to_owned()),
        _ if story.title.is_empty() => Err("there is no title; begin with `story TITLE`".to_owned()),
        _ => Ok(story),
    }
}

/// Expands rules that stand for several, and their verdicts.
fn several(story: &mut Story) {
    let (mut rules, mut verdicts) = (Vec::new(), std::mem::take(&mut story.expected));
    for rule in std::mem::take(&mut story.rules) {
        let Some(many) = rule.many else {
            rules.push(rule);
            continue;
        };
        let (same, others): (Vec<_>, Vec<_>) = verdicts.into_iter().partition(|(of, _)| *of == rule.name);
        verdicts = others;
        for name in (1..=many).map(|n| rule.name.replace("{n}", &n.to_string())) {
            verdicts.extend(same.iter().map(|(_, verdict)| (name.clone(), verdict.clone())));
            rules.push(Rule { name, many: None, ..rule.clone() });
        }
    }
    (story.rules, story.expected) = (rules, verdicts);
}

/// Subject of the indented lines.
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
            let (name, many) = rest.split_once(", ").map_or((rest, None), |(name, many)| (name, Some(many)));
            let many = many.map(|many| number(many.trim_end_matches(" of them")));
            story.rules.push(Rule { name: name.to_owned(), many: many.transpose()?, ..Rule::default() });
            *about = About::Rule;
        }
        ("function" | "workflow" | "container" | "build" | "automation", _) => {
            story.actors.push(actor(verb, rest)?);
            *about = About::Actor;
        }
        ("at", _) => story.scenes.push(scene(rest)?),
        ("expect", _) => story.expected.push(expected(rest)?),
        ("lasts", _) => story.lasts = duration(rest)?,
        ("batches", _) => {
            story.batch = number(rest.strip_prefix("of ").ok_or("expected batches of N")?)?;
        }
        ("delivery", _) => delivery(&mut story.delivery, rest)?,
        (_, About::Actor) => about_actor(story.actors.last_mut().ok_or("no actor")?, verb, rest)?,
        (_, About::Rule) => about_rule(story.rules.last_mut().ok_or("no rule")?, verb, rest)?,
        _ => return Err(format!("{verb:?} begins no statement here")),
    }
    Ok(())
}

fn actor(kind: &str, text: &str) -> Result<Actor, String> {
    let (name, rest) = text.split_once(" as ").ok_or("expected NAME as ROLE [within D]")?;
    let (role, limit) = rest.split_once(" within ").map_or((rest, None), |(role, limit)| (role, Some(limit)));
    let (kind, default) = match kind {
        "function" => (Kind::Function, Some(Duration::from_secs(3))),
        "workflow" => (Kind::Workflow, None),
        "container" => (Kind::Container, None),
        "build" => (Kind::Build, None),
        _ => (Kind::Automation, None),
    };
    Ok(Actor {
        name: name.to_owned(),
        role: role.to_owned(),
        kind,
        time_limit: limit.map(duration).transpose()?.or(default),
        longest: None,
        is_in_scope: false,
        one_call_each: Duration::ZERO,
        answers: Vec::new(),
    })
}

fn about_actor(actor: &mut Actor, verb: &str, rest: &str) -> Result<(), String> {
    match (verb, rest) {
        ("answers", _) => actor.answers.push(answer(rest)?),
        ("answers:", _) => actor.answers.push(Answer { call: call(rest)?, ..Answer::default() }),
        ("inScopeOf", "on") => actor.is_in_scope = true,
        ("took", _) => {
            actor.longest = Some(duration(rest.strip_suffix(" at most").ok_or("expected took D at most")?)?);
        }
        ("one", _) => {
            actor.one_call_each =
                duration(rest.strip_prefix("call each ").ok_or("expected one call each D")?)?;
        }
        _ => return Err(format!("{verb:?} begins no statement here")),
    }
    Ok(())
}

fn about_rule(rule: &mut Rule, verb: &str, rest: &str) -> Result<(), String> {
    match verb {
        "takes" if rest == "everything" => {}
        "wakes" => rule.schedule = Some(rest.strip_prefix("by ").ok_or("expected wakes by")?.to_owned()),
        "takes" => {
            let (service, operations) = rest.split_once(' ').unwrap_or((rest, ""));
            rule.services.push(service.to_owned());
            let names = operations.split(',').map(str::trim).filter(|name| !name.is_empty());
            rule.operations.extend(names.map(str::to_owned));
        }
        "runs" => {
            let (name, queue) =
                rest.split_once(" behind ").map_or((rest, None), |(name, queue)| (name, Some(queue)));
            let (name, alias) =
                name.split_once(':').map_or((name, None), |(name, alias)| (name, Some(alias.to_owned())));
            let behind = queue.map(behind).transpose()?;
            rule.runs.push(Runs { actor: Some(name.to_owned()), alias, behind });
        }
        "sends" => {
            let text = rest.strip_prefix("to ").ok_or("expected sends to KIND NAME")?;
            rule.runs.push(Runs { behind: Some(behind(text)?), ..Runs::default() });
        }
        "tag" => {
            let (name, value) = rest.split_once('=').ok_or("expected tag NAME=VALUE")?;
            rule.tags.push((name.to_owned(), value.to_owned()));
        }
        "fired" => {
            let (rate, span) = rest.split_once(" a minute for ").ok_or("expected fired N a minute for D")?;
            let (span, ended) = span.split_once(" until ").unwrap_or((span, "1h ago"));
            let ended = duration(ended.strip_suffix(" ago").ok_or("expected until D ago")?)?;
            rule.history = Some(History { rate: number(rate)?, span: duration(span)?, ended });
        }
        "made" => rule.made_at = duration(rest.strip_prefix("at ").ok_or("expected made at D")?)?,
        _ => return Err(format!("{verb:?} says nothing about a rule")),
    }
    Ok(())
}

fn behind(text: &str) -> Result<Behind, String> {
    let (text, delay) = text.split_once(" delayed by ").map_or((text, None), |(text, by)| (text, Some(by)));
    let (kind, name) = text.split_once(' ').unwrap_or(("queue", text));
    if !TARGETS.contains(&kind) {
        return Err(format!("{kind:?} is no kind of target; expected one of {}", TARGETS.join(", ")));
    }
    let delay = delay.map(duration).transpose()?.unwrap_or_default();
    Ok(Behind { kind: kind.to_owned(), name: name.to_owned(), delay })
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
    let (head, call) = text.split_once(": ").ok_or("expected answers [MODIFIER, …]: CALL")?;
    let mut answer = Answer { call: self::call(call)?, ..Answer::default() };
    for modifier in head.split(", ").filter(|modifier| !modifier.is_empty()) {
        let only = |verb| modifier.strip_prefix(verb)?.strip_suffix(" only");
        if let Some(after) = modifier.strip_prefix("after ") {
            answer.after = duration(after)?;
        } else if let Some(times) = modifier.strip_suffix(" times only") {
            answer.times = Some(number(times)?);
        } else if let Some(resource) = only("about ") {
            answer.to.push(To::Resource(resource.to_owned()));
        } else if let Some(to) = only("to ") {
            answer.to.push(match to.split_once('=') {
                Some((name, value)) => To::Parameter(name.to_owned(), value.to_owned()),
                None if to == "others" => To::Others,
                None => To::Operation(to.to_owned()),
            });
        } else if let Some((calls, each)) = modifier.split_once(" calls each ") {
            answer.calls = Some((number(calls)?, duration(each)?));
        } else if let Some(by) = modifier.strip_prefix("as ") {
            answer.by = Some(by.to_owned());
        } else if modifier == "once per resource" {
            answer.once_per_resource = true;
        } else if let Some(every) = modifier.strip_suffix(" time").and_then(nth) {
            answer.every = Some(every);
        } else {
            return Err(format!("{modifier:?} is no modifier of an answer"));
        }
    }
    Ok(answer)
}

/// Parses `every second` and `every 5th`, and `not every 5th` as a negative number.
fn nth(text: &str) -> Option<i64> {
    let (sign, text) = text.strip_prefix("not ").map_or((1, text), |text| (-1, text));
    match text.strip_prefix("every ")? {
        "second" => Some(2 * sign),
        text => text.strip_suffix("th").or(text.strip_suffix("rd"))?.parse::<i64>().ok().map(|n| n * sign),
    }
}

fn call(text: &str) -> Result<Call, String> {
    let mut words = text.split_whitespace();
    let mut call = Call {
        service: words.next().ok_or("expected a service")?.to_owned(),
        operation: words.next().ok_or("expected an operation")?.to_owned(),
        ..Call::default()
    };
    let pair = |word: &str| {
        let (name, value) = word.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    while let Some(word) = words.next() {
        match word {
            _ if word.contains('=') => call.parameters.extend(pair(word)),
            "on" => call.resource = Some(words.next().ok_or("expected a resource")?.into()),
            "refused" => call.error = Some("AccessDenied"),
            "throttled" => call.error = Some("ThrottlingException"),
            "unrecorded" => call.is_unrecorded = true,
            "through" => call.through = Some(words.next().ok_or("expected a service")?.into()),
            "returning" => {
                let made = words.next().and_then(pair).ok_or("expected returning NAME=VALUE")?;
                call.returns.push(made);
            }
            _ => return Err(format!("{word:?} is no part of a call")),
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
        if !EVIDENCE.contains(&by) {
            return Err(format!("{by:?} is no kind of evidence; expected one of {}", EVIDENCE.join(", ")));
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
            "advice" => Expected::Advice,
            _ => {
                let known = "cut by, would be cut by, suspect, at most suspect, left alone or advice";
                return Err(format!("expected {known}"));
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
