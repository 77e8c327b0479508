//! Nothing that can answer: which device was there, and why not.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_cannot_answer_is_told_why_and_the_right_one_may_follow() {
    let (desktop, server, [right, wrong], _) = two(70).await;
    right.simulator.holder().touches(Touch::Now);
    let fresh = new_card(72);
    desktop.reader.put_other();
    let id = desktop.reader.put(&fresh);
    desktop.person.will(&["wait"]);
    server.ask(&login(&server, vec![right.credential.clone()]));
    let dialog = desktop.person.looks_at(1).await;
    let saw = desktop.person.saw();
    let said =
        r#"SETERROR Card in "test reader": This card or key does not belong to your account."#;
    assert!(saw.contains(said), "{saw}");
    assert!(!saw.contains("cannot be used here"), "what is no FIDO card is not spoken of: {saw}");
    assert_eq!(fresh.holder().times_asked(), 0);
    desktop.reader.take(id);
    ended(&dialog).await;
    desktop.person.will(&["wait", PIN]);
    desktop.person.looks_at(2).await;
    desktop.reader.put(&right.simulator);
    signed(&server, &right).await;

    // The one that is there is added already. Where there is no third button, this is "cancel".
    desktop.person.will(&["not-confirmed"]);
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
    let said = r#"SETERROR Card in "test reader": It shows nothing that belongs to your account."#;
    assert!(saw.contains(said), "{saw}");
    desktop.person.will(&["ok", PIN]);
    server.ask(&SignedRequest { ceremony, ..request });
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::NoCredential));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_that_it_is_there_is_believed_once_a_second() {
    let (desktop, server) = paired().await;
    desktop.person.will(&["ok"; 100]);
    let mut request = enrol(&server, vec![]);
    request.exp = request.iat + 2;
    server.ask(&request);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::NoCard));
    assert!((2..=3).contains(&desktop.person.dialogs()), "{}", desktop.person.dialogs());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_that_it_is_there_has_it_looked_at_again() {
    let (desktop, server) = paired().await;
    let key = Enrolled::new(80);
    let holder = key.simulator.holder();
    holder.touches(Touch::Now);
    let _plugged = desktop.reader.plug_in(&key.simulator);
    // Switched off: it is there as little as a key behind a switched-off hub.
    holder.remove();
    desktop.person.will(&["ok"; 100]);
    server.ask(&without_pin(login(&server, vec![key.credential.clone()])));
    until(async || desktop.person.dialogs() >= 1).await;
    holder.insert();
    signed(&server, &key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_key_that_has_left_nobody_speaks() {
    let (desktop, server, keys, request) = two(82).await;
    let _plugged = keys.each_ref().map(|key| desktop.reader.plug_in(&key.simulator));
    desktop.person.will(&["wait"]);
    server.ask(&without_pin(request));
    let dialog = desktop.person.looks_at(1).await;
    for key in &keys {
        key.blinks().await;
    }
    // It leaves without a word of the system: only the wire says so.
    keys[0].simulator.holder().remove();
    ended(&dialog).await;
    desktop.person.looks_at(2).await;
    keys[1].blinks_no_more().await;
    let saw = desktop.person.saw();
    assert!(saw.contains("SETOK Use this key") && !saw.contains("SETERROR"), "{saw}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_may_be_the_wrong_one_makes_room_for_the_right_one() {
    let (desktop, server, [right, wrong], _) = two(86).await;
    right.simulator.holder().touches(Touch::Now);
    let id = desktop.reader.put(&wrong.simulator);
    desktop.person.will(&["wait", "wait", PIN]);
    server.ask(&login(&server, vec![right.credential.clone()]));
    let dialog = desktop.person.looks_at(1).await;
    desktop.reader.take(id);
    ended(&dialog).await;
    desktop.person.looks_at(2).await;
    desktop.reader.put(&right.simulator);
    signed(&server, &right).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_laid_down_and_may_be_the_wrong_one_is_asked_about_first() {
    let (desktop, server, [right, other], _) = two(100).await;
    desktop.person.will(&["wait", "wait"]);
    server.ask(&login(&server, vec![right.credential.clone()]));
    let dialog = desktop.person.looks_at(1).await;
    desktop.reader.put(&other.simulator);
    ended(&dialog).await;
    desktop.person.looks_at(2).await;
    let saw = desktop.person.saw();
    let said = r#"SETERROR Card in "test reader": It shows nothing that belongs to your account."#;
    assert!(saw.contains(said) && !saw.contains("GETPIN"), "{saw}");
}
