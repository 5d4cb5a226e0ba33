//! Bodies that stall or are cut after valid headers.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use serde::{Deserialize, Serialize};
use tokio::time::Sleep;

use crate::scripted::connection::{ConnectionHandle, CutHow};

/// How long to wait for the bytes before a cut to be sent.
const FLUSHED: Duration = Duration::from_millis(50);

/// The fault of a body whose headers are valid and announce all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyFault {
    /// The number of bytes that are sent first.
    pub after_bytes: usize,
    /// What happens then.
    pub then: BodyEnd,
}

/// What happens after the first bytes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyEnd {
    /// Nothing for this many milliseconds, then the rest.
    StallMs(u32),
    /// The connection ends.
    Cut(CutHow),
}

/// A body with a [`BodyFault`].
#[derive(Debug)]
pub struct FaultyBody {
    start: Option<Bytes>,
    rest: Option<Bytes>,
    wait: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    cut: Option<(CutHow, ConnectionHandle)>,
}

impl FaultyBody {
    /// `whole` is what the headers announce; a cut ends `connection`.
    #[must_use]
    pub fn new(whole: Bytes, fault: BodyFault, connection: &ConnectionHandle) -> Self {
        let mut start = whole;
        let rest = start.split_off(fault.after_bytes.min(start.len()));
        let (wait, cut) = match fault.then {
            BodyEnd::StallMs(ms) => (Duration::from_millis(ms.into()), None),
            BodyEnd::Cut(how) => (FLUSHED, Some((how, connection.clone()))),
        };
        Self { start: Some(start).filter(|start| !start.is_empty()), rest: Some(rest), wait, sleep: None, cut }
    }
}

impl Body for FaultyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(start) = self.start.take() {
            return Poll::Ready(Some(Ok(Frame::data(start))));
        }
        if self.rest.is_none() {
            return Poll::Ready(None);
        }
        let wait = self.wait;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(wait)));
        if sleep.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        if let Some((how, connection)) = &self.cut {
            connection.cut_now(*how);
            return Poll::Pending;
        }
        Poll::Ready(self.rest.take().filter(|rest| !rest.is_empty()).map(|rest| Ok(Frame::data(rest))))
    }

    fn size_hint(&self) -> SizeHint {
        let left = [&self.start, &self.rest].into_iter().flatten().map(Bytes::len).sum::<usize>();
        SizeHint::with_exact(u64::try_from(left).unwrap_or(u64::MAX))
    }

    fn is_end_stream(&self) -> bool {
        self.start.is_none() && self.rest.is_none()
    }
}
