//! The person who holds the card: touches it, refuses, is slow, pulls it out.
//!
//! The PIN is not the card's business: whoever drives the client types it.

use std::sync::Arc;
use std::time::Duration;

use crate::shared::Shared;
use crate::{Fault, FaultRefused, PacketFault};

/// What the person does when the authenticator asks for a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Touches at once.
    Now,
    /// Touches after this time.
    After(Duration),
    /// Does not touch: the authenticator waits until it gives up or is cancelled.
    Refuse,
}

/// Where in a call the card is pulled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before the authenticator sees the command.
    Before,
    /// After the authenticator did what the command says; its answer is lost.
    After,
}

/// A handle on the person; clones are the same one.
#[derive(Clone)]
pub struct Holder(pub(crate) Arc<Shared>);

impl Holder {
    /// From now on, this is what the person does when asked.
    pub fn touches(&self, touch: Touch) {
        self.0.lock().habit = touch;
    }

    /// The next time, and only then, the person does this. Several are done in turn.
    pub fn touches_next(&self, touch: Touch) {
        self.0.lock().next.push_back(touch);
    }

    /// Touches now. False when the authenticator is not asking: then nobody notices.
    pub fn touch(&self) -> bool {
        let mut state = self.0.lock();
        let asking = state.asking.as_mut().map(|asking| asking.touch = Touch::Now);
        self.0.changed.notify_all();
        asking.is_some()
    }

    /// Waits until the authenticator asks for a touch; false when `timeout` passes first.
    pub fn wait_until_asked(&self, timeout: Duration) -> bool {
        self.0.wait(timeout, |state| state.asking.is_some())
    }

    /// Whether the authenticator asks for a touch now.
    pub fn is_asked(&self) -> bool {
        self.0.lock().asking.is_some()
    }

    /// Waits until the authenticator asks for no touch; false when `timeout` passes first.
    pub fn wait_until_not_asked(&self, timeout: Duration) -> bool {
        self.0.wait(timeout, |state| state.asking.is_none())
    }

    /// Waits until so many commands have reached the card; false when `timeout` passes first.
    pub fn wait_for_commands(&self, count: u64, timeout: Duration) -> bool {
        self.0.wait(timeout, |state| state.commands >= count)
    }

    /// How often the authenticator has asked for a touch.
    pub fn times_asked(&self) -> u64 {
        self.0.lock().times_asked
    }

    /// How many commands have reached the card (APDUs, packets to a key, or calls of a link).
    pub fn commands_seen(&self) -> u64 {
        self.0.lock().commands
    }

    /// Pulls the card out. Links that were open are dead from now on.
    pub fn remove(&self) {
        self.0.pull_out();
    }

    /// Pulls the card out at the `nth` command from now on; 1 is the next one.
    pub fn remove_at(&self, nth: u64, moment: Moment) {
        let mut state = self.0.lock();
        state.pull = Some((state.commands.saturating_add(nth), moment));
    }

    /// Something goes wrong with the answer to the `nth` command from now on, 1 is the next one, or
    /// with the first answer after it to which it can happen.
    ///
    /// # Errors
    ///
    /// When it cannot happen to this authenticator, in the ways in which it is reached now.
    pub fn fault_at(&self, nth: u64, fault: Fault) -> Result<(), FaultRefused> {
        if let Fault::Remove(moment) = fault {
            self.remove_at(nth, moment);
            return Ok(());
        }
        self.plan(nth, false, fault)
    }

    /// The same goes wrong again and again, until [`no_faults`](Self::no_faults).
    ///
    /// # Errors
    ///
    /// As [`fault_at`](Self::fault_at); and when it can happen only once.
    pub fn fault_from(&self, nth: u64, fault: Fault) -> Result<(), FaultRefused> {
        fault.repeats()?;
        self.plan(nth, true, fault)
    }

    /// Something goes wrong with the `nth` packet that the key says from now on; 1 is the next one,
    /// and keepalives count. Only once: the next packets are whole.
    ///
    /// # Errors
    ///
    /// When it is reached as no key: only a key's answers come in packets.
    pub fn packet_fault_at(&self, nth: u64, fault: PacketFault) -> Result<(), FaultRefused> {
        let mut state = self.0.lock();
        if !state.faults.has_packets() {
            return Err(FaultRefused(format!("{fault} cannot happen: only a key says packets")));
        }
        state.packets.plan(nth, fault);
        Ok(())
    }

    /// How many packets the key has said.
    pub fn packets_said(&self) -> u64 {
        self.0.lock().packets.said()
    }

    /// Nothing goes wrong any more; what is under way ends as it must.
    pub fn no_faults(&self) {
        let mut state = self.0.lock();
        state.faults.clear();
        state.packets.clear();
        state.pull = None;
    }

    /// How many faults have not happened yet; one that happens from then on is always one.
    pub fn faults_to_come(&self) -> usize {
        let state = self.0.lock();
        let pull = usize::from(state.pull.is_some());
        state.faults.len().saturating_add(state.packets.to_come()).saturating_add(pull)
    }

    fn plan(&self, nth: u64, from_then_on: bool, fault: Fault) -> Result<(), FaultRefused> {
        let mut state = self.0.lock();
        state.faults.check(fault)?;
        let at = state.commands.saturating_add(nth);
        state.faults.add(at, from_then_on, fault);
        Ok(())
    }

    /// Holds the card's breath at the `nth` command from now on: it does nothing about it until
    /// [`go_on`](Self::go_on), or it is pulled out. 1 is the next one.
    pub fn hold_at(&self, nth: u64) {
        let mut state = self.0.lock();
        state.hold = Some(state.commands.saturating_add(nth));
    }

    /// Whether the card does nothing about a command.
    pub fn is_held(&self) -> bool {
        self.0.lock().is_held()
    }

    /// Lets the card do what it is asked; nothing is held any more.
    pub fn go_on(&self) {
        self.0.lock().hold = None;
        self.0.changed.notify_all();
    }

    /// Puts the card in again: it starts anew, with what its memory holds.
    pub fn insert(&self) {
        let mut state = self.0.lock();
        if !state.present {
            state.present = true;
            state.power_up();
        }
        self.0.changed.notify_all();
    }

    /// Whether the card is in.
    pub fn is_inserted(&self) -> bool {
        self.0.lock().present
    }

    /// Has it been in for so long already, by its own clock: some things it does only just after it
    /// was put in. False when this machine has not been up for so long.
    pub fn ages(&self, by: Duration) -> bool {
        self.0.lock().age(by)
    }

    /// Takes the power away and gives it back, without moving the card.
    pub fn power_cycle(&self) {
        self.0.lock().power_up();
    }
}

impl std::fmt::Debug for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Holder").finish_non_exhaustive()
    }
}
