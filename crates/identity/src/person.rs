use std::collections::BTreeMap;

use ids::{Alias, UserId};
use serde::{Deserialize, Serialize};

use crate::Moment;

/// A person of one tenant, as imported and as seen by administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each a column")]
pub struct Person {
    /// Its id; also the WebAuthn user handle.
    pub id: UserId,
    /// For display and search. Unique in its tenant; identifies nobody at the door.
    pub username: String,
    /// Name for people, when known.
    pub display_name: Option<String>,
    /// Address as imported. Links nobody.
    pub email: Option<String>,
    /// Whether somebody has shown that the address is this person's. An import never sets it.
    pub email_verified: bool,
    /// Attributes by name, each a list of values.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Whether they may sign in.
    pub state: PersonState,
    /// Whether they administer the installation; true only in the operators' tenant.
    pub administrator: bool,
    /// An import that could not be applied in full; shown to administrators, fails no login.
    pub conflict: Option<SyncConflict>,
    /// Whether the stored groups may be out of date (overage not resolved yet).
    pub groups_stale: bool,
    /// Whether a card of theirs was ever revoked: then no fresh upstream sign-in enrols one.
    pub card_was_revoked: bool,
    /// Whether they ever enrolled a first card by a fresh upstream sign-in alone.
    pub enrolled_by_upstream: bool,
    /// When the row was made.
    pub created_at: Moment,
    /// Last completed sign-in: upstream or card first, and proven.
    pub last_sign_in_at: Option<Moment>,
    /// Last time an upstream vouched for them.
    pub last_upstream_at: Option<Moment>,
}

impl Person {
    /// What to call them: their name, or the username while no name says anything.
    pub fn name(&self) -> &str {
        let name = self.display_name.as_deref().filter(|name| !name.trim().is_empty());
        name.unwrap_or(&self.username)
    }
}

/// Whether a person may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PersonState {
    /// Yes.
    Enabled,
    /// No; their sessions are ended.
    Disabled,
}

/// Part of an import that met a value of somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncConflict {
    /// The attribute that kept its old value, such as `email`.
    pub attribute: String,
    /// The value that came and is already another person's.
    pub value: String,
    /// When it last happened.
    pub at: Moment,
}

/// The one key that links a person to an Entra user: `(tid, oid)`, immutable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntraLink {
    /// The provider through which the link was made.
    pub provider: Alias,
    /// Directory (`tid`), a GUID in lower case. For a provider that is not Entra: its issuer.
    pub tid: String,
    /// Object id of the user in that directory (`oid`), a GUID in lower case. For a provider that
    /// is not Entra: its `sub`.
    pub oid: String,
}

impl EntraLink {
    /// Whether it is of an Entra directory: `tid` is a GUID there, and elsewhere the issuer, which
    /// is a URL.
    pub fn is_entra(&self) -> bool {
        !self.tid.contains(':')
    }
}

#[cfg(test)]
mod tests {
    use ids::UserId;

    use super::*;

    fn called(display_name: Option<&str>) -> Person {
        Person {
            id: UserId(uuid::Uuid::nil()),
            username: "mia@acme.example".into(),
            display_name: display_name.map(str::to_owned),
            email: None,
            email_verified: false,
            attributes: BTreeMap::new(),
            state: PersonState::Enabled,
            administrator: false,
            conflict: None,
            groups_stale: false,
            card_was_revoked: false,
            enrolled_by_upstream: false,
            created_at: Moment(0),
            last_sign_in_at: None,
            last_upstream_at: None,
        }
    }

    #[test]
    fn who_has_a_name_that_says_nothing_is_called_by_the_username() {
        assert_eq!(called(Some("Mia Chen")).name(), "Mia Chen");
        for nothing in [None, Some(""), Some(" \u{a0}")] {
            assert_eq!(called(nothing).name(), "mia@acme.example");
        }
    }
}
