//! Body two: a card in a virtual PC/SC reader.
//!
//! The reader is a driver of pcscd (vpcd, from Virtual Smart Card). The card connects to it by TCP;
//! messages have a two-byte length before them, big-endian. A message of one byte is about power,
//! everything else is an APDU.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::linux::net::TcpStreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::fault::{Body, Stuck, Trouble};
use crate::firmware::{Input, Job};
use crate::shared::{Shared, State, Ticket};
use crate::trace::Direction;
use crate::{ReaderPort, Simulator};

/// The ATR of a Nitrokey 3: with a plain one some smart-card drivers offer no elliptic curves.
const ATR: [u8; 19] = *b"\x3B\x8F\x01\x80\x5DNitrokey\x00\x00\x00\x00\x00\x6A";

/// Messages of one byte from the reader.
const POWER_OFF: u8 = 0x00;
const POWER_ON: u8 = 0x01;
const RESET: u8 = 0x02;
const GET_ATR: u8 = 0x04;

/// How often a card that waits for a touch looks whether its reader is still there.
const LOOK: Duration = Duration::from_millis(50);

/// How long we wait before we look for a reader that has gone.
const RECONNECT: Duration = Duration::from_millis(250);

/// How long the firmware may take to say its last word about an abandoned command.
const LAST_WORD: Duration = Duration::from_secs(5);

/// A simulated authenticator in a virtual reader. It leaves the reader when this is dropped.
pub struct VirtualCard {
    shared: Arc<Shared>,
    leave: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Puts the authenticator into a virtual reader. It follows the person's hand (out, in again)
    /// and restarts of pcscd.
    ///
    /// # Errors
    ///
    /// When no reader listens there.
    pub fn card(&self, reader: &ReaderPort) -> io::Result<VirtualCard> {
        let first = reader.connect_first()?;
        self.shared.lock().faults.reached_by(Body::Card);
        let leave = Arc::new(AtomicBool::new(false));
        let slot = Slot {
            shared: Arc::clone(&self.shared),
            jobs: self.jobs.clone(),
            reader: reader.clone(),
            leave: Arc::clone(&leave),
        };
        let thread =
            thread::Builder::new().name("card".into()).spawn(move || slot.run(Some(first)))?;
        Ok(VirtualCard { shared: Arc::clone(&self.shared), leave, thread: Some(thread) })
    }
}

impl VirtualCard {
    /// Waits until the reader has powered the card; false when `timeout` passes first. pcscd
    /// shows the card to its clients soon after that; see [`when_shown`](crate::when_shown).
    pub fn wait_until_powered(&self, timeout: Duration) -> bool {
        self.shared.wait(timeout, |state| state.is_powered_by_reader)
    }
}

impl Drop for VirtualCard {
    fn drop(&mut self) {
        self.leave.store(true, Ordering::Relaxed);
        self.shared.unplug();
        if let Some(thread) = self.thread.take() {
            // A panic has been printed by its own thread.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for VirtualCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualCard").finish_non_exhaustive()
    }
}

struct Slot {
    shared: Arc<Shared>,
    jobs: Sender<Job>,
    reader: ReaderPort,
    leave: Arc<AtomicBool>,
}

impl Slot {
    fn run(&self, mut first: Option<TcpStream>) {
        while self.wait_for_the_hand() {
            let stream = match first.take() {
                Some(stream) => Ok(stream),
                None => self.reader.connect(),
            };
            if let Ok(stream) = stream
                && let Some(insertion) = self.plug(&stream)
            {
                // Ends with an error in any case: the card was pulled, or the reader has gone.
                let _ = self.serve(stream, insertion);
                self.shared.unplug();
            } else {
                self.shared.wait(RECONNECT, |state| state.ended || self.leaves());
            }
        }
    }

    /// Waits until the card is in; false when there will be no card any more.
    fn wait_for_the_hand(&self) -> bool {
        let ends = |state: &State| state.ended || self.leaves();
        while !self.shared.wait(Duration::MAX, |state| state.present || ends(state)) {}
        !ends(&self.shared.lock())
    }

    fn leaves(&self) -> bool {
        self.leave.load(Ordering::Relaxed)
    }

    /// Lets the person's hand pull this connection. `None` when the card is out already.
    fn plug(&self, stream: &TcpStream) -> Option<u64> {
        let mut state = self.shared.lock();
        if !state.present || state.ended || self.leaves() {
            return None;
        }
        state.plug = Some(stream.try_clone().ok()?);
        Some(state.insertion)
    }

    fn serve(&self, mut stream: TcpStream, insertion: u64) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut stuck = None;
        loop {
            match read_message(&mut stream)?.as_slice() {
                [POWER_OFF] => self.shared.set_powered(false),
                [POWER_ON | RESET] => {
                    stuck = None;
                    self.shared.set_powered(true);
                }
                [GET_ATR] => write_message(&mut stream, &ATR)?,
                apdu => {
                    self.record(Direction::In, apdu);
                    let answer = self.answer(apdu, &stream, insertion, &mut stuck)?;
                    self.record(Direction::Out, &answer);
                    write_message(&mut stream, &answer)?;
                }
            }
        }
    }

    fn record(&self, direction: Direction, apdu: &[u8]) {
        if let Some(trace) = self.shared.trace() {
            trace.apdu(direction, apdu);
        }
    }

    /// The card's answer, with what goes wrong about it.
    fn answer(
        &self,
        apdu: &[u8],
        stream: &TcpStream,
        insertion: u64,
        stuck: &mut Option<Stuck>,
    ) -> io::Result<Vec<u8>> {
        if let Some((answer, is_stuck)) = stuck.and_then(|stuck| stuck.go_on(apdu)) {
            *stuck = stuck.filter(|_| is_stuck);
            let is_in = self.shared.arrives(insertion) && self.shared.answers(insertion);
            return if is_in { Ok(answer) } else { Err(io::ErrorKind::NotConnected.into()) };
        }
        // Another command gets it out of what it was stuck in.
        *stuck = None;
        let answer = self.exchange(apdu, stream, insertion)?;
        let input = Input::Apdu(apdu.to_vec());
        *stuck = match self.shared.trouble(Body::Card, &input, &answer) {
            None => return Ok(answer),
            Some(Trouble::Answer(other)) => return Ok(other),
            Some(Trouble::Later(time)) => {
                let is_gone = |state: &State| state.insertion != insertion || state.ended;
                return if self.shared.wait(time, is_gone) {
                    Err(io::ErrorKind::NotConnected.into())
                } else {
                    Ok(answer)
                };
            }
            Some(Trouble::Never) => Some(Stuck::Working),
            Some(Trouble::More) => Some(Stuck::More),
        };
        Ok(stuck.map_or(answer, Stuck::begin))
    }

    fn exchange(&self, apdu: &[u8], stream: &TcpStream, insertion: u64) -> io::Result<Vec<u8>> {
        if !self.shared.arrives(insertion) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let ticket = Ticket::default();
        let (answer, answers) = mpsc::channel();
        let job = Job { input: Input::Apdu(apdu.to_vec()), ticket: Arc::clone(&ticket), answer };
        self.jobs.send(job).map_err(|_| io::ErrorKind::NotConnected)?;
        loop {
            match answers.recv_timeout(LOOK) {
                Ok(answer) if self.shared.answers(insertion) => return Ok(answer),
                Err(RecvTimeoutError::Timeout) if !is_closed(stream) => {}
                Err(RecvTimeoutError::Timeout) => {
                    if self.shared.give_up(&ticket) {
                        // Its channel dies here; we wait so that the firmware is idle again.
                        let _ = answers.recv_timeout(LAST_WORD);
                    }
                    return Err(io::ErrorKind::NotConnected.into());
                }
                Ok(_) | Err(RecvTimeoutError::Disconnected) => {
                    return Err(io::ErrorKind::NotConnected.into());
                }
            }
        }
    }
}

/// Without the quick acknowledgement, which the kernel takes back at will, each APDU costs the
/// 40 ms of a delayed one.
fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    stream.set_quickack(true)?;
    stream.read_exact(buffer)?;
    stream.set_quickack(true)
}

fn read_message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut len = [0; 2];
    read(stream, &mut len)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
    read(stream, &mut message)?;
    Ok(message)
}

fn write_message(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let len = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    stream.write_all(&[&len.to_be_bytes(), message].concat())
}

fn is_closed(stream: &TcpStream) -> bool {
    let peeked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
    let restored = stream.set_nonblocking(false);
    match peeked {
        Ok(len) => len == 0 || restored.is_err(),
        Err(error) => error.kind() != io::ErrorKind::WouldBlock || restored.is_err(),
    }
}
