//! An attack on the boundary: a producer computes the numbers of a weak generator, ends the file's part and adds parts.

use bytes::Bytes;
use cxone::Boundary;

use crate::fixture::{Fixture, PDF, Upload};

/// The attacker writes this many boundaries, computed from a leaked number.
const CANDIDATES: usize = 450;

/// Ends the file's part and adds the attacker's parts, if this is the boundary.
fn injected(boundary: &str) -> String {
    format!(
        "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"payload.exe\"\r\n\
         Content-Type: application/octet-stream\r\n\r\nMZ\r\n--{boundary}\r\n\
         Content-Disposition: form-data; name=\"metadata\"\r\nContent-Type: application/json\r\n\r\n{{}}\r\n--{boundary}\r\n\
         Content-Disposition: form-data; name=\"autoScan\"\r\nContent-Type: text/plain\r\n\r\nfalse\r\n--{boundary}--\r\n"
    )
}

fn file(boundaries: impl IntoIterator<Item = String>) -> Bytes {
    let parts: String = boundaries.into_iter().map(|boundary| injected(&boundary)).collect();
    [PDF, parts.as_bytes(), b"%%EOF\n"].concat().into()
}

/// The test sets the seed of the thread's weak generator. An attacker could compute the seed from a leaked number.
#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the attack needs the generator that is banned"
)]
fn predicted() -> Vec<String> {
    let seed = 0x0dd_ba11;
    fastrand::seed(seed);
    let mut copy = fastrand::Rng::with_seed(seed);
    let numbers: Vec<u64> = (0..=CANDIDATES).map(|_| copy.u64(..)).collect();
    numbers.windows(2).map(|two| format!("cxone-{:016x}{:016x}", two[0], two[1])).collect()
}

#[tokio::test]
async fn file_with_450_predicted_boundaries_arrives_as_one_part() {
    let fixture = Fixture::new();
    let predicted = predicted();
    assert_eq!(predicted.len(), CANDIDATES);
    let mut upload = Upload { bytes: file(predicted.clone()), ..Upload::to("INT-1") };
    upload.content.boundary = Boundary::generate().unwrap();
    assert!(!predicted.contains(&upload.content.boundary.to_string()), "the boundary was predicted");
    fixture.send(&upload).await.job();
    let stored = fixture.control.attachments(None).await.unwrap().remove(0);
    assert_eq!((stored.sha256, stored.auto_scan), (upload.sha256(), true));
    assert_eq!(stored.file_name, "letter.pdf");
    let record = fixture.uploads("INT-1").await.remove(0).upload.unwrap();
    let names: Vec<_> = record.parts.iter().map(|part| part.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["file", "metadata", "autoScan"]);
}

/// Shows that the stand-in detects the attack.
#[tokio::test]
async fn stand_in_refuses_a_file_that_contains_its_boundary() {
    let fixture = Fixture::new();
    let mut upload = Upload::to("INT-1");
    upload.bytes = file([upload.content.boundary.to_string()]);
    let sent = fixture.send(&upload).await;
    assert_eq!(sent.seen().0, "cxone_400", "{sent:?}");
    let violations = fixture.control.violations(None).await.unwrap();
    assert!(!violations.is_empty() && fixture.control.attachments(None).await.unwrap().is_empty(), "{violations:?}");
}

#[test]
fn boundaries_are_random_in_every_bit() {
    let numbers: Vec<u128> = (0..256)
        .map(|_| Boundary::generate().unwrap())
        .map(|boundary| u128::from_str_radix(boundary.as_str().strip_prefix("cxone-").unwrap(), 16).unwrap())
        .collect();
    for bit in 0..128 {
        let ones = numbers.iter().filter(|number| *number >> bit & 1 == 1).count();
        // Eight standard deviations.
        assert!((64..=192).contains(&ones), "bit {bit} is set in {ones} of 256");
    }
}
