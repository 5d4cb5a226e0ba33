//! Nothing that is printed shows a secret.

use std::fmt::Write as _;

use cxone::Credentials;
use servers::{
    cxone::{JobAct, TOKEN_PREFIX, TokenAct, UploadAct},
    scripted::{CutHow, Step},
};

use crate::fixture::{Fixture, Upload, reply};

const SECRET: &str = "standin-secret";
/// `standin-client:standin-secret` in Base64, without its end.
const BASIC: &str = "c3RhbmRpbi1jbGllbnQ6c3RhbmRpbi1zZWNyZX";

fn assert_clean(printed: &str) {
    for secret in [SECRET, TOKEN_PREFIX, BASIC] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[tokio::test]
async fn neither_client_nor_credentials_show_one() {
    let fixture = Fixture::new();
    fixture.a_job_of("INT-1").await;
    assert_clean(&format!("{:?} {:#?}", fixture.client, fixture.client));
    let credentials = Credentials { client_id: "standin-client".to_owned(), client_secret: SECRET.into() };
    let printed = format!("{credentials:?}");
    assert!(printed.contains("standin-client"), "{printed}");
    assert_clean(&printed);
}

#[tokio::test]
async fn no_error_shows_one() {
    let fixture = Fixture::new();
    let mut printed = String::new();
    let upload = Upload::to("INT-1");
    for act in [TokenAct::Reply(reply(401)), TokenAct::Reply(reply(500)), TokenAct::Cut(CutHow::Reset)] {
        fixture.tokens_do(&[Step::once(act)]).await;
        let sent = fixture.send(&upload).await;
        writeln!(printed, "{} {sent:?}", sent.text()).unwrap();
    }
    let job = fixture.a_job_of("INT-1").await;
    for status in [302, 401, 403, 404, 413, 422, 429, 500] {
        fixture.uploads_do("INT-1", [UploadAct::Reply(reply(status))]).await;
        let sent = fixture.send(&upload).await;
        writeln!(printed, "{} {sent:?}", sent.text()).unwrap();
        fixture.jobs_do("INT-1", [JobAct::Reply(reply(status)), JobAct::Reply(reply(status))]).await;
        let Err(error) = fixture.client.job(&job).await else { continue };
        writeln!(printed, "{error} {error:?}").unwrap();
    }
    assert!(printed.lines().count() > 15, "{printed}");
    assert_clean(&printed);
}
