//! Authenticator data (WebAuthn Level 3 §6.1), as far as the library leaves it to us.

use ciborium::Value;
use uuid::Uuid;

use crate::PasskeyError;
use crate::client_data::ensure;

/// `rpIdHash`, flags and counter.
const HEAD: usize = 37;
/// Where the flags stand.
const FLAGS: usize = 32;

/// What a registration says about its authenticator.
pub(crate) struct AttestedData {
    pub(crate) aaguid: Uuid,
}

impl AttestedData {
    /// Reads an attestation object that the library has verified (§6.5): a map of three members,
    /// each once, and nothing behind it. Otherwise we could read another authenticator data than
    /// the one that was verified.
    pub(crate) fn parse(object: &[u8]) -> Result<Self, PasskeyError> {
        let data = authenticator_data(object).ok_or(PasskeyError::Malformed)?;
        let aaguid = data.get(HEAD..).and_then(|rest| rest.get(..16));
        let aaguid = aaguid.and_then(|bytes| Uuid::from_slice(bytes).ok());
        Ok(Self { aaguid: aaguid.ok_or(PasskeyError::Malformed)? })
    }
}

fn authenticator_data(mut object: &[u8]) -> Option<Vec<u8>> {
    let Value::Map(members) = ciborium::from_reader(&mut object).ok()? else { return None };
    let mut found = None;
    let mut names = Vec::new();
    for (name, value) in members {
        let name = name.into_text().ok()?;
        if name == "authData" {
            found = Some(value.into_bytes().ok()?);
        }
        names.push(name);
    }
    names.sort_unstable();
    if object.is_empty() && names == ["attStmt", "authData", "fmt"] { found } else { None }
}

/// The flags of authenticator data (§6.1).
#[derive(Clone, Copy)]
pub(crate) struct Flags(u8);

impl Flags {
    const UP: u8 = 0x01;
    const UV: u8 = 0x04;
    const BE: u8 = 0x08;
    const BS: u8 = 0x10;

    pub(crate) fn of(authenticator_data: &[u8]) -> Result<Self, PasskeyError> {
        ensure(authenticator_data.len() >= HEAD, PasskeyError::Malformed)?;
        authenticator_data.get(FLAGS).copied().map(Self).ok_or(PasskeyError::Malformed)
    }

    pub(crate) fn user_present(self) -> bool {
        self.0 & Self::UP != 0
    }

    pub(crate) fn user_verified(self) -> bool {
        self.0 & Self::UV != 0
    }

    pub(crate) fn backup_eligible(self) -> bool {
        self.0 & Self::BE != 0
    }

    pub(crate) fn backup_state(self) -> bool {
        self.0 & Self::BS != 0
    }
}
