//! A running stack, as it is deployed or with faults in it, and the checks of what becomes of its objects.

mod checks;
mod leaks;
mod ledger;
mod logs;
mod objects;
mod outcomes;
mod processes;
mod tls;
mod watch;
mod whole;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_s3::types::{BucketVersioningStatus, NotificationConfiguration, VersioningConfiguration};
use stack::{Binaries, Clients, CxoneServer, Description, Options, Stack};

use crate::FaultsError;
use crate::error::Calling as _;
use crate::http_call;
use crate::proxy::Proxy;
pub use checks::Ended;
pub(crate) use checks::Webhook;
pub use objects::{File, Placed, eventbridge, notification};
pub(crate) use objects::{PREFIX, sound};
pub use outcomes::Invoked;
pub(crate) use processes::{Function, kill};
use tls::TlsFront;
use watch::Watch;
pub(crate) use whole::WHOLE;

/// What a world is started with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// For directories and messages.
    pub(crate) name: &'static str,
    /// Template parameters, `Name=value Name=value`.
    pub(crate) parameters: String,
    /// Whether faults are put into the stack: the functions then reach AWS through the proxy, and the ingest bucket
    /// announces nothing, because a row announces what it writes after it has planted its fault.
    pub(crate) faults: Option<Batches>,
    /// By what factor the machine's waits and retries are stretched.
    pub(crate) wait_scale: f64,
    /// Whether the ingest bucket keeps versions, as the template has it.
    pub(crate) versions: bool,
    /// Whether the webhook's receiver speaks TLS, at first with a certificate that the functions do not know.
    pub(crate) tls: bool,
    /// What the stand-in is started with, apart from the credentials; with its own defaults if none.
    pub(crate) cxone: Option<fn() -> servers::cxone::Settings>,
}

/// How many batches intake works side by side, and how many messages each has, in place of the template's figures: with
/// those, one stalled row would keep others waiting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batches {
    pub(crate) concurrency: u32,
    pub(crate) size: u32,
}

/// A running stack under test.
#[derive(Debug)]
pub struct World {
    /// Where everything is.
    pub place: Description,
    /// SDK clients of the local AWS, which the proxy does not touch.
    pub clients: Clients,
    /// The stand-in for CXone.
    pub standin: servers::cxone::Control,
    /// The webhook's receiver.
    pub receiver: servers::webhook::Control,
    pub(crate) proxy: Proxy,
    bucket_announces: bool,
    watch: Watch,
    placed: Mutex<Vec<Placed>>,
    /// The number of messages that must be in the dead-letter queue at the end.
    pub(crate) buried: Mutex<usize>,
    /// Executions that rows started by hand, by name.
    strays: Mutex<BTreeSet<String>>,
    /// Texts that no log may contain.
    secrets: Mutex<BTreeSet<String>>,
    has_quota: bool,
    name: &'static str,
    pub(crate) tls: Option<TlsFront>,
    /// These end with the world.
    _cxone: Option<servers::scripted::Running>,
    _stack: Stack,
}

impl Setup {
    /// The stack as it is deployed, with these template parameters. Only the waits of the state machine are shorter.
    #[must_use]
    pub fn as_deployed(name: &'static str, parameters: &str) -> Self {
        let parameters = parameters.to_owned();
        Self { name, parameters, faults: None, wait_scale: 0.05, versions: true, tls: false, cxone: None }
    }
}

impl World {
    /// Starts a stack of its own. Dropping the world ends everything. `profile` is the functions' cargo profile.
    pub async fn start(setup: &Setup, profile: &str, binaries: &Binaries) -> Result<Self, FaultsError> {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).calling("finding a port")?.port();
        let proxy = Proxy::start(port)?;
        let mut options = Options::private(&format!("pipeline-{}", setup.name))?;
        options.port = Some(port);
        options.profile = profile.to_owned();
        options.parameters.clone_from(&setup.parameters);
        options.wait_scale = setup.wait_scale;
        if setup.faults.is_some() {
            options.environment = vec![("AWS_ENDPOINT_URL".to_owned(), proxy.url().to_owned())];
        }
        let tls = if setup.tls { Some(TlsFront::start(&mut options).await?) } else { None };
        let cxone = setup.cxone.map(|settings| start_cxone(settings(), &mut options)).transpose()?;
        let stack = Stack::start(&options, binaries).await?;
        let (place, clients) = (stack.description().clone(), stack.clients().clone());
        let secrets = [options.credentials.client_secret, options.signing_secret];
        let world = Self {
            watch: Watch::start(&clients, &place.state_machine_arn),
            standin: servers::cxone::Control::new(&place.cxone_base_url)?,
            receiver: servers::webhook::Control::new(tls.as_ref().map_or(&place.webhook_url, TlsFront::receiver_url))?,
            tls,
            proxy,
            bucket_announces: setup.faults.is_none(),
            placed: Mutex::default(),
            buried: Mutex::default(),
            strays: Mutex::default(),
            secrets: Mutex::new(secrets.into()),
            has_quota: setup.parameters.contains("StorageQuotaBytes="),
            place,
            clients,
            name: setup.name,
            _cxone: cxone,
            _stack: stack,
        };
        if let Some(batches) = setup.faults {
            world.silence_bucket().await?;
            world.set_batches(batches).await?;
        }
        if !setup.versions {
            world.suspend_versions().await?;
        }
        Ok(world)
    }

    /// Adds a text that no log may contain.
    pub(crate) fn keep_secret(&self, text: impl Into<String>) {
        lock(&self.secrets).insert(text.into());
    }

    /// Expects one more message in the dead-letter queue.
    pub(crate) fn expect_buried(&self) {
        *lock(&self.buried) += 1;
    }

    /// Starts an execution with any name and input, which everyone with the permission can do; its ARN.
    pub(crate) async fn start_by_hand(&self, name: &str, input: &serde_json::Value) -> Result<String, FaultsError> {
        lock(&self.strays).insert(name.to_owned());
        let call = self.clients.sfn.start_execution().state_machine_arn(&self.place.state_machine_arn).name(name);
        let started = call.input(input.to_string()).send().await.calling("StartExecution")?;
        Ok(started.execution_arn)
    }

    /// The ARN that an execution of this name has.
    pub(crate) fn execution_arn(&self, name: &str) -> String {
        format!("{}:{name}", self.place.state_machine_arn.replace(":stateMachine:", ":execution:"))
    }

    /// Moves the logs out of the stack's directory, which is removed when the stack ends, and reports where they are.
    pub(crate) fn keep_logs(&self) -> Result<(), FaultsError> {
        let logs = &self.place.log_dir;
        let target = logs.ancestors().nth(2).unwrap_or(logs);
        let kept = target.join("faults-logs").join(self.name);
        match std::fs::remove_dir_all(&kept) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => std::fs::create_dir_all(&kept),
        }
        .and_then(|()| std::fs::rename(logs, &kept))
        .calling("keeping the logs")?;
        crate::report::say(&format!("the logs of the {} stack are in {}", self.name, kept.display()));
        Ok(())
    }

    /// Removes the ingest bucket's notifications.
    async fn silence_bucket(&self) -> Result<(), FaultsError> {
        let (s3, bucket) = (&self.clients.s3, &self.place.bucket);
        let silent = NotificationConfiguration::builder().build();
        let call = s3.put_bucket_notification_configuration().bucket(bucket).notification_configuration(silent);
        call.send().await.calling("PutBucketNotificationConfiguration").map(drop)
    }

    /// The ingest bucket keeps no versions of what is written from now on.
    async fn suspend_versions(&self) -> Result<(), FaultsError> {
        let (s3, bucket) = (&self.clients.s3, &self.place.bucket);
        let none = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
        let call = s3.put_bucket_versioning().bucket(bucket).versioning_configuration(none);
        call.send().await.calling("PutBucketVersioning").map(drop)
    }

    async fn set_batches(&self, batches: Batches) -> Result<(), FaultsError> {
        let (_, listed) =
            http_call::json("GET", &self.place.endpoint, "/2015-03-31/event-source-mappings/", None).await?;
        let mapping = listed.pointer("/EventSourceMappings/0/UUID").and_then(serde_json::Value::as_str);
        let mapping = mapping.ok_or_else(|| FaultsError::broken("the stack has no event source mapping"))?;
        let wanted = serde_json::json!({
            "BatchSize": batches.size, "ScalingConfig": { "MaximumConcurrency": batches.concurrency },
        });
        let path = format!("/2015-03-31/event-source-mappings/{mapping}");
        http_call::json("PUT", &self.place.endpoint, &path, Some(&wanted)).await.map(drop)
    }
}

/// Starts a stand-in in this process and makes the stack use it.
fn start_cxone(
    settings: servers::cxone::Settings,
    options: &mut Options,
) -> Result<servers::scripted::Running, FaultsError> {
    let credentials = &options.credentials;
    let settings = servers::cxone::Settings {
        client_id: credentials.client_id.clone(),
        client_secret: credentials.client_secret.clone().into(),
        ..settings
    };
    let running = servers::cxone::start(settings).calling("starting the stand-in")?;
    options.cxone = CxoneServer::Other(format!("{}/api/v2", running.base_url()));
    Ok(running)
}

/// Ignores poisoning: no code that holds one of these locks leaves its content half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
