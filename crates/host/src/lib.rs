//! What every function does once at cold start: read the settings, make the clients, set up the logs, and serve.
//!
//! `aws-config` is deliberately absent. In Lambda the credentials, the region and the endpoints are environment variables;
//! its credential chain (profiles, SSO, instance metadata, its own HTTP client) multiplies the start-up work by five.

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
mod tls;

pub use aws::Aws;
pub use clock::{Clock, later};
pub use cxone_client::{CxoneSettings, cxone_client};
pub use environment::{Environment, Invalid, NumberSetting, PlainHttpHosts, SettingsError};
pub use refusals::{Refusals, Refused};
pub use secret::{SecretError, SigningSecrets, read_signing_secrets};
pub use serve::{Failure, serve, start};
pub use tls::HttpClients;
