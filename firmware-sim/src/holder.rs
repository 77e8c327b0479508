//! The person who holds the card: touches it, refuses, is slow, pulls it out.
//!
//! The PIN is not the card's business: whoever drives the client types it.

use std::sync::Arc;
use std::time::Duration;

use crate::shared::Shared;

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
        self.0.lock().remove();
        self.0.changed.notify_all();
    }

    /// Pulls the card out at the `nth` command from now on; 1 is the next one.
    pub fn remove_at(&self, nth: u64, moment: Moment) {
        let mut state = self.0.lock();
        state.pull = Some((state.commands.saturating_add(nth), moment));
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
