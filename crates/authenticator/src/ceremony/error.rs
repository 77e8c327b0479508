use std::io;

use crate::card_signer::CardSignerError;
use crate::cbor::Malformed;
use crate::{AnswerError, CommandError, LinkError, Status};

/// Why a ceremony gave nothing. One variant for each thing that a person does differently next;
/// [`CeremonyError::words`] says it to them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CeremonyError {
    // The fault of who asks.
    /// The RP ID does not belong to the origin. No device has heard of the request.
    #[error("the origin may not use this relying party ID")]
    OriginNotAllowed,
    /// The request breaks another rule. No device has heard of it.
    #[error("invalid request: {0}")]
    Request(&'static str),

    // The wish of a person, or none in time.
    /// [`Control::cancel`](crate::Control::cancel) was set.
    #[error("cancelled")]
    Cancelled,
    /// The person gave no answer to a question of the client. Also when the deadline passed
    /// meanwhile: there is no clock here, so whoever asked tells the two apart.
    #[error("the person declined")]
    Declined,
    /// The person refused on the authenticator itself.
    #[error("denied on the authenticator")]
    Denied,
    /// The deadline passed, or the authenticator waited long enough for a touch.
    #[error("time ran out")]
    TimedOut,

    // The state of the authenticator.
    /// It holds no credential that will do.
    #[error("no credential for this relying party")]
    NoCredential,
    /// It holds a credential of this account already.
    #[error("authenticator is registered already")]
    Excluded,
    /// It has no room for another discoverable credential.
    #[error("authenticator has no room left")]
    StoreFull,
    /// It has no PIN, so it cannot have been registered with one.
    #[error("authenticator has no PIN set")]
    NoPinSet,
    /// Its PIN must be changed first, which is not done here.
    #[error("authenticator demands that its PIN be changed")]
    PinChangeRequired,
    /// Three wrong PINs in a row: it takes none until it was taken out.
    #[error("PIN is blocked until the authenticator was without power")]
    PinAuthBlocked,
    /// No tries left: only a reset of the authenticator helps, and that loses its credentials.
    #[error("PIN is blocked for good")]
    PinBlocked,
    /// Its own verification, such as a fingerprint, failed, and there is no PIN to go on with.
    #[error("built-in user verification failed")]
    UvFailed,
    /// Its own verification takes no more tries, and there is no PIN to go on with.
    #[error("built-in user verification is blocked")]
    UvBlocked,

    /// A new PIN breaks a rule of the authenticator.
    #[error("PIN breaks a rule of the authenticator")]
    PinPolicy,
    /// It does not take what was proved with PIN or finger: too old, or for another purpose.
    #[error("authenticator did not accept the PIN/UV token")]
    Unverified,
    /// It does this only under other circumstances: just after power-up, or not at all now.
    #[error("not allowed now")]
    NotAllowed,
    /// It is busy with something else.
    #[error("authenticator is busy")]
    Busy,
    /// It does not do what it said of itself when it was looked at.
    #[error("authenticator is not what it said it is")]
    Changed,

    // The state of a smart card, whose PIN is its issuer's business.
    /// No tries left: its issuer unlocks it.
    #[error("card is locked")]
    CardLocked,
    /// It has no PIN yet, or one that must be changed first.
    #[error("card's PIN must be set first")]
    CardPinNotSet,

    // The abilities of the authenticator.
    /// The request is larger than what it takes.
    #[error("request is too large for the authenticator")]
    TooLarge,
    /// It speaks U2F only, or something unknown.
    #[error("authenticator does not speak CTAP2")]
    NotCtap2,
    /// It cannot find out who the person is.
    #[error("authenticator cannot verify its user")]
    NoUserVerification,
    /// It cannot keep a discoverable credential.
    #[error("authenticator cannot keep discoverable credentials")]
    NoDiscoverable,
    /// It cannot sign with ES256.
    #[error("authenticator cannot sign with ES256")]
    UnsupportedAlgorithm,
    /// A smart card has no certificate that is good for this now.
    #[error("card has no certificate that will do")]
    NoCertificate,
    /// The key of a smart card's certificate is of a kind that the server does not take.
    #[error("key of the card's certificate is not supported")]
    UnsupportedKey,
    /// The key of a smart card's certificate has a PIN of its own, for which nobody was asked. The
    /// card may have counted the one that it was given.
    #[error("key of the card's certificate has a PIN of its own")]
    KeyPin,

    // Something is broken.
    /// It was taken away in the middle.
    #[error("authenticator was removed")]
    Removed(#[source] io::Error),
    /// Another program uses it, and lets nobody in.
    #[error("authenticator is in use by another program")]
    InUse(#[source] LinkError),
    /// The way to it is broken.
    #[error("cannot reach the authenticator")]
    Link(#[source] LinkError),
    /// Its answer is not what the standard promises.
    #[error("malformed answer from the authenticator")]
    Malformed,
    /// Its answer is well formed, and not the answer to the request.
    #[error("answer of the authenticator does not fit the request: {0}")]
    Inconsistent(&'static str),
    /// It refused for a reason that has no name here.
    #[error("authenticator refused: {0:?}")]
    Refused(Status),
}

impl From<CommandError> for CeremonyError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Link(LinkError::Cancelled) => Self::Cancelled,
            CommandError::Link(LinkError::Deadline) => Self::TimedOut,
            CommandError::Link(LinkError::Removed(cause)) => Self::Removed(cause),
            CommandError::Link(error @ LinkError::InUse(_)) => Self::InUse(error),
            CommandError::Link(error) => Self::Link(error),
            CommandError::Answer(AnswerError::Malformed) => Self::Malformed,
            CommandError::Answer(AnswerError::Status(status)) => status.into(),
        }
    }
}

impl From<Status> for CeremonyError {
    fn from(status: Status) -> Self {
        match status {
            Status::TIMEOUT | Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT => {
                Self::TimedOut
            }
            Status::CREDENTIAL_EXCLUDED => Self::Excluded,
            Status::UNSUPPORTED_ALGORITHM => Self::UnsupportedAlgorithm,
            Status::OPERATION_DENIED => Self::Denied,
            Status::KEY_STORE_FULL => Self::StoreFull,
            Status::KEEPALIVE_CANCEL => Self::Cancelled,
            Status::NO_CREDENTIALS => Self::NoCredential,
            Status::PIN_BLOCKED => Self::PinBlocked,
            Status::PIN_AUTH_BLOCKED => Self::PinAuthBlocked,
            Status::PIN_NOT_SET => Self::NoPinSet,
            Status::UV_BLOCKED => Self::UvBlocked,
            Status::UV_INVALID => Self::UvFailed,
            Status::PIN_POLICY_VIOLATION => Self::PinPolicy,
            Status::PIN_AUTH_INVALID | Status::PUAT_REQUIRED | Status::UNAUTHORIZED_PERMISSION => {
                Self::Unverified
            }
            Status::NOT_ALLOWED => Self::NotAllowed,
            Status::CHANNEL_BUSY
            | Status::LOCK_REQUIRED
            | Status::PROCESSING
            | Status::USER_ACTION_PENDING
            | Status::OPERATION_PENDING => Self::Busy,
            Status::REQUEST_TOO_LARGE | Status::LIMIT_EXCEEDED => Self::TooLarge,
            other => Self::Refused(other),
        }
    }
}

impl From<CardSignerError> for CeremonyError {
    fn from(error: CardSignerError) -> Self {
        match error {
            CardSignerError::Locked => Self::CardLocked,
            CardSignerError::PinNotSet => Self::CardPinNotSet,
            CardSignerError::NoKey => Self::NoCertificate,
            CardSignerError::Unsupported => Self::UnsupportedKey,
            CardSignerError::KeyPin => Self::KeyPin,
            // Whoever asks for the PIN hears of these first.
            CardSignerError::WrongPin(_) | CardSignerError::PinForm | CardSignerError::LastTry => {
                Self::Unverified
            }
            CardSignerError::Cancelled => Self::Declined,
            CardSignerError::TimedOut => Self::TimedOut,
            CardSignerError::Removed => Self::Removed(io::ErrorKind::NotFound.into()),
            CardSignerError::Swapped => Self::Changed,
            CardSignerError::Failed(cause) => Self::Link(LinkError::Protocol(cause)),
        }
    }
}

impl From<Malformed> for CeremonyError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}
