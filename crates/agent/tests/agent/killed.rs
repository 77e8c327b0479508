//! The smart card service is killed, and the agent is, at every command that a login sends to the
//! card: nothing is proved, the PIN goes to the card once at most, and the next try is as good as
//! any.

use std::time::{Duration, Instant};

use agent_protocol::{CredentialDescriptor, Outcome, Refused};
use firmware_sim::{Config, Holder, Pcscd, Simulator, VirtualCard, isolated};

use crate::program::{Desk, runtime};
use crate::support::server::Server;
use crate::support::{descriptor, enrol, login, until};

const PIN: &str = "canary-PIN-8";

/// More commands than any login has.
const MOST_STEPS: u64 = 40;

/// When something is said at the latest. Two seconds are promised, of a computer that does nothing
/// else; here many tests run at once.
const TOLD: Duration = Duration::from_secs(8);

/// A desktop with an enrolled card in a real reader.
struct World {
    server: Server,
    desk: Desk,
    simulator: Simulator,
    holder: Holder,
    card: Option<VirtualCard>,
    credential: CredentialDescriptor,
}

impl World {
    async fn new(pcscd: &Pcscd, seed: u64) -> Self {
        let (simulator, server) =
            (Simulator::start(Config::seeded(seed)).unwrap(), Server::start().await);
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
        self.desk.person.will(&[&format!("pin {PIN}")]);
        self.server.ask(&login(&self.server, vec![self.credential.clone()]));
        until(async || self.holder.is_held() || self.server.has_outcome().await).await;
        if self.holder.is_held() {
            return true;
        }
        let outcome = self.server.outcome().await.1;
        assert!(matches!(outcome, Outcome::Assertion(_)), "{outcome:?}");
        false
    }
}

async fn is_ready(desk: &Desk) {
    desk.until(|status| {
        status.enrolments.iter().all(|info| info.connected)
            && status.devices.iter().any(|name| name.contains("Virtual PCD"))
    })
    .await;
}

/// How often the PIN has been asked for.
fn pins(desk: &Desk) -> usize {
    desk.person.saw().lines().filter(|line| *line == "GETPIN").count()
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
        let asked = pins(&world.desk);
        kill(id);
        let begun = Instant::now();
        // Before the PIN it may also be that the agent asks for a card.
        let told = async || {
            world.server.has_outcome().await || world.desk.person.saw().ends_with("CONFIRM\n")
        };
        until(told).await;
        assert!(begun.elapsed() < TOLD, "step {steps}: {:?}", begun.elapsed());
        if world.server.has_outcome().await {
            let outcome = world.server.outcome().await.1;
            assert_eq!(outcome, Outcome::Refused(Refused::Removed), "step {steps}");
        }
        assert_eq!(pins(&world.desk), asked, "step {steps}: asked again by itself");
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
