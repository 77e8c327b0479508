//! Codes that come at once become grants in one transaction.

use std::collections::BTreeSet;

use serde_json::json;

use crate::tests::grants::{again, code, scene};
use crate::tests::support::{Bench, Cast, credential, on_both, person};
use crate::{AuditEntry, NewGrant, Redeemed, Redeeming, Session, StoreError};

fn told(redeemed: &Redeemed) -> Option<AuditEntry> {
    match redeemed {
        Redeemed::Granted(grant) => {
            Some(AuditEntry::new("granted", json!({ "grant": grant.id.0.to_string() })))
        }
        Redeemed::Again(ended) => ended.as_ref().map(|_| AuditEntry::new("ended", json!({}))),
        Redeemed::Refused => None,
    }
}

fn redeeming(code: NewGrant) -> Redeeming {
    Redeeming { code, event: told }
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
        let before = bench.store.figures().transactions;
        let mut tasks = Vec::new();
        for number in 0..50 {
            let once = code(&cast, &session, &format!("code {number}")).await;
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
        assert!(transactions < 60, "{transactions} transactions");
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
                    Ok::<_, StoreError>(redeemed)
                })
            };
            for task in [redeem(one), redeem(two)] {
                let redeemed = task.await.unwrap().unwrap();
                assert!(redeemed.iter().all(|it| matches!(it, Redeemed::Granted(_))));
            }
        }
    }
}
