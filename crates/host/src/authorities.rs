//! Reads and checks the authorities in `TLS_CA_FILE`.
//!
//! The TLS library accepts an authority with any key and refuses it only in a handshake. That error names neither the file nor
//! the authority. So this module checks each key against the algorithms that the library can verify.

use rustls::{
    RootCertStore,
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, alg_id, pem::PemObject},
};

/// The supported keys, for messages. `key_fault` asks the library itself.
const SUPPORTED: &str = "RSA (2048 to 8192 bits), P-256, P-384 and Ed25519";
/// The lengths of RSA keys that ring supports, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Adds the file's certificates to the roots. The error names each certificate that cannot be used by its position in the file.
pub(crate) fn add(roots: &mut RootCertStore, path: &str, supported: &WebPkiSupportedAlgorithms) -> Result<(), String> {
    if path.contains("-----BEGIN") {
        return Err("contains certificates, but must be the path of a file that contains them".to_owned());
    }
    let file = std::fs::read(path).map_err(|error| format!("{path:?} cannot be read: {error}"))?;
    let pem = lines(&file).map_err(|fault| format!("{path:?} {fault}"))?;
    let mut faults = Vec::new();
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        count += 1;
        let certificate = certificate.map_err(|error| format!("{path:?} is not PEM: {error}"))?;
        let added = roots.add(certificate).map_err(|error| format!("is unusable: {error}"));
        let fault = added.and_then(|()| match roots.roots.last() {
            Some(anchor) => key_fault(&anchor.subject_public_key_info, supported)
                .map_or(Ok(()), |fault| Err(format!("({}) {fault}", name(&anchor.subject)))),
            None => Ok(()),
        });
        if let Err(fault) = fault {
            faults.push(format!("certificate {count} of {path:?} {fault}"));
        }
    }
    if count == 0 {
        return Err(format!("{path:?} contains no certificate{}", other_sections(&pem)));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

/// Removes a byte order mark and the white space around lines, because the PEM reader would not see a section after them.
fn lines(file: &[u8]) -> Result<Vec<u8>, String> {
    match file {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err("is UTF-16; save it as UTF-8".to_owned()),
        [0x30, 0x80..=0x84, ..] => {
            Err("is not PEM but DER; convert it: openssl x509 -inform der -in … -out ca.pem".to_owned())
        }
        _ => {
            let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
            let lines = text.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii);
            Ok(lines.collect::<Vec<_>>().join(&b'\n'))
        }
    }
}

/// Describes the sections of a file without a certificate.
fn other_sections(pem: &[u8]) -> String {
    let text = String::from_utf8_lossy(pem);
    let labels = text.lines().filter_map(|line| line.strip_prefix("-----BEGIN ")?.strip_suffix("-----"));
    let mut labels: Vec<String> = labels.take(10).map(|label| label.chars().take(40).collect()).collect();
    labels.dedup();
    if labels.is_empty() {
        return " (no line -----BEGIN CERTIFICATE-----)".to_owned();
    }
    format!(", only {}; it must contain -----BEGIN CERTIFICATE-----", labels.join(", "))
}

/// Why the library cannot verify signatures of this key. None if it can.
fn key_fault(key_info: &[u8], supported: &WebPkiSupportedAlgorithms) -> Option<String> {
    let Some((_, algorithm, rest)) = element(key_info) else {
        return Some("has a key that cannot be read".to_owned());
    };
    if !supported.all.iter().any(|known| known.public_key_alg_id().as_ref() == algorithm) {
        return Some(format!(
            "has {}, which the TLS library does not support; it supports {SUPPORTED}",
            key_type(algorithm)
        ));
    }
    let bits = if algorithm == alg_id::RSA_ENCRYPTION.as_ref() { rsa_bits(rest)? } else { return None };
    (!RSA_BITS.contains(&bits)).then(|| {
        format!("has an RSA key of {bits} bits, which the TLS library does not support; it supports {SUPPORTED}")
    })
}

/// The length in bits of the modulus in an RSA key. `key` is the DER after the algorithm.
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let (_, bits, _) = element(key)?;
    // The first byte counts the unused bits at the end.
    let (_, numbers, _) = element(bits.get(1..)?)?;
    let (_, modulus, _) = element(numbers)?;
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    let leading = modulus.first()?.leading_zeros();
    Some(modulus.len() * 8 - usize::try_from(leading).unwrap_or(0))
}

const EC_PUBLIC_KEY: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
/// Unsupported algorithms and curves of real authorities.
const KNOWN_TYPES: [(&[u8], &str); 6] = [
    (b"\x2b\x81\x04\x00\x23", "a P-521 key"),
    (b"\x2b\x81\x04\x00\x0a", "a secp256k1 key"),
    (b"\x2b\x81\x04\x00\x21", "a P-224 key"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", "a key for RSA-PSS only (id-RSASSA-PSS)"),
    (b"\x2b\x65\x71", "an Ed448 key"),
    (b"\x2a\x86\x48\xce\x38\x04\x01", "a DSA key"),
];

fn key_type(algorithm: &[u8]) -> String {
    let oid = |der| element(der).filter(|(tag, ..)| *tag == 0x06);
    let Some((_, id, parameters)) = oid(algorithm) else { return "a key of no known type".to_owned() };
    let (prefix, id) = match oid(parameters) {
        Some((_, curve, _)) if id == EC_PUBLIC_KEY => ("a key on the curve", curve),
        _ => ("a key of the type", id),
    };
    let known = KNOWN_TYPES.iter().find(|(known, _)| *known == id);
    known.map_or_else(|| format!("{prefix} {}", dotted(id)), |(_, name)| (*name).to_owned())
}

/// An object identifier in dotted form, such as `1.3.132.0.35`.
fn dotted(id: &[u8]) -> String {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = 0_u64;
    for byte in id {
        arc = arc.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            arcs.push(std::mem::take(&mut arc));
        }
    }
    let first = arcs.first().copied().unwrap_or(0);
    let top = (first / 40).min(2);
    let rest = arcs.iter().skip(1).fold(String::new(), |text, arc| text + "." + &arc.to_string());
    format!("{top}.{}{rest}", first - top * 40)
}

/// The first 100 characters of the subject's common name or organisation, in quotes.
fn name(mut subject: &[u8]) -> String {
    let mut names = [None, None];
    while let Some((_, set, rest)) = element(subject) {
        subject = rest;
        let Some((_, pair, _)) = element(set) else { continue };
        let Some((_, id, value)) = element(pair) else { continue };
        let [common, organisation] = &mut names;
        match id {
            b"\x55\x04\x03" => *common = element(value),
            b"\x55\x04\x0a" => *organisation = element(value),
            _ => {}
        }
    }
    let [common, organisation] = names;
    common.or(organisation).map_or_else(
        || "without a name".to_owned(),
        |(_, text, _)| format!("{:?}", String::from_utf8_lossy(text).chars().take(100).collect::<String>()),
    )
}

/// Splits DER into the tag and the content of its first element, and the bytes after it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests;
