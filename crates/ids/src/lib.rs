//! Identifiers: one type per kind of thing, so that none fits where another belongs.
//!
//! Does not make them: time and random bytes come from the program. No I/O.

pub mod guid;

mod slug;

pub use slug::{Alias, Slug, SlugError};

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident,)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl core::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A customer, with own users, keys and policy.
    TenantId,
    /// A person inside one tenant. Its 16 bytes are the WebAuthn user handle.
    UserId,
    /// A registered authenticator of one person: our own row id, not the WebAuthn credential id.
    CredentialId,
    /// One person's way from an application's request to a proof.
    LoginId,
    /// One challenge that was handed out inside a login.
    ChallengeId,
    /// A verified and consumed ceremony. Sessions and codes refer to it.
    ProofId,
    /// A signed-in browser.
    SessionId,
    /// What an application got for one code: its tokens live as long as this does.
    GrantId,
    /// An enrolled desktop agent.
    DeviceId,
    /// A request that waits for an agent.
    TicketId,
    /// A rule that turns claims into attributes.
    MapperId,
}
