//! What the person, the firmware's thread and the bodies know in common.

use std::collections::VecDeque;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use trussed_core::InterruptFlag;

use crate::fault::{Another, Fault, PacketFault, Packets, Plan};
use crate::firmware::Input;
use crate::trace::Trace;
use crate::{Config, Moment, Touch};

mod asking;

pub(crate) use asking::Asking;

/// One command on its way; says whether somebody has given up waiting for it.
pub(crate) type Ticket = Arc<AtomicBool>;

/// The state of one simulator, and who waits for it to change.
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) changed: Condvar,
    another: Another,
    /// Begins when the authenticator is what it shall be.
    trace: OnceLock<Trace>,
    /// The firmware wants it for ever; one small leak per simulator.
    pub(crate) interrupt: &'static InterruptFlag,
}

pub(crate) struct State {
    pub(crate) present: bool,
    /// Set for good when the simulator ends.
    pub(crate) ended: bool,
    /// Counts power-ups; the firmware's thread restarts the firmware when it lags behind.
    pub(crate) power_ups: u64,
    powered_at: Instant,
    /// Counts removals; a link of an older insertion is dead.
    pub(crate) insertion: u64,
    pub(crate) commands: u64,
    pub(crate) pull: Option<(u64, Moment)>,
    /// The command at which the card does nothing until it is let go.
    pub(crate) hold: Option<u64>,
    pub(crate) faults: Plan,
    pub(crate) packets: Packets,
    pub(crate) habit: Touch,
    pub(crate) next: VecDeque<Touch>,
    pub(crate) asking: Option<Asking>,
    pub(crate) times_asked: u64,
    current: Option<Ticket>,
    /// The virtual reader's end of the card, closed when the card is pulled.
    pub(crate) plug: Option<TcpStream>,
    pub(crate) is_powered_by_reader: bool,
}

impl State {
    /// Its power came on earlier than it did.
    pub(crate) fn age(&mut self, by: Duration) -> bool {
        let earlier = self.powered_at.checked_sub(by);
        self.powered_at = earlier.unwrap_or(self.powered_at);
        earlier.is_some()
    }

    /// Whether the card holds its breath over the command that came last.
    pub(crate) fn is_held(&self) -> bool {
        self.present && self.hold == Some(self.commands)
    }

    pub(crate) fn power_up(&mut self) {
        self.power_ups = self.power_ups.saturating_add(1);
        self.powered_at = now();
    }

    pub(crate) fn remove(&mut self) {
        self.present = false;
        self.pull = None;
        self.insertion = self.insertion.saturating_add(1);
        self.unplug();
    }

    fn unplug(&mut self) {
        self.is_powered_by_reader = false;
        self.hold = None;
        if let Some(plug) = self.plug.take() {
            // The other end may have closed it first.
            let _ = plug.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    pub(crate) fn new(config: &Config) -> Self {
        let state = State {
            present: true,
            ended: false,
            power_ups: 1,
            powered_at: now(),
            insertion: 0,
            commands: 0,
            pull: None,
            hold: None,
            faults: Plan::new(config.seed),
            packets: Packets::default(),
            habit: Touch::Now,
            next: VecDeque::new(),
            asking: None,
            times_asked: 0,
            current: None,
            plug: None,
            is_powered_by_reader: false,
        };
        let interrupt = Box::leak(Box::new(InterruptFlag::new()));
        let another = Another::beside(config);
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            another,
            trace: OnceLock::new(),
            interrupt,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file in which all stands that is said, if there is one.
    pub(crate) fn trace(&self) -> Option<&Trace> {
        self.trace.get()
    }

    pub(crate) fn trace_to(&self, trace: Trace) {
        // There was none before.
        let _ = self.trace.set(trace);
    }

    /// Waits for a condition; false when `timeout` passes first.
    pub(crate) fn wait(&self, timeout: Duration, holds: impl Fn(&State) -> bool) -> bool {
        let (_state, result) = self
            .changed
            .wait_timeout_while(self.lock(), timeout, |state| !holds(state))
            .unwrap_or_else(PoisonError::into_inner);
        !result.timed_out()
    }

    pub(crate) fn end_for_good(&self) {
        let mut state = self.lock();
        state.ended = true;
        state.remove();
        self.interrupt.interrupt();
        self.changed.notify_all();
    }

    /// Closes the connection to a virtual reader; the card itself stays where it is.
    pub(crate) fn unplug(&self) {
        self.lock().unplug();
        self.changed.notify_all();
    }

    /// The virtual reader gives power, anew, or takes it.
    pub(crate) fn set_powered(&self, is_powered: bool) {
        let mut state = self.lock();
        state.is_powered_by_reader = is_powered;
        if is_powered {
            state.power_up();
        }
        self.changed.notify_all();
    }

    pub(crate) fn uptime(&self) -> Duration {
        now().saturating_duration_since(self.lock().powered_at)
    }

    /// Counts a command, and holds it if it shall. False when the card is not (or no longer) in.
    pub(crate) fn arrives(&self, insertion: u64) -> bool {
        let mut state = self.lock();
        if !state.present || state.insertion != insertion {
            return false;
        }
        state.commands = state.commands.saturating_add(1);
        if state.pull == Some((state.commands, Moment::Before)) {
            state.remove();
        }
        self.changed.notify_all();
        let held = self.changed.wait_while(state, |state| state.is_held());
        let state = held.unwrap_or_else(PoisonError::into_inner);
        state.present && state.insertion == insertion
    }

    /// Whether an answer gets through. False when the card was pulled meanwhile.
    pub(crate) fn answers(&self, insertion: u64) -> bool {
        let mut state = self.lock();
        if state.present && state.pull == Some((state.commands, Moment::After)) {
            state.remove();
            self.changed.notify_all();
        }
        state.present && state.insertion == insertion
    }

    /// The fault that happens to an answer now, if it is one of those that can.
    pub(crate) fn take_fault(&self, can: impl Fn(Fault) -> bool) -> Option<Fault> {
        let mut state = self.lock();
        let command = state.commands;
        let fault = state.faults.take(command, can)?;
        if let Some(trace) = self.trace() {
            trace.fault(fault);
        }
        Some(fault)
    }

    /// A key says one packet more: what goes wrong with it.
    pub(crate) fn next_packet(&self) -> Option<PacketFault> {
        let fault = self.lock().packets.next()?;
        if let Some(trace) = self.trace() {
            trace.packet_fault(fault);
        }
        Some(fault)
    }

    /// The person's hand pulls it out.
    pub(crate) fn pull_out(&self) {
        self.lock().remove();
        self.changed.notify_all();
    }

    /// What another card says to this command.
    pub(crate) fn another_answers(&self, input: &Input) -> Vec<u8> {
        self.another.answers(input)
    }

    /// The firmware takes up a command; false when nobody waits for it any more.
    pub(crate) fn begin(&self, ticket: &Ticket) -> bool {
        let mut state = self.lock();
        if ticket.load(Ordering::Relaxed) {
            return false;
        }
        state.current = Some(Arc::clone(ticket));
        self.interrupt.set_working();
        true
    }

    pub(crate) fn end(&self) {
        self.lock().current = None;
        self.interrupt.set_idle();
    }

    /// Nobody waits for this command any more: the firmware drops it, now (true: it will say a
    /// last word) or when its turn comes.
    pub(crate) fn give_up(&self, ticket: &Ticket) -> bool {
        let state = self.lock();
        ticket.store(true, Ordering::Relaxed);
        let is_current = state.current.as_ref().is_some_and(|current| Arc::ptr_eq(current, ticket));
        if is_current {
            self.interrupt.interrupt();
        }
        self.changed.notify_all();
        is_current
    }
}

#[expect(clippy::disallowed_methods, reason = "people and power-ups happen in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
