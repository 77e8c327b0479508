//! Watches readers and cards, on a thread and a connection of its own: a connection serves one call
//! at a time, and this one waits.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pcsc::{PNP_NOTIFICATION, ReaderState, State};

use crate::Event;
use crate::readers::{Observation, Readers};
use crate::service::{Connection, Pcsc, Service};

mod again;
mod shared;

use again::{Again, BEGUN};
use shared::Shared;

/// First and longest wait before a service that is not there is tried again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// How long a wait may take. On Linux it ends when something happens, and without an end libpcsclite
/// would wake by itself each minute. Where readers are not reported at all, this is how often the list is
/// read again.
const WAIT: Duration = Duration::from_secs(if cfg!(target_os = "linux") { 24 * 3600 } else { 2 });

/// Reports what happens at the readers until it is dropped.
pub struct Monitor {
    /// Ends the threads.
    stop: Box<dyn Fn() + Send + Sync>,
    threads: Vec<JoinHandle<()>>,
}

impl Monitor {
    /// Starts to watch. `on_event` is called on the monitor's thread, first for what is there
    /// already; it should not block.
    ///
    /// # Errors
    ///
    /// When no thread can be started. A missing service is no error but an event.
    pub fn start(on_event: impl FnMut(Event) + Send + 'static) -> io::Result<Self> {
        Self::of(Arc::new(Pcsc), on_event, BEGUN)
    }

    /// The same at a service; `begun`: how long after it was asked for a wait has begun.
    fn of<S: Service>(
        service: Arc<S>,
        on_event: impl FnMut(Event) + Send + 'static,
        begun: [Duration; 2],
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::new());
        let again = Again { service: Arc::clone(&service), shared: Arc::clone(&shared), begun };
        let watch = Watch {
            service,
            shared: Arc::clone(&shared),
            readers: Readers::default(),
            states: BTreeMap::new(),
            on_event: Box::new(on_event),
        };
        let thread = |name: &str| thread::Builder::new().name(name.into());
        let threads = vec![thread("card readers").spawn(move || watch.run())?];
        // It is dropped, and the watch ends, if there is no second thread.
        let mut monitor = Self { stop: Box::new(move || shared.stop()), threads };
        monitor.threads.push(thread("list of readers").spawn(move || again.run())?);
        Ok(monitor)
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        (self.stop)();
        for thread in self.threads.drain(..) {
            // A panic of `on_event` was printed where it happened.
            let _ = thread.join();
        }
    }
}

struct Watch<S: Service> {
    service: Arc<S>,
    shared: Arc<Shared<S::Connection>>,
    readers: Readers,
    /// The state of each reader as the service last told it, which it compares with.
    states: BTreeMap<CString, ReaderState>,
    on_event: Box<dyn FnMut(Event) + Send>,
}

impl<S: Service> Drop for Watch<S> {
    fn drop(&mut self) {
        self.shared.is_done();
    }
}

impl<S: Service> Watch<S> {
    fn run(mut self) {
        let mut back_off = BACK_OFF.0;
        let mut was_up = None;
        while !self.shared.is_stopped() {
            let error = match self.service.connect() {
                Ok(connection) => {
                    back_off = BACK_OFF.0;
                    was_up = Some(true);
                    (self.on_event)(Event::ServiceUp);
                    self.watch(&connection)
                }
                Err(error) => error,
            };
            if self.shared.is_stopped() {
                break;
            }
            if was_up != Some(false) {
                was_up = Some(false);
                self.forget();
                (self.on_event)(Event::ServiceDown(error));
            }
            self.shared.pause(back_off);
            back_off = back_off.saturating_mul(2).min(BACK_OFF.1);
        }
    }

    fn forget(&mut self) {
        let mut events = Vec::new();
        self.readers.clear(&mut events);
        self.states.clear();
        events.into_iter().for_each(&mut self.on_event);
    }

    /// Reports until the service is gone or the end has come. A restart of the service shows as
    /// an error of the wait, while the connection still calls itself valid.
    fn watch(&mut self, connection: &S::Connection) -> pcsc::Error {
        loop {
            if self.shared.is_stopped() {
                return pcsc::Error::Cancelled;
            }
            if let Err(error) = self.look(connection) {
                return error;
            }
        }
    }

    /// Reads the list, waits for a change, and reports it.
    fn look(&mut self, connection: &S::Connection) -> Result<(), pcsc::Error> {
        let names = connection.names()?;
        let mut events = Vec::new();
        self.readers.list(&names, &mut events);
        events.into_iter().for_each(&mut self.on_event);

        let mut states = self.states_to_wait_on();
        let wait = || connection.wait(WAIT, &mut states);
        match self.shared.wait(connection, names, wait) {
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

#[cfg(test)]
mod tests;
