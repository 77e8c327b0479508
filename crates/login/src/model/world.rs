//! What there is at one moment.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use identity::{Moment, PersonState};
use ids::{Alias, ChallengeId, CredentialId, LoginId, TenantId, UserId};
use secrets::{Token, TokenHash};
use uuid::Uuid;

use super::moves::Move;
use super::scene::Scene;
use crate::{
    CHALLENGE_LIFE, Channel, Effect, EntraAccount, LOGIN_LIFE, PersonFacts, Purpose, Stranger,
    StrangerAt, Vouched, Waiting,
};

pub(super) const ACME: TenantId = TenantId(Uuid::from_u128(0xac));
pub(super) const OTHER: TenantId = TenantId(Uuid::from_u128(0x07));
pub(super) const ADA: UserId = UserId(Uuid::from_u128(1));
/// Mallory at Acme, and elsewhere.
pub(super) const MALLORY: UserId = UserId(Uuid::from_u128(2));
pub(super) const MALLORY_ELSEWHERE: UserId = UserId(Uuid::from_u128(3));

/// Ada elsewhere, where she is another person with another card.
pub(super) const ADA_ELSEWHERE: UserId = UserId(Uuid::from_u128(4));

pub(super) const BEGINNING: Moment = Moment(1_000_000_000_000);

/// Who acts: each has a browser and an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    Ada,
    Mallory,
}

pub(super) fn owner(person: UserId) -> Who {
    if person == ADA || person == ADA_ELSEWHERE { Who::Ada } else { Who::Mallory }
}

pub(super) fn home(person: UserId) -> TenantId {
    if person == MALLORY_ELSEWHERE || person == ADA_ELSEWHERE { OTHER } else { ACME }
}

/// The n-th login that somebody's browser starts, and back.
pub(super) fn login_id(who: Who, n: usize) -> LoginId {
    LoginId(Uuid::from_u128(0x10 * (u128::from(who == Who::Mallory) + 1) + n as u128))
}

pub(super) fn began(login: LoginId) -> Who {
    if login.0.as_u128() >= 0x20 { Who::Mallory } else { Who::Ada }
}

/// The n-th challenge of a login, and back.
pub(super) fn challenge_id(login: LoginId, n: usize) -> ChallengeId {
    ChallengeId(Uuid::from_u128(login.0.as_u128() * 0x10 + n as u128))
}

pub(super) fn login_of(challenge: ChallengeId) -> LoginId {
    LoginId(Uuid::from_u128(challenge.0.as_u128() / 0x10))
}

/// A random value: its name is where it comes from, so that the order of events does not matter.
pub(super) type Name = [u8; 3];

pub(super) fn token(name: Name) -> Token {
    let mut bytes = [0; 32];
    bytes[..3].copy_from_slice(&name);
    Token::new(bytes)
}

pub(super) fn name(kind: u8, login: LoginId, n: usize) -> Name {
    [kind, login.0.as_u128() as u8, n as u8]
}

pub(super) fn name_of(token: &Token) -> Name {
    let bytes = token.expose();
    [bytes[0], bytes[1], bytes[2]]
}

/// A cookie that a browser got: a login nobody has vouched for, sealed.
#[derive(Clone, Debug)]
pub(super) struct Cookie {
    pub(super) by: Who,
    pub(super) stranger: Arc<Stranger>,
}

/// What a login really comes from: by its place in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Vouch {
    SignIn(usize),
    Hint(usize),
    /// The pairing of this browser.
    Pairing(Who),
}

/// A row of the table of logins, and what it really comes from.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) waiting: Arc<Waiting>,
    pub(super) vouch: Option<Vouch>,
    pub(super) since: Moment,
}

/// A handle in a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Handle {
    pub(super) by: Who,
    pub(super) name: Name,
    pub(super) login: LoginId,
}

/// A sign-in at an upstream: `state` and code of the callback that it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SignIn {
    pub(super) tenant: TenantId,
    pub(super) provider: Alias,
    /// Issuer and client to which the browser was sent.
    pub(super) settings: usize,
    pub(super) state: Name,
    pub(super) nonce: Name,
    pub(super) person: UserId,
    /// Who was at the keyboard.
    pub(super) by: Who,
    /// When the person last gave their password there.
    pub(super) auth_time: Moment,
}

/// What Entra asks by a hint: for whom, and with which of their accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Hint {
    pub(super) person: UserId,
    pub(super) account: u8,
}

/// A row of the table of EAM transactions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Transaction {
    /// Which hint has begun it.
    pub(super) hint: usize,
    pub(super) login: LoginId,
    pub(super) handle: TokenHash,
    pub(super) person: UserId,
    /// The card that proved, and when.
    pub(super) proof: Option<(CredentialId, Moment)>,
    /// Whether that has spared a second tap.
    pub(super) used: bool,
}

/// The n-th account that somebody has at Entra.
pub(super) fn account(person: UserId, n: u8) -> EntraAccount {
    EntraAccount { tid: n.to_string(), oid: person.to_string() }
}

/// A challenge that was handed out, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Handed {
    pub(super) id: ChallengeId,
    pub(super) to: Who,
    pub(super) channel: Channel,
    pub(super) purpose: Purpose,
    pub(super) at: Moment,
}

/// An answer that waits for its browser, and at whose desk the token was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kept {
    pub(super) login: LoginId,
    pub(super) answer: Answer,
    pub(super) by: Who,
    pub(super) token: Name,
}

/// A signature of a card over a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Answer {
    pub(super) challenge: ChallengeId,
    pub(super) purpose: Purpose,
    pub(super) card: CredentialId,
    /// Whose hand held the card.
    pub(super) by: Who,
    pub(super) user_verified: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Card {
    pub(super) id: CredentialId,
    pub(super) person: UserId,
    pub(super) revoked: bool,
}

/// A one-time code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Code {
    pub(super) name: Name,
    pub(super) person: UserId,
    pub(super) until: Moment,
}

/// A step that is read and decided, and not committed.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) request: Move,
    pub(super) at: Moment,
    pub(super) effects: Vec<Effect>,
    /// From whose browser or agent.
    pub(super) by: Who,
    pub(super) vouch: Option<Vouch>,
    /// The handle that the browser gets with it.
    pub(super) handle: Option<Handle>,
    pub(super) answer: Option<Answer>,
    /// Where, and since when the login waits.
    pub(super) tenant: TenantId,
    pub(super) since: Moment,
    /// What was read.
    pub(super) facts: PersonFacts,
    pub(super) revoked: bool,
    pub(super) strict: bool,
}

/// What was issued, and who has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Artefact {
    pub(super) person: UserId,
    pub(super) login: LoginId,
    pub(super) card: CredentialId,
    pub(super) claim: Option<TokenHash>,
    pub(super) held_by: Option<Who>,
    /// Whether the session was ended.
    pub(super) ended: bool,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub(super) struct World {
    pub(super) now: Moment,
    pub(super) cookies: Vec<Cookie>,
    pub(super) rows: Vec<Row>,
    pub(super) handles: Vec<Handle>,
    pub(super) sign_ins: Vec<SignIn>,
    pub(super) handed: Vec<Handed>,
    pub(super) answers: Vec<Answer>,
    pub(super) kept: Vec<Kept>,
    pub(super) cards: Vec<Card>,
    pub(super) people: [PersonFacts; 4],
    /// Issuer and client of Acme's provider, by number; whether Acme's policy has become strict.
    pub(super) settings: usize,
    pub(super) strict: bool,
    /// Codes that are in their table; those that were issued; the invitation.
    pub(super) codes: Vec<Code>,
    pub(super) issued_codes: [usize; 2],
    pub(super) invitation: bool,
    /// EAM transactions, and how many hints each browser has posted.
    pub(super) transactions: Vec<Transaction>,
    pub(super) posts: [usize; 2],
    pub(super) spent: Vec<TokenHash>,
    pub(super) pending: Vec<Pending>,
    /// Everything below only the ledger reads.
    pub(super) ledger: Vec<Artefact>,
    pub(super) used_answers: Vec<Answer>,
    pub(super) used_sign_ins: Vec<usize>,
    pub(super) used_codes: Vec<Name>,
    pub(super) invited: usize,
    pub(super) audited: [usize; 2],
    pub(super) waited: [usize; 2],
    pub(super) given_up: Vec<LoginId>,
    pub(super) wrong: Option<&'static str>,
}

impl World {
    pub(super) fn new(scene: &Scene) -> Self {
        let person = |id, has_card, linked| PersonFacts {
            id,
            tenant: home(id),
            state: PersonState::Enabled,
            has_card,
            card_was_revoked: false,
            enrolled_by_upstream: false,
            linked,
            last_upstream_at: None,
        };
        let mut cards = vec![first_card(MALLORY), first_card(MALLORY_ELSEWHERE)];
        let mut hers = first_card(ADA);
        for _ in 0..scene.adas_cards {
            cards.push(hers);
            hers.id = CredentialId(Uuid::from_u128(0x1100));
        }
        cards.extend(scene.ada_is_elsewhere.then(|| first_card(ADA_ELSEWHERE)));
        Self {
            now: BEGINNING,
            people: [
                person(ADA, scene.adas_cards > 0, scene.ada_is_linked),
                person(MALLORY, true, true),
                person(MALLORY_ELSEWHERE, true, true),
                person(ADA_ELSEWHERE, scene.ada_is_elsewhere, true),
            ],
            settings: 0,
            strict: false,
            cards,
            invitation: scene.invitation,
            cookies: Vec::new(),
            rows: Vec::new(),
            handles: Vec::new(),
            sign_ins: Vec::new(),
            handed: Vec::new(),
            answers: Vec::new(),
            kept: Vec::new(),
            codes: Vec::new(),
            issued_codes: [0, 0],
            transactions: Vec::new(),
            posts: [0, 0],
            spent: Vec::new(),
            pending: Vec::new(),
            ledger: Vec::new(),
            used_answers: Vec::new(),
            used_sign_ins: Vec::new(),
            used_codes: Vec::new(),
            invited: 0,
            audited: [0, 0],
            waited: [0, 0],
            given_up: Vec::new(),
            wrong: None,
        }
    }

    /// The person, as a query would answer now.
    pub(super) fn facts(&self, id: UserId) -> PersonFacts {
        let facts = self.people.iter().find(|person| person.id == id).unwrap();
        let live = |card: &Card| card.person == id && !card.revoked;
        PersonFacts { has_card: self.cards.iter().any(live), ..*facts }
    }

    pub(super) fn person_mut(&mut self, id: UserId) -> &mut PersonFacts {
        self.people.iter_mut().find(|person| person.id == id).unwrap()
    }

    pub(super) fn row(&self, login: LoginId) -> Option<usize> {
        self.rows.iter().position(|row| row.waiting.started.id == login)
    }
}

/// A little more than the life of a challenge, and of a login.
pub(super) fn waits() -> [Duration; 2] {
    [CHALLENGE_LIFE, LOGIN_LIFE]
}

pub(super) fn first_card(person: UserId) -> Card {
    let id = CredentialId(Uuid::from_u128(0x1000 + person.0.as_u128()));
    Card { id, person, revoked: false }
}

impl Cookie {
    fn key(&self) -> impl Hash + PartialEq + use<> {
        let started = &self.stranger.started;
        let none = (ChallengeId(Uuid::nil()), Channel::Browser);
        let (at, kind, name, out) = match &self.stranger.at {
            StrangerAt::LoginPage => (started.started_at, [0; 3], [0; 3], none),
            StrangerAt::Upstream {
                state, sent_at, provider, registration, prompt_login, ..
            } => {
                let provider = provider.as_str().len() as u8;
                let kind = [1 + provider, registration.len() as u8, u8::from(*prompt_login)];
                (*sent_at, kind, name_of(state), none)
            }
            StrangerAt::CardFirst { challenge } => {
                (challenge.issued_at, [1, 0, 0], [0; 3], (challenge.id, challenge.channel))
            }
        };
        (self.by, started.id, started.tenant, started.started_at, at, kind, name, out)
    }
}

impl Pending {
    /// The sign-in that vouched, if one did.
    pub(super) fn sign_in(&self) -> Option<usize> {
        match self.vouch {
            Some(Vouch::SignIn(at)) => Some(at),
            _ => None,
        }
    }

    /// The hint that did.
    pub(super) fn hint(&self) -> Option<usize> {
        match self.vouch {
            Some(Vouch::Hint(at)) => Some(at),
            _ => None,
        }
    }
}

impl Row {
    fn key(&self) -> impl Hash + PartialEq {
        let waiting = &self.waiting;
        let challenge = waiting.challenge.as_ref();
        let challenge = challenge.map(|out| (out.id, out.channel, out.issued_at));
        let started = &waiting.started;
        let left = match &waiting.vouched {
            Vouched::Upstream { left_at, .. } => *left_at,
            _ => None,
        };
        let when = (started.expires_at, left);
        let who = (started.id, when, waiting.handle, waiting.person, waiting.task);
        (who, waiting.then, challenge, self.vouch, waiting.refusals, waiting.held)
    }
}

impl Pending {
    fn key(&self) -> impl Hash + PartialEq {
        // The effects follow from the request and from what was read.
        let login = self.effects.iter().find_map(|effect| match effect {
            Effect::TakeLogin { handle, challenge, .. } => Some((*handle, Some(*challenge))),
            Effect::TakeLoginProved { handle, .. } => Some((*handle, None)),
            _ => None,
        });
        let read = (self.facts, self.revoked, self.strict);
        (self.request, self.at, read, login, self.effects.len())
    }
}

macro_rules! by_key {
    ($($type:ty),+) => {$(
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.key() == other.key()
            }
        }

        impl Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.key().hash(state);
            }
        }
    )+};
}

by_key!(Cookie, Row, Pending);
