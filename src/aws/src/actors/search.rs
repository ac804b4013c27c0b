//! The search for the actors behind one target: its steps, its limits and its results.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use serde_json::Value;

use super::super::json_client::{Operation, Request};
use super::found::Found;
use super::wire::Ask;
use super::{KEEPS, KINDS, Kind};
use budget_guard_core::hints::Hints;
use budget_guard_core::model::{Actor, Arn, Excerpt, Fault, Own, Seconds};

/// Maximum number of calls about one target. A topic with a page of subscriptions and 16 functions takes 17.
const MAX_CALLS: u32 = 48;
/// Maximum number of steps from the target to an actor, through a topic, a queue, a pipe and nested workflows.
const MAX_DEPTH: u8 = 6;
/// Maximum number of pages read of one list.
const MAX_PAGES: u32 = 10;

/// A resource that gets the event: the target itself, or one behind it.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// ARN of the resource.
    pub arn: String,
    /// Roles, tasks and input that the step before it sets.
    pub hints: Hints,
    /// ARN of the step before, which forwards the event. `None` for the target itself.
    pub via: Option<String>,
    /// Longest time, in seconds, that the steps before may hold the event.
    pub delay: u32,
    /// Number of steps from the target.
    depth: u8,
    /// Number of state machines on the way.
    pub machines: u8,
}

impl Step {
    /// Step for the target itself.
    pub(super) fn new(arn: &str, hints: Hints) -> Self {
        Self { arn: arn.to_owned(), hints, via: None, delay: 0, depth: 0, machines: 0 }
    }

    /// Next step, to which this one forwards the event.
    pub(super) fn to(&self, arn: impl Into<String>) -> Self {
        Self {
            arn: arn.into(),
            hints: Hints::default(),
            via: Some(self.arn.clone()),
            delay: self.delay,
            depth: self.depth + 1,
            machines: self.machines,
        }
    }

    /// This step with hints.
    pub(super) fn with(self, hints: Hints) -> Self {
        Self { hints, ..self }
    }

    /// This step with a further delay, in seconds.
    pub(super) fn after(self, seconds: u32) -> Self {
        Self { delay: self.delay.saturating_add(seconds), ..self }
    }

    /// The parts of the ARN. Resolvers get steps with a complete ARN only.
    pub(super) fn place(&self) -> Arn<'_> {
        Arn::parse(&self.arn).unwrap_or(Arn { resource: &self.arn, ..Arn::default() })
    }

    /// Actor with the ARN of this step and this role.
    pub(super) fn actor(&self, role: Option<&str>) -> Actor {
        self.other_actor(&self.arn, role, self.via.as_deref())
    }

    /// Actor with its own ARN, reached through `via`.
    pub(super) fn other_actor(&self, arn: &str, role: Option<&str>, via: Option<&str>) -> Actor {
        let actor = Actor::new(arn, role);
        self.late(via.map(|via| actor.clone().through(via)).unwrap_or(actor))
    }

    /// Adds the delay of this step to an actor.
    pub(super) fn late(&self, actor: Actor) -> Actor {
        actor.with_delay((self.delay > 0).then(|| Seconds::new(self.delay)))
    }
}

/// Search for the actors behind one target.
pub(super) struct Search<'a> {
    asks: &'a dyn Ask,
    own: &'a Own,
    region: &'a str,
    account: &'a str,
    calls: AtomicU32,
    seen: Mutex<HashSet<String>>,
    found: Mutex<Found>,
}

impl<'a> Search<'a> {
    /// Search for a target of a rule in this account and Region.
    pub(super) fn new(asks: &'a dyn Ask, own: &'a Own, region: &'a str, account: &'a str) -> Self {
        let (seen, found) = (Mutex::default(), Mutex::default());
        Self { asks, own, region, account, calls: AtomicU32::new(0), seen, found }
    }

    /// Results so far.
    pub(super) fn found(&self) -> Found {
        self.lock().clone()
    }

    /// Adds an actor to the results.
    pub(super) fn add(&self, actor: Actor) {
        self.lock().actors.insert(actor);
    }

    /// Notes a reason why actors are missing, as a clause without a full stop.
    pub(super) fn miss(&self, why: impl Into<String>) {
        self.lock().missing.add(why.into());
    }

    /// Notes a failed call as a reason.
    pub(super) fn failed(&self, operation: Operation, fault: &Fault) {
        self.lock().missing.failed(operation.right, fault);
    }

    /// Notes the hash of the code of the target itself.
    pub(super) fn runs(&self, code_sha256: Option<&str>) {
        self.lock().code_sha256 = code_sha256.map(str::to_owned);
    }

    /// The URL of a queue.
    pub(super) fn queue_url(&self, operation: Operation, queue: Arn<'_>) -> Option<String> {
        let endpoint = self.asks.endpoint(operation.api());
        let endpoint = endpoint.map_err(|fault| self.failed(operation, &fault)).ok()?;
        Some(format!("{endpoint}/{}/{}", queue.account, queue.resource))
    }

    /// Reply to a request. `None`, and a noted reason, if it failed.
    pub(super) async fn ask(&self, request: Request) -> Option<Value> {
        let operation = request.operation;
        self.reply(operation, self.asks.ask(request)).await
    }

    /// All pages of a list, one after the other. `request` builds the request for a page token; `token` is the name of
    /// the next token in a reply.
    pub(super) async fn pages(
        &self,
        token: &str,
        request: impl Fn(Option<&str>) -> Request,
    ) -> Option<Vec<Value>> {
        let operation = request(None).operation;
        self.each_page(operation, token, |next| self.asks.ask(request(next.as_deref()))).await
    }

    /// All pages of the subscriptions of an SNS topic.
    pub(super) async fn subscriptions(&self, operation: Operation, topic: &str) -> Option<Vec<Value>> {
        self.each_page(operation, "NextToken", |next| self.asks.subscriptions(topic, next)).await
    }

    /// All pages of a list. `None` if the first page could not be read.
    async fn each_page<'f>(
        &self,
        operation: Operation,
        token: &str,
        page: impl Fn(Option<String>) -> BoxFuture<'f, Result<Value, Fault>>,
    ) -> Option<Vec<Value>> {
        let mut pages: Vec<Value> = Vec::new();
        let mut next = None;
        for _ in 0..MAX_PAGES {
            let Some(reply) = self.reply(operation, page(next.take())).await else {
                return (!pages.is_empty()).then_some(pages);
            };
            next = reply[token].as_str().filter(|token| !token.is_empty()).map(str::to_owned);
            pages.push(reply);
            if next.is_none() {
                return Some(pages);
            }
        }
        self.miss(format!("{} has more than {MAX_PAGES} pages", operation.right));
        Some(pages)
    }

    /// Reply of a pending call. `None`, and a noted reason, if it failed or exceeds `MAX_CALLS`.
    async fn reply(&self, operation: Operation, call: BoxFuture<'_, Result<Value, Fault>>) -> Option<Value> {
        debug_assert!(super::is_in_table(operation.right), "{} is in no row of the table", operation.right);
        if self.calls.fetch_add(1, Ordering::Relaxed) >= MAX_CALLS {
            self.miss(format!("more than {MAX_CALLS} calls would be needed"));
            return None;
        }
        call.await.map_err(|fault| self.failed(operation, &fault)).ok()
    }

    /// Follows a step, and adds the actors behind it to the results.
    pub(super) fn follow(&'a self, step: Step) -> BoxFuture<'a, ()> {
        async move {
            let Some(place) = Arn::parse(&step.arn) else {
                self.miss(format!("{} is no ARN", Excerpt::new(&step.arn)));
                return;
            };
            // The guard's own functions and queues are not looked at.
            if self.own.has(&step.arn) || KEEPS.contains(&place.service) {
                return;
            }
            let Some(kind) = KINDS.iter().find(|kind| kind.service == place.service) else {
                self.miss(format!("it is not known who acts for a target of the service {}", place.service));
                return;
            };
            if step.depth > MAX_DEPTH {
                self.miss(format!("{} is more than {MAX_DEPTH} steps away", step.arn));
            } else if self.is_readable(&step, kind) && self.is_new(&step) {
                (kind.resolve)(self, step).await;
            }
        }
        .boxed()
    }

    /// Follows several steps at the same time, at most `Actor::MAX_PER_TARGET`. More are noted as a reason.
    pub(super) async fn follow_all(&'a self, steps: impl IntoIterator<Item = Step>) {
        let mut steps: Vec<Step> = steps.into_iter().collect();
        if let Some(next) = steps.get(Actor::MAX_PER_TARGET) {
            let from = next.via.as_deref().unwrap_or_default();
            self.miss(format!("{from} hands on to more than {} others", Actor::MAX_PER_TARGET));
            steps.truncate(Actor::MAX_PER_TARGET);
        }
        join_all(steps.into_iter().map(|step| self.follow(step))).await;
    }

    /// Returns true if the step lies in the account and Region of the rule. Others are noted as a reason.
    fn is_readable(&self, step: &Step, kind: &Kind) -> bool {
        let place = step.place();
        let elsewhere = match (place.account, place.region) {
            (account, _) if !account.is_empty() && account != self.account => format!("account {account}"),
            (_, region) if !region.is_empty() && region != self.region => format!("Region {region}"),
            _ => return true,
        };
        // The resolver of buses gives the reason itself.
        if kind.service == "events" {
            return true;
        }
        if step.via.is_some() && kind.service == "lambda" {
            self.add(step.actor(None));
        }
        self.miss(format!("{} lies in {elsewhere}, which the guard does not read", place.resource));
        false
    }

    /// Account of the rule.
    pub(super) fn account(&self) -> &str {
        self.account
    }

    /// Returns true if this is in the account and Region of the rule.
    pub(super) fn is_home(&self, place: Arn<'_>) -> bool {
        (place.account, place.region) == (self.account, self.region)
    }

    /// Returns true for the first visit. A resource counts as new if its path, delay or hints differ.
    fn is_new(&self, step: &Step) -> bool {
        let key = format!("{} {:?} {} {:?}", step.arn, step.via, step.delay, step.hints);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(key)
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
