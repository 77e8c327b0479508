//! What may happen next.

use identity::PersonState;
use ids::{Alias, CredentialId, TenantId, UserId};
use uuid::Uuid;

use super::people::device;
use super::scene::Scene;
use super::world::{
    ACME, ADA, ADA_ELSEWHERE, Cookie, Handed, Kept, MALLORY, MALLORY_ELSEWHERE, OTHER, Transaction,
    Who, World, home, login_of, name_of, owner,
};
use crate::{Channel, Purpose, StrangerAt};

/// A provider of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// Acme's.
    Entra,
    /// Acme's second one, where Mallory has an account too.
    Partner,
    /// The one of the other tenant.
    Elsewhere,
}

/// One thing that happens. Numbers are places in the lists of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Move {
    /// A browser opens a door.
    Start { by: Who, tenant: TenantId },
    /// It chooses a provider.
    Choose { cookie: usize, place: Place },
    /// Somebody signs in at a provider with the `state` and `nonce` of a login.
    SignIn { cookie: usize, place: Place, person: UserId, fresh: bool },
    /// A browser calls the callback with the `state` of one sign-in and the code of another.
    Callback { cookie: usize, state: usize, code: usize },
    /// A browser posts a hint of Entra's to the EAM door.
    PostHint { by: Who, hint: usize },
    /// It posts one to the door at which its login is.
    PostHintAt { cookie: usize, hint: usize },
    /// It holds `handle`, and brings `held` and what it has proved to Entra for a login that waits.
    OneTap { row: usize, handle: usize, transaction: usize, held: usize },
    /// A browser shows an invitation.
    Invite { cookie: usize },
    /// A browser shows its pairing.
    ShowPairing { cookie: usize },
    /// A signed-in person wants one more card, or one less.
    Change { cookie: usize, artefact: usize, remove: Option<usize> },
    /// They want what takes a fresh proof.
    Confirm { cookie: usize, artefact: usize },
    /// They sign out.
    SignOut { artefact: usize },
    /// A browser asks for a challenge at the card step.
    Ask { row: usize, handle: usize, agent: bool },
    /// It asks for one for whatever agent opens its link.
    AskByLink { row: usize, handle: usize },
    /// A stranger asks for one.
    AskFirst { cookie: usize },
    /// A stranger asks for one for its agent.
    AskFirstByAgent { cookie: usize },
    /// A card signs a challenge.
    Tap { by: Who, handed: usize, card: usize },
    /// A new card registers with a challenge.
    Register { by: Who, handed: usize },
    /// A browser sends an answer.
    Submit { row: usize, handle: usize, answer: usize },
    /// An agent does.
    SubmitByAgent { by: Who, row: usize, answer: usize },
    /// An agent claims a link.
    ClaimLink { by: Who, row: usize, handed: usize },
    /// An agent that was opened by a link does.
    SubmitByLink { by: Who, row: usize, answer: usize },
    /// A browser comes back for the answer that waits, with a token that its desk was shown.
    Return { row: usize, handle: usize, brings: Option<usize> },
    /// A stranger does.
    SubmitFirst { cookie: usize, answer: usize },
    /// A stranger's agent does.
    SubmitFirstByAgent { cookie: usize, answer: usize },
    /// An answer comes that does not verify.
    Fail { row: usize, handed: usize },
    /// A browser sends a one-time code.
    GiveCode { row: usize, handle: usize, code: usize },
    /// A browser takes what an agent's answer has issued.
    Claim { artefact: usize, handle: usize },
    /// An administrator issues a code.
    IssueCode { person: UserId },
    /// An administrator revokes a card of Ada's.
    Revoke { card: usize },
    /// An administrator disables Ada.
    Disable,
    /// An administrator forbids what the policy allowed.
    Tighten,
    /// An administrator gives Acme's provider another issuer or client.
    Resettle,
    /// A challenge's life passes (0), or a login's (1).
    Wait { which: usize },
    /// A step is committed.
    Commit { pending: usize },
    /// The server stops before it is.
    Crash { pending: usize },
    /// The server stops in the middle, where the store is not atomic.
    Half { pending: usize },
}

impl Place {
    pub(super) fn tenant(self) -> TenantId {
        if self == Self::Elsewhere { OTHER } else { ACME }
    }

    pub(super) fn alias(self) -> Alias {
        let name = if self == Self::Partner { "partner" } else { "entra" };
        Alias::try_from(name.to_owned()).unwrap()
    }
}

/// The card that `by` registers with a challenge.
pub(super) fn new_card(by: Who, handed: &Handed) -> CredentialId {
    CredentialId(Uuid::from_u128(0x2000 + handed.id.0.as_u128() * 2 + u128::from(by == Who::Ada)))
}

pub(super) fn possible(scene: &Scene, world: &World, moves: &mut Vec<Move>) {
    let mut moves = Moves { scene, world, out: moves };
    moves.doors();
    moves.upstream();
    moves.hints();
    moves.one_tap();
    moves.card_step();
    moves.cards();
    moves.answers();
    moves.links();
    moves.returns();
    moves.the_rest();
}

struct Moves<'a> {
    scene: &'a Scene,
    world: &'a World,
    out: &'a mut Vec<Move>,
}

impl Moves<'_> {
    fn doors(&mut self) {
        for (by, most) in [Who::Ada, Who::Mallory].into_iter().zip(self.scene.logins) {
            let begun = |cookie: &&Cookie| cookie.by == by && at_login_page(cookie);
            if self.world.cookies.iter().filter(begun).count() < most {
                self.out.push(Move::Start { by, tenant: ACME });
                let theirs = by == Who::Mallory || self.scene.ada_is_elsewhere;
                if self.scene.elsewhere && theirs {
                    self.out.push(Move::Start { by, tenant: OTHER });
                }
            }
        }
        for (cookie, held) in
            self.world.cookies.iter().enumerate().filter(|(_, c)| at_login_page(c))
        {
            // One choice for each login: another one is another login.
            let id = held.stranger.started.id;
            let moved = |other: &Cookie| other.stranger.started.id == id && !at_login_page(other);
            if self.world.cookies.iter().any(moved) {
                continue;
            }
            if self.scene.upstream {
                let home = held.stranger.started.tenant == ACME;
                let place = if home { Place::Entra } else { Place::Elsewhere };
                self.out.push(Move::Choose { cookie, place });
            }
            if self.scene.invitation && held.by == Who::Ada {
                self.out.push(Move::Invite { cookie });
            }
            let pairing = self.scene.pairings[usize::from(held.by == Who::Mallory)];
            if pairing.is_some() && self.world.row(id).is_none() {
                self.out.push(Move::ShowPairing { cookie });
            }
            let others = self.scene.upstream || self.scene.invitation || pairing.is_some();
            if !others {
                self.out.push(Move::AskFirst { cookie });
                if self.scene.agents {
                    self.out.push(Move::AskFirstByAgent { cookie });
                }
            }
            if self.scene.changes && self.world.row(id).is_none() {
                self.changes(cookie, held.by);
            }
        }
    }

    fn changes(&mut self, cookie: usize, by: Who) {
        for (artefact, issued) in self.world.ledger.iter().enumerate() {
            if issued.held_by != Some(by) || issued.ended {
                continue;
            }
            if self.scene.confirms {
                self.out.push(Move::Confirm { cookie, artefact });
                continue;
            }
            self.out.push(Move::Change { cookie, artefact, remove: None });
            for (card, _) in self.world.cards.iter().enumerate().filter(|(_, c)| !c.revoked) {
                self.out.push(Move::Change { cookie, artefact, remove: Some(card) });
            }
        }
    }

    fn upstream(&mut self) {
        let signed_in = self.world.sign_ins.len();
        for (cookie, held) in self.world.cookies.iter().enumerate() {
            let StrangerAt::Upstream { state, prompt_login, .. } = &held.stranger.at else {
                continue;
            };
            let state = name_of(state);
            for (place, person, fresh) in self.people_at(held, *prompt_login) {
                let same = |done: &super::world::SignIn| {
                    (done.state, done.person, done.tenant) == (state, person, place.tenant())
                        && done.provider == place.alias()
                };
                if !self.world.sign_ins.iter().any(same) {
                    self.out.push(Move::SignIn { cookie, place, person, fresh });
                }
            }
            for state in 0..signed_in {
                self.out.extend((0..signed_in).map(|code| Move::Callback { cookie, state, code }));
            }
        }
    }

    fn hints(&mut self) {
        let hints = 0..self.scene.hints.len();
        let posted = [Who::Ada, Who::Mallory].into_iter().zip(self.world.posts);
        for ((by, posted), most) in posted.zip(self.scene.posts) {
            if posted < most {
                self.out.extend(hints.clone().map(|hint| Move::PostHint { by, hint }));
            }
        }
        if self.scene.hints_anywhere {
            for cookie in 0..self.world.cookies.len() {
                self.out.extend(hints.clone().map(|hint| Move::PostHintAt { cookie, hint }));
            }
        }
    }

    fn one_tap(&mut self) {
        let proved = |(_, begun): &(usize, &Transaction)| begun.proof.is_some();
        let transactions = self.world.transactions.iter().enumerate().filter(proved);
        if !self.scene.one_tap {
            return;
        }
        for (transaction, begun) in transactions {
            for (row, waits) in self.world.rows.iter().enumerate() {
                let login = waits.waiting.started.id;
                for (handle, own) in self.world.handles.iter().enumerate() {
                    for (held, other) in self.world.handles.iter().enumerate() {
                        // Ada's browser brings what belongs together, Mallory's whatever it has.
                        let together = (own.login, other.login) == (login, begun.login);
                        let brings = own.by == Who::Mallory || together;
                        if own.by == other.by && brings {
                            self.out.push(Move::OneTap { row, handle, transaction, held });
                        }
                    }
                }
            }
        }
    }

    /// Who can sign in where, from this browser, and whether by password.
    fn people_at(&self, cookie: &Cookie, prompt_login: bool) -> Vec<(Place, UserId, bool)> {
        let home = cookie.stranger.started.tenant == ACME;
        let asked = if home { Place::Entra } else { Place::Elsewhere };
        if cookie.by == Who::Ada {
            let she = if home { ADA } else { ADA_ELSEWHERE };
            return vec![(asked, she, prompt_login)];
        }
        let mut people = vec![(Place::Entra, MALLORY, true)];
        if self.scene.elsewhere {
            people.push((Place::Partner, MALLORY, true));
            people.push((Place::Elsewhere, MALLORY_ELSEWHERE, true));
        }
        if self.scene.stolen_session {
            people.push((Place::Entra, ADA, false));
        }
        people
    }

    fn card_step(&mut self) {
        for (row, waits) in self.world.rows.iter().enumerate() {
            let login = waits.waiting.started.id;
            let out = self.world.handed.iter().filter(|h| login_of(h.id) == login).count();
            for (handle, held) in self.world.handles.iter().enumerate() {
                if held.by == Who::Ada && held.login != login {
                    continue;
                }
                if out < self.scene.challenges {
                    self.out.push(Move::Ask { row, handle, agent: false });
                    if self.scene.agents {
                        self.out.push(Move::Ask { row, handle, agent: true });
                    }
                    if self.scene.links {
                        self.out.push(Move::AskByLink { row, handle });
                    }
                }
                for (code, given) in self.world.codes.iter().enumerate() {
                    let overheard = self.scene.overheard_code && held.by == Who::Mallory;
                    if overheard || owner(given.person) == held.by {
                        self.out.push(Move::GiveCode { row, handle, code });
                    }
                }
            }
        }
    }

    fn cards(&mut self) {
        for (handed, challenge) in self.world.handed.iter().enumerate() {
            for by in [Who::Ada, Who::Mallory] {
                // Ada answers what her own browser or agent shows; Mallory whatever he sees.
                let shown = match by {
                    Who::Ada => {
                        // She follows a link wherever it comes from, and compares no number; but
                        // her agent asks for her card only what it has claimed.
                        match challenge.channel {
                            Channel::Returning(claimed) => claimed == Some(device(Who::Ada)),
                            _ => challenge.to == Who::Ada,
                        }
                    }
                    Who::Mallory => !self.scene.alone,
                };
                let done = |card| {
                    let same = |a: &super::world::Answer| {
                        a.challenge == challenge.id && a.card == card && a.by == by
                    };
                    self.world.answers.iter().any(same)
                };
                if !shown {
                    continue;
                }
                if challenge.purpose == Purpose::Register {
                    if !done(new_card(by, challenge)) {
                        self.out.push(Move::Register { by, handed });
                    }
                    continue;
                }
                for (card, held) in self.world.cards.iter().enumerate() {
                    let stolen = self.scene.stolen_card && held.person == ADA;
                    let in_hand = owner(held.person) == by || (by == Who::Mallory && stolen);
                    let used = home(held.person) == ACME || self.scene.elsewhere;
                    if in_hand && used && !done(held.id) {
                        self.out.push(Move::Tap { by, handed, card });
                    }
                }
            }
        }
    }

    fn answers(&mut self) {
        for (answer, sent) in self.world.answers.iter().enumerate() {
            for (row, waits) in self.world.rows.iter().enumerate() {
                let login = waits.waiting.started.id;
                for (handle, held) in self.world.handles.iter().enumerate() {
                    let honest = held.login == login && sent.by == Who::Ada;
                    if held.by == Who::Mallory || honest {
                        self.out.push(Move::Submit { row, handle, answer });
                    }
                }
                if self.scene.agents {
                    self.out.push(Move::SubmitByAgent { by: Who::Mallory, row, answer });
                    if sent.by == Who::Ada && login_of(sent.challenge) == login {
                        self.out.push(Move::SubmitByAgent { by: Who::Ada, row, answer });
                    }
                }
            }
            if self.scene.links {
                self.by_link(answer);
            }
            for (cookie, held) in self.world.cookies.iter().enumerate() {
                let first = matches!(held.stranger.at, StrangerAt::CardFirst { .. });
                if first && (held.by == Who::Mallory || sent.by == Who::Ada) {
                    self.out.push(Move::SubmitFirst { cookie, answer });
                    if self.scene.agents {
                        self.out.push(Move::SubmitFirstByAgent { cookie, answer });
                    }
                }
            }
        }
    }

    fn links(&mut self) {
        for row in 0..self.world.rows.len() {
            for (handed, challenge) in self.world.handed.iter().enumerate() {
                if matches!(challenge.channel, Channel::Returning(_)) {
                    let both = [Who::Ada, Who::Mallory].into_iter();
                    self.out.extend(both.map(|by| Move::ClaimLink { by, row, handed }));
                }
            }
        }
    }

    fn by_link(&mut self, answer: usize) {
        let sent = self.world.answers[answer];
        for (row, waits) in self.world.rows.iter().enumerate() {
            let login = waits.waiting.started.id;
            for by in [Who::Ada, Who::Mallory] {
                let own = sent.by == by && login_of(sent.challenge) == login;
                let same = |kept: &Kept| (kept.login, kept.answer, kept.by) == (login, sent, by);
                if (own || by == Who::Mallory) && !self.world.kept.iter().any(same) {
                    self.out.push(Move::SubmitByLink { by, row, answer });
                }
            }
        }
    }

    fn returns(&mut self) {
        for row in 0..self.world.rows.len() {
            for (handle, held) in self.world.handles.iter().enumerate() {
                let shown = |kept: &Kept| kept.by == held.by;
                let shown = self.world.kept.iter().enumerate().filter(|(_, kept)| shown(kept));
                let moves = shown.map(|(at, _)| Move::Return { row, handle, brings: Some(at) });
                self.out.extend(moves);
                if held.by == Who::Mallory && !self.world.kept.is_empty() {
                    self.out.push(Move::Return { row, handle, brings: None });
                }
            }
        }
    }

    fn the_rest(&mut self) {
        let unclaimed = |issued: &super::world::Artefact| issued.held_by.is_none();
        for (artefact, _) in self.world.ledger.iter().enumerate().filter(|(_, a)| unclaimed(a)) {
            let handles = 0..self.world.handles.len();
            self.out.extend(handles.map(|handle| Move::Claim { artefact, handle }));
        }
        for (index, person) in [ADA, MALLORY].into_iter().enumerate() {
            if self.world.issued_codes[index] < self.scene.codes[index] {
                self.out.push(Move::IssueCode { person });
            }
        }
        if self.scene.revokes {
            let hers = |card: &super::world::Card| card.person == ADA && !card.revoked;
            let cards = self.world.cards.iter().enumerate().filter(|(_, card)| hers(card));
            self.out.extend(cards.map(|(card, _)| Move::Revoke { card }));
        }
        if self.scene.disables && self.world.facts(ADA).state == PersonState::Enabled {
            self.out.push(Move::Disable);
        }
        if self.scene.tightens && !self.world.strict {
            self.out.push(Move::Tighten);
        }
        if self.scene.resettles && self.world.settings == 0 {
            self.out.push(Move::Resettle);
        }
        if self.scene.confirms {
            let held = |issued: &super::world::Artefact| issued.held_by.is_some() && !issued.ended;
            let held = self.world.ledger.iter().enumerate().filter(|(_, issued)| held(issued));
            self.out.extend(held.map(|(artefact, _)| Move::SignOut { artefact }));
        }
        if self.scene.refusals {
            for row in 0..self.world.rows.len() {
                let handed = 0..self.world.handed.len();
                self.out.extend(handed.map(|handed| Move::Fail { row, handed }));
            }
        }
        for which in 0..2 {
            if self.world.waited[which] < self.scene.waits[which] {
                self.out.push(Move::Wait { which });
            }
        }
        for pending in 0..self.world.pending.len() {
            self.out.push(Move::Commit { pending });
            self.out.push(Move::Crash { pending });
            self.out.push(Move::Half { pending });
        }
    }
}

fn at_login_page(cookie: &Cookie) -> bool {
    matches!(cookie.stranger.at, StrangerAt::LoginPage)
}
