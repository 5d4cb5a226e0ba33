//! The client never follows a redirect: nothing is sent to where it points.

use cxone::{JobError, Stored::No};
use servers::{
    cxone::{Call, JobAct, TokenAct, UploadAct},
    scripted::{Reply, Step},
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    fixture::{Fixture, Upload, redirect},
    seen::row,
    wire::job,
};

/// Another host as far as the client can tell. Being spoken to at all is what it must not be.
struct Elsewhere {
    url: String,
    visited: JoinHandle<()>,
}

impl Elsewhere {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api/v2/collect", listener.local_addr().unwrap());
        let visited = tokio::spawn(async move {
            let _visitor = listener.accept().await.unwrap();
        });
        Self { url, visited }
    }

    fn assert_untouched(&self) {
        assert!(!self.visited.is_finished(), "somebody came");
    }
}

/// To another host, and to another path of the same one.
fn redirects(elsewhere: &Elsewhere) -> Vec<Reply> {
    [301, 302, 303, 307, 308]
        .into_iter()
        .flat_map(|status| [redirect(status, &elsewhere.url), redirect(status, "/api/v2/collect")])
        .collect()
}

#[tokio::test]
async fn no_call_follows_a_redirect() {
    let (fixture, elsewhere) = (Fixture::new(), Elsewhere::new().await);
    for reply in redirects(&elsewhere) {
        fixture.tokens_do(&[Step::once(TokenAct::Reply(reply))]).await;
        let sent = fixture.send(&Upload::to("INT-0")).await;
        assert_eq!(sent.seen(), row("unauthorized", No), "{sent:?}");
        assert!(sent.text().contains("CXONE_TOKEN_URL"), "{sent:?}");
    }
    let known = fixture.a_job_of("INT-1").await;
    for reply in redirects(&elsewhere) {
        fixture.uploads_do("INT-1", [UploadAct::Reply(reply.clone())]).await;
        let sent = fixture.send(&Upload::to("INT-1")).await;
        assert_eq!(sent.seen(), row("cxone_redirect", No), "{sent:?}");
        assert!(sent.text().contains("CXONE_BASE_URL"), "{sent:?}");
        // 303 is what an interface answers whose job has ended; the others point elsewhere from the start.
        let advice = if reply.status == 303 { "moved on" } else { "CXONE_BASE_URL" };
        fixture.jobs_do("INT-1", [JobAct::Reply(reply)]).await;
        let asked = fixture.client.job(&known).await;
        assert!(matches!(&asked, Err(JobError::Refused { reason, .. }) if reason.text.contains(advice)), "{asked:?}");
    }
    elsewhere.assert_untouched();
    assert_eq!(fixture.control.requests(None, Some(Call::Other)).await.unwrap(), []);
}

#[tokio::test]
async fn early_redirect_stops_a_large_upload() {
    let (fixture, elsewhere) = (Fixture::new(), Elsewhere::new().await);
    fixture.uploads_do("INT-1", [UploadAct::EarlyReply(redirect(307, &elsewhere.url))]).await;
    let sent = fixture.send(&Upload::big("INT-1")).await;
    assert_eq!(sent.seen(), row("cxone_redirect", No), "{sent:?}");
    elsewhere.assert_untouched();
    // The client works afterwards.
    assert!(matches!(fixture.client.job(&job("job-9")).await, Err(JobError::NotFound)));
}
