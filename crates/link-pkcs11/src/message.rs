//! What agent and child say to each other, as JSON in frames. A PIN is none of it: it follows its
//! question as a frame of bytes.

use std::path::PathBuf;

use authenticator::card_signer::{KeyKind, PinTries};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest name or text that the child gives, in characters. PKCS#11 has at most 64.
pub(crate) const MAX_TEXT: usize = 64;
/// The longest words of a module about an error, in characters.
pub(crate) const MAX_WORDS: usize = 200;
/// The most tokens that are told of.
pub(crate) const MAX_TOKENS: usize = 16;
/// The most certificates that are told of.
pub(crate) const MAX_CERTIFICATES: usize = 24;
/// The largest certificate that is told of, in bytes.
pub(crate) const MAX_CERTIFICATE: usize = 8 * 1024;

/// One token in its slot. The numbers of slots are none of it: another process counts otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenId {
    /// What the module calls the slot. OpenSC: the name of the reader, as far as it fits.
    #[serde(deserialize_with = "name")]
    pub slot: String,
    /// What the token calls itself.
    #[serde(deserialize_with = "name")]
    pub label: String,
    /// Its serial number.
    #[serde(deserialize_with = "name")]
    pub serial: String,
}

/// A text of the module as the child passes it on: one plain line, cut to its length. Who sends
/// another one is not the child that we know.
fn plain<'de, D: Deserializer<'de>>(deserializer: D, most: usize) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.chars().any(char::is_control) || text.chars().count() > most {
        return Err(serde::de::Error::custom("not a plain text"));
    }
    Ok(text)
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    plain(deserializer, MAX_TEXT)
}

fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    plain(deserializer, MAX_WORDS)
}

/// Bytes, as base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64URL.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// What the agent wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Question {
    /// Load this module; always the first.
    Open(PathBuf),
    /// Which tokens are there? Answered as soon as they are others than these.
    Tokens(Option<Vec<TokenId>>),
    /// What is on this token?
    Look(TokenId),
    /// Sign.
    Sign(Sign),
}

/// What is to be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sign {
    /// The token that was looked at.
    pub(crate) token: TokenId,
    /// The certificate, DER.
    pub(crate) certificate: Bytes,
    /// How its key signs.
    pub(crate) with: Algorithm,
    pub(crate) message: Bytes,
    /// Whether a frame with the PIN follows.
    pub(crate) pin_follows: bool,
    pub(crate) dares_last_try: bool,
}

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    pub(crate) fn of(key: KeyKind) -> Option<Self> {
        match key {
            KeyKind::P256 => Some(Self::Es256),
            KeyKind::P384 => Some(Self::Es384),
            KeyKind::Rsa => Some(Self::Rs256),
            KeyKind::Other => None,
        }
    }
}

/// What the child says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The module is loaded, and this is what it calls itself.
    Opened(#[serde(deserialize_with = "name")] String),
    Tokens(Vec<TokenId>),
    Card(Card),
    /// As PKCS#11 gives it: of elliptic curves r and s, one after the other.
    Signature(Bytes),
    Failed(Fault),
}

/// What is on a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Card {
    /// X.509 certificates, DER.
    pub(crate) certificates: Vec<Bytes>,
    pub(crate) tries: Tries,
    /// `CKF_PROTECTED_AUTHENTICATION_PATH`.
    pub(crate) pin_at_reader: bool,
}

/// [`PinTries`], as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tries {
    Fine,
    Fewer,
    Last,
    None,
    NotSet,
}

impl From<Tries> for PinTries {
    fn from(tries: Tries) -> Self {
        match tries {
            Tries::Fine => Self::Fine,
            Tries::Fewer => Self::Fewer,
            Tries::Last => Self::Last,
            Tries::None => Self::None,
            Tries::NotSet => Self::NotSet,
        }
    }
}

/// Why the child cannot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fault {
    WrongPin(Tries),
    LastTry,
    Locked,
    PinForm,
    KeyPin,
    PinNotSet,
    NoKey,
    Unsupported,
    Cancelled,
    Removed,
    Swapped,
    /// The module's own words.
    Module(#[serde(deserialize_with = "words")] String),
}
