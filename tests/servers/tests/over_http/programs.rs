//! The two programs: what they print, their exit codes, and what their logs hold.

use std::{ffi::OsStr, process::Stdio, time::Duration};

use servers::{
    cxone::{self, Stats},
    scripted::control::ControlClient,
    webhook,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{
    webhook::{BODY, NEW, sign, unix_seconds},
    wire,
};

const STANDIN: &str = env!("CARGO_BIN_EXE_cxone-standin");
const RECEIVER: &str = env!("CARGO_BIN_EXE_webhook-receiver");
const PATIENCE: Duration = Duration::from_secs(5);

/// A program that has printed where it listens.
struct Started {
    child: Child,
    base_url: String,
}

impl Started {
    async fn new(program: &str, arguments: &[impl AsRef<OsStr>]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        let base_url = line.strip_prefix("listening on ").unwrap().trim_end().to_owned();
        Self { child, base_url }
    }

    /// Sends the signal, after which the program must end with code 0; its log.
    async fn stop(mut self, signal: &str) -> String {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it runs on").unwrap();
        assert_eq!(status.code(), Some(0));
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
        log
    }
}

/// Runs a program to its end: its exit code and what it wrote.
async fn run(program: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = timeout(PATIENCE, Command::new(program).args(arguments).kill_on_drop(true).output());
    let output = output.await.expect("it runs on").unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn standin_prints_its_url_logs_no_secret_and_stops_on_sigterm() {
    let ready = std::env::temp_dir().join(format!("cxone-standin-ready-{}", std::process::id()));
    let arguments = ["--client-secret", "hush-hush", "--ready-file"].map(OsStr::new);
    let standin = Started::new(STANDIN, &[&arguments[..], &[ready.as_os_str()]].concat()).await;
    assert_eq!(std::fs::read_to_string(&ready).unwrap(), format!("{}\n", standin.base_url));
    std::fs::remove_file(&ready).unwrap();
    let control = cxone::Control::new(&standin.base_url).unwrap();
    assert_eq!(control.api_url(), format!("{}/api/v2", standin.base_url));
    assert_eq!(control.stats().await.unwrap(), Stats::default());
    let elsewhere = ControlClient::new(&standin.base_url).unwrap();
    assert!(elsewhere.post("/somewhere").await.is_err());
    let log = standin.stop("-TERM").await;
    assert!(log.contains("1 POST /somewhere 404 ") && !log.contains("hush-hush"), "{log}");
}

#[tokio::test]
async fn receiver_prints_its_url_logs_no_signature_and_stops_on_sigint() {
    let receiver = Started::new(RECEIVER, &["--secret", NEW]).await;
    let now = unix_seconds();
    let signature = sign(&[NEW], "msg-1", now, BODY);
    let head = format!(
        "POST /hook HTTP/1.1\r\nwebhook-id: msg-1\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {signature}\r\n\
         connection: close\r\ncontent-length: {}",
        BODY.len()
    );
    let stream = wire::open(&receiver.base_url, &head).await;
    assert_eq!(wire::exchange(stream, BODY.as_bytes(), PATIENCE).await.status(), 200);
    let control = webhook::Control::new(&receiver.base_url).unwrap();
    assert!(control.deliveries(None, None).await.unwrap().remove(0).verified);
    let log = receiver.stop("-INT").await;
    assert!(log.contains("1 POST /hook 200 webhook-id=\"msg-1\" verified"), "{log}");
    assert!(!log.contains(&signature) && !log.contains("Zoë"), "{log}");
}

#[tokio::test]
async fn wrong_arguments_exit_with_2_and_an_unusable_address_or_directory_with_1() {
    let (code, help, _) = run(STANDIN, &["--help"]).await;
    assert!(code == Some(0) && help.contains("--pending-ms N"), "{help}");
    let (code, _, fault) = run(STANDIN, &["--pending-ms", "soon"]).await;
    assert!(code == Some(2) && fault.contains("soon") && fault.contains("--help"), "{fault}");
    let (code, _, fault) = run(STANDIN, &["--listen", "0.0.0.0:0"]).await;
    assert!(code == Some(1) && fault.contains("not a loopback address"), "{fault}");
    let (code, _, fault) = run(STANDIN, &["--keep", "/dev/null/x"]).await;
    assert!(code == Some(1) && fault.contains("/dev/null/x"), "{fault}");
    let (code, _, fault) = run(RECEIVER, &[]).await;
    assert!(code == Some(2) && fault.contains("--secret is missing"), "{fault}");
}
