//! The thread of one card. `SCardTransmit` has neither time limit nor cancel, so it blocks here,
//! where nobody needs to wait for it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, Thread};
use std::time::Duration;

use authenticator::{Keepalive, Leave};
use pcsc::{Card, Disposition, Transaction};

use crate::apdu::{Form, Waiting, message};
use crate::connection::{Channel, Target, begin, disconnect, end, let_go};
use crate::error::Fault;
use crate::restart::first_message;

/// How long the worker waits before it asks a card again that says "not yet". It is woken when
/// nobody waits any more.
const PAUSE: Duration = Duration::from_millis(50);

/// What the worker does.
pub(crate) enum Job {
    /// Sends a message: in the transaction that has begun, else in one of its own.
    Call(Vec<u8>),
    /// Begins a transaction.
    Begin,
    /// Ends it.
    End(Leave),
}

/// What the worker says while and after it does it.
pub(crate) enum Report {
    Keepalive(Keepalive),
    Done(Result<Vec<u8>, Fault>),
}

struct Assignment {
    job: Job,
    reports: Sender<Report>,
}

/// A worker, as the link sees it. Dropped, its late answer is thrown away, and the card reset:
/// also when the link was left by a panic, and the card goes on saying "not yet".
pub(crate) struct Worker {
    assignments: Sender<Assignment>,
    over: Arc<AtomicBool>,
    thread: Thread,
}

impl Worker {
    /// Starts a thread for `target`; it connects when there is something to do.
    pub(crate) fn start(target: Target, form: Form) -> io::Result<Self> {
        let (assignments, inbox) = channel();
        let over = Arc::new(AtomicBool::new(false));
        let state = State { target, form, over: Arc::clone(&over) };
        let thread = thread::Builder::new()
            .name("card".into())
            .spawn(move || state.serve(&inbox))?
            .thread()
            .clone();
        Ok(Self { assignments, over, thread })
    }

    /// Gives the worker something to do; `None` when its thread has ended.
    pub(crate) fn assign(&self, job: Job) -> Option<Receiver<Report>> {
        let (reports, outbox) = channel();
        self.assignments.send(Assignment { job, reports }).ok()?;
        Some(outbox)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

struct State {
    target: Target,
    form: Form,
    over: Arc<AtomicBool>,
}

/// Where a message stands in its transaction.
#[derive(Clone, Copy)]
enum Place {
    /// Nothing is lost when the card is reset before it.
    First,
    /// What was agreed with the card before, such as a PIN token, is lost with a reset.
    Later,
}

/// Who waits for one assignment.
struct Client<'a> {
    reports: &'a Sender<Report>,
    over: &'a AtomicBool,
}

impl Waiting for Client<'_> {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    fn keepalive(&mut self, keepalive: Keepalive) {
        // A client that has gone has set `over`, too.
        let _ = self.reports.send(Report::Keepalive(keepalive));
    }

    fn pause(&self) {
        thread::park_timeout(PAUSE);
    }
}

impl State {
    /// Does what it is told until nobody can tell it anything more. Whatever way this function
    /// is left, the card is reset.
    fn serve(mut self, inbox: &Receiver<Assignment>) {
        let mut card = None;
        while !self.is_over() {
            let Ok(Assignment { job, reports }) = inbox.recv() else { break };
            match job {
                Job::Call(request) => {
                    let answer = self.call_alone(&mut card, &request, &reports);
                    report(&reports, answer);
                }
                Job::Begin => self.transaction(&mut card, inbox, &reports),
                Job::End(leave) => {
                    if leave == Leave::Reset {
                        card.take().into_iter().for_each(let_go);
                    }
                    report(&reports, Ok(Vec::new()));
                }
            }
        }
        card.into_iter().for_each(let_go);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// One message in a transaction of its own: another program may have selected another
    /// application since the last.
    fn call_alone(
        &mut self,
        card: &mut Option<Card>,
        request: &[u8],
        reports: &Sender<Report>,
    ) -> Result<Vec<u8>, Fault> {
        let mut transaction = self.begin(card, reports)?;
        let answer = self.call(&mut transaction, Place::First, request, reports);
        end(transaction, Disposition::LeaveCard);
        answer
    }

    fn call(
        &mut self,
        transaction: &mut Transaction<'_>,
        place: Place,
        request: &[u8],
        reports: &Sender<Report>,
    ) -> Result<Vec<u8>, Fault> {
        let mut client = Client { reports, over: &self.over };
        let mut card = Channel(transaction);
        match place {
            Place::First => first_message(&mut card, &mut self.form, request, &mut client),
            Place::Later => message(&mut card, &mut self.form, request, &mut client),
        }
    }

    fn begin<'c>(
        &self,
        card: &'c mut Option<Card>,
        reports: &Sender<Report>,
    ) -> Result<Transaction<'c>, Fault> {
        let client = Client { reports, over: &self.over };
        let connection = match card.take() {
            Some(connection) => connection,
            None => self.target.connect(&client)?,
        };
        begin(card.insert(connection), &client)
    }

    /// Serves in one transaction until it is ended, or nobody is there to end it.
    fn transaction(
        &mut self,
        card: &mut Option<Card>,
        inbox: &Receiver<Assignment>,
        reports: &Sender<Report>,
    ) {
        let mut transaction = match self.begin(card, reports) {
            Ok(transaction) => transaction,
            Err(fault) => return report(reports, Err(fault)),
        };
        report(reports, Ok(Vec::new()));
        let (leave, ended) = self.serve_in(&mut transaction, inbox);
        match leave {
            Leave::AsIs => end(transaction, Disposition::LeaveCard),
            Leave::Reset => {
                end(transaction, Disposition::ResetCard);
                // Reset already; a second one would only take time.
                card.take().into_iter().for_each(disconnect);
            }
        }
        if let Some(reports) = ended {
            report(&reports, Ok(Vec::new()));
        }
    }

    fn serve_in(
        &mut self,
        transaction: &mut Transaction<'_>,
        inbox: &Receiver<Assignment>,
    ) -> (Leave, Option<Sender<Report>>) {
        let mut place = Place::First;
        while !self.is_over() {
            let Ok(Assignment { job, reports }) = inbox.recv() else { break };
            match job {
                Job::Call(request) => {
                    let answer = self.call(transaction, place, &request, &reports);
                    place = Place::Later;
                    report(&reports, answer);
                }
                Job::Begin => report(&reports, Ok(Vec::new())),
                Job::End(leave) => return (leave, Some(reports)),
            }
        }
        (Leave::Reset, None)
    }
}

/// Hands over the result. Nobody may be there to take it: then it is thrown away, as it should.
fn report(reports: &Sender<Report>, result: Result<Vec<u8>, Fault>) {
    let _ = reports.send(Report::Done(result));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_dropped_waits_for_no_card_any_more() {
        let (assignments, _inbox) = channel();
        let (reports, _outbox) = channel();
        let over = Arc::new(AtomicBool::new(false));
        let thread = thread::current();
        let worker = Worker { assignments, over: Arc::clone(&over), thread };
        let client = Client { reports: &reports, over: &over };
        assert!(!client.is_over());
        drop(worker);
        assert!(client.is_over());
        // It was woken: this pause is none.
        client.pause();
    }
}
