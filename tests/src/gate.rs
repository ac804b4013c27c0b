//! A proxy between the function and AWS. It counts the calls and holds one of them, so that the process can be killed
//! there.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::Failure;

/// Moment at which a call is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Before the call reaches AWS.
    Before,
    /// After AWS has carried out the call. The reply never arrives.
    After,
}

struct Shared {
    upstream: String,
    seen: AtomicU32,
    held: Mutex<Option<(u32, Side)>>,
    reached: Notify,
    calls: Mutex<Vec<String>>,
}

/// HTTP proxy in front of an emulator.
pub struct Gate {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Gate {
    /// Listens in front of `endpoint` (`http://HOST:PORT`), and holds its `nth` call (from 1) at that moment.
    pub async fn start(endpoint: &str, nth: u32, side: Side) -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            upstream: endpoint.trim_start_matches("http://").to_owned(),
            seen: AtomicU32::new(0),
            held: Mutex::new(Some((nth, side))),
            reached: Notify::new(),
            calls: Mutex::default(),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { port, shared, task })
    }

    /// Endpoint URL of the proxy.
    pub fn endpoint(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Waits until the call is held.
    pub async fn reached(&self) {
        self.shared.reached.notified().await;
    }

    /// Lets every further call pass.
    pub fn open(&self) {
        *self.shared.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Calls so far, by their operation.
    pub fn calls(&self) -> Vec<String> {
        self.shared.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| pass(Arc::clone(&shared), request));
            // The process behind the connection is killed on purpose.
            let _ = server::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn pass(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Failure> {
    let number = shared.seen.fetch_add(1, Ordering::SeqCst) + 1;
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let name = call_name(parts.headers.get("x-amz-target").and_then(|name| name.to_str().ok()), &body);
    shared.calls.lock().unwrap_or_else(PoisonError::into_inner).push(name);

    let held = *shared.held.lock().unwrap_or_else(PoisonError::into_inner);
    if held == Some((number, Side::Before)) {
        shared.reached.notify_one();
        std::future::pending::<()>().await;
    }
    let stream = TcpStream::connect(&shared.upstream).await?;
    let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let reply = sender.send_request(Request::from_parts(parts, Full::new(body))).await?;
    let (parts, body) = reply.into_parts();
    let body = body.collect().await?.to_bytes();
    if held == Some((number, Side::After)) {
        shared.reached.notify_one();
        std::future::pending::<()>().await;
    }
    Ok(Response::from_parts(parts, Full::new(body)))
}

/// Operation of a call: `DynamoDB_20120810.GetItem` → `GetItem`, and for SNS `Action=Publish&…` → `Publish`.
fn call_name(target: Option<&str>, body: &Bytes) -> String {
    if let Some(target) = target {
        return target.rsplit('.').next().unwrap_or(target).to_owned();
    }
    let body = String::from_utf8_lossy(body);
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    action.unwrap_or("unknown").to_owned()
}
