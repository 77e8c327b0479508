//! Cards that hold sessions: what the agent says when they leave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agent_protocol::{AgentMessage, CredentialDescriptor, ServerMessage, Ticket, WhenLifted};
use axum::http::StatusCode;
use cardea_agent::DeviceId;
use firmware_sim::Simulator;

use crate::support::server::{Push, Server};
use crate::support::{Desktop, descriptor, enrol, login, new_card, paired, soon, until};

const PIN: &str = "pin 271828";

/// A desktop at which a card has signed somebody in, and holds the session.
struct Scene {
    desktop: Desktop,
    server: Server,
    card: Arc<Simulator>,
    credential: CredentialDescriptor,
    stay: DeviceId,
    ticket: Ticket,
}

impl Scene {
    async fn new(when_lifted: WhenLifted) -> Self {
        let (desktop, server) = paired().await;
        Self::at(desktop, server, when_lifted).await
    }

    async fn at(desktop: Desktop, server: Server, when_lifted: WhenLifted) -> Self {
        let card = new_card(1);
        let stay = desktop.reader.put(&card);
        desktop.person.will(&[PIN, PIN]);
        let mut request = enrol(&server, vec![]);
        request.when_lifted = when_lifted;
        let ticket = server.ask(&request);
        let credential = descriptor(&server.outcome().await.1);
        Self { desktop, server, card, credential, stay, ticket }
    }

    /// A request to sign in with one of `allow` is before the person.
    async fn asks(&self, allow: Vec<CredentialDescriptor>) -> Ticket {
        let dialogs = self.dialogs();
        let ticket = self.server.ask(&login(&self.server, allow));
        until(async || self.dialogs() > dialogs).await;
        ticket
    }

    /// How many dialogs there were.
    fn dialogs(&self) -> usize {
        self.desktop.person.saw().matches("Account at Acme").count()
    }

    fn lift(&self) {
        self.desktop.reader.take(self.stay);
    }

    fn lifted(&self) -> AgentMessage {
        AgentMessage::Lifted { id: self.ticket.clone() }
    }

    fn is_locked(&self) -> bool {
        self.desktop.locks().exists()
    }
}

/// What the program has noted that locks the desktop.
fn locked(desktop: &Desktop) -> String {
    std::fs::read_to_string(desktop.locks()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_leaves_is_told_and_the_desktop_stays_open() {
    let scene = Scene::new(WhenLifted::EndSession).await;
    let saw = scene.desktop.person.saw();
    assert!(saw.contains("Leave the card or key where it is"), "{saw}");
    scene.lift();
    assert_eq!(scene.server.message().await, scene.lifted());
    assert!(!scene.is_locked());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desktop_locks_where_the_tenant_wants_it() {
    let scene = Scene::new(WhenLifted::EndSessionAndLock).await;
    scene.lift();
    assert_eq!(scene.server.message().await, scene.lifted());
    until(async || locked(&scene.desktop) == "--no-ask-password lock-session\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_was_tapped_is_told_to_be_and_locks_nothing() {
    let (mut desktop, server) = paired().await;
    desktop.tap = Duration::from_secs(3600);
    desktop.start();
    soon(desktop.agent().connected()).await;
    let scene = Scene::at(desktop, server, WhenLifted::EndSessionAndLock).await;
    scene.lift();
    let tapped = AgentMessage::Tapped { id: scene.ticket.clone() };
    assert_eq!(scene.server.message().await, tapped);
    assert!(!scene.is_locked());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_of_a_card_of_a_tenant_that_does_not_ask() {
    let scene = Scene::new(WhenLifted::Nothing).await;
    scene.lift();
    // What comes first is about the second card.
    let card = new_card(2);
    let stay = scene.desktop.reader.put(&card);
    scene.desktop.person.will(&[PIN, PIN]);
    let mut request = enrol(&scene.server, vec![]);
    request.when_lifted = WhenLifted::EndSession;
    let id = scene.server.ask(&request);
    descriptor(&scene.server.outcome().await.1);
    scene.desktop.reader.take(stay);
    assert_eq!(scene.server.message().await, AgentMessage::Lifted { id });
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_break_the_server_hears_what_is_held_and_what_has_left_meanwhile() {
    let mut scene = Scene::new(WhenLifted::EndSession).await;
    let ticket = scene.ticket.clone();
    scene.server.stop().await;
    scene.server.start_again();
    let mut held = scene.server.shared.held.subscribe();
    soon(held.wait_for(|held| *held == [ticket.clone()])).await.unwrap();

    scene.server.stop().await;
    until(async || !scene.desktop.agent().status().enrolments[0].connected).await;
    scene.lift();
    scene.server.start_again();
    assert_eq!(scene.server.message().await, scene.lifted());
    scene.server.stop().await;
    scene.server.start_again();
    soon(held.wait_for(Vec::is_empty)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_starts_again_holds_nothing() {
    let mut scene = Scene::new(WhenLifted::EndSession).await;
    let mut held = scene.server.shared.held.subscribe();
    scene.server.shared.held.send_replace(vec![scene.ticket.clone()]);
    scene.desktop.start();
    soon(held.wait_for(Vec::is_empty)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_leaves_during_a_ceremony_for_it_is_told_of_after_it() {
    let scene = Scene::new(WhenLifted::EndSession).await;
    let second = scene.asks(vec![scene.credential.clone()]).await;
    scene.lift();
    scene.server.cancel(&second);
    assert_eq!(scene.server.message().await, scene.lifted());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_leaves_while_another_is_asked_for_is_told_of_at_once() {
    let scene = Scene::new(WhenLifted::EndSession).await;
    let (id, kind) = ("AQID".into(), "public-key".into());
    scene.asks(vec![CredentialDescriptor { id, kind, transports: Vec::new() }]).await;
    scene.lift();
    assert_eq!(scene.server.message().await, scene.lifted());
    assert!(!scene.server.has_outcome().await, "the other is still asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_on_the_screen_holds_back_no_word_of_a_card_that_has_left() {
    let scene = Scene::new(WhenLifted::EndSession).await;
    let link = scene.server.linked(&enrol(&scene.server, vec![scene.credential.clone()]));
    let dialogs = scene.dialogs();
    let stands_there = async {
        until(async || scene.dialogs() > dialogs).await;
        scene.lift();
        assert_eq!(scene.server.message().await, scene.lifted());
    };
    tokio::select! {
        address = scene.desktop.agent().open(&link) => panic!("it is over: {address:?}"),
        () = stands_there => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_which_the_server_could_not_speak_ends_with_its_card() {
    let (desktop, server) = paired().await;
    // It has written what it must, and fell down then.
    server.says_to_results(Some(StatusCode::SERVICE_UNAVAILABLE));
    let scene = Scene::at(desktop, server, WhenLifted::EndSession).await;
    scene.lift();
    assert_eq!(scene.server.message().await, scene.lifted());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_whose_answer_is_refused_takes_over_nothing_that_another_held() {
    for when_lifted in [WhenLifted::EndSession, WhenLifted::Nothing] {
        let scene = Scene::new(WhenLifted::EndSession).await;
        let (desktop, server) = (&scene.desktop, &scene.server);
        let mut request = login(server, vec![scene.credential.clone()]);
        request.when_lifted = when_lifted;
        let second = server.ask(&request);
        desktop.person.looks_at(3).await;
        // To the agent it is the card: it has said so. To the server it is not.
        server.says_to_results(Some(StatusCode::BAD_REQUEST));
        desktop.person.will(&["wait", PIN]);
        desktop.reader.put(&scene.card);
        assert_eq!(server.outcome().await.0, second);
        scene.lift();
        assert_eq!(server.message().await, scene.lifted());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_wants_a_lock_again_and_again_has_one() {
    let (desktop, server) = paired().await;
    let began = Instant::now();
    server.push(Push::Text(ServerMessage::Lock.encode()));
    until(async || !locked(&desktop).is_empty()).await;
    for _ in 0..20 {
        server.push(Push::Text(ServerMessage::Lock.encode()));
    }
    // The channel is heard in order.
    desktop.person.will(&["cancel"]);
    server.ask(&enrol(&server, vec![]));
    server.outcome().await;
    let times = locked(&desktop).lines().count();
    assert!(times == 1 || began.elapsed() >= Duration::from_secs(5), "{times} times");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_may_have_the_desktop_locked() {
    let (desktop, server) = paired().await;
    server.push(Push::Text(ServerMessage::Lock.encode()));
    until(async || desktop.locks().exists()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_answers_again_holds_there_what_it_held_before() {
    let scene = Scene::new(WhenLifted::EndSession).await;
    let (desktop, server) = (&scene.desktop, &scene.server);
    let mut request = login(server, vec![scene.credential.clone()]);
    request.when_lifted = WhenLifted::EndSession;
    let second = server.ask(&request);
    desktop.person.looks_at(3).await;
    // Laid down at another reader: that is the one that answers.
    desktop.person.will(&["wait", PIN]);
    let stay = desktop.reader.put(&scene.card);
    assert_eq!(server.outcome().await.0, second);
    desktop.reader.take(stay);
    let mut told = [server.message().await, server.message().await];
    told.sort_by_key(|message| *message != scene.lifted());
    assert_eq!(told, [scene.lifted(), AgentMessage::Lifted { id: second }]);
}
