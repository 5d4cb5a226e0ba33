//! Reads files of private authorities. `certificates/make.sh` made the certificates.

#![expect(clippy::format_collect, reason = "short texts of a test")]

use std::{
    io::Write as _,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::*;

const P256: &str = include_str!("certificates/p256.pem");
const P521: &str = include_str!("certificates/p521.pem");

/// A file that is deleted when the test ends.
struct File(PathBuf);

impl File {
    fn new(bytes: &[u8]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("authorities-{}-{}.pem", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// How many authorities `add` adds from a file with these bytes, or its error with `FILE` instead of the path.
fn added(bytes: impl AsRef<[u8]>) -> Result<usize, String> {
    let file = File::new(bytes.as_ref());
    let mut roots = RootCertStore::empty();
    let supported = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    let path = file.0.display().to_string();
    add(&mut roots, &path, &supported)
        .map(|()| roots.len())
        .map_err(|fault| fault.replace(&format!("{path:?}"), "FILE"))
}

#[test]
fn authorities_with_supported_keys_are_added() {
    let all = [
        P256,
        include_str!("certificates/p384.pem"),
        include_str!("certificates/ed25519.pem"),
        include_str!("certificates/rsa2048.pem"),
    ];
    assert_eq!(added(all.join("")), Ok(4));
}

#[test]
fn authority_with_an_unsupported_key_is_reported_with_its_type() {
    for (pem, name, kind) in [
        (P521, "p521", "a P-521 key"),
        (include_str!("certificates/secp256k1.pem"), "secp256k1", "a secp256k1 key"),
        (include_str!("certificates/brainpool.pem"), "brainpool", "a key on the curve 1.3.36.3.3.2.8.1.1.7"),
        (include_str!("certificates/ed448.pem"), "ed448", "an Ed448 key"),
        (include_str!("certificates/rsa-pss.pem"), "rsa-pss", "a key for RSA-PSS only (id-RSASSA-PSS)"),
        (include_str!("certificates/rsa1024.pem"), "rsa1024", "an RSA key of 1024 bits"),
    ] {
        let fault = format!(
            "certificate 1 of FILE (\"Example {name}\") has {kind}, which the TLS library does not support; \
             it supports RSA (2048 to 8192 bits), P-256, P-384 and Ed25519"
        );
        assert_eq!(added(pem), Err(fault));
    }
}

#[test]
fn every_unsupported_authority_of_a_file_is_reported() {
    let fault = added([P256, P521, P256, include_str!("certificates/ed448.pem")].join("")).unwrap_err();
    assert!(fault.contains("certificate 2 of FILE (\"Example p521\")"), "{fault}");
    assert!(fault.contains("; certificate 4 of FILE (\"Example ed448\")"), "{fault}");
    assert_eq!(fault.matches("certificate ").count(), 2, "{fault}");
}

#[test]
fn certificates_among_marks_line_ends_indents_and_text_are_added() {
    let indented: String = P256.lines().map(|line| format!("    {line}  \n")).collect();
    for file in [
        format!("\u{feff}{P256}{P256}"),
        format!("{P256}{P256}").replace('\n', "\r\n"),
        format!("{P256}{P256}").replace('\n', "\r"),
        format!("{indented}{P256}"),
        format!("Subject: Example\n\n{P256}\n# another one\n{P256}").trim_end().to_owned(),
    ] {
        assert_eq!(added(&file), Ok(2), "{file:?}");
    }
}

#[test]
fn file_of_another_format_is_reported() {
    let utf_16: Vec<u8> = std::iter::once(0xfeff).chain(P256.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let key = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
    let pkcs7 = "-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n";
    let der = CertificateDer::from_pem_slice(P256.as_bytes()).unwrap();
    for (bytes, fault) in [
        (&utf_16[..], "FILE is UTF-16; save it as UTF-8"),
        (&der, "FILE is not PEM but DER; convert it: openssl x509 -inform der -in … -out ca.pem"),
        (b"", "FILE contains no certificate (no line -----BEGIN CERTIFICATE-----)"),
        (b"hello", "FILE contains no certificate (no line -----BEGIN CERTIFICATE-----)"),
        (
            format!("{key}{pkcs7}").as_bytes(),
            "FILE contains no certificate, only PRIVATE KEY, PKCS7; it must contain -----BEGIN CERTIFICATE-----",
        ),
    ] {
        assert_eq!(added(bytes), Err(fault.to_owned()));
    }
    for (bytes, start) in [
        (P256.replace("-----END CERTIFICATE-----", ""), "FILE is not PEM: "),
        (P256.replace("MII", "!!!"), "FILE is not PEM: "),
        (
            "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----".to_owned(),
            "certificate 1 of FILE is unusable: ",
        ),
    ] {
        let fault = added(&bytes).unwrap_err();
        assert!(fault.starts_with(start), "{fault}");
    }
}

#[test]
fn certificates_in_place_of_a_path_are_reported() {
    let mut roots = RootCertStore::empty();
    let supported = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    let fault = add(&mut roots, P256, &supported).unwrap_err();
    assert_eq!(fault, "contains certificates, but must be the path of a file that contains them");
}

#[test]
fn der_that_is_cut_anywhere_is_read_without_a_panic() {
    let der = CertificateDer::from_pem_slice(P521.as_bytes()).unwrap();
    let supported = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    for from in 0..der.len() {
        let rest = &der[from..];
        for part in [rest, &rest[..rest.len() / 2], &rest[..rest.len().min(20)]] {
            let _ = (key_fault(part, &supported), name(part), key_type(part), dotted(part), rsa_bits(part));
        }
    }
}
