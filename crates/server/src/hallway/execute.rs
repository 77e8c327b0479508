//! Executes the effects of one step in one transaction: all of them, or none.

use identity::{EntraLink, Person, PersonState};
use ids::{DeviceId, LoginId, ProofId, SessionId, TenantId, TicketId};
use login::{Audit, Effect, Enrolment, Issue, Permit, Proof, Waiting};
use secrets::TokenHash;
use store::{
    AuditEntry, ConsumedProof, Credential, NewSession, TakenLogin, Ticket, TicketState, Writing,
};

use crate::app::App;
use crate::entropy;
use crate::exits;
use crate::hallway::one_call::OneCall;
use crate::hallway::seen::{Asked, Shown};
use crate::http::cookies::PAIRING_LIFE;
use crate::http::problem::Problem;

/// What the effects of a step need besides what they say.
#[derive(Default)]
pub(crate) struct Material {
    /// The person to write, as imported, and the link to make if there is none yet.
    pub(crate) person: Option<(Person, Option<EntraLink>)>,
    /// What the person's token shows of its provider.
    pub(crate) shown: Option<Shown>,
    /// The card to write.
    pub(crate) card: Option<Credential>,
    /// The session to write.
    pub(crate) session: Option<SessionMaterial>,
    /// The row on which the step was taken. It must still be so: a login that ended meanwhile must
    /// not come back, and of two steps at once one counts.
    pub(crate) on: Option<Waiting>,
    /// The ticket to write with it.
    pub(crate) ticket: Option<Ticket>,
    /// How an agent brought the event: that counts once.
    pub(crate) agent: Option<FromAgent>,
    /// A pairing that gets a new token.
    pub(crate) rotation: Option<Rotation>,
}

/// An agent's answer to what it was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FromAgent {
    /// The call that brought it.
    pub(crate) call: OneCall,
    /// Whose call it is.
    pub(crate) device: DeviceId,
    /// What it was asked: that ends with the answer, unless the page has taken it back.
    pub(crate) ticket: TicketId,
    /// Whether the page is in another network than the agent.
    pub(crate) other_network: bool,
}

/// A pairing's new token in place of the old one.
pub(crate) struct Rotation {
    /// Hash of the token that the browser holds.
    pub(crate) old: TokenHash,
    /// Hash of the one that it is to hold.
    pub(crate) new: TokenHash,
}

/// What a session needs besides what the hallway says.
pub(crate) struct SessionMaterial {
    /// Hash of its token.
    pub(crate) token: TokenHash,
    /// How long it lives.
    pub(crate) life: std::time::Duration,
    /// The browser, in words.
    pub(crate) user_agent: String,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecuteError {
    /// Something that counts once was used before, or its time is over.
    #[error("{0} was used before or has expired")]
    Spent(&'static str),
    /// The counter of the card went back: it may have been copied.
    #[error("signature counter went back")]
    Counter,
    /// The card was revoked between the decision and the write.
    #[error("card is revoked")]
    Revoked,
    /// The person was disabled between the decision and the write.
    #[error("person is disabled")]
    Disabled,
    /// The same call of an agent came before.
    #[error("call was made before")]
    Replay,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// An effect came without what it needs: a fault of ours.
    #[error("an effect lacks its material")]
    Incomplete,
}

impl ExecuteError {
    /// The reason as a stable name: what the audit trail says, and the page's words go by.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Spent(_) => "already-used",
            Self::Counter => "counter-went-back",
            Self::Revoked => login::Refusal::Revoked.code(),
            Self::Disabled => login::Refusal::Disabled.code(),
            Self::Replay => "call-replayed",
            Self::Store(_) | Self::Incomplete => "internal",
        }
    }
}

impl From<ExecuteError> for Problem {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Spent(_) => Self::AlreadyUsed,
            ExecuteError::Counter | ExecuteError::Revoked => Self::CardRefused(error.code()),
            ExecuteError::Disabled => Self::Refused(login::Refusal::Disabled),
            ExecuteError::Replay => {
                tracing::warn!(reason = %error, "agent's call refused");
                Self::Unauthenticated
            }
            ExecuteError::Store(error) => error.into(),
            ExecuteError::Incomplete => Self::internal(error),
        }
    }
}

/// Executes `effects` for `tenant`.
///
/// # Errors
///
/// See [`ExecuteError`]; then nothing was written.
pub(crate) async fn execute(
    app: &App,
    tenant: TenantId,
    effects: Vec<Effect>,
    material: Material,
) -> Result<(), ExecuteError> {
    let mut tx = app.store.write(tenant).await?;
    if let Some(agent) = material.agent {
        if !agent.call.spend(&mut tx).await? {
            return Err(ExecuteError::Replay);
        }
        let ended = answered(&effects).ok_or(ExecuteError::Incomplete)?;
        let was_open = tx.finish_ticket(agent.ticket, &ended).await?;
        // A refusal counts, and is on record, although the page took back what was asked.
        hit(was_open || ended != TicketState::Proved, "request")?;
    }
    if let Some(on) = &material.on {
        still_so(&mut tx, on).await?;
    }
    let mut run = Run {
        login: login_of(&effects),
        material,
        taken: None,
        alone: false,
        proof: None,
        asked: None,
    };
    let last_login = last_login_write(&effects);
    for (index, effect) in effects.into_iter().enumerate() {
        // Two writes of one row in one transaction: the later one says it all.
        let superseded = matches!(effect, Effect::WriteLogin(_)) && Some(index) != last_login;
        if !superseded {
            run.effect(&mut tx, effect).await?;
        }
    }
    if let Some(ticket) = run.material.ticket {
        tx.insert_ticket(&ticket).await?;
    }
    if let Some(Rotation { old, new }) = run.material.rotation {
        // Of two requests at once one rotates; the other goes on without.
        tx.rotate_pairing(&old, &new).await?;
    }
    if let Some(agent) = run.material.agent.filter(|_| run.proof.is_some()) {
        // Who only asks keeps no pairing alive: a card has to answer through it.
        tx.renew_pairings(agent.device, PAIRING_LIFE).await?;
    }
    if let Some(asked) = &run.asked {
        tx.audit(&asked.entry()).await?;
    }
    tx.commit().await?;
    if let Some(asked) = run.asked {
        asked.log();
    }
    Ok(())
}

async fn still_so(tx: &mut Writing, on: &Waiting) -> Result<(), ExecuteError> {
    let row = tx.login(on.started.id).await?.ok_or(ExecuteError::Spent("login"))?;
    let out = |waiting: &Waiting| waiting.challenge.as_ref().map(|challenge| challenge.id);
    hit(row.task == on.task && out(&row) == out(on), "login")
}

/// How an agent's answer ends what it was asked.
fn answered(effects: &[Effect]) -> Option<TicketState> {
    effects.iter().find_map(|effect| match effect {
        Effect::Prove(_) => Some(TicketState::Proved),
        Effect::Audit(Audit::ProofRefused { reason, .. }) => {
            Some(TicketState::Refused { reason: (*reason).to_owned() })
        }
        _ => None,
    })
}

fn last_login_write(effects: &[Effect]) -> Option<usize> {
    effects.iter().rposition(|effect| matches!(effect, Effect::WriteLogin(_)))
}

/// The login that the effects are about: its audit events are found by it.
fn login_of(effects: &[Effect]) -> Option<LoginId> {
    effects.iter().find_map(|effect| match effect {
        Effect::WriteLogin(waiting) => Some(waiting.started.id),
        Effect::TakeLogin { login, .. } | Effect::SpendChallenge { login, .. } => Some(*login),
        Effect::Prove(proof) => Some(proof.login),
        _ => None,
    })
}

struct Run {
    login: Option<LoginId>,
    material: Material,
    taken: Option<TakenLogin>,
    /// Whether what was taken is a stranger's challenge, which has no row.
    alone: bool,
    proof: Option<ConsumedProof>,
    asked: Option<Asked>,
}

impl Run {
    async fn effect(&mut self, tx: &mut Writing, effect: Effect) -> Result<(), ExecuteError> {
        match effect {
            Effect::Spend { value, until } => {
                hit(tx.spend(&value, until).await?, "upstream answer")
            }
            Effect::WritePerson(_) => self.write_person(tx).await,
            Effect::TakeCode { code, person } => {
                hit(tx.take_code(&code, Some(person)).await?, "one-time code")
            }
            Effect::TakeInvitation { invitation } => {
                hit(tx.take_code(&invitation, None).await?, "invitation")
            }
            Effect::EndChange { session } => {
                tx.end_change_of(session).await?;
                Ok(())
            }
            Effect::EndLogin { login } => hit(tx.end_login(login).await?, "login"),
            Effect::EndSession { session } => hit(tx.end_session(session).await?, "session"),
            Effect::WriteLogin(waiting) => hit(tx.write_login(&waiting).await?, "login"),
            Effect::TakeLogin { login, handle, challenge } => {
                let taken = tx.take_login(login, &handle, challenge).await?;
                self.taken = Some(taken.ok_or(ExecuteError::Spent("challenge"))?);
                Ok(())
            }
            Effect::TakeStranger { challenge, until } => {
                let value = TokenHash::of(challenge.0.as_bytes());
                let taken = tx.spend_challenge_of_stranger(&value, until).await?;
                self.taken = Some(taken.ok_or(ExecuteError::Spent("challenge"))?);
                self.alone = true;
                Ok(())
            }
            Effect::SpendChallenge { login, challenge } => {
                hit(tx.spend_challenge(login, challenge).await?, "challenge")
            }
            Effect::Prove(proof) => self.prove(tx, proof).await,
            Effect::WriteCard(enrolment) => self.write_card(tx, enrolment).await,
            Effect::RevokeCard { card, person } => {
                hit(tx.revoke_credential(card).await?, "card")?;
                // Two removals at once must not take the last card together.
                let facts = tx.person_facts(person).await?;
                hit(facts.is_some_and(|facts| facts.has_card), "last card")
            }
            Effect::Issue(issue) => self.issue(tx, issue).await,
            Effect::Audit(audit) => Ok(tx.audit(&self.entry(&audit)).await?),
        }
    }

    /// The audit event of an effect, and what is remarkable about how its cause came.
    fn entry(&self, audit: &Audit) -> AuditEntry {
        let mut entry = entry(audit, self.login);
        let elsewhere = self.material.agent.is_some_and(|agent| agent.other_network);
        if let Some(detail) = entry.detail.as_object_mut().filter(|_| elsewhere) {
            detail.insert("other_network".into(), true.into());
        }
        entry
    }

    async fn write_person(&mut self, tx: &mut Writing) -> Result<(), ExecuteError> {
        let (mut person, link) = self.material.person.take().ok_or(ExecuteError::Incomplete)?;
        if let Some(shown) = self.material.shown.take() {
            let noted = shown.note(tx).await?;
            person = noted.keeping.unwrap_or(person);
            self.asked = noted.asked;
        }
        tx.write_person(&person).await?;
        if let Some(link) = link {
            tx.insert_link(&link, person.id).await?;
        }
        Ok(())
    }

    async fn prove(&mut self, tx: &mut Writing, proof: Proof) -> Result<(), ExecuteError> {
        // A login that waits ends with the right of its person to sign in; a stranger has none.
        if self.alone {
            let facts = tx.person_facts(proof.person).await?.ok_or(ExecuteError::Incomplete)?;
            if facts.state == PersonState::Disabled {
                return Err(ExecuteError::Disabled);
            }
        }
        if let Some(counter) = proof.counter {
            let swapped = tx.swap_counter(proof.card, counter).await?;
            if !swapped {
                return Err(not_swapped(tx, &proof).await?);
            }
        }
        let taken = self.taken.take().ok_or(ExecuteError::Incomplete)?;
        let proof = store::Proof {
            id: ProofId(entropy::id()),
            login: proof.login,
            person: proof.person,
            credential: proof.card,
            purpose: proof.purpose,
            channel: proof.channel,
            amr: proof.amr.iter().map(|method| (*method).to_owned()).collect(),
            user_verified: true, // the hallway refuses anything else
            challenge_at: proof.challenge_at,
        };
        self.proof = Some(tx.consume_proof(taken, &proof).await?);
        Ok(())
    }

    async fn write_card(
        &mut self,
        tx: &mut Writing,
        enrolment: Enrolment,
    ) -> Result<(), ExecuteError> {
        let card = self.material.card.take().ok_or(ExecuteError::Incomplete)?;
        if (card.id, card.person) != (enrolment.card, enrolment.person) {
            return Err(ExecuteError::Incomplete);
        }
        // Asked again inside of the transaction: of two first cards at once, one is the first.
        let facts = tx.person_facts(card.person).await?.ok_or(ExecuteError::Incomplete)?;
        hit(facts.has_card == (enrolment.permit == Permit::FreshTap), "first card")?;
        if enrolment.permit == Permit::FreshSignIn {
            hit(!facts.enrolled_by_upstream && !facts.card_was_revoked, "fresh sign-in")?;
            let person = tx.person(card.person).await?.ok_or(ExecuteError::Incomplete)?;
            tx.write_person(&Person { enrolled_by_upstream: true, ..person }).await?;
        }
        Ok(tx.insert_credential(&card).await?)
    }

    async fn issue(&mut self, tx: &mut Writing, issue: Issue) -> Result<(), ExecuteError> {
        let proof = self.proof.as_ref().ok_or(ExecuteError::Incomplete)?;
        let session = self.material.session.take().ok_or(ExecuteError::Incomplete)?;
        let session = NewSession {
            id: SessionId(entropy::id()),
            kind: exits::kind(issue.door),
            token: session.token,
            claim: issue.claim,
            provider: issue.provider,
            expires_in: session.life,
            user_agent: session.user_agent,
        };
        tx.insert_session(proof, session).await?;
        tx.touch_person_signed_in(issue.person).await?;
        Ok(())
    }
}

/// Why the counter of a card was not swapped.
async fn not_swapped(tx: &mut Writing, proof: &Proof) -> Result<ExecuteError, ExecuteError> {
    let card = tx.credential(proof.card).await?.ok_or(ExecuteError::Incomplete)?;
    Ok(if card.revoked_at.is_some() { ExecuteError::Revoked } else { ExecuteError::Counter })
}

fn hit(hit: bool, what: &'static str) -> Result<(), ExecuteError> {
    if hit { Ok(()) } else { Err(ExecuteError::Spent(what)) }
}

/// The audit event of a step, under its stable name.
fn entry(audit: &Audit, login: Option<LoginId>) -> AuditEntry {
    use serde_json::json;
    let (kind, person, detail) = match audit {
        Audit::UpstreamVouched { person, provider } => {
            ("login.upstream", *person, json!({ "provider": provider }))
        }
        Audit::InvitationUsed { person } => ("login.invitation", *person, json!({})),
        Audit::CodeAccepted { person } => ("login.code", *person, json!({})),
        Audit::CardEnrolled { person, card, permit } => {
            ("card.enrolled", *person, json!({ "card": card, "permit": permit }))
        }
        Audit::CardConfirmed { person, card } => {
            ("card.confirmed", *person, json!({ "card": card }))
        }
        Audit::CardRemoved { person, card } => ("card.removed", *person, json!({ "card": card })),
        Audit::GivenUp { person } => ("login.given-up", *person, json!({})),
        Audit::SignedIn { person, card, door } => {
            ("login.signed-in", *person, json!({ "card": card, "door": door }))
        }
        Audit::ProofRefused { person, reason } => {
            ("login.refused", *person, json!({ "reason": reason }))
        }
    };
    AuditEntry { kind, person: Some(person), actor: Some(person), login, detail }
}

/// The login that a step leaves behind, when one waits.
pub(crate) fn waiting_of(login: Option<login::Login>) -> Option<Waiting> {
    match login {
        Some(login::Login::Waiting(waiting)) => Some(waiting),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
