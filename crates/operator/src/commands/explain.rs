//! `explain`: what became of an object, and what happens next.

use std::io::Write;

use aws_sdk_s3::types::EncodingType;
use ledger::RowState;
use serde::Serialize;

use super::Context;
use crate::{
    Deployment, Exit, Handle, Object, Story, ToolError, object,
    story::Limits,
    ui::{outside, story},
};

/// Rows of a table at most.
const ROWS: usize = 20;

#[derive(Serialize)]
struct Told<'a> {
    schema_version: u32,
    identity: Option<&'a str>,
    key: Option<&'a str>,
    version_id: Option<&'a str>,
    job_id: Option<String>,
    execution_arn: Option<&'a str>,
    audit_record: Option<&'a str>,
    #[serde(flatten)]
    story: &'a Story,
}

/// Explains each handle.
pub(super) async fn run(context: &mut Context<'_, impl Write>, handles: &[Handle]) -> Result<Exit, ToolError> {
    let (mut exits, mut all, mut similar_keys) = (Vec::new(), Vec::new(), Vec::new());
    for handle in handles {
        let found = object::find(&context.clients, &context.deployment, handle).await?;
        if found.is_empty() {
            exits.push(Exit::NotFound);
            let similar = similar(context, handle).await?;
            if context.is_json() {
                similar_keys.extend(similar);
            } else {
                nothing(context, handle, &similar)?;
            }
            continue;
        }
        let told = tell(context, found).await?;
        exits.push(Exit::of_all(told.iter().map(|(_, story)| story.verdict.exit())));
        if context.is_json() {
            all.extend(told);
        } else {
            print(context, &told)?;
        }
    }
    if context.is_json() {
        json(context, &all, &similar_keys)?;
    }
    Ok(Exit::of_all(exits))
}

/// What the stack's parameters allow.
pub(super) fn limits(deployment: &Deployment) -> Limits {
    Limits {
        give_up_seconds: deployment.number("GiveUpAfterSeconds", 259_200),
        visibility_seconds: deployment.number("QueueVisibilitySeconds", 1_800),
    }
}

/// Tells each object. The execution is read where the row alone does not say what became of it.
async fn tell(context: &Context<'_, impl Write>, objects: Vec<Object>) -> Result<Vec<(Object, Story)>, ToolError> {
    let limits = limits(&context.deployment);
    let single = objects.len() == 1;
    let mut told = Vec::with_capacity(objects.len());
    for mut object in objects {
        let is_decided = object.row.as_ref().is_some_and(|row| row.state == RowState::Decided);
        if single || is_decided || context.is_json() {
            object::complete(&context.clients, &context.deployment, &mut object).await?;
        }
        let story = Story::of(&object, limits, context.ui.now);
        told.push((object, story));
    }
    Ok(told)
}

fn print(context: &mut Context<'_, impl Write>, told: &[(Object, Story)]) -> Result<(), ToolError> {
    if let [(object, told)] = told {
        return context.out.line(&story::story(object, told, &context.ui));
    }
    let shown = told.get(..ROWS).unwrap_or(told);
    context.out.line(&story::stories(shown, &context.ui))?;
    if told.len() > shown.len() {
        context.out.line(&format!("and {} more; --json lists all", told.len() - shown.len()))?;
    }
    context.out.line("\nexplain an execution, an identity or a key to see one of them")
}

fn json(context: &mut Context<'_, impl Write>, told: &[(Object, Story)], similar: &[String]) -> Result<(), ToolError> {
    let one = |(object, story): &'_ (Object, Story)| -> serde_json::Result<serde_json::Value> {
        serde_json::to_value(Told {
            schema_version: 1,
            identity: object.identity.as_ref().map(attachments::Identity::as_str),
            key: object.key.as_deref(),
            version_id: object.version_id.as_deref(),
            job_id: object.job_id(),
            execution_arn: object.execution.as_ref().map(|execution| execution.arn.as_str()),
            audit_record: object.record.as_ref().map(|record| record.location.as_str()),
            story,
        })
    };
    let values: serde_json::Result<Vec<_>> = told.iter().map(one).collect();
    let values = values.map_err(|error| ToolError::Unreadable(error.to_string()))?;
    if context.global.jsonl {
        return values.iter().try_for_each(|value| context.json(value));
    }
    context.json(&serde_json::json!({"schema_version": 1, "objects": values, "similar": similar}))
}

/// Says that there is nothing, with what was probably meant.
fn nothing(context: &mut Context<'_, impl Write>, handle: &Handle, similar: &[String]) -> Result<(), ToolError> {
    let what = match handle {
        Handle::Key { key, .. } => format!("no object has the key {}", outside(key)),
        Handle::Identity(identity) => format!("the ledger has no object {identity}"),
        Handle::Execution(name) => format!("there is no execution {}", outside(name)),
        Handle::Id(id) => format!(
            "no object is known for the interaction or job {id} (looked in the ledger and below {}{id}/)",
            context.deployment.key_prefix(),
            id = outside(id)
        ),
    };
    context.out.line(&format!("  {}  {what}", crate::ui::coloured(crate::Verdict::Nothing)))?;
    for key in similar {
        context.out.line(&format!("              similar: {}", outside(key)))?;
    }
    Ok(())
}

/// Keys that resemble the handle: below the interaction's folder, and below folders that differ from the prefix in case.
async fn similar(context: &Context<'_, impl Write>, handle: &Handle) -> Result<Vec<String>, ToolError> {
    let prefix = context.deployment.key_prefix();
    let folder = match handle {
        Handle::Id(id) => id.clone(),
        Handle::Key { key, .. } => attachments::ObjectKey::interaction_of(key, prefix),
        Handle::Identity(_) | Handle::Execution(_) => return Ok(Vec::new()),
    };
    if folder.is_empty() {
        return Ok(Vec::new());
    }
    let mut capital = prefix.to_owned();
    if let Some(first) = capital.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let bucket = context.deployment.output("IngestBucketName")?;
    let mut found = Vec::new();
    for prefix in [prefix.to_owned(), capital, prefix.to_ascii_uppercase(), String::new()] {
        let listed = context
            .clients
            .s3
            .list_objects_v2()
            .bucket(bucket)
            .prefix(format!("{prefix}{folder}/"))
            .max_keys(3)
            .encoding_type(EncodingType::Url);
        let listed = listed.send().await.map_err(|error| ToolError::of_call("s3:ListBucket", &error))?;
        let encoding = listed.encoding_type;
        let keys = listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
        found.extend(keys.map(|key| object::decoded(&key, encoding.as_ref())));
    }
    found.dedup();
    found.truncate(5);
    Ok(found)
}
