use std::time::Duration;

use identity::Moment;
use ids::{ChallengeId, UserId};
use login::{Permit, Task};

use crate::tests::support::{Cast, hash, id, on_both, take, until, waiting};
use crate::{Code, CodePurpose, StoreError};

async fn code(cast: &Cast, person: Option<UserId>, purpose: CodePurpose) -> Code {
    let expires_at = cast.store.now().await.unwrap().plus(Duration::from_secs(600));
    Code { person, purpose, expires_at, issued_by: None }
}

on_both! {
    async fn a_value_is_spent_once_in_each_tenant_and_never_too_late(bench) {
        let (acme, rival) = (bench.tenant("acme").await, bench.tenant("rival").await);
        let until = bench.store.now().await.unwrap().plus(Duration::from_secs(60));
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(writing.spend(&hash("state"), until).await.unwrap());
        assert!(!writing.spend(&hash("state"), until).await.unwrap(), "a replay");
        assert!(!writing.spend(&hash("old"), Moment(1)).await.unwrap(), "too late");
        writing.commit().await.unwrap();
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(!writing.spend(&hash("state"), until).await.unwrap(), "a replay later");
        drop(writing);
        let mut writing = bench.store.write(rival).await.unwrap();
        assert!(writing.spend(&hash("state"), until).await.unwrap(), "another tenant's value");
    }

    async fn a_value_that_was_spent_in_a_dropped_transaction_is_not_spent(bench) {
        let acme = bench.tenant("acme").await;
        let until = bench.store.now().await.unwrap().plus(Duration::from_secs(60));
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(writing.spend(&hash("state"), until).await.unwrap());
        drop(writing);
        let mut writing = bench.store.write(acme).await.unwrap();
        assert!(writing.spend(&hash("state"), until).await.unwrap());
    }

    async fn a_code_is_taken_once_and_by_its_person_alone(bench) {
        let cast = bench.cast("acme").await;
        let code = code(&cast, Some(cast.person), CodePurpose::FirstCard).await;
        let mut writing = cast.write().await;
        writing.put_code(&hash("code"), &code).await.unwrap();
        assert_eq!(writing.code(&hash("code")).await.unwrap(), Some(code));
        assert!(!writing.take_code(&hash("code"), Some(UserId(id()))).await.unwrap());
        assert!(!writing.take_code(&hash("code"), None).await.unwrap());
        assert!(!writing.take_code(&hash("other"), Some(cast.person)).await.unwrap());
        assert!(writing.take_code(&hash("code"), Some(cast.person)).await.unwrap());
        assert!(!writing.take_code(&hash("code"), Some(cast.person)).await.unwrap());
        assert_eq!(writing.code(&hash("code")).await.unwrap(), None);
    }

    async fn an_invitation_names_nobody_and_is_taken_once(bench) {
        let cast = bench.cast("acme").await;
        let code = code(&cast, None, CodePurpose::Invitation).await;
        let mut writing = cast.write().await;
        writing.put_code(&hash("one"), &code).await.unwrap();
        writing.put_code(&hash("two"), &code).await.unwrap();
        assert!(!writing.take_code(&hash("one"), Some(cast.person)).await.unwrap());
        assert!(writing.take_code(&hash("one"), None).await.unwrap());
        assert!(!writing.take_code(&hash("one"), None).await.unwrap());
        assert!(writing.take_code(&hash("two"), None).await.unwrap());
    }

    async fn a_new_code_ends_the_older_one_of_that_person(bench) {
        let cast = bench.cast("acme").await;
        let code = code(&cast, Some(cast.person), CodePurpose::FirstCard).await;
        let mut writing = cast.write().await;
        writing.put_code(&hash("old"), &code).await.unwrap();
        writing.put_code(&hash("new"), &code).await.unwrap();
        assert!(!writing.take_code(&hash("old"), Some(cast.person)).await.unwrap());
        assert!(writing.take_code(&hash("new"), Some(cast.person)).await.unwrap());
    }

    async fn tries_of_a_code_are_counted_per_login(bench) {
        let cast = bench.cast("acme").await;
        let (one, other) = (cast.waiting("one").await, cast.waiting("other").await);
        let mut writing = cast.write().await;
        assert_eq!(writing.count_code_try(one.started.id).await.unwrap(), 1);
        assert_eq!(writing.count_code_try(one.started.id).await.unwrap(), 2);
        assert_eq!(writing.count_code_try(other.started.id).await.unwrap(), 1);
        assert!(writing.write_login(&one).await.unwrap(), "renewing the challenge");
        assert_eq!(writing.count_code_try(one.started.id).await.unwrap(), 3);
        assert!(writing.end_login(one.started.id).await.unwrap());
        assert_eq!(writing.count_code_try(one.started.id).await.unwrap(), u32::MAX);
    }

    async fn a_login_is_read_as_it_was_written_and_ends_once(bench) {
        let cast = bench.cast("acme").await;
        let mut login = cast.waiting("handle").await;
        login.task = Task::Enrol(Permit::Code);
        let mut writing = cast.write().await;
        assert!(writing.write_login(&login).await.unwrap());
        writing.commit().await.unwrap();
        let mut reading = cast.read().await;
        let read = reading.login_by_handle(&hash("handle")).await.unwrap().unwrap();
        assert_eq!(format!("{read:?}"), format!("{login:?}"));
        assert!(reading.login(login.started.id).await.unwrap().is_some());
        assert!(reading.login_by_handle(&hash("other")).await.unwrap().is_none());
        drop(reading);
        let mut writing = cast.write().await;
        assert!(writing.end_login(login.started.id).await.unwrap());
        assert!(!writing.end_login(login.started.id).await.unwrap());
        assert!(writing.login_by_handle(&hash("handle")).await.unwrap().is_none());
    }

    async fn a_login_is_not_written_over_by_another_browser_or_person(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("handle").await;
        let mut other = login.clone();
        other.handle = hash("stolen");
        let mut writing = cast.write().await;
        assert!(!writing.write_login(&other).await.unwrap());
        let mut other = login.clone();
        other.person = UserId(id());
        assert!(!writing.write_login(&other).await.unwrap());
        let read = writing.login(login.started.id).await.unwrap().unwrap();
        assert!(read.handle.matches(&hash("handle")));
    }

    async fn a_login_is_taken_by_its_handle_and_challenge_alone_and_once(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("handle").await;
        let challenge = login.challenge.as_ref().unwrap().id;
        let id_of = login.started.id;
        let mut writing = cast.write().await;
        assert!(writing.take_login(id_of, &hash("other"), challenge).await.unwrap().is_none());
        let another = ChallengeId(id());
        assert!(writing.take_login(id_of, &login.handle, another).await.unwrap().is_none());
        assert!(take(&mut writing, &login).await.is_some());
        assert!(take(&mut writing, &login).await.is_none());
        writing.commit().await.unwrap();
        assert!(take(&mut cast.write().await, &login).await.is_none());
    }

    async fn a_spent_challenge_takes_no_login(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("handle").await;
        let (id, challenge) = (login.started.id, login.challenge.as_ref().unwrap().id);
        let mut writing = cast.write().await;
        assert!(writing.spend_challenge(id, challenge).await.unwrap());
        assert!(!writing.spend_challenge(id, challenge).await.unwrap());
        assert!(take(&mut writing, &login).await.is_none());
        assert!(writing.login(id).await.unwrap().unwrap().challenge.is_none());
    }

    async fn of_many_who_take_a_login_at_once_one_does(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("handle").await;
        let tasks: Vec<_> = (0..16).map(|_| {
            let (cast, login) = (cast.clone(), login.clone());
            tokio::spawn(async move {
                let mut writing = cast.write().await;
                let taken = take(&mut writing, &login).await.is_some();
                writing.commit().await.unwrap();
                taken
            })
        }).collect();
        let mut winners = Vec::new();
        for task in tasks {
            winners.push(task.await.unwrap());
        }
        winners.retain(|taken| *taken);
        assert_eq!(winners.len(), 1);
    }

    async fn who_read_a_login_to_change_it_is_waited_for(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("handle").await;
        let mut first = cast.write().await;
        let mut read = first.login(login.started.id).await.unwrap().unwrap();
        let second = tokio::spawn({
            let (cast, login) = (cast.clone(), login.clone());
            async move {
                let mut writing = cast.write().await;
                writing.login(login.started.id).await.unwrap().unwrap().task
            }
        });
        until(async || second.is_finished() || bench.waiting().await > 0).await;
        read.task = Task::Enrol(Permit::Code);
        assert!(first.write_login(&read).await.unwrap());
        first.commit().await.unwrap();
        assert_eq!(second.await.unwrap(), Task::Enrol(Permit::Code));
    }

    async fn a_strangers_challenge_is_spent_once(bench) {
        let cast = bench.cast("acme").await;
        let until = cast.store.now().await.unwrap().plus(Duration::from_secs(60));
        let mut writing = cast.write().await;
        let value = hash("challenge");
        assert!(writing.spend_challenge_of_stranger(&value, until).await.unwrap().is_some());
        assert!(writing.spend_challenge_of_stranger(&value, until).await.unwrap().is_none());
        let late = writing.spend_challenge_of_stranger(&hash("late"), Moment(1)).await.unwrap();
        assert!(late.is_none());
    }

    async fn two_logins_do_not_share_a_handle(bench) {
        let cast = bench.cast("acme").await;
        cast.waiting("handle").await;
        let now = cast.store.now().await.unwrap();
        let second = waiting(cast.tenant, cast.person, "handle", now);
        let refused = cast.write().await.write_login(&second).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    }
}
