//! Tokens and what is on them.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::object::{Attribute, AttributeType, CertificateType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::{Slot, TokenInfo};

use crate::message::{
    Bytes, Card, Fault, MAX_CERTIFICATE, MAX_CERTIFICATES, MAX_TEXT, MAX_TOKENS, MAX_WORDS,
    TokenId, Tries,
};

/// How often is looked where the module has no word for "something has changed"
/// (`C_WaitForSlotEvent`), as p11-kit's has not. Only while a request is before the person.
const PACE: Duration = Duration::from_millis(500);

/// A module that is loaded.
pub(super) struct Module(pub(super) Pkcs11);

impl Module {
    pub(super) fn load(path: &Path) -> Result<Self, Fault> {
        let module = Pkcs11::new(path).map_err(|error| words(&error))?;
        let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        module.initialize(arguments).map_err(|error| words(&error))?;
        Ok(Self(module))
    }

    /// What it calls itself.
    pub(super) fn library(&self) -> String {
        let info = self.0.get_library_info();
        info.map_or_else(|_| String::new(), |info| text(info.library_description()))
    }

    /// The tokens that somebody has set up.
    pub(super) fn tokens(&self) -> Result<Vec<TokenId>, Fault> {
        let slots = self.0.get_slots_with_token().map_err(|error| fault(&error))?;
        let mut tokens: Vec<_> =
            slots.into_iter().filter_map(|slot| self.token_in(slot)).take(MAX_TOKENS).collect();
        tokens.sort();
        tokens.dedup();
        Ok(tokens)
    }

    /// The same, as soon as they are others than `known`.
    pub(super) fn tokens_other_than(&self, known: &[TokenId]) -> Result<Vec<TokenId>, Fault> {
        loop {
            let tokens = self.tokens()?;
            if tokens != known {
                return Ok(tokens);
            }
            if self.0.wait_for_slot_event().is_err() {
                sleep(PACE);
            }
        }
    }

    /// The token in a slot; `None`: there is none, or it left just now.
    fn token_in(&self, slot: Slot) -> Option<TokenId> {
        let info = self.0.get_token_info(slot).ok().filter(TokenInfo::token_initialized)?;
        Some(TokenId {
            slot: text(self.0.get_slot_info(slot).ok()?.slot_description()),
            label: text(info.label()),
            serial: text(info.serial_number()),
        })
    }

    /// The slot of a token, if it is there and it is that one.
    pub(super) fn slot_of(&self, token: &TokenId) -> Result<(Slot, TokenInfo), Fault> {
        let slots = self.0.get_slots_with_token().map_err(|error| fault(&error))?;
        let there = slots.into_iter().filter_map(|slot| Some((slot, self.token_in(slot)?)));
        let mut in_slot = there.filter(|(_, found)| found.slot == token.slot).peekable();
        if in_slot.peek().is_none() {
            return Err(Fault::Removed);
        }
        // A reader with several applications on its card has as many slots of one name.
        let (slot, _) = in_slot.find(|(_, found)| found == token).ok_or(Fault::Swapped)?;
        let info = self.0.get_token_info(slot).map_err(|error| fault(&error))?;
        Ok((slot, info))
    }

    pub(super) fn look(&self, token: &TokenId) -> Result<Card, Fault> {
        let (slot, info) = self.slot_of(token)?;
        let session = self.0.open_ro_session(slot).map_err(|error| fault(&error))?;
        let mut ders = Vec::new();
        for handle in certificates(&session)? {
            ders.extend(value(&session, handle).filter(|der| der.len() <= MAX_CERTIFICATE));
        }
        ders.truncate(MAX_CERTIFICATES);
        Ok(Card {
            certificates: ders.into_iter().map(Bytes).collect(),
            tries: tries(&info),
            pin_at_reader: info.protected_authentication_path(),
        })
    }
}

/// Every X.509 certificate that is seen without a PIN.
pub(super) fn certificates(session: &Session) -> Result<Vec<ObjectHandle>, Fault> {
    let template = [
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509),
    ];
    session.find_objects(&template).map_err(|error| fault(&error))
}

/// `CKA_VALUE` of an object.
pub(super) fn value(session: &Session, handle: ObjectHandle) -> Option<Vec<u8>> {
    let attributes = session.get_attributes(handle, &[AttributeType::Value]).ok()?;
    attributes.into_iter().find_map(|attribute| match attribute {
        Attribute::Value(value) => Some(value),
        _ => None,
    })
}

/// What the flags of a token say of its PIN.
pub(super) fn tries(info: &TokenInfo) -> Tries {
    if info.user_pin_locked() {
        Tries::None
    } else if !info.user_pin_initialized() || info.user_pin_to_be_changed() {
        Tries::NotSet
    } else if info.user_pin_final_try() {
        Tries::Last
    } else if info.user_pin_count_low() {
        Tries::Fewer
    } else {
        Tries::Fine
    }
}

/// What an error means, where no PIN is about.
pub(super) fn fault(error: &Error) -> Fault {
    match error {
        Error::Pkcs11(
            RvError::TokenNotPresent
            | RvError::TokenNotRecognized
            | RvError::DeviceRemoved
            | RvError::SlotIdInvalid
            | RvError::SessionHandleInvalid
            | RvError::SessionClosed,
            _,
        ) => Fault::Removed,
        Error::Pkcs11(RvError::Cancel | RvError::FunctionCanceled, _) => Fault::Cancelled,
        other => words(other),
    }
}

fn words(error: &Error) -> Fault {
    Fault::Module(error.to_string().chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect())
}

/// A name that PKCS#11 has padded.
fn text(padded: &str) -> String {
    let plain = padded.chars().filter(|c| !c.is_control());
    plain.take(MAX_TEXT).collect::<String>().trim().to_owned()
}
