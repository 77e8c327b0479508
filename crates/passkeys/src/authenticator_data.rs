//! Authenticator data (WebAuthn Level 3 §6.1) and the attestation object around it (§6.5.4).
//!
//! The library verifies what it reads and lets pass what it does not look at: bytes behind the
//! end, a second or fourth member, a statement where there is to be none, a credential id of any
//! length. Nothing of that is honest, and all of it is room for two readings.

use ciborium::Value;
use uuid::Uuid;

use crate::PasskeyError;
use crate::client_data::ensure;
use crate::response::MAX_CREDENTIAL_ID;

/// The flags of authenticator data.
#[derive(Clone, Copy)]
pub(crate) struct Flags(u8);

impl Flags {
    const UP: u8 = 0x01;
    const UV: u8 = 0x04;
    const BE: u8 = 0x08;
    const BS: u8 = 0x10;
    const ED: u8 = 0x80;

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

/// Reads the authenticator data of an assertion: no credential follows, nor anything else.
pub(crate) fn of_assertion(bytes: &[u8]) -> Result<Flags, PasskeyError> {
    let mut rest = bytes;
    let flags = head(&mut rest)?;
    end(flags, rest)?;
    Ok(flags)
}

/// Reads the attestation object of a registration, and gives the make of the authenticator.
pub(crate) fn of_registration(object: &[u8]) -> Result<Uuid, PasskeyError> {
    let object = AttestationObject::parse(object).ok_or(PasskeyError::Malformed)?;
    object.step_23_no_statement_for_none()?;
    let mut rest = object.authenticator_data.as_slice();
    let flags = head(&mut rest)?;
    let aaguid: [u8; 16] = array(&mut rest)?;
    let length = usize::from(u16::from_be_bytes(array(&mut rest)?));
    step_26_length_of_the_credential_id(length)?;
    take(&mut rest, length)?;
    map(&mut rest)?;
    end(flags, rest)?;
    Ok(Uuid::from_bytes(aaguid))
}

/// The credential id has at most 1023 bytes.
fn step_26_length_of_the_credential_id(length: usize) -> Result<(), PasskeyError> {
    ensure(length <= MAX_CREDENTIAL_ID, PasskeyError::TooLarge)
}

struct AttestationObject {
    format: String,
    statement: Value,
    authenticator_data: Vec<u8>,
}

impl AttestationObject {
    /// A map of three members, each once, and nothing behind it.
    fn parse(mut bytes: &[u8]) -> Option<Self> {
        let Value::Map(members) = ciborium::from_reader(&mut bytes).ok()? else { return None };
        let [mut format, mut statement, mut data] = [const { None }; 3];
        for (name, value) in members {
            let place = match name.as_text()? {
                "fmt" => &mut format,
                "attStmt" => &mut statement,
                "authData" => &mut data,
                _ => return None,
            };
            if place.replace(value).is_some() {
                return None;
            }
        }
        let object = Self {
            format: format?.into_text().ok()?,
            statement: statement?,
            authenticator_data: data?.into_bytes().ok()?,
        };
        bytes.is_empty().then_some(object)
    }

    /// §8.7: the statement of `none` is the empty map.
    fn step_23_no_statement_for_none(&self) -> Result<(), PasskeyError> {
        let empty = self.statement.as_map().is_some_and(Vec::is_empty);
        ensure(empty || self.format != "none", PasskeyError::Attestation)
    }
}

/// `rpIdHash`, flags and counter.
fn head(rest: &mut &[u8]) -> Result<Flags, PasskeyError> {
    take(rest, 32)?;
    let [flags] = array(rest)?;
    take(rest, 4)?;
    Ok(Flags(flags))
}

/// Outputs of extensions if they are announced, and nothing behind them.
fn end(flags: Flags, mut rest: &[u8]) -> Result<(), PasskeyError> {
    if flags.0 & Flags::ED != 0 {
        map(&mut rest)?;
    }
    ensure(rest.is_empty(), PasskeyError::Malformed)
}

fn take<'b>(rest: &mut &'b [u8], length: usize) -> Result<&'b [u8], PasskeyError> {
    let (taken, left) = rest.split_at_checked(length).ok_or(PasskeyError::Malformed)?;
    *rest = left;
    Ok(taken)
}

fn array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], PasskeyError> {
    take(rest, N)?.try_into().map_err(|_| PasskeyError::Malformed)
}

/// One CBOR map.
fn map(rest: &mut &[u8]) -> Result<(), PasskeyError> {
    match ciborium::from_reader(rest) {
        Ok(Value::Map(_)) => Ok(()),
        _ => Err(PasskeyError::Malformed),
    }
}
