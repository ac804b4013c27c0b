//! HTTP side of the Lambda Runtime API server: routes, headers, and detection of callers that are gone.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use http_body_util::{BodyExt, Collected, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::runtime_api::{Invocation, Outcome, Shared};

/// Maximum size of a reply to a synchronous invocation. Source: Lambda's quota.
const ANSWER_LIMIT_BYTES: usize = 6_291_556;

type Reply = Response<Full<Bytes>>;

/// Accepts connections until it is dropped. They end with it, because it owns their tasks.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let Ok((stream, caller)) = with_probe(stream) else { continue };
        let (shared, caller) = (Arc::clone(&shared), Arc::new(caller));
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let (shared, caller) = (Arc::clone(&shared), Arc::clone(&caller));
                async move { Ok::<_, Infallible>(answer(&shared, &caller, request).await) }
            });
            // A killed runtime breaks its connection, which is no error here.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Duplicates the connection's handle, to find out later if the caller is still alive.
fn with_probe(stream: TcpStream) -> io::Result<(TcpStream, std::net::TcpStream)> {
    let stream = stream.into_std()?;
    let probe = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, probe))
}

/// Asks the kernel if the caller is gone. The event loop may not have noticed its end yet.
fn has_left(caller: &std::net::TcpStream) -> bool {
    match caller.peek(&mut [0]) {
        Ok(seen) => seen == 0,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

async fn answer(shared: &Shared, caller: &std::net::TcpStream, request: Request<Incoming>) -> Reply {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let Some(call) = path.strip_prefix("/2018-06-01/runtime/") else { return not_found(&path) };
    match (method, call.split('/').collect::<Vec<_>>().as_slice()) {
        (Method::GET, ["invocation", "next"]) => next(shared, caller).await,
        (Method::POST, ["init", "error"]) => {
            let Some(body) = read(request).await else {
                return status(StatusCode::BAD_REQUEST, "unreadable");
            };
            shared.state.send_modify(|state| state.init_error = Some(json_or_text(&body)));
            status(StatusCode::ACCEPTED, "OK")
        }
        (Method::POST, ["invocation", id, kind @ ("response" | "error")]) => {
            let Some(body) = read(request).await else {
                return status(StatusCode::BAD_REQUEST, "unreadable");
            };
            settle(shared, id, *kind == "error", &body)
        }
        _ => not_found(&path),
    }
}

async fn next(shared: &Shared, caller: &std::net::TcpStream) -> Reply {
    shared.state.send_modify(|state| {
        state.first_poll.get_or_insert_with(Instant::now);
    });
    let mut changes = shared.state.subscribe();
    loop {
        if changes.wait_for(|state| !state.waiting.is_empty()).await.is_err() || has_left(caller) {
            return status(StatusCode::INTERNAL_SERVER_ERROR, "closed");
        }
        // Of several waiting runtimes, one gets the invocation and the others go on waiting.
        let mut taken = None;
        shared.state.send_if_modified(|state| {
            taken = state.waiting.pop_front();
            if let Some(invocation) = &taken {
                state.handed_out.insert(invocation.id.clone(), invocation.clone());
            }
            taken.is_some()
        });
        if let Some(invocation) = taken {
            return hand_out(shared, invocation);
        }
    }
}

fn hand_out(shared: &Shared, invocation: Invocation) -> Reply {
    let deadline = SystemTime::now() + shared.function_timeout;
    let deadline_ms = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let reply = Response::builder()
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", invocation.id)
        .header("Lambda-Runtime-Deadline-Ms", deadline_ms.to_string())
        .header("Lambda-Runtime-Invoked-Function-Arn", &shared.function_arn)
        .header(
            "Lambda-Runtime-Trace-Id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        )
        .body(Full::new(invocation.body));
    reply.unwrap_or_else(|error| status(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))
}

/// Takes the outcome of an invocation. As on AWS, a second one and one for an unknown invocation are refused.
fn settle(shared: &Shared, id: &str, failed: bool, body: &Bytes) -> Reply {
    let too_large = !failed && body.len() > ANSWER_LIMIT_BYTES;
    let outcome = match failed {
        _ if too_large => Outcome::Error(json!({ "errorType": "Function.ResponseSizeTooLarge" })),
        true => Outcome::Error(json_or_text(body)),
        false => Outcome::Response(body.to_vec()),
    };
    let known = shared.state.send_if_modified(|state| {
        let known = state.handed_out.remove(id).is_some();
        if known {
            state.outcomes.insert(id.to_owned(), outcome);
        }
        known
    });
    match known {
        true if too_large => status(StatusCode::PAYLOAD_TOO_LARGE, "ResponseSizeTooLarge"),
        true => status(StatusCode::ACCEPTED, "OK"),
        false => status(StatusCode::BAD_REQUEST, "InvalidRequestID"),
    }
}

async fn read(request: Request<Incoming>) -> Option<Bytes> {
    request.into_body().collect().await.ok().map(Collected::to_bytes)
}

/// Parses a body as JSON, or takes it as text.
pub(super) fn json_or_text(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn not_found(path: &str) -> Reply {
    status(StatusCode::NOT_FOUND, path)
}

fn status(code: StatusCode, text: &str) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(json!({ "status": text }).to_string())));
    *reply.status_mut() = code;
    reply
}
