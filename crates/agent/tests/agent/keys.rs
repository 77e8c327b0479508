//! A security key on USB: it is touched by hand, and the person is told so.

use std::sync::Arc;

use agent_protocol::{CredentialDescriptor, Outcome, Refused, SignedRequest, UserVerification};
use firmware_sim::{Simulator, Touch};

use crate::support::person::ended;
use crate::support::server::Server;
use crate::support::{
    Desktop, Plugged, descriptor, enrol, login, new_card, paired, until, until_asked,
    until_not_asked,
};

const PIN: &str = "pin 271828";

/// A desktop with a key that is enrolled with the PIN 271828, after two dialogs.
async fn enrolled(seed: u64) -> (Desktop, Server, Arc<Simulator>, Plugged, CredentialDescriptor) {
    let (desktop, server) = paired().await;
    let simulator = new_card(seed);
    let key = desktop.reader.plug_in(&simulator);
    // Touched by a quick hand: the dialog may flash up, and is no question.
    simulator.holder().touches_next(Touch::Refuse);
    desktop.person.will(&[PIN, PIN, "wait"]);
    server.ask(&enrol(&server, vec![]));
    touch_when_told(&desktop, &simulator, 3).await;
    let outcome = server.outcome().await.1;
    let Outcome::Registration(registration) = &outcome else { panic!("{outcome:?}") };
    let transports = registration["response"]["transports"].as_array().unwrap();
    assert!(transports.contains(&"usb".into()), "{transports:?}");
    let credential = descriptor(&outcome);
    (desktop, server, simulator, key, credential)
}

/// The person sees the dialog, touches the key, and the dialog is gone.
async fn touch_when_told(desktop: &Desktop, simulator: &Simulator, nth: usize) {
    let dialog = desktop.person.looks_at(nth).await;
    assert!(desktop.person.saw().contains("Touch your key now"), "{}", desktop.person.saw());
    assert!(simulator.holder().touch());
    ended(&dialog).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_touched_when_the_person_is_told_to() {
    let (desktop, server, simulator, _key, credential) = enrolled(40).await;
    simulator.holder().touches_next(Touch::Refuse);
    desktop.person.will(&[PIN, "wait"]);
    server.ask(&login(&server, vec![credential]));
    touch_when_told(&desktop, &simulator, 5).await;
    let outcome = server.outcome().await.1;
    assert!(matches!(outcome, Outcome::Assertion(_)), "{outcome:?}");
    assert_eq!(desktop.person.dialogs(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hides_the_dialog_still_may_touch() {
    let (desktop, server, simulator, _key, credential) = enrolled(41).await;
    let holder = simulator.holder();
    holder.touches_next(Touch::Refuse);
    desktop.person.will(&[PIN, "ok"]);
    server.ask(&login(&server, vec![credential]));
    until(async || desktop.person.dialogs() == 5).await;
    until_asked(&holder).await;
    assert!(holder.touch());
    assert!(matches!(server.outcome().await.1, Outcome::Assertion(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cancels_at_the_touch_blows_out_the_light() {
    let (desktop, server, simulator, _key, credential) = enrolled(42).await;
    let holder = simulator.holder();
    holder.touches_next(Touch::Refuse);
    desktop.person.will(&[PIN, "cancel"]);
    server.ask(&login(&server, vec![credential.clone()]));
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    until_not_asked(&holder).await;
    // And it is ready for the next request.
    holder.touches_next(Touch::Refuse);
    desktop.person.will(&[PIN, "wait"]);
    server.ask(&login(&server, vec![credential]));
    touch_when_told(&desktop, &simulator, 7).await;
    assert!(matches!(server.outcome().await.1, Outcome::Assertion(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cancels_takes_the_dialog_away() {
    let (desktop, server, simulator, _key, credential) = enrolled(43).await;
    simulator.holder().touches_next(Touch::Refuse);
    desktop.person.will(&[PIN, "wait"]);
    let ticket = server.ask(&login(&server, vec![credential]));
    let dialog = desktop.person.looks_at(5).await;
    server.cancel(&ticket);
    ended(&dialog).await;
    until_not_asked(&simulator.holder()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_plugged_in_before_signs_only_after_a_word_of_the_person() {
    let (desktop, server, simulator, _key, credential) = enrolled(44).await;
    let asked = simulator.holder().times_asked();
    desktop.person.will(&["cancel"]);
    server.ask(&SignedRequest {
        user_verification: UserVerification::Discouraged,
        ..login(&server, vec![credential])
    });
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    assert_eq!(simulator.holder().times_asked(), asked, "nothing was signed");
}
