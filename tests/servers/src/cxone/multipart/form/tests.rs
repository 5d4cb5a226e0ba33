//! Forms as they arrive, cut anywhere.

use super::*;

const FILE: &str = "Content-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf";
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
fn valid_form_is_read_completely() {
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
fn auto_scan_is_true_or_false() {
    for wrong in ["", "True", "true\r\n", "1", "\"true\""] {
        let seen = faults(&[(FILE, "x"), (METADATA, "{}"), (AUTO_SCAN, wrong)]);
        assert_eq!(seen, [ViolationKind::AutoScan], "{wrong:?}");
    }
}

#[test]
fn form_without_a_boundary_is_refused() {
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
fn truncated_body_is_an_error_only_in_a_complete_request() {
    let half = |whole| {
        let mut form = Form::new(Some(&HeaderValue::from_static("multipart/form-data; boundary=B")), None);
        form.push(format!("--B\r\n{FILE}\r\n\r\nabc").as_bytes());
        form.finish(whole)
    };
    assert_eq!(half(false).faults, []);
    assert_eq!(half(false).upload.sha256, None);
    assert!(matches!(half(true).faults.as_slice(), [(ViolationKind::MultipartFraming, _)]));
}
