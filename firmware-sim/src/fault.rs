//! What a card, a key or its wire may do wrong, on purpose.

use std::fmt;
use std::time::Duration;

use crate::Moment;

mod another;
mod answer;
mod packet;
mod plan;
mod stuck;
mod text;

pub(crate) use another::Another;
pub(crate) use answer::{Trouble, deep};
pub use packet::PacketFault;
pub(crate) use packet::Packets;
pub(crate) use plan::Plan;
pub(crate) use stuck::Stuck;
pub(crate) use text::Spec;

/// One thing that goes wrong. Planned with [`Holder::fault_at`](crate::Holder::fault_at).
///
/// A fault acts on the first answer, from the command at which it is planned on, to which it can
/// happen: to a card each APDU has one, to a key each message, the opening of a channel included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The card is pulled out.
    Remove(Moment),
    /// The answer comes so much later. A key says meanwhile that it works.
    Delay(Duration),
    /// Each packet of the answer comes twice. Keys only: a reader takes one answer to a command.
    Duplicate,
    /// Random bytes in place of the answer, as many as it has: from the seed, so that they are the
    /// same each time. A key's packets keep their channel.
    Garbage,
    /// The answer goes out on the channel of another program. Keys only.
    WrongChannel,
    /// No answer, and no end to saying that one will come: keepalives of a key until a cancel,
    /// status word 9100 of a card to each `NFCCTAP_GETRESPONSE`.
    EndlessKeepalive,
    /// Status word 61FF and 255 bytes, to each GET RESPONSE again. Cards only.
    EndlessMore,
    /// More is announced than comes: in a key's first packet, otherwise in the CBOR.
    LengthLong,
    /// Less is announced than comes.
    LengthShort,
    /// Another card of the same make, without PIN and credentials, answers in its place.
    AnotherCard,
    /// CBOR of 2,000 arrays in each other.
    Deep,
}

/// How an authenticator is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// A link in the same process.
    Link,
    /// A card in a virtual reader.
    Card,
    /// A key, at a socket or on USB.
    Key,
}

/// Why a fault is not planned: in words for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FaultRefused(pub(crate) String);

impl Fault {
    /// One of each kind.
    pub const ALL: [Self; 12] = [
        Self::Remove(Moment::Before),
        Self::Remove(Moment::After),
        Self::Delay(Duration::from_millis(300)),
        Self::Duplicate,
        Self::Garbage,
        Self::WrongChannel,
        Self::EndlessKeepalive,
        Self::EndlessMore,
        Self::LengthLong,
        Self::LengthShort,
        Self::AnotherCard,
        Self::Deep,
    ];

    /// What it is called on the command line and at the control socket.
    pub fn name(self) -> &'static str {
        match self {
            Self::Remove(Moment::Before) => "remove",
            Self::Remove(Moment::After) => "remove-after",
            Self::Delay(_) => "delay",
            Self::Duplicate => "duplicate",
            Self::Garbage => "garbage",
            Self::WrongChannel => "wrong-channel",
            Self::EndlessKeepalive => "endless-keepalive",
            Self::EndlessMore => "endless-61",
            Self::LengthLong => "length-long",
            Self::LengthShort => "length-short",
            Self::AnotherCard => "another-card",
            Self::Deep => "deep",
        }
    }

    /// Whether it can happen there.
    ///
    /// # Errors
    ///
    /// Says why it cannot.
    pub fn fits(self, body: Body) -> Result<(), FaultRefused> {
        let why = match (self, body) {
            (Self::Duplicate, Body::Card) => "a reader takes one answer to each command",
            (Self::Duplicate, Body::Link) => "a link takes one answer to each call",
            (Self::WrongChannel, Body::Card | Body::Link) => "only a key has channels",
            (Self::EndlessMore, Body::Key | Body::Link) => "only a card has status words",
            _ => return Ok(()),
        };
        Err(FaultRefused(format!("{self} cannot happen to {body}: {why}")))
    }

    /// Whether it can happen more than once.
    pub(crate) fn repeats(self) -> Result<(), FaultRefused> {
        match self {
            Self::Remove(_) => Err(FaultRefused(format!(
                "{self} cannot happen from then on: a card that is out cannot be pulled out"
            ))),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Link => "a link in the process",
            Self::Card => "a card in a reader",
            Self::Key => "a key",
        })
    }
}
