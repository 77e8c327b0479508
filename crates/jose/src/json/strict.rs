use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads one JSON object in which no object, however deep, has one name twice, and in which at
/// most `depth` objects and lists stand inside of each other, the whole counted.
pub fn strict_object(bytes: &[u8], depth: usize) -> Option<Map<String, Value>> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// Reads a value in which at most `depth` objects and lists stand inside of each other.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a finite number"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(value) = access.next_element_seed(inner)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if map.insert(name, access.next_value_seed(inner)?).is_some() {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_refused_at_every_depth() {
        assert!(strict_object(br#"{"a":{"a":[{"a":1}]},"b":{"a":2}}"#, 8).is_some());
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"b":{"a":1,"a":1}}"#,
            r#"{"b":[1,{"a":1,"a":1}]}"#,
            r#"{"b":{"a":1,"\u0061":1}}"#,
        ] {
            assert!(strict_object(bad.as_bytes(), 8).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_is_nested_deeper_than_allowed_is_refused() {
        let nested =
            |lists: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(lists), "]".repeat(lists));
        assert!(strict_object(nested(3).as_bytes(), 4).is_some());
        assert!(strict_object(nested(4).as_bytes(), 4).is_none());
        assert!(strict_object(nested(100_000).as_bytes(), 8).is_none());
        assert!(strict_object(b"{}", 1).is_some());
        assert!(strict_object(b"{}", 0).is_none());
    }

    #[test]
    fn values_are_those_that_stand_there() {
        let text = r#"{"a":[null,true,-1,18446744073709551615,1.5,"é\n",{}],"b":"x"}"#;
        let expected: Map<String, Value> = serde_json::from_str(text).unwrap();
        assert_eq!(strict_object(text.as_bytes(), 8), Some(expected));
    }

    #[test]
    fn anything_but_one_whole_object_is_refused() {
        for bad in ["", "[]", "null", "1", "{", "{} {}", "{}x", "\u{feff}{}", r#"{"a":"\ud800"}"#] {
            assert!(strict_object(bad.as_bytes(), 8).is_none(), "{bad}");
        }
        assert!(strict_object(b"{\"a\":\"\xFF\"}", 8).is_none());
    }
}
