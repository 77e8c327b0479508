//! Work that is shared by those who ask at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::{Notify, Semaphore};

use crate::tests::support::{on_both, until};
use crate::together::Together;
use crate::{AuditEntry, StoreError};

/// Rounds that wait to be let go, and answer their number beside what was asked.
#[derive(Clone, Default)]
struct Rounds {
    together: Arc<Together<&'static str, usize, (usize, usize)>>,
    begun: Arc<AtomicUsize>,
    items: Arc<AtomicUsize>,
    gate: Arc<Gate>,
}

struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Rounds {
    async fn ask(&self, item: usize) -> Result<usize, StoreError> {
        let Self { begun, items, gate, .. } = self.clone();
        let work = move |all: Vec<usize>| {
            let (begun, items, gate) = (begun.clone(), items.clone(), gate.clone());
            async move {
                let round = begun.fetch_add(1, Ordering::SeqCst).saturating_add(1);
                items.fetch_add(all.len(), Ordering::SeqCst);
                gate.0.acquire().await.unwrap().forget();
                Ok(all.into_iter().map(|item| (round, item)).collect())
            }
        };
        let (round, asked) = self.together.ask("key", item, work).await?;
        assert_eq!(asked, item, "each is answered what they have asked");
        Ok(round)
    }

    fn spawn(&self, item: usize) -> tokio::task::JoinHandle<Result<usize, StoreError>> {
        let rounds = self.clone();
        tokio::spawn(async move { rounds.ask(item).await })
    }

    async fn until_begun(&self, round: usize) {
        until(async || self.begun.load(Ordering::SeqCst) == round).await;
    }

    async fn until_waiting(&self, count: usize) {
        until(async || self.together.waiting(&"key") == count).await;
    }
}

#[tokio::test]
async fn who_asks_while_others_are_served_waits_for_the_next_round() {
    let rounds = Rounds::default();
    let first = rounds.spawn(0);
    rounds.until_begun(1).await;
    let later: Vec<_> = (1..=5).map(|item| rounds.spawn(item)).collect();
    rounds.until_waiting(5).await;
    assert_eq!(rounds.begun.load(Ordering::SeqCst), 1);
    rounds.gate.0.add_permits(1);
    assert_eq!(first.await.unwrap().unwrap(), 1);
    rounds.gate.0.add_permits(1);
    for asker in later {
        assert_eq!(asker.await.unwrap().unwrap(), 2, "it was begun before they asked");
    }
    assert_eq!(rounds.items.load(Ordering::SeqCst), 6);
    // Whoever comes when nobody works is served by a round of their own.
    rounds.gate.0.add_permits(1);
    assert_eq!(rounds.ask(6).await.unwrap(), 3);
}

#[tokio::test]
async fn a_round_takes_so_many_and_who_comes_to_a_full_queue_is_turned_away() {
    let rounds = Rounds::default();
    let first = rounds.spawn(0);
    rounds.until_begun(1).await;
    let waiting: Vec<_> = (0..1024).map(|item| rounds.spawn(item)).collect();
    rounds.until_waiting(1024).await;
    assert!(matches!(rounds.ask(0).await, Err(StoreError::Busy)));
    rounds.gate.0.add_permits(100);
    first.await.unwrap().unwrap();
    for asker in waiting {
        asker.await.unwrap().unwrap();
    }
    assert_eq!(rounds.begun.load(Ordering::SeqCst), 1 + 1024 / 128);
}

#[tokio::test]
async fn an_asker_who_is_cancelled_stops_nobody() {
    let rounds = Rounds::default();
    let first = rounds.spawn(0);
    rounds.until_begun(1).await;
    let second = rounds.spawn(1);
    rounds.until_waiting(1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    rounds.gate.0.add_permits(2);
    assert_eq!(second.await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn a_round_that_ends_early_leaves_nobody_waiting_for_ever() {
    let together: Arc<Together<&'static str, (), ()>> = Arc::default();
    let begun = Arc::new(Notify::new());
    let stop = Arc::new(Notify::new());
    let ask = |breaks: bool| {
        let (together, begun, stop) = (together.clone(), begun.clone(), stop.clone());
        tokio::spawn(async move {
            let work = move |all: Vec<()>| {
                let (begun, stop) = (begun.clone(), stop.clone());
                async move {
                    begun.notify_one();
                    if breaks {
                        stop.notified().await;
                    }
                    assert!(!breaks, "as it is meant to be");
                    Ok(vec![(); all.len()])
                }
            };
            together.ask("key", (), work).await
        })
    };
    let first = ask(true);
    begun.notified().await;
    let second = ask(true);
    until(async || together.waiting(&"key") == 1).await;
    stop.notify_one();
    for asker in [first, second] {
        let told = tokio::time::timeout(Duration::from_secs(10), asker).await;
        assert!(matches!(told.unwrap().unwrap(), Err(StoreError::Busy)));
    }
    ask(false).await.unwrap().unwrap();
}

on_both! {
    async fn events_of_many_are_in_one_chain_and_each_is_there_when_it_is_said_to_be(bench) {
        let cast = bench.cast("acme").await;
        let before = bench.store.figures().transactions;
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                let (store, tenant) = (bench.store.clone(), cast.tenant);
                tokio::spawn(async move {
                    let detail = json!({ "number": number });
                    store.append(tenant, AuditEntry::new("happened", detail)).await.unwrap();
                    let events = store.read(tenant).await.unwrap().audit(0, 1000).await.unwrap();
                    let own = events.iter().filter(|event| event.detail["number"] == number);
                    assert_eq!(own.count(), 1, "{number}");
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let transactions = bench.store.figures().transactions.saturating_sub(before);
        assert!(transactions < 50, "{transactions} transactions");
        let mut reading = cast.read().await;
        let events = reading.audit(0, 1000).await.unwrap();
        assert_eq!(events.len(), 101);
        assert_eq!(reading.verify_chain(&events), Ok(()));
        assert!(reading.audit_head().await.unwrap().unwrap().ends(&events));
        assert_eq!(bench.store.known_audit_head(cast.tenant), reading.audit_head().await.unwrap());
    }

    async fn however_many_events_are_appended_at_once_the_chain_is_whole(bench) {
        let cast = bench.cast("acme").await;
        let mut seen = 1;
        for count in [0, 1, 7, 8, 9, 16, 17] {
            let entries: Vec<_> =
                (0..count).map(|n| AuditEntry::new("happened", json!({ "n": n }))).collect();
            let mut writing = cast.write().await;
            writing.audit_all(&entries).await.unwrap();
            writing.commit().await.unwrap();
            let mut reading = cast.read().await;
            let events = reading.audit(seen, 1000).await.unwrap();
            let numbers: Vec<_> = events.iter().map(|event| event.detail["n"].clone()).collect();
            assert_eq!(numbers, (0..count).map(serde_json::Value::from).collect::<Vec<_>>());
            seen = i64::from(count).saturating_add(seen);
        }
        let mut reading = cast.read().await;
        let events = reading.audit(0, 1000).await.unwrap();
        assert_eq!(reading.verify_chain(&events), Ok(()));
        assert!(reading.audit_head().await.unwrap().unwrap().ends(&events));
    }

    async fn what_was_changed_before_somebody_asks_is_what_they_are_told(bench) {
        let cast = bench.cast("acme").await;
        let slug = ids::Slug::try_from("acme".to_owned()).unwrap();
        let (asks, stop) = (bench.store.clone(), Arc::new(AtomicUsize::new(0)));
        // Somebody asks all the time, so that there is always a look under way to be shared.
        let busy = {
            let (slug, stop) = (slug.clone(), stop.clone());
            tokio::spawn(async move {
                while stop.load(Ordering::SeqCst) == 0 {
                    asks.tenant(&slug).await.unwrap();
                }
            })
        };
        for number in 0..50 {
            let name = format!("Acme {number}");
            let mut writing = cast.write().await;
            assert!(writing.put_display_name(&name).await.unwrap());
            writing.commit().await.unwrap();
            let found = bench.store.tenant(&slug).await.unwrap().unwrap();
            assert_eq!(found.display_name, name);
        }
        stop.store(1, Ordering::SeqCst);
        busy.await.unwrap();
    }
}
