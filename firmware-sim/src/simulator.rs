use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use crate::firmware::{self, Input, Job, PowerOff};
use crate::flash::Flash;
use crate::holder::Holder;
use crate::shared::{Shared, Ticket};
use crate::trace::Trace;
use crate::{Config, SimLink, attestation, factory};

/// Debug builds of the firmware like a deep stack.
const STACK: usize = 8 * 1024 * 1024;

/// An authenticator that is switched on: real firmware in a thread of its own. It ends when this
/// is dropped.
pub struct Simulator {
    pub(crate) shared: Arc<Shared>,
    pub(crate) jobs: Sender<Job>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Switches an authenticator on.
    ///
    /// # Errors
    ///
    /// When the state file cannot be used, or there is no thread to be had.
    pub fn start(config: Config) -> io::Result<Self> {
        config.check()?;
        let (flash, is_new) = memory(&config)?;
        let shared = Arc::new(Shared::new(&config));
        let (jobs, queue) = mpsc::channel();
        let config = Arc::new(config);
        let (worker, firmware) = (Arc::clone(&shared), Arc::clone(&config));
        let thread = thread::Builder::new()
            .name("firmware".into())
            .stack_size(STACK)
            .spawn(move || run(flash, &firmware, &worker, &queue))?;
        let simulator = Self::of(shared, jobs, thread);
        if is_new && let Err(error) = factory::prepare(&simulator, &config) {
            drop(simulator);
            // Half of what it shall be: the next start would take it for whole.
            if let Some(state) = &config.state {
                let _ = std::fs::remove_file(state);
            }
            return Err(error);
        }
        if let Some(path) = &config.trace {
            simulator.shared.trace_to(Trace::create(path)?);
        }
        Ok(simulator)
    }

    /// One whose thread does the jobs.
    pub(crate) fn of(shared: Arc<Shared>, jobs: Sender<Job>, thread: JoinHandle<()>) -> Self {
        Self { shared, jobs, thread: Some(thread) }
    }

    /// The person who holds it.
    pub fn holder(&self) -> Holder {
        Holder(Arc::clone(&self.shared))
    }

    /// A link in this process. It is dead once the card is pulled out; take another after that.
    pub fn link(&self) -> SimLink {
        SimLink::new(Arc::clone(&self.shared), self.jobs.clone())
    }

    /// Has the firmware answer a command, without a body; `None` when it has ended.
    pub(crate) fn ask(&self, input: Input) -> Option<Vec<u8>> {
        let (answer, answers) = mpsc::channel();
        self.jobs.send(Job { input, ticket: Ticket::default(), answer }).ok()?;
        answers.recv().ok()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.end_for_good();
        let (unused, _) = mpsc::channel();
        // Links may still hold the queue open: a last job wakes the thread, which then ends.
        let _ = self.jobs.send(Job::last(unused));
        if let Some(thread) = self.thread.take() {
            // A panic of the firmware has been printed by its own thread.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").finish_non_exhaustive()
    }
}

/// The flash memory, and whether it is new.
fn memory(config: &Config) -> io::Result<(Flash, bool)> {
    let (mut flash, is_new) = match &config.state {
        Some(path) => Flash::open(path)?,
        None => (Flash::formatted()?, true),
    };
    let made = config.aaguid.and_then(|aaguid| attestation::certificate::of(aaguid, config.seed));
    if is_new && let Some(given) = config.attestation.as_ref().or(made.as_ref()) {
        attestation::install(&mut flash, given)?;
    }
    Ok((flash, is_new))
}

/// The firmware's thread: one power-up after the other. The firmware is made here because it
/// cannot move between threads.
fn run(mut flash: Flash, config: &Config, shared: &Arc<Shared>, jobs: &Receiver<Job>) {
    let mut pending = None;
    while let Ok(PowerOff::Restart(job)) =
        firmware::power_up(&mut flash, config, shared, jobs, pending.take())
    {
        pending = Some(job);
    }
}
