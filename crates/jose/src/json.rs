//! JSON objects of strangers: a name that stands twice is refused, because two readers of one
//! document must not see two values.

mod strict;

pub use strict::strict_object;

use serde::Deserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Reads one JSON object whose own names are unique.
pub fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let map = deserializer.deserialize_map(UniqueNames).ok()?;
    deserializer.end().ok()?;
    Some(map)
}

/// The text under `name`; `None` when it is absent or no text.
pub fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.get(name).and_then(Value::as_str)
}

/// The texts of a list under `name`; `None` when it is absent or no list.
pub fn texts<'a>(map: &'a Map<String, Value>, name: &str) -> Option<Vec<&'a str>> {
    let list = map.get(name)?.as_array()?;
    Some(list.iter().filter_map(Value::as_str).collect())
}

struct UniqueNames;

impl<'de> Visitor<'de> for UniqueNames {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        assert!(object(br#"{"iss":"a","sub":"b"}"#).is_some());
        assert!(object(br#"{"iss":"a","iss":"b"}"#).is_none());
    }

    #[test]
    fn anything_but_one_whole_object_is_refused() {
        for bad in ["", "[]", "null", "{", "{} {}", "{}x", "<html>", "\u{feff}{}"] {
            assert!(object(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
