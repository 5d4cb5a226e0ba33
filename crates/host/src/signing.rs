//! Signs a webhook as Standard Webhooks says.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};

use crate::SigningSecrets;

/// Standard Webhooks requires keys of 24 to 64 bytes. A shorter key may be guessed from one delivery.
const SHORTEST_KEY: usize = 24;

/// One signature per secret, separated by spaces.
///
/// # Errors
/// The text names the entry of `signing_secrets` that cannot sign, and quotes nothing of it.
pub fn signatures(secrets: &SigningSecrets, id: &str, timestamp: u64, bytes: &[u8]) -> Result<String, String> {
    let timestamp = i64::try_from(timestamp).unwrap_or(i64::MAX);
    let sign = |(index, secret): (usize, &SecretString)| {
        let fault = |fault: &str| format!("entry {} of signing_secrets {fault}", index + 1);
        let key = key(secret).map_err(fault)?;
        let webhook = standardwebhooks::Webhook::from_bytes(key).map_err(|_| fault("is not a key"))?;
        webhook.sign(id, timestamp, bytes).map_err(|error| fault(&format!("cannot sign: {error}")))
    };
    let signed: Result<Vec<_>, _> = secrets.0.iter().enumerate().map(sign).collect();
    Ok(signed?.join(" "))
}

/// The secret's bytes, or its fault, which never quotes the secret.
fn key(secret: &SecretString) -> Result<Vec<u8>, &'static str> {
    let text = secret.expose_secret();
    let bytes = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text));
    let bytes = bytes.map_err(|_| "is not whsec_ and base64")?;
    if bytes.len() < SHORTEST_KEY {
        return Err("has fewer than 24 bytes; make one with: openssl rand -base64 32");
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};

    use super::*;

    #[test]
    fn every_secret_adds_a_signature_that_verifies() {
        let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_b2xkZXIgc2VjcmV0IG9mIHRoZSB0d28h"];
        let signing = SigningSecrets(secrets.map(Into::into).to_vec());
        let timestamp = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let signature = signatures(&signing, "msg", timestamp, b"{}\n").unwrap();
        for secret in secrets {
            let mut headers = reqwest::header::HeaderMap::new();
            headers.insert(HEADER_WEBHOOK_ID, "msg".parse().unwrap());
            headers.insert(HEADER_WEBHOOK_TIMESTAMP, timestamp.to_string().parse().unwrap());
            headers.insert(HEADER_WEBHOOK_SIGNATURE, signature.parse().unwrap());
            let receiver = standardwebhooks::Webhook::new(secret).unwrap();
            receiver.verify(b"{}\n", &headers).unwrap();
            assert!(receiver.verify(b"{} \n", &headers).is_err());
        }
    }

    #[test]
    fn example_of_the_specification_gives_its_signature() {
        // The example of the Standard Webhooks specification.
        let signing = SigningSecrets(vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()]);
        let signature =
            signatures(&signing, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn bad_secret_is_reported_by_its_number_and_not_quoted() {
        let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        for (bad, fault) in [
            ("whsec_hunter2!", "is not whsec_ and base64"),
            ("whsec_", "has fewer than 24 bytes"),
            // 23 bytes.
            ("whsec_aHVudGVyMmh1bnRlcjJodW50ZXIyaHU=", "has fewer than 24 bytes"),
        ] {
            let signing = SigningSecrets(vec![good.into(), bad.into()]);
            let failure = signatures(&signing, "msg", 0, b"").unwrap_err();
            let expected = format!("entry 2 of signing_secrets {fault}");
            assert!(failure.starts_with(&expected) && !failure.contains("unter2"), "{failure}");
        }
    }
}
