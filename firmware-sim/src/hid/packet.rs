//! Packets, as the key reads and writes them.

/// One report.
pub(crate) type Report = [u8; 64];

pub(crate) const BROADCAST: u32 = 0xFFFF_FFFF;
/// Longest message: 57 bytes, and 59 in each of 128 continuation packets.
pub(crate) const MAX_MESSAGE: usize = 7_609;

pub(crate) const PING: u8 = 0x81;
pub(crate) const MSG: u8 = 0x83;
pub(crate) const INIT: u8 = 0x86;
pub(crate) const WINK: u8 = 0x88;
pub(crate) const CBOR: u8 = 0x90;
pub(crate) const CANCEL: u8 = 0x91;
pub(crate) const KEEPALIVE: u8 = 0xBB;
pub(crate) const ERROR: u8 = 0xBF;

/// Code of `CTAPHID_ERROR`, §11.2.9.1.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(u8);

impl Code {
    pub(crate) const INVALID_COMMAND: Self = Self(0x01);
    pub(crate) const INVALID_LENGTH: Self = Self(0x03);
    pub(crate) const INVALID_SEQUENCE: Self = Self(0x04);
    pub(crate) const TIMEOUT: Self = Self(0x05);
    pub(crate) const CHANNEL_BUSY: Self = Self(0x06);
    pub(crate) const INVALID_CHANNEL: Self = Self(0x0B);

    /// The answer that says it.
    pub(crate) fn report(self, channel: u32) -> Vec<Report> {
        message(channel, ERROR, &[self.0])
    }
}

/// A report, as it comes in: channel, then command with length or number, then data.
pub(crate) struct Incoming {
    pub(crate) channel: u32,
    pub(crate) kind: Kind,
    pub(crate) data: Vec<u8>,
}

pub(crate) enum Kind {
    First { command: u8, length: usize },
    Next { number: u8 },
}

pub(crate) fn read(report: &Report) -> Incoming {
    let [a, b, c, d, kind, rest @ ..] = report;
    let channel = u32::from_be_bytes([*a, *b, *c, *d]);
    if *kind < 0x80 {
        return Incoming { channel, kind: Kind::Next { number: *kind }, data: rest.to_vec() };
    }
    let [high, low, data @ ..] = rest;
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    Incoming { channel, kind: Kind::First { command: *kind, length }, data: data.to_vec() }
}

/// The packets of a message; the firmware's are never longer than one can be.
pub(crate) fn message(channel: u32, command: u8, payload: &[u8]) -> Vec<Report> {
    let channel = channel.to_be_bytes();
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes();
    let (first, rest) = payload.split_at(payload.len().min(57));
    let head = [&channel[..], &[command], &length].concat();
    let rest = (0..0x80_u8).zip(rest.chunks(59));
    let rest = rest.map(|(number, data)| report(&[&channel[..], &[number]].concat(), data));
    [report(&head, first)].into_iter().chain(rest).collect()
}

fn report(head: &[u8], data: &[u8]) -> Report {
    let mut bytes = head.iter().chain(data);
    std::array::from_fn(|_| bytes.next().copied().unwrap_or_default())
}
