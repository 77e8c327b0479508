//! The store: carries out all effects of a step, or none.

use std::sync::Arc;

use identity::PersonState;
use ids::{ChallengeId, CredentialId, UserId};
use secrets::TokenHash;

use super::Hall;
use super::people::{INVITATION, invitation_ends, session_index, write_row};
use super::world::{Card, Pending, Row, World, token};
use crate::{Door, Effect, Enrolment, Issue, Permit, Vouched, Waiting};

/// What the store checks, each to be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Statement {
    /// A value is spent once.
    Spend,
    /// A waiting login is taken once, alive, by its handle and challenge.
    TakeLogin,
    /// A stranger's challenge is taken once.
    TakeStranger,
    /// A code is taken once, by its person.
    TakeCode,
    /// An invitation is taken once.
    TakeInvitation,
    /// A hint begins one transaction.
    TakeHint,
    /// A transaction is answered once, and nothing where there is none.
    Answer,
    /// What was proved to Entra spares a second tap once.
    TakeEamProof,
    /// And that of its person.
    EamPerson,
    /// A first card is written only for who has none still.
    FirstCard,
    /// A proof is written only with a card that is not revoked meanwhile.
    LiveCard,
    /// A proof is written only with a card of its person.
    OwnCard,
    /// A proof is written only for who is enabled still.
    Enabled,
    /// A card that is revoked ends the logins that wait for its person.
    RevokeEndsLogins,
    /// And its sessions.
    RevokeEndsSessions,
    /// A session is ended once.
    EndSession,
    /// Only the challenge that is out is spent by a refused answer.
    SpendChallenge,
    /// A login that is given up is ended.
    EndLogin,
    /// What has expired by the store's clock is refused at the commit.
    Clock,
    /// All effects of a step, or none.
    Atomic,
}

impl Statement {
    pub(super) const ALL: &[Self] = &[
        Self::Spend,
        Self::TakeLogin,
        Self::TakeStranger,
        Self::TakeCode,
        Self::TakeInvitation,
        Self::TakeHint,
        Self::Answer,
        Self::TakeEamProof,
        Self::EamPerson,
        Self::FirstCard,
        Self::LiveCard,
        Self::OwnCard,
        Self::Enabled,
        Self::RevokeEndsLogins,
        Self::RevokeEndsSessions,
        Self::EndSession,
        Self::SpendChallenge,
        Self::EndLogin,
        Self::Clock,
        Self::Atomic,
    ];
}

/// The statements that are in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoreGuards {
    left_out: &'static [Statement],
}

impl StoreGuards {
    pub(super) const ALL: Self = Self { left_out: &[] };

    pub(super) const fn without(left_out: &'static [Statement]) -> Self {
        Self { left_out }
    }

    pub(super) fn has(self, statement: Statement) -> bool {
        !self.left_out.contains(&statement)
    }
}

impl Hall {
    /// Carries out the first `most` effects. False: none of them happened.
    pub(super) fn commit(&self, world: &mut World, pending: &Pending, most: usize) -> bool {
        let before = world.clone();
        let mut proof = None;
        for effect in pending.effects.iter().take(most) {
            if self.effect(world, pending, effect).is_none() {
                if self.store.has(Statement::Atomic) {
                    *world = before;
                    return false;
                }
                continue;
            }
            self.judge(&before, world, pending, effect, &mut proof);
        }
        world.handles.extend(pending.handle);
        self.judge_audit(world);
        true
    }

    /// A card that is not revoked, of a person who is enabled.
    pub(super) fn may_prove(
        &self,
        world: &World,
        card: CredentialId,
        person: UserId,
    ) -> Option<()> {
        let revoked = |held: &Card| held.id == card && held.revoked;
        let live = !self.store.has(Statement::LiveCard) || !world.cards.iter().any(revoked);
        let enabled = world.facts(person).state == PersonState::Enabled;
        (live && (!self.store.has(Statement::Enabled) || enabled)).then_some(())
    }

    /// One effect; nothing, if its row is gone or its value spent.
    fn effect(&self, world: &mut World, pending: &Pending, effect: &Effect) -> Option<()> {
        let store = self.store;
        let ensure = |holds: bool| holds.then_some(());
        match effect {
            Effect::Spend { value, until } => {
                ensure(!store.has(Statement::Clock) || world.now < *until)?;
                ensure(!store.has(Statement::Spend) || !world.spent.contains(value))?;
                world.spent.push(*value);
            }
            Effect::TakeStranger { challenge, until } => {
                let value = TokenHash::of(challenge.0.as_bytes());
                ensure(!store.has(Statement::Clock) || world.now < *until)?;
                ensure(!store.has(Statement::TakeStranger) || !world.spent.contains(&value))?;
                world.spent.push(value);
            }
            Effect::WritePerson(person) => {
                let now = pending.at;
                world.person_mut(*person).last_upstream_at = Some(now);
            }
            Effect::TakeCode { code, person } => {
                let held = |held: &super::world::Code| {
                    let alive = !store.has(Statement::Clock) || world.now < held.until;
                    token(held.name).hash() == *code && held.person == *person && alive
                };
                let place = world.codes.iter().position(held);
                ensure(!store.has(Statement::TakeCode) || place.is_some())?;
                if let (Some(place), true) = (place, store.has(Statement::TakeCode)) {
                    world.codes.remove(place);
                }
            }
            Effect::TakeInvitation { invitation } => {
                let alive = !store.has(Statement::Clock) || world.now < invitation_ends();
                let there = world.invitation && token(INVITATION).hash() == *invitation && alive;
                ensure(!store.has(Statement::TakeInvitation) || there)?;
                world.invitation = false;
            }
            Effect::WriteLogin(waiting) => write_row(&self.scene, world, pending, waiting),
            Effect::TakeLogin { login, handle, challenge } => {
                let place = world.row(*login);
                let alive = place.is_some_and(|place| {
                    let row = &world.rows[place].waiting;
                    let out = row.challenge.as_ref();
                    let in_time = world.now < row.started.expires_at
                        && out.is_some_and(|out| world.now < out.expires_at);
                    row.handle == *handle
                        && out.is_some_and(|out| out.id == *challenge)
                        && (!store.has(Statement::Clock) || in_time)
                });
                ensure(!store.has(Statement::TakeLogin) || alive)?;
                if let (Some(place), true) = (place, store.has(Statement::TakeLogin)) {
                    world.rows.remove(place);
                }
            }
            Effect::Prove(proof) => {
                let own = |card: &Card| card.id != proof.card || card.person == proof.person;
                ensure(!store.has(Statement::OwnCard) || world.cards.iter().all(own))?;
                self.may_prove(world, proof.card, proof.person)?;
            }
            Effect::WriteCard(enrolment) => {
                ensure(!store.has(Statement::FirstCard) || may_write(world, *enrolment))?;
            }
            Effect::RevokeCard { card, person } => {
                let hers = |held: &Card| held.id == *card && held.person == *person;
                let place = world.cards.iter().position(hers);
                ensure(place.is_some_and(|place| revoke(store, world, place)))?;
            }
            Effect::EndChange { session } => {
                let began = Vouched::Session { session: *session };
                world.rows.retain(|row| row.waiting.vouched != began);
            }
            Effect::EndSession { session } => {
                let ended = &mut world.ledger[session_index(*session)].ended;
                ensure(!store.has(Statement::EndSession) || !*ended)?;
                *ended = true;
            }
            Effect::SpendChallenge { login, challenge } => {
                let row = world.row(*login).map(|place| &mut world.rows[place]);
                let out = |row: &&mut Row| is_out(row, *challenge);
                let row = row.filter(|row| !store.has(Statement::SpendChallenge) || out(row))?;
                let waiting = &*row.waiting;
                let refusals = waiting.refusals.saturating_add(1);
                let waiting = Waiting { challenge: None, refusals, ..waiting.clone() };
                row.waiting = Arc::new(waiting);
            }
            Effect::EndLogin { login } => {
                let place = world.row(*login)?;
                if store.has(Statement::EndLogin) {
                    world.rows.remove(place);
                }
            }
            Effect::BeginTransaction { .. }
            | Effect::TakeLoginProved { .. }
            | Effect::TakeEamProof { .. }
            | Effect::Issue(Issue { door: Door::Eam, .. }) => {
                self.eam_effect(world, pending, effect)?;
            }
            // Carried out where they are judged.
            Effect::Issue(_) | Effect::Audit(_) => {}
        }
        Some(())
    }
}

/// Whether this challenge is out in the row.
pub(super) fn is_out(row: &Row, challenge: ChallengeId) -> bool {
    row.waiting.challenge.as_ref().is_some_and(|out| out.id == challenge)
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
    if store.has(Statement::RevokeEndsSessions) {
        let card = world.cards[card].id;
        let of_card = world.ledger.iter_mut().filter(|issued| issued.card == card);
        of_card.for_each(|issued| issued.ended = true);
    }
    if store.has(Statement::RevokeEndsLogins) {
        world.rows.retain(|row| row.waiting.person != person);
    }
    true
}
