use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use authenticator::{CeremonyLink, Control, CtapLink, Leave, LinkError};

use crate::InsertedCard;
use crate::apdu::Form;
use crate::connection::Target;
use crate::error::{CardError, Fault};
use crate::worker::{Job, Report, Worker};

/// Longest wait for one answer. An authenticator waits 30 s for a touch; five more are for
/// saying that none came.
const COMMAND_LIMIT: Duration = Duration::from_secs(35);
/// How often a wait looks at the cancel flag, which nobody can be woken by.
const TICK: Duration = Duration::from_millis(10);
/// How long the end of a transaction is waited for. It happens in any case.
const END_LIMIT: Duration = Duration::from_secs(1);

/// Peculiarities of a reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Ask for 240 bytes at a time and not for 256: some readers take the length byte 00 for 0.
    pub short_answers: bool,
}

/// A link to the FIDO application of one card, as long as it stays inserted.
///
/// The card is connected when the first message is sent, shared with other programs, and reset
/// and let go at the end of a ceremony and when the link is dropped.
pub struct PcscLink {
    target: Target,
    form: Form,
    worker: Option<Worker>,
}

impl PcscLink {
    /// A link to `card`. Nothing is sent yet.
    pub fn new(card: &InsertedCard, options: Options) -> Self {
        let target = Target {
            reader: card.reader.clone(),
            atr: card.atr.clone(),
            event_count: card.event_count,
        };
        let le = if options.short_answers { 0xF0 } else { 0x00 };
        Self { target, form: Form { le, extended: false }, worker: None }
    }

    fn run(&mut self, job: Job, control: &mut Control<'_>) -> Result<Vec<u8>, Failure> {
        if control.cancel.load(Ordering::Acquire) {
            return Err(Failure::Cancelled);
        }
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => Worker::start(self.target.clone(), self.form)
                .map_err(|_| Fault::Card(CardError::WorkerEnded))?,
        };
        let result = wait(&worker, job, control);
        match &result {
            // What the thread may still hear from the card belongs to nobody.
            Err(
                Failure::Cancelled
                | Failure::Deadline
                | Failure::Fault(Fault::Card(CardError::WorkerEnded)),
            ) => drop(worker),
            _ => self.worker = Some(worker),
        }
        result
    }
}

enum Failure {
    Cancelled,
    Deadline,
    Fault(Fault),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Failure> for LinkError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Cancelled => Self::Cancelled,
            Failure::Deadline => Self::Deadline,
            Failure::Fault(fault) => fault.into(),
        }
    }
}

/// Waits for the worker, the deadline or the cancel flag.
#[expect(clippy::disallowed_methods, reason = "this is a device adapter: it waits in real time")]
fn wait(worker: &Worker, job: Job, control: &mut Control<'_>) -> Result<Vec<u8>, Failure> {
    const ENDED: Failure = Failure::Fault(Fault::Card(CardError::WorkerEnded));
    let limit = Instant::now().checked_add(COMMAND_LIMIT);
    let limit = limit.map_or(control.deadline, |limit| limit.min(control.deadline));
    let left = || {
        let left = limit.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(Failure::Deadline) } else { Ok(left) }
    };
    // Nothing reaches the card for somebody who waits no more.
    left()?;
    let reports = worker.assign(job).ok_or(ENDED)?;
    loop {
        let left = left()?;
        match reports.recv_timeout(left.min(TICK)) {
            Ok(Report::Keepalive(keepalive)) => (control.on_keepalive)(keepalive),
            Ok(Report::Done(result)) => return Ok(result?),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(ENDED),
        }
        if control.cancel.load(Ordering::Acquire) {
            return Err(Failure::Cancelled);
        }
    }
}

impl CtapLink for PcscLink {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        Ok(self.run(Job::Call(request.to_vec()), control)?)
    }
}

impl CeremonyLink for PcscLink {
    fn begin(&mut self, control: &mut Control<'_>) -> Result<(), LinkError> {
        self.run(Job::Begin, control)?;
        Ok(())
    }

    fn end(&mut self, leave: Leave) {
        let Some(reports) = self.worker.as_ref().and_then(|worker| worker.assign(Job::End(leave)))
        else {
            return;
        };
        if reports.recv_timeout(END_LIMIT).is_err() {
            self.worker = None;
        }
    }
}
