//! The card step: challenges, and what a card's answer leads to.

use identity::FirstCard;
use ids::DeviceId;
use secrets::TokenHash;

use super::{Answer, Hallway, Outcome, never_enrolled_so};
use crate::effect::{Audit, Effect, Enrolment, Issue, Proof};
use crate::event::Shown;
use crate::guard::{Guard, Refusal};
use crate::state::{
    Challenge, Channel, Login, Permit, Purpose, Started, Stranger, StrangerAt, Task, Then, Vouched,
    Waiting,
};
use crate::{MOST_REFUSALS, RETURN_LIFE};

impl Hallway<'_> {
    pub(super) fn challenged(
        &self,
        waiting: Waiting,
        handle: TokenHash,
        challenge: Challenge,
    ) -> Outcome {
        self.guards.ensure(waiting.handle.matches(&handle), Guard::AskedBrowser)?;
        let expected = match waiting.task {
            Task::Authenticate => Purpose::Authenticate,
            Task::Enrol(Permit::CodeNeeded) => return Err(Refusal::Code),
            Task::Enrol(_) => Purpose::Register,
        };
        if challenge.purpose != expected {
            return Err(Refusal::Unexpected);
        }
        let waiting = Waiting { challenge: Some(challenge), held: None, ..waiting };
        let effects = vec![Effect::WriteLogin(Box::new(waiting.clone()))];
        Ok((Some(Login::Waiting(waiting)), effects))
    }

    pub(super) fn link_claimed(
        &self,
        waiting: Waiting,
        challenge: ids::ChallengeId,
        device: DeviceId,
    ) -> Outcome {
        let Some(out) = waiting.challenge.clone() else { return Err(Refusal::Challenge) };
        self.guards.ensure(out.id == challenge, Guard::LinkChallenge)?;
        self.guards.ensure(out.channel == Channel::Returning(None), Guard::LinkOnce)?;
        let out = Challenge { channel: Channel::Returning(Some(device)), ..out };
        let waiting = Waiting { challenge: Some(out), ..waiting };
        let effects = vec![Effect::WriteLogin(Box::new(waiting.clone()))];
        Ok((Some(Login::Waiting(waiting)), effects))
    }

    /// Where the browser must come back, an agent's answer that would count waits for it: only that
    /// it would is asked here, and all of it again when the browser is there.
    pub(super) fn waits_or(
        &self,
        waiting: &Waiting,
        answer: &Answer,
        counts: impl Fn(&Self, &Waiting, &Answer) -> Outcome,
    ) -> Outcome {
        let outcome = counts(self, waiting, answer)?;
        let comes_back = is_returning(answer.channel) && answer.handle.is_none();
        if self.guards.holds(!comes_back, Guard::AnswerReturns) {
            return Ok(outcome);
        }
        let (Some(token), Some(challenge)) = (answer.back, &waiting.challenge) else {
            return Err(Refusal::Unexpected);
        };
        // The challenge lives as long as the token, and ends with it.
        let challenge = Challenge { expires_at: self.now.plus(RETURN_LIFE), ..challenge.clone() };
        let held = Waiting { challenge: Some(challenge), held: Some(token), ..waiting.clone() };
        let person = waiting.person;
        let effects = vec![
            Effect::WriteLogin(Box::new(held.clone())),
            Effect::Audit(Audit::AnswerWaits { person }),
        ];
        Ok((Some(Login::Waiting(held)), effects))
    }

    pub(super) fn proved(&self, waiting: &Waiting, answer: &Answer) -> Outcome {
        let challenge = self.answered(waiting, answer, Purpose::Authenticate)?;
        if waiting.task != Task::Authenticate {
            return Err(Refusal::Unexpected);
        }
        self.guards.ensure(!answer.card.revoked, Guard::AnswerLive)?;
        self.still_paired(waiting, answer.person)?;
        let mut proof = self.proof(&waiting.started, answer, challenge)?;
        proof.counter = Some(answer.card.evidence.counter());
        let (person, card) = (waiting.person, answer.card.id);
        let mut effects = vec![take(waiting, challenge), Effect::Prove(proof)];
        match waiting.then {
            Then::Exit => {
                effects.extend(exit(waiting, card));
                Ok((None, effects))
            }
            Then::AddCard => {
                let task = Task::Enrol(Permit::FreshTap);
                let next = Waiting { task, challenge: None, held: None, ..waiting.clone() };
                effects.push(Effect::WriteLogin(Box::new(next.clone())));
                effects.push(Effect::Audit(Audit::CardConfirmed { person, card }));
                Ok((Some(Login::Waiting(next)), effects))
            }
            Then::Confirm => {
                let Vouched::Session { session } = waiting.vouched else {
                    return Err(Refusal::Unexpected);
                };
                effects.push(Effect::EndSession { session });
                effects.push(Effect::Issue(issue(waiting)));
                effects.push(Effect::Audit(Audit::CardConfirmed { person, card }));
                Ok((None, effects))
            }
            Then::RemoveCard(removed) => {
                self.guards.ensure(removed != card, Guard::RemovesAnother)?;
                effects.push(Effect::RevokeCard { card: removed, person });
                effects.push(Effect::Audit(Audit::CardConfirmed { person, card }));
                effects.push(Effect::Audit(Audit::CardRemoved { person, card: removed }));
                Ok((None, effects))
            }
        }
    }

    pub(super) fn enrolled(&self, waiting: &Waiting, answer: &Answer) -> Outcome {
        let challenge = self.answered(waiting, answer, Purpose::Register)?;
        let permit = match waiting.task {
            Task::Enrol(Permit::CodeNeeded) => return Err(Refusal::Code),
            Task::Enrol(permit) => permit,
            Task::Authenticate => return Err(Refusal::HasCard),
        };
        // Two logins of one person may both have come here without a card.
        let first = !answer.person.has_card;
        self.guards.ensure(first == (permit != Permit::FreshTap), Guard::EnrolsFirst)?;
        // What held at the sign-in may have changed since: a card enrolled, and revoked again.
        let allowed = self.policy.first_card == FirstCard::FreshEntraSignIn;
        let still = permit != Permit::FreshSignIn || (allowed && never_enrolled_so(answer.person));
        self.guards.ensure(still, Guard::EnrolsStill)?;
        let proof = self.proof(&waiting.started, answer, challenge)?;
        let (person, card) = (waiting.person, answer.card.id);
        let mut effects = vec![
            take(waiting, challenge),
            Effect::WriteCard(Enrolment { card, person, permit }),
            Effect::Prove(proof),
            Effect::Audit(Audit::CardEnrolled { person, card, permit }),
        ];
        if waiting.then == Then::Exit {
            effects.extend(exit(waiting, card));
        }
        Ok((None, effects))
    }

    /// The checks that every answer of a card to a waiting login must pass.
    fn answered<'w>(
        &self,
        waiting: &'w Waiting,
        answer: &Answer,
        purpose: Purpose,
    ) -> Result<&'w Challenge, Refusal> {
        let challenge = waiting.challenge.as_ref().ok_or(Refusal::Challenge)?;
        if challenge.purpose != purpose {
            return Err(Refusal::Unexpected);
        }
        self.guards.ensure(challenge.id == answer.challenge, Guard::AnswerChallenge)?;
        self.guards.ensure(self.now < challenge.expires_at, Guard::AnswerInTime)?;
        self.guards.ensure(challenge.channel == answer.channel, Guard::AnswerChannel)?;
        // An agent's answer comes without the handle: it was pushed to the device that is paired
        // with the browser that holds it, and only that browser can claim what is issued. Where
        // the browser must come back, the answer comes twice: from the agent, and with the browser.
        let is_held = || answer.handle.is_some_and(|held| waiting.handle.matches(&held));
        let held = match answer.channel {
            Channel::Browser => is_held(),
            Channel::Agent(_) => true,
            Channel::Returning(_) => answer.handle.is_none() || is_held(),
        };
        self.guards.ensure(held, Guard::AnswerBrowser)?;
        let back = answer.back.zip(waiting.held).is_some_and(|(back, held)| back.matches(&held));
        let first = !is_returning(answer.channel) || answer.handle.is_none();
        self.guards.ensure(first || back, Guard::ReturnToken)?;
        self.guards.ensure(answer.card.tenant == waiting.started.tenant, Guard::AnswerTenant)?;
        self.guards.ensure(answer.card.person == waiting.person, Guard::AnswerPerson)?;
        Ok(challenge)
    }

    pub(super) fn card_first_asked(&self, stranger: Stranger, challenge: Challenge) -> Outcome {
        let off = self.policy.card_first == identity::CardFirst::Off;
        self.guards.ensure(!off, Guard::FirstAskedAllowed)?;
        // A stranger has no row by which a browser could claim what an agent's answer issues.
        self.guards.ensure(challenge.channel == Channel::Browser, Guard::FirstAskedChannel)?;
        if challenge.purpose != Purpose::Authenticate {
            return Err(Refusal::Unexpected);
        }
        let at = StrangerAt::CardFirst { challenge };
        Ok((Some(Login::Stranger(Stranger { at, ..stranger })), Vec::new()))
    }

    /// "Use your card": the card says who it is.
    pub(super) fn card_first(&self, stranger: &Stranger, answer: &Answer) -> Outcome {
        let StrangerAt::CardFirst { challenge } = &stranger.at else {
            return Err(Refusal::Unexpected);
        };
        let started = &stranger.started;
        self.guards.ensure(challenge.id == answer.challenge, Guard::FirstChallenge)?;
        self.guards.ensure(self.now < challenge.expires_at, Guard::FirstInTime)?;
        self.guards.ensure(challenge.channel == answer.channel, Guard::FirstChannel)?;
        self.guards.ensure(answer.card.tenant == started.tenant, Guard::FirstTenant)?;
        self.guards.ensure(!answer.card.revoked, Guard::FirstLive)?;
        self.guards.ensure(answer.person.linked, Guard::FirstLinked)?;
        self.guards.ensure(self.card_alone(answer.person), Guard::FirstAllowed)?;
        let mut proof = self.proof(started, answer, challenge)?;
        proof.counter = Some(answer.card.evidence.counter());
        let (person, card, door) = (answer.person.id, answer.card.id, started.request.door);
        let effects = vec![
            // Strangers have no row to take: the challenge itself is what is spent.
            Effect::TakeStranger {
                challenge: challenge.id,
                until: challenge.expires_at.min(started.expires_at),
            },
            Effect::Prove(proof),
            Effect::Issue(Issue { door, person, provider: None, claim: None }),
            Effect::Audit(Audit::SignedIn { person, card, door, one_tap: false }),
        ];
        Ok((None, effects))
    }

    fn proof(
        &self,
        started: &Started,
        answer: &Answer,
        challenge: &Challenge,
    ) -> Result<Proof, Refusal> {
        self.person_may(started, answer.person)?;
        self.guards.ensure(answer.card.person == answer.person.id, Guard::ProofPerson)?;
        let evidence = answer.card.evidence;
        self.guards.ensure(evidence.user_verified, Guard::ProofVerified)?;
        let by_agent = matches!(challenge.channel, Channel::Agent(_) | Channel::Returning(Some(_)));
        let takes = by_agent || evidence.shown != Shown::X509Card;
        self.guards.ensure(takes, Guard::ProofByAgent)?;
        Ok(Proof {
            login: started.id,
            person: answer.person.id,
            card: answer.card.id,
            purpose: challenge.purpose,
            channel: challenge.channel,
            challenge_at: challenge.issued_at,
            counter: None,
            amr: amr(evidence.shown),
        })
    }
}

fn is_returning(channel: Channel) -> bool {
    matches!(channel, Channel::Returning(_))
}

/// Authentication methods (RFC 8176): `hwk` only where attestation shows it, `sc` for a smart card
/// with a certificate; never `pin` or `fpt` from a flag.
fn amr(shown: Shown) -> Vec<&'static str> {
    let mut amr = vec!["pop", "user", "mfa"];
    match shown {
        Shown::Fido2 { hardware_attested: true, .. } => amr.push("hwk"),
        Shown::Fido2 { hardware_attested: false, .. } => {}
        Shown::X509Card => amr.push("sc"),
    }
    amr
}

pub(super) fn refused(
    waiting: Waiting,
    challenge: ids::ChallengeId,
    reason: &'static str,
) -> (Option<Login>, Vec<Effect>) {
    let (login, person) = (waiting.started.id, waiting.person);
    let refusals = waiting.refusals.saturating_add(1);
    let mut effects = vec![
        Effect::SpendChallenge { login, challenge },
        Effect::Audit(Audit::ProofRefused { person, reason }),
    ];
    if refusals >= MOST_REFUSALS {
        effects.push(Effect::EndLogin { login });
        effects.push(Effect::Audit(Audit::GivenUp { person }));
        return (None, effects);
    }
    let waiting = Waiting { challenge: None, held: None, refusals, ..waiting };
    (Some(Login::Waiting(waiting)), effects)
}

fn take(waiting: &Waiting, challenge: &Challenge) -> Effect {
    let (login, handle) = (waiting.started.id, waiting.handle);
    Effect::TakeLogin { login, handle, challenge: challenge.id }
}

/// The exit of a waiting login, on the proof of the same step.
fn exit(waiting: &Waiting, card: ids::CredentialId) -> [Effect; 2] {
    let (person, door) = (waiting.person, waiting.started.request.door);
    let signed_in = Audit::SignedIn { person, card, door, one_tap: false };
    [Effect::Issue(issue(waiting)), Effect::Audit(signed_in)]
}

pub(super) fn issue(waiting: &Waiting) -> Issue {
    let provider = match &waiting.vouched {
        Vouched::Upstream { provider, .. } => Some(provider.clone()),
        Vouched::Invitation
        | Vouched::Session { .. }
        | Vouched::Hint { .. }
        | Vouched::Pairing { .. } => None,
    };
    let (person, door) = (waiting.person, waiting.started.request.door);
    Issue { door, person, provider, claim: Some(waiting.handle) }
}
