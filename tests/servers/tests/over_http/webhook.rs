//! The webhook receiver, with deliveries signed by the reference implementation.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use servers::{
    scripted::{CutHow, End, Reply, Running, Step},
    webhook::{Control, Delivery, DeliveryAct, Secrets, Settings},
};
use standardwebhooks::Webhook;

use crate::wire::{self, Seen};

const OLD: &str = "whsec_b2xkIHNlY3JldCBmb3IgdGhlIHRlc3Rz";
pub(crate) const NEW: &str = "whsec_bmV3IHNlY3JldCBmb3IgdGhlIHRlc3Rz";
pub(crate) const BODY: &str = "{\"interaction_id\":\"INT-1\",\"tags\":{\"owner\":\"Zoë\"}}\n";

struct Fixture {
    server: Running,
    control: Control,
    patience: Duration,
}

impl Fixture {
    fn new(secrets: &[&str]) -> Self {
        let settings = Settings { secrets: Secrets::parse(secrets).unwrap(), log: false };
        let server = servers::webhook::start(settings).unwrap();
        let control = Control::new(server.base_url()).unwrap();
        Self { server, control, patience: Duration::from_secs(10) }
    }

    async fn send(&self, id: &str, timestamp: i64, signature: &str, body: &str) -> Seen {
        let head = format!(
            "POST /webhook HTTP/1.1\r\nwebhook-id: {id}\r\nwebhook-timestamp: {timestamp}\r\n\
             webhook-signature: {signature}\r\ncontent-type: application/json\r\ncontent-length: {}",
            body.len()
        );
        self.raw(&head, body).await
    }

    async fn raw(&self, head: &str, body: &str) -> Seen {
        let stream = wire::open(self.server.base_url(), &format!("{head}\r\nconnection: close")).await;
        wire::exchange(stream, body.as_bytes(), self.patience).await
    }

    /// A delivery that is signed with these secrets, now.
    async fn deliver(&self, id: &str, secrets: &[&str], body: &str) -> Seen {
        let now = unix_seconds();
        self.send(id, now, &sign(secrets, id, now, body), body).await
    }

    async fn last(&self) -> Delivery {
        self.control.deliveries(None, None).await.unwrap().pop().unwrap()
    }
}

pub(crate) fn unix_seconds() -> i64 {
    i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

pub(crate) fn sign(secrets: &[&str], id: &str, timestamp: i64, body: &str) -> String {
    let sign = |secret: &&str| Webhook::new(secret).unwrap().sign(id, timestamp, body.as_bytes()).unwrap();
    secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn verified_delivery_is_recorded_unchanged() {
    let fixture = Fixture::new(&[NEW]);
    assert_eq!(fixture.deliver("msg-1", &[NEW], BODY).await.status(), 200);
    let delivery = fixture.last().await;
    assert!(delivery.verified && delivery.fault.is_none());
    assert_eq!(delivery.webhook_id.as_deref(), Some("msg-1"));
    assert!(unix_seconds() - delivery.webhook_timestamp.unwrap().parse::<i64>().unwrap() <= 10);
    assert_eq!((delivery.signatures, delivery.verified_by), (1, Some(0)));
    assert_eq!(delivery.body, BODY);
    assert_eq!(delivery.json.unwrap()["tags"]["owner"], "Zoë");
    assert_eq!(delivery.interaction_id.as_deref(), Some("INT-1"));
    assert_eq!(delivery.headers["content-type"], "application/json");
    assert_eq!((delivery.end, delivery.status), (Some(End::Answered), Some(200)));
    assert_eq!(delivery.path, "/webhook");
}

#[tokio::test]
async fn any_of_several_secrets_and_signatures_may_match() {
    let fixture = Fixture::new(&[OLD]);
    assert_eq!(fixture.deliver("msg-1", &[NEW, OLD], BODY).await.status(), 200);
    let delivery = fixture.last().await;
    assert_eq!((delivery.signatures, delivery.verified_by), (2, Some(0)));
    assert_eq!(fixture.deliver("msg-2", &[NEW], BODY).await.status(), 401);
    fixture.control.set_secrets(&[OLD, NEW]).await.unwrap();
    assert_eq!(fixture.deliver("msg-3", &[NEW], BODY).await.status(), 200);
    assert_eq!(fixture.last().await.verified_by, Some(1));
    let refused = fixture.control.set_secrets(&[OLD, "nonsense"]).await.unwrap_err().to_string();
    assert!(refused.contains("secret 2") && !refused.contains("nonsense"), "{refused}");
    assert_eq!(fixture.deliver("msg-4", &[NEW], BODY).await.status(), 200, "the secrets before stay");
}

#[tokio::test]
async fn unverified_delivery_is_recorded_with_the_reason() {
    let fixture = Fixture::new(&[NEW]);
    let now = unix_seconds();
    let good = sign(&[NEW], "msg-1", now, BODY);
    for (id, timestamp, signature, body, reason) in [
        ("msg-1", now, good.as_str(), "{}", "signature invalid"),
        ("msg-2", now, good.as_str(), BODY, "signature invalid"),
        ("msg-1", now - 1, good.as_str(), BODY, "signature invalid"),
        ("msg-1", now - 1000, sign(&[NEW], "msg-1", now - 1000, BODY).as_str(), BODY, "too old"),
        ("msg-1", now + 1000, sign(&[NEW], "msg-1", now + 1000, BODY).as_str(), BODY, "future"),
    ] {
        assert_eq!(fixture.send(id, timestamp, signature, body).await.status(), 401);
        let delivery = fixture.last().await;
        assert!(!delivery.verified && delivery.fault.unwrap().contains(reason), "{reason}");
    }
    assert_eq!(fixture.raw("POST / HTTP/1.1\r\ncontent-length: 2", "{}").await.status(), 401);
    let delivery = fixture.last().await;
    assert!(delivery.fault.unwrap().contains("missing header"));
    assert_eq!((delivery.webhook_id, delivery.signatures), (None, 0));
    assert_eq!(fixture.raw("GET /webhook HTTP/1.1", "").await.status(), 405);
    assert_eq!(fixture.last().await.method, "GET");
}

#[tokio::test]
async fn deliveries_follow_their_script() {
    use End::{Aborted, Answered, Cut, Unanswered};
    let mut fixture = Fixture::new(&[NEW]);
    let goal = HeaderValue::from_static("http://127.0.0.1:1/");
    let steps = [
        Step::once(DeliveryAct::Reply(Reply::status(StatusCode::INTERNAL_SERVER_ERROR).body("broken"))),
        Step::once(DeliveryAct::Reply(Reply::status(StatusCode::GONE))),
        Step::once(DeliveryAct::Reply(Reply::status(StatusCode::TEMPORARY_REDIRECT).header(header::LOCATION, goal))),
        Step::once(DeliveryAct::Cut(CutHow::Reset)),
        Step::once(DeliveryAct::Cut(CutHow::Close)),
        Step::once(DeliveryAct::Never),
        Step::once(DeliveryAct::Normal).after(Duration::from_secs(5)),
    ];
    fixture.control.script_interaction("INT-1", &steps).await.unwrap();
    assert_eq!(fixture.deliver("msg-0", &[NEW], "{\"interaction_id\":\"INT-2\"}").await.status(), 200);
    let answer = fixture.deliver("msg-1", &[NEW], BODY).await.answer();
    assert_eq!((answer.status, answer.body.as_str()), (500, "broken"));
    assert_eq!(fixture.deliver("msg-1", &[NEW], BODY).await.status(), 410);
    let answer = fixture.deliver("msg-1", &[NEW], BODY).await.answer();
    assert_eq!((answer.status, answer.headers["location"].as_str()), (307, "http://127.0.0.1:1/"));
    assert_eq!(fixture.deliver("msg-1", &[NEW], BODY).await, Seen::Reset);
    assert_eq!(fixture.deliver("msg-1", &[NEW], BODY).await, Seen::Closed);
    fixture.patience = Duration::from_millis(200);
    assert_eq!(fixture.deliver("msg-1", &[NEW], BODY).await, Seen::Silence);
    assert_eq!(fixture.deliver("msg-1", &[NEW], BODY).await, Seen::Silence);
    fixture.patience = Duration::from_secs(10);
    assert_eq!(fixture.deliver("msg-1", &[NEW], BODY).await.status(), 200, "the script is used up");
    // The server notices a moment later that a client is gone.
    let mut deliveries = fixture.control.deliveries(Some("msg-1"), None).await.unwrap();
    while deliveries.iter().any(|delivery| delivery.end.is_none()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
        deliveries = fixture.control.deliveries(Some("msg-1"), None).await.unwrap();
    }
    let ends: Vec<_> = deliveries.iter().map(|delivery| delivery.end.unwrap()).collect();
    assert_eq!(ends, [Answered, Answered, Answered, Cut, Cut, Unanswered, Aborted, Answered]);
    assert!(deliveries.iter().all(|delivery| delivery.verified && delivery.body == BODY));
}

#[tokio::test]
async fn narrowest_script_comes_first_and_counts_its_calls() {
    let fixture = Fixture::new(&[NEW]);
    let reply = |code| Step::once(DeliveryAct::Reply(Reply::status(code)));
    fixture.control.script_all(&[Step::once(DeliveryAct::Cut(CutHow::Reset)).times(2)]).await.unwrap();
    fixture.control.script_interaction("INT-1", &[reply(StatusCode::CONFLICT)]).await.unwrap();
    fixture.control.script_webhook("msg-1", &[reply(StatusCode::IM_A_TEAPOT)]).await.unwrap();
    let left = fixture.control.scripts_left().await.unwrap();
    assert_eq!((left.all.len(), left.interaction["INT-1"].len(), left.webhook["msg-1"].len()), (1, 1, 1));
    assert_eq!(fixture.deliver("msg-1", &[NEW], BODY).await.status(), 418);
    assert_eq!(fixture.deliver("msg-1", &[NEW], BODY).await.status(), 409);
    assert_eq!(fixture.deliver("msg-1", &[NEW], BODY).await, Seen::Reset);
    assert_eq!(fixture.deliver("msg-2", &[NEW], "no json").await, Seen::Reset);
    assert_eq!(fixture.deliver("msg-2", &[NEW], "no json").await.status(), 200);
    fixture.control.script_all(&[reply(StatusCode::GONE).forever()]).await.unwrap();
    assert_eq!(fixture.deliver("msg-1", &[NEW], BODY).await.status(), 410);
    fixture.control.forget_all().await.unwrap();
    assert_eq!(fixture.deliver("msg-1", &[NEW], BODY).await.status(), 200);
    assert!(fixture.control.forget_all().await.is_err() && fixture.control.forget_webhook("msg-9").await.is_err());
    assert_eq!(fixture.control.deliveries(Some("msg-2"), None).await.unwrap().len(), 2);
    assert_eq!(fixture.control.deliveries(None, Some("INT-1")).await.unwrap().len(), 5);
    fixture.control.script_all(&[reply(StatusCode::GONE).forever()]).await.unwrap();
    fixture.control.reset().await.unwrap();
    assert_eq!(fixture.control.deliveries(None, None).await.unwrap(), []);
    assert_eq!(fixture.deliver("msg-1", &[NEW], BODY).await.status(), 200);
}

#[tokio::test]
async fn documented_script_is_accepted_and_misspelt_one_is_refused() {
    let fixture = Fixture::new(&[NEW]);
    let documented = wire::documented_scripts(include_str!("../../src/webhook/mod.rs"));
    let [documented] = documented.as_slice() else { panic!("{documented:?}") };
    for (json, kind, status) in [
        (documented.as_str(), "all", 204),
        (documented.as_str(), "webhook/x", 204),
        (documented.as_str(), "customer/x", 404),
        (r#"[{"act": "nap"}]"#, "all", 422),
        (r#"[{"act": "never", "delay": 1}]"#, "all", 422),
    ] {
        let head = format!(
            "PUT /_control/scripts/{kind} HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {}",
            json.len()
        );
        assert_eq!(fixture.raw(&head, json).await.status(), status, "{kind} {json}");
    }
}
