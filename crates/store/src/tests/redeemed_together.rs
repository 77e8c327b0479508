//! Codes that come at once become grants in one transaction.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use identity::PersonState;
use ids::GrantId;
use serde_json::json;

use crate::tests::grants::{again, code, scene};
use crate::tests::support::{Bench, Cast, credential, on_both, person, until};
use crate::{AuditEntry, Location, NewGrant, Redeemed, Redeeming, Session, StoreError};

fn told(redeemed: &Redeemed) -> Option<AuditEntry> {
    match redeemed {
        Redeemed::Granted(grant) => {
            Some(AuditEntry::new("granted", json!({ "grant": grant.id.0.to_string() })))
        }
        Redeemed::Again(ended) => ended.as_ref().map(|_| AuditEntry::new("ended", json!({}))),
        Redeemed::Refused => None,
    }
}

fn redeeming(grant: NewGrant) -> Redeeming {
    Redeeming { grant, event: told }
}

fn granted_id(redeemed: &Redeemed) -> GrantId {
    match redeemed {
        Redeemed::Granted(grant) => grant.id,
        other => panic!("{other:?}"),
    }
}

/// Another person of the same tenant, signed in.
async fn somebody_else(bench: &Bench, cast: &Cast) -> (Cast, Session) {
    let other = person("grace@example.com");
    let card = credential(other.id);
    let mut writing = cast.write().await;
    writing.write_person(&other).await.unwrap();
    writing.insert_credential(&card).await.unwrap();
    writing.commit().await.unwrap();
    let store = bench.store.clone();
    let other = Cast { store, tenant: cast.tenant, person: other.id, card: card.id };
    let session = other.sign_in("other").await;
    (other, session)
}

on_both! {
    async fn each_is_told_of_its_own_code_and_the_chain_tells_of_all(bench) {
        let (cast, session) = scene(bench).await;
        let mut codes = Vec::new();
        for number in 0..50 {
            codes.push(code(&cast, &session, &format!("code {number}")).await);
        }
        let before = bench.store.figures().transactions;
        let mut tasks = Vec::new();
        for (number, once) in codes.into_iter().enumerate() {
            for new in [again(&once), once] {
                let (store, tenant, own) = (bench.store.clone(), cast.tenant, new.id);
                let task = tokio::spawn(async move { store.redeem(tenant, redeeming(new)).await });
                tasks.push((number, own, task));
            }
        }
        let (mut winners, mut grants) = (BTreeSet::new(), BTreeSet::new());
        for (number, own, task) in tasks {
            match task.await.unwrap().unwrap() {
                Redeemed::Granted(grant) => {
                    assert_eq!(grant.id, own);
                    assert!(winners.insert(number), "one winner");
                    grants.insert(own.0.to_string());
                }
                Redeemed::Again(_) => {}
                Redeemed::Refused => panic!("refused"),
            }
        }
        assert_eq!(winners.len(), 50);
        let transactions = bench.store.figures().transactions.saturating_sub(before);
        assert!(transactions < 30, "{transactions} transactions");
        let mut reading = cast.read().await;
        let events = reading.audit(0, 1000).await.unwrap();
        let told = events.iter().filter(|event| event.kind == "granted");
        let told: BTreeSet<_> =
            told.map(|event| event.detail["grant"].as_str().unwrap().to_owned()).collect();
        assert_eq!(told, grants);
        assert_eq!(reading.verify_chain(&events), Ok(()));
    }

    async fn who_is_refused_takes_nothing_from_the_others(bench) {
        let (cast, session) = scene(bench).await;
        let good = code(&cast, &session, "good").await;
        let late = NewGrant { issued_at: identity::Moment(0), ..code(&cast, &session, "late").await };
        let last = code(&cast, &session, "last").await;
        let mut writing = cast.write().await;
        let all = [good.clone(), late, last.clone()].map(redeeming);
        let redeemed = writing.redeem_all(&all).await.unwrap();
        writing.commit().await.unwrap();
        let [Redeemed::Granted(first), Redeemed::Refused, Redeemed::Granted(third)] = &redeemed[..]
        else {
            panic!("{redeemed:?}")
        };
        assert_eq!((first.id, third.id), (good.id, last.id));
        let events = cast.read().await.audit(0, 100).await.unwrap();
        assert_eq!(events.iter().filter(|event| event.kind == "granted").count(), 2);
    }

    async fn one_that_cannot_be_redeemed_takes_no_other_with_it(bench) {
        let (cast, session) = scene(bench).await;
        let first = code(&cast, &session, "first").await;
        let one = code(&cast, &session, "one").await;
        // Two codes cannot become the same grant: the second of them fails, and what is under way with it.
        let other = NewGrant { id: one.id, ..code(&cast, &session, "other").await };
        let last = code(&cast, &session, "last").await;
        let mut gate = cast.write().await;
        assert!(gate.set_person_state(cast.person, PersonState::Enabled).await.is_ok());
        let redeem = |grant: NewGrant| {
            let (store, tenant) = (bench.store.clone(), cast.tenant);
            tokio::spawn(async move { store.redeem(tenant, redeeming(grant)).await })
        };
        let mut tasks = vec![redeem(first)];
        until(async || bench.waiting().await == 1).await;
        for (waiting, grant) in [one, other, last].into_iter().enumerate() {
            until(async || bench.store.codes().waiting(&cast.tenant) == waiting).await;
            tasks.push(redeem(grant));
        }
        until(async || bench.store.codes().waiting(&cast.tenant) == 3).await;
        drop(gate);
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        let failed = |it: &&Result<_, _>| matches!(it, Err(StoreError::Conflict(_)));
        assert_eq!(outcomes[1..3].iter().filter(failed).count(), 1, "{outcomes:?}");
        let granted = |it: &&Result<_, _>| matches!(it, Ok(Redeemed::Granted(_)));
        assert_eq!(outcomes.iter().filter(granted).count(), 3, "{outcomes:?}");
        assert_eq!(bench.count("oidc_grant").await, 3);
    }

    async fn a_code_that_the_version_before_has_redeemed_is_redeemed(bench) {
        let (cast, session) = scene(bench).await;
        let new = code(&cast, &session, "code").await;
        let Redeemed::Granted(grant) = cast.store.redeem(cast.tenant, redeeming(new.clone())).await.unwrap()
        else {
            panic!("refused")
        };
        // It wrote the hash alone.
        let mut hash = String::new();
        for byte in new.code.as_bytes() {
            write!(hash, "{byte:02x}").unwrap();
        }
        let hash = match bench.location {
            Location::Sqlite(_) => format!("X'{hash}'"),
            Location::Postgres(_) => format!("'\\x{hash}'"),
        };
        assert_eq!(bench.raw(&format!("UPDATE oidc_grant SET code_hash = {hash}")).await, 1);
        let again = cast.store.redeem(cast.tenant, redeeming(again(&new))).await.unwrap();
        assert!(matches!(again, Redeemed::Again(Some(ended)) if ended.id == grant.id));
        assert_eq!(bench.count("oidc_grant").await, 1);
    }

    async fn two_who_redeem_for_the_same_people_do_not_wait_for_each_other_for_ever(bench) {
        let (cast, session) = scene(bench).await;
        let (other, others) = somebody_else(bench, &cast).await;
        for round in 0..20 {
            let mut one = Vec::new();
            let mut two = Vec::new();
            for number in 0..4 {
                let text = format!("{round} {number}");
                let (mine, theirs) = (
                    code(&cast, &session, &format!("mine {text}")).await,
                    code(&other, &others, &format!("theirs {text}")).await,
                );
                let (a, b) = (redeeming(mine), redeeming(theirs));
                if number % 2 == 0 { one.extend([a, b]) } else { two.extend([b, a]) }
            }
            let redeem = |all: Vec<Redeeming>| {
                let cast = cast.clone();
                tokio::spawn(async move {
                    let mut writing = cast.store.write(cast.tenant).await?;
                    let redeemed = writing.redeem_all(&all).await?;
                    writing.commit().await?;
                    Ok::<_, StoreError>((all, redeemed))
                })
            };
            for task in [redeem(one), redeem(two)] {
                let (asked, redeemed) = task.await.unwrap().unwrap();
                let own: Vec<_> = asked.iter().map(|redeeming| redeeming.grant.id).collect();
                assert_eq!(redeemed.iter().map(granted_id).collect::<Vec<_>>(), own);
            }
        }
    }
}
