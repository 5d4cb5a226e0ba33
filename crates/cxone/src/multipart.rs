//! The body of an upload: the file's stream between two small buffers, which contain the other parts. The file's frames are
//! neither copied nor split.

use std::{
    error::Error,
    fmt,
    pin::Pin,
    str::FromStr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::UploadContent;

type BoxError = Box<dyn Error + Send + Sync>;

/// Separates the parts of an upload. A producer who guessed it could add parts to the upload. So it contains 128 bits from the
/// operating system's random generator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Boundary(String);

/// The operating system's random generator failed.
#[derive(Debug, thiserror::Error)]
#[error("the operating system's random generator failed")]
pub struct NoRandomness(#[source] getrandom::Error);

/// The text is not a boundary that this crate generates.
#[derive(Debug, thiserror::Error)]
#[error("a boundary must be `cxone-` and 32 hexadecimal digits")]
pub struct InvalidBoundary;

impl Boundary {
    /// Generates a boundary.
    ///
    /// # Errors
    /// [`NoRandomness`] if the random generator fails. The caller must send nothing then.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut random = [0; 16];
        getrandom::getrandom(&mut random).map_err(NoRandomness)?;
        Ok(Self(format!("cxone-{:032x}", u128::from_be_bytes(random))))
    }

    /// The boundary as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Boundary {
    type Err = InvalidBoundary;

    fn from_str(text: &str) -> Result<Self, InvalidBoundary> {
        let digits = text.strip_prefix("cxone-").ok_or(InvalidBoundary)?;
        let hexadecimal = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if digits.len() == 32 && hexadecimal { Ok(Self(text.to_owned())) } else { Err(InvalidBoundary) }
    }
}

impl TryFrom<String> for Boundary {
    type Error = InvalidBoundary;

    fn try_from(text: String) -> Result<Self, InvalidBoundary> {
        text.parse()
    }
}

impl From<Boundary> for String {
    fn from(boundary: Boundary) -> Self {
        boundary.0
    }
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The bytes of the body before and after the file.
pub(crate) struct Envelope {
    preamble: Bytes,
    epilogue: Bytes,
}

impl Envelope {
    pub(crate) fn new(content: &UploadContent) -> serde_json::Result<Self> {
        let UploadContent { boundary, content_type, auto_scan, .. } = content;
        let name = quoted(&content.file_name);
        let metadata = serde_json::to_string(&content.tags)?;
        let preamble = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: {content_type}\r\n\r\n"
        );
        let epilogue = format!(
            "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\
             Content-Type: application/json\r\n\r\n{metadata}\
             \r\n--{boundary}\r\nContent-Disposition: form-data; name=\"autoScan\"\r\n\
             Content-Type: text/plain\r\n\r\n{auto_scan}\r\n--{boundary}--\r\n"
        );
        Ok(Self { preamble: preamble.into(), epilogue: epilogue.into() })
    }

    pub(crate) fn length_around(&self, size: u64) -> u64 {
        size + self.preamble.len() as u64 + self.epilogue.len() as u64
    }
}

/// Escapes a file name as browsers do: the three characters that would end the quotes or the line become `%XX`. The rest stays
/// UTF-8.
fn quoted(file_name: &str) -> String {
    file_name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// How much of a body the connection has got. This decides about a broken connection or an early response.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    handed_over: AtomicBool,
    stopped: AtomicBool,
    ended: AtomicBool,
    end: Notify,
    source_fault: Mutex<Option<String>>,
}

impl Progress {
    /// Whether every byte was handed to the connection. If so, CXone may have the file, also if the attempt fails later.
    pub(crate) fn sent_whole(&self) -> bool {
        self.handed_over.load(Ordering::Acquire)
    }

    /// Stops sending, so that no two uploads of an object run at the same time.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    /// Waits until the body is handed over, or until the connection drops it.
    pub(crate) async fn ended(&self) {
        loop {
            let end = self.end.notified();
            if self.ended.load(Ordering::Acquire) {
                return;
            }
            end.await;
        }
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.end.notify_waiters();
    }

    /// Why the file could not be read.
    pub(crate) fn source_fault(&self) -> Option<String> {
        self.source_fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

enum Stage {
    Preamble,
    File,
    Done,
}

/// Sends preamble, file and epilogue. The file must have exactly the given size. If it has fewer or more bytes, or the source
/// fails, the body ends with an error, so that CXone never gets a closing boundary after a damaged file.
pub(crate) struct MultipartBody<B> {
    envelope: Envelope,
    source: B,
    left: u64,
    announced: Option<u64>,
    stage: Stage,
    progress: Arc<Progress>,
}

impl<B> MultipartBody<B> {
    /// `announced` is the length of the whole body for `Content-Length`. For chunked framing it must be None.
    pub(crate) fn new(
        envelope: Envelope,
        source: B,
        size: u64,
        announced: Option<u64>,
        progress: Arc<Progress>,
    ) -> Self {
        Self { envelope, source, left: size, announced, stage: Stage::Preamble, progress }
    }

    fn fail(&mut self, fault: String) -> BoxError {
        self.stage = Stage::Done;
        *self.progress.source_fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault.clone());
        fault.into()
    }
}

impl<B> Drop for MultipartBody<B> {
    fn drop(&mut self) {
        self.progress.end();
    }
}

impl<B> Body for MultipartBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if this.progress.stopped.load(Ordering::Acquire) && !matches!(this.stage, Stage::Done) {
            this.stage = Stage::Done;
            return Poll::Ready(Some(Err("CXone answered before the whole file was sent".into())));
        }
        match this.stage {
            Stage::Preamble => {
                this.stage = Stage::File;
                Poll::Ready(Some(Ok(Frame::data(this.envelope.preamble.clone()))))
            }
            Stage::File => loop {
                match ready!(Pin::new(&mut this.source).poll_frame(context)) {
                    Some(Ok(frame)) => {
                        // Ignore trailers.
                        let Ok(data) = frame.into_data() else { continue };
                        let Some(left) = this.left.checked_sub(data.len() as u64) else {
                            let fault = "the object has more bytes than its length says".to_owned();
                            return Poll::Ready(Some(Err(this.fail(fault))));
                        };
                        this.left = left;
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                    Some(Err(error)) => {
                        let error: BoxError = error.into();
                        let fault = match error.source() {
                            Some(_) => format!("{error}: {}", attachments::causes(error.as_ref())),
                            None => error.to_string(),
                        };
                        return Poll::Ready(Some(Err(this.fail(fault))));
                    }
                    None if this.left > 0 => {
                        let fault = format!("the object ended {} bytes early", this.left);
                        return Poll::Ready(Some(Err(this.fail(fault))));
                    }
                    None => {
                        this.stage = Stage::Done;
                        this.progress.handed_over.store(true, Ordering::Release);
                        return Poll::Ready(Some(Ok(Frame::data(this.envelope.epilogue.clone()))));
                    }
                }
            },
            Stage::Done => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    fn content(file_name: &str, tags: &BTreeMap<String, String>) -> UploadContent {
        UploadContent {
            boundary: Boundary::generate().unwrap(),
            interaction_id: "INT-1".parse().unwrap(),
            file_name: file_name.to_owned(),
            content_type: "application/pdf".to_owned(),
            tags: tags.clone(),
            auto_scan: true,
        }
    }

    #[test]
    fn file_name_cannot_end_its_quotes() {
        assert_eq!(quoted("a\"; x=\"b.pdf\r\n"), "a%22; x=%22b.pdf%0D%0A");
        assert_eq!(quoted("año 1+1 (final).pdf"), "año 1+1 (final).pdf");
    }

    #[test]
    fn boundaries_differ_and_read_back() {
        let boundary = Boundary::generate().unwrap();
        assert_ne!(boundary, Boundary::generate().unwrap());
        let json = serde_json::to_string(&boundary).unwrap();
        assert_eq!(serde_json::from_str::<Boundary>(&json).unwrap(), boundary);
    }

    #[test]
    fn boundary_of_another_form_is_refused() {
        let digits = "0".repeat(32);
        for text in [String::new(), digits.clone(), format!("cxone-{digits}0"), format!("cxone-{}\r\n", &digits[2..])] {
            assert!(text.parse::<Boundary>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_name_and_tags_leave_the_form_intact(
            name in "[\"\r\n\\\\%;a-zé-]{0,30}",
            tags in btree_map("[\"\r\na-zé-]{0,8}", "[\"\r\na-zé-]{0,20}", 0..4),
        ) {
            let envelope = Envelope::new(&content(&name, &tags)).unwrap();
            let lines = |bytes: &Bytes| -> Vec<String> {
                std::str::from_utf8(bytes).unwrap().split("\r\n").map(str::to_owned).collect()
            };
            let (front, back) = (lines(&envelope.preamble), lines(&envelope.epilogue));
            prop_assert_eq!((front.len(), back.len()), (5, 13), "{:?} {:?}", front, back);
            prop_assert_eq!(front[1].matches('"').count(), 4, "{}", &front[1]);
            prop_assert!(!front[1].contains('\n') && !back[5].contains('\n'));
            let read: BTreeMap<String, String> = serde_json::from_str(&back[5]).unwrap();
            prop_assert_eq!(read, tags);
        }
    }
}
