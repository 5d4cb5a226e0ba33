//! A fake CXone: it grants every token request, accepts every upload and counts the bytes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, StatusCode, body::Incoming, header};

use super::server::Answer;
use crate::Error;

/// How long a slow reader takes for each frame.
const PER_FRAME: Duration = Duration::from_millis(10);

/// The uploads that have arrived.
#[derive(Debug, Default)]
pub struct Seen {
    uploads: AtomicU64,
    bytes: AtomicU64,
}

impl Seen {
    /// The number of complete uploads, and the bytes of their bodies: the files and the multipart parts around them.
    #[must_use]
    pub fn so_far(&self) -> (u64, u64) {
        (self.uploads.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

pub(crate) async fn answer(seen: Arc<Seen>, request: Request<Incoming>) -> Result<Answer, Error> {
    let path = request.uri().path();
    let is_upload = path.ends_with("/attachments");
    let slow = path.contains("/SLOW-");
    let mut body = request.into_body();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame?.data_ref().map_or(0, Bytes::len) as u64;
        if slow {
            tokio::time::sleep(PER_FRAME).await;
        }
    }
    let (status, text) = if is_upload {
        seen.uploads.fetch_add(1, Ordering::Relaxed);
        seen.bytes.fetch_add(length, Ordering::Relaxed);
        (StatusCode::ACCEPTED, r#"{"jobId":"job-1","status":"PENDING"}"#)
    } else {
        (StatusCode::OK, r#"{"access_token":"token","token_type":"Bearer","expires_in":3600}"#)
    };
    let answer = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    Ok(answer.body(Full::new(Bytes::from_static(text.as_bytes())))?)
}
