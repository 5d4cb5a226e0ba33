use servers::cxone::ViolationKind;

use super::fixture::{Fixture, Upload, chunked};

/// Sends a changed form and gives the answer's status with the kinds of violations.
async fn send(change: impl Fn(String) -> String) -> (u16, Vec<ViolationKind>) {
    let fixture = Fixture::new().await;
    let upload = Upload::of("INT-1", "k1");
    let form = String::from_utf8(upload.form()).unwrap();
    let changed = change(form.clone());
    assert_ne!(changed, form, "the test changes nothing");
    let status = fixture.send(&upload.head(&fixture.token, None), &chunked(changed.as_bytes())).await.status();
    let violations = fixture.control.violations(Some("INT-1")).await.unwrap();
    assert_eq!(fixture.control.attachments(None).await.unwrap(), []);
    (status, violations.into_iter().map(|violation| violation.kind).collect())
}

#[tokio::test]
async fn malformed_forms_are_refused_with_a_violation() {
    use ViolationKind::{AutoScan, Metadata, MultipartFraming, PartHeaders, Parts};
    let extra =
        "\r\n--xYz\r\nContent-Disposition: form-data; name=\"autoScan\"\r\nContent-Type: text/plain\r\n\r\ntrue";
    let cases: [(&str, &str, ViolationKind); 15] = [
        ("\r\n--xYz--", &format!("{extra}\r\n--xYz--"), Parts),
        ("\r\n--xYz--", &format!("{}\r\n--xYz--", extra.replace("autoScan", "other")), Parts),
        ("--xYz\r\n", "preamble\r\n--xYz\r\n", MultipartFraming),
        ("--xYz--\r\n", "--xYz--\r\nmore", MultipartFraming),
        ("\r\n--xYz--\r\n", "", MultipartFraming),
        ("\r\n--xYz--\r\n", "\r\n--xY", MultipartFraming),
        (
            "--xYz\r\nContent-Disposition: form-data; name=\"file\"",
            "x--xYz\r\nContent-Disposition: form-data; name=\"file\"",
            MultipartFraming,
        ),
        ("name=\"metadata\"", "name=\"meta\"", Parts),
        ("name=\"autoScan\"", "name=\"autoscan\"", Parts),
        ("name=\"file\"; filename=\"año 1+1 (final).pdf\"", "name=\"file\"", PartHeaders),
        ("filename=\"año 1+1 (final).pdf\"", "filename*=UTF-8''a.pdf", PartHeaders),
        ("Content-Type: text/plain\r\n", "", PartHeaders),
        ("\"7\"", "7", Metadata),
        (r#"{"case""#, r#"{"case":{},"x""#, Metadata),
        ("\r\n\r\ntrue", "\r\n\r\nTRUE", AutoScan),
    ];
    for (from, to, kind) in cases {
        let (status, kinds) = send(|form| form.replacen(from, to, 1)).await;
        assert_eq!((status, kinds.first()), (400, Some(&kind)), "{from:?} -> {to:?}");
    }
}

#[tokio::test]
async fn upload_with_another_content_type_is_refused() {
    let fixture = Fixture::new().await;
    let upload = Upload::of("INT-1", "k1");
    let (head, body) = upload.request(&fixture.token);
    let head = head.replace("multipart/form-data; boundary=xYz", "application/octet-stream");
    assert_eq!(fixture.send(&head, &body).await.status(), 400);
    assert_eq!(fixture.control.violations(None).await.unwrap()[0].kind, ViolationKind::ContentType);
}

#[tokio::test]
async fn escaped_file_names_are_decoded_and_shown_raw() {
    let fixture = Fixture::new().await;
    let upload = Upload { file_name: "%22q%22 100%25 日本.pdf", ..Upload::of("INT-1", "k1") };
    assert_eq!(fixture.upload(&upload).await.status(), 202);
    let request = fixture.control.requests(Some("INT-1"), None).await.unwrap().remove(0);
    let upload = request.upload.unwrap();
    assert_eq!(upload.file_name_raw.as_deref(), Some("%22q%22 100%25 日本.pdf"));
    assert_eq!(upload.file_name.as_deref(), Some("\"q\" 100%25 日本.pdf"));
}
