//! Several keys: they blink, and the one that is touched is meant.

use super::*;

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
    for key in &keys {
        key.simulator.holder().remove();
    }
    ended(&dialog).await;
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Removed));
    drop((desktop, plugged));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cancels_ends_the_race() {
    let (desktop, server) = paired().await;
    let keys = [58, 59].map(patient);
    let _plugged = keys.each_ref().map(|key| desktop.reader.plug_in(key));
    for key in &keys {
        key.holder().touches(Touch::Refuse);
    }
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
async fn a_key_that_gives_up_waiting_is_asked_again() {
    let touch_timeout = Duration::from_millis(300);
    let keys = [78, 79].map(|seed| {
        let config = Config { touch_timeout, ..Config::seeded(seed) };
        Arc::new(Simulator::start(config).unwrap())
    });
    let (desktop, server) = paired().await;
    for key in &keys {
        key.holder().touches(Touch::Refuse);
    }
    let _plugged = keys.each_ref().map(|key| desktop.reader.plug_in(key));
    desktop.person.will(&["wait"]);
    server.ask(&enrol(&server, vec![]));
    let dialog = desktop.person.looks_at(1).await;
    until(async || keys.iter().all(|key| key.holder().times_asked() >= 3)).await;
    until(async || keys[1].holder().touch()).await;
    ended(&dialog).await;
    desktop.person.looks_at(2).await;
    assert!(!keys[0].holder().is_asked(), "nothing blinks while the PIN is asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ceremony_goes_on_when_the_other_key_has_said_its_last_word() {
    let (desktop, server, [other, key], request) = two(90).await;
    let said = desktop.reader.plug_in_slow(&other.simulator);
    desktop.reader.plug_in_slow(&key.simulator);
    desktop.person.will(&["wait", "wait"]);
    server.ask(&request);
    desktop.person.looks_at(1).await;
    other.blinks().await;
    key.blinks().await;
    key.touch();
    desktop.person.looks_at(2).await;
    assert!(said.load(Ordering::Acquire), "it may blink while the PIN is asked for");
}
