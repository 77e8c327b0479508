//! What the page asks for, and what a browser checks of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use url::Url;

/// Why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The options are not what the standard says.
    #[error("options are malformed")]
    Options,
    /// The page's origin is none of the relying party's.
    #[error("relying party is not at this origin")]
    RpId,
    /// ES256 is not among the algorithms.
    #[error("no algorithm in common")]
    Algorithm,
    /// A credential of the list is held already.
    #[error("excluded")]
    Excluded,
    /// No credential of the list is held; without a list, none of the relying party.
    #[error("no credential")]
    NoCredential,
    /// The seed gives no key: does not happen in a lifetime.
    #[error("no key")]
    Key,
    /// A draft cannot be written.
    #[error("draft cannot be written")]
    Draft,
}

/// Creation options.
pub(crate) struct Create {
    pub(crate) rp_id: String,
    pub(crate) challenge: String,
    pub(crate) user: Vec<u8>,
    pub(crate) exclude: Vec<Vec<u8>>,
}

/// Request options.
pub(crate) struct Get {
    pub(crate) rp_id: String,
    pub(crate) challenge: String,
    pub(crate) allow: Vec<Vec<u8>>,
}

impl Create {
    pub(crate) fn read(options: &Value, origin: &str) -> Result<Self, Refused> {
        let options = options.get("publicKey").unwrap_or(options);
        let params = options.get("pubKeyCredParams").and_then(Value::as_array);
        let es256 = |param: &Value| param.get("alg").and_then(Value::as_i64) == Some(-7);
        if !params.ok_or(Refused::Options)?.iter().any(es256) {
            return Err(Refused::Algorithm);
        }
        Ok(Self {
            rp_id: rp_id(text(options, "/rp/id")?, origin)?,
            challenge: text(options, "/challenge")?.to_owned(),
            user: bytes(text(options, "/user/id")?)?,
            exclude: ids(options.get("excludeCredentials"))?,
        })
    }
}

impl Get {
    pub(crate) fn read(options: &Value, origin: &str) -> Result<Self, Refused> {
        let options = options.get("publicKey").unwrap_or(options);
        Ok(Self {
            rp_id: rp_id(text(options, "/rpId")?, origin)?,
            challenge: text(options, "/challenge")?.to_owned(),
            allow: ids(options.get("allowCredentials"))?,
        })
    }
}

/// The RP ID is the origin's host or a parent domain of it (§5.1.3 step 8).
fn rp_id(rp_id: &str, origin: &str) -> Result<String, Refused> {
    let origin = Url::parse(origin).map_err(|_| Refused::RpId)?;
    let host = origin.domain().ok_or(Refused::RpId)?;
    let parent = host.strip_suffix(rp_id).is_some_and(|rest| rest.ends_with('.'));
    if host == rp_id || parent { Ok(rp_id.to_owned()) } else { Err(Refused::RpId) }
}

fn text<'v>(options: &'v Value, pointer: &str) -> Result<&'v str, Refused> {
    options.pointer(pointer).and_then(Value::as_str).ok_or(Refused::Options)
}

fn bytes(text: &str) -> Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refused::Options)
}

fn ids(list: Option<&Value>) -> Result<Vec<Vec<u8>>, Refused> {
    let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|descriptor| bytes(text(descriptor, "/id")?)).collect()
}
