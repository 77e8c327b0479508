//! Discovery, OpenID Connect Discovery 1.0 §4, for an administrator who pastes an address: what
//! they pasted becomes a [`MetadataAddress`], and what is found there [`ProviderMetadata`].
//!
//! What is wrong is said in words for administrators, with what to do.

mod address;
mod cloud;
mod metadata;

pub use address::{AddressError, AddressNote, Directory, MetadataAddress};
pub use cloud::EntraCloud;
pub use metadata::{
    MetadataError, MetadataWarning, PERSONAL_ACCOUNTS, ProviderMetadata, is_unknown_directory,
};

use ids::guid;

/// What kind of provider it is, which decides what its people are linked by. Follows the issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One Entra directory: people are linked by `(tid, oid)`.
    Entra {
        /// The directory, a GUID in lower case.
        tid: String,
    },
    /// Any other provider: people are linked by `(issuer, sub)`.
    Oidc,
}

impl Kind {
    /// The kind of a stored provider whose issuer is known to be an Entra directory's.
    /// `None` when the issuer is not of that form.
    pub fn entra(issuer: &str) -> Option<Self> {
        let (authority_and_tid, _) =
            issuer.split_once("/v2.0").filter(|(_, end)| end.is_empty())?;
        let (_, tid) = authority_and_tid.rsplit_once('/')?;
        Some(Self::Entra { tid: guid::parse(tid)? })
    }
}

#[cfg(test)]
mod tests;
