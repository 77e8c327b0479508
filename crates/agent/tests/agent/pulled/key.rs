//! The key: at each packet that goes to it, and after each that comes from it.

use std::time::Instant;

use agent_protocol::CredentialDescriptor;
use firmware_sim::{Holder, Moment, PacketFault};

use super::{Asked, Counted, ENROLMENT, LOGIN, Longest, World, becomes_new, is_proof, is_removal};
use crate::support::server::Server;
use crate::support::{Desktop, Plugged, descriptor, enrol, paired, soon, until};

const PINS: [&str; 3] = ["pin 271828"; 3];

/// More packets than go either way in any ceremony.
const MOST_PACKETS: u64 = 80;

/// When the key is unplugged.
#[derive(Clone, Copy, Debug)]
enum Pull {
    /// At this packet to it, which it does not take.
    At(u64),
    /// After this packet of it.
    After(u64),
}

impl Pull {
    fn plan(self, holder: &Holder) {
        match self {
            Self::At(nth) => holder.remove_at(nth, Moment::Before),
            Self::After(nth) => holder.packet_fault_at(nth, PacketFault::Unplug).unwrap(),
        }
    }
}

struct Scene {
    desktop: Desktop,
    server: Server,
    device: Counted,
    key: Plugged,
    credential: CredentialDescriptor,
    longest: Longest,
}

impl Scene {
    async fn new(seed: u64) -> Self {
        let ((desktop, server), device) = (paired().await, Counted::new(seed));
        let key = desktop.reader.plug_in(&device.simulator);
        desktop.person.will(&PINS);
        server.ask(&enrol(&server, vec![]));
        let credential = descriptor(&server.outcome().await.1);
        let mut scene =
            Self { desktop, server, device, key, credential, longest: Longest::default() };
        scene.starts_again().await;
        scene
    }

    /// An agent that has not counted the prompts before.
    async fn starts_again(&mut self) {
        self.desktop.start();
        self.desktop.reader.plug_back(&mut self.key).await;
        soon(self.desktop.agent().connected()).await;
    }

    fn request(&self, asked: Asked) -> agent_protocol::SignedRequest {
        (asked.request)(&World { server: &self.server, credential: &self.credential })
    }

    /// Asks, and unplugs the key; false when there is no such packet, or it was the last of all.
    async fn pulled(&mut self, pull: Pull, asked: Asked) -> bool {
        let (person, holder) = (&self.desktop.person, self.device.simulator.holder());
        if asked.of_new_device {
            becomes_new(&self.device.simulator);
        }
        let sent = self.device.pins();
        person.starts_anew();
        person.will(&PINS);
        pull.plan(&holder);
        let ticket = self.server.ask(&self.request(asked));
        until(async || !holder.is_inserted() || self.server.has_outcome().await).await;
        let begun = Instant::now();
        // Nobody tells the agent but the wire.
        let told = async || self.server.has_outcome().await || person.looks_for_device() > 0;
        until(told).await;
        if self.server.has_outcome().await {
            let outcome = self.server.outcome().await.1;
            if is_proof(&outcome) {
                let was_whole = matches!(pull, Pull::After(_)) || holder.is_inserted();
                assert!(was_whole, "{pull:?}: {outcome:?}");
                return false;
            }
            assert!(is_removal(&outcome), "{pull:?}: {outcome:?}");
        } else {
            self.server.cancel(&ticket);
        }
        self.longest.note(begun.elapsed(), &format!("{pull:?}"));
        let (sent, typed) = (self.device.pins() - sent, person.pins());
        assert!(sent <= asked.pins && typed <= asked.pins, "{pull:?}: {sent} PINs, {typed} typed");
        self.desktop.reader.is_unplugged(&self.key);
        holder.insert();
        self.desktop.reader.plug_back(&mut self.key).await;
        assert_eq!(person.pins(), typed, "{pull:?}: asked again by itself");
        self.tries_again(asked, pull).await;
        true
    }

    /// The same agent, asked once more.
    async fn tries_again(&mut self, asked: Asked, pull: Pull) {
        self.desktop.person.will(&PINS);
        self.server.ask(&self.request(asked));
        let outcome = self.server.outcome().await.1;
        assert!(is_proof(&outcome), "after {pull:?}: {outcome:?}");
        self.starts_again().await;
    }
}

async fn at_every_packet(seed: u64, asked: Asked) {
    let mut scene = Scene::new(seed).await;
    for pull in [Pull::At, Pull::After] {
        let mut packets = 0;
        while scene.pulled(pull(packets + 1), asked).await {
            packets += 1;
            assert!(packets < MOST_PACKETS);
        }
        assert!(packets >= 8, "{packets} packets");
        let holder = scene.device.simulator.holder();
        holder.no_faults();
        holder.insert();
        scene.starts_again().await;
    }
    scene.longest.print("key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_be_unplugged_at_every_packet_of_a_login() {
    at_every_packet(93, LOGIN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_may_be_unplugged_at_every_packet_of_its_enrolment() {
    at_every_packet(94, ENROLMENT).await;
}
