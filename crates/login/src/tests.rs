//! Stories: one person's way through the hallway, and every place where it ends.

mod card;
mod eam;
mod first;
mod paired;
mod upstream;

use std::time::Duration;

use identity::{CardFirst, FirstCard, Moment, PersonState, ProviderKind, TenantPolicy};
use ids::{Alias, ChallengeId, CredentialId, DeviceId, LoginId, TenantId, UserId};
use secrets::{Token, TokenHash};
use uuid::Uuid;

use crate::{
    CHALLENGE_LIFE, CardFacts, Challenge, Channel, Door, Effect, EntraAccount, Event, Evidence,
    LOGIN_LIFE, Login, LoginRequest, PersonFacts, Purpose, Refusal, Shown, Started, Stranger,
    StrangerAt, Task, Then, UpstreamFacts, Waiting, step,
};

const ACME: TenantId = TenantId(Uuid::from_u128(1));
const OTHER: TenantId = TenantId(Uuid::from_u128(2));
const ADA: UserId = UserId(Uuid::from_u128(3));
const BOB: UserId = UserId(Uuid::from_u128(4));
const CARD: CredentialId = CredentialId(Uuid::from_u128(5));
const NOON: Moment = Moment(1_000_000_000_000);

fn token(number: u8) -> Token {
    Token::new([number; 32])
}

const REGISTRATION: &str = "issuer and client";
const STATE: u8 = 1;
const NONCE: u8 = 2;
const HANDLE: u8 = 3;
const CODE: u8 = 4;

fn alias(name: &str) -> Alias {
    Alias::try_from(name.to_owned()).unwrap()
}

fn later(duration: Duration) -> Moment {
    NOON.plus(duration)
}

/// One login, its tenant's policy and the time.
struct Story {
    login: Login,
    policy: TenantPolicy,
    now: Moment,
    effects: Vec<Effect>,
}

impl Story {
    /// A browser has opened the account page.
    fn begins() -> Self {
        Self::begins_at(Door::Account)
    }

    fn begins_at(door: Door) -> Self {
        let started = Started {
            id: LoginId(Uuid::from_u128(6)),
            tenant: ACME,
            request: LoginRequest::new(door, "/account"),
            started_at: NOON,
            expires_at: later(LOGIN_LIFE),
        };
        let login = Login::Stranger(Stranger { started, at: StrangerAt::LoginPage });
        Self { login, policy: TenantPolicy::default(), now: NOON, effects: Vec::new() }
    }

    fn policy(mut self, first_card: FirstCard, card_first: CardFirst) -> Self {
        (self.policy.first_card, self.policy.card_first) = (first_card, card_first);
        self
    }

    fn at(mut self, now: Moment) -> Self {
        self.now = now;
        self
    }

    /// What becomes of an event; the story itself stays where it is.
    fn refuses(&self, event: Event) -> Refusal {
        step(self.login.clone(), event, &self.policy, self.now).unwrap_err()
    }

    fn goes_on(mut self, event: Event) -> Self {
        let (login, effects) = step(self.login, event, &self.policy, self.now).unwrap();
        (self.login, self.effects) = (login.unwrap(), effects);
        self
    }

    /// The event ends the login; these are its effects.
    fn ends(&self, event: Event) -> Vec<Effect> {
        let (login, effects) = step(self.login.clone(), event, &self.policy, self.now).unwrap();
        assert!(login.is_none());
        effects
    }

    fn at_upstream(self) -> Self {
        self.goes_on(provider_chosen())
    }

    /// Entra has vouched for `person`, who now stands at the card step.
    fn vouched(self, person: PersonFacts) -> Self {
        self.at_upstream().goes_on(vouched(upstream(), person))
    }

    /// Ada, who has a card, and a challenge is out in her browser.
    fn asked_for_her_card() -> Self {
        Self::begins().vouched(ada()).goes_on(challenge_made(authenticate()))
    }

    /// Ada, who has no card, after a fresh sign-in that lets her enrol one.
    fn asked_for_a_first_card() -> Self {
        Self::begins()
            .policy(FirstCard::FreshEntraSignIn, CardFirst::Off)
            .vouched(without_card())
            .goes_on(challenge_made(register()))
    }

    /// "Use your card".
    fn asked_card_first(card_first: CardFirst) -> Self {
        let event = Event::ChallengeMade { handle: None, challenge: authenticate() };
        Self::begins().policy(FirstCard::AdministratorCode, card_first).goes_on(event)
    }

    fn waiting(&self) -> &Waiting {
        match &self.login {
            Login::Waiting(waiting) => waiting,
            Login::Stranger(_) => panic!("nobody has vouched yet"),
        }
    }
}

fn ada() -> PersonFacts {
    PersonFacts {
        id: ADA,
        tenant: ACME,
        state: PersonState::Enabled,
        has_card: true,
        card_was_revoked: false,
        enrolled_by_upstream: false,
        linked: true,
        last_upstream_at: Some(NOON),
    }
}

fn without_card() -> PersonFacts {
    PersonFacts { has_card: false, ..ada() }
}

fn provider_chosen() -> Event {
    let (state, nonce, verifier) = (token(STATE), token(NONCE), token(9));
    let registration = REGISTRATION.to_owned();
    let provider = alias("entra");
    Event::ProviderChosen { provider, registration, state, nonce, verifier, left_at: NOON }
}

fn upstream() -> UpstreamFacts {
    UpstreamFacts {
        tenant: ACME,
        provider: alias("entra"),
        kind: ProviderKind::Entra,
        nonce: token(NONCE),
        auth_time: Some(NOON),
        onboards: true,
        account: Some(account()),
    }
}

fn account() -> EntraAccount {
    EntraAccount { tid: "directory".to_owned(), oid: "ada".to_owned() }
}

fn vouched(upstream: UpstreamFacts, person: PersonFacts) -> Event {
    Event::UpstreamVouched { upstream, person, handle: handle() }
}

fn handle() -> TokenHash {
    token(HANDLE).hash()
}

fn authenticate() -> Challenge {
    Challenge {
        id: ChallengeId(Uuid::from_u128(7)),
        purpose: Purpose::Authenticate,
        channel: Channel::Browser,
        state: "state".to_owned(),
        issued_at: NOON,
        expires_at: later(CHALLENGE_LIFE),
    }
}

fn register() -> Challenge {
    Challenge { purpose: Purpose::Register, ..authenticate() }
}

fn challenge_made(challenge: Challenge) -> Event {
    Event::ChallengeMade { handle: Some(handle()), challenge }
}

fn agent() -> Channel {
    Channel::Agent(DeviceId(Uuid::from_u128(8)))
}

fn card() -> CardFacts {
    let shown = Shown::Fido2 { hardware_attested: false, counter: 9 };
    let evidence = Evidence { user_verified: true, shown };
    CardFacts { id: CARD, tenant: ACME, person: ADA, revoked: false, evidence }
}

/// An answer, of which a test changes what it is about.
struct Answer {
    channel: Channel,
    handle: Option<TokenHash>,
    challenge: ChallengeId,
    card: CardFacts,
    person: PersonFacts,
}

impl Answer {
    /// Ada's card, in her browser.
    fn good() -> Self {
        let challenge = authenticate().id;
        let handle = Some(handle());
        Self { channel: Channel::Browser, handle, challenge, card: card(), person: ada() }
    }

    /// The same, from a person without a card.
    fn first() -> Self {
        Self { person: without_card(), ..Self::good() }
    }

    fn proves(self) -> Event {
        let Self { channel, handle, challenge, card, person } = self;
        Event::CardProved { channel, handle, challenge, back: None, card, person }
    }

    fn enrols(self) -> Event {
        let Self { channel, handle, challenge, card, person } = self;
        Event::CardEnrolled { channel, handle, challenge, back: None, card, person }
    }
}

fn names(effects: &[Effect]) -> Vec<String> {
    let name = |effect: &Effect| {
        let text = format!("{effect:?}");
        text.split([' ', '(', '{']).next().unwrap().to_owned()
    };
    effects.iter().map(name).collect()
}
