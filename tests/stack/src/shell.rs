//! What a shell needs to work with a running stack.

use std::path::PathBuf;

use crate::{Description, ministack, workspace};

/// Commands for `eval`: they set the variables of AWS tools to the stack, and name what the stack has.
#[must_use]
pub fn exports(stack: &Description) -> String {
    let mut lines = vec!["unset AWS_PROFILE AWS_SESSION_TOKEN".to_owned()];
    lines.extend(variables(stack).into_iter().map(|(name, value)| format!("export {name}={}", quoted(&value))));
    let tools = quoted(&tools().display().to_string());
    // Once, however often it is evaluated.
    lines.push(format!("case \":$PATH:\" in *:{tools}:*) ;; *) export PATH={tools}:\"$PATH\" ;; esac"));
    lines.join("\n") + "\n"
}

/// None of them may be a variable of `make up`, which would use it.
fn variables(stack: &Description) -> Vec<(&'static str, String)> {
    let mut all: Vec<(&str, String)> =
        ministack::aws_environment(&stack.endpoint).into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    let functions = &stack.functions;
    let optional = [("CXONE_CONTROL", &stack.cxone_control), ("WEBHOOK_CONTROL", &stack.webhook_control)];
    all.extend([
        // Some tools read it before AWS_DEFAULT_REGION.
        ("AWS_REGION", stack.region.clone()),
        ("BUCKET", stack.bucket.clone()),
        ("AUDIT_BUCKET", stack.audit_bucket.clone()),
        ("QUEUE_URL", stack.queue_url.clone()),
        ("DLQ_URL", stack.dlq_url.clone()),
        ("STATE_MACHINE_ARN", stack.state_machine_arn.clone()),
        ("LEDGER_TABLE", stack.ledger_table.clone()),
        ("INTAKE_FUNCTION", functions.intake.clone()),
        ("POLL_FUNCTION", functions.poll.clone()),
        ("FINALIZE_FUNCTION", functions.finalize.clone()),
        ("CXONE_SECRET_ARN", stack.cxone_secret_arn.clone()),
        ("WEBHOOK_SECRET_ARN", stack.webhook_secret_arn.clone()),
        ("LOG_DIR", stack.log_dir.display().to_string()),
    ]);
    all.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    all
}

/// The folder with the `aws` of such a shell: the client in `.venv`, which calls the stack only.
fn tools() -> PathBuf {
    workspace::root().join("tests/stack/bin")
}

/// The word as a POSIX shell reads it back.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::{Functions, variables::is_known};

    fn example() -> Description {
        let text = str::to_owned;
        Description {
            endpoint: text("http://127.0.0.1:4566"),
            region: text("us-east-1"),
            bucket: text("in"),
            queue_url: text("http://127.0.0.1:4566/123456789012/q"),
            dlq_url: text("http://127.0.0.1:4566/123456789012/d"),
            state_machine_arn: text("arn:aws:states:us-east-1:123456789012:stateMachine:m"),
            audit_bucket: text("audit"),
            ledger_table: text("ledger"),
            functions: Functions { intake: text("i"), poll: text("p"), finalize: text("f") },
            log_dir: "/tmp/a folder/it's/$HOME/logs".into(),
            cxone_base_url: text("http://127.0.0.1:1/api/v2"),
            webhook_url: text("http://127.0.0.1:2/webhook"),
            cxone_control: Some(text("http://127.0.0.1:1/_control")),
            webhook_control: None,
            cxone_secret_arn: text("c"),
            webhook_secret_arn: text("w"),
        }
    }

    #[test]
    fn a_shell_that_evaluates_them_twice_has_every_value_as_it_is() {
        let script = format!(
            "{0}{0}printf '%s\\n' \"$AWS_ENDPOINT_URL\" \"$LOG_DIR\" \"$CXONE_CONTROL\" \"$PATH\"",
            exports(&example())
        );
        let shell = Command::new("/bin/sh").args(["-euc", &script]).env_clear().env("PATH", "/bin").output().unwrap();
        let said = String::from_utf8(shell.stdout).unwrap();
        assert_eq!(
            said.lines().collect::<Vec<_>>(),
            [
                "http://127.0.0.1:4566",
                "/tmp/a folder/it's/$HOME/logs",
                "http://127.0.0.1:1/_control",
                &format!("{}:/bin", tools().display()),
            ],
            "{}",
            String::from_utf8_lossy(&shell.stderr)
        );
    }

    #[test]
    fn what_the_stack_does_not_have_is_left_out_and_make_up_takes_none_of_it() {
        let stack = example();
        assert!(!exports(&stack).contains("WEBHOOK_CONTROL"));
        for (name, _) in variables(&stack) {
            assert!(!is_known(name), "{name}");
        }
    }
}
