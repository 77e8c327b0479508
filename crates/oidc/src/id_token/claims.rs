use jose::{NumericDate, json};
use secrets::Token;
use serde_json::{Map, Value};

use super::IdTokenError;

/// Claims of an ID token (§2). Outside of this module they exist only verified.
#[derive(Clone)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// The person at this issuer, for this client.
    pub sub: String,
    /// Audience. On the wire it may also be a single text.
    pub aud: Vec<String>,
    /// Authorized party.
    pub azp: Option<String>,
    /// Expiration.
    pub exp: NumericDate,
    /// When it was issued.
    pub iat: NumericDate,
    /// When it begins to be valid.
    pub nbf: Option<NumericDate>,
    /// The `nonce` of the request.
    pub nonce: Option<Token>,
    /// When the person was authenticated, where the upstream says so.
    pub auth_time: Option<NumericDate>,
    /// Entra: directory, a GUID in lower case.
    pub tid: Option<String>,
    /// Entra: object id of the person in that directory, a GUID in lower case.
    pub oid: Option<String>,
    /// Entra: version of the token.
    pub ver: Option<String>,
    /// Hash of the access token that came along (§3.1.3.8).
    pub at_hash: Option<String>,
    /// All claims, for mappers.
    pub all: Map<String, Value>,
}

impl Claims {
    pub(super) fn parse(payload: &[u8]) -> Result<Self, IdTokenError> {
        let all = json::object(payload).ok_or(IdTokenError::Payload)?;
        let required = |name| optional_text(&all, name)?.ok_or(IdTokenError::MissingClaim(name));
        let required_date = |name| date(&all, name)?.ok_or(IdTokenError::MissingClaim(name));
        let nonce = optional_text(&all, "nonce")?;
        // §2: at most 255 ASCII characters.
        let sub = required("sub")?;
        if !(1..=255).contains(&sub.len()) || !sub.is_ascii() {
            return Err(IdTokenError::ClaimType("sub"));
        }
        Ok(Self {
            iss: required("iss")?,
            sub,
            aud: audience(&all)?,
            azp: optional_text(&all, "azp")?,
            exp: required_date("exp")?,
            iat: required_date("iat")?,
            nbf: date(&all, "nbf")?,
            // A nonce that is no token of ours is told apart from a missing one by nobody.
            nonce: nonce.and_then(|nonce| Token::parse(&nonce).ok()),
            auth_time: date(&all, "auth_time")?,
            tid: optional_text(&all, "tid")?,
            oid: optional_text(&all, "oid")?,
            ver: optional_text(&all, "ver")?,
            at_hash: optional_text(&all, "at_hash")?,
            all,
        })
    }
}

/// Names and addresses of people do not belong into a log.
impl core::fmt::Debug for Claims {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Claims({} claims of {:?})", self.all.len(), self.iss)
    }
}

fn optional_text(
    all: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<String>, IdTokenError> {
    match all.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(IdTokenError::ClaimType(name)),
    }
}

fn date(all: &Map<String, Value>, name: &'static str) -> Result<Option<NumericDate>, IdTokenError> {
    let read = |value| NumericDate::from_json(value).ok_or(IdTokenError::ClaimType(name));
    all.get(name).map(read).transpose()
}

fn audience(all: &Map<String, Value>) -> Result<Vec<String>, IdTokenError> {
    let wrong = IdTokenError::ClaimType("aud");
    match all.get("aud") {
        None => Err(IdTokenError::MissingClaim("aud")),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(many)) => {
            many.iter().map(|one| one.as_str().map(str::to_owned).ok_or(wrong)).collect()
        }
        Some(_) => Err(wrong),
    }
}
