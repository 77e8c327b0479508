use std::time::Duration;

use identity::Moment;
use ids::{DeviceId, TicketId};

use crate::tests::devices::device;
use crate::tests::support::{Bench, Cast, credential, id, new_session, on_both, person};
use crate::{NewSession, Session};

/// A session that a card opened at `device`, and holds there.
async fn held(cast: &Cast, device: DeviceId, token: &str) -> (Session, TicketId) {
    let ticket = TicketId(id());
    let new = NewSession { device: Some(device), ticket: Some(ticket), ..new_session(token) };
    let session = cast.sign_in_with(token, new).await;
    assert_eq!((session.device, session.ticket), (Some(device), Some(ticket)));
    (session, ticket)
}

fn earlier(now: Moment, seconds: i64) -> Moment {
    Moment(now.0.saturating_sub(seconds.saturating_mul(1_000_000)))
}

async fn alive(cast: &Cast, tokens: &[&str]) -> Vec<bool> {
    let mut alive = Vec::new();
    for token in tokens {
        alive.push(cast.session(token).await.is_some());
    }
    alive
}

/// Lets so many seconds pass for what agents and their sessions have been doing.
async fn pass(bench: &Bench, seconds: u32) {
    for column in
        ["device SET connected_until = connected_until", "session SET created_at = created_at"]
    {
        bench.raw(&format!("UPDATE {column} - {seconds}000000")).await;
    }
}

/// Somebody else of the tenant, with a card of their own.
pub(super) async fn colleague(cast: &Cast) -> Cast {
    let person = person("ben@example.com");
    let card = credential(person.id);
    let mut writing = cast.write().await;
    writing.write_person(&person).await.unwrap();
    writing.insert_credential(&card).await.unwrap();
    writing.commit().await.unwrap();
    Cast { person: person.id, card: card.id, ..cast.clone() }
}

/// How many sessions end with this grace, a long time after the node was started.
async fn lost(cast: &Cast, grace: u64) -> usize {
    lost_since(cast, grace, Moment(0)).await
}

async fn lost_since(cast: &Cast, grace: u64, up_since: Moment) -> usize {
    let grace = Duration::from_secs(grace);
    let lost = cast.read().await.lost_sessions(grace, up_since).await.unwrap();
    let mut writing = cast.write().await;
    let ended = writing.end_lost(lost, grace).await.unwrap();
    writing.commit().await.unwrap();
    ended.len()
}

on_both! {
    async fn a_lifted_card_ends_what_it_held_at_that_computer_and_nothing_else(bench) {
        let cast = bench.cast("acme").await;
        let (desk, other) = (device(&cast, "desk").await.id, device(&cast, "other").await.id);
        let (session, ticket) = held(&cast, desk, "lifted").await;
        held(&cast, desk, "another stay").await;
        held(&cast, other, "elsewhere").await;
        cast.sign_in("in the browser").await;
        let mut writing = cast.write().await;
        assert!(writing.end_lifted(other, ticket).await.unwrap().is_empty(), "not its computer");
        let ended = writing.end_lifted(desk, ticket).await.unwrap();
        assert_eq!(ended.iter().map(|ended| ended.id).collect::<Vec<_>>(), [session.id]);
        assert_eq!((ended[0].person, ended[0].device), (cast.person, desk));
        assert!(writing.end_lifted(desk, ticket).await.unwrap().is_empty(), "once");
        writing.commit().await.unwrap();
        let tokens = ["lifted", "another stay", "elsewhere", "in the browser"];
        assert_eq!(alive(&cast, &tokens).await, [false, true, true, true]);
    }

    async fn a_session_that_a_tap_opened_is_held_by_nothing(bench) {
        let cast = bench.cast("acme").await;
        let (desk, other) = (device(&cast, "desk").await.id, device(&cast, "other").await.id);
        let (_, ticket) = held(&cast, desk, "tapped").await;
        assert!(cast.read().await.holds_sessions(desk).await.unwrap());
        let mut writing = cast.write().await;
        assert!(!writing.release_session(other, ticket).await.unwrap());
        assert!(writing.release_session(desk, ticket).await.unwrap());
        assert!(writing.end_lifted(desk, ticket).await.unwrap().is_empty());
        writing.commit().await.unwrap();
        assert!(!cast.read().await.holds_sessions(desk).await.unwrap());
        let session = cast.session("tapped").await.unwrap();
        assert_eq!((session.device, session.ticket), (Some(desk), None));
    }

    async fn an_agent_that_comes_back_says_what_is_still_held(bench) {
        let cast = bench.cast("acme").await;
        let (desk, other) = (device(&cast, "desk").await.id, device(&cast, "other").await.id);
        let (_, still) = held(&cast, desk, "still").await;
        held(&cast, desk, "gone").await;
        held(&cast, other, "elsewhere").await;
        cast.sign_in("in the browser").await;
        bench.raw("UPDATE session SET created_at = created_at - 1000000").await;
        let mut writing = cast.write().await;
        let since = writing.connect_device(desk, id()).await.unwrap().unwrap();
        writing.commit().await.unwrap();
        // Opened while the word of the agent was under way.
        held(&cast, desk, "new").await;
        let mut writing = cast.write().await;
        assert_eq!(writing.end_not_held(desk, &[still], since).await.unwrap().len(), 1);
        writing.commit().await.unwrap();
        let tokens = ["still", "gone", "elsewhere", "in the browser", "new"];
        assert_eq!(alive(&cast, &tokens).await, [true, false, true, true, true]);
    }

    async fn an_agent_counts_as_gone_when_its_connection_was_for_so_long(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await.id;
        let connection = id();
        let mut writing = cast.write().await;
        writing.connect_device(desk, connection).await.unwrap();
        writing.commit().await.unwrap();
        held(&cast, desk, "held").await;
        cast.sign_in("in the browser").await;
        pass(bench, 65).await;
        assert_eq!(lost(&cast, 10).await, 0, "its node vouched for it until 5 seconds ago");
        let mut writing = cast.write().await;
        assert!(writing.keep_device(desk, connection).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(lost(&cast, 0).await, 0, "it is connected");
        pass(bench, 75).await;
        assert_eq!(lost(&cast, 10).await, 1);
        assert_eq!(alive(&cast, &["held", "in the browser"]).await, [false, true]);
    }

    async fn the_end_of_an_older_connection_ends_nothing(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await.id;
        let (older, newer) = (id(), id());
        held(&cast, desk, "held").await;
        pass(bench, 3600).await;
        let mut writing = cast.write().await;
        for connection in [older, newer] {
            writing.connect_device(desk, connection).await.unwrap();
        }
        assert!(!writing.disconnect_device(desk, older).await.unwrap());
        assert!(!writing.keep_device(desk, older).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(lost(&cast, 0).await, 0);
        let mut writing = cast.write().await;
        assert!(writing.disconnect_device(desk, newer).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(lost(&cast, 10).await, 0, "there is a grace");
        assert_eq!(lost(&cast, 0).await, 1);
    }

    async fn a_session_that_was_just_opened_is_not_lost(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await.id;
        held(&cast, desk, "new").await;
        assert_eq!(lost(&cast, 0).await, 0, "its agent has just answered");
        pass(bench, 61).await;
        assert_eq!(lost(&cast, 0).await, 1);
    }

    async fn a_card_at_another_computer_ends_its_sessions_at_the_first(bench) {
        let cast = bench.cast("acme").await;
        let (desk, other) = (device(&cast, "desk").await.id, device(&cast, "other").await.id);
        held(&cast, desk, "at the first").await;
        held(&cast, other, "at the other").await;
        cast.sign_in("in the browser").await;
        let mut writing = cast.write().await;
        let ended = writing.end_elsewhere(cast.card, other).await.unwrap();
        assert_eq!(ended.iter().map(|ended| ended.device).collect::<Vec<_>>(), [desk]);
        writing.commit().await.unwrap();
        let tokens = ["at the first", "at the other", "in the browser"];
        assert_eq!(alive(&cast, &tokens).await, [false, true, true]);
    }

    async fn who_signed_in_last_at_a_computer_sits_there(bench) {
        let mia = bench.cast("acme").await;
        let ada = colleague(&mia).await;
        let mut desks = Vec::new();
        for name in ["left", "taken", "left by both", "back again", "here"] {
            let desk = device(&mia, name).await.id;
            desks.push(desk);
            held(&mia, desk, &format!("mia at {name}")).await;
            if name != "left" {
                let (token, user_agent) = (format!("ada at {name}"), name.to_owned());
                let new = NewSession { device: Some(desk), user_agent, ..new_session(&token) };
                ada.sign_in_with(&token, new).await;
            }
        }
        let [left, _taken, left_by_both, back_again, here] = desks[..] else { panic!() };
        held(&mia, back_again, "mia again").await;
        let over = "UPDATE session SET expires_at = 1 WHERE user_agent = 'left by both'";
        assert_eq!(bench.raw(over).await, 1);
        let found = mia.write().await.desks_elsewhere(mia.card, here).await.unwrap();
        assert_eq!(found, [left, left_by_both, back_again]);
    }

    async fn after_a_start_agents_have_time_to_come_back(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await.id;
        held(&cast, desk, "held").await;
        pass(bench, 3600).await;
        let now = cast.store.now().await.unwrap();
        assert_eq!(lost_since(&cast, 0, now).await, 0, "it was the server that was away");
        assert_eq!(lost_since(&cast, 10, earlier(now, 65)).await, 0);
        assert_eq!(lost_since(&cast, 10, earlier(now, 71)).await, 1);
    }

    async fn an_agent_that_comes_back_meanwhile_loses_nothing(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await.id;
        held(&cast, desk, "held").await;
        pass(bench, 3600).await;
        let grace = Duration::from_secs(10);
        let lost = cast.read().await.lost_sessions(grace, Moment(0)).await.unwrap();
        assert_eq!(lost.len(), 1);
        let mut writing = cast.write().await;
        writing.connect_device(desk, id()).await.unwrap();
        assert!(writing.end_lost(lost, grace).await.unwrap().is_empty());
        writing.commit().await.unwrap();
        assert_eq!(alive(&cast, &["held"]).await, [true]);
    }
}
