//! What must hold, whatever happened.

use load::Taps;

use crate::Evidence;
use crate::evidence::{Credential, Proof};

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Violation {
    /// The file is damaged.
    Damaged(String),
    /// An audit chain does not verify, or was cut off.
    BrokenChain(String),
    /// A session without a proof of that person, tenant and card.
    SessionWithoutProof(String),
    /// Two sessions on one proof.
    ProofUsedTwice(String),
    /// A proof that was consumed for nothing.
    ProofWithoutSession(String),
    /// Proofs and audit events of a card are not equally many.
    ProofsAndAuditDiffer(String),
    /// A card that nobody enrolled with a proof, or more than once.
    CardWithoutEnrolment(String),
    /// A second card on the strength of a sign-in at Entra alone.
    SecondFirstCard(String),
    /// A login that has ended and still waits.
    LoginOutlivesProof(String),
    /// The client was told of more than is there.
    AcknowledgedIsLost {
        /// What the client was told.
        acknowledged: u32,
        /// What is there.
        present: usize,
    },
    /// There is more than anybody asked for.
    NeverAttempted {
        /// What the client sent.
        sent: u32,
        /// What is there.
        present: usize,
    },
    /// The client was told that its card is enrolled, and it is not.
    EnrolmentIsLost,
}

/// Everything that is wrong with what is there, given what one client did and was told.
pub fn judge(evidence: &Evidence, taps: &Taps) -> Vec<Violation> {
    let mut violations = Vec::new();
    violations.extend(evidence.damage.iter().cloned().map(Violation::Damaged));
    violations.extend(evidence.broken_chains.iter().cloned().map(Violation::BrokenChain));
    sessions(evidence, &mut violations);
    proofs(evidence, &mut violations);
    cards(evidence, &mut violations);
    ledger(evidence, taps, &mut violations);
    violations.sort();
    violations.dedup();
    violations
}

fn sessions(evidence: &Evidence, violations: &mut Vec<Violation>) {
    for session in &evidence.sessions {
        let fits = |proof: &&Proof| {
            proof.proof_id == session.proof_id
                && proof.tenant_id == session.tenant_id
                && proof.person_id == session.person_id
                && proof.credential_id == session.credential_id
        };
        if evidence.proofs.iter().filter(fits).count() != 1 {
            violations.push(Violation::SessionWithoutProof(session.session_id.clone()));
        }
    }
}

fn proofs(evidence: &Evidence, violations: &mut Vec<Violation>) {
    for proof in &evidence.proofs {
        let id = || proof.proof_id.clone();
        let sessions = evidence.sessions.iter().filter(|s| s.proof_id == proof.proof_id).count();
        match sessions {
            0 => violations.push(Violation::ProofWithoutSession(id())),
            1 => {}
            _ => violations.push(Violation::ProofUsedTwice(id())),
        }
        let same = |login: &&str| *login == proof.login_id;
        let of_login = evidence.proofs.iter().map(|other| other.login_id.as_str()).filter(same);
        if of_login.count() != 1 {
            violations.push(Violation::ProofUsedTwice(id()));
        }
        let waits = evidence
            .logins
            .iter()
            .any(|login| login.tenant_id == proof.tenant_id && login.login_id == proof.login_id);
        if waits {
            violations.push(Violation::LoginOutlivesProof(proof.login_id.clone()));
        }
    }
}

fn cards(evidence: &Evidence, violations: &mut Vec<Violation>) {
    for card in &evidence.credentials {
        let id = || card.credential_id.clone();
        let proofs = evidence.proofs.iter().filter(|proof| {
            proof.credential_id == card.credential_id && proof.tenant_id == card.tenant_id
        });
        let enrolling = |proof: &&Proof| proof.purpose == "register";
        if proofs.clone().filter(enrolling).count() != 1
            || events(evidence, "card.enrolled", card) != 1
        {
            violations.push(Violation::CardWithoutEnrolment(id()));
        }
        if proofs.count() != events(evidence, "login.signed-in", card) {
            violations.push(Violation::ProofsAndAuditDiffer(id()));
        }
        let rival = |other: &&Credential| {
            other.tenant_id == card.tenant_id
                && other.person_id == card.person_id
                && other.permit == card.permit
        };
        if card.permit.contains("sign-in") && evidence.credentials.iter().filter(rival).count() > 1
        {
            violations.push(Violation::SecondFirstCard(id()));
        }
    }
}

fn events(evidence: &Evidence, kind: &str, card: &Credential) -> usize {
    let about = evidence.events.iter().filter(|event| {
        event.kind == kind
            && event.tenant_id == card.tenant_id
            && event.person_id.as_ref() == Some(&card.person_id)
            && event.card().as_ref() == Some(&card.credential_id)
    });
    about.count()
}

/// Acknowledged ⊆ present ⊆ attempted.
fn ledger(evidence: &Evidence, taps: &Taps, violations: &mut Vec<Violation>) {
    let present = evidence.sessions.len();
    let at_most = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    if present < at_most(taps.acknowledged) {
        let acknowledged = taps.acknowledged;
        violations.push(Violation::AcknowledgedIsLost { acknowledged, present });
    }
    if present > at_most(taps.sent) {
        violations.push(Violation::NeverAttempted { sent: taps.sent, present });
    }
    if taps.enrolled && evidence.credentials.is_empty() {
        violations.push(Violation::EnrolmentIsLost);
    }
}

#[cfg(test)]
mod tests;
