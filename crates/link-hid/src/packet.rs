//! CTAPHID packets, CTAP 2.1 §11.2.4: messages cut into reports, and put together again.

use std::fmt;

use crate::error::HidError;
use crate::reports::{REPORT_SIZE, Report};

/// How much of a message fits into its first packet.
const FIRST: usize = 57;
/// How much fits into each of the others.
const NEXT: usize = 59;
/// Longest message: sequence numbers end at 127.
pub(crate) const MAX_MESSAGE: usize = 7_609;
const _: () = assert!(MAX_MESSAGE == FIRST + 128 * NEXT, "57 and 128 times 59");

/// Set in the first packet of a message, in the byte that is the sequence number in the others.
const IS_FIRST: u8 = 0x80;

/// A logical channel between one program and the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChannelId(pub(crate) [u8; 4]);

impl ChannelId {
    /// The one on which channels are opened.
    pub(crate) const BROADCAST: Self = Self([0xFF; 4]);
    const RESERVED: Self = Self([0x00; 4]);

    /// Whether a key may give it to a program.
    pub(crate) fn can_be_given(self) -> bool {
        self != Self::BROADCAST && self != Self::RESERVED
    }
}

/// What a message is, without the bit of the first packet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Command(pub u8);

impl Command {
    pub(crate) const INIT: Self = Self(0x06);
    pub(crate) const CBOR: Self = Self(0x10);
    pub(crate) const CANCEL: Self = Self(0x11);
    pub(crate) const KEEPALIVE: Self = Self(0x3B);
    pub(crate) const ERROR: Self = Self(0x3F);
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A report, taken apart. Every report is one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    /// The first of a message.
    Initialization { channel: ChannelId, command: Command, length: u16, data: [u8; FIRST] },
    /// Another.
    Continuation { channel: ChannelId, sequence: u8, data: [u8; NEXT] },
}

impl Packet {
    pub(crate) fn parse(report: &Report) -> Self {
        let [a, b, c, d, kind, data @ ..] = *report;
        let channel = ChannelId([a, b, c, d]);
        if kind & IS_FIRST == 0 {
            return Self::Continuation { channel, sequence: kind, data };
        }
        let command = Command(kind & !IS_FIRST);
        let [high, low, data @ ..] = data;
        let length = u16::from_be_bytes([high, low]);
        Self::Initialization { channel, command, length, data }
    }

    pub(crate) fn channel(&self) -> ChannelId {
        match self {
            Self::Initialization { channel, .. } | Self::Continuation { channel, .. } => *channel,
        }
    }
}

/// Cuts a message into reports.
pub(crate) fn cut(
    channel: ChannelId,
    command: Command,
    payload: &[u8],
) -> Result<Vec<Report>, HidError> {
    let length = u16::try_from(payload.len()).ok().filter(|_| payload.len() <= MAX_MESSAGE);
    let [high, low] = length.ok_or(HidError::TooLong(payload.len()))?.to_be_bytes();
    let (first, rest) = payload.split_at_checked(FIRST).unwrap_or((payload, &[]));
    let mut reports = vec![report(channel, &[command.0 | IS_FIRST, high, low], first)];
    let rest = (0_u8..).zip(rest.chunks(NEXT));
    reports.extend(rest.map(|(sequence, data)| report(channel, &[sequence], data)));
    Ok(reports)
}

/// Zeroes follow the data.
fn report(channel: ChannelId, head: &[u8], data: &[u8]) -> Report {
    let mut report = [0; REPORT_SIZE];
    let bytes = channel.0.iter().chain(head).chain(data);
    report.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    report
}

/// A message that comes in.
#[derive(Debug)]
pub(crate) struct Assembly {
    command: Command,
    length: usize,
    payload: Vec<u8>,
    next: u8,
}

impl Assembly {
    /// With the first packet. The length is checked before anything is kept: it is the key's
    /// word, and no packets could follow that would make it true.
    pub(crate) fn begin(
        command: Command,
        length: u16,
        data: &[u8; FIRST],
    ) -> Result<Self, HidError> {
        let announced = usize::from(length);
        if announced > MAX_MESSAGE {
            return Err(HidError::Length(length));
        }
        let mut assembly =
            Self { command, length: announced, payload: Vec::with_capacity(announced), next: 0 };
        assembly.append(data);
        Ok(assembly)
    }

    /// With another packet.
    pub(crate) fn add(&mut self, sequence: u8, data: &[u8; NEXT]) -> Result<(), HidError> {
        if sequence != self.next {
            return Err(HidError::Sequence { expected: self.next, got: sequence });
        }
        self.next = self.next.saturating_add(1);
        self.append(data);
        Ok(())
    }

    /// What lies after the announced length is padding.
    fn append(&mut self, data: &[u8]) {
        let missing = self.length.saturating_sub(self.payload.len());
        self.payload.extend(data.iter().take(missing));
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.payload.len() == self.length
    }

    pub(crate) fn into_message(self) -> Message {
        Message { command: self.command, payload: self.payload }
    }
}

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) command: Command,
    pub(crate) payload: Vec<u8>,
}

#[cfg(test)]
mod tests;
