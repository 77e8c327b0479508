use ids::{Alias, MapperId};
use secrets::Secret;
use serde::{Deserialize, Serialize};

use crate::{GroupsQuestion, Moment};

/// An upstream provider of one tenant, under its alias.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name in URLs; fixed once saved, because the upstream has it in its redirect URI.
    pub alias: Alias,
    /// Name on the button: "Sign in with {display name}".
    pub display_name: String,
    /// What its people are linked by. Follows the issuer, not the template.
    pub kind: ProviderKind,
    /// Where it is.
    pub endpoints: ProviderEndpoints,
    /// Our id there (Entra: Application (client) ID).
    pub client_id: String,
    /// Our secret there. Sealed at rest, never shown again.
    pub client_secret: Option<Secret>,
    /// When the secret expires, if the administrator said so.
    pub client_secret_expires_at: Option<Moment>,
    /// Sync mode of mappers that inherit.
    pub sync_mode: SyncMode,
    /// What is known about the `groups` claim.
    pub groups_sent: GroupsSent,
    /// Whether it takes part in logins.
    pub enabled: bool,
    /// Whether the login page leaves it out (a link with `kc_idp_hint` shows it).
    pub hidden: bool,
    /// Position on the login page, smallest first.
    pub position: i32,
    /// What tokens of it have shown.
    pub seen: Seen,
    /// When it was made.
    pub created_at: Moment,
}

/// What the tokens of a provider have shown. Sign-ins and tests write it; no form does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Whether the last one had `auth_time`; `None` before the first.
    pub auth_time: Option<bool>,
    /// Where the question stands whether it has stopped sending groups.
    pub groups: GroupsQuestion,
}

/// Where an upstream is: what its discovery document says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderEndpoints {
    /// URL of the discovery document.
    pub discovery: String,
    /// Issuer, exactly as its ID tokens name it.
    pub issuer: String,
    /// Authorization endpoint.
    pub authorization: String,
    /// Token endpoint.
    pub token: String,
    /// Key set.
    pub jwks: String,
    /// User-info endpoint, if any; not called unless asked for.
    pub userinfo: Option<String>,
    /// End-session endpoint, if any.
    pub end_session: Option<String>,
}

/// What a provider's people are linked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    /// An Entra directory: `(tid, oid)`.
    Entra,
    /// Any other OpenID provider: `(issuer, sub)`.
    Oidc,
}

/// When a mapper writes (Keycloak's words).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SyncMode {
    /// Only when the person is created.
    Import,
    /// At every sign-in.
    Force,
}

/// A mapper's own sync mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SyncOverride {
    /// Only when the person is created.
    Import,
    /// At every sign-in.
    Force,
    /// As the provider says.
    Inherit,
}

impl SyncOverride {
    /// The mode that holds for a mapper of a provider with `sync_mode`.
    pub fn effective(self, sync_mode: SyncMode) -> SyncMode {
        match self {
            Self::Import => SyncMode::Import,
            Self::Force => SyncMode::Force,
            Self::Inherit => sync_mode,
        }
    }
}

/// Whether the upstream sends the `groups` claim. If it does, an absent claim means "no groups";
/// if it does not, it means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupsSent {
    /// Not seen yet: treated as "no".
    Unknown,
    /// Seen, or set by an administrator.
    Yes,
    /// Set by an administrator.
    No,
}

/// A rule that turns claims into attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapper {
    /// Its id.
    pub id: MapperId,
    /// Name for administrators, such as `azure-group-mapper`.
    pub name: String,
    /// When it writes.
    pub sync: SyncOverride,
    /// What it does.
    pub kind: MapperKind,
}

/// What a mapper does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum MapperKind {
    /// "Attribute Importer": copies a claim into an attribute.
    AttributeImporter {
        /// Path of the claim: `.` nests, `\.` is a dot, `[0]` an index.
        claim: String,
        /// Name of the attribute; `email`, `firstName` and `lastName` are the person's own fields.
        attribute: String,
    },
    /// "Username Template Importer": builds the username, such as `${CLAIM.preferred_username}`.
    UsernameTemplate {
        /// The template.
        template: String,
    },
    /// "Hardcoded Attribute": always the same value.
    HardcodedAttribute {
        /// Name of the attribute.
        attribute: String,
        /// Its value.
        value: String,
    },
    /// "Onboarding": asks for a card when the person has none.
    Onboarding,
}

impl MapperKind {
    /// Whether it keeps something of the claims that come.
    pub fn reads_claims(&self) -> bool {
        match self {
            Self::AttributeImporter { .. } | Self::UsernameTemplate { .. } => true,
            Self::HardcodedAttribute { .. } | Self::Onboarding => false,
        }
    }
}
