//! The thread of a key: between the programs that have it open and the firmware.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use authenticator::Keepalive;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::device::{Device, Reaction, Work};
use super::packet::Report;
use super::trouble::{self, Due, elsewhere};
use super::whole::Whole;
use super::wire::Wire;
use crate::firmware::{Input, Job, KEEPALIVE_CANCEL};
use crate::shared::{Shared, Ticket, now};
use crate::trace::Direction;
use crate::{PacketFault, Simulator};

/// How often a key that works looks at its wire. Answers do not wait.
const LOOK: Duration = Duration::from_millis(1);
/// How often an idle key looks whether the person's hand has unplugged it.
const HAND: Duration = Duration::from_millis(20);
/// How long the firmware may take to say its last word about an abandoned command.
const LAST_WORD: Duration = Duration::from_secs(5);

pub(super) struct Cable {
    shared: Arc<Shared>,
    jobs: Sender<Job>,
    wire: Box<dyn Wire>,
    stopped: OwnedFd,
}

/// A command that the firmware works on.
struct Call {
    input: Input,
    ticket: Ticket,
    answers: Receiver<Vec<u8>>,
    late: Option<Late>,
}

/// An answer that is held back: until then, or until a cancel.
struct Late {
    until: Option<Instant>,
    answer: Vec<u8>,
}

impl Late {
    fn is_due(&self) -> bool {
        self.until.is_some_and(|until| now() >= until)
    }
}

/// Why a key's time between plug and unplug is over.
enum Over {
    /// The person unplugged it.
    Unplugged,
    /// For good.
    Ended,
}

impl Cable {
    pub(super) fn new(simulator: &Simulator, wire: Box<dyn Wire>, stopped: OwnedFd) -> Self {
        let (shared, jobs) = (Arc::clone(&simulator.shared), simulator.jobs.clone());
        Self { shared, jobs, wire, stopped }
    }

    /// One time between plug and unplug after the other.
    pub(super) fn run(mut self) {
        while self.wait_for_the_hand() {
            let insertion = self.shared.lock().insertion;
            if self.wire.plug().is_err() {
                // The system has no place for it any more.
                return;
            }
            let over = self.serve(insertion);
            // Nobody has a key open that is not there.
            self.wire.unplug();
            if matches!(over, Over::Ended) {
                return;
            }
        }
    }

    /// Waits until the key is in; false when it never will be. Who comes meanwhile is sent away.
    fn wait_for_the_hand(&mut self) -> bool {
        loop {
            let (is_present, has_ended) = {
                let state = self.shared.lock();
                (state.present, state.ended)
            };
            if has_ended || self.is_stopped() {
                return false;
            }
            if is_present {
                return true;
            }
            self.wire.unplug();
            self.shared.wait(HAND, |state| state.present || state.ended);
        }
    }

    fn is_stopped(&self) -> bool {
        !matches!(recv(&self.stopped, &mut [0; 1], RecvFlags::empty()), Err(Errno::AGAIN))
    }

    fn serve(&mut self, insertion: u64) -> Over {
        let mut device = Device::new();
        let mut call: Option<Call> = None;
        loop {
            let is_in = self.shared.lock().insertion == insertion;
            let is_stopped = self.is_stopped() || self.shared.lock().ended;
            if !is_in || is_stopped {
                self.abandon(call);
                return if is_stopped { Over::Ended } else { Over::Unplugged };
            }
            if let Some(under_way) = call.take() {
                call = self.work(under_way, &mut device, insertion);
            } else {
                self.wait(&device);
            }
            self.say(device.tick(now()));
            for report in self.wire.hear() {
                if !self.shared.arrives(insertion) {
                    break;
                }
                let reaction = device.receive(&report, now());
                self.record(Direction::In, Whole::heard(&report, reaction.work.as_ref()));
                self.react(reaction, &mut call, &mut device);
            }
        }
    }

    /// Waits a moment for the firmware; `None` when it has answered.
    fn work(&mut self, mut call: Call, device: &mut Device, insertion: u64) -> Option<Call> {
        if let Some(late) = &call.late {
            if late.is_due() {
                self.give(&late.answer, device, insertion);
                return None;
            }
            self.shared.wait(LOOK, |state| state.ended);
            self.pulse(Keepalive::PROCESSING, device);
            return Some(call);
        }
        match call.answers.recv_timeout(LOOK) {
            Ok(answer) => match trouble::due(&self.shared, &call.input, answer) {
                Due::Now(answer) => {
                    self.give(&answer, device, insertion);
                    None
                }
                Due::At(until, answer) => {
                    call.late = Some(Late { until, answer });
                    Some(call)
                }
            },
            Err(RecvTimeoutError::Timeout) => {
                self.pulse(self.shared.keepalive(), device);
                Some(call)
            }
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    fn pulse(&mut self, keepalive: Keepalive, device: &mut Device) {
        let reports = device.pulse(keepalive.0, now());
        self.record(Direction::Out, Whole::of(&reports));
        self.tell(reports);
    }

    fn give(&mut self, answer: &[u8], device: &mut Device, insertion: u64) {
        let reports = device.answered(answer);
        if self.shared.answers(insertion) {
            self.say(reports);
        }
    }

    fn record(&self, direction: Direction, message: Option<Whole>) {
        if let (Some(trace), Some(message)) = (self.shared.trace(), message) {
            trace.hid(direction, &message);
        }
    }

    /// Says a message, with what goes wrong about it.
    fn say(&mut self, reports: Vec<Report>) {
        let whole = Whole::of(&reports);
        let reports = trouble::troubled(&self.shared, reports);
        self.record(Direction::Out, whole);
        self.tell(reports);
    }

    /// Says one packet after the other, with what goes wrong about each. What is left unsaid when the
    /// key is unplugged is never said.
    fn tell(&mut self, reports: Vec<Report>) {
        for report in reports {
            match self.shared.next_packet() {
                None => self.wire.tell(&[report]),
                Some(PacketFault::Unplug) => {
                    self.wire.tell(&[report]);
                    return self.shared.pull_out();
                }
                Some(PacketFault::Lose) => {}
                Some(PacketFault::Repeat) => self.wire.tell(&[report, report]),
                Some(PacketFault::Between) => self.wire.tell(&[elsewhere(report), report]),
            }
        }
    }

    fn react(&mut self, reaction: Reaction, call: &mut Option<Call>, device: &mut Device) {
        self.say(reaction.reports);
        let input = match reaction.work {
            None => return,
            Some(Work::Cancel) => return self.cancel(call, device),
            Some(Work::Cbor(request)) => Input::Ctap(request),
            Some(Work::Msg(request)) => Input::U2f(request),
        };
        let ticket = Ticket::default();
        let (answer, answers) = mpsc::channel();
        // A firmware that has ended drops the job, and with it the answer's other end.
        let job = Job { input: input.clone(), ticket: Arc::clone(&ticket), answer };
        let _ = self.jobs.send(job);
        *call = Some(Call { input, ticket, answers, late: None });
    }

    /// The firmware says the last word; and we, when it has said all and we keep it back.
    fn cancel(&mut self, call: &mut Option<Call>, device: &mut Device) {
        if call.as_ref().is_some_and(|call| call.late.is_some()) {
            *call = None;
            self.say(device.answered(&[KEEPALIVE_CANCEL]));
        } else if let Some(call) = call {
            self.shared.give_up(&call.ticket);
        }
    }

    /// We wait, so that the firmware is idle again when the key is plugged in next.
    fn abandon(&self, call: Option<Call>) {
        if let Some(call) = call
            && self.shared.give_up(&call.ticket)
        {
            let _ = call.answers.recv_timeout(LAST_WORD);
        }
    }

    /// Waits until somebody has something to say, or time is up.
    fn wait(&self, device: &Device) {
        let until = device.deadline().map(|end| end.saturating_duration_since(now()));
        let timeout = until.unwrap_or(HAND).min(HAND);
        let Ok(timeout) = Timespec::try_from(timeout) else { return };
        let files = [vec![self.stopped.as_fd()], self.wire.files()].concat();
        let mut files: Vec<_> =
            files.into_iter().map(|file| PollFd::from_borrowed_fd(file, PollFlags::IN)).collect();
        // Interrupted or not, the caller looks at everything.
        let _ = poll(&mut files, Some(&timeout));
    }
}
