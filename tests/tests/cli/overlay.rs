//! A proxy that answers some calls to AWS itself and passes the others on to an emulator.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use budget_guard_tests::Failure;

/// Name of a call, HTTP status and body of the reply. Several for one call are given in turn, the last one ever again.
/// The name is that of the operation, or the path where the path names it.
pub type Answer = (&'static str, u16, &'static str);

/// A call: its name, its body, and the service that it is signed for.
struct Call {
    name: String,
    body: String,
    service: String,
}

/// Calls so far.
type Seen = Arc<Mutex<Vec<Call>>>;

pub struct Overlay {
    pub endpoint: String,
    seen: Seen,
    task: JoinHandle<()>,
}

impl Overlay {
    /// Starts a proxy before `upstream` (`http://HOST:PORT`). Without one, every other call fails.
    pub async fn start(upstream: Option<&str>, answers: &'static [Answer]) -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let upstream: Option<Arc<str>> = upstream.map(|url| url.trim_start_matches("http://").into());
        let seen = Seen::default();
        let calls = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (upstream, seen) = (upstream.clone(), Arc::clone(&calls));
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        answer(upstream.clone(), answers, Arc::clone(&seen), request)
                    });
                    // A program may close the connection at any time.
                    let _ = server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Self { endpoint, seen, task })
    }

    /// Bodies of the calls of this name, in their order.
    pub fn bodies(&self, call: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|seen| seen.name == call).map(|seen| seen.body.clone()).collect()
    }

    /// Calls so far, as `SERVICE NAME`.
    pub fn calls(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().map(|seen| format!("{} {}", seen.service, seen.name)).collect()
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    upstream: Option<Arc<str>>,
    answers: &[Answer],
    seen: Seen,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Failure> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let service = header("authorization").split('/').nth(3).unwrap_or_default().to_owned();
    let by_header = header("x-amz-target").rsplit('.').next().filter(|name| !name.is_empty());
    let by_body = text.split('&').find_map(|pair| pair.strip_prefix("Action="));
    let call = by_header.or(by_body).unwrap_or(parts.uri.path()).to_owned();
    let earlier = {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = seen.iter().filter(|seen| seen.name == call).count();
        seen.push(Call { name: call.clone(), body: text, service });
        earlier
    };
    let of_call: Vec<&Answer> = answers.iter().filter(|(name, _, _)| *name == call).collect();
    if let Some((_, status, body)) = of_call.get(earlier).or(of_call.last()) {
        return Ok(Response::builder().status(*status).body(Full::from(*body))?);
    }
    let Some(upstream) = upstream else { return Err(format!("no answer for {call}").into()) };
    let stream = TcpStream::connect(&*upstream).await?;
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let reply = sender.send_request(Request::from_parts(parts, Full::new(body))).await?;
    let (parts, body) = reply.into_parts();
    Ok(Response::from_parts(parts, Full::new(body.collect().await?.to_bytes())))
}
