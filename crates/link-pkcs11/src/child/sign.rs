//! One signature: the card is looked at, gets the PIN once, signs, and forgets.

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::TokenInfo;
use cryptoki::types::RawAuthPin;
use sha2::{Digest as _, Sha256, Sha384};

use super::token::{Module, certificates, fault, tries, value};
use crate::message::{Algorithm, Bytes, Fault, Sign, Tries};
use crate::wire::Frame;

/// `DigestInfo` of SHA-256 before the digest (RFC 8017 §9.2, note 1).
const SHA256_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

pub(super) fn sign(module: &Module, wanted: &Sign, pin: Option<Frame>) -> Result<Bytes, Fault> {
    let (slot, info) = module.slot_of(&wanted.token)?;
    may_try(&info, wanted, pin.as_ref())?;
    let pin = pin.map(|mut bytes| RawAuthPin::new(Box::new(std::mem::take(&mut *bytes))));
    let mechanisms = module.0.get_mechanism_list(slot).map_err(|error| fault(&error))?;
    let session = module.0.open_ro_session(slot).map_err(|error| fault(&error))?;
    let id = key_id(&session, &wanted.certificate)?;
    log_in(&session, UserType::User, pin.as_ref())
        .map_err(|error| refused(module, wanted, &error))?;
    let login = Login(&session);
    let key = private_key(login.0, &id)?;
    let signature = with_key(login.0, key, (wanted, pin.as_ref()), &mechanisms);
    // The card that was asked is the card that was there all the time.
    let same = module.slot_of(&wanted.token).and_then(|_| key_id(&session, &wanted.certificate));
    let signature = signature.map_err(|error| match error {
        Cannot::Sign(error) => refused(module, wanted, &error),
        Cannot::Unlock(error) => of_key(refused(module, wanted, &error), pin.is_some()),
        Cannot::Mechanism => Fault::Unsupported,
    })?;
    same?;
    Ok(Bytes(signature))
}

/// A session that is logged in. The card forgets the PIN when this is dropped.
struct Login<'a>(&'a Session);

impl Drop for Login<'_> {
    fn drop(&mut self) {
        // A card that has left has forgotten.
        let _ = self.0.logout();
    }
}

/// Whether the PIN may be tried: what can be known beforehand costs no try.
fn may_try(info: &TokenInfo, wanted: &Sign, pin: Option<&Frame>) -> Result<(), Fault> {
    match tries(info) {
        Tries::None => return Err(Fault::Locked),
        Tries::NotSet => return Err(Fault::PinNotSet),
        Tries::Last if !wanted.dares_last_try => return Err(Fault::LastTry),
        Tries::Last | Tries::Fewer | Tries::Fine => {}
    }
    let fits = match pin {
        Some(pin) => {
            let most = info.max_pin_length();
            pin.len() >= info.min_pin_length() && (most == 0 || pin.len() <= most)
        }
        None => info.protected_authentication_path(),
    };
    if fits { Ok(()) } else { Err(Fault::PinForm) }
}

fn log_in(session: &Session, who: UserType, pin: Option<&RawAuthPin>) -> Result<(), Error> {
    match pin {
        Some(pin) => session.login_with_raw(who, pin),
        None => session.login(who, None),
    }
}

/// What an error means where a PIN was tried.
fn refused(module: &Module, wanted: &Sign, error: &Error) -> Fault {
    match error {
        Error::Pkcs11(RvError::PinIncorrect, _) => {
            match module.slot_of(&wanted.token).map(|(_, info)| tries(&info)) {
                Ok(Tries::None) => Fault::Locked,
                Ok(tries) => Fault::WrongPin(tries),
                Err(fault) => fault,
            }
        }
        Error::Pkcs11(RvError::PinInvalid | RvError::PinLenRange, _) => Fault::PinForm,
        Error::Pkcs11(RvError::PinLocked, _) => Fault::Locked,
        Error::Pkcs11(RvError::PinExpired | RvError::UserPinNotInitialized, _) => Fault::PinNotSet,
        Error::Pkcs11(
            RvError::MechanismInvalid
            | RvError::MechanismParamInvalid
            | RvError::KeyFunctionNotPermitted
            | RvError::KeyTypeInconsistent
            | RvError::KeySizeRange,
            _,
        ) => Fault::Unsupported,
        other => fault(other),
    }
}

/// What it means that the PIN is refused for the key which the card has taken just now. The key has a
/// PIN of its own, that nobody has entered.
///
/// This was the one try that the person's confirmation allows: the login before was right, and a PIN
/// that is right uses up none. Told as a wrong PIN, it would be asked for and tried again, until the
/// key is locked. What is typed at the reader was typed for the key: there it is wrong.
fn of_key(fault: Fault, typed_here: bool) -> Fault {
    match fault {
        Fault::WrongPin(_) | Fault::PinForm if typed_here => Fault::KeyPin,
        other => other,
    }
}

/// `CKA_ID` of exactly this certificate.
fn key_id(session: &Session, certificate: &Bytes) -> Result<Vec<u8>, Fault> {
    let found = certificates(session)?
        .into_iter()
        .find(|handle| value(session, *handle).as_ref() == Some(&certificate.0))
        .ok_or(Fault::Swapped)?;
    let attributes =
        session.get_attributes(found, &[AttributeType::Id]).map_err(|error| fault(&error))?;
    attributes
        .into_iter()
        .find_map(|attribute| match attribute {
            Attribute::Id(id) if !id.is_empty() => Some(id),
            _ => None,
        })
        .ok_or(Fault::NoKey)
}

fn private_key(session: &Session, id: &[u8]) -> Result<ObjectHandle, Fault> {
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Id(id.to_vec())];
    let keys = session.find_objects(&template).map_err(|error| fault(&error))?;
    keys.first().copied().ok_or(Fault::NoKey)
}

/// Why there is no signature.
enum Cannot {
    Sign(Error),
    /// The card is unlocked, and the key is not.
    Unlock(Error),
    Mechanism,
}

impl From<Error> for Cannot {
    fn from(error: Error) -> Self {
        Self::Sign(error)
    }
}

fn with_key(
    session: &Session,
    key: ObjectHandle,
    (wanted, pin): (&Sign, Option<&RawAuthPin>),
    mechanisms: &[MechanismType],
) -> Result<Vec<u8>, Cannot> {
    let always = session.get_attributes(key, &[AttributeType::AlwaysAuthenticate]);
    let always = matches!(always.as_deref(), Ok([Attribute::AlwaysAuthenticate(true)]));
    let (mechanism, input) = mechanism(wanted, always, mechanisms).ok_or(Cannot::Mechanism)?;
    if !always {
        return Ok(session.sign(&mechanism, key, &input)?);
    }
    // The PIN once more, between the beginning and the end (PKCS#11 3.1 §5.6.7): the same that was
    // right just now.
    session.sign_init(&mechanism, key)?;
    log_in(session, UserType::ContextSpecific, pin).map_err(Cannot::Unlock)?;
    session.sign_update(&input)?;
    Ok(session.sign_final()?)
}

/// How the module signs, and what it is given: the message where it hashes itself, which it must
/// for a signature in several steps; else what is signed of it.
fn mechanism(
    wanted: &Sign,
    in_steps: bool,
    offered: &[MechanismType],
) -> Option<(Mechanism<'static>, Vec<u8>)> {
    let message = &wanted.message.0;
    let sha256 = || Sha256::digest(message).to_vec();
    let (hashes, plain, digest): (_, _, &dyn Fn() -> Vec<u8>) = match wanted.with {
        Algorithm::Es256 => (Mechanism::EcdsaSha256, Mechanism::Ecdsa, &sha256),
        Algorithm::Es384 => {
            (Mechanism::EcdsaSha384, Mechanism::Ecdsa, &|| Sha384::digest(message).to_vec())
        }
        Algorithm::Rs256 => (Mechanism::Sha256RsaPkcs, Mechanism::RsaPkcs, &|| {
            [&SHA256_INFO[..], &sha256()].concat()
        }),
    };
    let has = |mechanism: &Mechanism<'_>| offered.contains(&mechanism.mechanism_type());
    let prefers_hash = in_steps || wanted.with == Algorithm::Rs256;
    match (has(&hashes), has(&plain)) {
        (true, false) => Some((hashes, message.clone())),
        (true, true) if prefers_hash => Some((hashes, message.clone())),
        (_, true) => Some((plain, digest())),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_that_is_right_for_the_card_and_wrong_for_the_key_is_no_wrong_pin() {
        for fault in [Fault::WrongPin(Tries::Fine), Fault::PinForm] {
            assert_eq!(of_key(fault.clone(), true), Fault::KeyPin);
            assert_eq!(of_key(fault.clone(), false), fault, "typed at the reader, for the key");
        }
        for fault in [Fault::Locked, Fault::Removed, Fault::Cancelled] {
            assert_eq!(of_key(fault.clone(), true), fault);
        }
    }
}
