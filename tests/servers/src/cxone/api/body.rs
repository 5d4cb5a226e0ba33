//! Reads an upload's body at the pace that a script sets.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;

use crate::cxone::scripts::{CutAt, UploadAct};

/// Where reading ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyEnd {
    /// At the end of the body.
    Whole,
    /// Where the client ended the connection.
    Aborted,
    /// Where the script cuts the connection.
    CutHere,
}

/// Reads the body, gives each piece to `take`, and counts its bytes.
pub(super) async fn read(mut body: Body, act: &UploadAct, mut take: impl FnMut(&[u8])) -> (u64, BodyEnd) {
    let (mut stall, mut cut_after, mut pause) = (None, None, Duration::ZERO);
    match act {
        UploadAct::Stall { after_bytes, ms } => stall = Some((*after_bytes, Duration::from_millis(*ms))),
        UploadAct::Cut { at: CutAt::AfterBytes(bytes), .. } => cut_after = Some(*bytes),
        UploadAct::AcceptEarly { pause_ms, .. } => pause = Duration::from_millis(*pause_ms),
        _ => {}
    }
    let mut count = 0;
    loop {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        if let Some((_, pause)) = stall.take_if(|(after, _)| count >= *after) {
            tokio::time::sleep(pause).await;
        }
        if cut_after.is_some_and(|bytes| count >= bytes) {
            return (count, BodyEnd::CutHere);
        }
        match body.frame().await {
            None => break,
            Some(Err(_)) => return (count, BodyEnd::Aborted),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    count += u64::try_from(data.len()).unwrap_or(u64::MAX);
                    take(&data);
                }
            }
        }
    }
    let end = if cut_after.is_some() { BodyEnd::CutHere } else { BodyEnd::Whole };
    (count, end)
}
