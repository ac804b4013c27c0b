//! A small AWS Lambda Runtime API (2018-06-01) for tests.

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

/// Outcome of an invocation.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Reply of the function.
    Response(Vec<u8>),
    /// Error object posted to `/error`, or its text if it is not JSON.
    Error(Value),
    /// No reply in time. The invocation is still open.
    Timeout,
}

impl Outcome {
    /// The reply as JSON. Panics on any other outcome.
    pub fn json(&self) -> Value {
        match self {
            Self::Response(body) => json_or_text(body),
            other => panic!("the invocation was not answered: {other:?}"),
        }
    }
}

/// The server, which stops when this is dropped.
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// State that the handles and the server share.
pub(super) struct Shared {
    /// ARN of the function.
    pub(super) function_arn: String,
    /// Timeout of the function.
    pub(super) function_timeout: Duration,
    /// State of the invocations. The watch is both the mutex and the notification of changes.
    pub(super) state: watch::Sender<State>,
}

/// State of the invocations. Each is in one of the first three fields.
#[derive(Default)]
pub(super) struct State {
    /// Invocations that no runtime has taken yet.
    pub(super) waiting: VecDeque<Invocation>,
    /// Invocations without an outcome yet, by ID.
    pub(super) handed_out: HashMap<String, Invocation>,
    /// Outcomes by the invocation's ID.
    pub(super) outcomes: HashMap<String, Outcome>,
    /// Time of the first poll.
    pub(super) first_poll: Option<Instant>,
    /// Error of the initialisation.
    pub(super) init_error: Option<Value>,
    sent: u64,
}

/// An invocation.
#[derive(Clone)]
pub(super) struct Invocation {
    /// Request ID.
    pub(super) id: String,
    /// Payload.
    pub(super) body: Bytes,
}

impl RuntimeApi {
    /// Starts the server with a default function.
    pub async fn start() -> io::Result<Self> {
        Self::start_as(DEFAULT_FUNCTION_ARN, DEFAULT_TIMEOUT).await
    }

    /// Starts the server for a function with this ARN and timeout. The runtime gets the timeout as `Deadline-Ms`.
    pub async fn start_as(function_arn: &str, function_timeout: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = watch::Sender::new(State::default());
        let shared = Arc::new(Shared { function_arn: function_arn.to_owned(), function_timeout, state });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, server })
    }

    /// Value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Sends a payload and waits at most 30 seconds for the outcome.
    pub async fn invoke(&self, payload: impl Into<Bytes>) -> Outcome {
        self.send(payload).outcome().await
    }

    /// Sends a payload and waits at most `within` for the outcome.
    pub async fn invoke_within(&self, payload: impl Into<Bytes>, within: Duration) -> Outcome {
        self.send(payload).outcome_within(within).await
    }

    /// Sends a payload without waiting, so that the process can be killed during the invocation.
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

    /// Queues an invocation without an outcome again, ahead of the others, as Lambda does with an asynchronous one
    /// after a crash. Returns false if it has not been taken, or has an outcome.
    pub fn redeliver(&self, pending: &Pending) -> bool {
        self.shared.state.send_if_modified(|state| match state.handed_out.remove(&pending.id) {
            Some(invocation) => {
                state.waiting.push_front(invocation);
                true
            }
            None => false,
        })
    }

    /// Time at which a runtime first polled, which ends its cold start.
    pub async fn first_poll(&self, within: Duration) -> Option<Instant> {
        let mut state = self.shared.state.subscribe();
        let polled = timeout(within, state.wait_for(|state| state.first_poll.is_some())).await;
        polled.ok()?.ok()?.first_poll
    }

    /// Error that a runtime posted to `/runtime/init/error`.
    pub fn init_error(&self) -> Option<Value> {
        self.shared.state.borrow().init_error.clone()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        // The server owns the tasks of its connections, so they end with it.
        self.server.abort();
    }
}

/// An invocation without an outcome.
pub struct Pending {
    id: String,
    shared: Arc<Shared>,
}

impl Pending {
    /// Request ID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Waits until a runtime takes the invocation. Returns false if none does in time.
    pub async fn handed_out(&self, within: Duration) -> bool {
        let mut state = self.shared.state.subscribe();
        let taken = |state: &State| !state.waiting.iter().any(|invocation| invocation.id == self.id);
        timeout(within, state.wait_for(taken)).await.is_ok()
    }

    /// Waits at most 30 seconds for the outcome.
    pub async fn outcome(&self) -> Outcome {
        self.outcome_within(DEFAULT_TIMEOUT).await
    }

    /// Waits at most `within` for the outcome. It can be called again after a `Timeout`.
    pub async fn outcome_within(&self, within: Duration) -> Outcome {
        let mut state = self.shared.state.subscribe();
        let answered = timeout(within, state.wait_for(|state| state.outcomes.contains_key(&self.id))).await;
        match answered {
            Ok(Ok(state)) => state.outcomes.get(&self.id).cloned().unwrap_or(Outcome::Timeout),
            _ => Outcome::Timeout,
        }
    }
}
