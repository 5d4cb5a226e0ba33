//! How many uploads one object costs if CXone always gives the same response.

use attachments::{ObjectRef, ObjectVersion};
use events::Notification;
use futures_util::future::join_all;
use host::Clock;
use ledger::Lease;
use servers::{
    cxone::{AcceptedBody, Call, Control, CutAt, Settings, TokenAct, UploadAct},
    scripted::{CutHow, RawReply, Reply, RetryAfter, Running, Step},
};

use super::*;
use crate::{
    Intake,
    claim::Times,
    fake_aws::{FakeAws, first_lease, refused_saying, response},
};

/// Longer than the head, which is read before an upload starts.
const LETTER: &[u8] = include_bytes!("../../../../tests/fixtures/letter.pdf");
const SECRET: &str = r#"{"ARN": "a", "Name": "n",
    "SecretString": "{\"client_id\": \"standin-client\", \"client_secret\": \"standin-secret\"}"}"#;
/// The most runs of each object.
const RUNS: u64 = 4;

/// S3's error for an object whose KMS key the role may not use.
const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>User: arn:aws:sts::123456789012:assumed-role/intake/intake is \
                      not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-central-1:123456789012:key/1\
                      </Message></Error>";

/// The ledger accepts every write. S3's response depends on the object's key.
fn aws(head: &str) -> Vec<u8> {
    let first = head.lines().next().unwrap_or_default();
    match head.to_ascii_lowercase() {
        lower if lower.contains("secretsmanager.") => response(b"", SECRET.as_bytes()),
        lower if lower.contains("dynamodb") => response(b"", b"{}"),
        _ if first.contains("denied") => refused_saying(403, DENIED),
        _ if first.contains("wishes") => {
            response(b"x-amz-meta-interaction-id: ANOTHER-ONE\r\nx-amz-meta-auto-scan: false\r\n", LETTER)
        }
        // Its checksum is wrong.
        _ if first.contains("broken") => response(b"etag: \"abc\"\r\nx-amz-checksum-crc32: AAAAAA==\r\n", LETTER),
        _ => response(b"etag: \"abc\"\r\n", LETTER),
    }
}

/// Intake between a fake AWS and a stand-in of CXone.
struct World {
    intake: Intake,
    cxone: Control,
    _aws: FakeAws,
    _standin: Running,
}

impl World {
    async fn new() -> Self {
        let aws = FakeAws::new(aws).await;
        let standin = servers::cxone::start(Settings::default()).unwrap();
        let cxone = Control::new(standin.base_url()).unwrap();
        Self { intake: aws.intake(&cxone.api_url()), cxone, _aws: aws, _standin: standin }
    }

    async fn uploads_seen(&self, interaction: &str) -> u32 {
        let seen = self.cxone.requests(Some(interaction), Some(Call::Upload)).await.unwrap();
        u32::try_from(seen.len()).unwrap()
    }

    fn notification(interaction: &str) -> Notification {
        let version = ObjectVersion::Id("v1".to_owned());
        let object = ObjectRef::new("drop", format!("interactions/{interaction}/a.pdf"), version).unwrap();
        Notification { object, event_time: None }
    }

    /// Makes runs of one object until it ends, or until there are [`RUNS`]. Returns the uploads of each run, and whether the last
    /// run left the object unfinished.
    async fn runs(&self, interaction: &str, mut lease: Lease) -> (Vec<u32>, bool) {
        let notification = Self::notification(interaction);
        // CXone knows the object by this idempotency key.
        lease.identity = notification.object.identity();
        let (mut uploads, first) = (Vec::new(), lease.attempt);
        for attempt in first..first + RUNS {
            lease.attempt = attempt;
            let before = self.uploads_seen(interaction).await;
            let times = Times::within(Duration::from_mins(1), Clock::of_system());
            let mut run = Run::new(&self.intake, &notification, lease.clone(), &times);
            let sent = send(&mut run).await;
            let seen = self.uploads_seen(interaction).await - before;
            assert!(seen <= run.uploads, "{interaction}: CXone saw {seen}, the run counted {}", run.uploads);
            uploads.push(run.uploads);
            match sent {
                Err(Halt::Later { .. }) => {
                    lease.history = Some(serde_json::to_string(&run.history).unwrap());
                    lease.request.clone_from(&run.lease.request);
                    lease.crashes = 0;
                }
                _ => return (uploads, false),
            }
        }
        (uploads, true)
    }
}

fn lease(attempt: u64, crashes: u64) -> Lease {
    Lease { attempt, crashes, ..first_lease("a".repeat(64).parse().unwrap(), Clock::of_system().now()) }
}

fn reply(status: u16) -> Reply {
    Reply::status(status.try_into().unwrap())
}

/// A response of CXone itself, and not of a gateway.
fn own(status: u16) -> Reply {
    reply(status).body(r#"{"error": "no", "detail": "the test's"}"#)
}

fn scope() -> Reply {
    reply(403).body(r#"{"error": "insufficient_scope"}"#)
}

fn retry_at_once(reply: Reply) -> UploadAct {
    UploadAct::Reply(reply.retry_after(RetryAfter::Seconds(0)))
}

/// Name, CXone's response to every upload of the object, uploads of each run, whether the object is unfinished after them.
fn rows() -> Vec<(&'static str, UploadAct, &'static [u32], bool)> {
    let cut = |at| UploadAct::Cut { at, how: CutHow::Reset, store: false };
    let raw = |text: &str| UploadAct::Raw { reply: RawReply::text(text), early: false, store: false };
    vec![
        ("500", UploadAct::Reply(own(500)), &[5, 1, 1, 1], true),
        ("503", retry_at_once(reply(503)), &[5, 1, 1, 1], true),
        ("408", UploadAct::Reply(reply(408)), &[5, 1, 1, 1], true),
        ("429", retry_at_once(own(429)), &[5, 1, 1, 1], true),
        ("400-throttles", retry_at_once(own(400)), &[5, 1, 1, 1], true),
        ("401", UploadAct::Reply(own(401)), &[2, 1, 1, 1], true),
        ("403-scope", UploadAct::Reply(scope()), &[1, 1, 1, 1], true),
        ("403-own", UploadAct::Reply(own(403)), &[1], false),
        ("403-gateway", UploadAct::Reply(reply(403)), &[5, 1, 1, 1], true),
        ("404", UploadAct::Reply(own(404)), &[1], false),
        ("409", UploadAct::Reply(own(409)), &[5, 1, 1, 1], true),
        ("409-throttles", retry_at_once(own(409)), &[5, 1, 1, 1], true),
        ("413", UploadAct::Reply(own(413)), &[1], false),
        ("302", UploadAct::Reply(reply(302)), &[1], false),
        ("600", raw("HTTP/1.1 600 Odd\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), &[3], false),
        ("no-http", raw("hello"), &[3], false),
        ("no-job-id", UploadAct::Accept(AcceptedBody::Neither), &[3], false),
        ("cut-before", cut(CutAt::BeforeBody), &[5, 1, 1, 1], true),
        ("cut-after", cut(CutAt::AfterBody), &[5, 1, 1, 1], true),
        ("early-503", UploadAct::EarlyReply(reply(503)), &[5, 1, 1, 1], true),
        ("broken-source", UploadAct::Normal, &[5, 1, 1, 1], true),
    ]
}

#[tokio::test]
async fn first_run_makes_at_most_five_uploads_and_each_later_run_one() {
    let world = World::new().await;
    let played = rows().into_iter().map(async |(class, act, uploads, unfinished)| {
        world.cxone.script_uploads(class, &[Step::once(act).forever()]).await.unwrap();
        let (seen, left) = world.runs(class, lease(1, 0)).await;
        assert!(seen[0] <= UPLOADS_IN_FIRST_RUN && seen[1..].iter().all(|&later| later <= UPLOADS_IN_LATER_RUN));
        assert_eq!((seen.as_slice(), left), (uploads, unfinished), "{class}");
    });
    join_all(played).await;
}

/// A producer that can crash a run must not get the uploads of a first run again.
#[tokio::test]
async fn run_after_a_crashed_first_run_makes_one_upload() {
    let world = World::new().await;
    world.cxone.script_uploads("crashed", &[Step::once(UploadAct::Reply(own(500))).forever()]).await.unwrap();
    assert_eq!(world.runs("crashed", lease(2, 1)).await, (vec![1; 4], true));
}

#[tokio::test]
async fn refused_call_counts_for_its_interaction() {
    let world = World::new().await;
    let noted = |interaction: &str, now| {
        let id = interaction.parse().unwrap();
        world.intake.refusals.counts(Refused::Call(&id), now)
    };
    world.cxone.script_uploads("xscope.1", &[Step::once(UploadAct::Reply(scope())).forever()]).await.unwrap();
    world.runs("xscope.1", lease(1, 0)).await;
    let now = std::time::Instant::now();
    assert!(!noted("xscope.1", now), "one interaction alone counts");
    assert!(noted("INT-2", now), "two interactions do not count");
}

#[tokio::test]
async fn status_of_the_last_response_is_kept_for_the_log() {
    let world = World::new().await;
    let busy = Step::once(retry_at_once(reply(503)));
    let refused = Step::once(UploadAct::Reply(own(413)));
    world.cxone.script_uploads("status", &[busy, refused]).await.unwrap();
    let notification = World::notification("status");
    let times = Times::within(Duration::from_mins(1), Clock::of_system());
    let mut run = Run::new(&world.intake, &notification, lease(1, 0), &times);
    assert!(matches!(send(&mut run).await, Err(Halt::Final(_))));
    assert_eq!(run.cxone_status, Some(413));
}

#[tokio::test]
async fn refused_token_counts_for_no_interaction() {
    let world = World::new().await;
    let refused = TokenAct::Reply(reply(401).body(r#"{"error": "invalid_client"}"#));
    world.cxone.script_tokens(&[Step::once(refused).forever()]).await.unwrap();
    assert_eq!(world.runs("INT-1", lease(1, 0)).await, (vec![0; 4], true));
    let id = "INT-2".parse().unwrap();
    assert!(!world.intake.refusals.counts(Refused::Call(&id), std::time::Instant::now()));
}

#[tokio::test]
async fn metadata_cannot_choose_interaction_or_scan_by_default() {
    let world = World::new().await;
    world.runs("wishes", lease(1, 0)).await;
    let held = world.cxone.attachments(None).await.unwrap();
    let held: Vec<_> = held.iter().map(|one| (one.interaction_id.as_str(), one.auto_scan)).collect();
    assert_eq!(held, [("wishes", true)]);
}

/// If intake could read the object before, the hour does not apply.
#[tokio::test]
async fn never_readable_object_with_denied_kms_key_is_given_up_after_an_hour() {
    let world = World::new().await;
    let (notification, lease) = (World::notification("denied"), lease(1, 0));
    let later = |minutes: i64| lease.first_seen.plus_millis(minutes * 60_000);
    let times = Times::within(Duration::from_secs(3), Clock::of_system());
    let mut run = Run::new(&world.intake, &notification, lease.clone(), &times);
    let Err(Halt::Later { last, .. }) = send(&mut run).await else { panic!("the key is denied") };
    assert_eq!(run.given_up(&last, later(59)), None);
    let reason = run.given_up(&last, later(60)).unwrap();
    assert!(reason.code == ReasonCode::ObjectUnreadable && reason.text.contains("KMS key"), "{reason}");
    run.content = serde_json::from_value(serde_json::json!({
        "boundary": "cxone-0123456789abcdef0123456789abcdef", "interaction_id": "denied", "file_name": "a.pdf",
        "content_type": "application/pdf", "tags": {}, "auto_scan": true,
    }))
    .unwrap();
    assert!(run.content.is_some());
    assert_eq!(run.given_up(&last, later(60)), None);
}
