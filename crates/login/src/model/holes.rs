//! Each guard left out in turn: the model finds what it is there for. Where another guard, here
//! or in the store, stands behind it, both are left out, and [`DOUBLED`] shows that one is enough.

use stateright::{Checker, HasDiscoveries, Model};

use super::Hall;
use super::moves::Move;
use super::scene::Scene;
use super::store::StoreGuards;
use super::traces;
use super::world::World;
use crate::guard::{Guards, Refusal};

/// A guard, or a pair of them, that is left out.
struct Hole {
    name: &'static str,
    scene: fn() -> Scene,
    guards: &'static [Refusal],
    store: StoreGuards,
    /// What goes wrong on the shortest way.
    wrong: &'static str,
    /// That way.
    trace: fn() -> Vec<Move>,
}

const ALL: StoreGuards = StoreGuards::ALL;
const NO_CLOCK: StoreGuards = StoreGuards { clock: false, ..ALL };

#[rustfmt::skip]
const HOLES: &[Hole] = &[
    hole("expired and clock", Scene::time, &[Refusal::Expired], NO_CLOCK, "after the login's life", traces::expired),
    hole("challenge expired and clock", Scene::time, &[Refusal::ChallengeExpired], NO_CLOCK, "after the challenge's life", traces::challenge_expired),
    hole("challenge expired and clock, card first", Scene::card_first_in_time, &[Refusal::ChallengeExpired], NO_CLOCK, "after the challenge's life", traces::challenge_expired_card_first),
    hole("tenant", Scene::elsewhere, &[Refusal::Tenant], ALL, "in another tenant", traces::tenant),
    hole("provider", Scene::elsewhere, &[Refusal::Provider], ALL, "in another provider's name", traces::provider),
    hole("nonce", Scene::first_card, &[Refusal::Nonce], ALL, "a sign-in was used twice", traces::nonce),
    hole("state and nonce", Scene::first_card, &[Refusal::State, Refusal::Nonce], ALL, "another person's card was enrolled", traces::state_and_nonce),
    hole("browser", Scene::sign_in, &[Refusal::Browser], ALL, "in another person's browser", traces::browser),
    hole("channel", Scene::agents, &[Refusal::Channel], ALL, "in another person's browser", traces::channel),
    hole("challenge", Scene::sign_in, &[Refusal::Challenge], ALL, "in another person's browser", traces::challenge),
    hole("person", Scene::sign_in, &[Refusal::Person], ALL, "vouched for another person", traces::person),
    hole("revoked and live card", Scene::card_first_in_time, &[Refusal::Revoked], StoreGuards { live_card: false, ..ALL }, "with a revoked card", traces::revoked),
    hole("disabled", Scene::time, &[Refusal::Disabled], ALL, "for who is disabled", traces::disabled),
    hole("not verified", Scene::card_first, &[Refusal::NotVerified], ALL, "in another person's browser", traces::not_verified),
    hole("no card", Scene::no_onboarding, &[Refusal::NoCard], ALL, "enrolled where the provider enrols nobody", traces::no_card),
    hole("has card and first card", Scene::two_first_cards, &[Refusal::HasCard], StoreGuards { first_card: false, ..ALL }, "a second first card", traces::has_card),
    hole("same card", Scene::changes, &[Refusal::SameCard], ALL, "the last card was removed", traces::same_card),
    hole("code and take code", Scene::code, &[Refusal::Code], StoreGuards { take_code: false, ..ALL }, "another person's code", traces::code),
    hole("card first", Scene::no_card_first, &[Refusal::CardFirst], ALL, "card first is off", traces::card_first),
    hole("not linked", Scene::not_linked, &[Refusal::NotLinked], ALL, "nobody has linked the person", traces::not_linked),
    hole("spend", Scene::sign_in, &[], StoreGuards { spend: false, ..ALL }, "a sign-in was used twice", traces::spend),
    hole("take login", Scene::sign_in, &[], StoreGuards { take_login: false, ..ALL }, "an answer was used twice", traces::take_login),
    hole("take stranger", Scene::card_first, &[], StoreGuards { take_stranger: false, ..ALL }, "an answer was used twice", traces::take_stranger),
    hole("take code", Scene::one_code_for_two, &[], StoreGuards { take_code: false, ..ALL }, "a code was used twice", traces::take_code),
    hole("take invitation", Scene::invitation, &[], StoreGuards { take_invitation: false, ..ALL }, "an invitation was used twice", traces::take_invitation),
    hole("first card, at one time", Scene::first_cards_at_one_time, &[], StoreGuards { first_card: false, ..ALL }, "a second first card", traces::first_card),
    hole("live card, at one time", Scene::card_first_in_time, &[], StoreGuards { live_card: false, ..ALL }, "with a revoked card", traces::live_card),
    hole("revocation ends logins", Scene::changes_and_revocation, &[], StoreGuards { revoke_ends_logins: false, ..ALL }, "one more card without a tap of a card that counts", traces::revoke_ends_logins),
    hole("atomic", Scene::sign_in_at_one_time, &[], StoreGuards { atomic: false, ..ALL }, "a sign-in was used twice", traces::atomic),
];

/// What stands behind, where, and the guards that are left out.
type Doubled = (&'static str, fn() -> Scene, &'static [Refusal]);

/// Guards that may be left out alone, because another one stands behind them.
#[rustfmt::skip]
const DOUBLED: &[Doubled] = &[
    ("expired, by the store's clock", Scene::time, &[Refusal::Expired]),
    ("challenge expired, by the store's clock", Scene::time, &[Refusal::ChallengeExpired]),
    ("state, by the nonce", Scene::first_card, &[Refusal::State]),
    ("revoked, by the store's live card", Scene::card_first_in_time, &[Refusal::Revoked]),
    ("has card, by the store's first card", Scene::two_first_cards, &[Refusal::HasCard]),
    ("code, by the store's take code", Scene::code, &[Refusal::Code]),
];

const fn hole(
    name: &'static str,
    scene: fn() -> Scene,
    guards: &'static [Refusal],
    store: StoreGuards,
    wrong: &'static str,
    trace: fn() -> Vec<Move>,
) -> Hole {
    Hole { name, scene, guards, store, wrong, trace }
}

fn play(hall: &Hall, trace: Vec<Move>) -> World {
    let mut world = World::new(&hall.scene);
    for action in trace {
        let mut possible = Vec::new();
        hall.actions(&world, &mut possible);
        // A move that the guards refuse leads nowhere, and others may not be possible after it.
        let next = possible.contains(&action).then(|| hall.next_state(&world, action));
        if let Some(next) = next.flatten() {
            world = next;
        }
    }
    world
}

impl Hole {
    fn hall(&self) -> Hall {
        Hall { scene: (self.scene)(), guards: Guards::without(self.guards), store: self.store }
    }
}

#[test]
fn with_a_guard_left_out_the_model_finds_the_hole() {
    for hole in HOLES {
        let checker = hole.hall().checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs();
        let checker = checker.join();
        assert!(checker.discovery("sound").is_some(), "{}", hole.name);
    }
}

#[test]
fn each_kept_trace_leads_through_its_hole_and_nowhere_with_all_guards() {
    for hole in HOLES {
        let broken = play(&hole.hall(), (hole.trace)());
        assert_eq!(broken.wrong, Some(hole.wrong), "{}", hole.name);
        let whole = Hall { guards: Guards::ALL, store: ALL, ..hole.hall() };
        assert_eq!(play(&whole, (hole.trace)()).wrong, None, "{}", hole.name);
    }
}

#[test]
fn a_doubled_guard_may_fail_alone() {
    for (name, scene, guards) in DOUBLED {
        let hall = Hall { scene: scene(), guards: Guards::without(guards), store: ALL };
        let checker = hall.checker().threads(2).spawn_bfs().join();
        assert!(checker.discovery("sound").is_none(), "{name}");
    }
}
