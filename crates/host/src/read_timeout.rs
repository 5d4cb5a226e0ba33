//! A limit on how long a response's body may stall.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use aws_smithy_runtime_api::box_error::BoxError;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// A body that fails if no frame arrives within `limit` while its reader waits for one.
///
/// Only the reader's waiting counts. A reader may stop polling because the receiver of its bytes has stopped reading. That is not
/// a fault of the body's sender.
pub(crate) struct ReadTimeout<B> {
    body: B,
    limit: Duration,
    waiting_since: Option<Instant>,
    /// Created at the first wait, and moved only when it fires, because most waits end long before.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<B> ReadTimeout<B> {
    pub(crate) const fn new(body: B, limit: Duration) -> Self {
        Self { body, limit, waiting_since: None, timer: None }
    }
}

impl<B> Body for ReadTimeout<B>
where
    B: Body + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            this.waiting_since = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let until = *this.waiting_since.get_or_insert_with(Instant::now) + this.limit;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        loop {
            ready!(timer.as_mut().poll(context));
            if Instant::now() >= until {
                let fault = format!("no byte came for {} s", this.limit.as_secs_f64());
                return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, fault).into())));
            }
            // The timer fired for an earlier wait.
            timer.as_mut().reset(until);
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, convert::Infallible, future::poll_fn};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(15);

    /// A body of one-byte frames, each after a pause.
    struct Slow {
        pauses: VecDeque<Duration>,
        pause: Option<Pin<Box<Sleep>>>,
    }

    impl Body for Slow {
        type Data = &'static [u8];
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
            if self.pause.is_none() {
                let Some(pause) = self.pauses.pop_front() else { return Poll::Ready(None) };
                self.pause = Some(Box::pin(tokio::time::sleep(pause)));
            }
            if let Some(pause) = self.pause.as_mut() {
                ready!(pause.as_mut().poll(context));
            }
            self.pause = None;
            Poll::Ready(Some(Ok(Frame::data(b"x"))))
        }
    }

    fn slow(seconds: &[u64]) -> ReadTimeout<Slow> {
        let pauses = seconds.iter().copied().map(Duration::from_secs).collect();
        ReadTimeout::new(Slow { pauses, pause: None }, LIMIT)
    }

    async fn frame(body: &mut ReadTimeout<Slow>) -> Option<Result<Frame<&'static [u8]>, BoxError>> {
        poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await
    }

    #[tokio::test(start_paused = true)]
    async fn stalled_body_fails_after_the_limit() {
        let mut body = slow(&[1, 3600]);
        assert!(frame(&mut body).await.is_some_and(|frame| frame.is_ok()));
        let began = Instant::now();
        let error = frame(&mut body).await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "no byte came for 15 s");
        assert_eq!(began.elapsed().as_secs(), 15);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_body_is_read_to_its_end() {
        let mut body = slow(&[14; 20]);
        for _ in 0..20 {
            assert!(frame(&mut body).await.is_some_and(|frame| frame.is_ok()));
        }
        assert!(frame(&mut body).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_the_reader_does_not_poll_does_not_count() {
        let mut body = slow(&[1, 10]);
        // Polls once, and then not for an hour.
        assert!(tokio::time::timeout(Duration::from_millis(100), frame(&mut body)).await.is_err());
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert!(frame(&mut body).await.is_some_and(|frame| frame.is_ok()));
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert!(frame(&mut body).await.is_some_and(|frame| frame.is_ok()));
    }
}
