//! A file that cannot be read to its end must never look like a whole one.

use std::{error::Error, fmt, io};

use bytes::Bytes;
use cxone::{Framing, Stored::No};
use futures_util::{Stream, StreamExt as _, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use servers::scripted::End;

use crate::{
    fixture::{Fixture, Upload},
    seen::{Sent, row},
};

/// An error with a cause, as the AWS SDK's are.
#[derive(Debug)]
struct Broken(io::Error);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stream broke")
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

const PIECE: usize = 100_000;
const PIECES: usize = 20;

fn pieces(count: usize) -> impl Stream<Item = Result<Bytes, Broken>> + Send + Sync + Unpin {
    stream::iter(std::iter::repeat_with(|| Ok(vec![b'x'; PIECE].into())).take(count))
}

/// Uploads what `source` gives as a file of 20 pieces, in both framings, and gives the faults.
async fn broken<S>(source: impl Fn() -> S) -> [String; 2]
where
    S: Stream<Item = Result<Bytes, Broken>> + Send + Sync + Unpin + 'static,
{
    let mut texts = Vec::new();
    for framing in [Framing::Chunked, Framing::ContentLength] {
        let fixture = Fixture::new();
        let upload = Upload { bytes: vec![b'x'; PIECE * PIECES].into(), framing, ..Upload::to("INT-1") };
        let sent = fixture
            .client
            .upload(upload.request(), StreamBody::new(source().map(|piece| piece.map(Frame::data))))
            .await;
        let sent = Sent::first(&sent);
        assert_eq!(sent.seen(), row("source", No), "{framing:?}: {sent:?}");
        let uploads = fixture.uploads("INT-1").await;
        let seen: Vec<_> = uploads.iter().map(|one| (one.body_whole, one.end)).collect();
        assert_eq!(seen, [(false, Some(End::Aborted))], "{framing:?}");
        assert_eq!(fixture.control.attachments(None).await.unwrap(), []);
        texts.push(sent.text().to_owned());
    }
    texts.try_into().unwrap()
}

#[tokio::test]
async fn source_that_fails_aborts_the_request() {
    let fault = || Err(Broken(io::Error::other("checksum mismatch")));
    let texts = broken(|| pieces(PIECES - 1).chain(stream::iter([fault()]))).await;
    assert_eq!(texts, ["reading the object failed: the stream broke: checksum mismatch"; 2]);
}

#[tokio::test]
async fn source_that_fails_after_its_last_byte_aborts_the_request() {
    // Where a checksum over the whole is found to be wrong.
    let fault = || Err(Broken(io::Error::other("checksum mismatch")));
    let texts = broken(|| pieces(PIECES).chain(stream::iter([fault()]))).await;
    assert_eq!(texts, ["reading the object failed: the stream broke: checksum mismatch"; 2]);
}

#[tokio::test]
async fn source_that_is_too_short_aborts_the_request() {
    let texts = broken(|| pieces(PIECES - 1)).await;
    assert_eq!(texts, ["reading the object failed: the object ended 100000 bytes early"; 2]);
}

#[tokio::test]
async fn source_that_is_too_long_aborts_the_request() {
    for texts in [
        broken(|| pieces(PIECES + 1)).await,
        broken(|| pieces(PIECES).chain(stream::iter([Ok(Bytes::from_static(b"x"))]))).await,
    ] {
        assert_eq!(texts, ["reading the object failed: the object has more bytes than its length says"; 2]);
    }
}
