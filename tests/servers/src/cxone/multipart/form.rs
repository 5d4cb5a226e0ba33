//! The three parts of an upload, checked as they stream in.

#[cfg(test)]
mod tests;

use http::HeaderValue;
use sha2::{Digest as _, Sha256};

use super::{Event, Reader, disposition, metadata::FlatObject};
use crate::cxone::{
    eicar::Scanner,
    keep::PartialFile,
    records::{PartRecord, UploadRecord, ViolationKind},
};

/// The parts in the required order, each with its required media type.
const PARTS: [(&str, Option<&str>); 3] =
    [("file", None), ("metadata", Some("application/json")), ("autoScan", Some("text/plain"))];
/// The most bytes of each of the two small parts.
const SMALL_PART_LIMIT: usize = 64 * 1024;

/// An upload's body as it streams in.
pub(crate) struct Form {
    /// None once the body turned out not to be multipart. The rest is only counted.
    reader: Option<Reader>,
    parts: Parts,
}

/// The content of a body.
pub(crate) struct Received {
    /// Without `stored`, `replayed` and `job_id`.
    pub(crate) upload: UploadRecord,
    pub(crate) faults: Vec<(ViolationKind, String)>,
    /// The file's bytes, if they are to be kept.
    pub(crate) kept: Option<PartialFile>,
    /// Of the whole body; the caller sets it.
    pub(crate) body_sha256: Option<String>,
}

struct Parts {
    upload: UploadRecord,
    faults: Vec<(ViolationKind, String)>,
    digest: Sha256,
    scanner: Scanner,
    kept: Option<PartialFile>,
    /// The body of the small part that is being read.
    small: Vec<u8>,
}

impl Form {
    /// `content_type` is the request's header.
    pub(crate) fn new(content_type: Option<&HeaderValue>, kept: Option<PartialFile>) -> Self {
        let mut parts = Parts {
            upload: UploadRecord::default(),
            faults: Vec::new(),
            digest: Sha256::new(),
            scanner: Scanner::new(),
            kept,
            small: Vec::new(),
        };
        let reader = match boundary(content_type) {
            Ok(boundary) => Some(Reader::new(&boundary)),
            Err(fault) => {
                parts.fault(ViolationKind::ContentType, fault);
                None
            }
        };
        Self { reader, parts }
    }

    /// Reads the next piece of the body.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        let Some(reader) = &mut self.reader else { return };
        let parts = &mut self.parts;
        if let Err(fault) = reader.push(piece, |event| parts.met(event)) {
            parts.fault(ViolationKind::MultipartFraming, fault.to_string());
            self.reader = None;
        }
    }

    /// The body has ended. `whole` is false if the client ended the connection, which is not an error of the form.
    pub(crate) fn finish(self, whole: bool) -> Received {
        let mut parts = self.parts;
        if let Some(reader) = self.reader.filter(|_| whole) {
            if let Err(fault) = reader.finish() {
                parts.fault(ViolationKind::MultipartFraming, fault.to_string());
            } else if parts.upload.parts.len() < PARTS.len() {
                let count = parts.upload.parts.len();
                parts.fault(ViolationKind::Parts, format!("{count} parts instead of three"));
            }
        }
        Received { upload: parts.upload, faults: parts.faults, kept: parts.kept, body_sha256: None }
    }
}

impl Parts {
    fn fault(&mut self, kind: ViolationKind, text: impl Into<String>) {
        self.faults.push((kind, text.into()));
    }

    fn met(&mut self, event: Event<'_>) {
        match event {
            Event::Part(headers) => self.begin(&headers),
            Event::Data(bytes) => self.data(bytes),
            Event::PartEnd => self.end(),
        }
    }

    fn begin(&mut self, headers: &[(String, Vec<u8>)]) {
        let index = self.upload.parts.len();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let shown = headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        let mut part = PartRecord { name: None, headers: shown, size: 0 };
        for (position, (name, _)) in headers.iter().enumerate() {
            let repeated = headers.iter().take(position).any(|(earlier, _)| earlier == name);
            if repeated || !matches!(name.as_str(), "content-disposition" | "content-type") {
                self.fault(ViolationKind::PartHeaders, format!("part {index} has an unexpected or second {name}"));
            }
        }
        let value = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_slice());
        let names = value("content-disposition").map_or(Err("no Content-Disposition".to_owned()), disposition::parse);
        match names {
            Ok(names) => {
                self.check_names(index, &names.name, names.file_name);
                part.name = Some(names.name);
            }
            Err(fault) => self.fault(ViolationKind::PartHeaders, format!("part {index}: {fault}")),
        }
        self.check_type(index, value("content-type").map(text));
        self.upload.parts.push(part);
    }

    fn check_names(&mut self, index: usize, name: &str, file_name: Option<String>) {
        let expected = PARTS.get(index).map(|(expected, _)| *expected);
        if expected != Some(name) {
            let expected = expected.unwrap_or("the end");
            self.fault(ViolationKind::Parts, format!("part {index} is {name:?} and not {expected}"));
        }
        if index > 0 {
            if file_name.is_some() {
                self.fault(ViolationKind::PartHeaders, format!("{name} has a filename"));
            }
            return;
        }
        if file_name.as_deref().unwrap_or_default().is_empty() {
            self.fault(ViolationKind::PartHeaders, format!("{name} has no filename"));
        }
        self.upload.file_name = file_name.as_deref().map(disposition::decode_file_name);
        self.upload.file_name_raw = file_name;
    }

    fn check_type(&mut self, index: usize, content_type: Option<String>) {
        let essence = content_type.as_deref().and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        let Some((name, expected)) = PARTS.get(index) else { return };
        if essence.is_empty() {
            self.fault(ViolationKind::PartHeaders, format!("{name} has no Content-Type"));
        } else if expected.is_some_and(|expected| !essence.eq_ignore_ascii_case(expected)) {
            self.fault(ViolationKind::PartHeaders, format!("{name} has the Content-Type {essence:?}"));
        }
        if index == 0 {
            self.upload.content_type = content_type;
        }
    }

    fn data(&mut self, bytes: &[u8]) {
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if let Some(part) = self.upload.parts.last_mut() {
            part.size += count;
        }
        if self.upload.parts.len() == 1 {
            self.upload.size += count;
            self.digest.update(bytes);
            self.scanner.push(bytes);
            if let Some(kept) = &mut self.kept {
                kept.write(bytes);
            }
        } else if self.small.len() <= SMALL_PART_LIMIT {
            self.small.extend_from_slice(bytes);
        }
    }

    fn end(&mut self) {
        let small = std::mem::take(&mut self.small);
        match self.upload.parts.len() {
            1 => {
                self.upload.sha256 = Some(hex::encode(self.digest.finalize_reset()));
                self.upload.infected = self.scanner.found();
            }
            _ if small.len() > SMALL_PART_LIMIT => {
                self.fault(ViolationKind::Parts, "metadata or autoScan is longer than 64 KiB");
            }
            2 => match serde_json::from_slice::<FlatObject>(&small) {
                Ok(FlatObject(pairs)) => self.upload.metadata = Some(pairs),
                Err(fault) => self.fault(ViolationKind::Metadata, format!("metadata: {fault}")),
            },
            3 => match small.as_slice() {
                b"true" => self.upload.auto_scan = Some(true),
                b"false" => self.upload.auto_scan = Some(false),
                other => {
                    let text = String::from_utf8_lossy(other).into_owned();
                    self.fault(ViolationKind::AutoScan, format!("autoScan is {text:?}"));
                }
            },
            _ => {}
        }
    }
}

fn boundary(content_type: Option<&HeaderValue>) -> Result<String, String> {
    let text = content_type.ok_or("no Content-Type")?.to_str().map_err(|_| "Content-Type is not ASCII")?;
    let (essence, parameters) = text.split_once(';').ok_or_else(|| format!("Content-Type {text:?} has no boundary"))?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Err(format!("Content-Type is {essence:?} and not multipart/form-data"));
    }
    let (name, value) = parameters.trim().split_once('=').ok_or("Content-Type has no boundary")?;
    let boundary = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte);
    if !name.eq_ignore_ascii_case("boundary") || !(1..=70).contains(&boundary.len()) || !boundary.bytes().all(allowed) {
        return Err(format!("Content-Type has no proper boundary: {text:?}"));
    }
    Ok(boundary.to_owned())
}
