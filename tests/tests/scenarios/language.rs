//! The language of `*.story` files: callers, calls and times, and the verdict that the guard has to reach.
//!
//! There is one statement a line, and `#` begins a comment. Durations are `0.2s`, `5m`, `1h`, `2d`. A CALL is
//! `SERVICE OPERATION [on RESOURCE] [NAME=VALUE …] [WORD …]`, as in `s3 PutBucketAcl on uploads acl=private`. RESOURCE
//! may be a list with commas. In an answer, `{resource}` is the resource of the call that it answers, `{n}` the number
//! of answers before it and `{k}` that of the calls in this answer. In `at`, `{n}` is the number of calls before it. A
//! value `hidden` is recorded as CloudTrail records secrets. Each WORD is one of
//! - `refused` or `throttled`: the call fails; `unrecorded`: none of its parameters is recorded;
//! - `returning NAME=VALUE`: the response names the new resource; `through SERVICE`: a service makes the call.
//!
//! ```text
//! story TITLE
//! rule NAME [, N of them]            # on the default bus; `{n}` in the name is replaced if there are several
//!   takes s3 PutBucketAcl, Delete*   # names and prefixes of one service; `takes s3`: all of it; `takes everything`;
//!                                    # with several such lines, calls of these names to these services
//!   runs ACTOR[:ALIAS] [behind [KIND] NAME [delayed by D]]    # its target, or the actor behind a target; KIND is
//!                                    # queue, stream, topic, firehose or workflow
//!   sends to KIND NAME               # a target with no actor that the guard can read: also api-destination, bus
//!   tag NAME=VALUE                   # after `budget-guard:`
//!   fired N a minute for D [until D ago]    # by CloudWatch's metrics; default: until an hour ago
//!   made at D                        # created at this time
//!   wakes by rate(5 minutes)         # a schedule in place of `takes`; its runs are `at … every … ACTOR`
//! function NAME as ROLE [within D]   # D: time limit, 3 s if unset; `workflow`, `container`, `build` and `automation`
//!                                    # set none, and open sessions as the service does
//!   inScopeOf on                     # AWS names it in the records of its calls
//!   took D at most                   # its longest run by CloudWatch's metrics; default: no metrics
//!   one call each D                  # a concurrency limit: the others wait
//!   answers [MODIFIER, …]: CALL      # to each firing of a rule that runs it, while that rule is enabled
//!                                    # after D; once per resource; N times only; N calls each D; every second time;
//!                                    # [not] every Nth time; about RESOURCE only; to NAME=VALUE only;
//!                                    # to OPERATION only; to others only; as ROLE/SESSION
//! at D [every D, N times] WHO: CALL  # a user; an actor; ROLE/SESSION; a service, x.amazonaws.com; `nobody`
//! delivery late by D                 # to the guard, in seconds of event time
//! delivery twice
//! delivery disordered within D
//! batches of N                       # never fewer events at once: for stories of many events
//! lasts D                            # duration of a loop that is not cut
//! expect RULE cut by turns|surplus|cycle|rate|burst after N firings
//! expect RULE would be cut by …      # in observe mode
//! expect RULE suspect                # an alert, and no cut
//! expect RULE at most suspect
//! expect RULE left alone
//! expect RULE advice                 # beside one of the above: an advice, and no cut
//! ```

use std::time::Duration;

/// A timeline with its expected verdicts.
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

#[derive(Debug, Clone, Default)]
pub struct Rule {
    pub name: String,
    /// Number of rules with such a name.
    pub many: Option<usize>,
    /// Schedule expression. A rule with a schedule is not fired by events.
    pub schedule: Option<String>,
    /// Services. Empty for every event.
    pub services: Vec<String>,
    /// Names, and prefixes that end in `*`. Empty for all.
    pub operations: Vec<String>,
    pub runs: Vec<Runs>,
    pub tags: Vec<(String, String)>,
    pub history: Option<History>,
    /// Time at which the rule is created. Zero if it is older than the guard.
    pub made_at: Duration,
}

/// Firings per minute, their duration, and the time since their end.
#[derive(Debug, Clone)]
pub struct History {
    pub rate: u64,
    pub span: Duration,
    pub ended: Duration,
}

/// A target.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    /// Name of the actor. `None` if no actor can be read.
    pub actor: Option<String>,
    pub alias: Option<String>,
    pub behind: Option<Behind>,
}

/// Resource between the rule and the actor.
#[derive(Debug, Clone, Default)]
pub struct Behind {
    pub kind: String,
    pub name: String,
    pub delay: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Function,
    Workflow,
    Container,
    Build,
    Automation,
}

#[derive(Debug)]
pub struct Actor {
    pub name: String,
    pub role: String,
    pub kind: Kind,
    pub time_limit: Option<Duration>,
    /// Longest run in CloudWatch's metrics.
    pub longest: Option<Duration>,
    pub is_in_scope: bool,
    /// Interval of calls under a concurrency limit. Zero without a limit.
    pub one_call_each: Duration,
    pub answers: Vec<Answer>,
}

#[derive(Debug, Default)]
pub struct Answer {
    pub after: Duration,
    pub once_per_resource: bool,
    pub times: Option<usize>,
    /// Answers only each n-th time. A negative number means all times but the n-th.
    pub every: Option<i64>,
    /// Number of calls, and their interval.
    pub calls: Option<(usize, Duration)>,
    pub to: Vec<To>,
    /// Role and session other than the actor's own.
    pub by: Option<String>,
    pub call: Call,
}

/// Calls that an actor answers.
#[derive(Debug, PartialEq, Eq)]
pub enum To {
    Resource(String),
    Parameter(String, String),
    Operation(String),
    Others,
}

#[derive(Debug, Clone, Default)]
pub struct Call {
    pub service: String,
    pub operation: String,
    pub resource: Option<String>,
    pub parameters: Vec<(String, String)>,
    /// Members of the response.
    pub returns: Vec<(String, String)>,
    pub error: Option<&'static str>,
    pub is_unrecorded: bool,
    /// Service that makes the call for the caller.
    pub through: Option<String>,
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

/// Expected verdict on a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    Cut { by: String, after: u64 },
    WouldBeCut { by: String, after: u64 },
    Suspect,
    AtMostSuspect,
    LeftAlone,
    Advice,
}
