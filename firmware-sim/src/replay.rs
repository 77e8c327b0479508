//! Plays a recording: the same answers to the same requests, without firmware.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use crate::firmware::{Input, Job, KEEPALIVE_CANCEL};
use crate::shared::Shared;
use crate::trace::Kind;
use crate::{Config, Recording, Simulator};

/// `CTAP1_ERR_OTHER`, and the status word for no precise diagnosis.
const OTHER: [u8; 1] = [0x7F];
const NO_DIAGNOSIS: [u8; 2] = [0x6F, 0x00];

/// A request that is not in the recording. It is answered with an error: status byte 7F, or status
/// word 6F00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which request it is, of all that came, from 1.
    pub request: usize,
    /// Which one of the recording was due, from 1; `None`: it has ended.
    pub due: Option<usize>,
    /// The first byte that is another, from 0.
    pub byte: usize,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, due, byte } = self;
        match due {
            Some(due) => write!(
                f,
                "request {request} is not in the recording; it differs from request {due} of it, \
                 which is due, at byte {byte}"
            ),
            None => write!(f, "request {request} comes after the end of the recording"),
        }
    }
}

impl Simulator {
    /// Switches on what plays a recording. `differences` hears of each request that is not in it.
    ///
    /// Time is not played: answers come at once. A request that the recording has further on is
    /// answered as there, and what lies between is left out.
    ///
    /// # Errors
    ///
    /// When there is no thread to be had.
    pub fn replay(recording: Recording, differences: Sender<Difference>) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(&Config::seeded(0)));
        let (jobs, queue) = mpsc::channel();
        let worker = Arc::clone(&shared);
        let player = Player { recording, next: 0, seen: 0, differences };
        let thread = thread::Builder::new()
            .name("replay".into())
            .spawn(move || player.serve(&worker, &queue))?;
        Ok(Self::of(shared, jobs, thread))
    }
}

struct Player {
    recording: Recording,
    /// The exchange that is due.
    next: usize,
    seen: usize,
    differences: Sender<Difference>,
}

impl Player {
    fn serve(mut self, shared: &Shared, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            if shared.lock().ended {
                return;
            }
            let answer = if shared.begin(&job.ticket) {
                self.answer(&job.input)
            } else {
                vec![KEEPALIVE_CANCEL]
            };
            shared.end();
            // Whoever asked may have left.
            let _ = job.answer.send(answer);
        }
    }

    fn answer(&mut self, input: &Input) -> Vec<u8> {
        let (kind, request, refusal) = match input {
            Input::Apdu(apdu) => (Kind::Apdu, apdu, &NO_DIAGNOSIS[..]),
            Input::U2f(apdu) => (Kind::U2f, apdu, &NO_DIAGNOSIS[..]),
            Input::Ctap(request) => (Kind::Ctap, request, &OTHER[..]),
        };
        self.seen = self.seen.saturating_add(1);
        let mut due = (0..).zip(&self.recording.exchanges).skip(self.next);
        let same = due.find(|(_, exchange)| {
            exchange.kind == kind && exchange.request.difference(request).is_none()
        });
        let Some((index, exchange)) = same else {
            // Nobody may listen.
            let _ = self.differences.send(self.difference(request));
            return refusal.to_vec();
        };
        self.next = usize::saturating_add(index, 1);
        exchange.answer.as_ref().map_or_else(|| refusal.to_vec(), crate::trace::Masked::bytes)
    }

    fn difference(&self, request: &[u8]) -> Difference {
        let due = self.recording.exchanges.get(self.next);
        Difference {
            request: self.seen,
            due: due.map(|_| self.next.saturating_add(1)),
            byte: due.and_then(|due| due.request.difference(request)).unwrap_or_default(),
        }
    }
}
