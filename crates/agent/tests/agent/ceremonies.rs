//! Both ceremonies with real firmware, and every way out of them.

use std::sync::Arc;

use agent_protocol::{CredentialDescriptor, Outcome, Refused, SignedRequest, UserVerification};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use firmware_sim::{Simulator, Touch};

use crate::support::person::ended;
use crate::support::server::Server;
use crate::support::{Desktop, descriptor, enrol, login, new_card, paired};

const PIN: &str = "pin 271828";

/// A desktop whose reader holds a card that is enrolled with the PIN 271828.
async fn enrolled(seed: u64) -> (Desktop, Server, Arc<Simulator>, CredentialDescriptor) {
    let (desktop, server) = paired().await;
    let card = new_card(seed);
    desktop.reader.put(&card);
    desktop.person.will(&[PIN, PIN]);
    server.ask(&enrol(&server, vec![]));
    let credential = descriptor(&server.outcome().await.1);
    (desktop, server, card, credential)
}

fn decode(value: &serde_json::Value) -> Vec<u8> {
    BASE64URL.decode(value.as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_card_gets_a_pin_and_a_credential_and_then_signs_in() {
    let (desktop, server, _card, credential) = enrolled(10).await;
    desktop.person.will(&[PIN]);
    let ticket = server.ask(&login(&server, vec![credential.clone()]));
    let (told, Outcome::Assertion(assertion)) = server.outcome().await else { panic!("no") };
    assert_eq!(told, ticket);
    assert_eq!(assertion["id"], credential.id.as_str());
    let client_data = decode(&assertion["response"]["clientDataJSON"]);
    let client_data: serde_json::Value = serde_json::from_slice(&client_data).unwrap();
    assert_eq!(client_data["type"], "webauthn.get");
    assert_eq!(client_data["origin"], server.origin.as_str());
    assert_eq!(client_data["challenge"], "AAECAwQFBgcICQoLDA0ODw");
    let data = decode(&assertion["response"]["authenticatorData"]);
    assert_eq!(data[32] & 0x05, 0x05, "present and verified");

    let saw = desktop.person.saw();
    for shown in [
        "Account at Acme",
        "Server: localhost",
        "ada@acme.example",
        "Firefox on Linux",
        "number 47",
    ] {
        assert!(saw.contains(shown), "{shown} is not in {saw}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_another_network_is_said_to_be_there() {
    const SAID: &str = "The page is in another network than this computer.";
    let (desktop, server, _card, credential) = enrolled(11).await;
    for elsewhere in [false, true] {
        desktop.person.will(&[PIN]);
        let mut request = login(&server, vec![credential.clone()]);
        request.context.other_network = elsewhere;
        server.ask(&request);
        assert!(matches!(server.outcome().await.1, Outcome::Assertion(_)));
        assert_eq!(desktop.person.saw().contains(SAID), elsewhere);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_different_pins_are_no_choice() {
    let (desktop, server) = paired().await;
    let card = new_card(11);
    desktop.reader.put(&card);
    desktop.person.will(&["pin 1111", "pin 2222", PIN, PIN]);
    server.ask(&enrol(&server, vec![]));
    descriptor(&server.outcome().await.1);
    assert!(desktop.person.saw().contains("SETERROR The two PINs are not the same."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pin_is_told_with_the_tries_left_and_asked_again() {
    let (desktop, server, _card, credential) = enrolled(12).await;
    desktop.person.will(&["pin 0000", "pin 1", PIN]);
    server.ask(&login(&server, vec![credential]));
    assert!(matches!(server.outcome().await.1, Outcome::Assertion(_)));
    let saw = desktop.person.saw();
    assert!(saw.contains("SETERROR Wrong PIN. 7 tries left."), "{saw}");
    assert!(saw.contains("SETERROR A PIN has at least four characters."), "{saw}");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_pins_block_the_card_until_it_is_taken_out() {
    let (desktop, server, card, credential) = enrolled(13).await;
    desktop.person.will(&["pin 0000", "pin 0000", "pin 0000"]);
    server.ask(&login(&server, vec![credential.clone()]));
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::PinAuthBlocked));
    card.holder().power_cycle();
    desktop.person.will(&[PIN]);
    server.ask(&login(&server, vec![credential]));
    assert!(matches!(server.outcome().await.1, Outcome::Assertion(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_cancels_at_the_pin() {
    let (desktop, server, card, credential) = enrolled(14).await;
    let asked = card.holder().times_asked();
    desktop.person.will(&["cancel"]);
    server.ask(&login(&server, vec![credential]));
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    assert_eq!(card.holder().times_asked(), asked, "nothing was signed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_cancels_while_the_pin_is_asked_for() {
    let (desktop, server, card, credential) = enrolled(15).await;
    let asked = card.holder().times_asked();
    let ticket = server.ask(&login(&server, vec![credential.clone()]));
    let dialog = desktop.person.looks_at(3).await;
    server.cancel(&ticket);
    ended(&dialog).await;
    // The next request is served at once, and nothing is heard of the one before.
    desktop.person.will(&["wait", PIN]);
    let next = server.ask(&login(&server, vec![credential]));
    let (told, outcome) = server.outcome().await;
    assert_eq!(told, next);
    assert!(matches!(outcome, Outcome::Assertion(_)));
    assert_eq!(card.holder().times_asked(), asked + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_cancels_while_the_card_waits_for_a_touch() {
    let (desktop, server, card, credential) = enrolled(16).await;
    card.holder().touches_next(Touch::Refuse);
    desktop.person.will(&[PIN, PIN]);
    let ticket = server.ask(&login(&server, vec![credential.clone()]));
    let holder = card.holder();
    let asked = tokio::task::spawn_blocking(move || holder.wait_until_asked(crate::support::SOON));
    assert!(asked.await.unwrap());
    server.cancel(&ticket);
    let next = server.ask(&login(&server, vec![credential]));
    let (told, outcome) = server.outcome().await;
    assert_eq!(told, next);
    assert!(matches!(outcome, Outcome::Assertion(_)), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_comes_answers_the_prompt_that_stands() {
    let (desktop, server) = paired().await;
    let other = desktop.reader.put_other();
    server.ask(&enrol(&server, vec![]));
    let prompt = desktop.person.looks_at(1).await;
    assert!(desktop.person.saw().contains("SETERROR That card cannot be used here."));
    desktop.reader.take(other);
    desktop.person.will(&["wait", PIN, PIN]);
    let card = new_card(17);
    desktop.reader.put(&card);
    descriptor(&server.outcome().await.1);
    ended(&prompt).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_lies_there_signs_only_after_a_word_of_the_person() {
    let (desktop, server, card, credential) = enrolled(18).await;
    let request = || SignedRequest {
        user_verification: UserVerification::Discouraged,
        ..login(&server, vec![credential.clone()])
    };
    let asked = card.holder().times_asked();
    desktop.person.will(&["cancel"]);
    server.ask(&request());
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    assert_eq!(card.holder().times_asked(), asked, "nothing was signed");
    desktop.person.will(&["ok", PIN]);
    server.ask(&request());
    assert!(matches!(server.outcome().await.1, Outcome::Assertion(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_pulled_out_ends_the_ceremony() {
    let (desktop, server, card, credential) = enrolled(20).await;
    card.holder().touches_next(Touch::Refuse);
    desktop.person.will(&[PIN]);
    server.ask(&login(&server, vec![credential]));
    let holder = card.holder();
    tokio::task::spawn_blocking(move || {
        assert!(holder.wait_until_asked(crate::support::SOON));
        holder.remove();
    })
    .await
    .unwrap();
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Removed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinentry_that_breaks_is_told_as_that_and_no_consent() {
    let (desktop, server, card, credential) = enrolled(21).await;
    let asked = card.holder().times_asked();
    desktop.person.will(&["crash", "crash"]);
    for user_verification in [UserVerification::Required, UserVerification::Discouraged] {
        let allow = vec![credential.clone()];
        server.ask(&SignedRequest { user_verification, ..login(&server, allow) });
        assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::NoDialog));
    }
    assert_eq!(card.holder().times_asked(), asked, "nothing was signed");
}
