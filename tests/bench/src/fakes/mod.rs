//! What stands around a function while it is measured: fast answers of AWS and CXone, always the same, on loopback.
//!
//! They check as little as a measurement can do with: that what arrives has the object's length. What the calls must hold is
//! tested elsewhere, on the local stack and with the stand-in.

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

/// Both servers, in plain text and behind TLS.
pub struct Fakes {
    plain: Addresses,
    tls: Addresses,
    /// The test authority's certificate, in a file.
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
    /// TLS 1.3 under the test authority.
    Tls,
}

impl Transport {
    /// For the names of figures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tls => "tls",
        }
    }
}

impl Fakes {
    /// Starts them; the authority's certificate is written into `folder`.
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
        let [plain, tls] = <[Addresses; 2]>::try_from(addresses).map_err(|_| "two transports are wanted")?;
        Ok(Self { plain, tls, authority: path.display().to_string(), seen })
    }

    /// What has arrived at CXone.
    #[must_use]
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// A function's variables; its authority where it needs one.
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

    /// The file with the test authority's certificate.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The hosts and ports of S3 and of CXone.
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
