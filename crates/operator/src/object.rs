//! Everything that the pipeline knows of one object, read from where it is.

use attachments::{
    Identity, ObjectRef, ObjectVersion, Timestamp,
    audit::audit_key,
    workflow::{Attachment, Upload},
};
use aws_sdk_s3::types::EncodingType;
use ledger::{Ledger, ObjectRow};

use crate::{
    Clients, Deployment, Handle, ToolError, check,
    execution::{self, Execution, Visit},
    record::StoredRecord,
};

/// Objects that one handle stands for at most; a person reads no more, and a script narrows the handle.
pub(crate) const MOST: usize = 1_000;

/// How far S3's clock and intake's may differ.
const CLOCK_TOLERANCE_SECONDS: f64 = 2.0;

/// The file in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Bytes.
    pub size: u64,
    /// When it was written.
    pub written: Timestamp,
    /// The version is a deletion.
    pub is_delete_marker: bool,
}

/// One object, which is one version of a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// None for an object of an unversioned bucket that intake has not claimed: its identity needs the event.
    pub identity: Option<Identity>,
    /// None where only the ledger of an older release knows it.
    pub key: Option<String>,
    /// None in an unversioned bucket.
    pub version_id: Option<String>,
    /// Why its key starts nothing. None for a key that the pipeline processes.
    pub ignored: Option<String>,
    /// The file. None if it is gone, or was not looked for.
    pub source: Option<Source>,
    /// The ledger's row.
    pub row: Option<ObjectRow>,
    /// The execution, if it was looked for.
    pub execution: Option<Execution>,
    /// Its states.
    pub visits: Vec<Visit>,
    /// The audit record, if it was looked for.
    pub record: Option<StoredRecord>,
}

impl Object {
    fn of_row(row: ObjectRow) -> Self {
        Self {
            identity: Some(row.identity.clone()),
            key: row.key.clone(),
            version_id: row.version_id.clone(),
            ignored: None,
            source: None,
            row: Some(row),
            execution: None,
            visits: Vec::new(),
            record: None,
        }
    }

    /// What intake decided, as the execution got it.
    #[must_use]
    pub fn attachment(&self) -> Option<Attachment> {
        serde_json::from_str(self.execution.as_ref()?.input.as_deref()?).ok()
    }

    /// CXone's job.
    #[must_use]
    pub fn job_id(&self) -> Option<String> {
        let recorded = self.record.as_ref().and_then(|stored| stored.record.as_ref()?.job_id.clone());
        recorded.or_else(|| Some(self.attachment()?.job_id?.as_str().to_owned()))
    }

    /// When the file was sent.
    #[must_use]
    pub fn upload(&self) -> Option<Upload> {
        self.attachment()?.upload
    }

    /// Whether an unversioned object is what this row is about: intake saw it after it was written.
    fn is_the_write_of(&self, row: &ObjectRow) -> bool {
        let written = self.source.as_ref().filter(|source| !source.is_delete_marker).map(|source| source.written);
        self.identity.is_none()
            && self.row.is_none()
            && row.version_id.is_none()
            && written.is_some_and(|written| row.first_seen.seconds_since(written) >= -CLOCK_TOLERANCE_SECONDS)
    }

    /// When it was written, or first seen.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        let written = self.source.as_ref().map(|source| source.written);
        written.or_else(|| self.row.as_ref().map(|row| row.first_seen))
    }
}

/// The ledger of a deployment.
///
/// # Errors
/// The stack has no ledger.
pub(crate) fn ledger(clients: &Clients, deployment: &Deployment) -> Result<Ledger, ToolError> {
    Ok(Ledger::new(clients.dynamodb.clone(), deployment.output("LedgerTableName")?.to_owned()))
}

pub(crate) fn of_ledger(error: &ledger::LedgerError) -> ToolError {
    let text = attachments::causes(error);
    if ["AccessDenied", "not authorized"].iter().any(|part| text.contains(part)) {
        return ToolError::Denied { action: "dynamodb:Query", text };
    }
    ToolError::Aws { action: "dynamodb:Query", text }
}

/// The objects that a handle stands for, newest first, without executions and records.
///
/// # Errors
/// AWS does not say.
pub(crate) async fn find(
    clients: &Clients,
    deployment: &Deployment,
    handle: &Handle,
) -> Result<Vec<Object>, ToolError> {
    let ledger = ledger(clients, deployment)?;
    let identities = match handle {
        Handle::Key { bucket, key } => return versions(clients, deployment, &ledger, bucket.as_deref(), key).await,
        Handle::Identity(identity) => vec![identity.clone()],
        Handle::Execution(name) => of_execution(clients, deployment, name).await?,
        Handle::Id(id) => {
            let (interaction, job) = tokio::join!(ledger.of_interaction(id, MOST), ledger.of_job(id));
            let mut found = interaction.map_err(|error| of_ledger(&error))?;
            let jobs = job.map_err(|error| of_ledger(&error))?;
            found.extend(jobs.into_iter().filter(|one| !found.contains(one)).collect::<Vec<_>>());
            found
        }
    };
    let mut objects: Vec<Object> =
        ledger.rows(&identities).await.map_err(|error| of_ledger(&error))?.into_iter().map(Object::of_row).collect();
    newest_first(&mut objects);
    Ok(objects)
}

fn newest_first(objects: &mut [Object]) {
    objects.sort_by_key(|object| std::cmp::Reverse(object.since()));
}

/// The identity that an execution's input names.
async fn of_execution(clients: &Clients, deployment: &Deployment, name: &str) -> Result<Vec<Identity>, ToolError> {
    let arn = execution_arn(deployment, name)?;
    let execution = Execution::read(&clients.sfn, &arn).await?;
    let input = execution.and_then(|execution| execution.input);
    let attachment: Option<Attachment> = input.and_then(|input| serde_json::from_str(&input).ok());
    Ok(attachment.map(|attachment| attachment.identity).into_iter().collect())
}

fn execution_arn(deployment: &Deployment, name: &str) -> Result<String, ToolError> {
    let machine = deployment.output("StateMachineArn")?;
    Ok(format!("{}:{name}", machine.replacen(":stateMachine:", ":execution:", 1)))
}

/// Why a key starts nothing. None if intake processes it.
fn ignored(deployment: &Deployment, bucket: &str, key: &str) -> Result<Option<String>, ToolError> {
    let ignored_names = &check::ignored_names(deployment)?;
    let source = events::Source { bucket, prefix: deployment.key_prefix(), ignored_names };
    Ok(events::ignored(key, source).map(|ignored| ignored.to_string()))
}

/// All versions of a key, with their rows.
async fn versions(
    clients: &Clients,
    deployment: &Deployment,
    ledger: &Ledger,
    bucket: Option<&str>,
    key: &str,
) -> Result<Vec<Object>, ToolError> {
    let ingest = deployment.output("IngestBucketName")?;
    if let Some(other) = bucket.filter(|bucket| *bucket != ingest) {
        return Err(ToolError::Usage(format!(
            "the stack {} takes files from {ingest}, not from {other}",
            deployment.stack
        )));
    }
    let mut objects = listed(clients, ingest, key).await?;
    let identities: Vec<Identity> = objects.iter().filter_map(|object| object.identity.clone()).collect();
    for row in ledger.rows(&identities).await.map_err(|error| of_ledger(&error))? {
        if let Some(object) = objects.iter_mut().find(|object| object.identity.as_ref() == Some(&row.identity)) {
            object.row = Some(row);
        }
    }
    // Rows of deleted versions, and of a bucket without versions, are found by the interaction.
    let interaction = attachments::ObjectKey::interaction_of(key, deployment.key_prefix());
    if !interaction.is_empty() {
        let known = ledger.of_interaction(&interaction, MOST).await.map_err(|error| of_ledger(&error))?;
        let missing: Vec<Identity> = known
            .into_iter()
            .filter(|one| !objects.iter().any(|object| object.identity.as_ref() == Some(one)))
            .collect();
        let rows = ledger.rows(&missing).await.map_err(|error| of_ledger(&error))?;
        let mut rows: Vec<ObjectRow> = rows.into_iter().filter(|row| row.key.as_deref() == Some(key)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.first_seen));
        for row in rows {
            match objects.iter_mut().find(|object| object.is_the_write_of(&row)) {
                Some(object) => {
                    object.identity = Some(row.identity.clone());
                    object.row = Some(row);
                }
                None => objects.push(Object::of_row(row)),
            }
        }
    }
    let ignored = ignored(deployment, ingest, key)?;
    for object in objects.iter_mut().filter(|object| object.row.is_none()) {
        object.ignored.clone_from(&ignored);
    }
    // A delete marker says nothing where the deleted versions are known.
    if objects.iter().any(|object| object.row.is_some()) {
        objects.retain(|object| {
            object.row.is_some() || !object.source.as_ref().is_some_and(|source| source.is_delete_marker)
        });
    }
    newest_first(&mut objects);
    Ok(objects)
}

async fn listed(clients: &Clients, bucket: &str, key: &str) -> Result<Vec<Object>, ToolError> {
    let listed =
        clients.s3.list_object_versions().bucket(bucket).prefix(key).encoding_type(EncodingType::Url).send().await;
    let listed = listed.map_err(|error| ToolError::of_call("s3:ListBucketVersions", &error))?;
    let blank = |version: Option<String>, source: Source| {
        let version_id = version.filter(|id| id != "null");
        let identity =
            version_id.clone().and_then(|id| Some(ObjectRef::new(bucket, key, ObjectVersion::Id(id)).ok()?.identity()));
        Object {
            identity,
            key: Some(key.to_owned()),
            version_id,
            ignored: None,
            source: Some(source),
            row: None,
            execution: None,
            visits: Vec::new(),
            record: None,
        }
    };
    let time = |at: Option<aws_smithy_types::DateTime>| Timestamp::from_unix_seconds(at.map_or(0, |at| at.secs()));
    let is_this = |found: Option<&str>| found.is_some_and(|found| decoded(found, listed.encoding_type.as_ref()) == key);
    let versions = listed.versions.unwrap_or_default().into_iter().filter(|one| is_this(one.key.as_deref()));
    let markers = listed.delete_markers.unwrap_or_default().into_iter().filter(|one| is_this(one.key.as_deref()));
    let mut objects: Vec<Object> = versions
        .map(|one| {
            let size = one.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
            blank(one.version_id, Source { size, written: time(one.last_modified), is_delete_marker: false })
        })
        .collect();
    objects.extend(markers.map(|one| {
        blank(one.version_id, Source { size: 0, written: time(one.last_modified), is_delete_marker: true })
    }));
    Ok(objects)
}

/// A listed key. S3 encodes keys as a form, since XML cannot carry every character of a key.
pub(crate) fn decoded(key: &str, encoding: Option<&EncodingType>) -> String {
    match encoding {
        Some(EncodingType::Url) => attachments::decode_form_encoded_key(key).unwrap_or_else(|_| key.to_owned()),
        _ => key.to_owned(),
    }
}

/// Reads what is known of an object besides its row: the execution with its states, the audit record, the file.
///
/// # Errors
/// AWS does not say.
pub(crate) async fn complete(clients: &Clients, deployment: &Deployment, object: &mut Object) -> Result<(), ToolError> {
    let Some(row) = object.row.clone() else { return Ok(()) };
    if let Some(name) = &row.execution_name {
        let arn = execution_arn(deployment, name)?;
        object.execution = Execution::read(&clients.sfn, &arn).await?;
        if object.execution.is_some() {
            object.visits = execution::visits_of(&clients.sfn, &arn).await?;
        }
    }
    if let Some(resolution) = &row.resolution {
        let prefix = deployment.parameter("AuditPrefix").unwrap_or("audit/");
        let key = audit_key(prefix, &row.identity, resolution);
        object.record = StoredRecord::read(&clients.s3, deployment.output("AuditBucketName")?, &key).await?;
    }
    if object.key.is_none() {
        object.key = object.attachment().map(|attachment| attachment.object.key);
    }
    if let (None, Some(key)) = (&object.source, &object.key) {
        let bucket = deployment.output("IngestBucketName")?;
        let found = listed(clients, bucket, key).await?.into_iter();
        object.source = found.filter(|one| one.version_id == object.version_id).find_map(|one| one.source);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(first_seen: i64, version_id: Option<&str>) -> ObjectRow {
        ObjectRow {
            identity: "a".repeat(64).parse().unwrap(),
            state: ledger::RowState::Done,
            key: None,
            version_id: version_id.map(str::to_owned),
            attempts: 1,
            first_seen: Timestamp::from_unix_seconds(first_seen),
            lease_until: None,
            crashes: 0,
            claimed_by: None,
            crashed_run: None,
            last_fault: None,
            retry_at: None,
            execution_name: None,
            resolution: None,
        }
    }

    #[test]
    fn unversioned_object_gets_only_the_row_of_its_own_write() {
        let mut object = Object::of_row(row(0, None));
        (object.identity, object.row) = (None, None);
        let written = Timestamp::from_unix_seconds(1_000);
        object.source = Some(Source { size: 1, written, is_delete_marker: false });
        assert!(object.is_the_write_of(&row(1_001, None)));
        assert!(!object.is_the_write_of(&row(900, None)), "an earlier write of the key");
        assert!(!object.is_the_write_of(&row(1_001, Some("v1"))), "a deleted version");
        object.source = Some(Source { size: 0, written, is_delete_marker: true });
        assert!(!object.is_the_write_of(&row(1_001, None)));
    }
}
