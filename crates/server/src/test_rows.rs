//! Rows that tests inside of this crate begin with.

use std::time::Duration;

use identity::{Moment, Tenant, TenantPolicy};
use ids::{ChallengeId, CredentialId, LoginId, ProofId, SessionId, Slug, TenantId, UserId};
use login::{
    Challenge, Channel, Door, LoginRequest, Purpose, Started, Task, Then, Vouched, Waiting,
};
use store::{
    Credential, CredentialKind, NewSession, Passkey, Proof, Session, SessionKind, Writing,
};

use crate::entropy;

/// A tenant that is called like its slug.
pub(crate) fn tenant(slug: &str) -> Tenant {
    Tenant {
        id: TenantId(entropy::id()),
        slug: Slug::try_from(slug.to_owned()).unwrap(),
        display_name: slug.into(),
        policy: TenantPolicy::default(),
        created_at: Moment(0),
    }
}

/// A card of a person.
pub(crate) fn credential(id: CredentialId, person: UserId) -> Credential {
    Credential {
        id,
        person,
        webauthn_id: id.0.as_bytes().to_vec(),
        label: "Card 1".into(),
        kind: CredentialKind::Fido2(Passkey {
            record: "{}".into(),
            counter: 5,
            aaguid: None,
            transports: Vec::new(),
            backup_eligible: false,
            hardware_attested: false,
        }),
        permit: String::new(),
        created_at: Moment(0),
        last_used_at: None,
        revoked_at: None,
    }
}

/// A session of the account page, for an hour.
pub(crate) fn session() -> NewSession {
    let id = SessionId(entropy::id());
    NewSession {
        id,
        sid: id,
        kind: SessionKind::Account,
        token: entropy::token().hash(),
        claim: None,
        provider: None,
        expires_in: Duration::from_secs(3600),
        ends_by: None,
        user_agent: "a browser".into(),
        device: None,
        ticket: None,
    }
}

/// A session on a proof, as the card step makes one of a login that waits.
pub(crate) async fn signed_in(
    tx: &mut Writing,
    waiting: &Waiting,
    card: CredentialId,
    session: NewSession,
) -> Session {
    let (login, challenge) = (waiting.started.id, waiting.challenge.as_ref().unwrap());
    let taken = tx.take_login(login, &waiting.handle, challenge.id).await.unwrap().unwrap();
    let proof = Proof {
        id: ProofId(entropy::id()),
        login,
        person: waiting.person,
        credential: card,
        purpose: Purpose::Authenticate,
        channel: Channel::Browser,
        amr: vec!["pop".into(), "user".into()],
        user_verified: true,
        challenge_at: challenge.issued_at,
    };
    let proof = tx.consume_proof(taken, &proof).await.unwrap();
    tx.insert_session(&proof, session).await.unwrap();
    tx.sessions(waiting.person).await.unwrap().remove(0)
}

/// A login that waits for a card.
pub(crate) fn waiting(tenant: TenantId, person: UserId) -> Waiting {
    let now = entropy::now();
    let soon = now.plus(Duration::from_secs(60));
    Waiting {
        started: Started {
            id: LoginId(entropy::id()),
            tenant,
            request: LoginRequest::new(Door::Account, "/"),
            started_at: now,
            expires_at: soon,
        },
        handle: entropy::token().hash(),
        person,
        vouched: Vouched::Invitation,
        task: Task::Authenticate,
        then: Then::Exit,
        challenge: Some(Challenge {
            id: ChallengeId(entropy::id()),
            purpose: Purpose::Authenticate,
            channel: Channel::Browser,
            state: "{}".into(),
            issued_at: now,
            expires_at: soon,
        }),
        refusals: 0,
        held: None,
    }
}
