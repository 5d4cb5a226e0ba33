use attachments::is_harmless;

use super::*;
use proptest::prelude::*;

fn redactor() -> Redactor {
    Redactor::default().and(["tok-4711/+"]).and_credentials("the-client", "p&ss wörd")
}

#[test]
fn secrets_are_hidden_in_every_form_that_was_sent() {
    let basic = STANDARD.encode("the-client:p&ss wörd");
    let encoded = STANDARD.encode("the-client:p%26ss+w%C3%B6rd");
    for text in ["x tok-4711/+ y", "p&ss wörd", "p%26ss+w%C3%B6rd", "the-client", &basic, &encoded] {
        let clean = redactor().clean(text);
        assert!(clean.contains(REDACTED), "{text}: {clean}");
        assert!(!redactor().finds_in(&clean), "{text}: {clean}");
    }
    assert!(redactor().finds_in("xtok-4711/+") && !redactor().finds_in("the-client-4711"));
}

#[test]
fn any_credential_behind_a_scheme_is_hidden() {
    let of = |text: &str| Redactor::default().clean(text);
    assert_eq!(of(r#"{"Authorization":"Bearer abc.def-_~+/="}"#), r#"{"Authorization":"Bearer [redacted]"}"#);
    assert_eq!(of("BEARER\tabc, basic  Zm9v;x"), "BEARER [redacted], basic [redacted]");
    assert_eq!(of("Bearer abc%2Fdef&#x2F;ghi<br>"), "Bearer [redacted]<br>");
    assert_eq!(of("bearer: abc"), "bearer [redacted]");
    for gap in ["\r\n\t", "%20", "%3A+", "\": \"", "&nbsp;", "\u{a0}", "\u{200b}", "\\n", "=\"", ": '"] {
        let clean = of(&format!("x BaSiC{gap}Zm9vOmJhcg== y"));
        assert_eq!(clean.replace(['"', '\''], ""), "x BaSiC [redacted] y", "{gap:?}");
    }
    assert_eq!(of("The bearer"), "The bearer");
    assert_eq!(of("forbearers"), "forbearers");
}

#[test]
fn secrets_behind_json_escapes_are_hidden() {
    for text in [
        r"tok-4711\/+",
        r"\u0074ok-4711/+",
        r#"{"a": "{\"b\": \"tok-4711\\/+\"}"}"#,
        r"tok-4711\u005cu002f+",
        "tok-4711%2F%2B",
    ] {
        let clean = redactor().clean(text);
        assert!(clean.contains(REDACTED) && !clean.contains("4711"), "{text}: {clean}");
    }
    let of = |text: &str| Redactor::default().clean(text);
    assert_eq!(of(r"a\nb\x\"), r"a\nb\x\");
    assert_eq!(of(r"\ud83d\ude00 \ud83d!"), "😀 \u{fffd}!");
}

#[test]
fn secret_in_any_case_broken_into_lines_or_encoded_is_hidden() {
    let token = "eyJhbGciOi-47110815/abcDEF+ghi_jkl==";
    let redactor = Redactor::default().and([token]).and_credentials("the-client", "s3cret/+wörd");
    let split = |by: &str| token.split("").collect::<Vec<_>>().join(by);
    let escaped = |of: fn(u8) -> String, text: &str| text.bytes().map(of).collect::<String>();
    for text in [
        token.to_uppercase(),
        token.to_lowercase(),
        split("\u{200b}"),
        split("\u{202e}\u{1b}"),
        split("\r\n "),
        split("\\n"),
        split("<br>\n"),
        split("%0D%0A"),
        split("\",\""),
        escaped(|byte| format!("%{byte:02x}"), token),
        escaped(|byte| format!("%25{byte:02X}"), token),
        escaped(|byte| format!("&#{byte};"), token),
        escaped(|byte| format!("&#x{byte:x};"), token),
        escaped(|byte| format!("\\x{byte:x}"), token),
        escaped(|byte| format!("\\u{byte:04x}"), token),
        escaped(|byte| format!("\\\\u{byte:04x}"), token),
        STANDARD.encode(format!("a: b\nauthorization: Bearer {token}\n")),
        STANDARD.encode(format!("xy{token}")).to_uppercase(),
        STANDARD.encode(format!("{{\"a\":\"{}\"}}", token.replace('/', "\\/"))),
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("?>~{token}?>~")),
        format!("=1{}", STANDARD.encode(format!("zz{token}zz"))),
        STANDARD.encode(token).split("").collect::<Vec<_>>().join("\n"),
        token[4..20].to_owned(),
        "THE-CLIENT".to_owned(),
        "S3CRET%2F%2BW%C3%96RD".to_owned(),
        STANDARD.encode("the-client:s3cret/+wörd").to_lowercase(),
    ] {
        for text in [text.clone(), format!("{{\"message\": \"x {text} y\"}}")] {
            let clean = redactor.clean(&text);
            assert!(clean.contains(REDACTED), "{text}: {clean}");
            // A search that knows nothing of this one.
            let secrets = servers::cxone::Secrets::default().and("the token", token);
            let secrets = secrets.and_credentials("the-client", "s3cret/+wörd");
            assert_eq!(secrets.found_in(&clean), None, "{text}: {clean}");
        }
    }
}

#[test]
fn text_that_is_no_secret_stays() {
    let redactor = Redactor::default().and(["eyJhbGciOi-47110815"]).and_credentials("the-client", "s3cret/+wörd");
    for text in [
        "Clients of the basics: 50 % of <b>it</b> & more, C:\\new\\temp",
        r#"{"error":"Unprocessable","code":42201,"path":"/api/v2/interactions/INT-1/attachments"}"#,
        "47110815 eyJhbG ciOi",
        "dGhpcyBpcyBubyBzZWNyZXQgYXQgYWxsLCBub3QgZXZlbiBhIHNob3J0IG9uZQ==",
    ] {
        assert_eq!(redactor.clean(text), text);
    }
}

#[test]
fn invisible_characters_are_escaped() {
    let of = |text: &str| Redactor::default().clean(text);
    assert_eq!(of("a\u{1b}[31mb\u{202e}c\u{200b}d\u{feff}é"), r"a\u{1b}[31mb\u{202e}c\u{200b}d\u{feff}é");
    assert_eq!(of("  one\r\ntwo "), r"one\u{d}\u{a}two");
}

#[test]
fn a_short_secret_does_not_hide_ordinary_words() {
    assert_eq!(Redactor::default().and(["a", ""]).clean("a banana"), "a banana");
}

proptest! {
    #[test]
    fn clean_text_is_short_visible_and_without_secrets(
        before in "\\PC{0,40}", between in "[ -~]{0,2000}", secret in "[A-Za-z0-9+/._-]{8,40}", raw in any::<Vec<u8>>(),
    ) {
        let redactor = Redactor::default().and([secret.as_str()]);
        let clean = redactor.clean(&format!("{before}{between}{secret}{between}"));
        prop_assert!(clean.len() <= LONGEST);
        prop_assert!(!clean.contains(&secret), "{}", clean);
        prop_assert!(clean.chars().all(is_harmless));
        prop_assert!(redactor.clean_bytes(&raw, true).chars().all(is_harmless));
    }
}
