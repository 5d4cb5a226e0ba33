//! The upload's body: three parts, the file streamed between two small buffers, never copied or cut anew.

use std::{
    collections::BTreeMap,
    error::Error,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

type BoxError = Box<dyn Error + Send + Sync>;

/// What surrounds the file's bytes.
pub(crate) struct Envelope {
    pub(crate) boundary: String,
    preamble: Bytes,
    epilogue: Bytes,
}

impl Envelope {
    pub(crate) fn new(
        file_name: &str,
        content_type: &str,
        tags: &BTreeMap<String, String>,
        auto_scan: bool,
    ) -> serde_json::Result<Self> {
        // Not guessable by whoever wrote the file, so that no content can end its part and begin another.
        let boundary = format!("cxone-{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        let name = quoted(file_name);
        let metadata = serde_json::to_string(tags)?;
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
        Ok(Self { boundary, preamble: preamble.into(), epilogue: epilogue.into() })
    }

    pub(crate) fn length_around(&self, size: u64) -> u64 {
        size + self.preamble.len() as u64 + self.epilogue.len() as u64
    }
}

/// A file name inside quotes as browsers write it: UTF-8 as it is, and the three characters that would end the quotes or the
/// line as `%XX`.
fn quoted(file_name: &str) -> String {
    file_name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// How far a body got, for whoever must judge a broken connection.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    handed_over: AtomicBool,
    refused: AtomicBool,
    source_fault: Mutex<Option<String>>,
}

impl Progress {
    /// Every byte was handed to the connection: CXone may have the file, whatever happened then.
    pub(crate) fn sent_whole(&self) -> bool {
        self.handed_over.load(Ordering::Acquire)
    }

    /// CXone's answer brings no job: what is not sent yet shall not be, since the next try may begin.
    pub(crate) fn refuse(&self) {
        self.refused.store(true, Ordering::Release);
    }

    /// What went wrong with reading the file.
    pub(crate) fn source_fault(&self) -> Option<String> {
        self.source_fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

enum Stage {
    Preamble,
    File,
    Done,
}

/// Preamble, file, epilogue. The file must have exactly the announced size: fewer bytes, more bytes or an error of the source
/// end the body with an error, so that CXone never sees a closing boundary after a damaged file.
pub(crate) struct MultipartBody<B> {
    envelope: Envelope,
    source: B,
    left: u64,
    announced: Option<u64>,
    stage: Stage,
    progress: Arc<Progress>,
}

impl<B> MultipartBody<B> {
    /// `announced`: the whole length for `Content-Length`; none for chunked framing, where the length must stay hidden.
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

impl<B> Body for MultipartBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if this.progress.refused.load(Ordering::Acquire) && !matches!(this.stage, Stage::Done) {
            return Poll::Ready(Some(Err(this.fail("CXone answered before the file was sent whole".to_owned()))));
        }
        match this.stage {
            Stage::Preamble => {
                this.stage = Stage::File;
                Poll::Ready(Some(Ok(Frame::data(this.envelope.preamble.clone()))))
            }
            Stage::File => loop {
                match ready!(Pin::new(&mut this.source).poll_frame(context)) {
                    Some(Ok(frame)) => {
                        // Trailers say nothing about the file.
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
    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    #[test]
    fn a_file_name_cannot_end_its_quotes() {
        assert_eq!(quoted("a\"; x=\"b.pdf\r\n"), "a%22; x=%22b.pdf%0D%0A");
        assert_eq!(quoted("año 1+1 (final).pdf"), "año 1+1 (final).pdf");
    }

    #[test]
    fn boundaries_differ() {
        let envelope = || Envelope::new("a.pdf", "application/pdf", &BTreeMap::new(), true).unwrap();
        assert_ne!(envelope().boundary, envelope().boundary);
    }

    proptest! {
        #[test]
        fn no_name_and_no_tag_changes_the_form(
            name in "[\"\r\n\\\\%;a-zé-]{0,30}",
            tags in btree_map("[\"\r\na-zé-]{0,8}", "[\"\r\na-zé-]{0,20}", 0..4),
        ) {
            let envelope = Envelope::new(&name, "application/pdf", &tags, true).unwrap();
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
