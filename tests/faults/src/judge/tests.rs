use super::*;
use crate::evidence::{AuditRow, Login, Session};

const TAPS: Taps = Taps { sent: 2, acknowledged: 2, enrolled: true };

fn proof(number: u8, purpose: &str) -> Proof {
    Proof {
        tenant_id: "a1".into(),
        proof_id: format!("b{number}"),
        login_id: format!("c{number}"),
        person_id: "d1".into(),
        credential_id: "e1".into(),
        purpose: purpose.into(),
    }
}

fn session(number: u8) -> Session {
    Session {
        tenant_id: "a1".into(),
        session_id: format!("f{number}"),
        person_id: "d1".into(),
        credential_id: "e1".into(),
        proof_id: format!("b{number}"),
    }
}

fn event(kind: &str) -> AuditRow {
    AuditRow {
        tenant_id: "a1".into(),
        person_id: Some("d1".into()),
        kind: kind.into(),
        detail: r#"{"card":"e-1"}"#.into(),
    }
}

/// A first sign-in with enrolment and a second one, as they should be.
fn honest() -> Evidence {
    Evidence {
        sessions: vec![session(1), session(2)],
        proofs: vec![proof(1, "register"), proof(2, "authenticate")],
        credentials: vec![Credential {
            tenant_id: "a1".into(),
            credential_id: "e1".into(),
            person_id: "d1".into(),
            permit: "fresh-sign-in".into(),
        }],
        logins: vec![Login { tenant_id: "a1".into(), login_id: "c3".into() }],
        events: vec![event("card.enrolled"), event("login.signed-in"), event("login.signed-in")],
        ..Evidence::default()
    }
}

fn planted(plant: impl FnOnce(&mut Evidence)) -> Vec<Violation> {
    let mut evidence = honest();
    plant(&mut evidence);
    judge(&evidence, &TAPS)
}

#[test]
fn an_honest_history_is_not_blamed() {
    assert_eq!(judge(&honest(), &TAPS), []);
    // In doubt: the client was killed off before it heard of the second session.
    assert_eq!(judge(&honest(), &Taps { acknowledged: 1, ..TAPS }), []);
}

#[test]
fn a_session_of_another_persons_proof_is_found() {
    let found = planted(|evidence| evidence.sessions[1].person_id = "d2".into());
    assert_eq!(found, [Violation::SessionWithoutProof("f2".into())]);
}

#[test]
fn a_session_of_another_tenants_proof_is_found() {
    let found = planted(|evidence| evidence.sessions[1].tenant_id = "a2".into());
    assert_eq!(found, [Violation::SessionWithoutProof("f2".into())]);
}

#[test]
fn a_session_of_another_card_is_found() {
    let found = planted(|evidence| evidence.sessions[1].credential_id = "e2".into());
    assert_eq!(found, [Violation::SessionWithoutProof("f2".into())]);
}

#[test]
fn two_sessions_on_one_proof_are_found() {
    let found = planted(|evidence| evidence.sessions[1].proof_id = "b1".into());
    assert!(found.contains(&Violation::ProofUsedTwice("b1".into())), "{found:?}");
    assert!(found.contains(&Violation::ProofWithoutSession("b2".into())), "{found:?}");
}

#[test]
fn two_proofs_of_one_login_are_found() {
    let found = planted(|evidence| evidence.proofs[1].login_id = "c1".into());
    assert!(found.contains(&Violation::ProofUsedTwice("b2".into())), "{found:?}");
}

#[test]
fn a_proof_without_an_audit_event_is_found() {
    let found = planted(|evidence| drop(evidence.events.pop()));
    assert_eq!(found, [Violation::ProofsAndAuditDiffer("e1".into())]);
}

#[test]
fn an_audit_event_without_a_proof_is_found() {
    let found = planted(|evidence| evidence.events.push(event("login.signed-in")));
    assert_eq!(found, [Violation::ProofsAndAuditDiffer("e1".into())]);
}

#[test]
fn a_card_that_no_event_names_is_found() {
    let found = planted(|evidence| drop(evidence.events.remove(0)));
    assert_eq!(found, [Violation::CardWithoutEnrolment("e1".into())]);
}

#[test]
fn a_second_first_card_is_found() {
    let found = planted(|evidence| {
        let second = Credential { credential_id: "e2".into(), ..evidence.credentials[0].clone() };
        evidence.credentials.push(second);
    });
    assert!(found.contains(&Violation::SecondFirstCard("e2".into())), "{found:?}");
}

#[test]
fn a_login_that_outlives_its_proof_is_found() {
    let found = planted(|evidence| evidence.logins[0].login_id = "c2".into());
    assert_eq!(found, [Violation::LoginOutlivesProof("c2".into())]);
}

#[test]
fn a_lost_session_is_found() {
    let found = planted(|evidence| {
        evidence.sessions.pop();
        evidence.proofs.pop();
        evidence.events.pop();
    });
    assert_eq!(found, [Violation::AcknowledgedIsLost { acknowledged: 2, present: 1 }]);
}

#[test]
fn a_session_that_nobody_asked_for_is_found() {
    let taps = Taps { sent: 1, acknowledged: 1, enrolled: true };
    let found = judge(&honest(), &taps);
    assert_eq!(found, [Violation::NeverAttempted { sent: 1, present: 2 }]);
}

#[test]
fn a_lost_card_is_found() {
    let taps = Taps { sent: 0, acknowledged: 0, enrolled: true };
    assert_eq!(judge(&Evidence::default(), &taps), [Violation::EnrolmentIsLost]);
}

#[test]
fn damage_and_broken_chains_are_found() {
    let found = planted(|evidence| {
        evidence.damage.push("row missing".into());
        evidence.broken_chains.push("acme".into());
    });
    let damaged = Violation::Damaged("row missing".into());
    assert_eq!(found, [damaged, Violation::BrokenChain("acme".into())]);
}
