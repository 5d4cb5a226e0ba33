//! The programs to measure: intake, the Python functions and the proxy.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use servers::runtime_api::RuntimeApi;
use tokio::process::Command;

use crate::{
    Error,
    fakes::{Fakes, Transport},
};

/// A function under the Runtime API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The project's function, as it is deployed.
    Intake,
    /// Python: boto3, and requests-toolbelt's streaming multipart encoder.
    Toolbelt,
    /// Python: boto3 reads the whole object, and requests sends it.
    ReadAll,
    /// Python: boto3 reads pieces of 1 MiB, and httpx sends them.
    Httpx,
    /// The proxy that only copies; it supports no TLS.
    Proxy,
    /// The proxy that also computes the SHA-256 of the bytes.
    HashingProxy,
}

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Programs {
    /// Intake's bootstrap.
    pub intake: PathBuf,
    /// Python in the benchmark's own virtual environment.
    pub python: PathBuf,
    /// The folder of the Python functions.
    pub handlers: PathBuf,
    /// This program, which is also the proxy.
    pub bench: PathBuf,
    /// The folder for logs and certificates.
    pub scratch: PathBuf,
}

/// Long enough for callgrind, which slows a program down by a factor of about fifty.
const DEADLINE: Duration = Duration::from_mins(5);

impl Subject {
    /// All that support the transport.
    #[must_use]
    pub const fn all(transport: Transport) -> &'static [Self] {
        match transport {
            Transport::Plain => {
                &[Self::Intake, Self::Toolbelt, Self::ReadAll, Self::Httpx, Self::Proxy, Self::HashingProxy]
            }
            Transport::Tls => &[Self::Intake, Self::Toolbelt, Self::ReadAll, Self::Httpx],
        }
    }

    /// Its part of the names of figures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Toolbelt => "python_toolbelt",
            Self::ReadAll => "python_read",
            Self::Httpx => "python_httpx",
            Self::Proxy => "raw_proxy",
            Self::HashingProxy => "hashing_proxy",
        }
    }

    /// Its name in tables and plots.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Intake => "intake (Rust)",
            Self::Toolbelt => "Python, boto3 + requests-toolbelt",
            Self::ReadAll => "Python, boto3 read() + requests",
            Self::Httpx => "Python, boto3 + httpx, 1 MB pieces",
            Self::Proxy => "raw hyper proxy",
            Self::HashingProxy => "raw hyper proxy with SHA-256",
        }
    }

    const fn handler(self) -> Option<&'static str> {
        match self {
            Self::Toolbelt => Some("toolbelt.handle"),
            Self::ReadAll => Some("read_all.handle"),
            Self::Httpx => Some("httpx_pieces.handle"),
            Self::Intake | Self::Proxy | Self::HashingProxy => None,
        }
    }

    /// Starts it as a process.
    pub async fn start(self, programs: &Programs, fakes: &Fakes, transport: Transport) -> Result<RuntimeApi, Error> {
        let mut command = match self {
            Self::Intake => Command::new(&programs.intake),
            Self::Proxy | Self::HashingProxy => {
                let mut command = Command::new(&programs.bench);
                let (source, sink) = fakes.authorities(transport);
                command.args(["proxy", "--source", source, "--sink", sink]);
                command.args((self == Self::HashingProxy).then_some("--hash"));
                command
            }
            Self::Toolbelt | Self::ReadAll | Self::Httpx => {
                let mut command = Command::new(&programs.python);
                command.args(["-m", "awslambdaric"]).args(self.handler());
                command
            }
        };
        command.current_dir(&programs.handlers).env_clear().envs(fakes.variables(transport));
        if self.handler().is_some() {
            python_settings(&mut command, fakes, transport);
        }
        Ok(RuntimeApi::launch(command, DEADLINE, &self.log(programs)).await?)
    }

    fn log(self, programs: &Programs) -> PathBuf {
        programs.scratch.join(format!("{}.log", self.name()))
    }
}

/// The environment of Lambda's own image.
fn python_settings(command: &mut Command, fakes: &Fakes, transport: Transport) {
    command.env("LANG", "C.UTF-8").env("AWS_EXECUTION_ENV", "AWS_Lambda_python3.11").env("LAMBDA_TASK_ROOT", ".");
    if transport == Transport::Tls {
        for variable in ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"] {
            command.env(variable, fakes.authority());
        }
    }
}

/// Starts intake under callgrind, which writes its counts to `counts` and the total to `log`.
pub async fn start_under_callgrind(
    intake: &Path,
    fakes: &Fakes,
    transport: Transport,
    counts: &Path,
    log: &Path,
) -> Result<RuntimeApi, Error> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--error-exitcode=0"]);
    command.arg(format!("--callgrind-out-file={}", counts.display())).arg(intake);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).envs(fakes.variables(transport));
    Ok(RuntimeApi::launch(command, DEADLINE, log).await?)
}
