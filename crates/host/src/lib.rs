//! Starts a function and serves its invocations. At cold start it reads the settings, makes the clients and sets up the logs.
//!
//! `aws-config` is deliberately absent. In Lambda, the credentials, the region and the endpoints are environment variables. The
//! credential chain of `aws-config` (profiles, SSO, instance metadata, its own HTTP client) multiplies the start-up work by
//! five.

mod authorities;
mod aws;
mod clock;
mod connector;
mod cxone_client;
mod environment;
mod logging;
pub mod metrics;
mod read_timeout;
mod refusals;
mod secret;
mod serve;
mod signing;
mod tls;

pub use aws::Aws;
pub use clock::{Clock, later};
pub use cxone_client::{CxoneSettings, cxone_client, read_credentials};
pub use environment::{Environment, Invalid, NumberSetting, PlainHttpHosts, SettingsError};
pub use refusals::{Refusals, Refused};
pub use secret::{SecretError, SigningSecrets, read_signing_secrets};
pub use serve::{Failure, serve, start};
pub use signing::signatures;
pub use tls::HttpClients;
