//! What the card is to do, in the words of WebAuthn Level 3 §5.4 and §5.5.

use serde::{Deserialize, Serialize};

use crate::limits;

/// One of the two ceremonies: a request carries exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub enum Ceremony {
    /// An assertion of one of these credentials; of any discoverable one if the list is empty.
    Get(Vec<CredentialDescriptor>),
    /// A new credential.
    Create(Create),
}

/// A new credential: for whom, and of what kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Create {
    /// Whose credential it becomes.
    pub user: User,
    /// Credentials that the person has: a card that holds one of them makes no second.
    #[serde(default)]
    pub exclude_credentials: Vec<CredentialDescriptor>,
    /// The algorithms that the server takes, best first.
    pub pub_key_cred_params: Vec<CredentialParameter>,
    /// Whether the card keeps the credential itself.
    pub resident_key: ResidentKey,
    /// How much the server wants to know about the make of the card: `none` or `direct`.
    #[serde(default)]
    pub attestation: Option<String>,
}

/// The account of a new credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user handle, base64url, 1 to 64 bytes.
    pub id: String,
    /// The account's name.
    pub name: String,
    /// The person's name.
    pub display_name: String,
}

/// A credential that the server knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialDescriptor {
    /// The credential id, base64url.
    pub id: String,
    /// `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How the credential may be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transports: Vec<String>,
}

/// An algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialParameter {
    /// `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// COSE algorithm, such as -7 for ES256.
    pub alg: i64,
}

/// Whether the card keeps the credential itself, so that it is found without a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResidentKey {
    /// No.
    Discouraged,
    /// Where the card can.
    Preferred,
    /// Yes, or no credential.
    Required,
}

/// Whether the card must verify its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserVerification {
    /// Yes.
    Required,
    /// Where the card can.
    Preferred,
    /// No.
    Discouraged,
}

/// The two members of which one is there.
#[derive(Clone, Serialize, Deserialize)]
struct Wire {
    #[serde(rename = "allowCredentials", default, skip_serializing_if = "Option::is_none")]
    allow_credentials: Option<Vec<CredentialDescriptor>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    create: Option<Create>,
}

impl TryFrom<Wire> for Ceremony {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let ceremony = match (wire.allow_credentials, wire.create) {
            (Some(list), None) => Self::Get(list),
            (None, Some(create)) => Self::Create(create),
            _ => return Err("a request has either allowCredentials or create"),
        };
        let list = match &ceremony {
            Self::Get(list) => list,
            Self::Create(create) => &create.exclude_credentials,
        };
        if list.len() > limits::MAX_CREDENTIALS {
            Err("too many credentials")
        } else {
            Ok(ceremony)
        }
    }
}

impl From<Ceremony> for Wire {
    fn from(ceremony: Ceremony) -> Self {
        match ceremony {
            Ceremony::Get(list) => Self { allow_credentials: Some(list), create: None },
            Ceremony::Create(create) => Self { allow_credentials: None, create: Some(create) },
        }
    }
}
