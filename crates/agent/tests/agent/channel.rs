//! The channel: what it hears, and that it comes back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use agent_protocol::{AgentMessage, Outcome, Refused, ServerMessage, WhenLifted};

use crate::support::person::ended;
use crate::support::server::Push;
use crate::support::{descriptor, enrol, new_card, paired, soon, until};

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_ignored_and_the_channel_stays() {
    let (desktop, server) = paired().await;
    for garbage in [
        "",
        "null",
        "{}",
        r#"{"t":"open","url":"http://localhost/stray"}"#,
        r#"{"t":"ticket","id":"http://localhost/stray"}"#,
        r#"{"t":"ticket"}"#,
        r#"{"t":["ticket"]}"#,
    ] {
        server.push(Push::Text(garbage.into()));
    }
    server.push(Push::Binary(vec![0xff; 100]));
    // What comes after it is still heard, on the same channel.
    desktop.person.will(&["cancel"]);
    let ticket = server.ask(&enrol(&server, vec![]));
    assert_eq!(server.outcome().await, (ticket, Outcome::Refused(Refused::Cancelled)));
    assert_eq!(*server.shared.channels.borrow(), 1);
    assert_eq!(server.shared.stray_calls.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_long_costs_the_server_its_channel_and_no_more() {
    let (desktop, server) = paired().await;
    let mut channels = server.shared.channels.subscribe();
    channels.mark_unchanged();
    server.push(Push::Text(format!(r#"{{"t":"revoke","pad":"{}"}}"#, "x".repeat(5000))));
    soon(channels.wait_for(|open| *open == 0)).await.unwrap();
    soon(channels.wait_for(|open| *open == 1)).await.unwrap();
    soon(desktop.agent().connected()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_channel_comes_back_with_the_server() {
    let (desktop, mut server) = paired().await;
    server.stop().await;
    until(async || !desktop.agent().status().enrolments[0].connected).await;
    server.start_again();
    soon(desktop.agent().connected()).await;
    // And it is a channel that works.
    desktop.person.will(&["cancel"]);
    server.ask(&enrol(&server, vec![]));
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_enrolment_leaves_nothing() {
    let (desktop, server) = paired().await;
    let card = new_card(1);
    desktop.reader.put(&card);
    let ticket = server.ask(&enrol(&server, vec![]));
    desktop.person.looks_at(1).await;
    server.push(Push::Text(ServerMessage::Revoke.encode()));
    until(async || desktop.agent().status().enrolments.is_empty()).await;
    until(async || desktop.state_files() == 0).await;
    let mut channels = server.shared.channels.subscribe();
    soon(channels.wait_for(|open| *open == 0)).await.unwrap();
    assert!(!server.has_outcome().await, "{ticket:?} was void");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_ends_closes_its_channel_and_its_dialog() {
    let (mut desktop, server) = paired().await;
    server.ask(&enrol(&server, vec![]));
    let dialog = desktop.person.looks_at(1).await;
    desktop.agent = None;
    ended(&dialog).await;
    let mut channels = server.shared.channels.subscribe();
    soon(channels.wait_for(|open| *open == 0)).await.unwrap();
}

/// How many seconds the computer of the next test has slept.
static SLEPT: AtomicU64 = AtomicU64::new(7);

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_from_before_a_sleep_is_replaced_at_the_next_wake() {
    let (mut desktop, server) = paired().await;
    desktop.slept = || Duration::from_secs(SLEPT.load(Ordering::Relaxed));
    desktop.start();
    let mut channels = server.shared.channels.subscribe();
    soon(desktop.agent().connected()).await;
    soon(channels.wait_for(|open| *open == 1)).await.unwrap();
    // Nobody sleeps: whatever comes, the channel stays.
    server.push(Push::Text("null".into()));
    desktop.agent().reconnect();
    desktop.person.will(&["cancel"]);
    server.ask(&enrol(&server, vec![]));
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    assert_eq!(*channels.borrow_and_update(), 1);

    // The network is back.
    SLEPT.fetch_add(60, Ordering::Relaxed);
    desktop.agent().reconnect();
    soon(channels.wait_for(|open| *open == 0)).await.unwrap();
    soon(channels.wait_for(|open| *open == 1)).await.unwrap();
    soon(desktop.agent().connected()).await;

    // The agent has something to say: it says it over the new one.
    let card = new_card(2);
    let id = desktop.reader.put(&card);
    desktop.person.will(&["pin 271828", "pin 271828"]);
    let mut request = enrol(&server, vec![]);
    request.when_lifted = WhenLifted::EndSession;
    let ticket = server.ask(&request);
    descriptor(&server.outcome().await.1);
    SLEPT.fetch_add(60, Ordering::Relaxed);
    desktop.reader.take(id);
    soon(channels.wait_for(|open| *open == 0)).await.unwrap();
    assert_eq!(server.message().await, AgentMessage::Lifted { id: ticket });
    assert_eq!(*channels.borrow(), 1);
}
