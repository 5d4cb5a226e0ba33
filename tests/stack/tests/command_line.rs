//! How the program `stack` answers to what it does not understand, and to a reader that has gone.

use std::process::{Command, Output, Stdio};

fn stack(arguments: &[&str], output: impl Into<Stdio>) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_stack")).args(arguments).stdout(output).stderr(Stdio::piped()).output()
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    for arguments in [&["fault"][..], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = stack(arguments, writer).unwrap();
        assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
    }
}

#[test]
fn what_is_not_understood_is_refused_with_what_is_near() {
    for (arguments, near) in [
        (&["stauts"][..], "'status'"),
        (&["fault", "upload-429", "--interation", "INT-1"], "'--interaction'"),
        (&["up", "now"], "unexpected argument 'now'"),
    ] {
        let ended = stack(arguments, Stdio::piped()).unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(2) && said.contains(near), "{arguments:?}: {said}");
    }
}
