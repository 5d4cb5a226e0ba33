//! The three parts of an upload, checked as they stream in.

use http::HeaderValue;
use sha2::{Digest as _, Sha256};

use super::{Event, Reader, disposition, metadata::FlatObject};
use crate::{
    eicar::Scanner,
    keep::PartialFile,
    records::{PartRecord, UploadRecord, ViolationKind},
};

/// Parts in the order that the API demands, each with the media type that it must have.
const PARTS: [(&str, Option<&str>); 3] =
    [("file", None), ("metadata", Some("application/json")), ("autoScan", Some("text/plain"))];
/// The two small parts are held in memory up to this size.
const SMALL_PART_LIMIT: usize = 64 * 1024;

/// An upload's body as it streams in.
pub(crate) struct Form {
    /// None once the body proved not to be multipart; what follows is only counted.
    reader: Option<Reader>,
    parts: Parts,
}

/// What a body held.
pub(crate) struct Received {
    /// Without `stored`, `replayed` and `job_id`.
    pub(crate) upload: UploadRecord,
    pub(crate) faults: Vec<(ViolationKind, String)>,
    /// The file's bytes, if they are to be kept.
    pub(crate) kept: Option<PartialFile>,
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

    /// Takes the next piece of the body.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        let Some(reader) = &mut self.reader else { return };
        let parts = &mut self.parts;
        if let Err(fault) = reader.push(piece, |event| parts.met(event)) {
            parts.fault(ViolationKind::MultipartFraming, fault.to_string());
            self.reader = None;
        }
    }

    /// The body is over; `whole` is false if the client broke it off, which is no fault of the form.
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
        Received { upload: parts.upload, faults: parts.faults, kept: parts.kept }
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

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "Content-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf";
    const METADATA: &str = "Content-Disposition: form-data; name=\"metadata\"\r\nContent-Type: application/json";
    const AUTO_SCAN: &str = "Content-Disposition: form-data; name=\"autoScan\"\r\nContent-Type: text/plain";

    fn read(parts: &[(&str, &str)]) -> Received {
        let part = |(headers, content): &(&str, &str)| format!("--B\r\n{headers}\r\n\r\n{content}\r\n");
        let body = parts.iter().map(part).collect::<String>() + "--B--\r\n";
        let mut form = Form::new(Some(&HeaderValue::from_static("multipart/form-data; boundary=B")), None);
        for piece in body.as_bytes().chunks(11) {
            form.push(piece);
        }
        form.finish(true)
    }

    fn faults(parts: &[(&str, &str)]) -> Vec<ViolationKind> {
        read(parts).faults.into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn a_proper_form_is_read_whole() {
        let received = read(&[(FILE, "%PDF-"), (METADATA, r#"{"a":"1","b":"ü"}"#), (AUTO_SCAN, "false")]);
        assert_eq!(received.faults, []);
        let upload = received.upload;
        assert_eq!(upload.file_name.as_deref(), Some("a.pdf"));
        assert_eq!(upload.content_type.as_deref(), Some("application/pdf"));
        assert_eq!(upload.size, 5);
        assert_eq!(upload.sha256, Some(hex::encode(Sha256::digest(b"%PDF-"))));
        assert_eq!(upload.metadata.unwrap()["b"], "ü");
        assert_eq!(upload.auto_scan, Some(false));
        assert_eq!(upload.parts.iter().map(|part| part.size).collect::<Vec<_>>(), [5, 18, 5]);
    }

    #[test]
    fn order_and_number_of_parts_are_fixed() {
        use ViolationKind::Parts;
        let (file, metadata, scan) = ((FILE, "x"), (METADATA, "{}"), (AUTO_SCAN, "true"));
        assert_eq!(faults(&[file, metadata]), [Parts]);
        assert!(faults(&[metadata, file, scan]).contains(&Parts));
        assert!(faults(&[file, scan, metadata]).contains(&Parts));
        assert!(faults(&[file, metadata, scan, scan]).contains(&Parts));
        assert!(faults(&[file, file, metadata, scan]).contains(&Parts));
    }

    #[test]
    fn headers_of_parts_are_exact() {
        use ViolationKind::PartHeaders;
        let with_file = |headers: &str| faults(&[(headers, "x"), (METADATA, "{}"), (AUTO_SCAN, "true")]);
        assert_eq!(with_file(&FILE.replace("; filename=\"a.pdf\"", "")), [PartHeaders]);
        assert_eq!(with_file(&FILE.replace("a.pdf", "")), [PartHeaders]);
        assert_eq!(with_file(&FILE.replace("Content-Type: application/pdf", "X: y")), [PartHeaders, PartHeaders]);
        assert_eq!(with_file(&format!("{FILE}\r\nContent-Length: 1")), [PartHeaders]);
        assert_eq!(with_file(&format!("{FILE}\r\nContent-Type: a/b")), [PartHeaders]);
        let with_metadata = |headers: &str| faults(&[(FILE, "x"), (headers, "{}"), (AUTO_SCAN, "true")]);
        assert_eq!(with_metadata(&METADATA.replace("application/json", "text/json")), [PartHeaders]);
        assert_eq!(with_metadata(&METADATA.replace("\"metadata\"", "\"metadata\"; filename=\"m\"")), [PartHeaders]);
        assert_eq!(with_metadata(&METADATA.replace("/json", "/json; charset=utf-8")), []);
    }

    #[test]
    fn metadata_is_a_flat_object_of_strings() {
        for wrong in ["", "[]", "null", "{\"a\":1}", "{\"a\":{}}", "{\"a\":null}", r#"{"a":"1","a":"2"}"#, "{} {}"] {
            let seen = faults(&[(FILE, "x"), (METADATA, wrong), (AUTO_SCAN, "true")]);
            assert_eq!(seen, [ViolationKind::Metadata], "{wrong}");
        }
    }

    #[test]
    fn auto_scan_is_one_of_two_words() {
        for wrong in ["", "True", "true\r\n", "1", "\"true\""] {
            let seen = faults(&[(FILE, "x"), (METADATA, "{}"), (AUTO_SCAN, wrong)]);
            assert_eq!(seen, [ViolationKind::AutoScan], "{wrong:?}");
        }
    }

    #[test]
    fn a_boundary_is_needed() {
        for wrong in
            ["multipart/form-data", "multipart/mixed; boundary=B", "multipart/form-data; boundary=", "text/plain; x=y"]
        {
            let received = Form::new(Some(&HeaderValue::from_static(wrong)), None).finish(true);
            assert!(matches!(received.faults.as_slice(), [(ViolationKind::ContentType, _)]), "{wrong}");
        }
        assert_eq!(boundary(Some(&HeaderValue::from_static("multipart/form-data; boundary=\"a b\""))).ok(), None);
        assert_eq!(boundary(Some(&HeaderValue::from_static("multipart/form-data; boundary=\"a:b\""))).unwrap(), "a:b");
    }

    #[test]
    fn a_body_that_breaks_off_is_no_fault_unless_the_request_was_whole() {
        let half = |whole| {
            let mut form = Form::new(Some(&HeaderValue::from_static("multipart/form-data; boundary=B")), None);
            form.push(format!("--B\r\n{FILE}\r\n\r\nabc").as_bytes());
            form.finish(whole)
        };
        assert_eq!(half(false).faults, []);
        assert_eq!(half(false).upload.sha256, None);
        assert!(matches!(half(true).faults.as_slice(), [(ViolationKind::MultipartFraming, _)]));
    }
}
