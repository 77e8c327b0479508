//! Notifications, on a session bus of the test with somebody who shows them.

use agent_protocol::{Outcome, Refused, ServerMessage};
use cardea_agent::DeviceId;
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixListener;

use crate::support::notifications::{ALL, Bus, Shows, Told, signal};
use crate::support::person::ended;
use crate::support::server::{Push, Server};
use crate::support::{Desktop, Folder, enrol, new_card, soon, until};

const CANCELLED: Outcome = Outcome::Refused(Refused::Cancelled);

/// A paired desktop at this bus, with a new card on the reader.
async fn paired_at(bus: Option<String>, seed: u64) -> (Desktop, Server, DeviceId) {
    let mut desktop = Desktop::new();
    desktop.session_bus = bus;
    desktop.start();
    let server = Server::start().await;
    desktop.pair(&server).await;
    let card = desktop.reader.put(&new_card(seed));
    (desktop, server, card)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_notified_and_cancelled_there_and_the_dialog_goes_away() {
    let bus = Bus::start().await;
    let mut shows = Shows::at(&bus, ALL).await;
    let (desktop, server, _) = paired_at(Some(bus.address.clone()), 61).await;
    server.ask(&enrol(&server, vec![]));
    let dialog = desktop.person.looks_at(1).await;
    let notification = shows.notified().await;
    assert_eq!(notification.summary, "Tap your card");
    assert_eq!(notification.body, "Acme, Account, number 47");
    assert_eq!(notification.actions, ["cancel", "Cancel"]);
    assert!((1..=120_000).contains(&notification.life), "{}", notification.life);

    shows.press(notification.id, "cancel").await;
    assert_eq!(server.outcome().await.1, CANCELLED);
    soon(ended(&dialog)).await;
    shows.has_gone(&notification.from).await;
    assert!(shows.was_told_no_more(), "nobody closes what is closed");

    // Who says no there has said no as at a dialog, and is left alone after the second time.
    server.ask(&enrol(&server, vec![]));
    desktop.person.looks_at(2).await;
    let notification = shows.notified().await;
    shows.press(notification.id, "cancel").await;
    assert_eq!(server.outcome().await.1, CANCELLED);
    server.ask(&enrol(&server, vec![]));
    server.push(Push::Text(ServerMessage::Lock.encode()));
    until(async || desktop.locks().exists()).await;
    assert_eq!(desktop.person.dialogs(), 2);
    assert!(shows.was_told_no_more());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_goes_away_with_its_request_however_that_ends() {
    let bus = Bus::start().await;
    let mut shows = Shows::at(&bus, ALL).await;
    let (mut desktop, server, card) = paired_at(Some(bus.address.clone()), 62).await;
    assert_eq!(shows.guests().await.len(), 1, "an agent that waits is at no bus");
    for (nth, end) in (1..).zip(["cancelled by the page", "the card leaves", "the agent ends"]) {
        let ticket = server.ask(&enrol(&server, vec![]));
        let notification = shows.notified().await;
        desktop.person.looks_at(nth).await;
        match end {
            "cancelled by the page" => server.cancel(&ticket),
            "the card leaves" => desktop.reader.take(card),
            _ => {
                soon(desktop.agent.take().unwrap().end()).await;
                assert!(!shows.was_told_no_more(), "before the program is gone");
            }
        }
        assert_eq!(shows.told().await, Told::Close(notification.id), "{end}");
        shows.has_gone(&notification.from).await;
    }
    assert!(shows.was_told_no_more());
}

/// The number of a notification that is closed may be another's.
#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_closes_by_itself_leaves_the_dialog() {
    let bus = Bus::start().await;
    let mut shows = Shows::at(&bus, ALL).await;
    let (desktop, server, card) = paired_at(Some(bus.address.clone()), 63).await;
    server.ask(&enrol(&server, vec![]));
    desktop.person.looks_at(1).await;
    let notification = shows.notified().await;
    // Another notification's button means nothing, and neither does another button of ours.
    for other in [(notification.id + 1, "cancel"), (notification.id, "default")] {
        signal(&shows.connection, None, "ActionInvoked", &other).await;
    }
    shows.goes_away(notification.id, 1).await;
    shows.has_gone(&notification.from).await;
    desktop.reader.take(card);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Removed));
    assert!(shows.was_told_no_more());
}

/// Anybody at the bus can send a signal, also to the agent alone.
#[tokio::test(flavor = "multi_thread")]
async fn only_who_shows_the_notification_can_say_that_it_was_cancelled() {
    let bus = Bus::start().await;
    let mut shows = Shows::at(&bus, ALL).await;
    let (desktop, server, card) = paired_at(Some(bus.address.clone()), 64).await;
    server.ask(&enrol(&server, vec![]));
    desktop.person.looks_at(1).await;
    let notification = shows.notified().await;
    let stranger = bus.connect().await;
    for to in [None, Some(notification.from.as_str())] {
        signal(&stranger, to, "ActionInvoked", &(notification.id, "cancel")).await;
    }
    // An answer means that the bus has passed on what came before it.
    let (of_bus, place) = ("org.freedesktop.DBus", "/org/freedesktop/DBus");
    stranger.call_method(Some(of_bus), place, Some(of_bus), "GetId", &()).await.unwrap();
    shows.goes_away(notification.id, 1).await;
    shows.has_gone(&notification.from).await;
    desktop.reader.take(card);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Removed));
}

/// Its answer comes when the request is over, and the notification is taken away all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_that_hangs_holds_up_nobody_and_keeps_no_notification() {
    let bus = Bus::start().await;
    let mut shows = Shows::at(&bus, ALL).await;
    shows.answers.forget_permits(100);
    let (desktop, server, _) = paired_at(Some(bus.address.clone()), 65).await;
    desktop.person.will(&["wait", "cancel"]);
    let ticket = server.ask(&enrol(&server, vec![]));
    let dialog = desktop.person.looks_at(1).await;
    until(async || shows.guests().await.len() == 2).await;
    server.cancel(&ticket);
    soon(ended(&dialog)).await;
    server.ask(&enrol(&server, vec![]));
    assert_eq!(server.outcome().await.1, CANCELLED);
    assert_eq!(shows.guests().await.len(), 2, "one at a time");
    shows.answers.add_permits(100);
    let notification = shows.notified().await;
    assert_eq!(shows.told().await, Told::Close(notification.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_no_markup() {
    let bus = Bus::start().await;
    for capabilities in [ALL, &["actions", "body"], &["body-markup"]] {
        let mut shows = Shows::at(&bus, capabilities).await;
        let (_desktop, server, _) = paired_at(Some(bus.address.clone()), 66).await;
        let mut request = enrol(&server, vec![]);
        request.app = "<b>A</b> &amp; <a href=\"https://evil.example\">B</a>".into();
        let said = format!("Acme, {}, number 47", &request.app[..40]);
        server.ask(&request);
        let notification = shows.notified().await;
        let (summary, body) = if capabilities.contains(&"body") {
            ("Tap your card".to_owned(), said)
        } else {
            (format!("Tap your card: {said}"), String::new())
        };
        assert_eq!((notification.summary, notification.body), (summary, body));
        assert_eq!(notification.actions.is_empty(), !capabilities.contains(&"actions"));
    }
}

/// No bus, one that is no bus, and one where nobody shows anything: the dialogs are enough.
#[tokio::test(flavor = "multi_thread")]
async fn without_anybody_who_shows_notifications_nothing_is_missing() {
    let bus = Bus::start().await;
    let nowhere = format!("unix:path={}", bus.folder.path().join("nowhere").display());
    for address in [None, Some(bus.address.clone()), Some(nowhere), Some("nonsense".into())] {
        let (desktop, server, _) = paired_at(address.clone(), 67).await;
        desktop.person.will(&["cancel"]);
        server.ask(&enrol(&server, vec![]));
        assert_eq!(server.outcome().await.1, CANCELLED, "{address:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_says_nothing_is_left_while_the_dialog_stands() {
    let folder = Folder::new();
    let place = folder.path().join("bus");
    let bus = UnixListener::bind(&place).unwrap();
    let address = format!("unix:path={}", place.display());
    let (desktop, server, card) = paired_at(Some(address), 68).await;
    server.ask(&enrol(&server, vec![]));
    let (mut agent, _) = soon(bus.accept()).await.unwrap();
    let mut said = Vec::new();
    soon(agent.read_to_end(&mut said)).await.unwrap();
    desktop.person.looks_at(1).await;
    desktop.reader.take(card);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Removed));
}
