//! CBOR as CTAP 2.1 §8 wants it: written in canonical order, read with limits.

use ciborium::Value;

/// Largest object that is read, in bytes. The largest thing an authenticator sends is an
/// attestation with its certificates, a few kilobytes.
const MAX_BYTES: usize = 64 * 1024;
/// How deep an object may nest. §8 allows four levels; some vendors' statements go deeper.
const MAX_DEPTH: usize = 8;
/// How many members a map may have: keeps the search for duplicate keys short.
const MAX_MEMBERS: usize = 256;

/// The bytes are not CBOR within our limits, or not of the expected shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed CBOR")]
pub(crate) struct Malformed;

/// Writes `value`; map members stay in the order they have.
pub(crate) fn write(value: &Value, out: &mut Vec<u8>) {
    #[expect(clippy::expect_used, reason = "writing to a Vec cannot fail")]
    ciborium::into_writer(value, out).expect("a Vec takes all bytes");
}

/// Reads one object that fills `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, Malformed> {
    let (value, rest) = read_prefix(bytes)?;
    if rest.is_empty() { Ok(value) } else { Err(Malformed) }
}

/// Reads one object at the start of `bytes`, and returns what follows it.
pub(crate) fn read_prefix(bytes: &[u8]) -> Result<(Value, &[u8]), Malformed> {
    if bytes.len() > MAX_BYTES {
        return Err(Malformed);
    }
    let mut rest = bytes;
    // The library's limit only protects the stack; `check` counts levels as the standard does.
    let value: Value = ciborium::de::from_reader_with_recursion_limit(&mut rest, 4 * MAX_DEPTH)
        .map_err(|_| Malformed)?;
    check(&value, MAX_DEPTH)?;
    Ok((value, rest))
}

/// Refuses what nests deeper than `depth` and maps that say a key twice.
fn check(value: &Value, depth: usize) -> Result<(), Malformed> {
    let Some(below) = depth.checked_sub(1) else {
        return match value {
            Value::Array(_) | Value::Map(_) | Value::Tag(..) => Err(Malformed),
            _ => Ok(()),
        };
    };
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| check(item, below)),
        Value::Tag(_, tagged) => check(tagged, below),
        Value::Map(members) => {
            check_keys(members)?;
            members.iter().try_for_each(|(key, value)| {
                check(key, below)?;
                check(value, below)
            })
        }
        _ => Ok(()),
    }
}

fn check_keys(members: &[(Value, Value)]) -> Result<(), Malformed> {
    if members.len() > MAX_MEMBERS {
        return Err(Malformed);
    }
    let twice = members
        .iter()
        .enumerate()
        .any(|(n, (key, _))| members.iter().take(n).any(|(earlier, _)| earlier == key));
    if twice { Err(Malformed) } else { Ok(()) }
}

/// Sorts the members of all maps in `value` into the canonical order of §8: by major type, then
/// the shorter key first, then by bytes.
pub(crate) fn sort(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(sort),
        Value::Tag(_, tagged) => sort(tagged),
        Value::Map(members) => {
            for (_, value) in members.iter_mut() {
                sort(value);
            }
            members.sort_by_cached_key(|(key, _)| {
                let mut bytes = Vec::new();
                write(key, &mut bytes);
                (bytes.first().map_or(0, |initial| initial >> 5), bytes.len(), bytes)
            });
        }
        _ => {}
    }
}

/// The members of a map, to be taken out one by one. What nobody takes is unknown, and accepted.
pub(crate) struct Members(Vec<(Value, Value)>);

impl Members {
    /// The members of `value`, which must be a map.
    pub(crate) fn of(value: Value) -> Result<Self, Malformed> {
        value.into_map().map(Self).map_err(|_| Malformed)
    }

    /// Takes out the value of `key`.
    pub(crate) fn take(&mut self, key: impl Into<Value>) -> Option<Value> {
        let key = key.into();
        let at = self.0.iter().position(|(known, _)| *known == key)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Takes out a byte string.
    pub(crate) fn bytes(&mut self, key: impl Into<Value>) -> Result<Option<Vec<u8>>, Malformed> {
        self.take(key).map(|value| value.into_bytes().map_err(|_| Malformed)).transpose()
    }

    /// Takes out a text string.
    pub(crate) fn text(&mut self, key: impl Into<Value>) -> Result<Option<String>, Malformed> {
        self.take(key).map(|value| value.into_text().map_err(|_| Malformed)).transpose()
    }

    /// Takes out an unsigned number.
    pub(crate) fn unsigned(&mut self, key: impl Into<Value>) -> Result<Option<u32>, Malformed> {
        self.take(key).as_ref().map(unsigned).transpose()
    }

    /// Takes out an unsigned number that may be longer than 32 bits.
    pub(crate) fn long(&mut self, key: impl Into<Value>) -> Result<Option<u64>, Malformed> {
        let number = self.take(key).map(|value| value.into_integer().map_err(|_| Malformed));
        number.transpose()?.map(|number| u64::try_from(number).map_err(|_| Malformed)).transpose()
    }

    /// Takes out a boolean.
    pub(crate) fn boolean(&mut self, key: impl Into<Value>) -> Result<Option<bool>, Malformed> {
        self.take(key).map(|value| value.into_bool().map_err(|_| Malformed)).transpose()
    }

    /// Takes out a map.
    pub(crate) fn map(&mut self, key: impl Into<Value>) -> Result<Option<Self>, Malformed> {
        self.take(key).map(Self::of).transpose()
    }

    /// Takes out an array, each item read by `item`.
    pub(crate) fn array<T>(
        &mut self,
        key: impl Into<Value>,
        item: impl Fn(Value) -> Result<T, Malformed>,
    ) -> Result<Option<Vec<T>>, Malformed> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let items = value.into_array().map_err(|_| Malformed)?;
        items.into_iter().map(item).collect::<Result<_, _>>().map(Some)
    }

    /// What is left, in the order it came.
    pub(crate) fn into_rest(self) -> Vec<(Value, Value)> {
        self.0
    }
}

/// Reads a text string.
pub(crate) fn text(value: Value) -> Result<String, Malformed> {
    value.into_text().map_err(|_| Malformed)
}

/// Reads an unsigned number.
pub(crate) fn unsigned(value: &Value) -> Result<u32, Malformed> {
    value.as_integer().and_then(|number| u32::try_from(number).ok()).ok_or(Malformed)
}

/// Reads a number of either sign.
pub(crate) fn signed(value: &Value) -> Result<i32, Malformed> {
    value.as_integer().and_then(|number| i32::try_from(number).ok()).ok_or(Malformed)
}

/// A member of a map with an integer key, written `member(0x01, value)`.
pub(crate) fn member(key: i32, value: impl Into<Value>) -> (Value, Value) {
    (key.into(), value.into())
}

/// A member of a map with a text key.
pub(crate) fn named(key: &str, value: impl Into<Value>) -> (Value, Value) {
    (key.into(), value.into())
}

/// A byte string.
pub(crate) fn byte_string(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    #[test]
    fn refuses_a_key_said_twice() {
        assert!(read(&hex!("a2 01 05 02 05")).is_ok());
        assert_eq!(read(&hex!("a2 01 05 01 06")), Err(Malformed));
        assert_eq!(read(&hex!("81 a2 61 61 05 61 61 06")), Err(Malformed));
    }

    #[test]
    fn refuses_what_nests_deeper_than_eight() {
        let nested = |levels: usize| [vec![0x81; levels], vec![0x00]].concat();
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(read(&nested(MAX_DEPTH + 1)), Err(Malformed));
        assert_eq!(read(&nested(60_000)), Err(Malformed));
    }

    #[test]
    fn refuses_more_than_64_kibibytes() {
        let bytes = |len: u16| [&[0x59][..], &len.to_be_bytes(), &vec![0; len.into()]].concat();
        assert!(read(&bytes(u16::MAX - 3)).is_ok());
        assert_eq!(read(&bytes(u16::MAX)), Err(Malformed));
    }

    #[test]
    fn a_length_that_lies_ends_at_once() {
        for lie in [
            &hex!("9b ffffffffffffffff")[..],
            &hex!("5b 7fffffffffffffff 00"),
            &hex!("bb 00000000ffffffff"),
        ] {
            assert_eq!(read(lie), Err(Malformed));
        }
    }

    #[test]
    fn refuses_a_map_of_too_many_members() {
        let map = |count: u16| {
            let members = (0..count).map(|n| (Value::from(n), Value::Null)).collect();
            let mut bytes = Vec::new();
            write(&Value::Map(members), &mut bytes);
            read(&bytes)
        };
        assert!(map(256).is_ok());
        assert_eq!(map(257), Err(Malformed));
    }

    #[test]
    fn sorts_short_keys_before_long_ones_and_numbers_before_text() {
        let mut value = Value::Map(vec![
            named("authData", 1),
            named("attStmt", Value::Map(vec![named("x5c", 1), named("alg", 2)])),
            named("fmt", 3),
            member(-1, 4),
            member(24, 5),
            member(1, 6),
        ]);
        sort(&mut value);
        let mut bytes = Vec::new();
        write(&value, &mut bytes);
        assert_eq!(
            bytes,
            hex!(
                "a6 01 06  18 18 05  20 04"
                "63 666d74 03"
                "67 61747453746d74 a2 63 616c67 02 63 783563 01"
                "68 6175746844617461 01"
            )
        );
    }
}
