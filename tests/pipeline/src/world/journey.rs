//! A running stack, and what is known of an object's journey through it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use attachments::{Identity, ObjectRef, ObjectVersion, audit::AuditRecord, execution_name};
use cxone_standin::{Attachment, Call, RequestRecord, Violation};
use serde_json::Value;
use stack::{Binaries, Options, Stack};
use webhook_receiver::Delivery;

use crate::Error;

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_mins(2);

/// A stack with the controls of its two servers.
pub struct World {
    /// The stack; dropping it ends everything.
    pub stack: Stack,
    /// The stand-in for CXone.
    pub cxone: cxone_standin::Control,
    /// The webhook's receiver.
    pub webhook: webhook_receiver::Control,
    http: reqwest::Client,
}

/// An object to write.
#[derive(Debug, Clone, Default)]
pub struct Put<'a> {
    /// The key, as it is.
    pub key: &'a str,
    /// The content.
    pub bytes: Vec<u8>,
    /// `a=1&b=2`.
    pub tagging: Option<&'a str>,
    /// User metadata.
    pub metadata: &'a [(&'a str, &'a str)],
    /// The object's own `Content-Type`.
    pub content_type: Option<&'a str>,
}

/// All that became of an object.
#[derive(Debug)]
pub struct Journey {
    /// The execution's name.
    pub name: String,
    /// `SUCCEEDED` or `FAILED`.
    pub status: String,
    /// A failed execution's error.
    pub error: Option<String>,
    /// A failed execution's cause.
    pub cause: Option<String>,
    /// The states entered, in order.
    pub states: Vec<String>,
    /// The audit record as it is stored.
    pub audit_bytes: Vec<u8>,
    /// The same, read.
    pub audit: AuditRecord,
    /// Uploads that the stand-in saw for the identity.
    pub uploads: Vec<RequestRecord>,
    /// What was wrong with them: a repetition that is not the same request, say.
    pub violations: Vec<Violation>,
    /// Attachments that it keeps for the identity.
    pub attachments: Vec<Attachment>,
    /// Webhooks for the identity.
    pub deliveries: Vec<Delivery>,
}

/// What a function answered to a direct invocation.
#[derive(Debug)]
pub struct Invoked {
    /// The `errorType`, where it failed.
    pub error_type: Option<String>,
    /// The answer, or the error's object.
    pub payload: Value,
}

impl World {
    /// Starts a stack of its own. `PROFILE` names the functions' cargo profile, `dev` where it is not set.
    pub async fn start(name: &str, parameters: &str, binaries: &Binaries) -> Result<Self, Error> {
        let mut options = Self::options(name)?;
        parameters.clone_into(&mut options.parameters);
        // The machine's waits are not what is tested here.
        options.wait_scale = 0.05;
        let stack = Stack::start(&options, binaries).await?;
        let description = stack.description();
        let cxone = cxone_standin::Control::new(&description.cxone_base_url.replace("/api/v2", ""))?;
        // reqwest wants one even for plain http; a second call finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let webhook = webhook_receiver::Control::new(&description.webhook_url.replace("/webhook", ""))?;
        Ok(Self { cxone, webhook, http: reqwest::Client::new(), stack })
    }

    /// The options of such a stack.
    pub fn options(name: &str) -> Result<Options, Error> {
        let mut options = Options::private(name)?;
        options.profile = std::env::var("PROFILE").unwrap_or_else(|_| "dev".to_owned());
        Ok(options)
    }

    /// Writes an object and says how the pipeline will know it.
    pub async fn put(&self, put: Put<'_>) -> Result<ObjectRef, Error> {
        let bucket = &self.stack.description().bucket;
        let metadata = put.metadata.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let written = self
            .stack
            .clients()
            .s3
            .put_object()
            .bucket(bucket)
            .key(put.key)
            .set_tagging(put.tagging.map(str::to_owned))
            .set_metadata(Some(metadata))
            .set_content_type(put.content_type.map(str::to_owned))
            .body(put.bytes.into())
            .send()
            .await?;
        let version = ObjectVersion::Id(written.version_id.ok_or("the bucket is not versioned")?);
        Ok(ObjectRef::new(bucket, put.key, version)?)
    }

    /// Waits until the object has its end, and gathers all that became of it. `interaction` is what its execution is named after.
    pub async fn journey(&self, object: &ObjectRef, interaction: &str) -> Result<Journey, Error> {
        let identity = object.identity();
        let name = execution_name(interaction, &identity);
        let arn =
            format!("{}:{name}", self.stack.description().state_machine_arn.replace(":stateMachine:", ":execution:"));
        let sfn = &self.stack.clients().sfn;
        let ended = self
            .wait_for(&format!("the end of execution {name} ({})", object.key), async || {
                let found = sfn.describe_execution().execution_arn(&arn).send().await.ok()?;
                (found.status().as_str() != "RUNNING").then_some(found)
            })
            .await?;
        let history = sfn.get_execution_history().execution_arn(&arn).max_results(1000).send().await?;
        let states =
            history.events.iter().filter_map(|event| Some(event.state_entered_event_details()?.name().to_owned()));
        let audit_bytes = self.audit_bytes(&identity).await?;
        let uploads = self.uploads(&identity).await?;
        let mut violations = self.cxone.violations(None).await?;
        violations.retain(|violation| uploads.iter().any(|upload| upload.seq == violation.seq));
        Ok(Journey {
            status: ended.status().as_str().to_owned(),
            error: ended.error,
            cause: ended.cause,
            states: states.collect(),
            audit: serde_json::from_slice(&audit_bytes)?,
            audit_bytes,
            uploads,
            violations,
            attachments: self.attachments(&identity).await?,
            deliveries: self.webhook.deliveries(Some(identity.as_str()), None).await?,
            name,
        })
    }

    /// Uploads under the object's key.
    pub async fn uploads(&self, identity: &Identity) -> Result<Vec<RequestRecord>, Error> {
        let mut uploads = self.cxone.requests(None, Some(Call::Upload)).await?;
        uploads.retain(|upload| upload.headers.get("idempotency-key").map(String::as_str) == Some(identity.as_str()));
        Ok(uploads)
    }

    /// Attachments under the object's key.
    pub async fn attachments(&self, identity: &Identity) -> Result<Vec<Attachment>, Error> {
        let mut attachments = self.cxone.attachments(None).await?;
        attachments.retain(|attachment| attachment.idempotency_key == identity.as_str());
        Ok(attachments)
    }

    async fn audit_bytes(&self, identity: &Identity) -> Result<Vec<u8>, Error> {
        let (s3, bucket) = (&self.stack.clients().s3, &self.stack.description().audit_bucket);
        let mut keys = Vec::new();
        let mut pages = s3.list_objects_v2().bucket(bucket).prefix("audit/").into_paginator().send();
        while let Some(page) = pages.next().await {
            let found = page?.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
            keys.extend(found.filter(|key| key.contains(identity.as_str())));
        }
        let [key] = keys.as_slice() else {
            return Err(format!("{} audit records for {identity}: {keys:?}", keys.len()).into());
        };
        let record = s3.get_object().bucket(bucket).key(key).send().await?;
        Ok(record.body.collect().await?.to_vec())
    }

    /// The executions whose name ends in the object's identity.
    pub async fn executions(&self, identity: &Identity) -> Result<Vec<String>, Error> {
        let machine = &self.stack.description().state_machine_arn;
        let listed =
            self.stack.clients().sfn.list_executions().state_machine_arn(machine).max_results(1000).send().await?;
        let names = listed.executions.into_iter().map(|execution| execution.name);
        Ok(names.filter(|name| name.ends_with(identity.short())).collect())
    }

    /// Puts a message straight on the intake queue.
    pub async fn enqueue(&self, body: &str) -> Result<(), Error> {
        let queue = &self.stack.description().queue_url;
        self.stack.clients().sqs.send_message().queue_url(queue).message_body(body).send().await?;
        Ok(())
    }

    /// Waits until the intake queue holds nothing, hidden messages included.
    pub async fn queue_empty(&self) -> Result<(), Error> {
        use aws_sdk_sqs::types::QueueAttributeName::{
            ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible,
        };
        let queue = &self.stack.description().queue_url;
        self.wait_for("an empty queue", async || {
            let names = [ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible];
            let asked = self.stack.clients().sqs.get_queue_attributes().queue_url(queue);
            let answer = asked.set_attribute_names(Some(names.to_vec())).send().await.ok()?;
            let counts: BTreeMap<_, _> = answer.attributes?.into_iter().collect();
            counts.values().all(|count| count == "0").then_some(())
        })
        .await
    }

    /// Invokes a function directly and waits for its answer.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Invoked, Error> {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.stack.description().endpoint);
        let answer = self.http.post(url).json(payload).timeout(PATIENCE).send().await?;
        let failed = answer.headers().contains_key("x-amz-function-error");
        let payload: Value = answer.json().await?;
        let error_type = failed.then(|| payload.get("errorType").and_then(Value::as_str).unwrap_or("none").to_owned());
        Ok(Invoked { error_type, payload })
    }

    /// Asks until there is an answer.
    pub async fn wait_for<T>(&self, what: &str, ask: impl AsyncFn() -> Option<T>) -> Result<T, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask().await {
                return Ok(answer);
            }
            if Instant::now() > deadline {
                let logs = self.stack.description().log_dir.display();
                return Err(format!("{what} did not come in {} s; logs: {logs}", PATIENCE.as_secs()).into());
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }
}

impl Journey {
    /// The reason's code, where there is one.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.audit.error_reason.as_ref().map(|reason| reason.code.as_str().into_owned())
    }

    /// What must hold of every journey: one verified webhook with the very bytes of the record, under the identity.
    pub fn check(&self) -> Result<(), Error> {
        let identity = self.audit.identity.as_str();
        let [delivery] = self.deliveries.as_slice() else {
            return Err(format!("{} webhooks for {identity}", self.deliveries.len()).into());
        };
        if !delivery.verified || delivery.body.as_bytes() != self.audit_bytes {
            return Err(format!("webhook of {identity}: verified {}, body {}", delivery.verified, delivery.body).into());
        }
        if let Some(violation) = self.violations.first() {
            return Err(format!("CXone's API does not allow an upload of {identity}: {}", violation.text).into());
        }
        if self.attachments.len() > 1 {
            return Err(format!("{} attachments for {identity}", self.attachments.len()).into());
        }
        if self.audit.success != (self.status == "SUCCEEDED") {
            return Err(format!("{identity}: success {} but the execution {}", self.audit.success, self.status).into());
        }
        Ok(())
    }
}
