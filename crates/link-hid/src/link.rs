use std::time::Duration;

use authenticator::{Control, CtapLink, Keepalive, LinkError};

use crate::channel::{Limit, cancel, clear, open, pause, receive, reported, send};
use crate::error::{Fault, HidError};
use crate::packet::{ChannelId, Command, Message};
use crate::reports::Reports;

/// Longest wait for one answer. A key waits 30 s for a touch; five more are for saying that none
/// came.
const COMMAND_LIMIT: Duration = Duration::from_secs(35);

/// What a key says of itself when it opens a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// Version of CTAPHID; 2 in every standard so far.
    pub protocol: u8,
    /// Version of the key: major, minor, build. Means what the maker wants it to mean.
    pub version: [u8; 3],
    /// What the key understands.
    pub capabilities: Capabilities,
}

/// Capability flags, CTAP 2.1 §11.2.9.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities(pub u8);

impl Capabilities {
    /// Whether the key speaks CTAP2.
    pub fn has_cbor(self) -> bool {
        self.0 & 0x04 != 0
    }
}

/// A link to one key, as long as it stays plugged in, on a channel of its own.
///
/// The channel is opened when the first message is sent. After anything but an answer and a
/// last word it is given up for a new one, on which nothing of the old one can arrive.
pub struct HidLink<R: Reports> {
    reports: R,
    nonces: Box<dyn FnMut() -> [u8; 8] + Send>,
    channel: Option<ChannelId>,
    identity: Option<Identity>,
    stage: Stage,
}

/// How far the exchange of the moment is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The key works on nothing of ours.
    Idle,
    /// It has part of a message.
    Sending,
    /// It has a message, and has not answered.
    Waiting,
}

impl<R: Reports> HidLink<R> {
    /// A link over `reports`. Nothing is sent yet. `nonces` gives random bytes, different ones
    /// each time.
    pub fn new(reports: R, nonces: impl FnMut() -> [u8; 8] + Send + 'static) -> Self {
        let nonces = Box::new(nonces);
        Self { reports, nonces, channel: None, identity: None, stage: Stage::Idle }
    }

    /// What the key said of itself, once a channel was opened.
    pub fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// The channel; a new one where there is none.
    fn channel(&mut self, limit: Limit<'_>) -> Result<ChannelId, Fault> {
        if let Some(channel) = self.channel {
            return Ok(channel);
        }
        let (channel, identity) = self.until_free(limit, |link| {
            let nonce = (link.nonces)();
            open(&mut link.reports, nonce, limit)
        })?;
        self.identity = Some(identity);
        self.channel = Some(channel);
        Ok(channel)
    }

    /// Tries again as long as another program keeps the key busy. That it is, a key says instead
    /// of listening: nothing is done twice.
    fn until_free<T>(
        &mut self,
        limit: Limit<'_>,
        mut attempt: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        loop {
            match attempt(self) {
                Err(Fault::Hid(HidError::Busy)) => {}
                result => return result,
            }
            match pause(&mut self.reports, limit) {
                Err(Fault::Deadline) => return Err(HidError::Busy.into()),
                result => result?,
            }
        }
    }

    fn exchange(
        &mut self,
        request: &[u8],
        limit: Limit<'_>,
        on_keepalive: &mut dyn FnMut(Keepalive),
    ) -> Result<Vec<u8>, Fault> {
        clear(&mut self.reports)?;
        let channel = self.channel(limit)?;
        self.until_free(limit, |link| {
            link.stage = Stage::Sending;
            send(&mut link.reports, channel, Command::CBOR, request, limit)?;
            link.stage = Stage::Waiting;
            let message = receive(&mut link.reports, channel, limit, on_keepalive)?;
            link.stage = Stage::Idle;
            match message {
                Message { command: Command::CBOR, payload } if payload.is_empty() => {
                    Err(HidError::Empty.into())
                }
                Message { command: Command::CBOR, payload } => Ok(payload),
                Message { command: Command::ERROR, payload } => Err(reported(&payload)),
                Message { command, .. } => Err(HidError::Unexpected(command).into()),
            }
        })
    }

    /// Makes the link ready for the next call.
    fn recover(&mut self, fault: &Fault) {
        let stage = std::mem::replace(&mut self.stage, Stage::Idle);
        let Some(channel) = self.channel else { return };
        let is_clean = match (fault, stage) {
            // The key has what it needs to ask for a touch; it must not go on asking.
            (Fault::Cancelled | Fault::Deadline, Stage::Waiting) => {
                cancel(&mut self.reports, channel).unwrap_or(false)
            }
            (Fault::Hid(_), Stage::Waiting) => {
                self.tell_to_stop(channel);
                false
            }
            (Fault::Cancelled | Fault::Deadline | Fault::Hid(HidError::Busy), Stage::Idle) => true,
            _ => false,
        };
        if !is_clean {
            self.channel = None;
        }
    }

    /// Without waiting for the last word, which the next channel will not hear.
    fn tell_to_stop(&mut self, channel: ChannelId) {
        let cancel = crate::packet::cut(channel, Command::CANCEL, &[]);
        if let Some(report) = cancel.ok().and_then(|reports| reports.first().copied()) {
            // A key that cannot be told is one that is gone, or gives up by itself.
            let _ = self.reports.write(&report);
        }
    }
}

impl<R: Reports> CtapLink for HidLink<R> {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        let limit = Limit::of(control, COMMAND_LIMIT);
        let on_keepalive = &mut control.on_keepalive;
        let answer = self.exchange(request, limit, &mut |keepalive| on_keepalive(keepalive));
        answer.map_err(|fault| {
            self.recover(&fault);
            fault.into()
        })
    }
}

impl<R: Reports> Drop for HidLink<R> {
    /// A call that was left by a panic leaves a key that asks for a touch.
    fn drop(&mut self) {
        if let (Stage::Waiting, Some(channel)) = (self.stage, self.channel) {
            self.tell_to_stop(channel);
        }
    }
}
