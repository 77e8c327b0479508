//! What is asked again inside of the transaction, each alone: the hallway has decided on rows that
//! are older.

use identity::Person;
use ids::{CredentialId, UserId};
use login::{Channel, Enrolment, Permit, Proof, Purpose, Task};
use store::Credential;
use tempfile::TempDir;

use super::*;
use crate::entropy;
use crate::test_app::{mia, test_app};
use crate::test_rows::{credential, tenant, waiting};

/// A tenant with Mia in it.
struct Place {
    app: App,
    tenant: TenantId,
    mia: UserId,
    _data: TempDir,
}

impl Place {
    async fn new() -> Self {
        let (app, data) = test_app().await;
        let tenant = tenant("acme");
        app.store.create_tenant(&tenant).await.unwrap();
        let place = Self { app, tenant: tenant.id, mia: UserId(entropy::id()), _data: data };
        let mut tx = place.write().await;
        tx.write_person(&place.person()).await.unwrap();
        tx.commit().await.unwrap();
        place
    }

    async fn write(&self) -> Writing {
        self.app.store.write(self.tenant).await.unwrap()
    }

    fn person(&self) -> Person {
        mia(self.mia)
    }

    fn credential(&self) -> Credential {
        credential(CredentialId(entropy::id()), self.mia)
    }

    /// Gives Mia a card.
    async fn card(&self) -> CredentialId {
        let card = self.credential();
        let mut tx = self.write().await;
        tx.insert_credential(&card).await.unwrap();
        tx.commit().await.unwrap();
        card.id
    }

    async fn revoke(&self, card: CredentialId) {
        let mut tx = self.write().await;
        assert!(tx.revoke_credential(card).await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn cards(&self) -> usize {
        let mut rows = self.app.store.read(self.tenant).await.unwrap();
        let cards = rows.credentials(self.mia).await.unwrap();
        cards.iter().filter(|card| card.revoked_at.is_none()).count()
    }

    async fn execute(&self, effect: Effect, material: Material) -> Result<(), ExecuteError> {
        execute(&self.app, self.tenant, vec![effect], material).await
    }

    async fn write_card(&self, permit: Permit) -> Result<(), ExecuteError> {
        let card = self.credential();
        let enrolment = Enrolment { card: card.id, person: self.mia, permit };
        let material = Material { card: Some(card), ..Material::default() };
        self.execute(Effect::WriteCard(enrolment), material).await
    }

    async fn prove(&self, card: CredentialId, counter: u32) -> Result<(), ExecuteError> {
        let proof = Proof {
            login: LoginId(entropy::id()),
            person: self.mia,
            card,
            purpose: Purpose::Authenticate,
            channel: Channel::Browser,
            challenge_at: entropy::now(),
            counter: Some(counter),
            amr: Vec::new(),
        };
        self.execute(Effect::Prove(proof), Material::default()).await
    }

    fn waiting(&self) -> Waiting {
        waiting(self.tenant, self.mia)
    }

    async fn row(&self, login: LoginId) -> Option<Waiting> {
        self.app.store.read(self.tenant).await.unwrap().login(login).await.unwrap()
    }
}

fn is_spent<T>(result: &Result<T, ExecuteError>, expected: &str) -> bool {
    matches!(result, Err(ExecuteError::Spent(what)) if *what == expected)
}

#[tokio::test]
async fn the_last_card_stays() {
    let place = Place::new().await;
    let (first, second) = (place.card().await, place.card().await);
    let remove = |card| Effect::RevokeCard { card, person: place.mia };
    place.execute(remove(first), Material::default()).await.unwrap();
    assert!(is_spent(&place.execute(remove(second), Material::default()).await, "last card"));
    assert_eq!(place.cards().await, 1);
}

#[tokio::test]
async fn of_two_first_cards_one_is_the_first() {
    let place = Place::new().await;
    place.write_card(Permit::Code).await.unwrap();
    for permit in [Permit::Code, Permit::FreshSignIn, Permit::Invitation] {
        assert!(is_spent(&place.write_card(permit).await, "first card"), "{permit:?}");
    }
    assert_eq!(place.cards().await, 1);
    place.write_card(Permit::FreshTap).await.unwrap();
    assert_eq!(place.cards().await, 2);
}

#[tokio::test]
async fn a_fresh_sign_in_enrols_nobody_whose_card_was_revoked_meanwhile() {
    let place = Place::new().await;
    let card = place.card().await;
    place.revoke(card).await;
    assert!(is_spent(&place.write_card(Permit::FreshSignIn).await, "fresh sign-in"));
    assert_eq!(place.cards().await, 0);
}

#[tokio::test]
async fn a_fresh_tap_of_a_card_that_is_gone_enrols_nothing() {
    let place = Place::new().await;
    assert!(is_spent(&place.write_card(Permit::FreshTap).await, "first card"));
    assert_eq!(place.cards().await, 0);
}

/// To the operator and to the person they are two things: one card may have been copied, the other
/// was taken away.
#[tokio::test]
async fn a_counter_that_went_back_is_one_thing_and_a_revoked_card_another() {
    let place = Place::new().await;
    let card = place.card().await;
    for counter in [0, 4, 5] {
        let error = place.prove(card, counter).await.unwrap_err();
        assert!(matches!(error, ExecuteError::Counter), "{counter}: {error}");
        assert_eq!(error.code(), "counter-went-back");
    }
    place.revoke(card).await;
    let error = place.prove(card, 6).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Revoked), "{error}");
    assert_eq!(error.code(), "card-revoked");
}

/// Of two steps on one row the second is taken on a row that is no more.
#[tokio::test]
async fn a_step_counts_on_the_row_that_it_was_taken_on() {
    let place = Place::new().await;
    let first = place.waiting();
    let write = |waiting: &Waiting| Effect::WriteLogin(Box::new(waiting.clone()));
    place.execute(write(&first), Material::default()).await.unwrap();
    let on = |row: &Waiting| Material { on: Some(row.clone()), ..Material::default() };
    let fresh = place.waiting().challenge;
    let second = Waiting { challenge: fresh.clone(), ..first.clone() };
    place.execute(write(&second), on(&first)).await.unwrap();

    let third = Waiting { challenge: place.waiting().challenge, ..first.clone() };
    assert!(is_spent(&place.execute(write(&third), on(&first)).await, "login"));
    let other_task = Waiting { task: Task::Enrol(Permit::CodeNeeded), ..second.clone() };
    assert!(is_spent(&place.execute(write(&third), on(&other_task)).await, "login"));
    let row = place.row(first.started.id).await.unwrap();
    assert_eq!(row.challenge.map(|out| out.id), fresh.map(|out| out.id));

    let mut tx = place.write().await;
    assert!(tx.end_login(first.started.id).await.unwrap());
    tx.commit().await.unwrap();
    assert!(is_spent(&place.execute(write(&third), on(&second)).await, "login"));
    assert!(place.row(first.started.id).await.is_none(), "a login that ended came back");
}
