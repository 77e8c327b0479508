//! Cards beside keys and other cards: one that is laid down is meant, one that lies there is named.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_card_beside_a_key_counts_only_by_the_persons_word() {
    let (desktop, server, [card, key], request) = two(62).await;
    card.simulator.holder().touches(Touch::Now);
    desktop.reader.put(&new_card(61));
    desktop.reader.put_into("desk reader", &card.simulator);
    let _plugged = desktop.reader.plug_in(&key.simulator);
    let asked = card.times_asked();
    desktop.person.will(&["wait", PIN, "wait"]);
    server.ask(&request);
    desktop.person.looks_at(1).await;
    let saw = desktop.person.saw();
    assert!(saw.contains(r#"Or use the card that lies in "desk reader"."#), "{saw}");
    assert!(!saw.contains("SETERROR"), "of one that always lies there nobody speaks: {saw}");
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
        assert!(saw.contains(&format!("the card that lies in \"{reader}\".")), "{saw}");
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
    let said =
        r#"SETERROR Card in "desk reader": This card or key does not belong to your account."#;
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
async fn a_card_that_is_taken_away_before_the_persons_word_ends_it() {
    let (desktop, server, [card, _], request) = two(84).await;
    let id = desktop.reader.put(&card.simulator);
    desktop.person.will(&["wait"]);
    server.ask(&without_pin(request));
    let dialog = desktop.person.looks_at(1).await;
    desktop.reader.take(id);
    ended(&dialog).await;
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Removed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_only_passes_by_is_no_answer() {
    let (desktop, server, [card, _], request) = two(88).await;
    let gate = Arc::new(Barrier::new(2));
    desktop.person.will(&["wait", "wait"]);
    server.ask(&request);
    let dialog = desktop.person.looks_at(1).await;
    let id = desktop.reader.put_before(&gate, &card.simulator);
    ended(&dialog).await;
    desktop.reader.take(id);
    tokio::task::spawn_blocking(move || gate.wait()).await.unwrap();
    desktop.person.looks_at(2).await;
    assert!(!server.has_outcome().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_laid_down_while_the_pin_of_another_is_asked_for_takes_its_place() {
    let (desktop, server, [lying, card], request) = two(92).await;
    card.simulator.holder().touches(Touch::Now);
    let asked = lying.times_asked();
    desktop.reader.put_into("laptop reader", &lying.simulator);
    desktop.person.will(&["wait", PIN]);
    server.ask(&request);
    let dialog = desktop.person.looks_at(1).await;
    let saw = desktop.person.saw();
    assert!(saw.contains("%0A%0ACard in \"laptop reader\"") && saw.contains("GETPIN"), "{saw}");
    // Neither a card that nobody put there for us disturbs, nor one that cannot answer.
    desktop.reader.find(&Enrolled::new(95).simulator);
    let stranger = new_card(94);
    desktop.reader.put_into("desk reader", &stranger);
    until(async || stranger.holder().commands_seen() >= 2).await;
    desktop.reader.put_into("desk reader", &card.simulator);
    signed(&server, &card).await;
    ended(&dialog).await;
    assert_eq!(desktop.person.dialogs(), 2, "the second was the PIN of the card");
    assert_eq!(lying.times_asked(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_laid_down_after_the_pin_changes_nothing() {
    let (desktop, server, [key, card], request) = two(96).await;
    let asked = card.times_asked();
    let _plugged = desktop.reader.plug_in(&key.simulator);
    desktop.person.will(&[PIN, "wait"]);
    server.ask(&request);
    desktop.person.looks_at(2).await;
    let seen = card.simulator.holder().commands_seen();
    desktop.reader.put(&card.simulator);
    until(async || card.simulator.holder().commands_seen() >= seen + 2).await;
    // What nothing comes of is waited for as long as what would take its time.
    tokio::time::sleep(Duration::from_millis(300)).await;
    key.touch();
    signed(&server, &key).await;
    assert_eq!(card.times_asked(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_may_be_the_wrong_one_does_not_take_the_place_of_the_right_one() {
    let (desktop, server, [right, other], _) = two(98).await;
    desktop.reader.put_into("laptop reader", &right.simulator);
    desktop.person.will(&["wait", PIN]);
    server.ask(&login(&server, vec![right.credential.clone()]));
    desktop.person.looks_at(1).await;
    let seen = other.simulator.holder().commands_seen();
    desktop.reader.put_into("desk reader", &other.simulator);
    until(async || other.simulator.holder().commands_seen() >= seen + 2).await;
    // What nothing comes of is waited for as long as what would take its time.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(desktop.person.dialogs(), 1, "the PIN is asked for the other: it would learn it");
}
