//! Several cards and keys at once: which can answer is found without a word, and which is meant by
//! a touch, a card that is laid down, or a word.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use agent_protocol::{Ceremony, CredentialDescriptor, Outcome, Refused, SignedRequest};
use authenticator::{
    Account, Control, NewPinPrompt, Person, Pin, PinPrompt, RegisterRequest, RelyingParty,
    ResidentKey, Unshared, Until, User, UserVerification, register,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use firmware_sim::{Config, Simulator, Touch};

use crate::support::person::ended;
use crate::support::server::Server;
use crate::support::{
    Desktop, Plugged, SOON, enrol, login, new_card, paired, until, until_asked, until_not_asked,
};

mod cards;
mod keys;
mod reasons;

const PIN: &str = "pin 271828";
const CHOOSE: &str = "Touch the key or lay down the card that you want to use.";

/// A factory-fresh authenticator that waits for a touch longer than a test for anything.
fn patient(seed: u64) -> Arc<Simulator> {
    let config = Config { touch_timeout: SOON * 10, ..Config::seeded(seed) };
    Arc::new(Simulator::start(config).unwrap())
}

/// An authenticator that was enrolled with the PIN 271828, elsewhere; its holder is slow to touch.
struct Enrolled {
    simulator: Arc<Simulator>,
    credential: CredentialDescriptor,
}

impl Enrolled {
    fn new(seed: u64) -> Self {
        let simulator = patient(seed);
        let request = RegisterRequest {
            origin: "https://localhost".into(),
            rp: RelyingParty { id: "localhost".into(), name: "Acme".into() },
            challenge: vec![7; 32],
            user: User { id: vec![1, 2, 3, 4], name: "ada".into(), display_name: "Ada".into() },
            exclude: Vec::new(),
            resident_key: ResidentKey::Required,
            user_verification: UserVerification::Required,
            transports: Vec::new(),
        };
        let cancel = AtomicBool::new(false);
        let deadline = Instant::now() + SOON;
        let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
        let mut link = Unshared(simulator.link());
        let registration =
            register(&mut link, &request, &mut Chooser, &mut control, &mut |b| b.fill(7)).unwrap();
        simulator.holder().touches(Touch::Refuse);
        let id = BASE64URL.encode(registration.id.0);
        let kind = "public-key".into();
        Self { simulator, credential: CredentialDescriptor { id, kind, transports: vec![] } }
    }

    fn touch(&self) {
        assert!(self.simulator.holder().touch(), "it does not wait for a touch");
    }

    async fn blinks(&self) {
        until_asked(&self.simulator.holder()).await;
    }

    async fn blinks_no_more(&self) {
        until_not_asked(&self.simulator.holder()).await;
    }

    fn times_asked(&self) -> u64 {
        self.simulator.holder().times_asked()
    }
}

/// Chooses the PIN 271828.
struct Chooser;

impl Person for Chooser {
    fn enter_pin(&mut self, _prompt: &PinPrompt, _until: Until<'_>) -> Option<Pin> {
        None
    }

    fn choose_pin(&mut self, _prompt: &NewPinPrompt, _until: Until<'_>) -> Option<Pin> {
        Pin::new("271828").ok()
    }

    fn choose_account(&mut self, _accounts: &[Account], _until: Until<'_>) -> Option<usize> {
        None
    }

    fn touch_needed(&mut self) {}
}

/// Two that are enrolled, and a request that either can answer.
async fn two(seed: u64) -> (Desktop, Server, [Enrolled; 2], SignedRequest) {
    let (desktop, server) = paired().await;
    let keys = [seed, seed + 1].map(Enrolled::new);
    let request = login(&server, keys.each_ref().map(|key| key.credential.clone()).into());
    (desktop, server, keys, request)
}

/// The same request where nobody need be known by a PIN.
fn without_pin(request: SignedRequest) -> SignedRequest {
    SignedRequest { user_verification: agent_protocol::UserVerification::Discouraged, ..request }
}

/// The same, with both plugged in and the dialog before the person.
async fn two_that_blink(seed: u64) -> (Desktop, Server, [Enrolled; 2], [Plugged; 2], String) {
    two_that_blink_or(seed, &[]).await
}

/// The same, with others that can answer, too, and are in a drawer.
async fn two_that_blink_or(
    seed: u64,
    others: &[CredentialDescriptor],
) -> (Desktop, Server, [Enrolled; 2], [Plugged; 2], String) {
    let (desktop, server, keys, mut request) = two(seed).await;
    let Ceremony::Get(allow) = &mut request.ceremony else { panic!("no login") };
    allow.extend_from_slice(others);
    let plugged = keys.each_ref().map(|key| desktop.reader.plug_in(&key.simulator));
    desktop.person.will(&["wait"]);
    server.ask(&request);
    let dialog = desktop.person.looks_at(1).await;
    for key in &keys {
        key.blinks().await;
    }
    assert!(desktop.person.saw().contains(CHOOSE), "{}", desktop.person.saw());
    (desktop, server, keys, plugged, dialog)
}

/// The person enters the PIN and touches the key when told to, at the `nth` dialog.
async fn signs(desktop: &Desktop, server: &Server, key: &Enrolled, nth: usize) {
    desktop.person.looks_at(nth).await;
    key.blinks().await;
    key.touch();
    signed(server, key).await;
}

async fn signed(server: &Server, by: &Enrolled) {
    let outcome = server.outcome().await.1;
    let Outcome::Assertion(assertion) = &outcome else { panic!("{outcome:?}") };
    assert_eq!(assertion["id"], by.credential.id.as_str());
}
