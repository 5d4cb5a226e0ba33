//! The functions as separate processes: their messages about bad settings, and their memory.

use std::{path::PathBuf, time::Duration};

use pipeline::{File, World, notification};
use serde_json::{Value, json};
use servers::runtime_api::{Answer, RuntimeApi};

use crate::{Error, files::pdf};

const DEADLINE: Duration = Duration::from_mins(1);

/// The functions as they were deployed.
fn program(world: &World, function: &str) -> Result<PathBuf, Error> {
    let package = world.place.log_dir.parent().ok_or("no stack directory")?.join("package");
    let program = package.join("functions").join(function).join("bootstrap");
    if program.exists() { Ok(program) } else { Err(format!("{} is not there", program.display()).into()) }
}

/// A function, its settings, and what its message must contain.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

pub(crate) async fn missing_and_malformed_settings_are_all_named(world: &World) -> Result<(), Error> {
    let aws = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1")];
    let cases: [Case; 4] = [
        (
            "intake",
            &[
                ("MAX_FILE_SIZE_BYTES", "25MB"),
                ("ALLOWED_MIME_TYPES", "image/png,image/jpg"),
                ("REFUSE_ACTIVE_CONTENT", "some"),
                ("CXONE_BASE_URL", "http://cxone.example/api/v2"),
                ("CXONE_TOKEN_URL", "http://token.example/oauth/token"),
                ("KEY_PREFIX", "interactions"),
            ],
            &[
                "settings are wrong",
                "LEDGER_TABLE is missing",
                "STATE_MACHINE_ARN is missing",
                "INTAKE_DLQ_URL is missing",
                "INGEST_BUCKET is missing",
                "CXONE_SECRET_ID is missing",
                "MAX_FILE_SIZE_BYTES is \"25MB\"",
                "\"image/jpg\" is not a known type",
                "REFUSE_ACTIVE_CONTENT is \"some\": it must be none, macros or all",
                "CXONE_BASE_URL is \"http://cxone.example/api/v2\": plain http",
                "CXONE_TOKEN_URL is \"http://token.example/oauth/token\": plain http",
                "KEY_PREFIX is \"interactions\": it must end in /",
            ],
        ),
        (
            "poll",
            &[("POLL_WINDOW_SECONDS", "61"), ("CXONE_SECRET_ID", "x")],
            &["1 setting is wrong: POLL_WINDOW_SECONDS"],
        ),
        (
            "finalize",
            &[("AUDIT_BUCKET", "b")],
            &["LEDGER_TABLE is missing", "WEBHOOK_URL is missing", "WEBHOOK_SECRET_ID is missing"],
        ),
        (
            "finalize",
            &[("WEBHOOK_URL", "http://receiver.example/outcomes")],
            &["WEBHOOK_URL is \"http://receiver.example/outcomes\": plain http"],
        ),
    ];
    for (function, settings, expected) in cases {
        let log = world.place.log_dir.join(format!("{function}-settings.log"));
        let variables = [&aws[..], settings].concat();
        let mut process = RuntimeApi::start(&program(world, function)?, &variables, DEADLINE, &log).await?;
        let Answer::Error(error) = process.invoke(json!({})).await? else { return Err("it answered".into()) };
        assert_eq!(error.get("errorType").and_then(Value::as_str), Some("Settings.Invalid"), "{function}: {error}");
        let message = error.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
        for fault in expected {
            assert!(message.contains(fault), "{function}: {fault:?} is not in {message}");
        }
        println!("{function}: {message}");
    }
    Ok(())
}

pub(crate) async fn memory_does_not_grow_with_the_file(world: &World) -> Result<(), Error> {
    let small = peak(world, "MEMORY-1", 1_024).await?;
    let large = peak(world, "MEMORY-2", 25 * 1024 * 1024).await?;
    println!("intake's peak: {small} KiB for 1 KiB, {large} KiB for 25 MiB");
    assert!(large < small + 4 * 1024, "{small} KiB for 1 KiB but {large} KiB for 25 MiB");
    Ok(())
}

/// The peak memory of an intake process that processes one file.
async fn peak(world: &World, interaction: &str, size: usize) -> Result<u64, Error> {
    let stack = &world.place;
    let variables = [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", &stack.endpoint),
        ("LEDGER_TABLE", &stack.ledger_table),
        ("STATE_MACHINE_ARN", &stack.state_machine_arn),
        ("INTAKE_DLQ_URL", &stack.dlq_url),
        ("INGEST_BUCKET", &stack.bucket),
        ("CXONE_SECRET_ID", &stack.cxone_secret_arn),
        ("CXONE_BASE_URL", &stack.cxone_base_url),
        // The bucket's notification is for another prefix, so that the deployed function does not get this object.
        ("KEY_PREFIX", "aside/"),
    ];
    let log = stack.log_dir.join("intake-memory.log");
    let mut process = RuntimeApi::start(&program(world, "intake")?, &variables, DEADLINE, &log).await?;
    let key = format!("aside/{interaction}/a.pdf");
    let object = world.put(&File::new(key, pdf(size, interaction))).await?.at_interaction(interaction);
    match process.invoke(notification(&[&object])).await? {
        Answer::Response(_) => {}
        Answer::Error(error) => return Err(format!("{error}").into()),
    }
    let peak = process.peak_memory_kib()?;
    let ended = world.outcome_of(&object).await?;
    assert_eq!(ended.attachment.as_ref().map(|stored| stored.size), Some(size as u64));
    Ok(peak)
}
