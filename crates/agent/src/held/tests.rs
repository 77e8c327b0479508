use std::pin::pin;
use std::sync::Arc;

use agent_protocol::X509Statement;
use futures_util::FutureExt as _;
use serde_json::json;
use tokio::sync::watch;

use super::*;
use crate::board::{Arrival, Open, OpenError};
use crate::state::tests::enrolment;

/// A card on a reader that has just answered, and the clock stands still.
struct Scene {
    board: Board,
    held: Held,
    device: Thumbprint,
    stay: DeviceId,
}

fn nothing() -> Open {
    Arc::new(|| Err(OpenError("no device".into())))
}

fn ticket(number: u8) -> Ticket {
    Ticket::from_random([number; 32])
}

fn answer(credential: &str) -> Outcome {
    Outcome::Assertion(json!({ "id": credential }))
}

impl Scene {
    fn new() -> Self {
        let board = Board::new();
        let stay = board.arrived("reader".into(), Arrival::Now, nothing());
        let device = enrolment().0.device.clone();
        let scene = Self { board, held: Held::new(limits::TAP), device, stay };
        scene.held.answered(&scene.device, &ticket(1), &answer("card"), stay);
        scene.age();
        scene
    }

    /// Every card has been there for longer than a tap takes.
    fn age(&self) {
        let long_ago = |at: Instant| at.checked_sub(limits::TAP).unwrap();
        self.held.sessions.send_modify(|held| {
            for hold in held {
                hold.place.answered_at = hold.place.answered_at.map(long_ago);
            }
        });
    }

    /// Puts a card there.
    fn put(&self) -> DeviceId {
        self.board.arrived("reader".into(), Arrival::Now, nothing())
    }

    /// How the stay of the card of this ticket ends. A gate that is shut holds it up.
    async fn left(&self, number: u8, flutter: &Gate, ceremony: &Gate) -> Left {
        let (flutter, idle) = (|| flutter.passed(), |_| ceremony.passed());
        self.held.left(&self.board, (&self.device, &ticket(number)), flutter, idle).await
    }

    /// The same when it is known at once.
    fn left_now(&self, number: u8) -> Option<Left> {
        let open = Gate::new(true);
        self.left(number, &open, &open).now_or_never()
    }
}

/// What takes time elsewhere: here it is over when the test opens it.
struct Gate(watch::Sender<bool>);

impl Gate {
    fn new(open: bool) -> Self {
        Self(watch::Sender::new(open))
    }

    fn set(&self, open: bool) {
        self.0.send_replace(open);
    }

    async fn passed(&self) {
        self.0.subscribe().wait_for(|open| *open).await.unwrap();
    }
}

#[test]
fn a_card_is_lifted_when_it_has_been_away_for_longer_than_a_field_flutters() {
    let scene = Scene::new();
    let (flutter, idle) = (Gate::new(false), Gate::new(true));
    let mut left = pin!(scene.left(1, &flutter, &idle));
    assert_eq!(left.as_mut().now_or_never(), None, "it is there");
    scene.board.left(scene.stay);
    assert_eq!(left.as_mut().now_or_never(), None, "it may come back");
    flutter.set(true);
    assert_eq!(left.now_or_never(), Some(Left::Lifted));
}

#[test]
fn a_card_that_flutters_is_there() {
    let scene = Scene::new();
    let (flutter, idle) = (Gate::new(false), Gate::new(true));
    let mut left = pin!(scene.left(1, &flutter, &idle));
    let mut id = scene.stay;
    for _ in 0..3 {
        flutter.set(false);
        scene.board.left(id);
        assert_eq!(left.as_mut().now_or_never(), None);
        id = scene.board.returned(scene.stay, "reader".into(), Arrival::Now, nothing());
        flutter.set(true);
        assert_eq!(left.as_mut().now_or_never(), None, "it is there");
    }
    scene.board.left(id);
    assert_eq!(left.now_or_never(), Some(Left::Lifted));
}

#[test]
fn another_card_in_its_place_is_not_it() {
    let scene = Scene::new();
    scene.board.left(scene.stay);
    scene.put();
    assert_eq!(scene.left_now(1), Some(Left::Lifted));
}

#[test]
fn a_card_that_leaves_within_seconds_of_its_answer_was_tapped() {
    let scene = Scene::new();
    scene.held.answered(&scene.device, &ticket(2), &answer("card"), scene.stay);
    scene.board.left(scene.stay);
    assert_eq!(scene.left_now(2), Some(Left::Tapped));
    assert_eq!(scene.left_now(1), Some(Left::Lifted), "there it had stayed");
}

#[test]
fn what_happens_during_a_ceremony_is_judged_after_it() {
    let scene = Scene::new();
    let (flutter, idle) = (Gate::new(true), Gate::new(false));
    let mut left = pin!(scene.left(1, &flutter, &idle));
    scene.board.left(scene.stay);
    assert_eq!(left.as_mut().now_or_never(), None);
    // It is put back for the next request, and answers: it holds what it held.
    let back = scene.put();
    scene.held.answered(&scene.device, &ticket(2), &answer("card"), back);
    idle.set(true);
    assert_eq!(left.as_mut().now_or_never(), None, "it is there again");
    scene.board.left(back);
    assert_eq!(left.now_or_never(), Some(Left::Lifted), "and it did not come for a tap alone");
}

#[test]
fn a_card_that_is_not_back_after_a_ceremony_is_lifted() {
    let scene = Scene::new();
    let (flutter, idle) = (Gate::new(true), Gate::new(false));
    let mut left = pin!(scene.left(1, &flutter, &idle));
    scene.board.left(scene.stay);
    assert_eq!(left.as_mut().now_or_never(), None);
    idle.set(true);
    assert_eq!(left.now_or_never(), Some(Left::Lifted));
}

#[test]
fn another_card_that_answers_holds_nothing_of_the_first() {
    let scene = Scene::new();
    scene.board.left(scene.stay);
    let other = scene.put();
    scene.held.answered(&scene.device, &ticket(2), &answer("another card"), other);
    assert_eq!(scene.left_now(1), Some(Left::Lifted));
    assert_eq!(scene.left_now(2), None, "it is there");
}

#[test]
fn what_a_card_holds_is_where_it_answered_last() {
    let scene = Scene::new();
    let (flutter, idle) = (Gate::new(true), Gate::new(true));
    let mut left = pin!(scene.left(1, &flutter, &idle));
    assert_eq!(left.as_mut().now_or_never(), None);
    let elsewhere = scene.put();
    scene.held.follow(&scene.device, &ticket(9), &answer("card"), elsewhere);
    assert_eq!(left.as_mut().now_or_never(), None);
    scene.board.left(elsewhere);
    assert_eq!(left.now_or_never(), Some(Left::Lifted));
}

#[test]
fn what_was_forgotten_is_watched_no_more() {
    let scene = Scene::new();
    let (flutter, idle) = (Gate::new(true), Gate::new(true));
    let mut left = pin!(scene.left(1, &flutter, &idle));
    assert_eq!(left.as_mut().now_or_never(), None);
    scene.held.forget_all_of(&scene.device);
    assert_eq!(left.now_or_never(), Some(Left::Unwatched));
}

#[test]
fn so_many_are_watched_and_who_watches_the_oldest_hears_that_it_is_not() {
    let scene = Scene::new();
    let (flutter, idle) = (Gate::new(true), Gate::new(true));
    let mut left = pin!(scene.left(1, &flutter, &idle));
    let most = u8::try_from(limits::MAX_HELD).unwrap();
    for number in 2..=most + 1 {
        assert_eq!(left.as_mut().now_or_never(), None, "{number}");
        scene.held.answered(&scene.device, &ticket(number), &answer("card"), scene.stay);
    }
    let tickets = scene.held.tickets(&scene.device);
    assert_eq!((tickets.len(), tickets.contains(&ticket(1))), (limits::MAX_HELD, false));
    assert_eq!(left.now_or_never(), Some(Left::Unwatched));
    assert_eq!(scene.left_now(2), None);
    scene.held.forget(&scene.device, &ticket(2));
    assert!(!scene.held.tickets(&scene.device).contains(&ticket(2)));
}

#[test]
fn a_card_with_a_certificate_holds_what_it_opened_where_it_answered_last() {
    let certified = |certificate: &str| {
        Outcome::X509Assertion(X509Statement {
            alg: 0,
            certificate: certificate.into(),
            chain: Vec::new(),
            authenticator_data: String::new(),
            client_data_json: String::new(),
            signature: String::new(),
        })
    };
    let scene = Scene::new();
    let [mine, other] = ["mine", "another"].map(certified);
    scene.held.answered(&scene.device, &ticket(2), &mine, scene.stay);
    let elsewhere = scene.put();
    scene.held.follow(&scene.device, &ticket(9), &other, elsewhere);
    scene.age();
    scene.held.follow(&scene.device, &ticket(9), &mine, elsewhere);
    scene.board.left(scene.stay);
    assert_eq!((scene.left_now(1), scene.left_now(2)), (Some(Left::Lifted), None));
    scene.board.left(elsewhere);
    assert_eq!(scene.left_now(2), Some(Left::Lifted));
}

#[test]
fn a_card_that_only_repeats_the_id_of_another_keeps_no_session_whose_card_has_left() {
    let scene = Scene::new();
    let (flutter, idle) = (Gate::new(true), Gate::new(false));
    let mut left = pin!(scene.left(1, &flutter, &idle));
    scene.board.left(scene.stay);
    assert_eq!(left.as_mut().now_or_never(), None, "a request is before the person");
    let rogue = scene.put();
    scene.held.answered(&scene.device, &ticket(2), &answer("card"), rogue);
    idle.set(true);
    assert_eq!(left.as_mut().now_or_never(), None, "the server has said nothing yet");
    scene.held.judged(&scene.device, &ticket(2), false);
    assert_eq!(left.now_or_never(), Some(Left::Lifted));
}

#[test]
fn a_card_that_is_still_there_holds_what_another_has_claimed() {
    let scene = Scene::new();
    let (flutter, idle) = (Gate::new(true), Gate::new(true));
    let mut left = pin!(scene.left(1, &flutter, &idle));
    assert_eq!(left.as_mut().now_or_never(), None);
    let rogue = scene.put();
    scene.held.follow(&scene.device, &ticket(2), &answer("card"), rogue);
    assert_eq!(left.as_mut().now_or_never(), None);
    scene.held.judged(&scene.device, &ticket(2), false);
    scene.board.left(rogue);
    assert_eq!(left.as_mut().now_or_never(), None, "its own card is there");
    scene.board.left(scene.stay);
    assert_eq!(left.now_or_never(), Some(Left::Lifted));
}

#[test]
fn a_card_whose_answer_was_good_holds_there_what_it_held() {
    let scene = Scene::new();
    let back = scene.put();
    scene.held.follow(&scene.device, &ticket(2), &answer("card"), back);
    scene.held.judged(&scene.device, &ticket(2), true);
    // Said of it a second time, and of another: both change nothing.
    scene.held.judged(&scene.device, &ticket(2), false);
    scene.held.judged(&scene.device, &ticket(3), false);
    scene.board.left(scene.stay);
    assert_eq!(scene.left_now(1), None, "it is where it answered");
}

/// Two answers before the server has said anything of either; in which order it does is its own affair.
#[test]
fn of_several_answers_each_that_was_not_good_is_as_if_it_had_never_been() {
    let after = |said: [(u8, bool); 2]| {
        let scene = Scene::new();
        let places = [scene.put(), scene.put()];
        for (number, place) in [2, 3].into_iter().zip(places) {
            scene.held.follow(&scene.device, &ticket(number), &answer("card"), place);
        }
        for (number, is_good) in said {
            scene.held.judged(&scene.device, &ticket(number), is_good);
        }
        let hold = scene.held.hold(&scene.device, &ticket(1)).unwrap();
        assert!(hold.moves.is_empty());
        [scene.stay, places[0], places[1]].iter().position(|stay| *stay == hold.place.stay)
    };
    for (said, place) in [
        ([(2, false), (3, false)], 0),
        ([(3, false), (2, false)], 0),
        ([(2, true), (3, false)], 1),
        ([(3, false), (2, true)], 1),
        ([(2, false), (3, true)], 2),
        ([(3, true), (2, false)], 2),
        ([(2, true), (3, true)], 2),
    ] {
        assert_eq!(after(said), Some(place), "{said:?}");
    }
}
