//! Several cards and keys at once: which can answer is found without a word, and which is meant by
//! a touch, a card that is laid down, or a word.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use agent_protocol::{Ceremony, CredentialDescriptor, Outcome, Refused, SignedRequest};
use authenticator::{
    Account, Control, NewPinPrompt, Person, Pin, PinPrompt, RegisterRequest, RelyingParty,
    ResidentKey, Unshared, Until, User, UserVerification, register,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use firmware_sim::{Simulator, Touch};

use crate::support::person::ended;
use crate::support::server::Server;
use crate::support::{
    Desktop, Plugged, SOON, enrol, login, new_card, paired, until, until_asked, until_not_asked,
};

const PIN: &str = "pin 271828";
const CHOOSE: &str = "Touch the key or lay down the card that you want to use.";

/// An authenticator that was enrolled with the PIN 271828, elsewhere; its holder is slow to touch.
struct Enrolled {
    simulator: Arc<Simulator>,
    credential: CredentialDescriptor,
}

impl Enrolled {
    fn new(seed: u64) -> Self {
        let simulator = new_card(seed);
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

#[tokio::test(flavor = "multi_thread")]
async fn of_two_keys_the_touched_one_signs_and_the_other_stops_blinking() {
    let (desktop, server, keys, _plugged, dialog) = two_that_blink(50).await;
    desktop.person.will(&[PIN, "wait"]);
    keys[1].touch();
    ended(&dialog).await;
    keys[0].blinks_no_more().await;
    let asked = keys[0].times_asked();
    signs(&desktop, &server, &keys[1], 3).await;
    assert_eq!(keys[0].times_asked(), asked, "the other was left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_the_credential_takes_no_part() {
    let (desktop, server, keys, request) = two(52).await;
    let _plugged = keys.each_ref().map(|key| desktop.reader.plug_in(&key.simulator));
    let asked = keys[0].times_asked();
    desktop.person.will(&[PIN, "wait"]);
    let allow = Ceremony::Get(vec![keys[1].credential.clone()]);
    server.ask(&SignedRequest { ceremony: allow, ..request });
    signs(&desktop, &server, &keys[1], 2).await;
    assert_eq!(keys[0].times_asked(), asked);
    assert!(!desktop.person.saw().contains(CHOOSE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_pulled_in_the_race_leaves_it_to_the_other_and_the_last_one_ends_it() {
    let (desktop, server, keys, plugged, dialog) = two_that_blink(54).await;
    let [first, second] = plugged;
    desktop.reader.unplug(first);
    ended(&dialog).await;
    keys[1].blinks_no_more().await;
    let pin = desktop.person.looks_at(2).await;
    desktop.reader.unplug(second);
    ended(&pin).await;
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Removed));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_keys_that_are_pulled_at_once_end_the_race() {
    let (desktop, server, keys, plugged, dialog) = two_that_blink(56).await;
    // They leave without a word of the system: only the wire says so.
    keys.iter().for_each(|key| key.simulator.holder().remove());
    ended(&dialog).await;
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Removed));
    drop((desktop, plugged));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cancels_ends_the_race() {
    let (desktop, server) = paired().await;
    let keys = [58, 59].map(new_card);
    let _plugged = keys.each_ref().map(|key| desktop.reader.plug_in(key));
    keys.iter().for_each(|key| key.holder().touches(Touch::Refuse));
    desktop.person.will(&["wait", "cancel"]);
    let ticket = server.ask(&enrol(&server, vec![]));
    let dialog = desktop.person.looks_at(1).await;
    for key in &keys {
        until_asked(&key.holder()).await;
    }
    server.cancel(&ticket);
    ended(&dialog).await;
    for key in &keys {
        until_not_asked(&key.holder()).await;
    }
    // And both are ready for the next request, which the person refuses.
    server.ask(&enrol(&server, vec![]));
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    for key in &keys {
        until_not_asked(&key.holder()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hides_the_dialog_still_chooses_by_touch() {
    let (desktop, server, keys, request) = two(60).await;
    let _plugged = keys.each_ref().map(|key| desktop.reader.plug_in(&key.simulator));
    desktop.person.will(&["ok", PIN, "wait"]);
    server.ask(&request);
    for key in &keys {
        key.blinks().await;
    }
    until(async || desktop.person.dialogs() == 1).await;
    keys[0].touch();
    signs(&desktop, &server, &keys[0], 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_card_beside_a_key_counts_only_by_the_persons_word() {
    let (desktop, server, [card, key], request) = two(62).await;
    card.simulator.holder().touches(Touch::Now);
    desktop.reader.put_into("desk reader", &card.simulator);
    let _plugged = desktop.reader.plug_in(&key.simulator);
    let asked = card.times_asked();
    desktop.person.will(&["wait", PIN, "wait"]);
    server.ask(&request);
    desktop.person.looks_at(1).await;
    let saw = desktop.person.saw();
    assert!(saw.contains("Or use the card that lies in desk reader."), "{saw}");
    key.blinks().await;
    assert_eq!(card.times_asked(), asked, "it would have touched itself");
    key.touch();
    signs(&desktop, &server, &key, 3).await;
    assert_eq!(card.times_asked(), asked);

    desktop.person.will(&["ok", PIN]);
    server.ask(&login(&server, vec![card.credential.clone(), key.credential.clone()]));
    signed(&server, &card).await;
    key.blinks_no_more().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_lying_cards_the_named_one_signs() {
    let (desktop, server, cards, request) = two(64).await;
    for (card, reader) in cards.iter().zip(["left reader", "right reader"]) {
        card.simulator.holder().touches(Touch::Now);
        desktop.reader.put_into(reader, &card.simulator);
    }
    desktop.person.will(&["another", "ok", PIN]);
    server.ask(&request);
    signed(&server, &cards[1]).await;
    let saw = desktop.person.saw();
    for reader in ["left reader", "right reader"] {
        assert!(saw.contains(&format!("the card that lies in {reader}.")), "{saw}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_laid_down_in_the_race_is_the_answer() {
    let card = Enrolled::new(69);
    card.simulator.holder().touches(Touch::Now);
    let (desktop, server, keys, _plugged, dialog) =
        two_that_blink_or(66, std::slice::from_ref(&card.credential)).await;
    let stranger = new_card(68);
    desktop.person.will(&["wait"]);
    let id = desktop.reader.put_into("desk reader", &stranger);
    ended(&dialog).await;
    let dialog = desktop.person.looks_at(2).await;
    let saw = desktop.person.saw();
    let said = "SETERROR Card in desk reader: This card or key does not belong to your account.";
    assert!(saw.contains(said), "{saw}");
    desktop.reader.take(id);
    ended(&dialog).await;
    desktop.person.will(&["wait", PIN]);
    desktop.person.looks_at(3).await;
    desktop.reader.put(&card.simulator);
    signed(&server, &card).await;
    for key in &keys {
        key.blinks_no_more().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_cannot_answer_is_told_why_and_the_right_one_may_follow() {
    let (desktop, server, [right, wrong], _) = two(70).await;
    right.simulator.holder().touches(Touch::Now);
    let fresh = new_card(72);
    let id = desktop.reader.put(&fresh);
    desktop.person.will(&["wait"]);
    server.ask(&login(&server, vec![right.credential.clone()]));
    let dialog = desktop.person.looks_at(1).await;
    let saw = desktop.person.saw();
    let said = "SETERROR Card in test reader: This card or key does not belong to your account.";
    assert!(saw.contains(said), "{saw}");
    assert_eq!(fresh.holder().times_asked(), 0);
    desktop.reader.take(id);
    ended(&dialog).await;
    desktop.person.will(&["wait", PIN]);
    desktop.person.looks_at(2).await;
    desktop.reader.put(&right.simulator);
    signed(&server, &right).await;

    // The one that is there is added already.
    desktop.person.will(&["cancel"]);
    server.ask(&enrol(&server, vec![right.credential, wrong.credential]));
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    let saw = desktop.person.saw();
    assert!(saw.contains("This card or key is added to your account already."), "{saw}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_time_runs_out_is_told_why_the_card_could_not_answer() {
    let (desktop, server) = paired().await;
    desktop.reader.put(&new_card(74));
    let id = BASE64URL.encode([7; 64]);
    let kind = "public-key".into();
    let mut request = login(&server, vec![CredentialDescriptor { id, kind, transports: vec![] }]);
    request.exp = request.iat + 1;
    server.ask(&request);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::NoCredential));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_may_hide_the_credential_is_asked_for_its_pin_only_at_the_persons_word() {
    let (desktop, server, [card, _], request) = two(76).await;
    card.simulator.holder().touches(Touch::Now);
    desktop.reader.put(&card.simulator);
    let id = BASE64URL.encode([7; 64]);
    let stranger = CredentialDescriptor { id, ..card.credential.clone() };
    let ceremony = Ceremony::Get(vec![stranger]);
    let first = SignedRequest { ceremony: ceremony.clone(), ..login(&server, Vec::new()) };
    desktop.person.will(&["cancel"]);
    server.ask(&first);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    let saw = desktop.person.saw();
    let said = "SETERROR Card in test reader: It shows nothing that belongs to your account.";
    assert!(saw.contains(said), "{saw}");
    desktop.person.will(&["ok", PIN]);
    server.ask(&SignedRequest { ceremony, ..request });
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::NoCredential));
}
