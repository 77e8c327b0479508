//! Packets to messages and back, by `passkey-transports`. It has no word for who may do what on
//! which channel; that much of CTAPHID (CTAP 2.1 §11.2) is here.

use std::io::{self, Write};

use passkey_transports::hid::{ChannelHandler, Command, Message};

use crate::authenticator::Authenticator;

/// One report.
pub(crate) type Report = [u8; 64];

const BROADCAST: u32 = 0xFFFF_FFFF;
/// The only channel that it gives away.
const CHANNEL: u32 = 0x0102_0304;
/// Protocol version, three bytes of device version, capabilities CBOR and no MSG.
const IDENTITY: [u8; 5] = [2, 0, 6, 0, 0x0C];

pub(crate) struct Key {
    incoming: ChannelHandler,
    authenticator: Authenticator,
}

impl Key {
    pub(crate) fn new() -> Self {
        Self { incoming: ChannelHandler::default(), authenticator: Authenticator::new() }
    }

    /// What the key says to a report.
    pub(crate) fn receive(&mut self, report: &Report) -> Vec<Report> {
        let Some(message) = self.incoming.handle_packet(report) else { return Vec::new() };
        let answer = match message.command {
            Command::Init if message.channel == BROADCAST => {
                [&message.payload[..], &CHANNEL.to_ne_bytes(), &IDENTITY].concat()
            }
            Command::Cbor if message.channel == CHANNEL => {
                self.authenticator.answer(&message.payload)
            }
            // Nothing waits for a person here, so there is nothing to cancel.
            _ => return Vec::new(),
        };
        let mut reports = Reports::default();
        let answer = Message::new(message.channel, message.command, &answer);
        // An answer that is too long for CTAPHID cannot be said.
        let _ = answer.map(|answer| answer.send(&mut reports));
        reports.0
    }
}

/// Takes packets from `passkey-transports`, which writes each at once.
#[derive(Default)]
struct Reports(Vec<Report>);

impl Write for Reports {
    fn write(&mut self, packet: &[u8]) -> io::Result<usize> {
        self.0.push(packet.try_into().map_err(io::Error::other)?);
        Ok(packet.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
