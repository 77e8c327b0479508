//! What the threads of a monitor know of each other.

use std::ffi::CString;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::service::Connection;

/// How often a wait that is about to begin is cancelled again: a cancel that comes too early is lost.
const CANCEL_AGAIN: Duration = Duration::from_millis(5);

pub(super) struct Shared<C> {
    state: Mutex<State<C>>,
    changed: Condvar,
}

struct State<C> {
    /// Whether the end is wanted.
    asked: bool,
    /// Whether the watch has ended.
    done: bool,
    /// How many waits have begun.
    waits: u64,
    /// The wait that is under way, or about to begin.
    wait: Option<Wait<C>>,
}

struct Wait<C> {
    connection: C,
    /// The readers that it knows of.
    known: Vec<CString>,
}

impl<C: Connection> Shared<C> {
    pub(super) fn new() -> Self {
        let state = State { asked: false, done: false, waits: 0, wait: None };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.lock().asked
    }

    /// Ends the watch, and waits until it has ended.
    pub(super) fn stop(&self) {
        self.lock().asked = true;
        self.changed.notify_all();
        self.cancel_while(|state| !state.done);
    }

    /// The watch has ended.
    pub(super) fn is_done(&self) {
        let mut state = self.lock();
        (state.done, state.wait) = (true, None);
        self.changed.notify_all();
    }

    /// Waits for `time`, or for the end.
    pub(super) fn pause(&self, time: Duration) {
        let state = self.lock();
        drop(self.changed.wait_timeout_while(state, time, |state| !state.asked));
    }

    /// Runs a wait that knows of these readers.
    pub(super) fn wait<T>(
        &self,
        connection: &C,
        known: Vec<CString>,
        run: impl FnOnce() -> T,
    ) -> T {
        let mut state = self.lock();
        state.waits = state.waits.wrapping_add(1);
        state.wait = Some(Wait { connection: connection.clone(), known });
        self.changed.notify_all();
        drop(state);
        let result = run();
        self.lock().wait = None;
        result
    }

    /// Waits until a wait is under way that is not the one of this number. `None`: the end comes.
    pub(super) fn next_wait(&self, last: u64) -> Option<u64> {
        let is_none =
            |state: &mut State<C>| !state.asked && (state.waits == last || state.wait.is_none());
        let state = self.changed.wait_while(self.lock(), is_none);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        (!state.asked).then_some(state.waits)
    }

    /// The readers that a wait knows of, if it is still under way after `time`.
    pub(super) fn known_after(&self, time: Duration, wait: u64) -> Option<Vec<CString>> {
        let lasts = |state: &mut State<C>| state.lasts(wait);
        let state = self.changed.wait_timeout_while(self.lock(), time, lasts);
        let state = state.unwrap_or_else(PoisonError::into_inner).0;
        if state.lasts(wait) { state.wait.as_ref().map(|wait| wait.known.clone()) } else { None }
    }

    /// Ends a wait.
    pub(super) fn interrupt(&self, wait: u64) {
        self.cancel_while(|state| state.lasts(wait));
    }

    fn cancel_while(&self, lasts: impl Fn(&mut State<C>) -> bool) {
        let mut state = self.lock();
        while lasts(&mut state) {
            if let Some(wait) = &state.wait {
                wait.connection.cancel();
            }
            let waited = self.changed.wait_timeout(state, CANCEL_AGAIN);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl<C> State<C> {
    fn lasts(&self, wait: u64) -> bool {
        !self.asked && self.waits == wait && self.wait.is_some()
    }
}
