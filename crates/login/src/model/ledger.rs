//! Judges what is issued by what really happened.

use ids::UserId;

use super::Hall;
use super::eam::{proof_of, used_now};
use super::moves::Move;
use super::people::{device, door, hint_ends, invitation_ends, session_index};
use super::store::is_out;
use super::world::{
    Answer, Artefact, Card, Pending, Transaction, Vouch, Who, World, began, home, login_of, owner,
    token,
};
use crate::{
    Audit, CHALLENGE_LIFE, Channel, Door, EAM_LIFE, Effect, Enrolment, Issue, LOGIN_LIFE, Permit,
    Proof, Purpose, Task, Waiting,
};

impl Hall {
    /// Keeps an effect that was carried out, and says what is wrong with it.
    pub(super) fn judge(
        &self,
        before: &World,
        world: &mut World,
        pending: &Pending,
        effect: &Effect,
        last: &mut Option<Proof>,
    ) {
        let verdict = match effect {
            Effect::WriteLogin(waiting) => written(world, pending, waiting),
            Effect::TakeCode { code, person } => code_once(before, world, pending, code, *person),
            Effect::TakeInvitation { .. } => {
                world.invited += 1;
                ensure(world.invited == 1, "an invitation was used twice").and_then(|()| {
                    ensure(world.now < invitation_ends(), "an invitation after its life")
                })
            }
            Effect::BeginTransaction { .. } => {
                let posted = |begun: &Transaction| Some(begun.hint) == pending.hint();
                let once = !before.transactions.iter().any(posted);
                ensure(once, "a hint was used twice")
                    .and_then(|()| ensure(world.now < hint_ends(), "a hint after its life"))
            }
            Effect::TakeEamProof { login, person, .. } => {
                let used = used_now(before, world).cloned();
                *last = used.as_ref().map(|used| proof_of(used, *login, *person));
                self.spared(before, world, pending, used, *login)
            }
            Effect::SpendChallenge { login, challenge } => {
                let out = before.row(*login).is_some_and(|at| is_out(&before.rows[at], *challenge));
                ensure(out, "a challenge was spent that is not out")
            }
            Effect::EndLogin { login } => {
                world.given_up.push(*login);
                Ok(())
            }
            Effect::EndSession { session } => {
                let ended = before.ledger[session_index(*session)].ended;
                ensure(!ended, "a session that was ended has a successor")
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
            Effect::Audit(Audit::CardConfirmed { .. }) if succeeds(pending) => {
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
        let first = 2 + self.scene.adas_cards + usize::from(self.scene.ada_is_elsewhere);
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
        let over = world.given_up.contains(&proof.login);
        ensure(!over, "a login that was given up goes on")?;
        ensure(pending.by == owner(person), "in another person's browser")?;
        ensure(began(proof.login) == pending.by, "in a login that another browser began")?;
        ensure(answer.by == owner(person), "by another person's hand")?;
        ensure(answer.user_verified, "without verification of the holder")?;
        ensure(answer.card == proof.card, "with another card")?;
        let by_agent = matches!(proof.channel, Channel::Agent(_));
        ensure(by_agent || !self.scene.certificates, "a certificate came from a browser")?;
        ensure(pending.facts.id == person, "with another person's facts")?;
        let enabled = world.facts(person).state == identity::PersonState::Enabled;
        ensure(enabled, "for who is disabled")?;
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
    pub(super) fn vouched(&self, world: &World, pending: &Pending, person: UserId) -> Verdict {
        match pending.vouch {
            Some(Vouch::SignIn(vouch)) => {
                let sign_in = &world.sign_ins[vouch];
                ensure(sign_in.person == person, "vouched for another person")?;
                ensure(sign_in.tenant == pending.tenant, "vouched for by another tenant")?;
                return ensure(sign_in.by == owner(person), "vouched for by a thief");
            }
            // Whoever makes a browser post it: whose it is counts, and whose browser that is.
            Some(Vouch::Hint(hint)) => {
                let asked = self.scene.hints[hint];
                return ensure(asked.person == person, "vouched for another person");
            }
            Some(Vouch::Pairing(of)) => {
                let paired = self.scene.pairings[usize::from(of == Who::Mallory)];
                ensure(paired == Some(person), "vouched for another person")?;
            }
            None => {}
        }
        let by_pairing = matches!(pending.vouch, Some(Vouch::Pairing(_)));
        if by_pairing || is_first(pending) {
            let facts = pending.facts;
            let last = facts.last_upstream_at;
            let policy = self.policy(pending.strict);
            ensure(policy.card_first.allows(last, pending.at), "card first is off")?;
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
        if pending.sign_in().is_some() {
            ensure(self.scene.onboards, "enrolled where the provider enrols nobody")?;
        }
        if pending.hint().is_some() {
            let by_code = identity::FirstCard::AdministratorCode;
            let policy = self.policy(pending.strict).first_card;
            ensure(policy == by_code, "enrolled at a hint against the policy")?;
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
                let fresh =
                    self.policy(pending.strict).first_card == identity::FirstCard::FreshEntraSignIn;
                ensure(fresh, "a sign-in alone enrolled against the policy")?;
                let entra = self.scene.kind == identity::ProviderKind::Entra;
                ensure(entra, "enrolled by a sign-in that was not Entra's")?;
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

pub(super) type Verdict = Result<(), &'static str>;

pub(super) fn ensure(holds: bool, wrong: &'static str) -> Verdict {
    if holds { Ok(()) } else { Err(wrong) }
}

pub(super) fn note(world: &mut World, verdict: Verdict) {
    if let (Err(wrong), None) = (verdict, world.wrong) {
        world.wrong = Some(wrong);
    }
}

/// A row is written by a sign-in that counts once; and a login that waits for a card has one.
fn written(world: &mut World, pending: &Pending, waiting: &Waiting) -> Verdict {
    match pending.request {
        Move::Callback { .. } => sign_in_once(world, pending),
        Move::ClaimLink { handed, .. } => {
            let out = waiting.challenge.as_ref().map(|out| out.id);
            ensure(out == Some(world.handed[handed].id), "a link was claimed that is not out")
        }
        Move::ShowPairing { .. } => {
            ensure(pending.facts.has_card, "a pairing begins what no card can end")
        }
        Move::Change { .. } | Move::Confirm { .. } if waiting.task == Task::Authenticate => {
            ensure(pending.facts.has_card, "a change begins that no card can end")
        }
        _ => Ok(()),
    }
}

/// Whether the session that this step issues takes the place of one.
fn succeeds(pending: &Pending) -> bool {
    pending.effects.iter().any(|effect| matches!(effect, Effect::EndSession { .. }))
}

/// Whether a card alone signs in.
fn is_first(pending: &Pending) -> bool {
    matches!(pending.request, Move::SubmitFirst { .. } | Move::SubmitFirstByAgent { .. })
}

/// Whether the browser claims afterwards what is issued.
fn by_agent(pending: &Pending) -> bool {
    matches!(pending.request, Move::SubmitByAgent { .. } | Move::SubmitFirstByAgent { .. })
        || by_link(pending)
}

fn by_link(pending: &Pending) -> bool {
    matches!(pending.request, Move::SubmitByLink { .. } | Move::Return { .. })
}

fn sign_in_once(world: &mut World, pending: &Pending) -> Verdict {
    let vouch = pending.sign_in().ok_or("a row without a sign-in")?;
    let once = !world.used_sign_ins.contains(&vouch);
    world.used_sign_ins.push(vouch);
    ensure(once, "a sign-in was used twice")
}

fn code_once(
    before: &World,
    world: &mut World,
    pending: &Pending,
    code: &secrets::TokenHash,
    person: UserId,
) -> Verdict {
    let names = [0, 1].into_iter().flat_map(|who| (0..4).map(move |n| [b'c', who, n]));
    let name = names.into_iter().find(|name| token(*name).hash() == *code);
    let name = name.ok_or("a code that nobody issued")?;
    let once = !world.used_codes.contains(&name);
    world.used_codes.push(name);
    ensure(once, "a code was used twice")?;
    ensure(name[1] == u8::from(person != super::world::ADA), "another person's code")?;
    ensure(pending.by == owner(person), "a code was spent in another browser")?;
    let until = before.codes.iter().find(|held| held.name == name).map(|held| held.until);
    ensure(until.is_none_or(|until| world.now < until), "a code after its life")
}

/// The answer is to a challenge of this login, handed to this browser or agent, in time.
fn challenged(world: &World, pending: &Pending, proof: &Proof, answer: Answer) -> Verdict {
    let handed = world.handed.iter().find(|handed| handed.id == answer.challenge);
    let handed = handed.ok_or("an answer to no challenge")?;
    ensure(login_of(handed.id) == proof.login, "an answer from another login")?;
    ensure(handed.to == pending.by, "an answer to another browser's challenge")?;
    let device = device(pending.by);
    let returning = Channel::Returning(Some(device));
    let agent = if by_link(pending) { returning } else { Channel::Agent(device) };
    let channel = if by_agent(pending) { agent } else { Channel::Browser };
    ensure(handed.channel == channel, "through another channel")?;
    ensure(handed.purpose == proof.purpose, "for another purpose")?;
    ensure(pending.at < handed.at.plus(CHALLENGE_LIFE), "after the challenge's life")?;
    if door(proof.login) == Door::Eam {
        return ensure(pending.at < pending.since.plus(EAM_LIFE), "after Entra's patience");
    }
    ensure(pending.at < pending.since.plus(LOGIN_LIFE), "after the login's life")
}

fn issued(world: &mut World, pending: &Pending, issue: &Issue, proof: Option<&Proof>) -> Verdict {
    let held_by = if by_agent(pending) { None } else { Some(pending.by) };
    let proof = proof.ok_or("issued without a proof")?;
    let answered = |issued: &Artefact| issued.login == proof.login;
    let answered = issue.door == Door::Eam && world.ledger.iter().any(answered);
    world.ledger.push(Artefact {
        person: issue.person,
        login: proof.login,
        card: proof.card,
        claim: issue.claim,
        held_by,
        ended: false,
    });
    ensure(!by_agent(pending) || issue.claim.is_some(), "issued where no browser can claim it")?;
    ensure(issue.door == door(proof.login), "issued at another exit")?;
    ensure(proof.person == issue.person, "issued to another person")?;
    let by_hint = pending.hint().is_some();
    ensure(by_hint || issue.door != Door::Eam, "an answer to Entra without a hint")?;
    ensure(!by_hint || issue.door == Door::Eam, "a session by a hint")?;
    ensure(!answered, "Entra was answered twice")?;
    let vouched = pending.sign_in().map(|vouch| world.sign_ins[vouch].provider.clone());
    ensure(vouched == issue.provider, "in another provider's name")
}
