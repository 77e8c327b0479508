use serde_json::json;

use super::*;
use crate::board::{Arrival, OpenError};
use crate::desk::tests::{desk, desk_with, locker, ticket};
use crate::state::tests::enrolment;

#[tokio::test]
async fn the_server_hears_of_a_card_that_is_not_watched_any_more_as_of_one_that_has_left() {
    let (desk, mut enrolment) = (desk(), enrolment().0);
    // Nobody answers: whether the server has the outcome is not known.
    enrolment.record.server = "http://127.0.0.1:1".parse().unwrap();
    let enrolment = Arc::new(enrolment);
    let nothing = Arc::new(|| Err(OpenError("no device".into())));
    let card = desk.board.arrived("reader".into(), Arrival::Now, nothing);
    let (outcome, when_lifted) =
        (Outcome::Assertion(json!({ "id": "card" })), WhenLifted::EndSession);
    let taken = desk.take(&enrolment, ticket(1)).ok().unwrap();
    taken.hold(&outcome, when_lifted, card);
    let (say, mut said) = mpsc::channel(1);
    let (browse, _) = oneshot::channel();
    let watching = tokio::spawn(taken.watch(outcome.clone(), when_lifted, say, browse));
    let most = u8::try_from(limits::MAX_HELD).unwrap();
    for number in 2..=most.checked_add(1).unwrap() {
        desk.held.answered(&enrolment.device, &ticket(number), &outcome, card);
    }
    let told = tokio::time::timeout(Duration::from_secs(20), said.recv()).await;
    assert_eq!(told.unwrap(), Some(AgentMessage::Lifted { id: ticket(1) }));
    watching.await.unwrap();
    assert_eq!(desk.held.tickets(&enrolment.device).len(), limits::MAX_HELD);
}

/// The lock takes its time: until it has ended, there is no file.
#[tokio::test]
async fn a_session_ends_while_the_desktop_is_being_locked() {
    let done = crate::state::tests::scratch("slow-lock-done");
    let (_folder, slow) = locker("slow-lock", &format!("sleep 3; echo >'{}'", done.display()));
    let (desk, mut enrolment) = (desk_with(slow, Duration::ZERO), enrolment().0);
    enrolment.record.server = "http://127.0.0.1:1".parse().unwrap();
    let nothing = Arc::new(|| Err(OpenError("no device".into())));
    let card = desk.board.arrived("reader".into(), Arrival::Now, nothing);
    let outcome = Outcome::Assertion(json!({ "id": "card" }));
    let when_lifted = WhenLifted::EndSessionAndLock;
    let taken = desk.take(&Arc::new(enrolment), ticket(1)).ok().unwrap();
    taken.hold(&outcome, when_lifted, card);
    let (say, mut said) = mpsc::channel(1);
    let watching = tokio::spawn(taken.watch(outcome, when_lifted, say, oneshot::channel().0));
    desk.board.left(card);
    let told = tokio::time::timeout(Duration::from_secs(20), said.recv()).await;
    assert!(!done.exists(), "the lock was waited for");
    assert_eq!(told.unwrap(), Some(AgentMessage::Lifted { id: ticket(1) }));
    watching.await.unwrap();
    assert!(done.exists(), "the desktop is locked, too");
}

#[test]
fn only_a_server_that_says_whose_fault_it_is_has_said_no() {
    let of = |status| Told::from_error(&CallError::Refused { status, title: None });
    for no in [400, 401, 404, 409, 410, 429, 499] {
        assert_eq!(of(no), Told::Refused, "{no}");
    }
    for unknown in [201, 204, 302, 307, 399, 500, 502, 503, 504] {
        assert_eq!(of(unknown), Told::Unknown, "{unknown}");
    }
    assert_eq!(Told::from_error(&CallError::Malformed), Told::Unknown);
}
