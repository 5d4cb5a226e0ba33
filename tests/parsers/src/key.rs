//! Keys in the form of S3's notifications.

use std::{borrow::Cow, str};

use attachments::{
    InteractionId, InvalidKey, ObjectKey, ObjectRef, ObjectVersion, decode_form_encoded_key, execution_name,
};
use url::form_urlencoded;

use crate::{PREFIX, assert_one_segment, assert_reads_back};

/// A key is decoded like a form's value. Its parts, joined again, are the key. Every key gives a valid execution name.
pub fn key(input: &[u8]) {
    let Ok(encoded) = str::from_utf8(input) else { return };
    let as_form = form_value(encoded);
    match decode_form_encoded_key(encoded) {
        Err(_) => assert!(as_form.contains(char::REPLACEMENT_CHARACTER), "{encoded:?} is {as_form:?}"),
        Ok(key) => {
            assert_eq!(key, as_form);
            let again: String = form_urlencoded::byte_serialize(key.as_bytes()).collect();
            assert_eq!(decode_form_encoded_key(&again).as_ref(), Ok(&key));
            assert_parts(&key);
        }
    }
    // EventBridge does not encode keys.
    assert_parts(encoded);
}

/// The value of a form's field, decoded by the URL standard.
fn form_value(encoded: &str) -> String {
    let field = format!("key={}", encoded.replace('&', "%26"));
    form_urlencoded::parse(field.as_bytes()).map(|(_, value)| value).collect::<Vec<Cow<'_, str>>>().concat()
}

fn assert_parts(key: &str) {
    match ObjectKey::parse(key, PREFIX) {
        Ok(ObjectKey { interaction, file_name }) => {
            let name = file_name.as_str();
            assert!(!name.contains('/') && !name.contains(char::is_control), "{name:?}");
            assert!(!matches!(name, "" | "." | ".."), "{name:?}");
            let rest = key.strip_prefix(&format!("{PREFIX}{interaction}/")).expect("prefix and interaction come first");
            assert!(rest == name || rest.ends_with(&format!("/{name}")), "{key:?} ends in {name:?}");
            assert_eq!(ObjectKey::interaction_of(key, PREFIX), interaction);
            assert_interaction(&interaction);
        }
        Err(InvalidKey::OutsidePrefix(_)) => assert!(!key.starts_with(PREFIX), "{key:?}"),
        Err(fault) => assert!(key.starts_with(PREFIX), "{key:?}: {fault}"),
    }
    let Ok(object) = ObjectRef::new("drop", key, ObjectVersion::Id("v1".into())) else {
        assert!(key.contains('\0'), "{key:?} has no identity");
        return;
    };
    let identity = object.identity();
    let name = execution_name(&ObjectKey::interaction_of(key, PREFIX), &identity);
    assert!((34..=73).contains(&name.len()), "{name}");
    assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')), "{name}");
    assert!(name.ends_with(identity.short()), "{name}");
}

fn assert_interaction(text: &str) {
    let Ok(id) = text.parse::<InteractionId>() else { return };
    assert_eq!(id.as_str(), text);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
    assert!((1..=128).contains(&text.len()) && text.bytes().all(plain), "{text:?}");
    assert_one_segment(text);
    assert_reads_back(&id);
}
