//! External MFA: what the server asks the hallway, what the store keeps, and what the ledger says of
//! a tap that serves both.

use ids::{LoginId, UserId};
use secrets::TokenHash;

use super::Hall;
use super::ledger::{Verdict, ensure};
use super::moves::Move;
use super::people::{HINTED, hint_ends, hint_name, new_handle, stranger};
use super::server::read;
use super::store::Statement;
use super::world::{
    ACME, Cookie, Pending, Row, Transaction, Vouch, Who, World, account, began, login_id, owner,
    token,
};
use crate::{
    Channel, EamProof, Effect, Event, Issue, LOGIN_LIFE, Login, ONE_TAP_LIFE, Proof, Purpose,
    Stranger,
};

impl Hall {
    /// Plays a move of its kind.
    pub(super) fn external_mfa(&self, world: &mut World, action: Move) -> bool {
        match action {
            Move::PostHint { by, hint } => self.post_hint(world, action, by, hint),
            Move::PostHintAt { cookie, hint } => {
                let Cookie { by, stranger } = world.cookies[cookie].clone();
                self.hinted(world, action, (by, (*stranger).clone()), hint)
            }
            Move::OneTap { row, handle, transaction, held } => {
                self.one_tap(world, action, row, [handle, held], transaction)
            }
            _ => false,
        }
    }

    /// Entra's form arrives without a login: the door makes one.
    fn post_hint(&self, world: &mut World, action: Move, by: Who, hint: usize) -> bool {
        let posts = &mut world.posts[usize::from(by == Who::Mallory)];
        let id = login_id(by, HINTED + *posts);
        *posts += 1;
        let stranger = stranger(world, id, ACME);
        self.hinted(world, action, (by, stranger), hint)
    }

    fn hinted(
        &self,
        world: &mut World,
        action: Move,
        (by, stranger): (Who, Stranger),
        hint: usize,
    ) -> bool {
        let asked = self.scene.hints[hint];
        let facts = world.facts(asked.person);
        let handle = new_handle(world, by, stranger.started.id);
        let event = Event::HintVouched {
            hint: token(hint_name(hint)).hash(),
            valid_until: hint_ends(),
            account: account(asked.person, asked.account),
            person: facts,
            is_new: false,
            handle: token(handle.name).hash(),
        };
        let mut read = read(by, &stranger.started, facts, Some(Vouch::Hint(hint)));
        read.handle = Some(handle);
        self.decide(world, action, Login::Stranger(stranger), event, &read)
    }

    fn one_tap(
        &self,
        world: &mut World,
        action: Move,
        row: usize,
        [handle, held]: [usize; 2],
        transaction: usize,
    ) -> bool {
        let Row { waiting, vouch, since } = world.rows[row].clone();
        let [handle, held] = [handle, held].map(|at| world.handles[at]);
        let begun = world.transactions[transaction].clone();
        let Some((card, proved_at)) = begun.proof else { return false };
        let card = world.cards.iter().find(|held| held.id == card).copied().unwrap();
        let asked = self.scene.hints[begun.hint];
        let proof = EamProof {
            transaction: token(hint_name(begun.hint)).hash(),
            handle: begun.handle,
            account: account(asked.person, asked.account),
            person: begun.person,
            card: card.id,
            card_of: card.person,
            revoked: card.revoked,
            proved_at,
            valid_until: proved_at.plus(ONE_TAP_LIFE),
            now: world.now,
        };
        let [own, other] = [handle, held].map(|held| token(held.name).hash());
        let person = world.facts(waiting.person);
        let event = Event::ProvedToEntra { proof, held: other, handle: own, person };
        let mut read = read(handle.by, &waiting.started, person, vouch);
        (read.since, read.revoked) = (since, card.revoked);
        self.decide(world, action, Login::Waiting((*waiting).clone()), event, &read)
    }

    /// Carries out an effect of its kind; nothing, if the store refuses it.
    pub(super) fn eam_effect(
        &self,
        world: &mut World,
        pending: &Pending,
        effect: &Effect,
    ) -> Option<()> {
        let store = self.store;
        let ensure = |holds: bool| holds.then_some(());
        match effect {
            Effect::BeginTransaction { hint, until, .. } => {
                ensure(!store.has(Statement::Clock) || world.now < *until)?;
                let posted = world.transactions.iter().any(|begun| is_of(begun, hint));
                ensure(!store.has(Statement::TakeHint) || !posted)?;
                begin(world, effect);
            }
            Effect::TakeLoginProved { login, handle } => {
                let place = world.row(*login);
                let alive = place.is_some_and(|place| {
                    let row = &world.rows[place].waiting;
                    let in_time = world.now < row.started.expires_at;
                    row.handle == *handle && (!store.has(Statement::Clock) || in_time)
                });
                ensure(!store.has(Statement::TakeLogin) || alive)?;
                if let (Some(place), true) = (place, store.has(Statement::TakeLogin)) {
                    world.rows.remove(place);
                }
            }
            Effect::TakeEamProof { transaction, person, .. } => {
                let place =
                    world.transactions.iter().position(|begun| is_of(begun, transaction))?;
                let Transaction { person: proved, proof, used, .. } = world.transactions[place];
                let (card, at) = proof?;
                ensure(!store.has(Statement::TakeEamProof) || !used)?;
                ensure(!store.has(Statement::EamPerson) || proved == *person)?;
                ensure(!store.has(Statement::Clock) || world.now < at.plus(ONE_TAP_LIFE))?;
                self.may_prove(world, card, proved)?;
                world.transactions[place].used = true;
            }
            Effect::Issue(Issue { claim, .. }) => {
                let begun = |begun: &&mut Transaction| Some(begun.handle) == *claim;
                let begun = world.transactions.iter_mut().find(begun);
                let open = begun.as_ref().is_some_and(|begun| begun.proof.is_none());
                ensure(!store.has(Statement::Answer) || open)?;
                let proof = pending.effects.iter().find_map(|effect| match effect {
                    Effect::Prove(proof) => Some((proof.card, pending.at)),
                    _ => None,
                });
                if let Some(begun) = begun {
                    begun.proof = proof;
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// A tap for Entra counts for this login too.
    pub(super) fn spared(
        &self,
        before: &World,
        world: &World,
        pending: &Pending,
        used: Option<Transaction>,
        login: LoginId,
    ) -> Verdict {
        let used = used.ok_or("an EAM proof was used twice")?;
        let (card, proved_at) = used.proof.ok_or("by what was not proved")?;
        let asked = self.scene.hints[used.hint];
        let person = pending.facts.id;
        ensure(began(login) == pending.by, "in a login that another browser began")?;
        ensure(owner(person) == pending.by, "in another person's browser")?;
        ensure(began(used.login) == pending.by, "by a proof in another browser")?;
        ensure(
            !before.ledger.iter().any(|issued| issued.login == login),
            "a login was used twice",
        )?;
        ensure(asked.person == person, "by another person's proof")?;
        // Everybody signs in at the provider with their first account.
        ensure(asked.account == 0, "by a proof for another account")?;
        let entra = self.scene.kind == identity::ProviderKind::Entra;
        ensure(entra, "by a provider that is not Entra")?;
        ensure(self.policy(pending.strict).one_tap, "one tap is off")?;
        let begun = |cookie: &&Cookie| cookie.stranger.started.id == login;
        let begun = world.cookies.iter().find(begun).ok_or("in a login that nobody began")?;
        let started_at = begun.stranger.started.started_at;
        ensure(proved_at > started_at, "by a proof from before the login")?;
        ensure(world.now < proved_at.plus(ONE_TAP_LIFE), "by a proof that is too old")?;
        ensure(pending.at < pending.since.plus(LOGIN_LIFE), "after the login's life")?;
        let enabled = world.facts(person).state == identity::PersonState::Enabled;
        ensure(enabled, "for who is disabled")?;
        let card = world.cards.iter().find(|held| held.id == card);
        ensure(card.is_some_and(|card| card.person == person), "with another's card")?;
        ensure(card.is_some_and(|card| !card.revoked), "with a revoked card")?;
        self.vouched(world, pending, person)
    }
}

/// Whether this hint has begun it.
fn is_of(begun: &Transaction, hint: &TokenHash) -> bool {
    token(hint_name(begun.hint)).hash() == *hint
}

fn begin(world: &mut World, effect: &Effect) {
    let Effect::BeginTransaction { hint, login, handle, person, .. } = effect else { return };
    let names = (0..4).find(|at| token(hint_name(*at)).hash() == *hint);
    let (hint, login, handle, person) = (names.unwrap(), *login, *handle, *person);
    world.transactions.push(Transaction { hint, login, handle, person, proof: None, used: false });
    world.transactions.sort_by_key(|begun| begun.login);
}

/// The transaction whose proof has just been used for the first time.
pub(super) fn used_now<'w>(before: &World, world: &'w World) -> Option<&'w Transaction> {
    let both = before.transactions.iter().zip(&world.transactions);
    both.into_iter().find(|(before, now)| !before.used && now.used).map(|(_, now)| now)
}

/// What was proved to Entra, as the proof of this login.
pub(super) fn proof_of(used: &Transaction, login: LoginId, person: UserId) -> Proof {
    let (card, at) = used.proof.unwrap();
    let (purpose, channel) = (Purpose::Authenticate, Channel::Browser);
    Proof {
        login,
        person,
        card,
        purpose,
        channel,
        challenge_at: at,
        counter: None,
        amr: Vec::new(),
    }
}
