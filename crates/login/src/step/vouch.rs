//! Before the card: who vouches, and what is to be done at the card step.

use identity::{FirstCard, Moment, ProviderKind};
use ids::SessionId;
use secrets::{Token, TokenHash};

use super::{Hallway, Outcome, never_enrolled_so};
use crate::effect::{Audit, Effect};
use crate::event::{PersonFacts, UpstreamFacts};
use crate::guard::{Guard, Refusal};
use crate::state::{
    Door, Login, Permit, Started, Stranger, StrangerAt, Task, Then, Vouched, Waiting,
};
use crate::{EAM_LIFE, FRESH_SKEW, LOGIN_LIFE};

impl Hallway<'_> {
    pub(super) fn to_upstream(
        &self,
        stranger: Stranger,
        provider: ids::Alias,
        registration: String,
        [state, nonce, verifier]: [Token; 3],
        left_at: Moment,
    ) -> (Option<Login>, Vec<Effect>) {
        // A person's first card may hang on this sign-in, so it must be a fresh one; who the
        // person is, and whether they have a card, we learn only afterwards.
        let prompt_login = self.policy.first_card == FirstCard::FreshEntraSignIn;
        let at = StrangerAt::Upstream {
            provider,
            registration,
            state,
            nonce,
            verifier,
            prompt_login,
            sent_at: self.now,
            left_at: Some(left_at),
        };
        (Some(Login::Stranger(Stranger { at, ..stranger })), Vec::new())
    }

    pub(super) fn callback(
        &self,
        stranger: Stranger,
        tenant: ids::TenantId,
        provider: &ids::Alias,
        registration: &str,
        state: &Token,
    ) -> Outcome {
        let StrangerAt::Upstream { provider: asked, registration: begun, state: sent, .. } =
            &stranger.at
        else {
            return Err(Refusal::Unexpected);
        };
        self.guards.ensure(stranger.started.tenant == tenant, Guard::CallbackTenant)?;
        self.guards.ensure(asked == provider, Guard::CallbackProvider)?;
        self.guards.ensure(sent.matches(state), Guard::CallbackState)?;
        self.guards.ensure(begun == registration, Guard::CallbackRegistration)?;
        Ok((Some(Login::Stranger(stranger)), Vec::new()))
    }

    pub(super) fn vouched(
        &self,
        stranger: &Stranger,
        upstream: &UpstreamFacts,
        person: PersonFacts,
        handle: TokenHash,
    ) -> Outcome {
        let StrangerAt::Upstream { provider, state, nonce, prompt_login, sent_at, left_at, .. } =
            &stranger.at
        else {
            return Err(Refusal::Unexpected);
        };
        let started = stranger.started.clone();
        self.guards.ensure(started.tenant == upstream.tenant, Guard::TokenTenant)?;
        self.guards.ensure(*provider == upstream.provider, Guard::TokenProvider)?;
        self.guards.ensure(nonce.matches(&upstream.nonce), Guard::TokenNonce)?;
        self.person_may(&started, person)?;
        // Who holds the browser can take `prompt=login` out of the address, so only the upstream's
        // own word counts; without `auth_time` there is none.
        let says_fresh = upstream.auth_time.is_some_and(|at| at >= sent_at.minus(FRESH_SKEW));
        let fresh = *prompt_login && says_fresh;
        let task = self.task(person, fresh, upstream)?;
        // Another provider may call its accounts what it likes.
        let by_entra = upstream.kind == ProviderKind::Entra;
        let by_entra = self.guards.holds(by_entra, Guard::AccountByEntra);
        let account = upstream.account.clone().filter(|_| by_entra);
        let (at, left_at) = (self.now, *left_at);
        let vouched = Vouched::Upstream { provider: provider.clone(), at, fresh, account, left_at };
        let effects = vec![
            Effect::Spend { value: state.hash(), until: started.expires_at },
            Effect::WritePerson(person.id),
            Effect::Audit(Audit::UpstreamVouched { person: person.id, provider: provider.clone() }),
        ];
        Ok(self.wait(started, handle, person, vouched, task, effects))
    }

    /// What a person for whom an upstream vouched is to do at the card step.
    fn task(
        &self,
        person: PersonFacts,
        fresh: bool,
        upstream: &UpstreamFacts,
    ) -> Result<Task, Refusal> {
        if person.has_card {
            return Ok(Task::Authenticate);
        }
        self.guards.ensure(upstream.onboards, Guard::ProviderOnboards)?;
        let permit = match self.policy.first_card {
            FirstCard::FreshEntraSignIn if self.enrols_alone(person, fresh, upstream) => {
                Permit::FreshSignIn
            }
            FirstCard::FreshEntraSignIn | FirstCard::AdministratorCode => Permit::CodeNeeded,
        };
        Ok(Task::Enrol(permit))
    }

    /// Whether this sign-in alone may enrol a first card, where the tenant's policy says so.
    ///
    /// Only Entra's: it is what the administrator chose to rely on. Another provider is somebody
    /// else's directory, with rules of its own on who gets an account there.
    fn enrols_alone(&self, person: PersonFacts, fresh: bool, upstream: &UpstreamFacts) -> bool {
        let by_entra = upstream.kind == ProviderKind::Entra;
        self.guards.holds(by_entra, Guard::FirstCardByEntra)
            && self.guards.holds(fresh, Guard::FirstCardFresh)
            && self.guards.holds(never_enrolled_so(person), Guard::FirstCardOnce)
    }

    pub(super) fn invited(
        &self,
        started: Started,
        invitation: TokenHash,
        valid_until: Moment,
        person: PersonFacts,
        handle: TokenHash,
    ) -> Outcome {
        self.guards.ensure(self.now < valid_until, Guard::InvitationAlive)?;
        self.person_may(&started, person)?;
        self.guards.ensure(!person.has_card, Guard::InvitedWithoutCard)?;
        let task = Task::Enrol(Permit::Invitation);
        let effects = vec![
            Effect::TakeInvitation { invitation },
            Effect::WritePerson(person.id),
            Effect::Audit(Audit::InvitationUsed { person: person.id }),
        ];
        Ok(self.wait(started, handle, person, Vouched::Invitation, task, effects))
    }

    /// From here on the login is a row.
    pub(super) fn wait(
        &self,
        started: Started,
        handle: TokenHash,
        person: PersonFacts,
        vouched: Vouched,
        task: Task,
        mut effects: Vec<Effect>,
    ) -> (Option<Login>, Vec<Effect>) {
        // The card step has its own time: a person may have spent minutes at the upstream. Not where
        // Entra waits for it.
        let own_time = self.guards.holds(started.request.door != Door::Eam, Guard::EamLife);
        let eam = started.started_at.plus(EAM_LIFE);
        let expires_at = if own_time { self.now.plus(LOGIN_LIFE) } else { eam };
        let started = Started { expires_at, ..started };
        let waiting = Waiting {
            started,
            handle,
            person: person.id,
            vouched,
            task,
            then: Then::Exit,
            challenge: None,
            refusals: 0,
            held: None,
        };
        effects.push(Effect::WriteLogin(Box::new(waiting.clone())));
        (Some(Login::Waiting(waiting)), effects)
    }

    pub(super) fn change_asked(
        &self,
        started: Started,
        then: Then,
        session: SessionId,
        person: PersonFacts,
        handle: TokenHash,
    ) -> Outcome {
        if then == Then::Exit {
            return Err(Refusal::Unexpected);
        }
        self.person_may(&started, person)?;
        self.guards.ensure(person.has_card, Guard::ChangeWithCard)?;
        let waiting = Waiting {
            started,
            handle,
            person: person.id,
            vouched: Vouched::Session { session },
            task: Task::Authenticate,
            then,
            challenge: None,
            refusals: 0,
            held: None,
        };
        let effects =
            vec![Effect::EndChange { session }, Effect::WriteLogin(Box::new(waiting.clone()))];
        Ok((Some(Login::Waiting(waiting)), effects))
    }

    pub(super) fn code(
        &self,
        waiting: Waiting,
        handle: TokenHash,
        code: TokenHash,
        issued_for: Option<ids::UserId>,
        valid_until: Moment,
    ) -> Outcome {
        self.guards.ensure(waiting.handle.matches(&handle), Guard::CodeBrowser)?;
        if waiting.task != Task::Enrol(Permit::CodeNeeded) {
            return Err(Refusal::Unexpected);
        }
        self.guards.ensure(issued_for == Some(waiting.person), Guard::CodePerson)?;
        self.guards.ensure(self.now < valid_until, Guard::CodeAlive)?;
        let person = waiting.person;
        let waiting = Waiting { task: Task::Enrol(Permit::Code), ..waiting };
        let effects = vec![
            Effect::TakeCode { code, person },
            Effect::WriteLogin(Box::new(waiting.clone())),
            Effect::Audit(Audit::CodeAccepted { person }),
        ];
        Ok((Some(Login::Waiting(waiting)), effects))
    }
}
