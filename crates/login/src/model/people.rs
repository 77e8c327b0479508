//! What people, browsers and cards do by themselves, and how the server reads it.

use std::sync::Arc;

use identity::Moment;
use ids::{DeviceId, LoginId, SessionId, TenantId, UserId};
use uuid::Uuid;

use super::moves::{Place, new_card};
use super::scene::Scene;
use super::world::{
    ADA, Answer, BEGINNING, Card, Code, Cookie, Handed, Handle, Name, Pending, Row, SignIn, Who,
    World, login_id, name, name_of, owner,
};
use crate::{
    CHALLENGE_LIFE, CardFacts, Challenge, Door, Evidence, LOGIN_LIFE, LoginRequest, MOST_REFUSALS,
    Purpose, Shown, Started, Stranger, StrangerAt, Waiting,
};

pub(super) const INVITATION: Name = [b'i', 0, 0];

pub(super) fn device(of: Who) -> DeviceId {
    DeviceId(Uuid::from_u128(if of == Who::Ada { 1 } else { 2 }))
}

/// The invitation's life: shorter than a login's, so that one can outlive the other.
pub(super) fn invitation_ends() -> Moment {
    BEGINNING.plus(CHALLENGE_LIFE)
}

/// Logins at the EAM door have numbers of their own: those that a hint begins, and those that begin
/// without one, where a scene has that.
pub(super) const HINTED: usize = 8;
const WITHOUT_HINT: usize = 12;

/// Until when Entra's hints are taken.
pub(super) fn hint_ends() -> Moment {
    BEGINNING.plus(LOGIN_LIFE)
}

pub(super) fn hint_name(hint: usize) -> Name {
    [b'e', hint as u8, 0]
}

/// At which door a login begins: of Ada's, every second one at the console.
pub(super) fn door(login: LoginId) -> Door {
    let at_eam = (login.0.as_u128() & 0xf) >= HINTED as u128;
    match login {
        _ if at_eam => Door::Eam,
        _ if login == login_id(Who::Ada, 1) => Door::Console,
        _ => Door::Account,
    }
}

/// A session's number is its place in the ledger.
pub(super) fn session_index(session: SessionId) -> usize {
    session.0.as_u128() as usize
}

pub(super) fn start(scene: &Scene, world: &mut World, by: Who, tenant: TenantId) -> bool {
    let page =
        |cookie: &&Cookie| cookie.by == by && matches!(cookie.stranger.at, StrangerAt::LoginPage);
    let n = world.cookies.iter().filter(page).count();
    let id = login_id(by, if scene.starts_at_eam { WITHOUT_HINT + n } else { n });
    world.cookies.push(Cookie { by, stranger: Arc::new(stranger(world, id, tenant)) });
    true
}

/// A login that begins now.
pub(super) fn stranger(world: &World, id: LoginId, tenant: TenantId) -> Stranger {
    let started = Started {
        id,
        tenant,
        request: LoginRequest::new(door(id), ""),
        started_at: world.now,
        expires_at: world.now.plus(LOGIN_LIFE),
    };
    Stranger { started, at: StrangerAt::LoginPage }
}

pub(super) fn sign_in(
    world: &mut World,
    cookie: usize,
    place: Place,
    person: UserId,
    fresh: bool,
) -> bool {
    let Cookie { by, stranger } = &world.cookies[cookie];
    let StrangerAt::Upstream { state, nonce, registration, .. } = &stranger.at else {
        return false;
    };
    let settings = registration.len();
    let (state, nonce) = (name_of(state), name_of(nonce));
    let auth_time = if fresh { world.now } else { Moment(0) };
    let (tenant, provider) = (place.tenant(), place.alias());
    let by = *by;
    world.sign_ins.push(SignIn { tenant, provider, settings, state, nonce, person, by, auth_time });
    true
}

pub(super) fn tap(world: &mut World, by: Who, handed: usize, card: usize) -> bool {
    let (handed, card) = (world.handed[handed], world.cards[card]);
    // Who stole a card does not know its PIN.
    let user_verified = owner(card.person) == by;
    let (challenge, purpose) = (handed.id, Purpose::Authenticate);
    world.answers.push(Answer { challenge, purpose, card: card.id, by, user_verified });
    true
}

pub(super) fn register(world: &mut World, by: Who, handed: usize) -> bool {
    let handed = world.handed[handed];
    let card = new_card(by, &handed);
    let (challenge, purpose) = (handed.id, Purpose::Register);
    world.answers.push(Answer { challenge, purpose, card, by, user_verified: true });
    true
}

pub(super) fn issue_code(world: &mut World, person: UserId) -> bool {
    let index = usize::from(person != ADA);
    let issued = &mut world.issued_codes[index];
    let name = [b'c', index as u8, *issued as u8];
    *issued += 1;
    let until = world.now.plus(CHALLENGE_LIFE);
    world.codes.push(Code { name, person, until });
    true
}

/// A fresh handle for a browser, which gets it when the step is committed.
pub(super) fn new_handle(world: &World, by: Who, login: LoginId) -> Handle {
    let n = world.handles.iter().filter(|held| held.login == login).count();
    Handle { by, name: name(b'h', login, n), login }
}

pub(super) fn challenge(handed: &Handed) -> Challenge {
    Challenge {
        id: handed.id,
        purpose: handed.purpose,
        channel: handed.channel,
        state: String::new(),
        issued_at: handed.at,
        expires_at: handed.at.plus(CHALLENGE_LIFE),
    }
}

pub(super) fn card_facts(scene: &Scene, card: Card, tenant: TenantId, answer: Answer) -> CardFacts {
    let shown = if scene.certificates {
        Shown::X509Card
    } else {
        Shown::Fido2 { hardware_attested: false, counter: 0 }
    };
    let evidence = Evidence { user_verified: answer.user_verified, shown };
    CardFacts { id: card.id, tenant, person: card.person, revoked: card.revoked, evidence }
}

/// Keeps the row of a login, with what it really comes from.
pub(super) fn write_row(scene: &Scene, world: &mut World, pending: &Pending, waiting: &Waiting) {
    let login = waiting.started.id;
    let at = world.row(login);
    let since = if at.is_some() { pending.since } else { pending.at };
    let mut waiting = waiting.clone();
    if scene.refused_often && at.is_none() {
        waiting.refusals = MOST_REFUSALS - 1;
    }
    let row = Row { waiting: Arc::new(waiting), vouch: pending.vouch, since };
    if let Some(at) = at {
        world.rows[at] = row;
    } else {
        world.rows.push(row);
        world.rows.sort_by_key(|row| row.waiting.started.id);
    }
}
