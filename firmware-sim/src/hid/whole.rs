//! Messages of CTAPHID, whole.

use super::device::Work;
use super::packet::{CBOR, Kind, MSG, Report, read};
use crate::trace;

/// A message as a trace has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) channel: u32,
    pub(crate) command: u8,
    pub(crate) payload: Vec<u8>,
}

impl Whole {
    /// The message that these packets are.
    pub(super) fn of(reports: &[Report]) -> Option<Self> {
        let mut packets = reports.iter().map(read);
        let first = packets.next()?;
        let Kind::First { command, length } = first.kind else { return None };
        let rest = packets.flat_map(|packet| packet.data);
        let payload = first.data.into_iter().chain(rest).take(length).collect();
        Some(Self { channel: first.channel, command, payload })
    }

    /// The message that a packet completes: one for the firmware, or one of a single packet.
    pub(super) fn heard(report: &Report, work: Option<&Work>) -> Option<Self> {
        let channel = read(report).channel;
        match work {
            Some(Work::Cbor(request)) => {
                Some(Self { channel, command: CBOR, payload: request.clone() })
            }
            Some(Work::Msg(request)) => {
                Some(Self { channel, command: MSG, payload: request.clone() })
            }
            // What is not complete yet has a line when it is.
            _ => Self::of(&[*report]).filter(|message| Self::kind(message.command).is_none()),
        }
    }

    pub(crate) fn is_ctap(&self) -> bool {
        self.command == CBOR
    }

    /// What is asked by this command, if it is for the firmware.
    pub(crate) fn kind(command: u8) -> Option<trace::Kind> {
        match command {
            CBOR => Some(trace::Kind::Ctap),
            MSG => Some(trace::Kind::U2f),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::message;
    use super::*;

    #[test]
    fn a_message_is_what_its_packets_say() {
        for length in [0, 1, 57, 58, 300] {
            let payload = vec![7; length];
            let whole = Whole::of(&message(3, CBOR, &payload));
            assert_eq!(whole, Some(Whole { channel: 3, command: CBOR, payload }));
        }
    }
}
