//! Whoever holds anything of a person holds the person first: nobody waits in a circle, and so
//! nobody is told that the store is busy because of it.

use std::time::Duration;

use identity::PersonState;
use ids::{CredentialId, ProofId};
use login::Waiting;
use tokio::task::JoinHandle;

use crate::tests::devices::{device, ticket};
use crate::tests::support::{
    Bench, Cast, credential, hash, id, new_session, on_both, take, until, waiting,
};
use crate::{Proof, StoreError, TakenLogin, TicketState, Writing};

const ROUNDS: usize = 40;

/// What ends a person's sign-ins while one is under way.
#[derive(Clone, Copy, Debug)]
enum End {
    Revoke(CredentialId),
    Disable,
    Sessions,
}

impl End {
    fn nth(number: usize, cast: &Cast) -> Self {
        [Self::Revoke(cast.card), Self::Disable, Self::Sessions][number % 3]
    }

    async fn run(self, cast: Cast) -> Result<(), StoreError> {
        let mut writing = cast.write().await;
        match self {
            Self::Revoke(card) => writing.revoke_credential(card).await.map(drop),
            Self::Disable => {
                writing.set_person_state(cast.person, PersonState::Disabled).await.map(drop)
            }
            Self::Sessions => writing.end_sessions_of(cast.person).await.map(drop),
        }?;
        writing.commit().await
    }
}

/// A sign-in from the moment at which its login is taken. `false` when it was ended before.
async fn sign_in(cast: Cast, login: Waiting) -> Result<bool, StoreError> {
    let mut writing = cast.write().await;
    match take(&mut writing, &login).await {
        Some(taken) => finish(&cast, writing, taken, &login).await,
        None => Ok(false),
    }
}

async fn finish(
    cast: &Cast,
    mut writing: Writing,
    taken: TakenLogin,
    login: &Waiting,
) -> Result<bool, StoreError> {
    if !writing.swap_counter(cast.card, 7).await? {
        return Ok(false);
    }
    let proof = Proof { id: ProofId(id()), ..cast.proof(login) };
    let proof = writing.consume_proof(taken, &proof).await?;
    writing.insert_session(&proof, new_session(&id().to_string())).await?;
    writing.touch_person_signed_in(cast.person).await?;
    writing.commit().await.map(|()| true)
}

/// The same person with a card of its own for this round, and a login that waits for it.
async fn round(cast: &Cast) -> (Cast, Waiting) {
    let card = credential(cast.person);
    let mut writing = cast.write().await;
    writing.set_person_state(cast.person, PersonState::Enabled).await.unwrap();
    writing.insert_credential(&card).await.unwrap();
    writing.commit().await.unwrap();
    let cast = Cast { card: card.id, ..cast.clone() };
    let login = cast.waiting(&id().to_string()).await;
    (cast, login)
}

async fn until_it_waits<T>(bench: &Bench, task: &JoinHandle<T>) {
    until(async || task.is_finished() || bench.waiting().await > 0).await;
}

on_both! {
    async fn what_ends_sign_ins_waits_for_the_one_that_is_under_way(bench) {
        let cast = bench.cast("acme").await;
        for number in 0..3 {
            let (cast, login) = round(&cast).await;
            let mut writing = cast.write().await;
            let taken = take(&mut writing, &login).await.unwrap();
            let end = tokio::spawn(End::nth(number, &cast).run(cast.clone()));
            until_it_waits(bench, &end).await;
            assert!(finish(&cast, writing, taken, &login).await.unwrap());
            end.await.unwrap().unwrap();
            assert_eq!(bench.count("session").await, 0, "it ends with the others");
        }
    }

    async fn what_ends_sign_ins_waits_for_who_holds_the_person(bench) {
        let cast = bench.cast("acme").await;
        for number in 0..3 {
            let (cast, _login) = round(&cast).await;
            let mut writing = cast.write().await;
            assert!(writing.person_facts(cast.person).await.unwrap().is_some());
            let end = tokio::spawn(End::nth(number, &cast).run(cast.clone()));
            until_it_waits(bench, &end).await;
            assert!(!end.is_finished(), "it holds something else first");
            writing.commit().await.unwrap();
            end.await.unwrap().unwrap();
        }
    }

    async fn an_agents_answer_waits_for_who_holds_the_person(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await;
        let ticket = ticket(&cast, &desk, &cast.waiting("handle").await).await;
        let mut holding = cast.write().await;
        assert!(holding.person_facts(cast.person).await.unwrap().is_some());
        let late = cast.clone();
        let answer = tokio::spawn(async move {
            let mut writing = late.write().await;
            let ended = writing.finish_ticket(ticket.id, &TicketState::Proved).await?;
            writing.commit().await.map(|()| ended)
        });
        until_it_waits(bench, &answer).await;
        assert!(!answer.is_finished(), "it holds something else first");
        holding.commit().await.unwrap();
        assert!(answer.await.unwrap().unwrap());
    }

    async fn a_card_alone_and_its_revocation_do_not_wait_in_a_circle(bench) {
        let (cast, login) = round(&bench.cast("acme").await).await;
        let alive = cast.store.now().await.unwrap().plus(login::CHALLENGE_LIFE);
        let mut writing = cast.write().await;
        let taken = writing.spend_challenge_of_stranger(&hash("c"), alive).await.unwrap().unwrap();
        assert!(writing.swap_counter(cast.card, 5).await.unwrap());
        let end = tokio::spawn(End::Revoke(cast.card).run(cast.clone()));
        until_it_waits(bench, &end).await;
        assert!(finish(&cast, writing, taken, &login).await.unwrap());
        end.await.unwrap().unwrap();
    }

    async fn sign_ins_and_what_ends_them_at_once_are_never_busy(bench) {
        let cast = bench.cast("acme").await;
        let mut through = Vec::new();
        for number in 0..ROUNDS {
            let (cast, login) = round(&cast).await;
            cast.sign_in(&id().to_string()).await;
            let now = cast.store.now().await.unwrap();
            let other = waiting(cast.tenant, cast.person, &id().to_string(), now);
            let mut writing = cast.write().await;
            assert!(writing.write_login(&other).await.unwrap());
            writing.commit().await.unwrap();
            let sign_ins = [login, other].map(|login| tokio::spawn(sign_in(cast.clone(), login)));
            let ends = [number, number.wrapping_add(1)]
                .map(|number| tokio::spawn(End::nth(number, &cast).run(cast.clone())));
            let swept = cast.store.sweep().await;
            for end in ends {
                end.await.unwrap().unwrap();
            }
            swept.unwrap();
            for sign_in in sign_ins {
                through.push(sign_in.await.unwrap().unwrap());
            }
        }
        let through = through.into_iter().filter(|through| *through).count();
        assert!(through <= ROUNDS, "of two with one counter, one");
    }
}

#[tokio::test]
async fn a_sweep_leaves_alone_what_somebody_holds() {
    let bench = Bench::postgres().await;
    let cast = bench.cast("acme").await;
    let login = cast.waiting("handle").await;
    assert_eq!(bench.raw("UPDATE login SET expires_at = 1").await, 1);
    let mut writing = cast.write().await;
    assert!(writing.end_login(login.started.id).await.unwrap());
    let swept = tokio::time::timeout(Duration::from_secs(10), cast.store.sweep()).await;
    assert_eq!(swept.expect("it waits").unwrap(), 0);
    drop(writing);
    until(async || cast.store.sweep().await.unwrap() == 1).await;
}

/// Who holds a row and is gone, with a connection that stays open, holds up nobody for ever.
#[tokio::test]
async fn who_waits_for_somebody_else_is_told_so_after_some_seconds() {
    let bench = Bench::postgres().await;
    let cast = bench.cast("acme").await;
    let mut holds = cast.write().await;
    assert!(holds.set_person_state(cast.person, PersonState::Disabled).await.is_ok());
    let mut waits = cast.write().await;
    let waited = waits.set_person_state(cast.person, PersonState::Disabled);
    let told = tokio::time::timeout(Duration::from_secs(30), waited).await.unwrap();
    assert!(matches!(told, Err(StoreError::Busy)), "{told:?}");
    holds.commit().await.unwrap();
}
