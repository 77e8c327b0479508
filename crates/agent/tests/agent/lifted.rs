//! Cards that hold sessions: what the agent says when they leave.

use std::sync::Arc;
use std::time::Duration;

use agent_protocol::{AgentMessage, CredentialDescriptor, ServerMessage, Ticket, WhenLifted};
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
async fn the_desktop_locks_where_the_tenant_wants_it_before_anybody_is_told() {
    let scene = Scene::new(WhenLifted::EndSessionAndLock).await;
    scene.lift();
    assert_eq!(scene.server.message().await, scene.lifted());
    let noted = std::fs::read_to_string(scene.desktop.locks()).unwrap();
    assert_eq!(noted, "--no-ask-password lock-session\n");
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
async fn a_card_that_leaves_during_a_ceremony_is_told_of_after_it() {
    let scene = Scene::new(WhenLifted::EndSession).await;
    let credential = CredentialDescriptor {
        id: "AQID".into(),
        kind: "public-key".into(),
        transports: Vec::new(),
    };
    let dialogs = scene.desktop.person.saw().matches("Account at Acme").count();
    let second = scene.server.ask(&login(&scene.server, vec![credential]));
    until(async || scene.desktop.person.saw().matches("Account at Acme").count() > dialogs).await;
    scene.lift();
    scene.server.cancel(&second);
    assert_eq!(scene.server.message().await, AgentMessage::Lifted { id: scene.ticket });
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
