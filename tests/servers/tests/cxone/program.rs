use std::{process::Stdio, time::Duration};

use cxone_standin::Control;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::Command,
    time::timeout,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cxone-standin");

#[tokio::test]
async fn it_says_where_it_is_logs_requests_and_stops_on_sigterm() {
    let ready = std::env::temp_dir().join(format!("cxone-standin-ready-{}", std::process::id()));
    let mut child = Command::new(PROGRAM)
        .args(["--client-secret", "hush-hush", "--ready-file"])
        .arg(&ready)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let base_url = line.strip_prefix("listening on ").unwrap().trim_end().to_owned();
    assert_eq!(std::fs::read_to_string(&ready).unwrap(), format!("{base_url}\n"));
    std::fs::remove_file(&ready).unwrap();
    let control = Control::new(&base_url).unwrap();
    assert_eq!(control.api_url(), format!("{base_url}/api/v2"));
    assert_eq!(control.stats().await.unwrap(), cxone_standin::Stats::default());
    let elsewhere = scripted_http::control::ControlClient::new(&base_url).unwrap();
    assert!(elsewhere.post("/somewhere").await.is_err());
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    let status = timeout(Duration::from_secs(5), child.wait()).await.expect("it goes on").unwrap();
    assert_eq!(status.code(), Some(0));
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
    assert!(log.contains("1 POST /somewhere 404 ") && !log.contains("hush-hush"), "{log}");
}

#[tokio::test]
async fn faults_of_arguments_and_of_the_address_have_their_codes() {
    let run = async |arguments: &[&str]| {
        let output = timeout(Duration::from_secs(5), Command::new(PROGRAM).args(arguments).kill_on_drop(true).output());
        let output = output.await.expect("it runs on").unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, help, _) = run(&["--help"]).await;
    assert!(code == Some(0) && help.contains("--pending-ms N"), "{help}");
    let (code, _, fault) = run(&["--pending-ms", "soon"]).await;
    assert!(code == Some(2) && fault.contains("soon") && fault.contains("--help"), "{fault}");
    let (code, _, fault) = run(&["--listen", "0.0.0.0:0"]).await;
    assert!(code == Some(1) && fault.contains("not a loopback address"), "{fault}");
    let (code, _, fault) = run(&["--keep", "/dev/null/x"]).await;
    assert!(code == Some(1) && fault.contains("/dev/null/x"), "{fault}");
}
