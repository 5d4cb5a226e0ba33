//! The lower limit of costs: a function that copies an object's bytes from S3 to CXone and does nothing else.
//!
//! It claims nothing, signs nothing, does not inspect the content, sends no multipart body and starts no execution. It keeps one
//! connection to each side, and computes a SHA-256 only with `--hash`. Intake's costs above this limit are those of its own work.

use std::{
    hint::black_box,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::{
    Method, Request, Response,
    body::{Body, Frame, Incoming, SizeHint},
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;

use crate::{Error, fakes::BUCKET};

/// The addresses, and whether to hash.
#[derive(Debug, Clone)]
pub struct Task {
    /// The Runtime API, as host and port.
    pub runtime: String,
    /// S3, as host and port.
    pub source: String,
    /// CXone, as host and port.
    pub sink: String,
    /// Compute the SHA-256 of the bytes.
    pub hashes: bool,
}

/// The source's body on its way to the sink.
struct Copied {
    body: Incoming,
    hash: Option<Sha256>,
}

impl Body for Copied {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let (Poll::Ready(Some(Ok(frame))), Some(hash)) = (&frame, &mut self.hash)
            && let Some(data) = frame.data_ref()
        {
            hash.update(data);
        }
        if matches!(frame, Poll::Ready(None)) {
            black_box(self.hash.take().map(Sha256::finalize));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Copies the object of each event, until the Runtime API closes the connection.
pub async fn run(task: &Task) -> Result<(), Error> {
    let mut next = connect::<Empty<Bytes>>(&task.runtime).await?;
    let mut answer = connect::<Full<Bytes>>(&task.runtime).await?;
    let mut source = connect::<Empty<Bytes>>(&task.source).await?;
    let mut sink = connect::<Copied>(&task.sink).await?;
    loop {
        let path = "/2018-06-01/runtime/invocation/next";
        let event = send(&mut next, request(Method::GET, &task.runtime, path, Empty::new())?).await?;
        let id = event
            .headers()
            .get("lambda-runtime-aws-request-id")
            .ok_or("the event has no lambda-runtime-aws-request-id")?;
        let path = format!("/2018-06-01/runtime/invocation/{}/response", id.to_str()?);
        let key = key(&event.into_body().collect().await?.to_bytes())?;
        let object = request(Method::GET, &task.source, &format!("/{BUCKET}/{key}"), Empty::new())?;
        let object = send(&mut source, object).await?.into_body();
        let object = Copied { body: object, hash: task.hashes.then(Sha256::new) };
        let upload = request(Method::POST, &task.sink, "/api/v2/interactions/BENCH/attachments", object)?;
        send(&mut sink, upload).await?.into_body().collect().await?;
        let done = Full::new(Bytes::from_static(br#"{"batchItemFailures":[]}"#));
        let done = request(Method::POST, &task.runtime, &path, done)?;
        send(&mut answer, done).await?.into_body().collect().await?;
    }
}

/// The key in an event with one record.
fn key(event: &[u8]) -> Result<String, Error> {
    let batch: Value = serde_json::from_slice(event)?;
    let body = batch.pointer("/Records/0/body").and_then(Value::as_str).ok_or("the event has no message")?;
    let notification: Value = serde_json::from_str(body)?;
    let key = notification.pointer("/Records/0/s3/object/key").and_then(Value::as_str);
    Ok(key.ok_or("the message has no key")?.to_owned())
}

async fn connect<B>(authority: &str) -> Result<SendRequest<B>, Error>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Error>,
{
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        // If the connection fails, the next request on it fails too.
        let _ = connection.await;
    });
    Ok(sender)
}

async fn send<B>(sender: &mut SendRequest<B>, request: Request<B>) -> Result<Response<Incoming>, Error>
where
    B: Body + Send + 'static,
{
    sender.ready().await?;
    let answer = sender.send_request(request).await?;
    if answer.status().is_success() {
        Ok(answer)
    } else {
        Err(format!("a fake server answered {}", answer.status()).into())
    }
}

fn request<B>(method: Method, authority: &str, path: &str, body: B) -> Result<Request<B>, Error> {
    Ok(Request::builder().method(method).uri(path).header("host", authority).body(body)?)
}
