//! The store: carries out all effects of a step, or none.

use super::Hall;
use super::people::{INVITATION, write_row};
use super::world::{Card, Pending, World, token};
use crate::{Effect, Enrolment, Permit, Vouched};

/// What the store checks, each to be left out.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what is checked, one by one")]
pub(super) struct StoreGuards {
    /// A value is spent once.
    pub(super) spend: bool,
    /// A waiting login is taken once, alive, by its handle and challenge.
    pub(super) take_login: bool,
    /// A stranger's challenge is taken once.
    pub(super) take_stranger: bool,
    /// A code is taken once, by its person.
    pub(super) take_code: bool,
    /// An invitation is taken once.
    pub(super) take_invitation: bool,
    /// A first card is written only for who has none still.
    pub(super) first_card: bool,
    /// A proof is written only with a card that is not revoked meanwhile.
    pub(super) live_card: bool,
    /// A card that is revoked ends the logins that wait for its person.
    pub(super) revoke_ends_logins: bool,
    /// What has expired by the store's clock is refused at the commit.
    pub(super) clock: bool,
    /// All effects of a step, or none.
    pub(super) atomic: bool,
}

impl StoreGuards {
    pub(super) const ALL: Self = Self {
        spend: true,
        take_login: true,
        take_stranger: true,
        take_code: true,
        take_invitation: true,
        first_card: true,
        live_card: true,
        revoke_ends_logins: true,
        clock: true,
        atomic: true,
    };
}

impl Hall {
    /// Carries out the first `most` effects. False: none of them happened.
    pub(super) fn commit(&self, world: &mut World, pending: &Pending, most: usize) -> bool {
        let before = world.clone();
        let mut proof = None;
        for effect in pending.effects.iter().take(most) {
            if self.effect(world, pending, effect).is_none() {
                if self.store.atomic {
                    *world = before;
                    return false;
                }
                continue;
            }
            self.judge(world, pending, effect, &mut proof);
        }
        world.handles.extend(pending.handle);
        self.judge_audit(world);
        true
    }

    /// One effect; nothing, if its row is gone or its value spent.
    fn effect(&self, world: &mut World, pending: &Pending, effect: &Effect) -> Option<()> {
        let store = self.store;
        let ensure = |holds: bool| holds.then_some(());
        match effect {
            Effect::Spend { value, until } => {
                ensure(!store.clock || world.now < *until)?;
                ensure(!store.spend || !world.spent.contains(value))?;
                world.spent.push(*value);
            }
            Effect::TakeStranger { challenge, until } => {
                let value = secrets::TokenHash::of(challenge.0.as_bytes());
                ensure(!store.clock || world.now < *until)?;
                ensure(!store.take_stranger || !world.spent.contains(&value))?;
                world.spent.push(value);
            }
            Effect::WritePerson(person) => {
                let now = pending.at;
                world.person_mut(*person).last_upstream_at = Some(now);
            }
            Effect::TakeCode { code, person } => {
                let held = |held: &super::world::Code| {
                    token(held.name).hash() == *code && held.person == *person
                };
                let place = world.codes.iter().position(held);
                ensure(!store.take_code || place.is_some())?;
                if let (Some(place), true) = (place, store.take_code) {
                    world.codes.remove(place);
                }
            }
            Effect::TakeInvitation { invitation } => {
                let there = world.invitation && token(INVITATION).hash() == *invitation;
                ensure(!store.take_invitation || there)?;
                world.invitation = false;
            }
            Effect::WriteLogin(waiting) => write_row(world, pending, waiting),
            Effect::TakeLogin { login, handle, challenge } => {
                let place = world.row(*login);
                let alive = place.is_some_and(|place| {
                    let row = &world.rows[place].waiting;
                    let out = row.challenge.as_ref();
                    let in_time = world.now < row.started.expires_at
                        && out.is_some_and(|out| world.now < out.expires_at);
                    row.handle == *handle
                        && out.is_some_and(|out| out.id == *challenge)
                        && (!store.clock || in_time)
                });
                ensure(!store.take_login || alive)?;
                if let (Some(place), true) = (place, store.take_login) {
                    world.rows.remove(place);
                }
            }
            Effect::Prove(proof) => {
                let revoked = |card: &Card| card.id == proof.card && card.revoked;
                ensure(!store.live_card || !world.cards.iter().any(revoked))?;
            }
            Effect::WriteCard(enrolment) => {
                ensure(!store.first_card || may_write(world, *enrolment))?;
            }
            Effect::RevokeCard { card, person } => {
                let hers = |held: &Card| held.id == *card && held.person == *person;
                let place = world.cards.iter().position(hers);
                ensure(place.is_some_and(|place| revoke(store, world, place)))?;
            }
            // Carried out where they are judged.
            Effect::EndChange { session } => {
                let began = Vouched::Session { session: *session };
                world.rows.retain(|row| row.waiting.vouched != began);
            }
            Effect::SpendChallenge { .. }
            | Effect::EndLogin { .. }
            | Effect::EndSession { .. }
            | Effect::Issue(_)
            | Effect::Audit(_) => {}
        }
        Some(())
    }
}

/// A first card is for who has none still; by a sign-in alone, for who never had one so.
fn may_write(world: &World, enrolment: Enrolment) -> bool {
    let facts = world.facts(enrolment.person);
    let so = facts.enrolled_by_upstream || facts.card_was_revoked;
    match enrolment.permit {
        Permit::FreshTap => true,
        Permit::FreshSignIn => !facts.has_card && !so,
        _ => !facts.has_card,
    }
}

pub(super) fn revoke(store: StoreGuards, world: &mut World, card: usize) -> bool {
    if world.cards[card].revoked {
        return false;
    }
    world.cards[card].revoked = true;
    let person = world.cards[card].person;
    world.person_mut(person).card_was_revoked = true;
    if store.revoke_ends_logins {
        world.rows.retain(|row| row.waiting.person != person);
    }
    true
}
