//! Searches the logs.

use super::{World, lock, objects::TAG_VALUE};
use crate::FaultsError;
use crate::error::Calling as _;

impl World {
    /// Searches every log of the stack for credentials, tokens, signatures and tag values; the number of bytes
    /// searched.
    pub(crate) fn nothing_secret_in_logs(&self) -> Result<u64, FaultsError> {
        let mut secrets: Vec<String> = lock(&self.secrets).iter().cloned().collect();
        secrets.extend([TAG_VALUE.to_owned(), servers::cxone::TOKEN_PREFIX.to_owned()]);
        let mut searched = 0;
        for entry in std::fs::read_dir(&self.place.log_dir).calling("reading the logs")? {
            let path = entry.calling("reading the logs")?.path();
            let text = std::fs::read(&path).calling("reading a log")?;
            searched += text.len() as u64;
            let text = String::from_utf8_lossy(&text);
            let found = secrets.iter().find(|secret| text.contains(secret.as_str())).map(String::as_str);
            if let Some(secret) = found.or_else(|| signature(&text)) {
                let shown: String = secret.chars().take(12).collect();
                return Err(FaultsError::broken(format!(
                    "{} holds a secret that begins with {shown:?}",
                    path.display()
                )));
            }
        }
        if searched == 0 {
            return Err(FaultsError::broken("there are no logs"));
        }
        Ok(searched)
    }

    /// How often finalize's log has the object's audit record.
    pub(crate) fn records_in_log(&self, identity: &str) -> Result<usize, FaultsError> {
        let text =
            std::fs::read_to_string(self.place.log_dir.join("finalize.log")).calling("reading finalize's log")?;
        let lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let says = |line: &serde_json::Value, place, text| line.pointer(place).is_some_and(|found| found == text);
        let of_it =
            |line: &serde_json::Value| says(line, "/message", "audit record") && says(line, "/span/identity", identity);
        Ok(lines.filter(of_it).count())
    }
}

/// A webhook signature: a version, a comma and 32 bytes in Base64.
fn signature(text: &str) -> Option<&str> {
    text.match_indices("v1,").find_map(|(at, _)| {
        let found = text.get(at..at + 3 + 44)?;
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        found.bytes().skip(3).all(is_base64).then_some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_told_from_other_text() {
        let signed = "x v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= y";
        assert_eq!(signature(signed), signed.get(2..49));
        assert_eq!(signature("schema v1, which is the first of all the schemas, has no signature at all"), None);
    }
}
