//! Token requests, byte for byte.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cxone::{Endpoints, Settings, TokenAuth};

use crate::{
    fixture::client_with,
    wire::{Request, response, serve_once},
};

const ID: &str = "kühn client+1";
const SECRET: &str = "p&ss/w=rd:%~";

/// The token request for the given setting.
async fn token_request(token_auth: TokenAuth) -> Request {
    let (base, served) = serve_once(response("200 OK", r#"{"access_token": "t", "expires_in": 3600}"#)).await;
    let endpoints = Endpoints::new(base.parse().unwrap(), None);
    let (client, vault) = client_with(Settings { token_auth, ..Settings::new(endpoints, "a:write b:read") });
    vault.put(Ok((ID, SECRET)));
    client.authorize().await.unwrap();
    let request = served.await.unwrap();
    assert!(request.head.starts_with("POST /api/v2/oauth/token HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    request
}

fn form(request: &Request) -> &str {
    std::str::from_utf8(&request.body).unwrap()
}

#[tokio::test]
async fn basic_sends_both_values_unchanged() {
    let request = token_request(TokenAuth::Basic).await;
    let expected = format!("Basic {}", STANDARD.encode(format!("{ID}:{SECRET}")));
    assert_eq!(request.header("authorization"), Some(expected.as_str()));
    assert_eq!(form(&request), "grant_type=client_credentials&scope=a%3Awrite+b%3Aread");
}

#[tokio::test]
async fn basic_encoded_form_encodes_both_values_first() {
    let request = token_request(TokenAuth::BasicEncoded).await;
    let expected = format!("Basic {}", STANDARD.encode("k%C3%BChn+client%2B1:p%26ss%2Fw%3Drd%3A%25%7E"));
    assert_eq!(request.header("authorization"), Some(expected.as_str()));
    assert_eq!(form(&request), "grant_type=client_credentials&scope=a%3Awrite+b%3Aread");
}

#[tokio::test]
async fn body_sends_both_values_in_the_form_and_no_header() {
    let request = token_request(TokenAuth::Body).await;
    assert_eq!(request.header("authorization"), None);
    assert_eq!(
        form(&request),
        "grant_type=client_credentials&scope=a%3Awrite+b%3Aread\
         &client_id=k%C3%BChn+client%2B1&client_secret=p%26ss%2Fw%3Drd%3A%25%7E"
    );
}

#[test]
fn setting_names_each_token_auth() {
    for (word, token_auth) in
        [("basic", TokenAuth::Basic), ("basic-encoded", TokenAuth::BasicEncoded), ("body", TokenAuth::Body)]
    {
        assert_eq!(word.parse(), Ok(token_auth));
    }
    assert_eq!("Basic".parse::<TokenAuth>(), Err("it must be basic, basic-encoded or body".to_owned()));
    assert_eq!(TokenAuth::default(), TokenAuth::Basic);
}
