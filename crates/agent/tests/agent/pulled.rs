//! A card is pulled out at every command, and a key at every packet: nothing is proved, no PIN goes out
//! but the one that was typed, the person is told at once, and the next try with the same agent is as
//! good as any.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use agent_protocol::{Outcome, Refused, SignedRequest};
use authenticator::{Control, CtapLink as _};
use firmware_sim::{Config, Simulator};

use crate::killed::TOLD;
use crate::support::{Folder, SOON};

mod card;
mod errands;
mod key;

/// Between two looks at whether a device is out.
const LOOK: Duration = Duration::from_millis(5);

/// Longer than pcscd looks away from a virtual reader. A card that is back before it has looked is lost
/// to it until it is taken out again: it has noted, by a reset that failed, that there is none, and has
/// not seen one come.
pub(crate) const SEEN: Duration = Duration::from_millis(600);

/// What is asked of a device, and how many PINs reach it at the most: one that is new is set, and then
/// entered.
#[derive(Clone, Copy)]
struct Asked {
    request: fn(&World<'_>) -> SignedRequest,
    pins: usize,
    /// Whether it is to be as new before.
    of_new_device: bool,
}

/// What a request is made of.
struct World<'a> {
    server: &'a crate::support::server::Server,
    credential: &'a agent_protocol::CredentialDescriptor,
}

const LOGIN: Asked = Asked {
    request: |world| crate::support::login(world.server, vec![world.credential.clone()]),
    pins: 1,
    of_new_device: false,
};

const ENROLMENT: Asked = Asked {
    request: |world| crate::support::enrol(world.server, vec![]),
    pins: 2,
    of_new_device: true,
};

/// A device whose PINs are counted on their way in.
struct Counted {
    simulator: Arc<Simulator>,
    trace: PathBuf,
    _folder: Folder,
}

impl Counted {
    fn new(seed: u64) -> Self {
        let folder = Folder::new();
        let trace = folder.path().join("trace");
        let config = Config { trace: Some(trace.clone()), ..Config::seeded(seed) };
        Self { simulator: Arc::new(Simulator::start(config).unwrap()), trace, _folder: folder }
    }

    /// How many PINs have reached it so far.
    fn pins(&self) -> usize {
        pins(&self.trace)
    }
}

/// How many requests with a PIN are in a trace: it does not tell them, and nothing else of what is said
/// to the device.
fn pins(trace: &Path) -> usize {
    let text = std::fs::read_to_string(trace).unwrap();
    text.lines().filter(|line| line.contains(" > ") && line.contains('{')).count()
}

/// The device forgets everything, by the simulator's own link.
fn becomes_new(simulator: &Simulator) {
    simulator.holder().power_cycle();
    let cancel = AtomicBool::new(false);
    let deadline = Instant::now() + SOON;
    let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
    assert_eq!(simulator.link().call(&[0x07], &mut control).unwrap(), [0x00]);
}

fn is_proof(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Assertion(_) | Outcome::Registration(_))
}

fn is_removal(outcome: &Outcome) -> bool {
    *outcome == Outcome::Refused(Refused::Removed)
}

/// The longest time from the pull to the word about it.
#[derive(Default)]
pub(crate) struct Longest {
    pub(crate) time: Duration,
    pulls: usize,
}

impl Longest {
    pub(crate) fn note(&mut self, time: Duration, what: &str) {
        assert!(time < TOLD, "{what}: told after {time:?}");
        self.time = self.time.max(time);
        self.pulls += 1;
    }

    pub(crate) fn print(&self, what: &str) {
        println!("{what}: pulled {} times, told within {:?}", self.pulls, self.time);
    }
}
