//! What an application is registered with.

pub mod presets;

mod check;

pub use check::{Field, SettingsError, is_client_id};

use std::collections::BTreeMap;

use jose::Alg;
use secrets::{Secret, Token, TokenHash};
use serde::{Deserialize, Serialize};

use crate::{Acr, redirect_uri};

/// Most secrets of one client: the one that is in use, and the next.
pub const MAX_SECRETS: usize = 2;

/// The attribute that names a person's groups.
const GROUP: &str = "group";

/// An application as the protocol sees it.
#[derive(Clone, Debug)]
pub struct Client {
    /// `client_id`.
    pub client_id: String,
    /// Its name for people.
    pub name: String,
    /// How it is registered.
    pub settings: ClientSettings,
}

/// How an application is registered. Kept as JSON; a field that is not there has its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a box of its own in the form")]
pub struct ClientSettings {
    /// What it was filled in with, such as `syncro`; for the console alone.
    pub preset: String,
    /// What it is.
    pub kind: ClientKind,
    /// How it proves that it is itself.
    pub authentication: ClientAuthentication,
    /// Where answers may go, compared to the character (RFC 9700 §4.1.3); in a native client the port
    /// of a loopback address is free (RFC 8252 §7.3).
    pub redirect_uris: Vec<String>,
    /// Where a browser may go after the logout, compared to the character.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where people find it, for pages of ours that name it.
    pub home_uri: Option<String>,
    /// Where it is told of a session's end (Back-Channel Logout 1.0 §2.2).
    pub backchannel_logout_uri: Option<String>,
    /// Whether it is told which session that is, by `sid`. One that is not knows only that a person is
    /// signed out, and ends all that it has of them.
    pub backchannel_logout_session_required: bool,
    /// The public keys with which it signs assertions (RFC 7523), a key set as JSON text.
    pub jwks: Option<String>,
    /// What its ID tokens and access tokens are signed with: `RS256` or `ES256`.
    #[serde(with = "alg_text")]
    pub signing_alg: Alg,
    /// Whether it may leave out PKCE. A client that cannot keep a secret never may.
    pub without_pkce: bool,
    /// Whether it gets refresh tokens when it asks for `offline_access`.
    pub offline_access: bool,
    /// Which card proof its people need.
    pub card: CardRule,
    /// Whether only cards count whose attestation shows their hardware.
    pub attested_only: bool,
    /// Who may sign in: people in one of these groups. None: everybody.
    pub allowed_groups: Vec<String>,
    /// Which attributes of a person leave, and as which claims.
    pub mappers: Vec<ClaimMapper>,
}

/// What kind of application it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientKind {
    /// On a server, where it can keep a secret.
    #[default]
    Web,
    /// In a browser (single page).
    SinglePage,
    /// On a person's device (RFC 8252).
    Native,
    /// A machine, without people: client credentials alone.
    Service,
}

/// How a client proves that it is itself (Core §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// A public client: it cannot.
    None,
    /// A secret, in the header or in the body: both are taken, and no other way.
    #[default]
    ClientSecret,
    /// An assertion that it has signed (RFC 7523).
    PrivateKeyJwt,
}

/// Which card proof the people of an application need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardRule {
    /// That of their session, however old.
    #[default]
    Session,
    /// One that is not older than so many minutes.
    WithinMinutes(u32),
    /// One for each sign-in.
    Fresh,
}

/// Lets an attribute of a person leave as a claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimMapper {
    /// The person's attribute, such as `group`.
    pub attribute: String,
    /// The claim, such as `groups`. None of those that we make ourselves.
    pub claim: String,
    /// Whether it is always a list, or a text when there is one value.
    pub list: bool,
}

/// A new secret of 32 random bytes: what is shown once, and what is kept.
pub fn new_secret(random: [u8; 32]) -> (Secret, TokenHash) {
    let text = Secret::from(Token::new(random).reveal());
    let hash = TokenHash::of(text.expose());
    (text, hash)
}

impl ClientSettings {
    /// Whether people sign in to it.
    pub fn signs_people_in(&self) -> bool {
        self.kind != ClientKind::Service
    }

    /// Whether it can keep a secret, and has one (RFC 6749 §2.1: confidential).
    pub fn keeps_a_secret(&self) -> bool {
        let kind = matches!(self.kind, ClientKind::Web | ClientKind::Service);
        kind && self.authentication != ClientAuthentication::None
    }

    /// Whether it must use PKCE.
    pub fn needs_pkce(&self) -> bool {
        !(self.without_pkce && self.keeps_a_secret())
    }

    /// Whether answers may go to `uri`.
    pub fn redirects_to(&self, uri: &str) -> bool {
        redirect_uri::is_registered(uri, self)
    }

    /// Whether a proof with this `amr` will do. Attestation shows what `phrh` says, so who takes attested
    /// cards alone takes what has that.
    pub fn admits_card(&self, amr: &[String]) -> bool {
        !self.attested_only || Acr::of(amr) == Acr::HardwareProtected
    }

    /// Whether a person with these attributes may sign in to it.
    pub fn admits(&self, attributes: &BTreeMap<String, Vec<String>>) -> bool {
        let groups = attributes.get(GROUP).map(Vec::as_slice).unwrap_or_default();
        self.allowed_groups.is_empty()
            || groups.iter().any(|group| self.allowed_groups.contains(group))
    }
}

mod alg_text {
    use jose::Alg;
    use serde::{Deserialize, Deserializer, Serializer, de};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(alg: &Alg, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(alg.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Alg, D::Error> {
        let text = String::deserialize(from)?;
        Alg::parse(&text).ok_or_else(|| de::Error::custom("not an algorithm that we sign with"))
    }
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            preset: "generic-web".into(),
            kind: ClientKind::default(),
            authentication: ClientAuthentication::default(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            home_uri: None,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: true,
            jwks: None,
            signing_alg: Alg::Rs256,
            without_pkce: false,
            offline_access: false,
            card: CardRule::default(),
            attested_only: false,
            allowed_groups: Vec::new(),
            mappers: vec![ClaimMapper {
                attribute: GROUP.into(),
                claim: "groups".into(),
                list: true,
            }],
        }
    }
}

#[cfg(test)]
mod tests;
