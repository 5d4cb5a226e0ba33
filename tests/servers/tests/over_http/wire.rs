//! A client that sends exactly what it is told and sees exactly what comes back.

use std::{collections::HashMap, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// What a client saw.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    Answer(Answer),
    /// An end of stream without an answer.
    Closed,
    /// A reset without an answer.
    Reset,
    /// Nothing, for as long as the client waited.
    Silence,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn answer(self) -> Answer {
        match self {
            Self::Answer(answer) => answer,
            other => panic!("no answer: {other:?}"),
        }
    }

    pub(crate) fn status(self) -> u16 {
        self.answer().status
    }
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Sends a request's head, without the end of its last line, and leaves the rest to the caller. The `Host` is added.
pub(crate) async fn open(base_url: &str, head: &str) -> TcpStream {
    let address = base_url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}\r\nhost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    stream
}

/// Sends a request's body and reads until the server ends the connection, at most as long as `patience`.
pub(crate) async fn exchange(stream: TcpStream, body: &[u8], patience: Duration) -> Seen {
    let (mut reader, mut writer) = stream.into_split();
    let body = body.to_vec();
    // It reads at the same time: an answer may come before the body is sent. A failed write shows in it.
    let sending = tokio::spawn(async move {
        let _ = writer.write_all(&body).await;
        writer
    });
    let mut bytes = Vec::new();
    let read = timeout(patience, reader.read_to_end(&mut bytes)).await;
    sending.abort();
    match read {
        Err(_) => Seen::Silence,
        Ok(Err(_)) if bytes.is_empty() => Seen::Reset,
        Ok(_) if bytes.is_empty() => Seen::Closed,
        Ok(_) => Seen::Answer(parse(&bytes)),
    }
}

fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect("the answer's head is not whole");
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap()).map(|(name, value)| (name.into(), value.into()));
    Answer { status, headers: headers.collect(), body: body.to_owned() }
}

/// The JSON examples in a module's documentation.
pub(crate) fn documented_scripts(source: &str) -> Vec<String> {
    let examples = source.split("//! ```json\n").skip(1);
    examples.map(|rest| rest.split("//! ```").next().unwrap().replace("//! ", "")).collect()
}
