//! With all guards in force nothing is ever wrong.

use stateright::{Checker, Model};

use super::Hall;
use super::scene::Scene;
use super::store::StoreGuards;
use crate::guard::Guards;

type Followed = (&'static str, fn() -> Scene, Option<usize>);

/// The scenes, and how far each is followed where it is too large to be seen to its end.
#[rustfmt::skip]
const SCENES: &[Followed] = &[
    ("sign in", Scene::sign_in, None),
    ("everybody everywhere", Scene::everywhere, Some(13)),
    ("settings change", Scene::settings_change, None),
    ("confirms", Scene::confirms, Some(16)),
    ("refusals", Scene::refusals, None),
    ("given up", Scene::given_up, None),
    ("first card until", Scene::first_card_until, None),
    ("card first until", Scene::card_first_until, None),
    ("card first by agent", Scene::card_first_by_agent, None),
    ("card first elsewhere", Scene::card_first_elsewhere, None),
    ("paired", Scene::paired, None),
    ("paired in time", Scene::paired_in_time, None),
    ("overheard code", Scene::overheard_code, None),
    ("code in time", Scene::code_in_time, None),
    ("invitation in time", Scene::invitation_in_time, None),
    ("two cards", Scene::two_cards, None),
    ("sign in, at one time", Scene::sign_in_at_one_time, None),
    ("agents", Scene::agents, Some(15)),
    ("links", Scene::links, Some(13)),
    ("certificates", Scene::certificates, Some(12)),
    ("elsewhere", Scene::elsewhere, Some(15)),
    ("first card", Scene::first_card, None),
    ("first cards, at one time", Scene::first_cards_at_one_time, Some(20)),
    ("code", Scene::code, None),
    ("two first cards", Scene::two_first_cards, None),
    ("invitation", Scene::invitation, None),
    ("card first", Scene::card_first, Some(12)),
    ("card first in time", Scene::card_first_in_time, None),
    ("changes", Scene::changes, Some(12)),
    ("hints", Scene::hints, None),
    ("hints, at one time", Scene::hints_at_one_time, None),
    ("hints in time", Scene::hints_in_time, None),
    ("hints by agents", Scene::hints_by_agent, None),
    ("hint and code", Scene::hint_and_code, None),
    ("one tap", Scene::one_tap, Some(9)),
    ("one tap in time", Scene::one_tap_in_time, Some(10)),
    ("one tap for two", Scene::one_tap_for_two, None),
    ("changes and revocation", Scene::changes_and_revocation, Some(14)),
];

#[test]
fn with_all_guards_nothing_is_issued_that_a_fresh_proof_does_not_carry() {
    let mut total = 0;
    for (name, scene, depth) in SCENES {
        let hall =
            Hall { scene: scene(), guards: Guards::ALL, store: StoreGuards::ALL, sought: None };
        let checker = hall.checker().threads(2);
        let checker = match depth {
            Some(depth) => checker.target_max_depth(*depth),
            None => checker,
        };
        let checker = checker.spawn_bfs().join();
        let wrong = checker.discovery("sound");
        assert!(wrong.is_none(), "{name}: {:?}", wrong.map(stateright::Path::into_actions));
        // A model in which nobody ever gets in would be sound too.
        assert!(checker.discovery("Ada signs in").is_some(), "{name}: nobody gets in");
        let states = checker.unique_state_count();
        println!("{name}: {states} states");
        total += states;
    }
    assert!(total >= 1_000_000, "{total} states only");
}
