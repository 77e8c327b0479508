use crate::{AnswerError, CeremonyError, CommandError, Status};

/// Why an errand came to nothing; [`ManagementError::words`] says it to people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManagementError {
    /// The authenticator does not know how.
    #[error("authenticator cannot do this: {0:?}")]
    Unsupported(Ability),
    /// There is a PIN already: it is changed, not set.
    #[error("authenticator has a PIN already")]
    PinIsSet,
    /// There is no PIN yet: it is set, not changed. Also what else needs a PIN to be allowed.
    #[error("authenticator has no PIN yet")]
    NoPin,
    /// The PIN must be changed before anything else.
    #[error("authenticator demands that its PIN be changed")]
    PinChangeRequired,
    /// It was reset too late: only the first ten seconds after power-up count.
    #[error("reset is allowed only within ten seconds of power-up")]
    ResetTooLate,
    /// Nothing with this ID is there.
    #[error("no such entry on the authenticator")]
    NotFound,
    /// It has no room for another fingerprint.
    #[error("authenticator has no room for another fingerprint")]
    FingerprintsFull,
    /// The sensor got no finger that it could read, too often.
    #[error("the sensor could not read the finger")]
    NoGoodSample,
    /// A name is longer than the authenticator takes.
    #[error("the name is longer than {0} bytes")]
    NameTooLong(u32),
    /// The shortest PIN cannot become shorter.
    #[error("the shortest PIN cannot become shorter")]
    ShorterMinPin,
    /// As in a ceremony.
    #[error(transparent)]
    Ceremony(CeremonyError),
}

/// What not every authenticator can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ability {
    /// Have a PIN.
    Pin,
    /// List and delete its credentials.
    Credentials,
    /// Recognise fingerprints.
    Fingerprints,
    /// Always verify the person.
    AlwaysUv,
    /// Demand a longer PIN.
    MinPinLength,
}

impl From<CeremonyError> for ManagementError {
    fn from(error: CeremonyError) -> Self {
        match error {
            CeremonyError::NoPinSet => Self::NoPin,
            CeremonyError::PinChangeRequired => Self::PinChangeRequired,
            other => Self::Ceremony(other),
        }
    }
}

impl From<CommandError> for ManagementError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Answer(AnswerError::Status(Status::FP_DATABASE_FULL)) => {
                Self::FingerprintsFull
            }
            other => CeremonyError::from(other).into(),
        }
    }
}
