//! Verifies deliveries with the reference implementation.

use http::HeaderMap;
use standardwebhooks::Webhook;

use crate::Error;

/// The secrets. A delivery is verified if any of them verifies it.
#[derive(Default)]
pub struct Secrets(Vec<Webhook>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} secrets [redacted]", self.0.len())
    }
}

impl Secrets {
    /// Reads secrets of the form `whsec_` and base64.
    pub fn parse<S: AsRef<str>>(secrets: &[S]) -> Result<Self, Error> {
        let parse = |(index, secret): (usize, &S)| {
            let fault = |reason: String| Error::Secret { position: index + 1, reason };
            // The reference implementation takes a secret without its prefix, and an empty one.
            let encoded = secret.as_ref().strip_prefix("whsec_").ok_or_else(|| fault("no whsec_".to_owned()))?;
            if encoded.is_empty() {
                return Err(fault("nothing after whsec_".to_owned()));
            }
            Webhook::new(encoded).map_err(|_| fault("the rest is not base64".to_owned()))
        };
        secrets.iter().enumerate().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// The index of the secret that verifies the delivery, or why none does.
    pub(crate) fn verify(&self, body: &[u8], headers: &HeaderMap) -> Result<usize, String> {
        let mut reason = "there are no secrets".to_owned();
        for (index, secret) in self.0.iter().enumerate() {
            match secret.verify(body, headers) {
                Ok(()) => return Ok(index),
                Err(fault) => reason = fault.to_string(),
            }
        }
        Err(reason)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_checked_and_never_shown() {
        for (wrong, reason) in [("whsec_?", "base64"), ("QUJD", "no whsec_"), ("whsec_", "nothing")] {
            let fault = Secrets::parse(&["whsec_QUJD", wrong]).unwrap_err().to_string();
            assert!(fault.contains("secret 2") && fault.contains(reason), "{fault}");
            assert!(!fault.contains("QUJD"), "{fault}");
        }
        assert_eq!(format!("{:?}", Secrets::parse(&["whsec_QUJD"]).unwrap()), "1 secrets [redacted]");
    }
}
