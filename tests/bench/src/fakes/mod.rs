//! Fake servers of AWS and CXone on loopback, for a function that is measured. They always give the same answers, and fast.
//!
//! A measurement checks only that the uploads have the objects' lengths. Other tests check the calls, on the local stack and with
//! the stand-in.

mod authority;
mod aws;
mod cxone;
mod object;
mod server;

use std::{path::Path, sync::Arc};

use crate::Error;

pub use cxone::Seen;
pub use object::{ObjectName, event};

/// The bucket that every event names.
pub const BUCKET: &str = "bench";

/// The fake servers of AWS and CXone, each over plain HTTP and over TLS.
pub struct Fakes {
    plain: Addresses,
    tls: Addresses,
    /// The path of the test authority's certificate.
    authority: String,
    seen: Arc<Seen>,
}

#[derive(Debug, Clone)]
struct Addresses {
    aws: String,
    cxone: String,
}

/// How a function reaches the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Plain HTTP.
    Plain,
    /// TLS with a certificate of the test authority.
    Tls,
}

impl Transport {
    /// Its part of the names of figures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tls => "tls",
        }
    }
}

impl Fakes {
    /// Starts the servers and writes the authority's certificate into `folder`.
    pub async fn start(folder: &Path) -> Result<Self, Error> {
        let authority = authority::Authority::new()?;
        let path = folder.join("authority.pem");
        std::fs::write(&path, &authority.certificate)?;
        let seen = Arc::new(Seen::default());
        let objects = Arc::new(object::Objects::default());
        let mut addresses = Vec::new();
        for tls in [None, Some(authority.acceptor()?)] {
            let scheme = if tls.is_some() { "https" } else { "http" };
            let s3 = Arc::clone(&objects);
            let aws = server::start(tls.clone(), move |request| aws::answer(Arc::clone(&s3), request)).await?;
            let sink = Arc::clone(&seen);
            let cxone = server::start(tls, move |request| cxone::answer(Arc::clone(&sink), request)).await?;
            addresses.push(Addresses { aws: format!("{scheme}://{aws}"), cxone: format!("{scheme}://{cxone}") });
        }
        let [plain, tls] = <[Addresses; 2]>::try_from(addresses).map_err(|_| "there are not exactly two transports")?;
        Ok(Self { plain, tls, authority: path.display().to_string(), seen })
    }

    /// The uploads that have arrived at CXone.
    #[must_use]
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The environment variables of a function, with the authority for TLS.
    #[must_use]
    pub fn variables(&self, transport: Transport) -> Vec<(String, String)> {
        let addresses = self.addresses(transport);
        let mut variables: Vec<(String, String)> = [
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL", &addresses.aws),
            ("LEDGER_TABLE", "ledger"),
            ("STATE_MACHINE_ARN", "arn:aws:states:us-east-1:123456789012:stateMachine:attachments"),
            ("INTAKE_DLQ_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters"),
            ("INGEST_BUCKET", BUCKET),
            ("CXONE_SECRET_ID", "cxone"),
            ("CXONE_BASE_URL", &format!("{}/api/v2", addresses.cxone)),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        if transport == Transport::Tls {
            variables.push(("TLS_CA_FILE".to_owned(), self.authority.clone()));
        }
        variables
    }

    /// The path of the test authority's certificate.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Host and port of S3, and of CXone.
    #[must_use]
    pub fn authorities(&self, transport: Transport) -> (&str, &str) {
        let addresses = self.addresses(transport);
        (strip(&addresses.aws), strip(&addresses.cxone))
    }

    const fn addresses(&self, transport: Transport) -> &Addresses {
        match transport {
            Transport::Plain => &self.plain,
            Transport::Tls => &self.tls,
        }
    }
}

fn strip(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, authority)| authority)
}
