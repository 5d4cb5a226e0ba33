//! `send`: writes files as a producer does.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use attachments::{InteractionId, Timestamp};
use aws_sdk_s3::primitives::ByteStream;
use media_type::MediaType;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::{Context, explain};
use crate::{
    Exit, Handle, Story, ToolError,
    check::Rules,
    cli::Send,
    object,
    ui::{coloured, note, outside},
};

/// Between two looks of `--wait`.
const PAUSE: Duration = Duration::from_secs(1);

/// What became of a file.
#[derive(Debug, Serialize)]
struct Sent {
    file: String,
    key: String,
    version_id: Option<String>,
    /// Why it was not written.
    error: Option<String>,
    /// Why intake rejects the file, as far as it can be told here.
    refused: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    story: Option<Story>,
}

impl Sent {
    fn failed(path: &Path, key: String, error: &ToolError) -> Self {
        let file = path.display().to_string();
        Self { file, key, version_id: None, error: Some(error.to_string()), refused: None, story: None }
    }
}

pub(super) async fn run(context: &mut Context<'_, impl Write>, arguments: &Send) -> Result<Exit, ToolError> {
    let interaction = interaction(&arguments.interaction)?;
    let rules = Rules::of(&context.deployment)?;
    let tags = tagging(&arguments.tags)?;
    if arguments.name.is_some() && arguments.files.len() != 1 {
        return Err(ToolError::Usage("--name is for one file".to_owned()));
    }
    // Before anything is written: a wrong name of the last file must not leave the others half done.
    let mut keys = Vec::with_capacity(arguments.files.len());
    for path in &arguments.files {
        let name = arguments.name.clone().map_or_else(|| name_of(path), Ok)?;
        keys.push((name.clone(), rules.key(&interaction, &name).map_err(ToolError::Usage)?));
    }
    let (mut exits, mut all) = (Vec::new(), Vec::new());
    for (path, (name, key)) in arguments.files.iter().zip(keys) {
        let written = write(context, arguments, &rules, tags.as_deref(), path, &name, &key).await;
        exits.push(written.as_ref().map_or_else(ToolError::exit, |_| Exit::Success));
        all.push(written.unwrap_or_else(|error| {
            note(&format!("{}: {error}", path.display()));
            Sent::failed(path, key, &error)
        }));
    }
    if arguments.wait {
        for (exit, sent) in exits.iter_mut().zip(&mut all).filter(|(exit, _)| **exit == Exit::Success) {
            *exit = follow(context, arguments, sent).await?;
        }
    }
    if context.is_json() {
        context.json(&serde_json::json!({"schema_version": 1, "files": all}))?;
    }
    let good = exits.iter().filter(|exit| **exit == Exit::Success).count();
    Ok(if good > 0 && good < exits.len() { Exit::Partial } else { Exit::of_all(exits) })
}

/// Checks the files alone.
pub(super) fn check(
    rules: &Rules,
    arguments: &Send,
    say: &mut impl FnMut(&str) -> Result<(), ToolError>,
) -> Result<Exit, ToolError> {
    let interaction = interaction(&arguments.interaction)?;
    let (mut good, mut bad) = (0_usize, 0_usize);
    for path in files(&arguments.files)? {
        let name = name_of(&path)?;
        let checked = match rules.key(&interaction, &name) {
            Ok(key) => rules.check(&path, &name)?.map(|media_type| (key, media_type)),
            Err(fault) => Err(fault),
        };
        let shown = outside(&path.display().to_string());
        match checked {
            Ok((key, media_type)) => {
                good += 1;
                say(&format!("accepted  {shown}: {}, as {}", media_type.with_article(), outside(&key)))?;
            }
            Err(fault) => {
                bad += 1;
                say(&format!("rejected  {shown}: {}", outside(&fault)))?;
            }
        }
    }
    say(&format!("{good} accepted, {bad} rejected; nothing was sent"))?;
    Ok(match (good, bad) {
        (_, 0) => Exit::Success,
        (0, _) => Exit::Bad,
        _ => Exit::Partial,
    })
}

fn interaction(text: &str) -> Result<InteractionId, ToolError> {
    text.parse().map_err(|error| ToolError::Usage(format!("--interaction {text:?}: {error}")))
}

/// The files, and those in folders, in order.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ToolError> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let tried = |source| ToolError::Io { what: format!("reading the folder {}", path.display()), source };
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(path).map_err(tried)? {
            entries.push(entry.map_err(tried)?.path());
        }
        entries.sort();
        found.extend(files(&entries)?);
    }
    Ok(found)
}

fn name_of(path: &Path) -> Result<String, ToolError> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| ToolError::Usage(format!("{} has no name that is Unicode", path.display())))
}

/// The tags as S3 takes them. None if there are none.
fn tagging(tags: &[String]) -> Result<Option<String>, ToolError> {
    let mut pairs = Vec::new();
    for tag in tags {
        let (key, value) = tag
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| ToolError::Usage(format!("--tag {tag:?} is not of the form key=value")))?;
        pairs.push(format!("{}={}", encoded(key), encoded(value)));
    }
    if pairs.len() > 10 {
        return Err(ToolError::Usage(format!("S3 takes at most 10 tags, and there are {}", pairs.len())));
    }
    Ok((!pairs.is_empty()).then(|| pairs.join("&")))
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

async fn write(
    context: &mut Context<'_, impl Write>,
    arguments: &Send,
    rules: &Rules,
    tags: Option<&str>,
    path: &Path,
    name: &str,
    key: &str,
) -> Result<Sent, ToolError> {
    let refused = rules.check(path, name)?.err();
    if let Some(refused) = &refused {
        note(&format!("{}: intake will reject it: {refused}", path.display()));
    }
    let bucket = context.deployment.output("IngestBucketName")?;
    let body = ByteStream::from_path(path).await;
    let body = body.map_err(|error| ToolError::Unreadable(format!("reading {}: {error}", path.display())))?;
    let known = media_type::extension_of(name).and_then(MediaType::from_extension);
    let mut put = context.clients.s3.put_object().bucket(bucket).key(key).body(body);
    put = put.set_tagging(tags.map(str::to_owned)).set_content_type(known.map(|known| known.as_str().to_owned()));
    if arguments.no_scan {
        put = put.metadata("auto-scan", "false");
    }
    let written = put.send().await.map_err(|error| ToolError::of_call("s3:PutObject", &error))?;
    let version_id = written.version_id.filter(|id| id != "null");
    if !context.is_json() {
        let version = version_id.as_deref().map(|id| format!("   version {id}")).unwrap_or_default();
        context.out.line(&format!("written    s3://{bucket}/{}{version}", outside(key)))?;
    }
    Ok(Sent { file: path.display().to_string(), key: key.to_owned(), version_id, refused, error: None, story: None })
}

/// Follows a file to its outcome.
async fn follow(context: &mut Context<'_, impl Write>, arguments: &Send, sent: &mut Sent) -> Result<Exit, ToolError> {
    let deadline = Instant::now() + Duration::from_secs(arguments.timeout);
    let handle = Handle::Key { bucket: None, key: sent.key.clone() };
    let mut last = None;
    loop {
        let found = object::find(&context.clients, &context.deployment, &handle).await?;
        let object = found.into_iter().find(|object| sent.version_id.is_none() || object.version_id == sent.version_id);
        if let Some(mut object) = object {
            object::complete(&context.clients, &context.deployment, &mut object).await?;
            let now = Timestamp::from(SystemTime::now());
            let story = Story::of(&object, explain::limits(&context.deployment), now);
            if last != Some(story.verdict) && !context.is_json() {
                last = Some(story.verdict);
                let key = outside(&sent.key);
                context.out.line(&format!("{} {key}: {}", coloured(story.verdict), outside(&story.words)))?;
            }
            let exit = story.verdict.exit();
            sent.story = Some(story);
            if exit != Exit::InProgress {
                return Ok(exit);
            }
        }
        if Instant::now() >= deadline {
            note(&format!(
                "no outcome within {} s; cxone-attachments explain shows what it waits for",
                arguments.timeout
            ));
            return Ok(Exit::InProgress);
        }
        sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_encoded_as_s3_takes_them() {
        let tags = ["department=claims & law".to_owned(), "a=b=c".to_owned()];
        assert_eq!(tagging(&tags).unwrap().as_deref(), Some("department=claims%20%26%20law&a=b%3Dc"));
        assert_eq!(tagging(&[]).unwrap(), None);
        for wrong in ["department", "=x"] {
            let error = tagging(&[wrong.to_owned()]).unwrap_err();
            assert!(error.to_string().contains(wrong) && error.exit() == Exit::Usage, "{error}");
        }
        assert!(tagging(&vec!["a=b".to_owned(); 11]).is_err());
    }

    #[test]
    fn folder_is_checked_file_by_file_with_the_pipeline_s_rules() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
        let arguments = Send {
            files: vec![fixtures],
            interaction: "INT-42".to_owned(),
            tags: Vec::new(),
            no_scan: false,
            name: None,
            wait: false,
            timeout: 1,
            check: true,
        };
        let mut lines = Vec::new();
        let exit = check(&Rules::default(), &arguments, &mut |line| {
            lines.push(line.to_owned());
            Ok(())
        });
        let text = lines.join("\n");
        assert_eq!(exit.unwrap(), Exit::Partial, "{text}");
        assert!(text.contains("letter.pdf: a PDF document, as interactions/INT-42/letter.pdf"), "{text}");
        assert!(text.contains("rejected") && text.contains("make.sh"), "{text}");
    }
}
