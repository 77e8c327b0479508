//! A card that leaves while what it answered is written, but not on the disk yet.

use agent_protocol::MatchCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use identity::TenantPolicy;
use ids::{CredentialId, UserId};
use login::{Purpose, Waiting};
use secrets::TokenHash;
use store::{DeviceState, HeldAnswer, NewSession};
use tempfile::TempDir;

use super::*;
use crate::entropy;
use crate::test_app::{mia, test_app};
use crate::test_rows::{credential, session, signed_in, tenant, waiting};

/// Mia's card on the reader of a desk, and a login for which it has been tapped.
struct Desk {
    app: App,
    tenant: Tenant,
    device: Device,
    card: CredentialId,
    waiting: Waiting,
    ticket: TicketId,
    _data: TempDir,
}

impl Desk {
    async fn new() -> Self {
        let (app, data) = test_app().await;
        let policy =
            TenantPolicy { card_lifted: CardLifted::EndsSession, ..TenantPolicy::default() };
        let tenant = Tenant { policy, ..tenant("acme") };
        app.store.create_tenant(&tenant).await.unwrap();
        let (person, card) = (mia(UserId(entropy::id())), CredentialId(entropy::id()));
        let waiting = waiting(tenant.id, person.id);
        let device = desk(&waiting);
        let ticket = claimed(&waiting, &device);
        let mut tx = app.store.write(tenant.id).await.unwrap();
        tx.write_person(&person).await.unwrap();
        tx.insert_credential(&credential(card, person.id)).await.unwrap();
        tx.insert_device(&device).await.unwrap();
        assert!(tx.write_login(&waiting).await.unwrap());
        tx.insert_ticket(&ticket).await.unwrap();
        tx.commit().await.unwrap();
        Self { app, tenant, device, card, waiting, ticket: ticket.id, _data: data }
    }

    async fn write(&self) -> Writing {
        self.app.store.write(self.tenant.id).await.unwrap()
    }

    /// The answer of the card waits for its browser.
    async fn answer(&self, tx: &mut Writing) {
        let token = TokenHash::of(b"return token");
        let held = HeldAnswer { token, answer: "{}".into(), tapped: false };
        assert!(tx.hold_ticket(self.ticket, &held).await.unwrap());
    }

    /// The browser has come for it: Mia is signed in.
    async fn sign_in(&self, tx: &mut Writing) {
        let new =
            NewSession { device: Some(self.device.id), ticket: Some(self.ticket), ..session() };
        signed_in(tx, &self.waiting, self.card, new).await;
        assert!(tx.finish_ticket(self.ticket, &TicketState::Proved).await.unwrap());
    }

    async fn lift(&self) {
        let named = URL_SAFE_NO_PAD.encode(self.ticket.0.as_bytes());
        let named = Ticket::try_from(named).unwrap();
        lifted(&self.app, self.tenant.id, &self.device, &named).await.unwrap();
    }

    async fn state(&self) -> TicketState {
        let mut rows = self.app.store.read(self.tenant.id).await.unwrap();
        rows.ticket(self.ticket).await.unwrap().unwrap().state
    }

    async fn sessions(&self) -> usize {
        let mut rows = self.app.store.read(self.tenant.id).await.unwrap();
        rows.sessions(self.waiting.person).await.unwrap().len()
    }
}

/// The computer with the reader.
fn desk(waiting: &Waiting) -> Device {
    Device {
        id: DeviceId(entropy::id()),
        thumbprint: "desk".into(),
        jwk: "{}".into(),
        name: "desk".into(),
        os: "Debian".into(),
        person: waiting.person,
        state: DeviceState::Confirmed,
        login: None,
        created_at: Moment(0),
        last_seen_at: None,
    }
}

/// A ticket that the agent at the desk has taken.
fn claimed(waiting: &Waiting, device: &Device) -> store::Ticket {
    store::Ticket {
        id: TicketId(entropy::id()),
        login: waiting.started.id,
        device: Some(device.id),
        challenge: waiting.challenge.as_ref().unwrap().id,
        purpose: Purpose::Authenticate,
        match_code: MatchCode::from_random([0, 0, 0, 17]),
        state: TicketState::Claimed,
        created_at: entropy::now(),
        claimed_at: Some(entropy::now()),
        expires_at: entropy::now().plus(Duration::from_secs(60)),
        held: None,
    }
}

#[tokio::test]
async fn an_answer_that_is_not_on_the_disk_yet_is_refused() {
    let desk = Desk::new().await;
    let mut tx = desk.write().await;
    desk.answer(&mut tx).await;
    let mut answered = Box::pin(tx.commit());
    assert!((&mut answered).now_or_never().is_none(), "it is on its way");
    assert_eq!(desk.state().await, TicketState::Claimed, "readers do not see it");
    desk.lift().await;
    answered.await.unwrap();
    assert_eq!(desk.state().await, TicketState::Refused { reason: REMOVED.to_owned() });
}

#[tokio::test]
async fn a_session_that_is_not_on_the_disk_yet_ends() {
    let desk = Desk::new().await;
    let mut tx = desk.write().await;
    desk.answer(&mut tx).await;
    tx.commit().await.unwrap();
    let mut tx = desk.write().await;
    desk.sign_in(&mut tx).await;
    let mut signed_in = Box::pin(tx.commit());
    assert!((&mut signed_in).now_or_never().is_none(), "it is on its way");
    assert_eq!(desk.sessions().await, 0, "readers do not see it");
    desk.lift().await;
    signed_in.await.unwrap();
    assert_eq!(desk.sessions().await, 0);
}

#[tokio::test]
async fn a_session_that_is_there_ends() {
    let desk = Desk::new().await;
    let mut tx = desk.write().await;
    desk.answer(&mut tx).await;
    desk.sign_in(&mut tx).await;
    tx.commit().await.unwrap();
    assert_eq!(desk.sessions().await, 1);
    desk.lift().await;
    assert_eq!(desk.sessions().await, 0);
}
