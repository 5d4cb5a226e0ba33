//! Bringing a stack up, and letting it go.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use servers::scripted::control::ControlClient;

use crate::deploy::{self, Deployed};
use crate::error::Trying as _;
use crate::group::{ProcessGroup, end_of};
use crate::state::{self, State};
use crate::variables::Asked;
use crate::{
    Binaries, Clients, CxoneServer, Description, Functions, Options, StackError, WebhookServer, completion, ministack,
    parameters, reload, server, settings,
};

/// How long ministack may take until it answers.
const READY_SECONDS: u64 = 30;

/// A running stack. Dropping it ends every process of it and removes its directory, unless the thread is panicking:
/// then the logs are left for the person who reads the failure.
#[derive(Debug)]
pub struct Stack {
    description: Description,
    clients: Clients,
    group: ProcessGroup,
    dir: WorkDir,
    asked: Asked,
    environment: Vec<(String, String)>,
}

/// A part of [`Stack::start_telling`] that takes a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The servers start.
    Servers,
    /// The template is packaged and deployed.
    Deployment,
    /// What a deployment leaves to the operator is done.
    Completion,
}

/// A directory that goes with its stack.
#[derive(Debug)]
pub(crate) struct WorkDir {
    pub(crate) path: PathBuf,
    keep: bool,
}

impl Stack {
    /// Starts the servers, deploys the template with the compiled functions, and returns when all of it is ready.
    pub async fn start(options: &Options, binaries: &Binaries) -> Result<Self, StackError> {
        Self::start_telling(options, binaries, |_| ()).await
    }

    /// The same, and tells `begins` each step before it is done.
    pub async fn start_telling(
        options: &Options,
        binaries: &Binaries,
        mut begins: impl FnMut(Step),
    ) -> Result<Self, StackError> {
        if let Some(other) = state::load(&options.dir)?.filter(State::has_survivors) {
            return Err(StackError::AlreadyRunning { endpoint: other.description.endpoint });
        }
        // What a person got wrong is said before anything is started.
        let asked = parameters::asked(&options.parameters)?;
        let dir = WorkDir::create(options.dir.clone())?;
        let (logs, package) = (dir.path.join("logs"), dir.path.join(deploy::PACKAGE));
        for path in [&logs, &package] {
            std::fs::create_dir_all(path).trying(|| format!("creating {}", path.display()))?;
        }

        begins(Step::Servers);
        let mut group = ProcessGroup::new()?;
        let endpoint = ministack::start(&mut group, options, &logs)?;
        let cxone_base_url = match &options.cxone {
            CxoneServer::Other(url) => url.clone(),
            CxoneServer::StandIn => {
                let credentials = &options.credentials;
                let arguments = ["--client-id", &credentials.client_id, "--client-secret", &credentials.client_secret];
                let program = binaries.path("cxone-standin")?;
                let origin = server::start(&mut group, "cxone-standin", program, &arguments, &logs).await?;
                format!("{origin}/api/v2")
            }
        };
        let webhook_url = match &options.webhook {
            WebhookServer::Other(url) => url.clone(),
            WebhookServer::Receiver => {
                let program = binaries.path("webhook-receiver")?;
                let arguments = ["--secret", options.signing_secret.as_str()];
                let origin = server::start(&mut group, "webhook-receiver", program, &arguments, &logs).await?;
                format!("{origin}/webhook")
            }
        };
        deploy::lay_out(&package, binaries)?;

        let clients = Clients::new(&endpoint);
        ready(&mut group, &clients, &logs).await?;
        let mut values = local_values(&cxone_base_url, &webhook_url);
        values.retain(|(name, _)| asked.iter().all(|(asked, _)| asked != name));
        values.extend(asked);
        parameters::check(&values, &parameters::declared()?)?;
        begins(Step::Deployment);
        let deployed = deploy::deploy(&endpoint, &package, &values).await?;
        begins(Step::Completion);
        completion::complete(&clients, &deployed, options).await?;

        let mut description = describe(endpoint, &deployed, logs, cxone_base_url, webhook_url)?;
        let own = |own: bool, url: &str| own.then(|| control_of(url)).transpose();
        description.cxone_control = own(options.cxone == CxoneServer::StandIn, &description.cxone_base_url)?;
        description.webhook_control = own(options.webhook == WebhookServer::Receiver, &description.webhook_url)?;
        let (asked, environment) = (options.asked.clone(), options.environment.clone());
        Ok(Self { description, clients, group, dir, asked, environment })
    }

    /// Where everything is.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Clients of its endpoint.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// An error if a function refuses the settings that it was deployed with.
    pub async fn check_settings(&self, binaries: &Binaries) -> Result<(), StackError> {
        settings::check(&self.description, binaries, &self.environment).await
    }

    /// Puts other programs in place of its functions. Its data stays.
    pub async fn replace_functions(&self, binaries: &Binaries) -> Result<(), StackError> {
        reload::replace(&self.description, &self.dir.path.join(deploy::PACKAGE), binaries).await
    }

    /// Leaves the stack running when this process ends; [`state::find`] and [`state::stop`] know it by its directory then.
    pub fn detach(mut self) -> Result<Description, StackError> {
        let (description, processes) = (self.description, self.group.records());
        let state = State { description, processes, asked: self.asked, environment: self.environment };
        state.save(&self.dir.path)?;
        self.group.detach()?;
        self.dir.keep = true;
        Ok(state.description)
    }
}

impl WorkDir {
    pub(crate) fn create(path: PathBuf) -> Result<Self, StackError> {
        match std::fs::remove_dir_all(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(StackError::Io { what: format!("clearing {}", path.display()), source });
            }
            _ => {}
        }
        std::fs::create_dir_all(&path).trying(|| format!("creating {}", path.display()))?;
        Ok(Self { path, keep: false })
    }
}

impl Drop for WorkDir {
    fn drop(&mut self) {
        if !self.keep && !std::thread::panicking() {
            // Nothing depends on it; what cannot be removed is found below target/.
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}

/// The parameters that every local stack sets, besides its architecture and the addresses of its servers.
pub const LOCAL_PARAMETERS: [(&str, &str); 6] = [
    ("LocalStack", "true"),
    // Short, so that a crash is seen to heal within minutes.
    ("FunctionTimeoutSeconds", "90"),
    ("QueueVisibilitySeconds", "100"),
    ("AuditRetentionDays", "1"),
    // What producers may ask for is tried here; a deployment's defaults grant none of it.
    ("InteractionIdFrom", "key-or-metadata"),
    ("AllowScanOptOut", "true"),
];

/// The parameters in which the local stack differs from AWS.
fn local_values(cxone_base_url: &str, webhook_url: &str) -> Vec<(String, String)> {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let own = [("Architecture", architecture), ("CxoneBaseUrl", cxone_base_url), ("WebhookUrl", webhook_url)];
    LOCAL_PARAMETERS.into_iter().chain(own).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The root of the control interface of one of the stack's own servers.
fn control_of(url: &str) -> Result<String, StackError> {
    Ok(format!("{}/_control", ControlClient::new(url)?.base_url()))
}

/// Waits until ministack answers, and makes the bucket that packages go to.
pub(crate) async fn ready(
    group: &mut ProcessGroup,
    clients: &Clients,
    logs: &std::path::Path,
) -> Result<(), StackError> {
    let deadline = Instant::now() + Duration::from_secs(READY_SECONDS);
    while clients.s3.create_bucket().bucket(deploy::ARTIFACTS).send().await.is_err() {
        group.check(ministack::NAME)?;
        if Instant::now() > deadline {
            let log = end_of(&logs.join("ministack.log"));
            return Err(StackError::NotReady { server: ministack::NAME, seconds: READY_SECONDS, log });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

pub(crate) fn failed(call: &'static str, error: &impl std::error::Error) -> StackError {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        reason.push_str(": ");
        reason.push_str(&cause.to_string());
        source = cause.source();
    }
    StackError::Aws { call, reason }
}

fn describe(
    endpoint: String,
    deployed: &Deployed,
    log_dir: PathBuf,
    cxone_base_url: String,
    webhook_url: String,
) -> Result<Description, StackError> {
    Ok(Description {
        endpoint,
        region: ministack::REGION.to_owned(),
        bucket: deployed.output("IngestBucketName")?,
        queue_url: deployed.output("IntakeQueueUrl")?,
        dlq_url: deployed.output("IntakeDeadLetterQueueUrl")?,
        state_machine_arn: deployed.output("StateMachineArn")?,
        audit_bucket: deployed.output("AuditBucketName")?,
        ledger_table: deployed.output("LedgerTableName")?,
        functions: Functions {
            intake: deployed.output("IntakeFunctionName")?,
            poll: deployed.output("PollFunctionName")?,
            finalize: deployed.output("FinalizeFunctionName")?,
        },
        log_dir,
        cxone_base_url,
        webhook_url,
        cxone_control: None,
        webhook_control: None,
        cxone_secret_arn: deployed.output("CxoneSecretArn")?,
        webhook_secret_arn: deployed.output("WebhookSecretArn")?,
    })
}
