//! What an agent does not do: no prompt, no card, and a word to the server at most.

use agent_protocol::{
    AgentMessage, Ceremony, CredentialDescriptor, Outcome, Purpose, Refused, SignedRequest,
};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;

use crate::support::server::{Server, new_key};
use crate::support::{enrol, login, new_card, paired, seconds, soon};

/// Every way in which a request can be wrong.
fn wrong(good: &SignedRequest) -> Vec<(&'static str, SignedRequest)> {
    let with = |change: &dyn Fn(&mut SignedRequest)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    vec![
        ("another server", with(&|r| r.iss = "https://evil.example".into())),
        ("another tenant", with(&|r| r.tenant = "globex".into())),
        ("another device", with(&|r| r.aud = new_key().public().thumbprint())),
        ("another origin", with(&|r| r.origin = "https://bank.example".into())),
        ("another rp id", with(&|r| r.rp_id = "bank.example".into())),
        ("a ceremony of another purpose", with(&|r| r.purpose = Purpose::Enrol)),
        ("expired", with(&|r| (r.iat, r.exp) = (seconds() - 400, seconds() - 300))),
        ("from the future", with(&|r| (r.iat, r.exp) = (seconds() + 300, seconds() + 400))),
        ("too long a life", with(&|r| r.exp = r.iat + 121)),
        (
            "too many credentials",
            with(&|r| {
                let one = CredentialDescriptor {
                    id: "AQ".into(),
                    kind: "public-key".into(),
                    transports: vec![],
                };
                r.ceremony = Ceremony::Get(vec![one; 65]);
            }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_reaches_neither_person_nor_card() {
    let (desktop, server) = paired().await;
    let card = new_card(2);
    desktop.reader.put(&card);
    let refused = Outcome::Refused(Refused::InvalidRequest);
    for (what, request) in wrong(&login(&server, vec![])) {
        let ticket = server.ask(&request);
        assert_eq!(server.outcome().await, (ticket, refused.clone()), "{what}");
    }
    assert_eq!(card.holder().commands_seen(), 0);
    assert_eq!(desktop.person.dialogs(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_the_server_did_not_sign_reaches_neither_person_nor_card() {
    let (desktop, server) = paired().await;
    let card = new_card(3);
    desktop.reader.put(&card);
    for signed in [login(&server, vec![]).sign(&new_key()).unwrap(), "a.b.c".into()] {
        server.ask_signed(signed);
        assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::InvalidRequest));
    }
    assert_eq!(card.holder().commands_seen(), 0);
    assert_eq!(desktop.person.dialogs(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_good_once() {
    let (desktop, server) = paired().await;
    let request = enrol(&server, vec![]);
    desktop.person.will(&["cancel"]);
    server.ask(&request);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    server.ask(&request);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::InvalidRequest));
    assert_eq!(desktop.person.dialogs(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_keeps_quiet_after_two_refusals() {
    let (desktop, server) = paired().await;
    desktop.person.will(&["cancel", "cancel", "ok", "ok"]);
    for _ in 0..2 {
        server.ask(&enrol(&server, vec![]));
        assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::Cancelled));
    }
    server.ask(&enrol(&server, vec![]));
    // The channel is heard in order: when the next word has its effect, the ticket was dropped.
    server.push(crate::support::server::Push::Text(r#"{"t":"revoke"}"#.into()));
    crate::support::until(async || desktop.agent().status().enrolments.is_empty()).await;
    assert_eq!(desktop.person.dialogs(), 2);
    assert!(!server.has_outcome().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_prompt_at_a_time_and_three_a_minute() {
    let (desktop, server) = paired().await;
    let first = server.ask(&enrol(&server, vec![]));
    desktop.person.looks_at(1).await;
    let second = server.ask(&enrol(&server, vec![]));
    let busy = AgentMessage::Refused { id: second, reason: Refused::Busy };
    assert_eq!(server.message().await, busy);
    server.cancel(&first);
    for nth in [2, 3] {
        let ticket = server.ask(&enrol(&server, vec![]));
        desktop.person.looks_at(nth).await;
        server.cancel(&ticket);
    }
    let fourth = server.ask(&enrol(&server, vec![]));
    let too_many = AgentMessage::Refused { id: fourth, reason: Refused::TooMany };
    assert_eq!(server.message().await, too_many);
    assert_eq!(desktop.person.dialogs(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_slow_to_answer_holds_up_no_other() {
    let (desktop, slow) = paired().await;
    let other = Server::start().await;
    desktop.pair(&other).await;
    slow.shared.answers_claims.send_replace(false);
    slow.ask(&login(&slow, vec![]));
    let mut claims = slow.shared.claims.subscribe();
    soon(claims.wait_for(|claims| *claims == 1)).await.unwrap();
    desktop.person.will(&["cancel"]);
    let ticket = other.ask(&enrol(&other, vec![]));
    assert_eq!(other.outcome().await, (ticket, Outcome::Refused(Refused::Cancelled)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_goes_nowhere_that_an_answer_sends_it() {
    let (desktop, server) = paired().await;
    let elsewhere = format!("{}/stray", server.origin);
    let redirect = (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, elsewhere)]);
    server.ask_answering(redirect.into_response());
    soon(idle(&server)).await;
    // A good request in an answer that is too long is no good request.
    let request = login(&server, vec![]).sign(&server.shared.key).unwrap();
    let long = serde_json::json!({"request": request, "pad": "x".repeat(100_000)});
    server.ask_answering(axum::Json(long).into_response());
    soon(idle(&server)).await;
    assert_eq!(desktop.person.dialogs(), 0);
    assert_eq!(server.shared.stray_calls.load(std::sync::atomic::Ordering::Relaxed), 0);
}

/// Waits until the agent has finished what it does: until it takes another ticket.
async fn idle(server: &Server) {
    loop {
        let probe = server.ask_signed(String::new());
        tokio::select! {
            message = server.message() => {
                let busy = AgentMessage::Refused { id: probe, reason: Refused::Busy };
                assert_eq!(message, busy);
            }
            (told, _) = server.outcome() => return assert_eq!(told, probe),
        }
    }
}
