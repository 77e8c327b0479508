//! Judges what is issued by what really happened.

use ids::UserId;

use super::Hall;
use super::moves::Move;
use super::people::device;
use super::world::{
    Answer, Artefact, Card, Pending, Who, World, began, home, login_of, owner, token,
};
use crate::{
    Audit, CHALLENGE_LIFE, Channel, Effect, Enrolment, Issue, LOGIN_LIFE, Permit, Proof, Purpose,
};

impl Hall {
    /// Keeps an effect that was carried out, and says what is wrong with it.
    pub(super) fn judge(
        &self,
        world: &mut World,
        pending: &Pending,
        effect: &Effect,
        last: &mut Option<Proof>,
    ) {
        let verdict = match effect {
            Effect::WriteLogin(_) if matches!(pending.request, Move::Callback { .. }) => {
                sign_in_once(world, pending)
            }
            Effect::TakeCode { code, person } => code_once(world, code, *person),
            Effect::TakeInvitation { .. } => {
                world.invited += 1;
                ensure(world.invited == 1, "an invitation was used twice")
            }
            Effect::Prove(proof) => {
                *last = Some(proof.clone());
                self.proof(world, pending, proof)
            }
            Effect::WriteCard(enrolment) => self.card(world, pending, *enrolment),
            Effect::RevokeCard { person, .. } => {
                ensure(world.facts(*person).has_card, "the last card was removed")
            }
            Effect::Issue(issue) => issued(world, pending, issue, last.as_ref()),
            Effect::Audit(Audit::SignedIn { .. }) => {
                world.audited[0] += 1;
                Ok(())
            }
            Effect::Audit(Audit::CardEnrolled { .. }) => {
                world.audited[1] += 1;
                Ok(())
            }
            _ => Ok(()),
        };
        note(world, verdict);
    }

    /// Nothing is issued or enrolled without its audit event, nor the other way round.
    pub(super) fn judge_audit(&self, world: &mut World) {
        let first = 2 + self.scene.adas_cards;
        let enrolled = world.cards.len() - first;
        let both = world.audited == [world.ledger.len(), enrolled];
        note(world, ensure(both, "the audit trail tells another story"));
    }

    /// What an agent's answer has issued goes to the browser that claims it.
    pub(super) fn hand_over(world: &mut World, artefact: usize, to: Who) {
        world.ledger[artefact].held_by = Some(to);
        let Artefact { person, login, .. } = world.ledger[artefact];
        let right = owner(person) == to && began(login) == to;
        note(world, ensure(right, "claimed in another browser"));
    }

    fn proof(&self, world: &mut World, pending: &Pending, proof: &Proof) -> Verdict {
        let answer = pending.answer.ok_or("a proof without an answer")?;
        ensure(!world.used_answers.contains(&answer), "an answer was used twice")?;
        world.used_answers.push(answer);
        let person = proof.person;
        ensure(pending.by == owner(person), "in another person's browser")?;
        ensure(began(proof.login) == pending.by, "in a login that another browser began")?;
        ensure(answer.by == owner(person), "by another person's hand")?;
        ensure(answer.user_verified, "without verification of the holder")?;
        ensure(answer.card == proof.card, "with another card")?;
        ensure(pending.facts.id == person, "with another person's facts")?;
        ensure(pending.facts.state == identity::PersonState::Enabled, "for who is disabled")?;
        ensure(home(person) == pending.tenant, "in another tenant")?;
        challenged(world, pending, proof, answer)?;
        if proof.purpose == Purpose::Authenticate {
            let card = world.cards.iter().find(|card| card.id == proof.card);
            ensure(card.is_some_and(|card| card.person == person), "with another's card")?;
            ensure(card.is_some_and(|card| !card.revoked), "with a revoked card")?;
        }
        self.vouched(world, pending, person)
    }

    /// Somebody vouched for exactly this person; or the tenant lets a card alone do.
    fn vouched(&self, world: &World, pending: &Pending, person: UserId) -> Verdict {
        if let Some(vouch) = pending.vouch {
            let sign_in = &world.sign_ins[vouch];
            ensure(sign_in.person == person, "vouched for another person")?;
            ensure(sign_in.tenant == pending.tenant, "vouched for by another tenant")?;
            return ensure(sign_in.by == owner(person), "vouched for by a thief");
        }
        if matches!(pending.request, Move::SubmitFirst { .. }) {
            let facts = pending.facts;
            let last = facts.last_upstream_at;
            ensure(self.scene.policy.card_first.allows(last, pending.at), "card first is off")?;
            ensure(facts.linked, "nobody has linked the person")?;
        }
        Ok(())
    }

    fn card(&self, world: &mut World, pending: &Pending, enrolment: Enrolment) -> Verdict {
        let Enrolment { card, person, permit } = enrolment;
        let before = world.facts(person);
        world.cards.push(Card { id: card, person, revoked: false });
        let answer = pending.answer.ok_or("a card without an answer")?;
        ensure(answer.by == owner(person), "another person's card was enrolled")?;
        if pending.vouch.is_some() {
            ensure(self.scene.onboards, "enrolled where the provider enrols nobody")?;
        }
        if permit == Permit::FreshTap {
            let tapped = |a: &Answer| {
                let live = |card: &Card| card.id == a.card && !card.revoked;
                a.purpose == Purpose::Authenticate
                    && login_of(a.challenge) == login_of(answer.challenge)
                    && world.cards.iter().any(live)
            };
            let tapped = world.used_answers.iter().any(tapped);
            return ensure(tapped, "one more card without a tap of a card that counts");
        }
        ensure(!before.has_card, "a second first card")?;
        match permit {
            Permit::FreshSignIn => {
                world.person_mut(person).enrolled_by_upstream = true;
                let fresh = self.scene.policy.first_card == identity::FirstCard::FreshEntraSignIn;
                ensure(fresh, "a sign-in alone enrolled against the policy")?;
                ensure(!before.enrolled_by_upstream, "enrolled by a sign-in twice")?;
                ensure(!before.card_was_revoked, "enrolled by a sign-in after a revocation")
            }
            Permit::Code => {
                let mine =
                    |code: &super::world::Name| code[1] == u8::from(person != super::world::ADA);
                ensure(world.used_codes.iter().any(mine), "enrolled without a code")
            }
            Permit::Invitation => ensure(world.invited == 1, "enrolled without an invitation"),
            _ => Err("enrolled without a permit"),
        }
    }
}

type Verdict = Result<(), &'static str>;

fn ensure(holds: bool, wrong: &'static str) -> Verdict {
    if holds { Ok(()) } else { Err(wrong) }
}

fn note(world: &mut World, verdict: Verdict) {
    if let (Err(wrong), None) = (verdict, world.wrong) {
        world.wrong = Some(wrong);
    }
}

fn sign_in_once(world: &mut World, pending: &Pending) -> Verdict {
    let vouch = pending.vouch.ok_or("a row without a sign-in")?;
    let once = !world.used_sign_ins.contains(&vouch);
    world.used_sign_ins.push(vouch);
    ensure(once, "a sign-in was used twice")
}

fn code_once(world: &mut World, code: &secrets::TokenHash, person: UserId) -> Verdict {
    let names = [0, 1].into_iter().flat_map(|who| (0..4).map(move |n| [b'c', who, n]));
    let name = names.into_iter().find(|name| token(*name).hash() == *code);
    let name = name.ok_or("a code that nobody issued")?;
    let once = !world.used_codes.contains(&name);
    world.used_codes.push(name);
    ensure(once, "a code was used twice")?;
    ensure(name[1] == u8::from(person != super::world::ADA), "another person's code")
}

/// The answer is to a challenge of this login, handed to this browser or agent, in time.
fn challenged(world: &World, pending: &Pending, proof: &Proof, answer: Answer) -> Verdict {
    let handed = world.handed.iter().find(|handed| handed.id == answer.challenge);
    let handed = handed.ok_or("an answer to no challenge")?;
    ensure(login_of(handed.id) == proof.login, "an answer from another login")?;
    ensure(handed.to == pending.by, "an answer to another browser's challenge")?;
    let channel = match pending.request {
        Move::SubmitByAgent { by, .. } => Channel::Agent(device(by)),
        _ => Channel::Browser,
    };
    ensure(handed.channel == channel, "through another channel")?;
    ensure(handed.purpose == proof.purpose, "for another purpose")?;
    ensure(pending.at < handed.at.plus(CHALLENGE_LIFE), "after the challenge's life")?;
    ensure(pending.at < pending.since.plus(LOGIN_LIFE), "after the login's life")
}

fn issued(world: &mut World, pending: &Pending, issue: &Issue, proof: Option<&Proof>) -> Verdict {
    let agent = matches!(pending.request, Move::SubmitByAgent { .. });
    let login = proof.map_or(ids::LoginId(uuid::Uuid::nil()), |proof| proof.login);
    let held_by = if agent { None } else { Some(pending.by) };
    world.ledger.push(Artefact { person: issue.person, login, claim: issue.claim, held_by });
    let proof = proof.ok_or("issued without a proof")?;
    ensure(proof.person == issue.person, "issued to another person")?;
    let vouched = pending.vouch.map(|vouch| world.sign_ins[vouch].provider.clone());
    ensure(vouched == issue.provider, "in another provider's name")
}
