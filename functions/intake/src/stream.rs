//! The object's open stream. Intake inspects its head, then sends all of it, frame by frame as S3 delivers it.

use std::{
    collections::VecDeque,
    error::Error,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use media_type::HEAD_LEN;
use sha2::{Digest, Sha256};

type BoxError = Box<dyn Error + Send + Sync>;

/// A stream whose first frames have been read. They are kept and sent first.
pub(crate) struct Peeked<B> {
    frames: VecDeque<Bytes>,
    rest: B,
}

impl<B> Peeked<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    /// Reads until there are [`HEAD_LEN`] bytes or the stream ends. It neither cuts nor copies frames.
    pub(crate) async fn peek(mut rest: B) -> Result<Self, BoxError> {
        let mut frames = VecDeque::new();
        let mut length = 0;
        while length < HEAD_LEN {
            let Some(frame) = poll_fn(|context| Pin::new(&mut rest).poll_frame(context)).await else { break };
            if let Ok(data) = frame.map_err(Into::into)?.into_data() {
                length += data.len();
                frames.push_back(data);
            }
        }
        Ok(Self { frames, rest })
    }

    /// The first [`HEAD_LEN`] bytes, or all of a shorter object.
    pub(crate) fn head(&self) -> Vec<u8> {
        self.frames.iter().flat_map(|frame| frame.iter().copied()).take(HEAD_LEN).collect()
    }

    /// The whole stream as a body that computes its SHA-256, and the place where it puts the digest.
    pub(crate) fn hashed(self) -> (Hashed<B>, Arc<OnceLock<String>>) {
        let digest = Arc::new(OnceLock::new());
        (Hashed { frames: self.frames, rest: self.rest, hash: Sha256::new(), digest: Arc::clone(&digest) }, digest)
    }
}

/// The stream as it is sent. It sets the digest, in hexadecimal, when it has ended without an error.
pub(crate) struct Hashed<B> {
    frames: VecDeque<Bytes>,
    rest: B,
    hash: Sha256,
    digest: Arc<OnceLock<String>>,
}

impl<B> Body for Hashed<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let frame = match this.frames.pop_front() {
            Some(kept) => Some(Ok(Frame::data(kept))),
            None => ready!(Pin::new(&mut this.rest).poll_frame(context)).map(|frame| frame.map_err(Into::into)),
        };
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    this.hash.update(data);
                }
            }
            Some(Err(_)) => {}
            None => {
                let _ = this.digest.set(hex::encode(this.hash.clone().finalize()));
            }
        }
        Poll::Ready(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    fn in_frames(bytes: &[u8], size: usize) -> impl Body<Data = Bytes, Error = BoxError> + Unpin + use<> {
        let frames: VecDeque<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
        Frames(frames, false)
    }

    /// Frames, and whether an error ends them.
    struct Frames(VecDeque<Bytes>, bool);

    impl Body for Frames {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            let broken = self.1;
            let next = self.0.pop_front().map(|data| Ok(Frame::data(data)));
            Poll::Ready(next.or_else(|| broken.then(|| Err("cut".into()))))
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn inspected_head_is_sent_too_for_any_frame_size() {
        let bytes: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        let expected = hex::encode(Sha256::digest(&bytes));
        for size in [1, 7, 4096, 8192, 8193, 100_000] {
            let peeked = Peeked::peek(in_frames(&bytes, size)).await.unwrap();
            assert_eq!(peeked.head(), bytes[..HEAD_LEN]);
            let (body, digest) = peeked.hashed();
            assert!(digest.get().is_none());
            assert_eq!(body.collect().await.unwrap().to_bytes(), bytes);
            assert_eq!(digest.get(), Some(&expected));
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn head_of_a_short_object_is_the_whole_object() {
        let peeked = Peeked::peek(in_frames(b"short", 2)).await.unwrap();
        assert_eq!(peeked.head(), b"short");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn broken_stream_sets_no_digest() {
        let broken = Frames(VecDeque::from([Bytes::from(vec![0; HEAD_LEN])]), true);
        let (body, digest) = Peeked::peek(broken).await.unwrap().hashed();
        assert!(body.collect().await.is_err());
        assert!(digest.get().is_none());
    }
}
