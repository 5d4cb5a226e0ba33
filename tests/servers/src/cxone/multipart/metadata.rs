//! The `metadata` part.

use std::collections::BTreeMap;

use serde::{
    Deserialize,
    de::{Deserializer, Error as _, MapAccess, Visitor},
};

/// A JSON object whose values are strings and whose names differ.
pub(super) struct FlatObject(pub(super) BTreeMap<String, String>);

impl<'de> Deserialize<'de> for FlatObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = FlatObject;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a flat JSON object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FlatObject, A::Error> {
                let mut pairs = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    if pairs.contains_key(&name) {
                        return Err(A::Error::custom(format!("{name:?} is there twice")));
                    }
                    pairs.insert(name, value);
                }
                Ok(FlatObject(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}
