//! The key's side of CTAPHID, without a wire and without a clock: packets in, packets out.

use std::time::{Duration, Instant};

use super::packet::{
    BROADCAST, CANCEL, CBOR, Code, INIT, Incoming, KEEPALIVE, Kind, MAX_MESSAGE, MSG, PING, Report,
    WINK, message, read,
};

/// Longest pause between two packets of a message, §11.2.5.2.
const GAP: Duration = Duration::from_millis(500);
/// `CTAPHID_KEEPALIVE`: at least this often, and at each change, §11.2.9.1.7.
const PULSE: Duration = Duration::from_millis(100);

/// Version of the protocol, and of the simulator.
const VERSIONS: [u8; 4] = [2, 1, 0, 0];
/// WINK and CBOR; and MSG, which is said by not saying otherwise.
const CAPABILITIES: u8 = 0x05;

/// What the firmware shall do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A CTAP2 command.
    Cbor(Vec<u8>),
    /// A CTAP1 (U2F) command.
    Msg(Vec<u8>),
    /// Forget the one that it works on.
    Cancel,
}

/// What a packet leads to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reaction {
    pub(crate) reports: Vec<Report>,
    pub(crate) work: Option<Work>,
}

impl Reaction {
    fn say(reports: Vec<Report>) -> Self {
        Self { reports, work: None }
    }

    fn error(channel: u32, code: Code) -> Self {
        Self::say(code.report(channel))
    }

    fn work(work: Work) -> Self {
        Self { reports: Vec::new(), work: Some(work) }
    }
}

/// A key between plug and unplug.
pub(crate) struct Device {
    /// Channels 1 to this one are given away.
    channels: u32,
    state: State,
}

enum State {
    Idle,
    /// A message comes in.
    Receiving(Message),
    /// The firmware works for this channel. `resync`: nobody wants its answer any more.
    Working {
        channel: u32,
        command: u8,
        pulse: Option<(u8, Instant)>,
        resync: bool,
    },
}

struct Message {
    channel: u32,
    command: u8,
    length: usize,
    payload: Vec<u8>,
    next: u8,
    last: Instant,
}

impl Device {
    pub(crate) fn new() -> Self {
        Self { channels: 0, state: State::Idle }
    }

    /// When [`Device::tick`] has something to do, if nothing else happens.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Receiving(message) => message.last.checked_add(GAP),
            _ => None,
        }
    }

    /// Time has passed: a message that does not go on is over (`ERR_MSG_TIMEOUT`).
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<Report> {
        let State::Receiving(message) = &self.state else { return Vec::new() };
        if now.saturating_duration_since(message.last) < GAP {
            return Vec::new();
        }
        let channel = message.channel;
        self.state = State::Idle;
        Code::TIMEOUT.report(channel)
    }

    /// The firmware still works: is it time to say so?
    pub(crate) fn pulse(&mut self, status: u8, now: Instant) -> Vec<Report> {
        let State::Working { channel, command: CBOR, pulse, resync: false } = &mut self.state
        else {
            return Vec::new();
        };
        // Nothing is said in the first moment: most commands are over in it.
        let (last, at) = *pulse.get_or_insert((0x01, now));
        if status == last && now.saturating_duration_since(at) < PULSE {
            return Vec::new();
        }
        *pulse = Some((status, now));
        message(*channel, KEEPALIVE, &[status])
    }

    /// The firmware has answered.
    pub(crate) fn answered(&mut self, answer: &[u8]) -> Vec<Report> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Working { channel, command, resync: false, .. } => {
                message(channel, command, answer)
            }
            State::Working { .. } => Vec::new(),
            state => {
                self.state = state;
                Vec::new()
            }
        }
    }

    /// A packet has come in.
    pub(crate) fn receive(&mut self, report: &Report, now: Instant) -> Reaction {
        let packet = read(report);
        let channel = packet.channel;
        if channel == BROADCAST {
            return self.broadcast(&packet);
        }
        if channel == 0 || channel > self.channels {
            return Reaction::error(channel, Code::INVALID_CHANNEL);
        }
        match packet.kind {
            Kind::First { command, length } => {
                self.first(channel, command, length, &packet.data, now)
            }
            Kind::Next { number } => self.next(channel, number, &packet.data, now),
        }
    }

    /// A channel may be asked for at any time; nothing else may be asked of everybody.
    fn broadcast(&mut self, packet: &Incoming) -> Reaction {
        match packet.kind {
            Kind::First { command: INIT, length: 8 } => {
                self.channels = self.channels.saturating_add(1);
                Self::welcome(BROADCAST, self.channels, &packet.data)
            }
            Kind::First { command: INIT, .. } => Reaction::error(BROADCAST, Code::INVALID_LENGTH),
            _ => Reaction::error(BROADCAST, Code::INVALID_CHANNEL),
        }
    }

    fn welcome(to: u32, channel: u32, data: &[u8]) -> Reaction {
        let nonce = data.get(..8).unwrap_or_default();
        let offer = [nonce, &channel.to_be_bytes(), &VERSIONS, &[CAPABILITIES]].concat();
        Reaction::say(message(to, INIT, &offer))
    }

    fn first(
        &mut self,
        channel: u32,
        command: u8,
        length: usize,
        data: &[u8],
        now: Instant,
    ) -> Reaction {
        match command {
            INIT if length == 8 => return self.resynchronize(channel, data),
            CANCEL => return self.cancel(channel),
            _ => {}
        }
        match &self.state {
            State::Receiving(message) if message.channel == channel => {
                // A message begins in the middle of another.
                self.state = State::Idle;
                Reaction::error(channel, Code::INVALID_SEQUENCE)
            }
            State::Receiving(_) | State::Working { .. } => {
                Reaction::error(channel, Code::CHANNEL_BUSY)
            }
            State::Idle if length > MAX_MESSAGE => Reaction::error(channel, Code::INVALID_LENGTH),
            State::Idle => {
                let mut message =
                    Message { channel, command, length, payload: Vec::new(), next: 0, last: now };
                message.append(data);
                self.go_on(message)
            }
        }
    }

    fn next(&mut self, channel: u32, number: u8, data: &[u8], now: Instant) -> Reaction {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Receiving(mut message) if message.channel == channel => {
                if number != message.next {
                    return Reaction::error(channel, Code::INVALID_SEQUENCE);
                }
                message.next = message.next.saturating_add(1);
                message.last = now;
                message.append(data);
                self.go_on(message)
            }
            // The rest of a message without its beginning is ignored, §11.2.4.
            state => {
                self.state = state;
                Reaction::default()
            }
        }
    }

    fn go_on(&mut self, message: Message) -> Reaction {
        if message.payload.len() < message.length {
            self.state = State::Receiving(message);
            return Reaction::default();
        }
        self.complete(message.channel, message.command, message.payload)
    }

    fn complete(&mut self, channel: u32, command: u8, payload: Vec<u8>) -> Reaction {
        match command {
            PING => Reaction::say(message(channel, PING, &payload)),
            // It has no light to blink with.
            WINK if payload.is_empty() => Reaction::say(message(channel, WINK, &[])),
            CBOR | MSG if !payload.is_empty() => {
                self.state = State::Working { channel, command, pulse: None, resync: false };
                let work = if command == CBOR { Work::Cbor(payload) } else { Work::Msg(payload) };
                Reaction::work(work)
            }
            WINK | CBOR | MSG | INIT => Reaction::error(channel, Code::INVALID_LENGTH),
            _ => Reaction::error(channel, Code::INVALID_COMMAND),
        }
    }

    /// INIT on a channel of one's own: whatever was under way on it is forgotten.
    fn resynchronize(&mut self, channel: u32, data: &[u8]) -> Reaction {
        let mut reaction = Self::welcome(channel, channel, data);
        match &mut self.state {
            State::Receiving(message) if message.channel == channel => self.state = State::Idle,
            State::Working { channel: working, resync, .. } if *working == channel => {
                *resync = true;
                reaction.work = Some(Work::Cancel);
            }
            _ => {}
        }
        reaction
    }

    /// The command itself says the last word, `CTAP2_ERR_KEEPALIVE_CANCEL`. There is no other.
    fn cancel(&self, channel: u32) -> Reaction {
        match self.state {
            State::Working { channel: working, .. } if working == channel => {
                Reaction::work(Work::Cancel)
            }
            _ => Reaction::default(),
        }
    }
}

impl Message {
    fn append(&mut self, data: &[u8]) {
        let missing = self.length.saturating_sub(self.payload.len());
        self.payload.extend(data.iter().take(missing));
    }
}

#[cfg(test)]
mod tests;
