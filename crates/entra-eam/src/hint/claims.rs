use jose::{NumericDate, json};
use secrets::TokenHash;
use serde_json::{Map, Value};

use super::{DEPTH, Hint, HintError};

/// Longest issuer, audience and version, in bytes.
const MAX_WORD: usize = 512;
/// Longest name of a person, in bytes: Entra's own have at most 256 characters, a UPN 1024.
const MAX_NAME: usize = 1024;

/// Claims of a hint whose signature is good, each of its type and of a length that names can have.
/// `exp` is not read: hints are issued expired on purpose (EAM-13).
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) sub: String,
    pub(super) tid: String,
    pub(super) oid: String,
    pub(super) ver: String,
    pub(super) iat: NumericDate,
    pub(super) nbf: Option<NumericDate>,
    all: Map<String, Value>,
}

impl Claims {
    pub(super) fn parse(payload: &[u8]) -> Result<Self, HintError> {
        let all = json::strict_object(payload, DEPTH).ok_or(HintError::Payload)?;
        let word = |name| text(&all, name, MAX_WORD)?.ok_or(HintError::Claim(name));
        let claims = Self {
            iss: word("iss")?,
            aud: audience(&all)?,
            sub: subject(&all)?,
            tid: word("tid")?,
            oid: word("oid")?,
            ver: word("ver")?,
            iat: date(&all, "iat")?.ok_or(HintError::Claim("iat"))?,
            nbf: date(&all, "nbf")?,
            all: Map::new(),
        };
        for name in ["name", "preferred_username", "given_name", "family_name", "upn"] {
            text(&all, name, MAX_NAME)?;
        }
        Ok(Self { all, ..claims })
    }

    pub(super) fn into_hint(self, hash: TokenHash, tid: String, oid: String) -> Hint {
        let name = |name| json::text(&self.all, name).map(str::to_owned);
        Hint {
            hash,
            tid,
            oid,
            iat: self.iat,
            name: name("name"),
            preferred_username: name("preferred_username"),
            given_name: name("given_name"),
            family_name: name("family_name"),
            upn: name("upn"),
            sub: self.sub,
        }
    }
}

/// A text of 1 to `most` bytes.
fn text(
    all: &Map<String, Value>,
    name: &'static str,
    most: usize,
) -> Result<Option<String>, HintError> {
    match all.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if (1..=most).contains(&text.len()) => Ok(Some(text.clone())),
        Some(_) => Err(HintError::Claim(name)),
    }
}

/// OpenID Connect Core 1.0 §2: at most 255 ASCII characters.
fn subject(all: &Map<String, Value>) -> Result<String, HintError> {
    let subject = text(all, "sub", 255)?.filter(|sub| sub.is_ascii());
    subject.ok_or(HintError::Claim("sub"))
}

/// RFC 7519 §4.1.3: in general a list of texts; a single text says the same as a list of one. More
/// than one audience would be a token for somebody else, too.
fn audience(all: &Map<String, Value>) -> Result<String, HintError> {
    let wrong = HintError::Claim("aud");
    let one = match all.get("aud") {
        Some(Value::Array(list)) => match list.as_slice() {
            [one] => Some(one),
            _ => return Err(HintError::Audience),
        },
        other => other,
    };
    let one = one.and_then(Value::as_str).filter(|aud| (1..=MAX_WORD).contains(&aud.len()));
    one.map(str::to_owned).ok_or(wrong)
}

fn date(all: &Map<String, Value>, name: &'static str) -> Result<Option<NumericDate>, HintError> {
    let read = |value| NumericDate::from_json(value).ok_or(HintError::Claim(name));
    all.get(name).map(read).transpose()
}
