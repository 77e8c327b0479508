//! The smart card service is killed, and the agent is, at every command that a login sends to the
//! card: nothing is proved, the PIN goes to the card once at most, and the next try is as good as
//! any.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agent_protocol::{CredentialDescriptor, Outcome, Refused, SignedRequest, Ticket};
use firmware_sim::{Holder, Pcscd, Simulator, VirtualCard, isolated};

use crate::program::{Desk, runtime};
use crate::support::server::Server;
use crate::support::{descriptor, enrol, login, new_card, until};

pub(crate) const PIN: &str = "canary-PIN-8";

/// More commands than any login has.
pub(crate) const MOST_STEPS: u64 = 40;

/// When something is said at the latest. Two seconds are promised, of a computer that does nothing
/// else; here many tests run at once.
pub(crate) const TOLD: Duration = Duration::from_secs(8);

/// A desktop with an enrolled card in a real reader.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) desk: Desk,
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) holder: Holder,
    pub(crate) card: Option<VirtualCard>,
    pub(crate) credential: CredentialDescriptor,
}

impl World {
    async fn new(pcscd: &Pcscd, seed: u64) -> Self {
        Self::of(pcscd, &new_card(seed)).await
    }

    /// With this one for the card.
    pub(crate) async fn of(pcscd: &Pcscd, simulator: &Arc<Simulator>) -> Self {
        let (simulator, server) = (Arc::clone(simulator), Server::start().await);
        let card = Some(simulator.card(&pcscd.first_reader()).unwrap());
        let desk = Desk::new(pcscd).await;
        desk.pair(&server).await;
        let holder = simulator.holder();
        desk.person.will(&[&format!("pin {PIN}"), &format!("pin {PIN}"), &format!("pin {PIN}")]);
        is_ready(&desk).await;
        server.ask(&enrol(&server, vec![]));
        let credential = descriptor(&server.outcome().await.1);
        Self { server, desk, simulator, holder, card, credential }
    }

    /// Asks for a login that is held at its `nth` command; `false` when it has no such command.
    async fn held_at(&self, nth: u64) -> bool {
        self.holder.hold_at(nth);
        self.ask_for_login();
        until(async || self.holder.is_held() || self.server.has_outcome().await).await;
        if self.holder.is_held() {
            return true;
        }
        let outcome = self.server.outcome().await.1;
        assert!(matches!(outcome, Outcome::Assertion(_)), "{outcome:?}");
        false
    }

    /// Asks for a login; the person has the PIN ready.
    pub(crate) fn ask_for_login(&self) -> Ticket {
        self.desk.person.will(&[&format!("pin {PIN}")]);
        self.server.ask(&self.login())
    }

    pub(crate) fn login(&self) -> SignedRequest {
        login(&self.server, vec![self.credential.clone()])
    }
}

pub(crate) async fn is_ready(desk: &Desk) {
    desk.until(|status| {
        // One that was just started may know of none yet.
        status.enrolments.iter().any(|info| info.connected)
            && status.devices.iter().any(|name| name.contains("Virtual PCD"))
    })
    .await;
}

#[test]
fn the_service_may_be_killed_at_every_command() {
    isolated::run(|pcscd| runtime().block_on(kill_the_service(pcscd))).unwrap();
}

async fn kill_the_service(pcscd: &Pcscd) {
    let mut world = World::new(pcscd, 81).await;
    let directory = pcscd.socket().parent().unwrap().to_owned();
    let mut again = None;
    let mut id = pcscd.id();
    let mut steps = 0;
    while world.held_at(steps + 1).await {
        steps += 1;
        assert!(steps < MOST_STEPS);
        let person = &world.desk.person;
        let (asked, questions) = (person.pins(), person.questions());
        kill(id);
        let begun = Instant::now();
        // Before the PIN it may also be that the agent asks for a card. Which of the two it is must be
        // known before the agent is killed: an outcome on its way would be taken for the next one's.
        let told = async || world.server.has_outcome().await || person.questions() > questions;
        until(told).await;
        assert!(begun.elapsed() < TOLD, "step {steps}: {:?}", begun.elapsed());
        if world.server.has_outcome().await {
            let outcome = world.server.outcome().await.1;
            assert_eq!(outcome, Outcome::Refused(Refused::Removed), "step {steps}");
        }
        assert_eq!(person.pins(), asked, "step {steps}: asked again by itself");
        // The next try, with an agent that has not counted the prompts before.
        world.desk.kill().await;
        drop((world.card.take(), again.take()));
        world.holder.go_on();
        let service = Pcscd::start_in(&directory).unwrap();
        world.card = Some(world.simulator.card(&service.first_reader()).unwrap());
        id = service.id();
        again = Some(service);
        world.desk.start_again().await;
        is_ready(&world.desk).await;
    }
    assert!(steps >= 8, "{steps} commands");
    assert!(!world.desk.log().contains(PIN), "the PIN is in the log");
}

#[test]
fn the_same_agent_signs_in_when_the_service_is_back() {
    isolated::run(|pcscd| runtime().block_on(outlive_the_service(pcscd))).unwrap();
}

async fn outlive_the_service(pcscd: &Pcscd) {
    let mut world = World::new(pcscd, 83).await;
    let (directory, agent) = (pcscd.socket().parent().unwrap().to_owned(), world.desk.id());
    // By then the person has entered the PIN: the login is over with its card.
    assert!(world.held_at(8).await, "no such command");
    kill(pcscd.id());
    let outcome = world.server.outcome().await.1;
    assert_eq!(outcome, Outcome::Refused(Refused::Removed));
    world.desk.until(|status| status.devices.is_empty()).await;
    drop(world.card.take());
    world.holder.go_on();
    let service = Pcscd::start_in(&directory).unwrap();
    world.card = Some(world.simulator.card(&service.first_reader()).unwrap());
    is_ready(&world.desk).await;
    world.ask_for_login();
    let outcome = world.server.outcome().await.1;
    assert!(matches!(outcome, Outcome::Assertion(_)), "{outcome:?}");
    assert_eq!(world.desk.id(), agent);
    assert!(!world.desk.log().contains(PIN), "the PIN is in the log");
}

fn kill(id: u32) {
    let id = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn the_agent_may_be_killed_at_every_command() {
    isolated::run(|pcscd| runtime().block_on(kill_the_agent(pcscd))).unwrap();
}

async fn kill_the_agent(pcscd: &Pcscd) {
    let mut world = World::new(pcscd, 82).await;
    let mut steps = 0;
    while world.held_at(steps + 1).await {
        steps += 1;
        assert!(steps < MOST_STEPS);
        world.desk.kill().await;
        world.holder.go_on();
        world.desk.start_again().await;
        is_ready(&world.desk).await;
        assert!(!world.server.has_outcome().await, "step {steps}: a proof of a dead agent");
        // It knows the account: so the look is one.
        assert_eq!(
            remembers(world.desk.id(), "ada@acme.example"),
            rustix::process::geteuid().is_root()
        );
        assert!(!remembers(world.desk.id(), PIN), "step {steps}: the successor knows the PIN");
    }
    assert!(steps >= 8, "{steps} commands");
    assert!(!world.desk.log().contains(PIN), "the PIN is in the log");
}

/// Whether `canary` stands anywhere in the memory of a process. Only root may look.
fn remembers(id: u32, canary: &str) -> bool {
    use std::os::unix::fs::FileExt as _;
    let Ok(memory) = std::fs::File::open(format!("/proc/{id}/mem")) else { return false };
    let maps = std::fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
    let writable = maps.lines().filter(|line| line.contains(" rw"));
    writable.filter_map(range).any(|(from, to)| {
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        let read = memory.read_at(&mut bytes, from).unwrap_or(0);
        bytes[..read].windows(canary.len()).any(|window| window == canary.as_bytes())
    })
}

fn range(line: &str) -> Option<(u64, u64)> {
    let (from, to) = line.split_whitespace().next()?.split_once('-')?;
    Some((u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?))
}
