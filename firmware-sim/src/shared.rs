//! What the person, the firmware's thread and the bodies know in common.

use std::collections::VecDeque;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use authenticator::Keepalive;
use trussed_core::InterruptFlag;

use crate::{Moment, Touch};

/// One command on its way; says whether somebody has given up waiting for it.
pub(crate) type Ticket = Arc<AtomicBool>;

/// The state of one simulator, and who waits for it to change.
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) changed: Condvar,
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
    pub(crate) habit: Touch,
    pub(crate) next: VecDeque<Touch>,
    pub(crate) asking: Option<Asking>,
    pub(crate) times_asked: u64,
    current: Option<Ticket>,
    /// The virtual reader's end of the card, closed when the card is pulled.
    pub(crate) plug: Option<TcpStream>,
    pub(crate) is_powered_by_reader: bool,
}

pub(crate) struct Asking {
    pub(crate) since: Instant,
    pub(crate) touch: Touch,
}

/// How long the firmware's question "touched?" waits at most before it looks at its own clock.
const FEEL: Duration = Duration::from_millis(20);

impl State {
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

    /// `Ok` when touched, otherwise how long nothing will happen by itself.
    fn touched(&self) -> Result<(), Duration> {
        let Some(asking) = &self.asking else { return Err(FEEL) };
        match asking.touch {
            Touch::Now => Ok(()),
            Touch::After(delay) => {
                let left = delay.saturating_sub(now().saturating_duration_since(asking.since));
                if left.is_zero() { Ok(()) } else { Err(left) }
            }
            Touch::Refuse => Err(FEEL),
        }
    }
}

impl Shared {
    pub(crate) fn new() -> Self {
        let state = State {
            present: true,
            ended: false,
            power_ups: 1,
            powered_at: now(),
            insertion: 0,
            commands: 0,
            pull: None,
            hold: None,
            habit: Touch::Now,
            next: VecDeque::new(),
            asking: None,
            times_asked: 0,
            current: None,
            plug: None,
            is_powered_by_reader: false,
        };
        let interrupt = Box::leak(Box::new(InterruptFlag::new()));
        Self { state: Mutex::new(state), changed: Condvar::new(), interrupt }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// The firmware begins to ask for a touch.
    pub(crate) fn ask(&self) {
        let mut state = self.lock();
        let touch = state.next.pop_front().unwrap_or(state.habit);
        state.asking = Some(Asking { since: now(), touch });
        state.times_asked = state.times_asked.saturating_add(1);
        self.changed.notify_all();
    }

    pub(crate) fn stop_asking(&self) {
        self.lock().asking = None;
        self.changed.notify_all();
    }

    /// Whether the card feels a touch; waits a little for one.
    pub(crate) fn feel(&self) -> bool {
        let state = self.lock();
        let Err(wait) = state.touched() else { return true };
        let (state, _) = self
            .changed
            .wait_timeout(state, wait.min(FEEL))
            .unwrap_or_else(PoisonError::into_inner);
        state.touched().is_ok()
    }

    /// What a link tells its caller meanwhile.
    pub(crate) fn keepalive(&self) -> Keepalive {
        if self.lock().asking.is_some() { Keepalive::UP_NEEDED } else { Keepalive::PROCESSING }
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
