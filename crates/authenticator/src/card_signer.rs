//! A smart card that is no FIDO authenticator: it holds certificates, and signs with their keys
//! after a PIN.
//!
//! This is the port to the whole card. What lies behind it, a PKCS#11 module or a PIV applet, is
//! the adapter's business; what is signed, and for whom, is the caller's.

mod certificate;
mod pin;

pub use certificate::{CardCertificate, CertificateError, KeyKind};
pub use pin::{CardPin, PinTries};

use crate::Until;

/// One card, as long as it stays where it is.
pub trait CardSigner: Send {
    /// What is on the card. No PIN is needed for that, and none is tried.
    ///
    /// # Errors
    ///
    /// See [`CardSignerError`].
    fn look(&mut self, until: Until<'_>) -> Result<SigningCard, CardSignerError>;

    /// Has the key of a certificate sign `request.message`, after the card has checked the PIN for
    /// it. The signature is in the form that COSE has for the key's algorithm: of elliptic curves
    /// a DER `Ecdsa-Sig-Value`, of RSA the octets of PKCS #1.
    ///
    /// A PIN is tried at most once, and afterwards the card has forgotten it, however this ends.
    ///
    /// # Errors
    ///
    /// See [`CardSignerError`].
    fn sign(
        &mut self,
        request: &SignRequest<'_>,
        until: Until<'_>,
    ) -> Result<Vec<u8>, CardSignerError>;
}

/// What is on a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningCard {
    /// What the card calls itself. Whoever made it has written that.
    pub label: String,
    /// Certificates of its holder, in the order in which the card has them.
    pub certificates: Vec<CardCertificate>,
    /// Certificates of authorities.
    pub authorities: Vec<CardCertificate>,
    /// How many PINs it still takes, as far as it says.
    pub tries: PinTries,
    /// Whether the PIN is typed at the reader, and nowhere else.
    pub pin_at_reader: bool,
}

/// What is to be signed, and with which key.
pub struct SignRequest<'a> {
    /// The certificate whose key signs, as [`CardSigner::look`] has given it.
    pub certificate: &'a CardCertificate,
    /// What is signed.
    pub message: &'a [u8],
    /// The PIN; `None`: it is typed at the reader.
    pub pin: Option<&'a CardPin>,
    /// Whether the person has said that the last try may be used.
    pub dares_last_try: bool,
}

/// Why a card gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardSignerError {
    /// The PIN is wrong; how many it takes now.
    #[error("the card does not know this PIN")]
    WrongPin(PinTries),
    /// The next PIN may be the last that it takes, and nobody has said that it may be used. It was
    /// not.
    #[error("the card takes one more PIN only")]
    LastTry,
    /// It takes no PIN any more.
    #[error("the card is locked")]
    Locked,
    /// It can have no such PIN: too long, too short, or of other characters. It may have counted.
    #[error("the card cannot have this PIN")]
    PinForm,
    /// It knows the PIN, and its key does not: that has a PIN of its own. The key may have counted
    /// it.
    #[error("the key has a PIN of its own")]
    KeyPin,
    /// It has no PIN yet, or one that must be changed first.
    #[error("the card's PIN must be set first")]
    PinNotSet,
    /// The key of the certificate is not there.
    #[error("the card has no key for this certificate")]
    NoKey,
    /// The card or what is between cannot sign with that key.
    #[error("the card cannot sign in the way that is needed")]
    Unsupported,
    /// The person gave up at the reader, or somebody cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The deadline passed.
    #[error("no answer before the deadline")]
    TimedOut,
    /// It was taken away.
    #[error("the card was taken away")]
    Removed,
    /// Another card is there than the one that was looked at.
    #[error("another card is there now")]
    Swapped,
    /// The way to it is broken.
    #[error("cannot reach the card")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}
