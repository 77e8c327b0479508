//! The whole way: the agent, OpenSC's module in the child, a real pcscd, and the firmware of a card
//! that is both a PIV card and a FIDO card.

use std::process::Command;

use agent_protocol::{Outcome, Refused};
use authenticator::card_signer::{CardPin, CardSigner as _, CardSignerError, SignRequest};
use cardea_agent::{Modules, Program};
use firmware_sim::{Config, Simulator, VirtualCard, isolated};

use super::ceremonies::{ask, check, of_both};
use crate::program::{PROGRAM, runtime};
use crate::support::server::Server;
use crate::support::tokens::{Certificate, Hsm, opensc, within};
use crate::support::{Desktop, SOON, descriptor, enrol, login, until};

pub(super) const PIN: &str = "pin 123456";

/// A desktop with real readers, and a card in one of them.
pub(super) struct Scene {
    pub(super) desktop: Desktop,
    pub(super) server: Server,
    pub(super) hsm: Hsm,
    pub(super) modules: Modules,
    pub(super) certificate: Certificate,
    pub(super) simulator: Simulator,
    _card: VirtualCard,
}

/// Longer than any field flutters.
const FLUTTER: std::time::Duration = std::time::Duration::from_millis(900);

impl Scene {
    pub(super) async fn new(seed: u64, pcscd: &firmware_sim::Pcscd) -> Self {
        let simulator = Simulator::start(Config { piv: true, ..Config::seeded(seed) }).unwrap();
        let card = simulator.card(&pcscd.first_reader()).unwrap();
        assert!(card.wait_until_powered(SOON));
        let hsm = Hsm::new();
        let certificate = hsm.issue(|arguments| {
            let mut command = Command::new("yubico-piv-tool");
            command.args(["-r", "Virtual PCD 00 00"]).args(arguments);
            command
        });
        let program = Program { path: PROGRAM.into(), arguments: vec!["pkcs11-child".into()] };
        let modules = Modules::new(opensc(), program);
        let desktop = Desktop::at_readers(modules.clone());
        let server = Server::start().await;
        desktop.pair(&server).await;
        until(async || !desktop.agent().status().devices.is_empty()).await;
        Self { desktop, server, hsm, modules, certificate, simulator, _card: card }
    }
}

pub(super) fn run(test: impl AsyncFnOnce(&firmware_sim::Pcscd), pcscd: &firmware_sim::Pcscd) {
    runtime().block_on(test(pcscd));
}

#[test]
fn a_piv_card_signs_in_and_one_that_is_put_in_meanwhile_too() {
    isolated::run(|pcscd| run(signs_in, pcscd)).unwrap();
}

async fn signs_in(pcscd: &firmware_sim::Pcscd) {
    let scene = Scene::new(61, pcscd).await;
    let Scene { desktop, server, hsm, certificate, simulator, .. } = &scene;
    desktop.person.will(&[PIN]);
    let request = ask(server, certificate);
    let Outcome::X509Assertion(statement) = server.outcome().await.1 else { panic!("no") };
    check(hsm, &statement, &request, certificate);
    assert_eq!(desktop.person.dialogs(), 1, "{}", desktop.person.saw());

    simulator.holder().remove();
    until(async || desktop.agent().status().devices.is_empty()).await;
    desktop.person.will(&["wait", PIN]);
    let request = ask(server, certificate);
    desktop.person.looks_at(2).await;
    // A card that is back sooner has only fluttered: nobody put it there.
    tokio::time::sleep(FLUTTER).await;
    simulator.holder().insert();
    let Outcome::X509Assertion(statement) = server.outcome().await.1 else { panic!("no") };
    check(hsm, &statement, &request, certificate);
    let saw = desktop.person.saw();
    assert!(!saw.contains("That card cannot be used here"), "{saw}");
}

#[test]
fn a_card_that_is_both_is_offered_once() {
    isolated::run(|pcscd| run(offered_once, pcscd)).unwrap();
}

async fn offered_once(pcscd: &firmware_sim::Pcscd) {
    let scene = Scene::new(62, pcscd).await;
    let Scene { desktop, server, certificate, .. } = &scene;
    desktop.person.will(&["pin 271828", "pin 271828"]);
    server.ask(&enrol(server, vec![]));
    let of_fido = descriptor(&server.outcome().await.1);
    let before = desktop.person.dialogs();
    desktop.person.will(&["pin 271828"]);
    server.ask(&of_both(login(server, vec![of_fido, certificate.descriptor()])));
    assert!(matches!(server.outcome().await.1, Outcome::Assertion(_)), "FIDO comes first");
    assert_eq!(desktop.person.dialogs(), before + 1, "{}", desktop.person.saw());
    // Where only the certificate will do, the same card answers with it.
    desktop.person.will(&[PIN]);
    server.ask(&of_both(login(server, vec![certificate.descriptor()])));
    assert!(matches!(server.outcome().await.1, Outcome::X509Assertion(_)));
}

#[test]
fn the_module_gets_no_last_pin_that_nobody_dares() {
    isolated::run(|pcscd| run(dares, pcscd)).unwrap();
}

async fn dares(pcscd: &firmware_sim::Pcscd) {
    let scene = Scene::new(64, pcscd).await;
    let mut signer = scene.modules.signer(scene.modules.tokens(within(SOON)).unwrap().remove(0));
    let card = signer.look(within(SOON)).unwrap();
    let mut sign = |pin, dares_last_try| {
        let pin = CardPin::new(pin).unwrap();
        let (certificate, message) = (&card.certificates[0], b"message".as_slice());
        let request = SignRequest { certificate, message, pin: Some(&pin), dares_last_try };
        signer.sign(&request, within(SOON))
    };
    for _ in 0..2 {
        assert!(matches!(sign("000000", false), Err(CardSignerError::WrongPin(_))));
    }
    let error = sign("000000", false).unwrap_err();
    assert!(matches!(error, CardSignerError::LastTry), "{error:?}");
    sign("123456", true).unwrap();
}

#[test]
fn three_wrong_pins_lock_a_piv_card_and_none_is_tried_after() {
    isolated::run(|pcscd| run(locks, pcscd)).unwrap();
}

async fn locks(pcscd: &firmware_sim::Pcscd) {
    let scene = Scene::new(63, pcscd).await;
    let Scene { desktop, server, certificate, .. } = &scene;
    // Whether the card says that the next is the last depends on OpenSC: "ok" is for that question.
    desktop.person.will(&["pin 000000", "pin 000001", "ok", "pin 000002", "cancel"]);
    ask(server, certificate);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Blocked));
    let saw = desktop.person.saw();
    assert!(saw.contains("One try left"), "{saw}");
    assert!(saw.contains("The card takes one more PIN."), "{saw}");
}
