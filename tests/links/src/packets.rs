//! Each packet of a key's answers may be the last, get lost, come twice or have another program's
//! before it: an error that says what was wrong, within the deadline; one PIN at most; and the next call
//! clean.

use std::time::Instant;

use authenticator::{CeremonyError, LinkError};
use firmware_sim::{Config, Holder, PacketFault, Simulator};

use crate::conformance::{Link, SOON, back};
use crate::faults::{AFTERWARDS, SHORT, pins, set_up, sign_in};
use crate::{Body, KeyOnUsb};

/// A key that is signed in with, and the file that says what has reached it.
struct Scene {
    body: KeyOnUsb,
    holder: Holder,
    link: Link,
    trace: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let trace = folder.path().join("trace");
        let config = Config { trace: Some(trace.clone()), ..Config::seeded(seed) };
        let body = KeyOnUsb::of(Simulator::start(config).unwrap());
        set_up(&body);
        let (holder, link) = (body.simulator().holder(), body.link());
        Self { body, holder, link, trace, _folder: folder }
    }

    /// How many packets the answers of a sign-in have, over a link that has no channel yet: in each
    /// answer some, so that a packet may be the first, one in the middle and the last.
    fn packets(&mut self) -> u64 {
        self.link = self.body.link();
        let before = self.holder.packets_said();
        sign_in(&mut self.link, SOON).unwrap();
        self.holder.packets_said() - before
    }

    /// A sign-in over a new link, with whose `nth` answer packet this happens.
    fn sign_in(&mut self, nth: u64, fault: PacketFault) -> Result<(), CeremonyError> {
        self.link = self.body.link();
        self.holder.packet_fault_at(nth, fault).unwrap();
        let (begun, before) = (Instant::now(), pins(&self.trace));
        let result = sign_in(&mut self.link, SHORT);
        let (took, pins) = (begun.elapsed(), pins(&self.trace) - before);
        assert!(took < SHORT + AFTERWARDS, "{fault} {nth}: {took:?}");
        assert!(pins <= 1, "{fault} {nth}: {pins} PINs");
        assert_eq!(self.holder.faults_to_come(), 0, "{fault} {nth}: it did not happen");
        result
    }

    /// A key that leaves after its last packet is heard of a moment after the answer.
    fn wait_until_out(&self) {
        let begun = Instant::now();
        while self.holder.is_inserted() {
            assert!(begun.elapsed() < SHORT, "it stays in");
            std::thread::yield_now();
        }
    }

    /// The next sign-in, over the same link if the key stayed in.
    fn is_ready(&mut self, fault: PacketFault, after: &str) {
        if fault == PacketFault::Unplug {
            self.wait_until_out();
            back(&mut self.link, &self.body);
        }
        let next = sign_in(&mut self.link, SOON);
        next.unwrap_or_else(|error| panic!("after {after}: {error:?}"));
    }
}

/// Whatever happens to whichever packet of the answers to a sign-in.
pub fn a_sign_in_survives_whatever_happens_to_a_packet_of_an_answer(seed: u64) {
    let mut scene = Scene::new(seed);
    let packets = scene.packets();
    assert!(packets >= 8, "{packets} packets");
    for fault in PacketFault::ALL {
        let (mut good, mut bad) = (0, 0);
        for nth in 1..=packets {
            let result = scene.sign_in(nth, fault);
            match &result {
                Ok(()) => good += 1,
                Err(_) => bad += 1,
            }
            is_as_expected(fault, nth == packets, &result);
            scene.is_ready(fault, &format!("{fault} {nth}"));
        }
        // Some are needed, and some are not: so both are looked at.
        assert!(good + bad == packets && (fault == PacketFault::Between) == (bad == 0), "{fault}");
    }
}

/// What comes of a sign-in with one of whose packets this has happened.
fn is_as_expected(fault: PacketFault, is_last: bool, result: &Result<(), CeremonyError>) {
    let is_expected = match (fault, result) {
        // The answer was whole by then.
        (PacketFault::Unplug, Ok(())) => is_last,
        (PacketFault::Unplug, Err(CeremonyError::Removed(_))) => !is_last,
        // A second one is not heard where nobody waits any more. Where somebody waits again already, it
        // is no answer to what was asked meanwhile.
        (PacketFault::Between | PacketFault::Repeat, Ok(()))
        | (PacketFault::Repeat, Err(CeremonyError::Malformed))
        | (PacketFault::Lose, Err(CeremonyError::TimedOut)) => true,
        (PacketFault::Lose | PacketFault::Repeat, Err(CeremonyError::Link(error))) => {
            matches!(error, LinkError::Protocol(_) | LinkError::Deadline)
        }
        _ => false,
    };
    assert!(is_expected, "{fault}: {result:?}");
}
