//! Each guard left out in turn: the model finds what it is there for. Where others stand behind it,
//! in the hallway or in the store, it may be left out alone, and nothing happens; the hole opens
//! when they are left out too, and each of them closes it again.

use stateright::{Checker, HasDiscoveries, Model};

use super::Hall;
use super::moves::Move;
use super::scene::Scene;
use super::store::{Statement, Statement as S, StoreGuards};
use super::traces;
use super::world::World;
use crate::guard::{Guard, Guard as G, Guards};

/// A hole, and all that closes it: one thing, or several that stand behind one another.
struct Hole {
    scene: fn() -> Scene,
    /// The first is the one that this row is about; the others are its second walls.
    guards: &'static [Guard],
    store: &'static [Statement],
    /// What goes wrong on the shortest way.
    wrong: &'static str,
    /// That way.
    trace: fn() -> Vec<Move>,
}

#[rustfmt::skip]
const HOLES: &[Hole] = &[
    // guards, the statements behind them, and what goes wrong on the shortest way
    hole(Scene::time, &[G::LoginAlive], &[S::Clock], "after the login's life", traces::expired),
    hole(Scene::mallory_elsewhere, &[G::CallbackTenant, G::TokenTenant, G::PersonOfTenant, G::AnswerTenant], &[], "in another tenant", traces::tenant),
    hole(Scene::mallory_elsewhere, &[G::TokenTenant, G::CallbackTenant, G::PersonOfTenant, G::AnswerTenant], &[], "in another tenant", traces::tenant),
    hole(Scene::mallory_elsewhere, &[G::PersonOfTenant, G::CallbackTenant, G::TokenTenant, G::AnswerTenant], &[], "in another tenant", traces::tenant),
    hole(Scene::mallory_elsewhere, &[G::CallbackProvider, G::TokenProvider], &[], "in another provider's name", traces::provider),
    hole(Scene::mallory_elsewhere, &[G::TokenProvider, G::CallbackProvider], &[], "in another provider's name", traces::provider),
    hole(Scene::first_card, &[G::CallbackState, G::TokenNonce], &[], "another person's card was enrolled", traces::state_and_nonce),
    hole(Scene::settings_change, &[G::CallbackRegistration], &[], "a code went to who did not issue it", traces::registration),
    hole(Scene::first_card, &[G::TokenNonce], &[], "a sign-in was used twice", traces::nonce),
    hole(Scene::time, &[G::PersonEnabled], &[S::Enabled], "for who is disabled", traces::disabled),
    hole(Scene::no_onboarding, &[G::ProviderOnboards], &[], "enrolled where the provider enrols nobody", traces::no_card),
    hole(Scene::first_card_not_by_entra, &[G::FirstCardByEntra], &[], "enrolled by a sign-in that was not Entra's", traces::no_card),
    hole(Scene::first_card, &[G::FirstCardFresh], &[], "another person's card was enrolled", traces::not_fresh),
    hole(Scene::first_card_again, &[G::FirstCardOnce, G::EnrolsStill], &[S::FirstCard], "enrolled by a sign-in twice", traces::first_card_again),
    hole(Scene::invitation_in_time, &[G::InvitationAlive], &[S::Clock], "an invitation after its life", traces::invitation_alive),
    hole(Scene::invited_with_card, &[G::InvitedWithoutCard, G::EnrolsFirst], &[S::FirstCard], "a second first card", traces::invited_with_card),
    hole(Scene::changes_without_card, &[G::ChangeWithCard], &[S::RevokeEndsSessions], "a change begins that no card can end", traces::change_with_card),
    hole(Scene::overheard_code, &[G::CodeBrowser], &[], "a code was spent in another browser", traces::code_browser),
    hole(Scene::code, &[G::CodePerson], &[S::TakeCode], "another person's code", traces::code),
    hole(Scene::code_in_time, &[G::CodeAlive], &[S::Clock], "a code after its life", traces::code_alive),
    hole(Scene::first_card_by_agent, &[G::AskedBrowser], &[], "another person's card was enrolled", traces::asked_browser),
    hole(Scene::refusals, &[G::RefusedChallenge], &[S::SpendChallenge], "a challenge was spent that is not out", traces::refused_challenge),
    hole(Scene::sign_in, &[G::AnswerChallenge], &[], "in another person's browser", traces::challenge),
    hole(Scene::time, &[G::AnswerInTime], &[S::Clock], "after the challenge's life", traces::challenge_expired),
    hole(Scene::agents, &[G::AnswerChannel], &[], "in another person's browser", traces::channel),
    hole(Scene::sign_in, &[G::AnswerBrowser], &[], "in another person's browser", traces::browser),
    hole(Scene::two_links, &[G::LinkChallenge], &[], "a link was claimed that is not out", traces::link_challenge),
    hole(Scene::relayed_link, &[G::LinkOnce], &[], "in another person's browser", traces::link_once),
    hole(Scene::links, &[G::AnswerBrowser], &[], "in a login that another browser began", traces::return_browser),
    hole(Scene::relayed_link, &[G::AnswerReturns], &[], "in a login that another browser began", traces::answer_returns),
    hole(Scene::relayed_link, &[G::ReturnToken], &[], "in another person's browser", traces::return_token),
    hole(Scene::mallory_elsewhere, &[G::AnswerTenant, G::AnswerPerson, G::ProofPerson], &[S::OwnCard], "with another's card", traces::answer_tenant),
    hole(Scene::sign_in, &[G::AnswerPerson, G::ProofPerson], &[S::OwnCard], "in another person's browser", traces::person),
    hole(Scene::sign_in, &[G::ProofPerson, G::AnswerPerson], &[S::OwnCard], "in another person's browser", traces::person),
    hole(Scene::two_cards, &[G::AnswerLive], &[S::LiveCard], "with a revoked card", traces::answer_live),
    hole(Scene::changes, &[G::RemovesAnother], &[], "the last card was removed", traces::same_card),
    hole(Scene::two_first_cards, &[G::EnrolsFirst], &[S::FirstCard], "a second first card", traces::has_card),
    hole(Scene::first_card_until, &[G::EnrolsStill], &[], "a sign-in alone enrolled against the policy", traces::enrols_still),
    hole(Scene::no_card_first, &[G::FirstAskedAllowed, G::FirstAllowed], &[], "card first is off", traces::card_first),
    hole(Scene::card_first_by_agent, &[G::FirstAskedChannel], &[], "issued where no browser can claim it", traces::first_asked_channel),
    hole(Scene::card_first, &[G::FirstChallenge], &[], "in another person's browser", traces::first_challenge),
    hole(Scene::card_first_in_time, &[G::FirstInTime], &[S::Clock], "after the challenge's life", traces::challenge_expired_card_first),
    hole(Scene::card_first_by_agent, &[G::FirstChannel], &[], "through another channel", traces::first_channel),
    hole(Scene::card_first_elsewhere, &[G::FirstTenant, G::PersonOfTenant], &[], "in another tenant", traces::first_tenant),
    hole(Scene::card_first_in_time, &[G::FirstLive], &[S::LiveCard], "with a revoked card", traces::revoked),
    hole(Scene::not_linked, &[G::FirstLinked], &[], "nobody has linked the person", traces::not_linked),
    hole(Scene::card_first_until, &[G::FirstAllowed], &[], "card first is off", traces::first_allowed),
    hole(Scene::card_first, &[G::ProofVerified], &[], "in another person's browser", traces::not_verified),
    hole(Scene::certificates, &[G::ProofByAgent], &[], "a certificate came from a browser", traces::certificate_by_browser),
    // a card alone at the agent
    hole(Scene::paired_off, &[G::PairedAllowed, G::PairedAllowedStill], &[], "card first is off", traces::paired),
    hole(Scene::paired_until, &[G::PairedAllowedStill], &[], "card first is off", traces::paired_until),
    hole(Scene::paired_not_linked, &[G::PairedLinked, G::PairedLinkedStill], &[], "nobody has linked the person", traces::paired),
    hole(Scene::paired_not_linked, &[G::PairedLinkedStill, G::PairedLinked], &[], "nobody has linked the person", traces::paired),
    hole(Scene::paired_without_card, &[G::PairedWithCard], &[], "a pairing begins what no card can end", traces::paired_without_card),
    hole(Scene::paired_in_time, &[G::PersonEnabled], &[S::Enabled], "for who is disabled", traces::paired_disabled),
    hole(Scene::paired_in_time, &[G::AnswerLive], &[S::LiveCard, S::RevokeEndsLogins], "with a revoked card", traces::paired_revoked),
    hole(Scene::paired, &[G::AnswerPerson, G::ProofPerson], &[S::OwnCard], "in another person's browser", traces::paired_person),
    // external MFA
    hole(Scene::eam_without_hint, &[G::EamByHint], &[S::Answer], "an answer to Entra without a hint", traces::eam_without_hint),
    hole(Scene::hint_anywhere, &[G::HintDoor], &[], "a session by a hint", traces::hint_door),
    hole(Scene::hints_in_time, &[G::HintAlive], &[S::Clock], "a hint after its life", traces::hint_alive),
    hole(Scene::hint_and_no_sign_in, &[G::HintEnrols], &[], "enrolled at a hint against the policy", traces::hint_enrols),
    hole(Scene::hints_in_time, &[G::EamLife], &[], "after Entra's patience", traces::eam_life),
    hole(Scene::hints_in_time, &[G::PersonEnabled], &[S::Enabled], "for who is disabled", traces::hint_disabled),
    hole(Scene::hints, &[G::AnswerBrowser], &[], "in another person's browser", traces::hint_browser),
    hole(Scene::one_tap_off, &[G::OneTapAllowed], &[], "one tap is off", traces::one_tap),
    hole(Scene::one_tap_not_by_entra, &[G::AccountByEntra], &[], "by a provider that is not Entra", traces::one_tap),
    hole(Scene::one_tap, &[G::OneTapLogin, G::OneTapAccount, G::OneTapPerson], &[S::EamPerson], "in a login that another browser began", traces::one_tap_login),
    hole(Scene::one_tap, &[G::OneTapBrowser], &[], "in another person's browser", traces::one_tap_browser),
    hole(Scene::one_tap_two_accounts, &[G::OneTapAccount], &[], "by a proof for another account", traces::one_tap),
    hole(Scene::one_tap, &[G::OneTapPerson, G::OneTapAccount], &[S::EamPerson], "in another person's browser", traces::one_tap_person),
    hole(Scene::one_tap_before, &[G::OneTapAfter], &[], "by a proof from before the login", traces::one_tap_before),
    hole(Scene::one_tap_late, &[G::OneTapInTime], &[S::Clock], "by a proof that is too old", traces::one_tap_late),
    hole(Scene::one_tap_revoked, &[G::OneTapLive], &[S::LiveCard], "with a revoked card", traces::one_tap_revoked),
    hole(Scene::one_tap_disabled, &[G::PersonEnabled], &[S::Enabled], "for who is disabled", traces::one_tap_disabled),
    // statements alone
    hole(Scene::sign_in, &[], &[S::Spend], "a sign-in was used twice", traces::spend),
    hole(Scene::sign_in, &[], &[S::TakeLogin], "an answer was used twice", traces::take_login),
    hole(Scene::card_first, &[], &[S::TakeStranger], "an answer was used twice", traces::take_stranger),
    hole(Scene::one_code_for_two, &[], &[S::TakeCode], "a code was used twice", traces::take_code),
    hole(Scene::invitation, &[], &[S::TakeInvitation], "an invitation was used twice", traces::take_invitation),
    hole(Scene::first_cards_at_one_time, &[], &[S::FirstCard], "a second first card", traces::first_card),
    hole(Scene::card_first_in_time, &[], &[S::LiveCard], "with a revoked card", traces::live_card),
    hole(Scene::disabled_at_one_time, &[], &[S::Enabled], "for who is disabled", traces::enabled),
    hole(Scene::changes_and_revocation, &[], &[S::RevokeEndsLogins], "one more card without a tap of a card that counts", traces::revoke_ends_logins),
    hole(Scene::confirms, &[], &[S::EndSession], "a session that was ended has a successor", traces::end_session),
    hole(Scene::given_up, &[], &[S::EndLogin], "a login that was given up goes on", traces::end_login),
    hole(Scene::hints, &[], &[S::TakeHint], "a hint was used twice", traces::take_hint),
    hole(Scene::hints_in_time, &[], &[S::TakeLogin, S::Answer], "Entra was answered twice", traces::answer_twice),
    hole(Scene::one_tap_for_two, &[], &[S::TakeEamProof], "an EAM proof was used twice", traces::take_eam_proof),
    hole(Scene::two_taps_for_one, &[], &[S::TakeLogin], "a login was used twice", traces::take_login_proved),
    hole(Scene::sign_in_at_one_time, &[], &[S::Atomic], "a sign-in was used twice", traces::atomic),
];

const fn hole(
    scene: fn() -> Scene,
    guards: &'static [Guard],
    store: &'static [Statement],
    wrong: &'static str,
    trace: fn() -> Vec<Move>,
) -> Hole {
    Hole { scene, guards, store, wrong, trace }
}

fn play(hall: &Hall, trace: Vec<Move>) -> World {
    let mut world = hall.init_states().remove(0);
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

/// The others of a set.
fn without<T: Copy + PartialEq>(set: &[T], one: T) -> &'static [T] {
    set.iter().copied().filter(|other| *other != one).collect::<Vec<_>>().leak()
}

impl Hole {
    /// The scene without these guards and statements, and what is looked for in it.
    fn hall(
        &self,
        guards: &'static [Guard],
        store: &'static [Statement],
        sought: Option<&'static str>,
    ) -> Hall {
        let (guards, store) = (Guards::without(guards), StoreGuards::without(store));
        Hall { scene: (self.scene)(), guards, store, sought }
    }

    fn broken(&self) -> Hall {
        self.hall(self.guards, self.store, Some(self.wrong))
    }

    fn name(&self) -> String {
        format!("{:?} {:?}: {}", self.guards, self.store, self.wrong)
    }
}

#[test]
fn with_a_guard_left_out_the_model_finds_the_hole() {
    for hole in HOLES {
        let checker = hole.broken().checker().finish_when(HasDiscoveries::AnyFailures);
        // Where nothing is found there is no need to look at the whole scene.
        let checker = checker.target_max_depth((hole.trace)().len() + 2);
        let checker = checker.threads(2).spawn_bfs().join();
        assert!(checker.discovery("sound").is_some(), "{}", hole.name());
    }
}

#[test]
fn each_kept_trace_leads_through_its_hole_and_nowhere_with_all_guards() {
    for hole in HOLES {
        let broken = play(&hole.broken(), (hole.trace)());
        assert_eq!(broken.wrong, Some(hole.wrong), "{}", hole.name());
        let whole = hole.hall(&[], &[], None);
        assert_eq!(play(&whole, (hole.trace)()).wrong, None, "{}", hole.name());
    }
}

/// A wall that closes nothing would be none.
#[test]
fn each_wall_alone_closes_its_hole() {
    for hole in HOLES {
        for kept in hole.guards {
            let world =
                play(&hole.hall(without(hole.guards, *kept), hole.store, None), (hole.trace)());
            assert_ne!(world.wrong, Some(hole.wrong), "{} but {kept:?}", hole.name());
        }
        for kept in hole.store {
            let world =
                play(&hole.hall(hole.guards, without(hole.store, *kept), None), (hole.trace)());
            assert_ne!(world.wrong, Some(hole.wrong), "{} but {kept:?}", hole.name());
        }
    }
}

/// Some moves further than the hole is without the walls; they are what closes it.
#[test]
fn a_guard_with_a_second_wall_may_fail_alone() {
    for hole in HOLES.iter().filter(|hole| hole.guards.len() + hole.store.len() > 1) {
        let (guards, store): (_, &[Statement]) = match hole.guards {
            [] => (&[][..], &hole.store[..1]),
            guards => (&guards[..1], &[]),
        };
        let hall = hole.hall(guards, store, Some(hole.wrong));
        let depth = (hole.trace)().len() + 6;
        let checker = hall.checker().target_max_depth(depth).threads(2).spawn_bfs().join();
        assert!(checker.discovery("sound").is_none(), "{}", hole.name());
    }
}

#[test]
fn each_guard_and_each_statement_has_its_hole() {
    for guard in Guard::ALL {
        let about = |hole: &Hole| hole.guards.first() == Some(guard);
        assert!(HOLES.iter().any(about), "{guard:?} closes nothing that the model knows");
    }
    for statement in Statement::ALL {
        let about = |hole: &Hole| hole.store.contains(statement);
        assert!(HOLES.iter().any(about), "{statement:?} closes nothing that the model knows");
    }
}

/// A guard that stands at two places could be forgotten at one of them.
#[test]
fn each_guard_stands_at_one_place() {
    let steps = [
        include_str!("../step.rs"),
        include_str!("../step/card.rs"),
        include_str!("../step/eam.rs"),
        include_str!("../step/paired.rs"),
        include_str!("../step/vouch.rs"),
    ];
    for guard in Guard::ALL {
        let name = format!("Guard::{guard:?})");
        let places: usize = steps.iter().map(|text| text.matches(&name).count()).sum();
        assert_eq!(places, 1, "{guard:?}");
    }
}
