use entra_eam::Choice;
use identity::{CardLifted, Person, PersonState};
use ids::{CredentialId, DeviceId, LoginId, ProofId, SessionId, UserId};
use login::{Audit, Effect, Enrolment, Issue, Permit, Proof};
use secrets::TokenHash;
use serde_json::Value as Json;
use store::{
    AuditEntry, CardCertificate, ConsumedProof, EndedSession, Inheritance, NewEamTransaction,
    NewSession, ProvedLogin, StoreError, TakenLogin, Writing,
};

use super::error::{ExecuteError, HINT, hit};
use super::material::{AskedByEntra, Material, NewPairing, Rotation};
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
    /// The login that was taken for what was proved to Entra.
    taken_proved: Option<ProvedLogin>,
    /// Whether what was taken is a stranger's challenge, which has no row.
    alone: bool,
    proof: Option<ConsumedProof>,
    asked: Option<Asked>,
    /// What names a request of Entra's, for its audit event.
    asked_by_entra: Option<Json>,
    /// That somebody's groups were kept.
    groups_kept: Option<AuditEntry>,
    elsewhere: Option<Elsewhere>,
    /// The session that takes the place of one that has ended: its id, and what applications know it by.
    heir: Option<(SessionId, Inheritance)>,
}

/// What the card had opened at other computers, and the tenant ended with it.
pub(super) struct Elsewhere {
    ended: Vec<EndedSession>,
    /// The desks at which the card's person was the last to sign in.
    desks: Vec<DeviceId>,
    card_lifted: CardLifted,
}

impl Elsewhere {
    /// Tells the tabs, and has the desktops lock where the tenant wants that.
    pub(super) fn tell(&self, app: &App) {
        lifted::tell(app, &self.ended, Why::TappedElsewhere);
        lifted::lock(app, &self.desks, self.card_lifted);
    }
}

impl Run {
    pub(super) fn new(login: Option<LoginId>, material: Material) -> Self {
        Self {
            login,
            material,
            taken: None,
            taken_proved: None,
            alone: false,
            proof: None,
            asked: None,
            asked_by_entra: None,
            groups_kept: None,
            elsewhere: None,
            heir: None,
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
            Effect::BeginTransaction { hint, until, login, handle, person, account } => {
                let asked = self.material.asked_by_entra.take();
                let AskedByEntra { request, waits_until } =
                    asked.ok_or(ExecuteError::Incomplete)?;
                self.asked_by_entra = Some(serde_json::json!({
                    "tid": account.tid, "client_request_id": request.client_request_id,
                }));
                let new = NewEamTransaction {
                    hint,
                    valid_until: until,
                    login,
                    handle,
                    person,
                    account,
                    request,
                    expires_at: waits_until,
                };
                hit(tx.begin_eam_transaction(&new).await?, HINT)
            }
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
            Effect::EndSession { session } => {
                let heir = SessionId(entropy::id());
                let left = tx.end_session_for(session, heir).await?;
                self.heir = Some((heir, left.ok_or(ExecuteError::Spent("session"))?));
                Ok(())
            }
            Effect::WriteLogin(waiting) => hit(tx.write_login(&waiting).await?, "login"),
            Effect::TakeLogin { login, handle, challenge } => {
                let taken = tx.take_login(login, &handle, challenge).await?;
                self.taken = Some(taken.ok_or(ExecuteError::Spent("challenge"))?);
                Ok(())
            }
            Effect::TakeLoginProved { login, handle } => {
                let taken = tx.take_login_proved(login, &handle).await?;
                self.taken_proved = Some(taken.ok_or(ExecuteError::Spent("login"))?);
                Ok(())
            }
            Effect::TakeEamProof { transaction, .. } => {
                let taken = self.taken_proved.take().ok_or(ExecuteError::Incomplete)?;
                let id = ProofId(entropy::id());
                let proof = tx.take_eam_proof(taken, &transaction, id).await?;
                self.proof = Some(proof.ok_or(ExecuteError::Spent("proof for Entra"))?);
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
        if let (Audit::HintVouched { .. }, Some(asked)) = (audit, &self.asked_by_entra) {
            entry.detail.clone_from(asked);
        }
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
        let Some(kind) = exits::kind(issue.door) else {
            let Choice { acr, amr } = self.material.choice.ok_or(ExecuteError::Incomplete)?;
            let answered = tx.prove_eam_transaction(proof, acr.as_str(), amr.as_str()).await?;
            return hit(answered, "request of Entra");
        };
        let session = self.material.session.take().ok_or(ExecuteError::Incomplete)?;
        let ends = session.card_lifted.ends_session();
        let holds = self.material.agent.filter(|agent| ends && !agent.tapped);
        let (id, left) = self.heir.take().unzip();
        let id = id.unwrap_or_else(|| SessionId(entropy::id()));
        let new = NewSession {
            id,
            sid: left.as_ref().map_or(id, |left| left.sid),
            kind,
            token: session.token,
            claim: issue.claim,
            ends_by: left.as_ref().map(|left| left.ends_by),
            provider: issue.provider.or(left.and_then(|left| left.provider)),
            expires_in: session.life,
            user_agent: session.user_agent,
            device: self.material.agent.map(|agent| agent.device),
            ticket: holds.map(|agent| agent.ticket),
        };
        tx.insert_session(proof, new).await?;
        if let Some(agent) = self.material.agent.filter(|_| session.one_computer) {
            // Where somebody else has sat down since, the desktop is theirs and stays open.
            let desks = tx.desks_elsewhere(proof.credential(), agent.device).await?;
            let ended = tx.end_elsewhere(proof.credential(), agent.device).await?;
            self.elsewhere = Some(Elsewhere { ended, desks, card_lifted: session.card_lifted });
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
        if let Some((agent, proof)) = self.material.agent.zip(self.proof.as_ref()) {
            // Who only asks keeps no pairing alive: a card has to answer through it.
            tx.renew_pairings(agent.device, proof.person(), PAIRING_LIFE).await?;
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
