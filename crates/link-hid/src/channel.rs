//! Messages on one channel: who waits how long, and which packets are meant for us.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use authenticator::{Control, Keepalive};

use crate::error::{ErrorCode, Fault, HidError};
use crate::link::{Capabilities, Identity};
use crate::packet::{Assembly, ChannelId, Command, Message, Packet, cut};
use crate::reports::Reports;

/// How often a wait looks at the cancel flag, which nobody can be woken by. Reports do not wait.
const TICK: Duration = Duration::from_millis(10);
/// Longest wait for a key to open a channel. They take milliseconds; a machine that has much to
/// do may take longer to hand them over.
const INIT_LIMIT: Duration = Duration::from_secs(3);
/// Longest wait for the next packet of an answer that has begun.
const GAP_LIMIT: Duration = Duration::from_secs(2);
/// How long a key may take to say its last word about a cancelled command.
const LAST_WORD: Duration = Duration::from_millis(500);
/// How long a key that is busy is left alone.
const BUSY_PAUSE: Duration = Duration::from_millis(50);
/// At most so many stale reports are thrown away at once; the system keeps 64.
const STALE: usize = 256;

#[expect(clippy::disallowed_methods, reason = "this is a device adapter: it waits in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How long somebody waits.
#[derive(Clone, Copy)]
pub(crate) struct Limit<'a> {
    deadline: Instant,
    cancel: Option<&'a AtomicBool>,
}

impl<'a> Limit<'a> {
    /// As long as the caller waits, and no longer than `most`.
    pub(crate) fn of(control: &Control<'a>, most: Duration) -> Self {
        Self { deadline: control.deadline, cancel: Some(control.cancel) }.within(most)
    }

    /// The same, and no longer than `most` from now.
    fn within(self, most: Duration) -> Self {
        let sooner = now().checked_add(most).map_or(self.deadline, |end| end.min(self.deadline));
        Self { deadline: sooner, ..self }
    }

    /// How long to wait before this is asked again.
    fn slice(self) -> Result<Duration, Fault> {
        if self.cancel.is_some_and(|cancel| cancel.load(Ordering::Acquire)) {
            return Err(Fault::Cancelled);
        }
        let left = self.deadline.saturating_duration_since(now());
        if left.is_zero() { Err(Fault::Deadline) } else { Ok(left.min(TICK)) }
    }
}

/// `error` in place of the end of a shorter wait within `whole`.
fn unless_over<T>(result: Result<T, Fault>, whole: Limit<'_>, error: HidError) -> Result<T, Fault> {
    match result {
        Err(Fault::Deadline) if whole.slice().is_ok() => Err(error.into()),
        result => result,
    }
}

/// Throws away what has come without being asked for: answers to other programs, which fill the
/// system's buffer, and what a key said after its last word.
pub(crate) fn clear(reports: &mut impl Reports) -> Result<(), Fault> {
    for _ in 0..STALE {
        if reports.read(Duration::ZERO)?.is_none() {
            break;
        }
    }
    Ok(())
}

/// Leaves the key alone for a moment.
pub(crate) fn pause(reports: &mut impl Reports, limit: Limit<'_>) -> Result<(), Fault> {
    let nobody = ChannelId([0; 4]);
    match next(reports, nobody, limit.within(BUSY_PAUSE)) {
        Err(Fault::Deadline) => limit.slice().map(drop),
        result => result.map(drop),
    }
}

/// Opens a channel (§11.2.9.1.3). `nonce` tells our answer from that to another program.
pub(crate) fn open(
    reports: &mut impl Reports,
    nonce: [u8; 8],
    limit: Limit<'_>,
) -> Result<(ChannelId, Identity), Fault> {
    send(reports, ChannelId::BROADCAST, Command::INIT, &nonce, limit)?;
    let wait = limit.within(INIT_LIMIT);
    loop {
        let answer = receive(reports, ChannelId::BROADCAST, wait, &mut |_| {});
        match unless_over(answer, limit, HidError::NoChannel)? {
            Message { command: Command::INIT, payload } => {
                if let Some(offer) = payload.strip_prefix(&nonce) {
                    return accept(offer);
                }
            }
            Message { command: Command::ERROR, payload } => return Err(reported(&payload)),
            Message { command, .. } => return Err(HidError::Unexpected(command).into()),
        }
    }
}

fn accept(offer: &[u8]) -> Result<(ChannelId, Identity), Fault> {
    // What a later standard adds at the end is not for us.
    let [a, b, c, d, protocol, major, minor, build, capabilities, ..] = *offer else {
        return Err(HidError::BadChannel.into());
    };
    let channel = ChannelId([a, b, c, d]);
    let capabilities = Capabilities(capabilities);
    if !channel.can_be_given() {
        return Err(HidError::BadChannel.into());
    }
    if !capabilities.has_cbor() {
        return Err(HidError::NoCbor.into());
    }
    Ok((channel, Identity { protocol, version: [major, minor, build], capabilities }))
}

/// What a `CTAPHID_ERROR` means.
pub(crate) fn reported(payload: &[u8]) -> Fault {
    match payload.first().map(|&code| ErrorCode(code)) {
        Some(ErrorCode::CHANNEL_BUSY) => HidError::Busy.into(),
        Some(code) => HidError::Reported(code).into(),
        None => HidError::Empty.into(),
    }
}

/// Sends a message. One that is interrupted half-way is forgotten by the key after half a second.
pub(crate) fn send(
    reports: &mut impl Reports,
    channel: ChannelId,
    command: Command,
    payload: &[u8],
    limit: Limit<'_>,
) -> Result<(), Fault> {
    for report in cut(channel, command, payload)? {
        limit.slice()?;
        reports.write(&report)?;
    }
    Ok(())
}

/// Waits for a message on `channel`, and hears what the key does meanwhile.
pub(crate) fn receive(
    reports: &mut impl Reports,
    channel: ChannelId,
    limit: Limit<'_>,
    on_keepalive: &mut dyn FnMut(Keepalive),
) -> Result<Message, Fault> {
    // Once there were packets without a beginning: until when one may still come.
    let mut headless: Option<Limit<'_>> = None;
    let mut assembly = loop {
        let packet = next(reports, channel, headless.unwrap_or(limit));
        match unless_over(packet, limit, HidError::Headless)? {
            Packet::Initialization { command: Command::KEEPALIVE, data: [status, ..], .. } => {
                on_keepalive(Keepalive(status));
            }
            Packet::Initialization { command, length, data, .. } => {
                break Assembly::begin(command, length, &data)?;
            }
            // The rest of an answer before, which was longer than it said; or of this one, whose
            // beginning is lost.
            Packet::Continuation { .. } => {
                headless = headless.or_else(|| Some(limit.within(GAP_LIMIT)));
            }
        }
    };
    while !assembly.is_complete() {
        let packet = next(reports, channel, limit.within(GAP_LIMIT));
        match unless_over(packet, limit, HidError::Unfinished)? {
            Packet::Continuation { sequence, data, .. } => assembly.add(sequence, &data)?,
            Packet::Initialization { command, .. } => {
                return Err(HidError::Unexpected(command).into());
            }
        }
    }
    Ok(assembly.into_message())
}

/// The next packet for us. Packets of other channels are answers to other programs.
fn next(reports: &mut impl Reports, channel: ChannelId, limit: Limit<'_>) -> Result<Packet, Fault> {
    loop {
        let slice = limit.slice()?;
        let packet = reports.read(slice)?.map(|report| Packet::parse(&report));
        if let Some(packet) = packet.filter(|packet| packet.channel() == channel) {
            return Ok(packet);
        }
    }
}

/// Has the key forget the command that it works on (§11.2.9.1.5). `true`: it has said its last
/// word about it, so that nothing of it comes any more.
pub(crate) fn cancel(reports: &mut impl Reports, channel: ChannelId) -> Result<bool, Fault> {
    let limit = Limit { deadline: now(), cancel: None };
    let deadline = limit.deadline.checked_add(LAST_WORD).unwrap_or(limit.deadline);
    let limit = Limit { deadline, ..limit };
    send(reports, channel, Command::CANCEL, &[], limit)?;
    let last_word = receive(reports, channel, limit, &mut |_| {})?;
    Ok(matches!(last_word.command, Command::CBOR | Command::ERROR))
}

#[cfg(test)]
mod tests;
