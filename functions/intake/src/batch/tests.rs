//! Records side by side: no record affects another one.

use std::sync::atomic::{AtomicUsize, Ordering};

use attachments::{ObjectRef, ObjectVersion};

use super::*;

const RETRY_IN: Duration = Duration::from_secs(77);

fn notification(number: usize) -> Notification {
    let version = ObjectVersion::Id(format!("v{number}"));
    let object = ObjectRef::new("drop", format!("interactions/INT-{number}/letter.pdf"), version).unwrap();
    Notification { object, event_time: None }
}

fn later() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

fn finished(identity: &Identity) -> Finish {
    Finish::Finished { execution_name: Some(identity.as_str().to_owned()) }
}

#[tokio::test]
async fn panic_fails_only_its_own_record() {
    let batch: Vec<Notification> = (0..10).map(notification).collect();
    let poisoned = notification(3).object.identity();
    let bad = poisoned.clone();
    let finishes = side_by_side(batch.iter(), RETRY_IN, later(), move |_, identity| {
        let bad = bad.clone();
        async move {
            tokio::task::yield_now().await;
            assert_ne!(identity, bad, "the panic of this record's task");
            finished(&identity)
        }
    })
    .await;
    assert_eq!(finishes.len(), 10);
    for one in &batch {
        let identity = one.object.identity();
        match &finishes[&identity] {
            Finish::Refused { reason } => panic!("{reason}"),
            Finish::Finished { execution_name } => {
                assert_ne!(identity, poisoned);
                assert_eq!(execution_name.as_deref(), Some(identity.as_str()));
            }
            Finish::Unfinished { retry_in, fault, outage } => {
                assert_eq!(identity, poisoned, "{fault}");
                assert_eq!((*retry_in, *outage), (RETRY_IN, false), "no run released the lease");
            }
        }
    }
}

#[tokio::test]
async fn object_named_three_times_is_processed_once() {
    let batch = [notification(1), notification(2), notification(1), notification(1)];
    let processed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&processed);
    let finishes = side_by_side(batch.iter(), RETRY_IN, later(), move |_, identity| {
        let count = Arc::clone(&count);
        async move {
            count.fetch_add(1, Ordering::Relaxed);
            finished(&identity)
        }
    })
    .await;
    assert_eq!((finishes.len(), processed.load(Ordering::Relaxed)), (2, 2));
}

#[tokio::test]
async fn at_most_ten_records_are_in_flight() {
    let batch: Vec<Notification> = (0..35).map(notification).collect();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = (Arc::clone(&now), Arc::clone(&most));
    let finishes = side_by_side(batch.iter(), RETRY_IN, later(), move |_, identity| {
        let (now, most) = (Arc::clone(&seen.0), Arc::clone(&seen.1));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, Ordering::Relaxed);
            finished(&identity)
        }
    })
    .await;
    assert_eq!(finishes.len(), 35);
    assert_eq!((now.load(Ordering::Relaxed), most.load(Ordering::Relaxed)), (0, MAX_IN_FLIGHT));
}

#[tokio::test]
async fn hanging_record_does_not_block_the_answer() {
    let batch = [notification(1), notification(2)];
    let hanging = notification(1).object.identity();
    let stuck = hanging.clone();
    let soon = Instant::now() + Duration::from_millis(50);
    let finishes = side_by_side(batch.iter(), RETRY_IN, soon, move |_, identity| {
        let stuck = stuck.clone();
        async move {
            if identity == stuck {
                std::future::pending::<()>().await;
            }
            finished(&identity)
        }
    })
    .await;
    let retry = matches!(finishes[&hanging], Finish::Unfinished { retry_in: RETRY_IN, .. });
    assert!(retry && finishes.len() == 2, "{finishes:?}");
    assert!(matches!(finishes[&notification(2).object.identity()], Finish::Finished { .. }));
}

fn message(received: u64, objects: Vec<Notification>) -> Message {
    Message {
        id: "m".to_owned(),
        receipt_handle: "r".to_owned(),
        queue_arn: "arn:aws:sqs:us-east-1:123456789012:q".to_owned(),
        body: "{}".to_owned(),
        received,
        content: Ok(Notifications { objects, ignored: vec![Ignored::NotCreated] }),
    }
}

#[test]
fn message_is_hidden_for_the_longest_wait_of_its_records() {
    let objects = vec![notification(1), notification(2), notification(3)];
    let of = |number: usize| notification(number).object.identity();
    let mut finishes = HashMap::from([
        (of(1), Finish::Finished { execution_name: None }),
        (of(2), Finish::unfinished(Duration::from_secs(9), "throttled")),
        (of(3), Finish::unfinished(Duration::from_mins(2), "throttled")),
    ]);
    let message = message(1, objects);
    let found = message.content.as_ref().unwrap();
    assert_eq!(wait_for(&message, found, &finishes), Some(Duration::from_mins(2)));
    assert!(!is_finished(&message, &finishes));
    for number in [2, 3] {
        finishes.insert(of(number), Finish::Finished { execution_name: None });
    }
    assert_eq!(wait_for(&message, found, &finishes), None);
    assert!(is_finished(&message, &finishes));
}

#[test]
fn message_is_hidden_longer_with_each_receive_in_an_outage() {
    let outage = || HashMap::from([(notification(1).object.identity(), Finish::outage("the ledger is down"))]);
    let wait = |received| {
        let message = message(received, vec![notification(1)]);
        wait_for(&message, message.content.as_ref().unwrap(), &outage()).unwrap()
    };
    assert!(wait(1) < Duration::from_secs(1));
    assert!(wait(12) >= Duration::from_mins(7));
    assert!(wait(u64::MAX) <= Duration::from_mins(15));
}

#[test]
fn message_with_refused_record_is_poison_when_its_other_records_are_finished() {
    let of = |number: usize| notification(number).object.identity();
    let message = message(1, vec![notification(1), notification(2)]);
    let found = message.content.as_ref().unwrap();
    let mut finishes = HashMap::from([
        (of(1), Finish::Refused { reason: "forged".to_owned() }),
        (of(2), Finish::unfinished(Duration::from_secs(9), "throttled")),
    ]);
    assert_eq!(wait_for(&message, found, &finishes), Some(Duration::from_secs(9)));
    finishes.insert(of(2), Finish::Finished { execution_name: None });
    assert_eq!(wait_for(&message, found, &finishes), None);
    assert_eq!(refusals(found, &finishes).collect::<Vec<_>>(), ["forged"]);
    assert!(!is_finished(&message, &finishes), "acknowledged without a dead letter");
}
