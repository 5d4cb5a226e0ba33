//! How the program `faults` lists its rows, and answers to what selects none.

use std::process::{Command, Output, Stdio};

fn faults(arguments: &[&str], output: impl Into<Stdio>) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_faults")).args(arguments).stdout(output).stderr(Stdio::piped()).output()
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = faults(&["list"], writer).unwrap();
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn a_selection_without_rows_starts_nothing() {
    for (arguments, near) in [
        (&["run", "--only", "webhok"][..], "did you mean webhook/"),
        (&["run", "--exact", "aws/start"], "did you mean aws/start-"),
        (&["list", "--only", "webhok"], "did you mean webhook/"),
        (&["run", "--only", "a", "--exact", "b"], "cannot be used with"),
        (&["runn"], "'run'"),
    ] {
        let ended = faults(arguments, Stdio::piped()).unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(2) && said.contains(near), "{arguments:?}: {said}");
    }
}

#[test]
fn one_row_is_listed_by_its_whole_name() {
    let ended = faults(&["list", "--exact", "webhook/500"], Stdio::piped()).unwrap();
    let listed = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(ended.status.success() && listed.starts_with("webhook/500  fast  500 twice"), "{listed}");
}
