//! A small, real AWS Lambda Runtime API (2018-06-01) that a test feeds with invocations.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::runtime_http::{json_or_text, serve};

const DEFAULT_FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:budget-guard-ingest";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Response(Vec<u8>),
    /// What was posted to `/error`: the error object, or its text if it was not JSON.
    Error(Value),
    /// Nothing was answered in time; the invocation is still open.
    Timeout,
}

impl Outcome {
    /// The answer as JSON. Panics on any other end, which is what a test wants to see.
    pub fn json(&self) -> Value {
        match self {
            Self::Response(body) => json_or_text(body),
            other => panic!("the invocation was not answered: {other:?}"),
        }
    }
}

/// The server; it stops when this is dropped.
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// What the handles and the server have in common.
pub(super) struct Shared {
    pub(super) function_arn: String,
    pub(super) function_timeout: Duration,
    /// A watch is the mutex and the "something changed" in one: every wait below is a condition on the state.
    pub(super) state: watch::Sender<State>,
}

/// An invocation is in exactly one of the first three.
#[derive(Default)]
pub(super) struct State {
    pub(super) waiting: VecDeque<Invocation>,
    pub(super) handed_out: HashMap<String, Invocation>,
    pub(super) outcomes: HashMap<String, Outcome>,
    pub(super) first_poll: Option<Instant>,
    pub(super) init_error: Option<Value>,
    sent: u64,
}

#[derive(Clone)]
pub(super) struct Invocation {
    pub(super) id: String,
    pub(super) body: Bytes,
}

impl RuntimeApi {
    pub async fn start() -> io::Result<Self> {
        Self::start_as(DEFAULT_FUNCTION_ARN, DEFAULT_TIMEOUT).await
    }

    /// As a function with this ARN and this timeout, which the `Deadline-Ms` header tells the runtime.
    pub async fn start_as(function_arn: &str, function_timeout: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = watch::Sender::new(State::default());
        let shared = Arc::new(Shared { function_arn: function_arn.to_owned(), function_timeout, state });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, server })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Sends a payload and waits for the answer, 30 seconds at most.
    pub async fn invoke(&self, payload: impl Into<Bytes>) -> Outcome {
        self.send(payload).outcome().await
    }

    /// As `invoke`, with a limit of one's own.
    pub async fn invoke_within(&self, payload: impl Into<Bytes>, within: Duration) -> Outcome {
        self.send(payload).outcome_within(within).await
    }

    /// Sends a payload and comes back at once: the process can be killed in the middle.
    pub fn send(&self, payload: impl Into<Bytes>) -> Pending {
        let body = payload.into();
        let mut id = String::new();
        self.shared.state.send_modify(|state| {
            state.sent += 1;
            id = format!("8476a536-e9f4-11e8-9739-{:012x}", state.sent);
            state.waiting.push_back(Invocation { id: id.clone(), body });
        });
        Pending { id, shared: Arc::clone(&self.shared) }
    }

    /// Puts an invocation that was handed out and never answered back, ahead of the others, as Lambda does
    /// with an asynchronous one whose process died. False if it is not in that state.
    pub fn redeliver(&self, pending: &Pending) -> bool {
        self.shared.state.send_if_modified(|state| match state.handed_out.remove(&pending.id) {
            Some(invocation) => {
                state.waiting.push_front(invocation);
                true
            }
            None => false,
        })
    }

    /// When a runtime first asked for work: the end of its cold start.
    pub async fn first_poll(&self, within: Duration) -> Option<Instant> {
        let mut state = self.shared.state.subscribe();
        let polled = timeout(within, state.wait_for(|state| state.first_poll.is_some())).await;
        polled.ok()?.ok()?.first_poll
    }

    /// What a runtime posted to `/runtime/init/error`, if one has.
    pub fn init_error(&self) -> Option<Value> {
        self.shared.state.borrow().init_error.clone()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        // The connections are tasks in the server's own set, so they end with it.
        self.server.abort();
    }
}

/// An invocation under way.
pub struct Pending {
    id: String,
    shared: Arc<Shared>,
}

impl Pending {
    /// The request id the function sees.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// True once a runtime has taken the invocation; false if none has within the time.
    pub async fn handed_out(&self, within: Duration) -> bool {
        let mut state = self.shared.state.subscribe();
        let taken = |state: &State| !state.waiting.iter().any(|invocation| invocation.id == self.id);
        timeout(within, state.wait_for(taken)).await.is_ok()
    }

    /// The answer, waited for 30 seconds at most.
    pub async fn outcome(&self) -> Outcome {
        self.outcome_within(DEFAULT_TIMEOUT).await
    }

    /// As `outcome`, with a limit of one's own. After a `Timeout` it can be asked again.
    pub async fn outcome_within(&self, within: Duration) -> Outcome {
        let mut state = self.shared.state.subscribe();
        let answered = timeout(within, state.wait_for(|state| state.outcomes.contains_key(&self.id))).await;
        match answered {
            Ok(Ok(state)) => state.outcomes.get(&self.id).cloned().unwrap_or(Outcome::Timeout),
            _ => Outcome::Timeout,
        }
    }
}
