//! The tool cxone-attachments, as a person types it, against the local stack with the real functions.

#![expect(clippy::indexing_slicing, reason = "the index of a JSON value is null where nothing is there")]

use std::{
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use pipeline::{File, Placed, Setup, World};
use serde_json::Value;
use servers::{
    cxone::{JobAct, StatusAnswer, UploadAct},
    scripted::{Reply, RetryAfter, Step},
    webhook::DeliveryAct,
};
use stack::{Binaries, Options};

type Error = Box<dyn std::error::Error + Send + Sync>;

const LETTER: &[u8] = include_bytes!("../../fixtures/letter.pdf");

/// The tool and the deployment that it is pointed at.
struct Tool<'a> {
    program: PathBuf,
    world: &'a World,
}

/// What a person sees, and the exit code.
struct Seen {
    text: String,
    complaint: String,
    code: Option<i32>,
}

impl Tool<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(Stdio::null());
        for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "NO_COLOR", "CLICOLOR_FORCE", "CXONE_ATTACHMENTS_STACK"] {
            command.env_remove(name);
        }
        command.env("AWS_ENDPOINT_URL", &self.world.place.endpoint).env("AWS_REGION", &self.world.place.region);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        // No configuration of the person who runs the tests.
        command.env("AWS_CONFIG_FILE", "/nonexistent").env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<Seen, Error> {
        seen(self.command(arguments).output()?)
    }

    fn json(&self, arguments: &[&str]) -> Result<(Value, Option<i32>), Error> {
        let seen = self.run(&[arguments, &["--json"]].concat())?;
        assert!(!seen.text.contains('\u{1b}'), "colour in JSON: {}", seen.text);
        Ok((
            serde_json::from_str(&seen.text).map_err(|error| format!("{error}: {} {}", seen.text, seen.complaint))?,
            seen.code,
        ))
    }

    /// Asks until the object has this verdict.
    async fn until(&self, handle: &str, verdict: &str) -> Result<(Value, Option<i32>), Error> {
        let patience = Instant::now() + Duration::from_mins(1);
        loop {
            let (answer, code) = self.json(&["explain", handle])?;
            if answer["objects"][0]["verdict"] == verdict {
                return Ok((answer["objects"][0].clone(), code));
            }
            if Instant::now() > patience {
                return Err(format!("{handle} never was {verdict}: {answer:#}").into());
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

fn seen(output: Output) -> Result<Seen, Error> {
    let (text, complaint) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    Ok(Seen { text, complaint, code: output.status.code() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tool_tells_what_became_of_files_and_whether_the_stack_is_sound() -> Result<(), Error> {
    let options = Options::private("operator")?.functions(|name| std::env::var(name).ok());
    let binaries = Binaries::build(&options).await?;
    let world =
        World::start(&Setup::as_deployed("operator", "StorageQuotaBytes=10000000"), &options.profile, &binaries)
            .await?;
    let tool = Tool { program: binaries.path("cxone-attachments")?.to_owned(), world: &world };
    explain_tells_each_outcome(&tool).await?;
    explain_tells_what_waits(&tool).await?;
    explain_finds_by_each_handle(&tool).await?;
    explain_of_nothing_names_what_is_similar(&tool).await?;
    many_objects_are_a_table(&tool).await?;
    send_writes_waits_and_checks(&tool)?;
    doctor_names_the_fix_of_what_is_broken(&tool).await?;
    wrong_input_is_told_apart_by_exit_codes(&tool)?;
    pipe_may_be_closed(&tool)?;
    Ok(())
}

async fn put(world: &World, key: &str, body: &[u8]) -> Result<Placed, Error> {
    Ok(world.put(&File::new(key, body)).await?)
}

async fn explain_tells_each_outcome(tool: &Tool<'_>) -> Result<(), Error> {
    let world = tool.world;
    let reason = Some("Virus found: \u{1b}[31mEICAR".to_owned());
    let failed = StatusAnswer { word: "FAILED".to_owned(), reason, ..StatusAnswer::default() };
    world.standin.script_jobs("INFECTED", &[Step::once(JobAct::Status(failed))]).await?;
    put(world, "interactions/INT-42/letter.pdf", LETTER).await?;
    put(world, "interactions/NOTPDF/letter.exe", LETTER).await?;
    put(world, "interactions/INFECTED/offer.pdf", LETTER).await?;

    let (object, code) = tool.until("INT-42", "COMPLETED").await?;
    assert_eq!((code, object["key"].as_str()), (Some(0), Some("interactions/INT-42/letter.pdf")));
    let steps: Vec<_> =
        object["events"].as_array().into_iter().flatten().filter_map(|event| event["step"].as_str()).collect();
    for step in ["written", "first claimed", "upload ended", "PollJob", "outcome"] {
        assert!(steps.contains(&step), "{step} is not in {steps:?}");
    }
    let text = tool.run(&["explain", "INT-42"])?;
    for part in ["COMPLETED", "CXone has the file", "Do", "nothing", "sha256", "RecordCompletion"] {
        assert!(text.text.contains(part), "{part} is not in {}", text.text);
    }
    assert!(!text.text.contains('\u{1b}'), "colour without a terminal");
    assert!(tool.run(&["explain", "INT-42", "--color", "always"])?.text.contains('\u{1b}'));

    let (object, code) = tool.until("NOTPDF", "REJECTED").await?;
    assert_eq!((code, object["reason_code"].as_str()), (Some(1), Some("unsupported_extension")));
    let (object, code) = tool.until("INFECTED", "FAILED").await?;
    assert_eq!((code, object["reason_code"].as_str()), (Some(1), Some("job_failed")));
    let text = tool.run(&["explain", "INFECTED"])?.text;
    assert!(text.contains("EICAR") && text.contains("security team") && !text.contains('\u{1b}'), "{text:?}");
    Ok(())
}

async fn explain_tells_what_waits(tool: &Tool<'_>) -> Result<(), Error> {
    let world = tool.world;
    let busy = Reply::status(429.try_into()?).retry_after(RetryAfter::Seconds(120));
    world.standin.script_uploads("BUSY", &[Step::once(UploadAct::Reply(busy)).forever()]).await?;
    put(world, "interactions/BUSY/a.pdf", LETTER).await?;
    let (object, code) = tool.until("BUSY", "WAITING").await?;
    assert_eq!(code, Some(3));
    assert!(object["words"].as_str().is_some_and(|words| words.contains("429")), "{object:#}");
    assert!(object["next"].as_str().is_some_and(|next| next.starts_with("attempt 2")), "{object:#}");
    assert!(object["next_at"].is_string(), "{object:#}");
    let (status, _) = tool.json(&["status"])?;
    assert_eq!(status["waiting"][0]["objects"], 1, "{status:#}");
    let text = tool.run(&["status"])?.text;
    assert!(text.contains("1 × ") && text.contains("429"), "{text}");

    // Its file is at CXone, and the receiver is down.
    world
        .receiver
        .script_interaction("DOWN", &[Step::once(DeliveryAct::Reply(Reply::status(500.try_into()?))).forever()])
        .await?;
    put(world, "interactions/DOWN/a.pdf", LETTER).await?;
    let patience = Instant::now() + Duration::from_mins(1);
    loop {
        let (answer, _) = tool.json(&["explain", "DOWN"])?;
        let object = &answer["objects"][0];
        if object["verdict"] == "COMPLETED"
            && object["webhook"].as_str().is_some_and(|webhook| webhook.contains("Webhook.Undelivered"))
        {
            assert!(object["do"].as_str().is_some_and(|advice| advice.contains("receiver")), "{object:#}");
            break;
        }
        assert!(Instant::now() < patience, "{answer:#}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    Ok(())
}

async fn explain_finds_by_each_handle(tool: &Tool<'_>) -> Result<(), Error> {
    let (object, _) = tool.until("INT-42", "COMPLETED").await?;
    let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
    let uri = format!("s3://{}/{}", tool.world.place.bucket, text("key"));
    let name = text("execution_arn").rsplit(':').next().unwrap_or_default().to_owned();
    for handle in [text("key"), uri, text("identity"), text("execution_arn"), name, text("job_id")] {
        let (answer, code) = tool.json(&["explain", &handle])?;
        assert_eq!((code, &answer["objects"][0]["identity"]), (Some(0), &object["identity"]), "{handle}");
    }
    // A deleted file keeps its history.
    tool.world.clients.s3.delete_object().bucket(&tool.world.place.bucket).key(text("key")).send().await?;
    let (answer, code) = tool.json(&["explain", &text("key")])?;
    assert_eq!((code, &answer["objects"][0]["verdict"]), (Some(0), &Value::from("COMPLETED")), "{answer:#}");
    Ok(())
}

async fn explain_of_nothing_names_what_is_similar(tool: &Tool<'_>) -> Result<(), Error> {
    let bucket = &tool.world.place.bucket;
    let put =
        tool.world.clients.s3.put_object().bucket(bucket).key("Interactions/LOST/a.pdf").body(LETTER.to_vec().into());
    put.send().await?;
    let seen = tool.run(&["explain", "LOST"])?;
    assert_eq!(seen.code, Some(4));
    assert!(seen.text.contains("NOTHING") && seen.text.contains("similar: Interactions/LOST/a.pdf"), "{}", seen.text);
    let seen = tool.run(&["explain", "\u{202e}x\u{9b}31m/y.pdf"])?;
    assert!(
        seen.code == Some(4) && seen.text.chars().all(|c| c == '\n' || attachments::is_harmless(c)),
        "{:?} {:?}",
        seen.text,
        seen.complaint
    );
    Ok(())
}

async fn many_objects_are_a_table(tool: &Tool<'_>) -> Result<(), Error> {
    for number in 0..23 {
        put(tool.world, &format!("interactions/MANY/{number}.exe"), LETTER).await?;
    }
    let patience = Instant::now() + Duration::from_mins(1);
    loop {
        let seen = tool.run(&["explain", "MANY", "--time", "utc"])?;
        if seen.text.matches("unsupported_extension").count() == 20 {
            assert!(seen.code == Some(1) && seen.text.contains("and 3 more"), "{}", seen.text);
            let widest = seen.text.lines().map(|line| line.chars().count()).max();
            assert!(widest.is_some_and(|columns| columns <= 120), "{widest:?} columns");
            return Ok(());
        }
        assert!(Instant::now() < patience, "{}", seen.text);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

fn send_writes_waits_and_checks(tool: &Tool<'_>) -> Result<(), Error> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures");
    let (letter, script) = (format!("{fixtures}/letter.pdf"), format!("{fixtures}/make.sh"));
    let sent = tool.run(&["send", &letter, "--interaction", "SENT", "--tag", "team=a & b", "--wait"])?;
    assert!(sent.code == Some(0) && sent.text.contains("COMPLETED"), "{} {}", sent.text, sent.complaint);
    let (sent, code) = tool.json(&["send", &letter, &script, "--interaction", "SENT", "--wait"])?;
    assert_eq!((code, sent["files"][1]["story"]["verdict"].as_str()), (Some(6), Some("REJECTED")), "{sent:#}");
    let (sent, code) = tool.json(&["send", "/nonexistent.pdf", &letter, "--interaction", "SENT"])?;
    assert_eq!((code, sent["files"][1]["error"].is_null()), (Some(6), true), "{sent:#}");
    assert!(sent["files"][0]["error"].as_str().is_some_and(|error| error.contains("/nonexistent.pdf")), "{sent:#}");
    let checked = tool.run(&["send", "--check", &letter, "--interaction", "SENT"])?;
    assert!(checked.code == Some(0) && checked.text.contains("a PDF document"), "{}", checked.text);
    assert_eq!(tool.run(&["send", "--check", &script, "--interaction", "SENT"])?.code, Some(1));
    for wrong in
        [["send", letter.as_str(), "--interaction", "a/b"], ["send", "/nonexistent.pdf", "--interaction", "SENT"]]
    {
        let seen = tool.run(&wrong)?;
        assert!(matches!(seen.code, Some(1 | 2)) && !seen.complaint.is_empty(), "{wrong:?}: {:?}", seen.code);
    }
    let quota = tool.run(&["quota", "show"])?;
    assert!(quota.code == Some(0) && quota.text.contains("of 10000000 bytes"), "{}", quota.text);
    Ok(())
}

async fn doctor_names_the_fix_of_what_is_broken(tool: &Tool<'_>) -> Result<(), Error> {
    let (world, clients) = (tool.world, &tool.world.clients);
    let sound = tool.run(&["doctor", "--token", "--ping-webhook"])?;
    assert_eq!(sound.code, Some(0), "{}", sound.text);
    for part in ["object lock", "event source", "CXone token", "the receiver answered 200", "Not proven"] {
        assert!(sound.text.contains(part), "{part} is not in {}", sound.text);
    }
    let secret = &world.place.cxone_secret_arn;
    let placeholder = r#"{"client_id": "REPLACE_ME", "client_secret": "REPLACE_ME"}"#;
    clients.secrets.put_secret_value().secret_id(secret).secret_string(placeholder).send().await?;
    clients
        .s3
        .put_bucket_notification_configuration()
        .bucket(&world.place.bucket)
        .notification_configuration(aws_sdk_s3::types::NotificationConfiguration::builder().build())
        .send()
        .await?;
    let broken = tool.run(&["doctor"])?;
    assert_eq!(broken.code, Some(1), "{}", broken.text);
    for fix in ["put-secret-value", "put-bucket-notification-configuration"] {
        assert!(broken.text.contains(fix), "{fix} is not in {}", broken.text);
    }
    let (answer, _) = tool.json(&["doctor"])?;
    let failed = answer["checks"].as_array().into_iter().flatten().filter(|check| check["found"] == "fail").count();
    assert_eq!(failed, 2, "{answer:#}");
    Ok(())
}

fn wrong_input_is_told_apart_by_exit_codes(tool: &Tool<'_>) -> Result<(), Error> {
    for arguments in [&["frobnicate"][..], &["explain"], &["status", "--colour"], &["send", "a.pdf"], &[]] {
        let seen = tool.run(arguments)?;
        assert_eq!(seen.code, Some(2), "{arguments:?}: {}", seen.complaint);
    }
    for (arguments, said) in [
        (&["status", "--stack", "nope"][..], "there is no stack \"nope\""),
        (&["explain", "INT-42", "--region", "eu-west-3"], "eu-west-3"),
    ] {
        let seen = tool.run(arguments)?;
        assert!(
            seen.code == Some(4) && seen.complaint.contains(said),
            "{arguments:?}: {:?} {}",
            seen.code,
            seen.complaint
        );
    }
    let mut without = tool.command(&["status"]);
    without
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let seen = seen(without.output()?)?;
    assert!(
        seen.code == Some(5) && seen.complaint.contains("no AWS credentials"),
        "{:?} {}",
        seen.code,
        seen.complaint
    );
    for command in ["explain", "status", "send", "doctor", "quota", "completions"] {
        let help = tool.run(&[command, "--help"])?;
        assert!(help.code == Some(0) && help.text.contains("Usage: cxone-attachments"), "{command}");
    }
    assert!(tool.run(&["completions", "bash"])?.text.contains("complete -F"));
    assert!(tool.run(&["man"])?.text.contains(".TH"));
    Ok(())
}

fn pipe_may_be_closed(tool: &Tool<'_>) -> Result<(), Error> {
    let mut child = tool.command(&["man"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    drop(child.stdout.take());
    let output = child.wait_with_output()?;
    assert_eq!((output.status.code(), String::from_utf8(output.stderr)?.as_str()), (Some(0), ""));
    Ok(())
}
