//! What the clients and their settings give away: nothing to where a redirect points, nothing over plain http, nothing in print.

#![expect(clippy::unwrap_used, reason = "a test may end")]

use host::{Aws, CxoneSettings, Environment, HttpClients, PlainHttpHosts, SigningSecrets, read_signing_secrets};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

const SECRET_KEY: &str = "wJalrXUtnFEMI";
const SESSION: &str = "IQoJb3JpZ2luX2Vj";

/// A server that answers every signed request with a redirect.
async fn redirecting(status: u16, to: String) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 16 * 1024];
            let read = connection.read(&mut request).await.unwrap();
            // Its head comes in one piece.
            assert!(String::from_utf8_lossy(&request).contains("AWS4-HMAC-SHA256"), "{read} bytes without a signature");
            let answer = format!(
                "HTTP/1.1 {status} Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, serving)
}

fn settings(pairs: Vec<(&'static str, String)>) -> Environment {
    Environment::new(move |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()))
}

fn credentials() -> Vec<(&'static str, String)> {
    let pairs = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_SESSION_TOKEN", SESSION),
        ("AWS_REGION", "eu-central-1"),
    ];
    pairs.map(|(name, value)| (name, value.to_owned())).to_vec()
}

#[tokio::test]
async fn the_sdk_follows_no_redirect() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let goal = format!("http://{}/", elsewhere.local_addr().unwrap());
        let visited = tokio::spawn(async move { elsewhere.accept().await.unwrap().0 });
        let (address, serving) = redirecting(status, goal).await;
        let mut environment =
            settings([credentials(), vec![("AWS_ENDPOINT_URL", format!("http://{address}"))]].concat());
        let clients = HttpClients::from_environment(&mut environment).unwrap();
        let secrets =
            aws_sdk_secretsmanager::Client::new(&Aws::from_environment(&mut environment, &clients).secrets_manager());
        environment.finish(Ok(())).unwrap();

        let error = read_signing_secrets(&secrets, "webhook").await.unwrap_err().to_string();

        assert!(error.starts_with("the secret webhook cannot be read"), "{status}: {error}");
        assert!(!visited.is_finished(), "{status}: the redirect was followed");
        assert!(!serving.is_finished(), "{status}: the server gave up");
        assert!(![SECRET_KEY, SESSION].iter().any(|secret| error.contains(secret)), "{error}");
        visited.abort();
        serving.abort();
    }
}

#[test]
fn cxone_is_spoken_to_over_tls_outside_loopback() {
    let secret = ("CXONE_SECRET_ID", "cxone".to_owned());
    for name in ["CXONE_BASE_URL", "CXONE_TOKEN_URL"] {
        let mut environment = settings(vec![secret.clone(), (name, "http://cxone.example/api".to_owned())]);
        let read = CxoneSettings::from_environment(&mut environment);
        assert!(read.is_err(), "{name}");
        let fault = environment.finish(read).unwrap_err().to_string();
        assert!(
            fault.starts_with(&format!("1 setting is wrong: {name} is ")) && fault.contains("plain http"),
            "{fault}"
        );
    }
    let mut environment = settings(vec![secret, ("CXONE_REGION", "eu-1".to_owned())]);
    let endpoints = format!("{:?}", CxoneSettings::from_environment(&mut environment).unwrap().client.endpoints);
    assert_eq!(endpoints.matches("scheme: \"https\"").count(), 2, "{endpoints}");
}

#[test]
fn nothing_printed_shows_a_secret() {
    let mut environment = settings(credentials());
    let clients = HttpClients::from_environment(&mut environment).unwrap();
    let aws = Aws::from_environment(&mut environment, &clients);
    let signing = SigningSecrets(vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()]);
    let plain = PlainHttpHosts::from_environment(&environment);
    let printed = [
        format!("{clients:?}"),
        format!("{aws:?} {aws:#?}"),
        format!("{:?}", aws.secrets_manager()),
        format!("{:?}", aws_sdk_secretsmanager::Client::new(&aws.secrets_manager())),
        format!("{signing:?} {signing:#?}"),
        format!("{plain:?}"),
    ];
    for text in printed {
        assert!(![SECRET_KEY, SESSION, "MfKQ9r8G"].iter().any(|secret| text.contains(secret)), "{text}");
    }
}
