use std::{fmt, io};

use authenticator::LinkError;

/// What can be wrong between here and the card, beside that it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// There is no FIDO application on the card.
    #[error("no FIDO application on the card, status word {0}")]
    NoFidoApplication(StatusWord),
    /// The card refused a message.
    #[error("card answered with status word {0}")]
    Refused(StatusWord),
    /// The card sent fewer than the two bytes of a status word, or no answer with a good one.
    #[error("card answered with {0} bytes")]
    TooShort(usize),
    /// The request does not fit into an APDU; the card has not seen it.
    #[error("request of {0} bytes is longer than an APDU can be")]
    TooLong(usize),
    /// The card announced more and more, beyond all limits.
    #[error("answer of the card does not end")]
    Endless,
    /// Somebody else reset the card in the middle.
    #[error("card was reset by another program")]
    Reset,
    /// Another program uses the card and lets nobody in.
    #[error("card is in use by another program")]
    InUse,
    /// The system forbids this user, or a session that is not at the screen, to use the card.
    #[error("not allowed to use the card; on Linux see polkit, org.debian.pcsc-lite.access_card")]
    Forbidden,
    /// The thread of this card has ended unexpectedly.
    #[error("worker of the card has ended")]
    WorkerEnded,
    /// The service or the reader reports something else.
    #[error("smart card service: {0}")]
    Service(pcsc::Error),
}

/// `SW1 SW2` of ISO 7816-4 §5.6.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StatusWord(pub u16);

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Why an exchange with the card gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Card, reader or service is gone.
    Gone(pcsc::Error),
    /// Somebody else reset the card, and this command has not reached it.
    Reset,
    /// Nobody waits for the answer any more.
    Interrupted,
    /// Anything else.
    Card(CardError),
}

impl From<CardError> for Fault {
    fn from(error: CardError) -> Self {
        Self::Card(error)
    }
}

impl From<pcsc::Error> for Fault {
    fn from(error: pcsc::Error) -> Self {
        match error {
            // A card that was reset has no protocol until it is connected to anew.
            pcsc::Error::ResetCard | pcsc::Error::ProtoMismatch => Self::Reset,
            pcsc::Error::SharingViolation => Self::Card(CardError::InUse),
            pcsc::Error::SecurityViolation | pcsc::Error::NoAccess => {
                Self::Card(CardError::Forbidden)
            }
            // What a card says that leaves the field, and a service that ends.
            pcsc::Error::NotTransacted
            | pcsc::Error::CommDataLost
            | pcsc::Error::RemovedCard
            | pcsc::Error::NoSmartcard
            | pcsc::Error::UnpoweredCard
            | pcsc::Error::UnresponsiveCard
            | pcsc::Error::UnknownReader
            | pcsc::Error::ReaderUnavailable
            | pcsc::Error::NoReadersAvailable
            | pcsc::Error::CommError
            | pcsc::Error::NoService
            | pcsc::Error::ServiceStopped
            | pcsc::Error::InvalidHandle
            | pcsc::Error::Shutdown => Self::Gone(error),
            other => Self::Card(CardError::Service(other)),
        }
    }
}

impl From<Fault> for LinkError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Gone(cause) => Self::Removed(io::Error::other(cause)),
            Fault::Reset => Self::Protocol(CardError::Reset.into()),
            Fault::Interrupted => Self::Cancelled,
            Fault::Card(CardError::InUse) => Self::InUse(CardError::InUse.into()),
            Fault::Card(error) => Self::Protocol(error.into()),
        }
    }
}
