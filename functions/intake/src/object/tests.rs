//! The age at which intake gives up an object, with a clock that the test sets.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use attachments::{ObjectRef, ObjectVersion, Timestamp};
use host::Clock;

use super::*;
use crate::fake_aws::{FakeAws, first_lease, refused_saying, response};

/// S3's error for an object whose KMS key the role may not use.
const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>User: arn:aws:sts::123456789012:assumed-role/intake/intake is \
                      not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-central-1:123456789012:key/1\
                      </Message></Error>";

/// Processes an object that intake first saw `age_seconds` ago and cannot decrypt. Returns the fake AWS with its requests.
async fn undecryptable_object_of_age(age_seconds: i64) -> (Finish, FakeAws) {
    let aws = FakeAws::new(|head| match head {
        _ if head.starts_with("GET /drop/") => refused_saying(403, DENIED),
        _ => response(b"", b"{}"),
    })
    .await;
    let version = ObjectVersion::Id("v1".to_owned());
    let object = ObjectRef::new("drop", "interactions/INT-1/a.pdf", version).unwrap();
    let first_seen = Timestamp::from_unix_seconds(1_795_000_000);
    let lease = first_lease(object.identity(), first_seen);
    let clock = Clock::showing(first_seen.plus_millis(age_seconds * 1000));
    let times = Times::within(Duration::from_secs(3), clock);
    let notification = Notification { object, event_time: None };
    let finish = run_claimed(&aws.intake("http://127.0.0.1:9/api/v2"), &notification, lease, &times).await;
    (finish, aws)
}

#[tokio::test]
async fn undecryptable_object_is_given_up_after_an_hour() {
    let (finish, aws) = undecryptable_object_of_age(3_600).await;
    assert!(matches!(finish, Finish::Finished { execution_name: Some(_) }), "{finish:?}");
    assert_eq!(aws.count("StartExecution"), 1);
    assert_eq!(aws.count_with_body("UpdateItem", "object_unreadable"), 1);
    assert_eq!(aws.count_with_body("UpdateItem", "given up after 3600 s"), 1);
}

#[tokio::test]
async fn younger_undecryptable_object_is_released_for_a_retry() {
    let (finish, aws) = undecryptable_object_of_age(3_598).await;
    assert!(matches!(finish, Finish::Unfinished { outage: false, .. }), "{finish:?}");
    assert_eq!(aws.count("StartExecution"), 0);
    assert_eq!(aws.count_with_body("UpdateItem", "KMS key"), 1);
}

/// What the code under test logs on this thread while the guard lives.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn capture(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        tracing::subscriber::set_default(tracing_subscriber::fmt().json().with_writer(move || log.clone()).finish())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn run_after_a_crash_logs_the_key_and_names_the_crashed_request_in_log_and_ledger() {
    let log = Log::default();
    let _guard = log.capture();
    let aws = FakeAws::new(|head| match head {
        _ if head.starts_with("GET /drop/") => refused_saying(403, DENIED),
        _ => response(b"", b"{}"),
    })
    .await;
    let object = ObjectRef::new("drop", "interactions/INT-1/a.pdf", ObjectVersion::Id("v1".to_owned())).unwrap();
    let clock = Clock::of_system();
    let lease = Lease {
        attempt: 2,
        crashes: 1,
        crashed_run: Some("request-7".to_owned()),
        ..first_lease(object.identity(), clock.now())
    };
    let notification = Notification { object, event_time: None };
    let times = Times::within(Duration::from_secs(3), clock);
    run_claimed(&aws.intake("http://127.0.0.1:9/api/v2"), &notification, lease, &times).await;
    assert_eq!(aws.count_with_body("UpdateItem", "the request request-7"), 1);
    let log = log.text();
    let claimed = log.lines().find(|line| line.contains("\"claimed\"")).unwrap();
    assert!(claimed.contains("interactions/INT-1/a.pdf"), "{claimed}");
    assert!(log.contains("\"crashed_request_id\":\"request-7\""), "{log}");
}
