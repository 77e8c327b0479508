use identity::{FirstCard, Moment, PersonState, TenantPolicy};
use secrets::{Token, TokenHash};

use crate::effect::{Audit, Effect, Enrolment, Issue, Proof};
use crate::event::{CardFacts, Event, PersonFacts, UpstreamFacts};
use crate::guard::{Guards, Refusal};
use crate::state::{
    Challenge, Channel, Login, Permit, Purpose, Started, Stranger, StrangerAt, Task, Then, Vouched,
    Waiting,
};
use crate::{LOGIN_LIFE, SKEW};

/// Takes one event. The login that goes in is over; the one that comes out, if any, is what waits
/// now. After a refusal the login is as it was before: the server writes nothing but the audit
/// event and, where an answer was wrong, [`Effect::SpendChallenge`].
///
/// # Errors
///
/// A [`Refusal`], for the audit trail.
pub fn step(
    login: Login,
    event: Event,
    policy: &TenantPolicy,
    now: Moment,
) -> Result<(Option<Login>, Vec<Effect>), Refusal> {
    Hallway { guards: Guards::ALL, policy, now }.step(login, event)
}

/// What holds during one step.
pub(crate) struct Hallway<'a> {
    pub(crate) guards: Guards,
    pub(crate) policy: &'a TenantPolicy,
    pub(crate) now: Moment,
}

type Outcome = Result<(Option<Login>, Vec<Effect>), Refusal>;

/// An answer of a card, wherever it came from.
struct Answer {
    channel: Channel,
    handle: Option<TokenHash>,
    challenge: ids::ChallengeId,
    card: CardFacts,
    person: PersonFacts,
}

impl Hallway<'_> {
    pub(crate) fn step(&self, login: Login, event: Event) -> Outcome {
        let started = match &login {
            Login::Stranger(stranger) => &stranger.started,
            Login::Waiting(waiting) => &waiting.started,
        };
        self.guards.ensure(self.now < started.expires_at, Refusal::Expired)?;
        match (login, event) {
            (
                Login::Stranger(stranger),
                Event::ProviderChosen { provider, state, nonce, verifier },
            ) => Ok(self.to_upstream(stranger, provider, [state, nonce, verifier])),
            (Login::Stranger(stranger), Event::CallbackArrived { tenant, provider, state }) => {
                self.callback(stranger, tenant, &provider, &state)
            }
            (Login::Stranger(stranger), Event::UpstreamVouched { upstream, person, handle }) => {
                self.vouched(&stranger, &upstream, person, handle)
            }
            (
                Login::Stranger(stranger),
                Event::InvitationShown { invitation, valid_until, person, handle },
            ) => self.invited(stranger.started, invitation, valid_until, person, handle),
            (Login::Stranger(stranger), Event::ChangeAsked { then, person, handle }) => {
                self.change_asked(stranger.started, then, person, handle)
            }
            (Login::Stranger(stranger), Event::ChallengeMade { handle: None, challenge }) => {
                self.card_first_asked(stranger, challenge)
            }
            (
                Login::Stranger(stranger),
                Event::CardProved { channel, handle: None, challenge, card, person },
            ) => {
                let answer = Answer { channel, handle: None, challenge, card, person };
                self.card_first(&stranger, &answer)
            }
            (
                Login::Waiting(waiting),
                Event::CodeGiven { handle, code, issued_for, valid_until },
            ) => self.code(waiting, handle, code, issued_for, valid_until),
            (Login::Waiting(waiting), Event::ChallengeMade { handle: Some(handle), challenge }) => {
                self.challenged(waiting, handle, challenge)
            }
            (
                Login::Waiting(waiting),
                Event::CardProved { channel, handle, challenge, card, person },
            ) => {
                let answer = Answer { channel, handle, challenge, card, person };
                self.proved(&waiting, &answer)
            }
            (
                Login::Waiting(waiting),
                Event::CardEnrolled { channel, handle, challenge, card, person },
            ) => {
                let answer = Answer { channel, handle, challenge, card, person };
                self.enrolled(&waiting, &answer)
            }
            (Login::Waiting(waiting), Event::CardRefused { challenge, reason }) => {
                let out = waiting.challenge.as_ref().is_some_and(|out| out.id == challenge);
                self.guards.ensure(out, Refusal::Challenge)?;
                Ok(refused(waiting, challenge, reason))
            }
            _ => Err(Refusal::Unexpected),
        }
    }

    fn to_upstream(
        &self,
        stranger: Stranger,
        provider: ids::Alias,
        [state, nonce, verifier]: [Token; 3],
    ) -> (Option<Login>, Vec<Effect>) {
        // A person's first card may hang on this sign-in, so it must be a fresh one; who the
        // person is, and whether they have a card, we learn only afterwards.
        let prompt_login = self.policy.first_card == FirstCard::FreshEntraSignIn;
        let at = StrangerAt::Upstream {
            provider,
            state,
            nonce,
            verifier,
            prompt_login,
            sent_at: self.now,
        };
        (Some(Login::Stranger(Stranger { at, ..stranger })), Vec::new())
    }

    fn callback(
        &self,
        stranger: Stranger,
        tenant: ids::TenantId,
        provider: &ids::Alias,
        state: &Token,
    ) -> Outcome {
        let StrangerAt::Upstream { provider: asked, state: sent, .. } = &stranger.at else {
            return Err(Refusal::Unexpected);
        };
        self.guards.ensure(stranger.started.tenant == tenant, Refusal::Tenant)?;
        self.guards.ensure(asked == provider, Refusal::Provider)?;
        self.guards.ensure(sent.matches(state), Refusal::State)?;
        Ok((Some(Login::Stranger(stranger)), Vec::new()))
    }

    fn vouched(
        &self,
        stranger: &Stranger,
        upstream: &UpstreamFacts,
        person: PersonFacts,
        handle: TokenHash,
    ) -> Outcome {
        let StrangerAt::Upstream { provider, state, nonce, prompt_login, sent_at, .. } =
            &stranger.at
        else {
            return Err(Refusal::Unexpected);
        };
        let started = stranger.started.clone();
        self.guards.ensure(started.tenant == upstream.tenant, Refusal::Tenant)?;
        self.guards.ensure(*provider == upstream.provider, Refusal::Provider)?;
        self.guards.ensure(nonce.matches(&upstream.nonce), Refusal::Nonce)?;
        self.person_may(&started, person)?;
        // The clock of the upstream may be behind ours by the skew that we allow to everybody.
        let says_fresh = upstream.auth_time.is_none_or(|at| at >= sent_at.minus(SKEW));
        let fresh = *prompt_login && says_fresh;
        let task = self.task(person, fresh, upstream.onboards)?;
        let vouched = Vouched::Upstream { provider: provider.clone(), at: self.now, fresh };
        let effects = vec![
            Effect::Spend { value: state.hash(), until: started.expires_at },
            Effect::WritePerson(person.id),
            Effect::Audit(Audit::UpstreamVouched { person: person.id, provider: provider.clone() }),
        ];
        Ok(self.wait(started, handle, person, vouched, task, effects))
    }

    /// What a person for whom an upstream vouched is to do at the card step (STEP-03).
    fn task(&self, person: PersonFacts, fresh: bool, onboards: bool) -> Result<Task, Refusal> {
        if person.has_card {
            return Ok(Task::Authenticate);
        }
        self.guards.ensure(onboards, Refusal::NoCard)?;
        let once = never_enrolled_so(person);
        let permit = match self.policy.first_card {
            FirstCard::FreshEntraSignIn if fresh && once => Permit::FreshSignIn,
            FirstCard::FreshEntraSignIn | FirstCard::AdministratorCode => Permit::CodeNeeded,
        };
        Ok(Task::Enrol(permit))
    }

    fn invited(
        &self,
        started: Started,
        invitation: TokenHash,
        valid_until: Moment,
        person: PersonFacts,
        handle: TokenHash,
    ) -> Outcome {
        self.guards.ensure(self.now < valid_until, Refusal::Expired)?;
        self.person_may(&started, person)?;
        self.guards.ensure(!person.has_card, Refusal::HasCard)?;
        let task = Task::Enrol(Permit::Invitation);
        let effects = vec![
            Effect::TakeInvitation { invitation },
            Effect::WritePerson(person.id),
            Effect::Audit(Audit::InvitationUsed { person: person.id }),
        ];
        Ok(self.wait(started, handle, person, Vouched::Invitation, task, effects))
    }

    /// From here on the login is a row.
    fn wait(
        &self,
        started: Started,
        handle: TokenHash,
        person: PersonFacts,
        vouched: Vouched,
        task: Task,
        mut effects: Vec<Effect>,
    ) -> (Option<Login>, Vec<Effect>) {
        // The card step has its own time: a person may have spent minutes at the upstream.
        let expires_at = self.now.plus(LOGIN_LIFE);
        let started = Started { expires_at, ..started };
        let waiting = Waiting {
            started,
            handle,
            person: person.id,
            vouched,
            task,
            then: Then::Exit,
            challenge: None,
        };
        effects.push(Effect::WriteLogin(Box::new(waiting.clone())));
        (Some(Login::Waiting(waiting)), effects)
    }

    fn code(
        &self,
        waiting: Waiting,
        handle: TokenHash,
        code: TokenHash,
        issued_for: Option<ids::UserId>,
        valid_until: Moment,
    ) -> Outcome {
        self.guards.ensure(waiting.handle.matches(&handle), Refusal::Browser)?;
        if waiting.task != Task::Enrol(Permit::CodeNeeded) {
            return Err(Refusal::Unexpected);
        }
        self.guards.ensure(issued_for == Some(waiting.person), Refusal::Code)?;
        self.guards.ensure(self.now < valid_until, Refusal::Code)?;
        let person = waiting.person;
        let waiting = Waiting { task: Task::Enrol(Permit::Code), ..waiting };
        let effects = vec![
            Effect::TakeCode { code, person },
            Effect::WriteLogin(Box::new(waiting.clone())),
            Effect::Audit(Audit::CodeAccepted { person }),
        ];
        Ok((Some(Login::Waiting(waiting)), effects))
    }

    fn challenged(&self, waiting: Waiting, handle: TokenHash, challenge: Challenge) -> Outcome {
        self.guards.ensure(waiting.handle.matches(&handle), Refusal::Browser)?;
        let expected = match waiting.task {
            Task::Authenticate => Purpose::Authenticate,
            Task::Enrol(Permit::CodeNeeded) => return Err(Refusal::Code),
            Task::Enrol(_) => Purpose::Register,
        };
        if challenge.purpose != expected {
            return Err(Refusal::Unexpected);
        }
        let waiting = Waiting { challenge: Some(challenge), ..waiting };
        let effects = vec![Effect::WriteLogin(Box::new(waiting.clone()))];
        Ok((Some(Login::Waiting(waiting)), effects))
    }

    fn change_asked(
        &self,
        started: Started,
        then: Then,
        person: PersonFacts,
        handle: TokenHash,
    ) -> Outcome {
        if then == Then::Exit {
            return Err(Refusal::Unexpected);
        }
        self.person_may(&started, person)?;
        self.guards.ensure(person.has_card, Refusal::NoCard)?;
        let waiting = Waiting {
            started,
            handle,
            person: person.id,
            vouched: Vouched::Session,
            task: Task::Authenticate,
            then,
            challenge: None,
        };
        let effects = vec![Effect::WriteLogin(Box::new(waiting.clone()))];
        Ok((Some(Login::Waiting(waiting)), effects))
    }

    fn proved(&self, waiting: &Waiting, answer: &Answer) -> Outcome {
        let challenge = self.answered(waiting, answer, Purpose::Authenticate)?;
        if waiting.task != Task::Authenticate {
            return Err(Refusal::Unexpected);
        }
        self.guards.ensure(!answer.card.revoked, Refusal::Revoked)?;
        let mut proof = self.proof(&waiting.started, answer, challenge)?;
        proof.counter = Some(answer.card.evidence.counter);
        let (person, card) = (waiting.person, answer.card.id);
        let mut effects = vec![take(waiting, challenge), Effect::Prove(proof)];
        match waiting.then {
            Then::Exit => {
                effects.extend(exit(waiting, card));
                Ok((None, effects))
            }
            Then::AddCard => {
                let task = Task::Enrol(Permit::FreshTap);
                let next = Waiting { task, challenge: None, ..waiting.clone() };
                effects.push(Effect::WriteLogin(Box::new(next.clone())));
                effects.push(Effect::Audit(Audit::CardConfirmed { person, card }));
                Ok((Some(Login::Waiting(next)), effects))
            }
            Then::RemoveCard(removed) => {
                self.guards.ensure(removed != card, Refusal::SameCard)?;
                effects.push(Effect::RevokeCard { card: removed, person });
                effects.push(Effect::Audit(Audit::CardConfirmed { person, card }));
                effects.push(Effect::Audit(Audit::CardRemoved { person, card: removed }));
                Ok((None, effects))
            }
        }
    }

    fn enrolled(&self, waiting: &Waiting, answer: &Answer) -> Outcome {
        let challenge = self.answered(waiting, answer, Purpose::Register)?;
        let permit = match waiting.task {
            Task::Enrol(Permit::CodeNeeded) => return Err(Refusal::Code),
            Task::Enrol(permit) => permit,
            Task::Authenticate => return Err(Refusal::HasCard),
        };
        // Two logins of one person may both have come here without a card.
        let first = !answer.person.has_card;
        self.guards.ensure(first == (permit != Permit::FreshTap), Refusal::HasCard)?;
        // What held at the sign-in may have changed since: a card enrolled, and revoked again.
        let still = permit != Permit::FreshSignIn || never_enrolled_so(answer.person);
        self.guards.ensure(still, Refusal::NoCard)?;
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
        self.guards.ensure(challenge.id == answer.challenge, Refusal::Challenge)?;
        self.guards.ensure(self.now < challenge.expires_at, Refusal::ChallengeExpired)?;
        self.guards.ensure(challenge.channel == answer.channel, Refusal::Channel)?;
        // An agent's answer comes without the handle: it was pushed to the device that is paired
        // with the browser that holds it, and only that browser can claim what is issued.
        let held = match answer.channel {
            Channel::Browser => answer.handle.is_some_and(|held| waiting.handle.matches(&held)),
            Channel::Agent(_) => true,
        };
        self.guards.ensure(held, Refusal::Browser)?;
        self.guards.ensure(answer.card.tenant == waiting.started.tenant, Refusal::Tenant)?;
        self.guards.ensure(answer.card.person == waiting.person, Refusal::Person)?;
        Ok(challenge)
    }

    fn card_first_asked(&self, stranger: Stranger, challenge: Challenge) -> Outcome {
        let off = self.policy.card_first == identity::CardFirst::Off;
        self.guards.ensure(!off, Refusal::CardFirst)?;
        // A stranger has no row by which a browser could claim what an agent's answer issues.
        self.guards.ensure(challenge.channel == Channel::Browser, Refusal::Channel)?;
        if challenge.purpose != Purpose::Authenticate {
            return Err(Refusal::Unexpected);
        }
        let at = StrangerAt::CardFirst { challenge };
        Ok((Some(Login::Stranger(Stranger { at, ..stranger })), Vec::new()))
    }

    /// "Use your card" (STEP-07): the card says who it is.
    fn card_first(&self, stranger: &Stranger, answer: &Answer) -> Outcome {
        let StrangerAt::CardFirst { challenge } = &stranger.at else {
            return Err(Refusal::Unexpected);
        };
        let started = &stranger.started;
        self.guards.ensure(challenge.id == answer.challenge, Refusal::Challenge)?;
        self.guards.ensure(self.now < challenge.expires_at, Refusal::ChallengeExpired)?;
        self.guards.ensure(challenge.channel == answer.channel, Refusal::Channel)?;
        self.guards.ensure(answer.card.tenant == started.tenant, Refusal::Tenant)?;
        self.guards.ensure(!answer.card.revoked, Refusal::Revoked)?;
        self.guards.ensure(answer.person.linked, Refusal::NotLinked)?;
        let allowed = self.policy.card_first.allows(answer.person.last_upstream_at, self.now);
        self.guards.ensure(allowed, Refusal::CardFirst)?;
        let mut proof = self.proof(started, answer, challenge)?;
        proof.counter = Some(answer.card.evidence.counter);
        let (person, card, door) = (answer.person.id, answer.card.id, started.request.door);
        let effects = vec![
            // Strangers have no row to take: the challenge itself is what is spent.
            Effect::TakeStranger {
                challenge: challenge.id,
                until: challenge.expires_at.min(started.expires_at),
            },
            Effect::Prove(proof),
            Effect::Issue(Issue { door, person, provider: None, claim: None }),
            Effect::Audit(Audit::SignedIn { person, card, door }),
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
        self.guards.ensure(answer.card.person == answer.person.id, Refusal::Person)?;
        let evidence = answer.card.evidence;
        self.guards.ensure(evidence.user_verified, Refusal::NotVerified)?;
        // RFC 8176. `hwk` only where attestation shows it; never `pin` or `fpt` from a flag.
        let mut amr = vec!["pop", "user", "mfa"];
        if evidence.hardware_attested {
            amr.push("hwk");
        }
        Ok(Proof {
            login: started.id,
            person: answer.person.id,
            card: answer.card.id,
            purpose: challenge.purpose,
            channel: challenge.channel,
            challenge_at: challenge.issued_at,
            counter: None,
            amr,
        })
    }

    fn person_may(&self, started: &Started, person: PersonFacts) -> Result<(), Refusal> {
        self.guards.ensure(person.tenant == started.tenant, Refusal::Tenant)?;
        self.guards.ensure(person.state == PersonState::Enabled, Refusal::Disabled)
    }
}

fn refused(
    waiting: Waiting,
    challenge: ids::ChallengeId,
    reason: &'static str,
) -> (Option<Login>, Vec<Effect>) {
    let effects = vec![
        Effect::SpendChallenge { login: waiting.started.id, challenge },
        Effect::Audit(Audit::ProofRefused { person: waiting.person, reason }),
    ];
    (Some(Login::Waiting(Waiting { challenge: None, ..waiting })), effects)
}

/// Once per person, and never again after a card was revoked.
fn never_enrolled_so(person: PersonFacts) -> bool {
    !person.card_was_revoked && !person.enrolled_by_upstream
}

fn take(waiting: &Waiting, challenge: &Challenge) -> Effect {
    let (login, handle) = (waiting.started.id, waiting.handle);
    Effect::TakeLogin { login, handle, challenge: challenge.id }
}

/// The exit of a waiting login, on the proof of the same step.
fn exit(waiting: &Waiting, card: ids::CredentialId) -> [Effect; 2] {
    let (person, door) = (waiting.person, waiting.started.request.door);
    let provider = match &waiting.vouched {
        Vouched::Upstream { provider, .. } => Some(provider.clone()),
        Vouched::Invitation | Vouched::Session => None,
    };
    let issue = Issue { door, person, provider, claim: Some(waiting.handle) };
    [Effect::Issue(issue), Effect::Audit(Audit::SignedIn { person, card, door })]
}
