use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use authenticator::{CeremonyLink, Unshared};
use firmware_sim::{Config, Pcscd, Simulator, VirtualCard, VirtualKey};
use link_hid::{HidLink, Hidraw};
use link_pcsc::{Event, Monitor, Options, PcscLink};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(10);

/// An authenticator that is reached in one of the ways that there are.
pub trait Body {
    /// Whether keepalives come through. A card in a reader has no way to tell.
    const TELLS_KEEPALIVES: bool;
    /// What the simulator calls it.
    const WAY: firmware_sim::Body;

    /// The authenticator behind it.
    fn simulator(&self) -> &Simulator;

    /// A link to the authenticator, which was put in or put back; waits until it is there.
    fn link(&self) -> Box<dyn CeremonyLink>;

    /// Waits until everybody has noticed that the authenticator was pulled out.
    fn wait_until_gone(&self) {}
}

fn simulator(seed: u64) -> Simulator {
    Simulator::start(Config::seeded(seed)).unwrap()
}

/// The simulator's own link, to which the others are compared.
pub struct InProcess(Simulator);

impl InProcess {
    /// An authenticator in this process.
    pub fn new(seed: u64) -> Self {
        Self::of(simulator(seed))
    }

    /// This authenticator.
    pub fn of(simulator: Simulator) -> Self {
        Self(simulator)
    }
}

impl Body for InProcess {
    const TELLS_KEEPALIVES: bool = true;
    const WAY: firmware_sim::Body = firmware_sim::Body::Link;

    fn simulator(&self) -> &Simulator {
        &self.0
    }

    fn link(&self) -> Box<dyn CeremonyLink> {
        Box::new(Unshared(self.0.link()))
    }
}

/// A key behind the socket that stands for its device node.
pub struct KeyOnUsb {
    folder: TempDir,
    _key: VirtualKey,
    simulator: Simulator,
}

impl KeyOnUsb {
    /// A key that is plugged in.
    pub fn new(seed: u64) -> Self {
        Self::of(simulator(seed))
    }

    /// This authenticator is the key.
    pub fn of(simulator: Simulator) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = simulator.key(&folder.path().join("key")).unwrap();
        Self { folder, _key: key, simulator }
    }
}

impl Body for KeyOnUsb {
    const TELLS_KEEPALIVES: bool = true;
    const WAY: firmware_sim::Body = firmware_sim::Body::Key;

    fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    fn link(&self) -> Box<dyn CeremonyLink> {
        over(Hidraw::connect(&self.folder.path().join("key")).unwrap())
    }
}

/// Each link has nonces of its own.
fn over(wire: Hidraw) -> Box<dyn CeremonyLink> {
    static NONCES: AtomicU64 = AtomicU64::new(1);
    let nonces = || NONCES.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Box::new(Unshared(HidLink::new(wire, nonces)))
}

/// A key that the kernel takes for one on USB, found as the agent finds it. Needs root, the kernel's
/// `uhid`, and no other key.
pub struct KeyOfKernel {
    events: Receiver<link_hid::Event>,
    _monitor: link_hid::Monitor,
    _key: VirtualKey,
    simulator: Simulator,
}

impl KeyOfKernel {
    /// A key that is plugged in.
    pub fn new(seed: u64) -> Self {
        let (sender, events) = channel();
        let monitor = link_hid::Monitor::start(move |event| drop(sender.send(event))).unwrap();
        let simulator = simulator(seed);
        let key = simulator.key_on_usb().unwrap();
        Self { events, _monitor: monitor, _key: key, simulator }
    }
}

impl Body for KeyOfKernel {
    const TELLS_KEEPALIVES: bool = true;
    const WAY: firmware_sim::Body = firmware_sim::Body::Key;

    fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    fn link(&self) -> Box<dyn CeremonyLink> {
        loop {
            let event = self.events.recv_timeout(SOON).expect("the key never came");
            if let link_hid::Event::KeyInserted(key) = event {
                return over(Hidraw::open(&key.node).unwrap());
            }
        }
    }

    fn wait_until_gone(&self) {
        let gone = |event| matches!(event, link_hid::Event::KeyRemoved { .. });
        while !gone(self.events.recv_timeout(SOON).expect("the key never went")) {}
    }
}

/// A card in the reader of a pcscd of its own.
pub struct CardInReader {
    events: Receiver<Event>,
    _monitor: Monitor,
    _card: VirtualCard,
    simulator: Simulator,
}

impl CardInReader {
    /// A card that is inserted.
    pub fn new(pcscd: &Pcscd, seed: u64) -> Self {
        Self::of(pcscd, simulator(seed))
    }

    /// This authenticator is the card.
    pub fn of(pcscd: &Pcscd, simulator: Simulator) -> Self {
        let card = simulator.card(&pcscd.first_reader()).unwrap();
        assert!(card.wait_until_powered(SOON));
        let (sender, events) = channel();
        let monitor = Monitor::start(move |event| drop(sender.send(event))).unwrap();
        Self { events, _monitor: monitor, _card: card, simulator }
    }
}

impl Body for CardInReader {
    const TELLS_KEEPALIVES: bool = false;
    const WAY: firmware_sim::Body = firmware_sim::Body::Card;

    fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    fn link(&self) -> Box<dyn CeremonyLink> {
        loop {
            let event = self.events.recv_timeout(SOON).expect("the card never came");
            if let Event::CardInserted(card) = event {
                return Box::new(PcscLink::new(&card, Options::default()));
            }
        }
    }

    fn wait_until_gone(&self) {
        let gone = |event| matches!(event, Event::CardRemoved { .. });
        while !gone(self.events.recv_timeout(SOON).expect("the card never went")) {}
    }
}
