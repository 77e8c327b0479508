use std::fmt;

use serde::{Deserialize, Serialize};

/// An object identifier in its dotted form, such as `1.3.6.1.5.5.7.3.2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Oid(String);

impl Oid {
    /// id-kp-clientAuth (RFC 5280 §4.2.1.12).
    pub const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
    /// Smart card logon, of Microsoft.
    pub const SMART_CARD_LOGON: &str = "1.3.6.1.4.1.311.20.2.2";
    /// id-PIV-cardAuth (FIPS 201): the key of a card, which signs without a PIN.
    pub const PIV_CARD_AUTH: &str = "2.16.840.1.101.3.6.8";
    /// anyExtendedKeyUsage (RFC 5280 §4.2.1.12).
    pub const ANY_USAGE: &str = "2.5.29.37.0";
    /// anyPolicy (RFC 5280 §4.2.1.4).
    pub const ANY_POLICY: &str = "2.5.29.32.0";

    /// Reads the dotted form: 2 to 32 numbers without leading zeros, the first at most 2 and the
    /// second, below a first of 0 or 1, at most 39 (ITU-T X.660).
    pub fn parse(text: &str) -> Option<Self> {
        let arcs: Vec<u64> = text.split('.').map(arc).collect::<Option<_>>()?;
        let fits = match arcs.as_slice() {
            [0 | 1, second, ..] => *second <= 39,
            [2, _, ..] => true,
            _ => false,
        };
        (fits && arcs.len() <= 32).then(|| Self(text.to_owned()))
    }

    /// The dotted form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What people call it, where we know.
    pub fn name(&self) -> Option<&'static str> {
        match self.as_str() {
            Self::CLIENT_AUTH => Some("Client authentication"),
            Self::SMART_CARD_LOGON => Some("Smart card logon"),
            _ => None,
        }
    }
}

fn arc(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = text == "0" || !text.starts_with('0');
    if digits && plain { text.parse().ok() } else { None }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Oid {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not an object identifier in dotted form")
    }
}

impl From<Oid> for String {
    fn from(oid: Oid) -> Self {
        oid.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oid_is_dotted_numbers() {
        for good in [Oid::CLIENT_AUTH, Oid::ANY_POLICY, "0.9.2342", "2.999.1"] {
            assert_eq!(Oid::parse(good).map(String::from).as_deref(), Some(good));
        }
        let long = vec!["1"; 33].join(".");
        for bad in ["", "1", "1.", ".1", "1.40", "3.1", "1.02.3", "1.2.x", "1.2 .3", "1.-2", &long]
        {
            assert_eq!(Oid::parse(bad), None, "{bad}");
        }
    }
}
