use super::*;
use crate::fake_aws::{FakeAws, refused, response};

fn answer(status: &str) -> Vec<u8> {
    response(b"", format!("<VersioningConfiguration>{status}</VersioningConfiguration>").as_bytes())
}

fn object(version: ObjectVersion) -> ObjectRef {
    ObjectRef::new("drop", "interactions/INT/a.pdf", version).unwrap()
}

fn without_version() -> ObjectRef {
    object(ObjectVersion::Unversioned { etag: "e".to_owned(), sequencer: "01".to_owned() })
}

#[tokio::test]
async fn event_without_version_id_is_refused_in_versioned_bucket_only() {
    for (status, versioned) in [("<Status>Enabled</Status>", true), ("<Status>Suspended</Status>", false), ("", false)]
    {
        let aws = FakeAws::new(move |_| answer(status)).await;
        let bucket = IngestBucket::new(aws.s3(), "drop".to_owned());
        for _ in 0..3 {
            let refusal = bucket.refusal(&without_version()).await.unwrap();
            assert_eq!(refusal.is_some(), versioned, "{status}");
            assert!(refusal.is_none_or(|reason| reason.contains("no version id")), "{status}");
        }
        assert_eq!(aws.count("GET /drop/?versioning"), 1, "{status}: the answer is remembered");
    }
}

#[tokio::test]
async fn event_with_version_id_is_admitted_without_a_call() {
    let aws = FakeAws::new(|_| refused(403)).await;
    let bucket = IngestBucket::new(aws.s3(), "drop".to_owned());
    assert_eq!(bucket.refusal(&object(ObjectVersion::Id("v1".to_owned()))).await, Ok(None));
    assert_eq!(aws.count("GET"), 0);
}

#[tokio::test]
async fn failed_versioning_call_is_an_error_and_is_repeated() {
    let aws = FakeAws::new(|_| refused(403)).await;
    let bucket = IngestBucket::new(aws.s3(), "drop".to_owned());
    for asked in 1..3 {
        let fault = bucket.refusal(&without_version()).await.unwrap_err();
        assert!(fault.contains("s3:GetBucketVersioning"), "{fault}");
        assert_eq!(aws.count("GET"), asked);
    }
}
