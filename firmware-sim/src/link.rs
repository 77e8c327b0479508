use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use authenticator::{Control, CtapLink, Keepalive, LinkError};

use crate::fault::{Body, Trouble};
use crate::firmware::{Input, Job};
use crate::shared::{Shared, Ticket, now};
use crate::trace::Direction;

/// How often a waiting call looks at its deadline and at the cancel flag. Answers do not wait.
const LOOK: Duration = Duration::from_millis(5);

/// CTAP 2.1 §11.2.9.1.7: a keepalive at least every 100 ms, and at each change.
const KEEPALIVE: Duration = Duration::from_millis(100);

/// How long the firmware may take to say its last word about a cancelled command.
const LAST_WORD: Duration = Duration::from_secs(5);

/// Body one: a link in the same process.
pub struct SimLink {
    shared: Arc<Shared>,
    jobs: Sender<Job>,
    insertion: u64,
}

impl SimLink {
    pub(crate) fn new(shared: Arc<Shared>, jobs: Sender<Job>) -> Self {
        let insertion = shared.lock().insertion;
        Self { shared, jobs, insertion }
    }

    fn submit(&self, request: &[u8]) -> Result<Call, LinkError> {
        if !self.shared.arrives(self.insertion) {
            return Err(removed());
        }
        let ticket = Ticket::default();
        let (answer, answers) = mpsc::channel();
        let input = Input::Ctap(request.to_vec());
        self.jobs
            .send(Job { input, ticket: Arc::clone(&ticket), answer })
            .map_err(|_| removed())?;
        Ok(Call { ticket, answers })
    }

    /// Why the call ends before its answer, if it does.
    fn reason(&self, control: &Control<'_>) -> Option<LinkError> {
        let is_removed = self.shared.lock().insertion != self.insertion;
        if is_removed { Some(removed()) } else { given_up(control) }
    }

    fn record(&self, direction: Direction, request: &[u8], message: &[u8]) {
        if let Some(trace) = self.shared.trace() {
            trace.ctap(direction, request, message);
        }
    }

    fn exchange(&self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        let call = self.submit(request)?;
        let mut pulse = Pulse { last: (Keepalive::PROCESSING, now()) };
        loop {
            match call.answers.recv_timeout(LOOK) {
                Ok(answer) if self.shared.answers(self.insertion) => {
                    return self.troubled(request, answer, control);
                }
                Ok(_) | Err(RecvTimeoutError::Disconnected) => return Err(removed()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(reason) = self.reason(control) {
                if self.shared.give_up(&call.ticket) {
                    // Its channel dies with the call; we wait so that the firmware is idle again.
                    let _ = call.answers.recv_timeout(LAST_WORD);
                }
                return Err(reason);
            }
            if pulse.beats(self.shared.keepalive(), now()) {
                (control.on_keepalive)(pulse.last.0);
            }
        }
    }

    /// What goes wrong on the way back.
    fn troubled(
        &self,
        request: &[u8],
        answer: Vec<u8>,
        control: &mut Control<'_>,
    ) -> Result<Vec<u8>, LinkError> {
        let input = Input::Ctap(request.to_vec());
        match self.shared.trouble(Body::Link, &input, &answer) {
            None => Ok(answer),
            Some(Trouble::Answer(other)) => Ok(other),
            Some(Trouble::Later(time)) => {
                self.pass(now().checked_add(time), control)?;
                Ok(answer)
            }
            Some(Trouble::Never | Trouble::More) => {
                self.pass(None, control)?;
                Ok(answer)
            }
        }
    }

    /// Lets time pass until then; `None` is never.
    fn pass(&self, until: Option<Instant>, control: &mut Control<'_>) -> Result<(), LinkError> {
        let mut pulse = Pulse { last: (Keepalive::PROCESSING, now()) };
        while until.is_none_or(|until| now() < until) {
            if let Some(reason) = self.reason(control) {
                return Err(reason);
            }
            if pulse.beats(Keepalive::PROCESSING, now()) {
                (control.on_keepalive)(Keepalive::PROCESSING);
            }
            self.shared.wait(LOOK, |state| state.insertion != self.insertion);
        }
        Ok(())
    }
}

fn given_up(control: &Control<'_>) -> Option<LinkError> {
    if control.cancel.load(Ordering::Relaxed) {
        Some(LinkError::Cancelled)
    } else if now() >= control.deadline {
        Some(LinkError::Deadline)
    } else {
        None
    }
}

impl CtapLink for SimLink {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        if let Some(reason) = given_up(control) {
            return Err(reason);
        }
        self.record(Direction::In, request, request);
        let answer = self.exchange(request, control)?;
        self.record(Direction::Out, request, &answer);
        Ok(answer)
    }
}

impl std::fmt::Debug for SimLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimLink").finish_non_exhaustive()
    }
}

struct Call {
    ticket: Ticket,
    answers: Receiver<Vec<u8>>,
}

struct Pulse {
    last: (Keepalive, Instant),
}

impl Pulse {
    /// Whether `keepalive` is to be told now: at a change at once, otherwise from time to time.
    fn beats(&mut self, keepalive: Keepalive, now: Instant) -> bool {
        let (last, at) = self.last;
        let beats = keepalive != last || now.saturating_duration_since(at) >= KEEPALIVE;
        if beats {
            self.last = (keepalive, now);
        }
        beats
    }
}

fn removed() -> LinkError {
    LinkError::Removed(io::Error::from(io::ErrorKind::NotConnected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_at_once_and_the_same_every_100_ms() {
        let begun = now();
        let at = |ms| begun.checked_add(Duration::from_millis(ms)).unwrap();
        let mut pulse = Pulse { last: (Keepalive::PROCESSING, begun) };
        assert!(!pulse.beats(Keepalive::PROCESSING, at(99)));
        assert!(pulse.beats(Keepalive::UP_NEEDED, at(99)));
        assert!(!pulse.beats(Keepalive::UP_NEEDED, at(198)));
        assert!(pulse.beats(Keepalive::UP_NEEDED, at(199)));
        assert!(!pulse.beats(Keepalive::UP_NEEDED, at(298)));
        assert!(pulse.beats(Keepalive::PROCESSING, at(298)));
    }
}
