//! The server: turns a move into an event, reads what the hallway must know, and asks it.

use std::sync::Arc;

use identity::{CardFirst, FirstCard, Moment, PersonState, TenantPolicy};
use ids::{SessionId, TenantId};

use super::ledger::note;
use super::moves::{Move, Place};
use super::people::{
    INVITATION, card_facts, challenge, device, invitation_ends, issue_code, new_handle, register,
    sign_in, start, tap,
};
use super::store::Statement;
use super::world::{
    ADA, Answer, Card, Code, Cookie, Handed, Handle, Kept, Name, Pending, Row, Vouch, Who, World,
    account, began, challenge_id, home, login_of, name, name_of, token, waits,
};
use super::{Hall, store};
use crate::step::Hallway;
use crate::{
    Channel, Effect, Event, Login, PersonFacts, Purpose, Started, Stranger, StrangerAt, Task, Then,
    UpstreamFacts,
};

/// What the server has found before it asks the hallway, for the ledger.
pub(super) struct Read {
    by: Who,
    tenant: TenantId,
    pub(super) since: Moment,
    vouch: Option<Vouch>,
    pub(super) handle: Option<Handle>,
    answer: Option<Answer>,
    facts: PersonFacts,
    pub(super) revoked: bool,
}

impl Hall {
    /// Plays a move. False: it leads nowhere, and nothing has changed.
    pub(super) fn play(&self, world: &mut World, action: Move) -> bool {
        match action {
            Move::Start { by, tenant } => start(&self.scene, world, by, tenant),
            Move::Choose { cookie, place } => self.choose(world, cookie, place),
            Move::SignIn { cookie, place, person, fresh } => {
                sign_in(world, cookie, place, person, fresh)
            }
            Move::Callback { cookie, state, code } => {
                self.callback(world, action, cookie, state, code)
            }
            Move::PostHint { .. } | Move::PostHintAt { .. } | Move::OneTap { .. } => {
                self.external_mfa(world, action)
            }
            Move::Invite { cookie } => self.invite(world, action, cookie),
            Move::ShowPairing { cookie } => self.show_pairing(world, action, cookie),
            Move::Change { cookie, artefact, remove } => {
                let removed = remove.map(|card| Then::RemoveCard(world.cards[card].id));
                let then = removed.unwrap_or(Then::AddCard);
                self.begin_change(world, action, cookie, artefact, then)
            }
            Move::Confirm { cookie, artefact } => {
                self.begin_change(world, action, cookie, artefact, Then::Confirm)
            }
            Move::SignOut { artefact } => {
                world.ledger[artefact].ended = true;
                true
            }
            Move::Ask { row, handle, agent } => {
                let by = world.handles[handle].by;
                let channel = if agent { Channel::Agent(device(by)) } else { Channel::Browser };
                self.ask(world, action, row, handle, channel)
            }
            Move::AskByLink { row, handle } => {
                self.ask(world, action, row, handle, Channel::Returning(None))
            }
            Move::AskFirst { cookie } => self.ask_first(world, cookie, false),
            Move::AskFirstByAgent { cookie } => self.ask_first(world, cookie, true),
            Move::Tap { by, handed, card } => tap(world, by, handed, card),
            Move::Register { by, handed } => register(world, by, handed),
            Move::Submit { row, handle, answer } => {
                let held = world.handles[handle];
                let (from, answer) = ((held.by, Channel::Browser), world.answers[answer]);
                self.submit(world, action, row, from, (Some(held), None), answer)
            }
            Move::SubmitByAgent { by, row, answer } => {
                let (from, answer) = ((by, Channel::Agent(device(by))), world.answers[answer]);
                self.submit(world, action, row, from, (None, None), answer)
            }
            Move::ClaimLink { by, row, handed } => self.claim_link(world, action, by, row, handed),
            Move::SubmitByLink { by, row, answer } => {
                self.submit_by_link(world, action, by, row, answer)
            }
            Move::Return { row, handle, brings } => {
                self.come_back(world, action, row, handle, brings)
            }
            Move::SubmitFirst { cookie, answer } => {
                self.submit_first(world, action, cookie, answer, false)
            }
            Move::SubmitFirstByAgent { cookie, answer } => {
                self.submit_first(world, action, cookie, answer, true)
            }
            Move::Fail { row, handed } => self.fail(world, action, row, handed),
            Move::GiveCode { row, handle, code } => self.code(world, action, row, handle, code),
            Move::Claim { artefact, handle } => Self::claim(world, artefact, handle),
            Move::IssueCode { person } => issue_code(world, person),
            Move::Revoke { card } => store::revoke(self.store, world, card),
            Move::Disable => {
                world.person_mut(ADA).state = PersonState::Disabled;
                true
            }
            Move::Tighten => {
                world.strict = true;
                true
            }
            Move::Resettle => {
                world.settings += 1;
                true
            }
            Move::Wait { which } => {
                world.now = world.now.plus(waits()[which]);
                world.waited[which] += 1;
                true
            }
            Move::Commit { pending } => {
                let pending = world.pending.remove(pending);
                self.commit(world, &pending, usize::MAX);
                true
            }
            Move::Crash { pending } => {
                world.pending.remove(pending);
                true
            }
            Move::Half { pending } => {
                let pending = world.pending.remove(pending);
                !self.store.has(Statement::Atomic)
                    && self.commit(world, &pending, pending.effects.len() - 1)
            }
        }
    }

    /// What the tenants allow; an administrator may have made it strict.
    pub(super) fn policy(&self, strict: bool) -> TenantPolicy {
        let allowed = self.scene.policy.clone();
        let (first_card, card_first) = (FirstCard::AdministratorCode, CardFirst::Off);
        let one_tap = false;
        if strict { TenantPolicy { first_card, card_first, one_tap, ..allowed } } else { allowed }
    }

    /// One step of the hallway, now.
    fn step(
        &self,
        world: &World,
        login: Login,
        event: Event,
    ) -> Option<(Option<Login>, Vec<Effect>)> {
        let policy = self.policy(world.strict);
        let hallway = Hallway { guards: self.guards, policy: &policy, now: world.now };
        hallway.step(login, event).ok()
    }

    /// Asks the hallway; what it decides is committed at once, or waits for its commit.
    pub(super) fn decide(
        &self,
        world: &mut World,
        request: Move,
        login: Login,
        event: Event,
        read: &Read,
    ) -> bool {
        self.decide_with(world, request, login, event, read, self.scene.in_flight)
    }

    fn decide_with(
        &self,
        world: &mut World,
        request: Move,
        login: Login,
        event: Event,
        read: &Read,
        in_flight: usize,
    ) -> bool {
        let Some((_, effects)) = self.step(world, login, event) else { return false };
        let &Read { by, tenant, since, vouch, handle, answer, facts, revoked } = read;
        let at = world.now;
        let pending = Pending {
            request,
            at,
            effects,
            by,
            vouch,
            handle,
            answer,
            tenant,
            since,
            facts,
            revoked,
            strict: world.strict,
        };
        if in_flight == 0 {
            self.commit(world, &pending, usize::MAX)
        } else {
            let room = world.pending.len() < in_flight;
            let twice = world.pending.iter().filter(|other| **other == pending).count() > 1;
            world.pending.push(pending);
            room && !twice
        }
    }

    fn choose(&self, world: &mut World, cookie: usize, place: Place) -> bool {
        let Cookie { by, stranger } = world.cookies[cookie].clone();
        let id = stranger.started.id;
        let event = Event::ProviderChosen {
            provider: place.alias(),
            registration: "x".repeat(world.settings),
            state: token(name(b's', id, 0)),
            nonce: token(name(b'n', id, 0)),
            verifier: token(name(b'v', id, 0)),
            left_at: world.now,
        };
        self.stranger(world, by, &stranger, event)
    }

    fn ask_first(&self, world: &mut World, cookie: usize, agent: bool) -> bool {
        let Cookie { by, stranger } = world.cookies[cookie].clone();
        let login = stranger.started.id;
        let n = world.handed.iter().filter(|handed| login_of(handed.id) == login).count();
        let id = challenge_id(login, n);
        let handed = Handed {
            id,
            to: by,
            channel: if agent { Channel::Agent(device(by)) } else { Channel::Browser },
            purpose: Purpose::Authenticate,
            at: world.now,
        };
        let event = Event::ChallengeMade { handle: None, challenge: challenge(&handed) };
        world.handed.push(handed);
        self.stranger(world, by, &stranger, event)
    }

    /// A step of a stranger: the cookie that comes out is all there is.
    fn stranger(&self, world: &mut World, by: Who, stranger: &Stranger, event: Event) -> bool {
        let Some((Some(Login::Stranger(next)), _)) =
            self.step(world, Login::Stranger(stranger.clone()), event)
        else {
            return false;
        };
        world.cookies.push(Cookie { by, stranger: Arc::new(next) });
        true
    }

    fn callback(
        &self,
        world: &mut World,
        action: Move,
        cookie: usize,
        state: usize,
        code: usize,
    ) -> bool {
        let Cookie { by, stranger } = world.cookies[cookie].clone();
        let (state, vouch) = (token(world.sign_ins[state].state), code);
        let sign_in = world.sign_ins[code].clone();
        // The code is redeemed at the provider whose endpoint is called; another's is refused.
        let (tenant, provider) = (sign_in.tenant, sign_in.provider);
        let registration = "x".repeat(world.settings);
        let event =
            Event::CallbackArrived { tenant, provider: provider.clone(), registration, state };
        let stranger_login = Login::Stranger((*stranger).clone());
        let Some((Some(login), _)) = self.step(world, stranger_login, event) else { return false };
        if sign_in.settings != world.settings {
            // Whoever the settings name now gets the code. It is not theirs, so nothing comes of
            // it; but the browser that began would have been used to hand it over.
            let own = begun_with(&stranger, sign_in.state);
            note(world, if own { Err("a code went to who did not issue it") } else { Ok(()) });
            return own;
        }
        let facts = world.facts(sign_in.person);
        let upstream = UpstreamFacts {
            tenant,
            provider,
            kind: self.scene.kind,
            nonce: token(sign_in.nonce),
            auth_time: Some(sign_in.auth_time),
            onboards: self.scene.onboards,
            account: Some(account(sign_in.person, 0)),
        };
        let handle = new_handle(world, by, stranger.started.id);
        let event =
            Event::UpstreamVouched { upstream, person: facts, handle: token(handle.name).hash() };
        let mut read = read(by, &stranger.started, facts, Some(Vouch::SignIn(vouch)));
        read.handle = Some(handle);
        self.decide(world, action, login, event, &read)
    }

    fn invite(&self, world: &mut World, action: Move, cookie: usize) -> bool {
        let Cookie { by, stranger } = world.cookies[cookie].clone();
        let facts = world.facts(ADA);
        let handle = new_handle(world, by, stranger.started.id);
        let event = Event::InvitationShown {
            invitation: token(INVITATION).hash(),
            valid_until: invitation_ends(),
            person: facts,
            handle: token(handle.name).hash(),
        };
        let mut read = read(by, &stranger.started, facts, None);
        read.handle = Some(handle);
        // The row of a spent invitation is not found at all; one that is just being spent is.
        (world.invitation || !self.store.has(Statement::TakeInvitation))
            && self.decide(world, action, Login::Stranger((*stranger).clone()), event, &read)
    }

    fn show_pairing(&self, world: &mut World, action: Move, cookie: usize) -> bool {
        let Cookie { by, stranger } = world.cookies[cookie].clone();
        let Some(person) = self.scene.pairings[usize::from(by == Who::Mallory)] else {
            return false;
        };
        let facts = world.facts(person);
        let handle = new_handle(world, by, stranger.started.id);
        let handle_hash = token(handle.name).hash();
        let event = Event::PairingShown { device: device(by), person: facts, handle: handle_hash };
        let mut read = read(by, &stranger.started, facts, Some(Vouch::Pairing(by)));
        read.handle = Some(handle);
        self.decide(world, action, Login::Stranger((*stranger).clone()), event, &read)
    }

    fn begin_change(
        &self,
        world: &mut World,
        action: Move,
        cookie: usize,
        artefact: usize,
        then: Then,
    ) -> bool {
        let Cookie { by, stranger } = world.cookies[cookie].clone();
        let facts = world.facts(world.ledger[artefact].person);
        let handle = new_handle(world, by, stranger.started.id);
        let session = SessionId(uuid::Uuid::from_u128(artefact as u128));
        let handle_hash = token(handle.name).hash();
        let event = Event::ChangeAsked { then, session, person: facts, handle: handle_hash };
        let mut read = read(by, &stranger.started, facts, None);
        read.handle = Some(handle);
        self.decide(world, action, Login::Stranger((*stranger).clone()), event, &read)
    }

    fn ask(
        &self,
        world: &mut World,
        action: Move,
        row: usize,
        handle: usize,
        channel: Channel,
    ) -> bool {
        let Row { waiting, vouch, since } = world.rows[row].clone();
        let held = world.handles[handle];
        let login = waiting.started.id;
        let n = world.handed.iter().filter(|handed| login_of(handed.id) == login).count();
        let purpose = match waiting.task {
            Task::Authenticate => Purpose::Authenticate,
            Task::Enrol(_) => Purpose::Register,
        };
        let handed =
            Handed { id: challenge_id(login, n), to: held.by, channel, purpose, at: world.now };
        let event = Event::ChallengeMade {
            handle: Some(token(held.name).hash()),
            challenge: challenge(&handed),
        };
        let facts = world.facts(waiting.person);
        world.handed.push(handed);
        let mut read = read(held.by, &waiting.started, facts, vouch);
        read.since = since;
        // The page shows a challenge when its row is written, so this one is not left in flight.
        self.decide_with(world, action, Login::Waiting((*waiting).clone()), event, &read, 0)
    }

    fn code(
        &self,
        world: &mut World,
        action: Move,
        row: usize,
        handle: usize,
        code: usize,
    ) -> bool {
        let Row { waiting, vouch, since } = world.rows[row].clone();
        let held = world.handles[handle];
        let Code { name, person, until } = world.codes[code];
        let event = Event::CodeGiven {
            handle: token(held.name).hash(),
            code: token(name).hash(),
            issued_for: Some(person),
            valid_until: until,
        };
        let facts = world.facts(waiting.person);
        let mut read = read(held.by, &waiting.started, facts, vouch);
        read.since = since;
        self.decide(world, action, Login::Waiting((*waiting).clone()), event, &read)
    }

    fn submit(
        &self,
        world: &mut World,
        action: Move,
        row: usize,
        (by, channel): (Who, Channel),
        (handle, back): (Option<Handle>, Option<Name>),
        answer: Answer,
    ) -> bool {
        let Row { waiting, vouch, since } = world.rows[row].clone();
        let registers = answer.purpose == Purpose::Register;
        let enrolled = world.cards.iter().find(|card| card.id == answer.card).copied();
        // A new card becomes the card of the login's person; a known one has an owner.
        let fresh = Card { id: answer.card, person: waiting.person, revoked: false };
        let card = if registers { Some(fresh) } else { enrolled };
        let Some(card) = card else { return false };
        let tenant = if registers { waiting.started.tenant } else { home(card.person) };
        // As the server does: the facts of whom the login waits for, whosever the card is.
        let person = world.facts(waiting.person);
        let facts = card_facts(&self.scene, card, tenant, answer);
        let (handle, challenge) = (handle.map(|held| token(held.name).hash()), answer.challenge);
        let back = back.map(|name| token(name).hash());
        let event = if registers {
            Event::CardEnrolled { channel, handle, challenge, back, card: facts, person }
        } else {
            Event::CardProved { channel, handle, challenge, back, card: facts, person }
        };
        let mut read = read(by, &waiting.started, person, vouch);
        (read.since, read.answer, read.revoked) = (since, Some(answer), card.revoked);
        self.decide(world, action, Login::Waiting((*waiting).clone()), event, &read)
    }

    fn claim_link(
        &self,
        world: &mut World,
        action: Move,
        by: Who,
        row: usize,
        handed: usize,
    ) -> bool {
        let Row { waiting, vouch, since } = world.rows[row].clone();
        let challenge = world.handed[handed].id;
        let facts = world.facts(waiting.person);
        let mut read = read(by, &waiting.started, facts, vouch);
        read.since = since;
        let event = Event::LinkClaimed { challenge, device: device(by) };
        let waiting = Login::Waiting((*waiting).clone());
        let is_claimed = self.decide_with(world, action, waiting, event, &read, 0);
        if is_claimed {
            world.handed[handed].channel = Channel::Returning(Some(device(by)));
        }
        is_claimed
    }

    /// An agent's answer that is to wait: the token goes to the desk that it came from.
    fn submit_by_link(
        &self,
        world: &mut World,
        action: Move,
        by: Who,
        row: usize,
        answer: usize,
    ) -> bool {
        let (login, answer) = (world.rows[row].waiting.started.id, world.answers[answer]);
        let n = world.kept.iter().filter(|kept| kept.login == login).count();
        let token = name(b'r', login, n);
        let from = (by, Channel::Returning(Some(device(by))));
        let is_held = self.submit(world, action, row, from, (None, Some(token)), answer);
        if is_held {
            world.kept.push(Kept { login, answer, by, token });
        }
        is_held
    }

    /// A browser comes back: the server goes on with the answer that waits in that login.
    fn come_back(
        &self,
        world: &mut World,
        action: Move,
        row: usize,
        handle: usize,
        brings: Option<usize>,
    ) -> bool {
        let login = world.rows[row].waiting.started.id;
        let waits = world.kept.iter().rfind(|kept| kept.login == login).copied();
        let Some(Kept { answer, by, .. }) = waits else { return false };
        let held = world.handles[handle];
        let token = brings.map_or(GUESS, |brings| world.kept[brings].token);
        let from = (held.by, Channel::Returning(Some(device(by))));
        self.submit(world, action, row, from, (Some(held), Some(token)), answer)
    }

    /// An answer that does not verify.
    fn fail(&self, world: &mut World, action: Move, row: usize, handed: usize) -> bool {
        let Row { waiting, vouch, since } = world.rows[row].clone();
        let challenge = world.handed[handed].id;
        let facts = world.facts(waiting.person);
        let mut read = read(began(waiting.started.id), &waiting.started, facts, vouch);
        read.since = since;
        let event = Event::CardRefused { challenge, reason: "refused" };
        self.decide(world, action, Login::Waiting((*waiting).clone()), event, &read)
    }

    fn submit_first(
        &self,
        world: &mut World,
        action: Move,
        cookie: usize,
        answer: usize,
        agent: bool,
    ) -> bool {
        let Cookie { by, stranger } = world.cookies[cookie].clone();
        let answer = world.answers[answer];
        let Some(card) = world.cards.iter().find(|card| card.id == answer.card).copied() else {
            return false;
        };
        let person = world.facts(card.person);
        let event = Event::CardProved {
            channel: if agent { Channel::Agent(device(by)) } else { Channel::Browser },
            handle: None,
            challenge: answer.challenge,
            back: None,
            card: card_facts(&self.scene, card, home(card.person), answer),
            person,
        };
        let mut read = read(by, &stranger.started, person, None);
        (read.answer, read.revoked) = (Some(answer), card.revoked);
        self.decide(world, action, Login::Stranger((*stranger).clone()), event, &read)
    }

    fn claim(world: &mut World, artefact: usize, handle: usize) -> bool {
        let held = world.handles[handle];
        let fits = world.ledger[artefact].claim == Some(token(held.name).hash());
        fits && {
            Self::hand_over(world, artefact, held.by);
            true
        }
    }
}

/// A token that nobody was shown.
const GUESS: Name = [b'g', 0, 0];

/// Whether a login was sent to its provider with this `state`.
fn begun_with(stranger: &Stranger, state: Name) -> bool {
    matches!(&stranger.at, StrangerAt::Upstream { state: sent, .. } if name_of(sent) == state)
}

/// What every request reads; answers and rows add to it.
pub(super) fn read(by: Who, started: &Started, facts: PersonFacts, vouch: Option<Vouch>) -> Read {
    let (tenant, since) = (started.tenant, started.started_at);
    Read { by, tenant, since, vouch, handle: None, answer: None, facts, revoked: false }
}
