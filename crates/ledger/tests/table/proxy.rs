//! A proxy between the SDK and ministack that simulates faults of the network and conflicts with other writers.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What happens to one call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Disturbance {
    /// The proxy forwards the call and drops the response.
    LoseResponse,
    /// The proxy does not forward the call. It responds that the transaction is cancelled for these reasons, one per item.
    Cancel([&'static str; 2]),
    /// The proxy forwards the call after this time.
    Delay(Duration),
}

type Queue = Arc<Mutex<Vec<(&'static str, Disturbance)>>>;
type Calls = Arc<Mutex<Vec<String>>>;

/// Forwards all calls to ministack, except those that a test disturbs.
pub(crate) struct Proxy {
    url: String,
    queue: Queue,
    calls: Calls,
    task: JoinHandle<()>,
}

impl Proxy {
    /// `upstream` is ministack's `http://host:port`.
    pub(crate) async fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let upstream = upstream.strip_prefix("http://").unwrap().to_owned();
        let queue = Queue::default();
        let calls = Calls::default();
        let (task_queue, task_calls) = (Arc::clone(&queue), Arc::clone(&calls));
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                // If forwarding fails, the call fails in the test.
                tokio::spawn(forward(client, upstream.clone(), Arc::clone(&task_queue), Arc::clone(&task_calls)));
            }
        });
        Self { url, queue, calls, task }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Disturbs the next call of an operation. Disturbances of one operation happen in the order in which they were added.
    pub(crate) fn disturb(&self, operation: &'static str, disturbance: Disturbance) {
        self.queue.lock().unwrap().push((operation, disturbance));
    }

    /// The operations that were called, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn disturbances_left(&self) -> usize {
        self.queue.lock().unwrap().len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Forwards one call. Each call has its own connection.
async fn forward(mut client: TcpStream, upstream: String, queue: Queue, calls: Calls) -> std::io::Result<()> {
    let Some((head, body)) = read_request(&mut client).await? else { return Ok(()) };
    let operation = header(&head, "x-amz-target").and_then(|target| target.split('.').nth(1)).unwrap_or_default();
    calls.lock().unwrap().push(operation.to_owned());
    let disturbance = {
        let mut queue = queue.lock().unwrap();
        let position = queue.iter().position(|(disturbed, _)| *disturbed == operation);
        position.map(|position| queue.remove(position).1)
    };
    if let Some(Disturbance::Cancel(codes)) = disturbance {
        return client.write_all(cancelled(codes).as_bytes()).await;
    }
    if let Some(Disturbance::Delay(time)) = disturbance {
        tokio::time::sleep(time).await;
    }
    let mut server = TcpStream::connect(&upstream).await?;
    server.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    server.write_all(&body).await?;
    let mut response = Vec::new();
    server.read_to_end(&mut response).await?;
    if !matches!(disturbance, Some(Disturbance::LoseResponse)) {
        client.write_all(&response).await?;
    }
    client.shutdown().await
}

/// The head without the empty line, and the body. None if the client closes the connection before it has sent them.
async fn read_request(client: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut seen = Vec::new();
    loop {
        if client.read_buf(&mut seen).await? == 0 {
            return Ok(None);
        }
        let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&seen[..end]).into_owned();
        let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        if seen.len() >= end + 4 + length {
            return Ok(Some((head, seen.split_off(end + 4))));
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let named = |line: &'h str| line.split_once(": ").filter(|(found, _)| found.eq_ignore_ascii_case(name));
    head.lines().find_map(named).map(|(_, value)| value)
}

/// DynamoDB's response to a cancelled transaction.
fn cancelled(codes: [&str; 2]) -> String {
    let reasons = codes.map(|code| format!("{{\"Code\":\"{code}\"}}")).join(",");
    let body = format!(
        "{{\"__type\":\"com.amazonaws.dynamodb.v20120810#TransactionCanceledException\",\
         \"message\":\"Transaction cancelled [{}]\",\"CancellationReasons\":[{reasons}]}}",
        codes.join(", ")
    );
    format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}
