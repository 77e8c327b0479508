use login::{Channel, Purpose};
use serde_json::json;

use super::*;
use crate::entropy;

const SECOND: i64 = 1_000_000;

fn ticket(state: TicketState) -> Ticket {
    Ticket {
        id: TicketId(entropy::id()),
        login: LoginId(entropy::id()),
        device: Some(DeviceId(entropy::id())),
        challenge: ids::ChallengeId(entropy::id()),
        purpose: Purpose::Authenticate,
        match_code: MatchCode::from_random([0, 0, 0, 7]),
        state,
        created_at: Moment(0),
        claimed_at: None,
        expires_at: Moment(600 * SECOND),
        held: None,
    }
}

fn refused() -> TicketState {
    TicketState::Refused { reason: "no-card".into() }
}

#[tokio::test]
async fn a_page_hears_of_its_own_login_only() {
    let pages = Pages::default();
    let (mine, other) = (LoginId(entropy::id()), LoginId(entropy::id()));
    let mut listener = pages.listen(mine).unwrap();
    let done = PageState::Done { location: "/".into() };
    pages.tell(other, PageState::Expired);
    pages.tell(mine, done.clone());
    listener.changed().await.unwrap();
    assert_eq!(*listener.borrow(), Some(done));
}

#[test]
fn channels_end_with_their_listeners() {
    let pages = Pages::default();
    for _ in 0..100 {
        drop(pages.listen(LoginId(entropy::id())));
    }
    assert_eq!(pages.0.lock().unwrap().len(), 1);
}

#[test]
fn what_the_page_reads_names_the_prompt_it_is_about() {
    let waiting = ticket(TicketState::Waiting);
    let read =
        |ticket: &Ticket, now| serde_json::to_value(PageState::of(ticket, None, Moment(now)));
    assert_eq!(
        read(&waiting, 20 * SECOND).unwrap(),
        json!({ "state": "pushed", "ticket": waiting.id, "match": "07", "expires_in": 40 })
    );
    let claimed_at = Some(Moment(50 * SECOND));
    let claimed = Ticket { state: TicketState::Claimed, claimed_at, ..waiting.clone() };
    assert_eq!(
        read(&claimed, 60 * SECOND).unwrap(),
        json!({ "state": "claimed", "ticket": waiting.id, "match": "07", "expires_in": 110 })
    );
    let refused = Ticket { state: refused(), ..waiting.clone() };
    assert_eq!(
        read(&refused, 0).unwrap(),
        json!({ "state": "refused", "ticket": waiting.id, "reason": "no-card" })
    );
    let proved = Ticket { state: TicketState::Proved, ..waiting };
    assert_eq!(PageState::of(&proved, None, Moment(0)), None);
}

/// A page that is loaded again while the browser must come back, or hears of it from another node.
#[test]
fn a_prompt_whose_answer_waits_lives_no_longer_than_its_browser_may_take() {
    let claimed_at = Some(Moment(50 * SECOND));
    let held = Ticket { claimed_at, ..ticket(TicketState::Held) };
    let out = |id, ends| Challenge {
        id,
        purpose: Purpose::Authenticate,
        channel: Channel::Returning(held.device),
        state: String::new(),
        issued_at: Moment(0),
        expires_at: Moment(ends * SECOND),
    };
    let left = |out: &Challenge| {
        let state = PageState::of(&held, Some(out), Moment(60 * SECOND)).unwrap();
        let PageState::Returning(prompt) = state else { panic!("{state:?}") };
        prompt.expires_in
    };
    assert_eq!(left(&out(held.challenge, 85)), 25);
    assert_eq!(left(&out(held.challenge, 1000)), 540, "no longer than its login");
    let another = ids::ChallengeId(entropy::id());
    assert_eq!(left(&out(another, 85)), 110, "of another challenge nothing is known");
}

#[test]
fn a_computer_is_told_by_its_name_and_a_place_by_its_address() {
    let offer = DeviceId(entropy::id());
    let enrolled = PageState::Enrolled { id: offer, device: "ward-3-pc".into() };
    assert_eq!(
        serde_json::to_value(enrolled).unwrap(),
        json!({ "state": "enrolled", "offer": offer, "device": "ward-3-pc" })
    );
    let paired = PageState::Paired { id: DeviceId(entropy::id()), device: "ward-3-pc".into() };
    assert_eq!(
        serde_json::to_value(paired).unwrap(),
        json!({ "state": "paired", "device": "ward-3-pc" })
    );
    let elsewhere = serde_json::to_value(PageState::Elsewhere).unwrap();
    assert_eq!(elsewhere, json!({ "state": "elsewhere" }));
    let done = PageState::Done { location: "/there".into() };
    assert_eq!(
        serde_json::to_value(done).unwrap(),
        json!({ "state": "done", "location": "/there" })
    );
    let expired = serde_json::to_value(PageState::Expired).unwrap();
    assert_eq!(expired, json!({ "state": "expired" }));
}

#[test]
fn a_prompt_goes_on_and_nothing_of_it_is_told_twice() {
    let mine = ticket(TicketState::Waiting);
    let of = |state| PageState::of(&Ticket { state, ..mine.clone() }, None, Moment(0)).unwrap();
    let (pushed, claimed, over) =
        (of(TicketState::Waiting), of(TicketState::Claimed), of(refused()));
    let mut told = Told::default();
    for state in [&pushed, &claimed, &over] {
        assert!(told.lacks(state), "{state:?}");
        told.note(state);
        assert!(!told.lacks(state), "{state:?}");
    }
    assert!(!told.lacks(&claimed), "it does not go back");
    let next = PageState::of(&ticket(TicketState::Waiting), None, Moment(0)).unwrap();
    assert!(told.lacks(&next), "another prompt");
}

#[test]
fn a_computer_is_told_once_whatever_becomes_of_prompts() {
    let named = |id| PageState::Enrolled { id, device: "ward-3-pc".into() };
    let (first, second) = (named(DeviceId(entropy::id())), named(DeviceId(entropy::id())));
    let mut told = Told::default();
    told.note(&first);
    told.note(&PageState::of(&ticket(TicketState::Claimed), None, Moment(0)).unwrap());
    assert!(!told.lacks(&first));
    assert!(told.lacks(&second), "another computer of the same name");
    assert!(told.awaited_computer().is_some());
    told.note(&PageState::Elsewhere);
    assert_eq!(told.awaited_computer(), None);

    let id = DeviceId(entropy::id());
    let paired = PageState::Paired { id, device: "ward-3-pc".into() };
    told.note(&named(id));
    assert!(told.lacks(&paired));
    told.note(&paired);
    assert!(!told.lacks(&paired) && !told.lacks(&named(id)));
    assert_eq!(told.awaited_computer(), None);
}

#[test]
fn a_prompt_is_open_until_it_was_refused() {
    let mine = ticket(TicketState::Claimed);
    let mut told = Told::default();
    assert_eq!(told.open_prompt(), None);
    told.note(&PageState::of(&mine, None, Moment(0)).unwrap());
    assert_eq!(told.open_prompt(), Some(mine.id));
    told.note(&PageState::refused(mine.id, "no-card"));
    assert_eq!(told.open_prompt(), None);
}
