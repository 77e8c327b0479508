use std::{fmt, io};

use authenticator::LinkError;

use crate::packet::Command;
use crate::reports::ReportError;

/// What can be wrong between here and the key, beside that it is gone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HidError {
    /// The request is longer than a message can be; nothing was sent.
    #[error("request of {0} bytes is longer than a message can be")]
    TooLong(usize),
    /// The key announced more than a message can hold.
    #[error("key announced an answer of {0} bytes")]
    Length(u16),
    /// A packet is missing, came twice or came out of order.
    #[error("key sent packet {got} where {expected} was due")]
    Sequence {
        /// The number that was due.
        expected: u8,
        /// The number that came.
        got: u8,
    },
    /// The rest of a message came without its beginning.
    #[error("key sent the rest of an answer without its beginning")]
    Headless,
    /// The key answered with something else.
    #[error("key sent command {0} where its answer was due")]
    Unexpected(Command),
    /// The key answered without the status byte.
    #[error("key sent an empty answer")]
    Empty,
    /// The key began an answer and stopped.
    #[error("key began an answer and did not finish it")]
    Unfinished,
    /// The key does not answer to the opening of a channel.
    #[error("key did not open a channel")]
    NoChannel,
    /// The key answered the opening of a channel with something that is none.
    #[error("key opened a channel that cannot be")]
    BadChannel,
    /// The key does not know CTAP2.
    #[error("key does not speak CTAP2")]
    NoCbor,
    /// The key refused the message.
    #[error("key reported error {0}")]
    Reported(ErrorCode),
    /// Another program is in the middle of something with the key.
    #[error("key is in use by another program")]
    Busy,
    /// The system says something else.
    #[error("cannot exchange reports with the key")]
    Io(#[source] io::Error),
}

/// Code of a `CTAPHID_ERROR`, CTAP 2.1 §11.2.9.1.6.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode(pub u8);

impl ErrorCode {
    pub(crate) const CHANNEL_BUSY: Self = Self(0x06);
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            0x01 => "ERR_INVALID_CMD",
            0x02 => "ERR_INVALID_PAR",
            0x03 => "ERR_INVALID_LEN",
            0x04 => "ERR_INVALID_SEQ",
            0x05 => "ERR_MSG_TIMEOUT",
            0x06 => "ERR_CHANNEL_BUSY",
            0x0A => "ERR_LOCK_REQUIRED",
            0x0B => "ERR_INVALID_CHANNEL",
            _ => "ERR_OTHER",
        };
        write!(f, "{:02X} ({name})", self.0)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Why an exchange with the key gave nothing.
#[derive(Debug)]
pub(crate) enum Fault {
    /// We were asked to stop.
    Cancelled,
    /// Time is up.
    Deadline,
    /// The key is gone.
    Gone(io::Error),
    /// Anything else.
    Hid(HidError),
}

impl From<HidError> for Fault {
    fn from(error: HidError) -> Self {
        Self::Hid(error)
    }
}

impl From<ReportError> for Fault {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Gone(cause) => Self::Gone(cause),
            ReportError::Io(cause) => Self::Hid(HidError::Io(cause)),
        }
    }
}

impl From<Fault> for LinkError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Cancelled => Self::Cancelled,
            Fault::Deadline => Self::Deadline,
            Fault::Gone(cause) => Self::Removed(cause),
            Fault::Hid(HidError::Busy) => Self::InUse(HidError::Busy.into()),
            Fault::Hid(error) => Self::Protocol(error.into()),
        }
    }
}
