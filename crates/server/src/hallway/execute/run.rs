use identity::{CardLifted, Person, PersonState};
use ids::{CredentialId, LoginId, ProofId, SessionId, UserId};
use login::{Audit, Effect, Enrolment, Issue, Permit, Proof};
use secrets::TokenHash;
use store::{
    AuditEntry, CardCertificate, ConsumedProof, EndedSession, NewSession, StoreError, TakenLogin,
    Writing,
};

use super::error::{ExecuteError, hit};
use super::material::{Material, NewPairing, Rotation};
use super::names::entry;
use crate::agents::lifted;
use crate::app::App;
use crate::entropy;
use crate::exits;
use crate::hallway::seen::Asked;
use crate::http::cookies::PAIRING_LIFE;
use crate::tabs::Why;

/// One execution: what its effects have made so far, for those that come after.
pub(super) struct Run {
    login: Option<LoginId>,
    material: Material,
    taken: Option<TakenLogin>,
    /// Whether what was taken is a stranger's challenge, which has no row.
    alone: bool,
    proof: Option<ConsumedProof>,
    asked: Option<Asked>,
    /// That somebody's groups were kept.
    groups_kept: Option<AuditEntry>,
    elsewhere: Option<Elsewhere>,
}

/// What the card had opened at other computers, and the tenant ended with it.
pub(super) struct Elsewhere {
    ended: Vec<EndedSession>,
    card_lifted: CardLifted,
}

impl Elsewhere {
    /// Tells the tabs, and has the desktops lock where the tenant wants that.
    pub(super) fn tell(&self, app: &App) {
        lifted::tell(app, &self.ended, Why::TappedElsewhere);
        lifted::lock(app, &self.ended, self.card_lifted);
    }
}

impl Run {
    pub(super) fn new(login: Option<LoginId>, material: Material) -> Self {
        Self {
            login,
            material,
            taken: None,
            alone: false,
            proof: None,
            asked: None,
            groups_kept: None,
            elsewhere: None,
        }
    }

    /// Carries out one effect.
    pub(super) async fn effect(
        &mut self,
        tx: &mut Writing,
        effect: Effect,
    ) -> Result<(), ExecuteError> {
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
            self.groups_kept = noted.groups_kept.map(|entry| AuditEntry {
                person: Some(person.id),
                login: self.login,
                ..entry
            });
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
        if let Some((card, certificate)) = self.material.renewed.take() {
            self.renew(tx, proof.person, card, &certificate).await?;
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

    /// Notes the certificate that a card has got for its key.
    async fn renew(
        &self,
        tx: &mut Writing,
        person: UserId,
        card: CredentialId,
        certificate: &CardCertificate,
    ) -> Result<(), ExecuteError> {
        let renewed = tx.renew_certificate(card, certificate).await.map_err(known)?;
        if !renewed {
            return Err(ExecuteError::Revoked);
        }
        let detail = serde_json::json!({ "card": card, "subject": certificate.subject });
        let entry = AuditEntry::new("card.certificate-renewed", detail);
        let (person, login) = (Some(person), self.login);
        Ok(tx.audit(&AuditEntry { person, actor: person, login, ..entry }).await?)
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
        tx.insert_credential(&card).await.map_err(known)
    }

    async fn issue(&mut self, tx: &mut Writing, issue: Issue) -> Result<(), ExecuteError> {
        let proof = self.proof.as_ref().ok_or(ExecuteError::Incomplete)?;
        let session = self.material.session.take().ok_or(ExecuteError::Incomplete)?;
        let ends = session.card_lifted.ends_session();
        let holds = self.material.agent.filter(|agent| ends && !agent.tapped);
        let new = NewSession {
            id: SessionId(entropy::id()),
            kind: exits::kind(issue.door),
            token: session.token,
            claim: issue.claim,
            provider: issue.provider,
            expires_in: session.life,
            user_agent: session.user_agent,
            device: self.material.agent.map(|agent| agent.device),
            ticket: holds.map(|agent| agent.ticket),
        };
        tx.insert_session(proof, new).await?;
        if let Some(agent) = self.material.agent.filter(|_| session.one_computer) {
            let ended = tx.end_elsewhere(proof.credential(), agent.device).await?;
            self.elsewhere = Some(Elsewhere { ended, card_lifted: session.card_lifted });
        }
        tx.touch_person_signed_in(issue.person).await?;
        Ok(())
    }

    /// Writes what comes along with the effects; what to log and to tell when it is committed.
    pub(super) async fn finish(
        self,
        tx: &mut Writing,
    ) -> Result<(Option<Asked>, Option<Elsewhere>), ExecuteError> {
        if let Some(ticket) = self.material.ticket {
            tx.insert_ticket(&ticket).await?;
        }
        if let Some(Rotation { old, new }) = self.material.rotation {
            // Of two requests at once one rotates; the other goes on without.
            tx.rotate_pairing(&old, &new).await?;
        }
        if let Some(NewPairing { token, pairing, entry }) = self.material.pairing {
            tx.insert_pairing(&token, &pairing).await?;
            tx.audit(&entry).await?;
        }
        if let Some(agent) = self.material.agent.filter(|_| self.proof.is_some()) {
            // Who only asks keeps no pairing alive: a card has to answer through it.
            tx.renew_pairings(agent.device, PAIRING_LIFE).await?;
        }
        for entry in self.groups_kept.iter().chain(&self.asked.as_ref().map(Asked::entry)) {
            tx.audit(entry).await?;
        }
        if let Some(elsewhere) = &self.elsewhere {
            lifted::write_down(tx, &elsewhere.ended, Why::TappedElsewhere).await?;
        }
        Ok((self.asked, self.elsewhere))
    }
}

/// What is unique of a card was another's before.
fn known(error: StoreError) -> ExecuteError {
    match error {
        StoreError::Conflict(_) => ExecuteError::KnownCredential,
        other => other.into(),
    }
}

/// Why the counter of a card was not swapped.
async fn not_swapped(tx: &mut Writing, proof: &Proof) -> Result<ExecuteError, ExecuteError> {
    let card = tx.credential(proof.card).await?.ok_or(ExecuteError::Incomplete)?;
    Ok(if card.revoked_at.is_some() { ExecuteError::Revoked } else { ExecuteError::Counter })
}
