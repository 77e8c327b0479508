//! Watches readers and cards, on a thread and a context of its own: a context serves one call at
//! a time, and this one waits.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pcsc::{Context, PNP_NOTIFICATION, ReaderState, Scope, State};

use crate::Event;
use crate::readers::{Observation, Readers};

/// First and longest wait before a service that is not there is tried again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// A reader that arrives after the list was read and before the wait began is reported by nobody,
/// and not every platform reports readers at all: the list is read again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(if cfg!(target_os = "linux") { 10 } else { 2 });
/// How often a wait that is about to begin is cancelled again: a cancel that comes too early is lost.
const CANCEL_AGAIN: Duration = Duration::from_millis(5);

/// Reports what happens at the readers until it is dropped.
pub struct Monitor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<Stop>,
    changed: Condvar,
}

#[derive(Default)]
struct Stop {
    asked: bool,
    done: bool,
    context: Option<Context>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Stop> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Monitor {
    /// Starts to watch. `on_event` is called on the monitor's thread, first for what is there
    /// already; it should not block.
    ///
    /// # Errors
    ///
    /// When no thread can be started. A missing service is no error but an event.
    pub fn start(on_event: impl FnMut(Event) + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let watch = Watch {
            shared: Arc::clone(&shared),
            readers: Readers::default(),
            states: BTreeMap::new(),
            on_event: Box::new(on_event),
        };
        let thread =
            thread::Builder::new().name("card readers".into()).spawn(move || watch.run())?;
        Ok(Self { shared, thread: Some(thread) })
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.asked = true;
        self.shared.changed.notify_all();
        while !state.done {
            if let Some(context) = &state.context {
                // Fails when the service is gone; then the thread finds that out by itself.
                let _ = context.cancel();
            }
            let waited = self.shared.changed.wait_timeout(state, CANCEL_AGAIN);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        if let Some(thread) = self.thread.take() {
            // A panic of `on_event` was printed where it happened.
            let _ = thread.join();
        }
    }
}

/// Names of the readers that are there.
pub(crate) fn names(context: &Context) -> Result<Vec<CString>, pcsc::Error> {
    match context.list_readers_owned() {
        Err(pcsc::Error::NoReadersAvailable) => Ok(Vec::new()),
        names => names,
    }
}

struct Watch {
    shared: Arc<Shared>,
    readers: Readers,
    /// The state of each reader as the service last told it, which it compares with.
    states: BTreeMap<CString, ReaderState>,
    on_event: Box<dyn FnMut(Event) + Send>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.done = true;
        state.context = None;
        self.shared.changed.notify_all();
    }
}

impl Watch {
    fn run(mut self) {
        let mut back_off = BACK_OFF.0;
        let mut was_up = None;
        while !self.stopped() {
            let error = match Context::establish(Scope::User) {
                Ok(context) => {
                    back_off = BACK_OFF.0;
                    was_up = Some(true);
                    (self.on_event)(Event::ServiceUp);
                    self.shared.lock().context = Some(context.clone());
                    let error = self.watch(&context);
                    self.shared.lock().context = None;
                    error
                }
                Err(error) => error,
            };
            if self.stopped() {
                break;
            }
            if was_up != Some(false) {
                was_up = Some(false);
                self.forget();
                (self.on_event)(Event::ServiceDown(error));
            }
            self.wait(back_off);
            back_off = back_off.saturating_mul(2).min(BACK_OFF.1);
        }
    }

    fn stopped(&self) -> bool {
        self.shared.lock().asked
    }

    /// Waits for `time`, or for the end.
    fn wait(&self, time: Duration) {
        let state = self.shared.lock();
        let waited = self.shared.changed.wait_timeout_while(state, time, |state| !state.asked);
        drop(waited);
    }

    fn forget(&mut self) {
        let mut events = Vec::new();
        self.readers.clear(&mut events);
        self.states.clear();
        events.into_iter().for_each(&mut self.on_event);
    }

    /// Reports until the service is gone or the end has come. A restart of the service shows as
    /// an error of the wait, while the context still calls itself valid.
    fn watch(&mut self, context: &Context) -> pcsc::Error {
        loop {
            if self.stopped() {
                return pcsc::Error::Cancelled;
            }
            if let Err(error) = self.look(context) {
                return error;
            }
        }
    }

    /// Reads the list, waits for a change, and reports it.
    fn look(&mut self, context: &Context) -> Result<(), pcsc::Error> {
        let names = names(context)?;
        let mut events = Vec::new();
        self.readers.list(&names, &mut events);
        events.into_iter().for_each(&mut self.on_event);

        let mut states = self.states_to_wait_on();
        let changed = context.get_status_change(LOOK_AGAIN, &mut states);
        match changed {
            Ok(()) => self.take_in(states),
            Err(pcsc::Error::Timeout | pcsc::Error::Cancelled) => self.keep(states),
            // A reader of the list is gone by now. What the others did is told next time.
            Err(pcsc::Error::UnknownReader | pcsc::Error::ReaderUnavailable) => self.states.clear(),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn states_to_wait_on(&mut self) -> Vec<ReaderState> {
        let mut known = std::mem::take(&mut self.states);
        let names = self.readers.names().map(CString::as_c_str).chain([PNP_NOTIFICATION()]);
        let states = names.map(|name| {
            known.remove(name).unwrap_or_else(|| ReaderState::new(name, State::UNAWARE))
        });
        states.collect()
    }

    #[expect(clippy::disallowed_methods, reason = "this is a device adapter: a card comes now")]
    fn take_in(&mut self, mut states: Vec<ReaderState>) {
        let now = Instant::now();
        let mut events = Vec::new();
        for state in &mut states {
            if state.name() != PNP_NOTIFICATION() {
                let seen = Observation::of(state);
                self.readers.observe(state.name(), &seen, now, &mut events);
            }
            state.sync_current_state();
        }
        self.keep(states);
        events.into_iter().for_each(&mut self.on_event);
    }

    fn keep(&mut self, states: Vec<ReaderState>) {
        self.states = states.into_iter().map(|state| (state.name().to_owned(), state)).collect();
    }
}
