//! SQLite's one writer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use ids::TenantId;
use tokio::sync::Notify;

use crate::rows::Link;
use crate::store::Engine;
use crate::tests::support::{Bench, hash, person, until};
use crate::{Store, StoreError, Writing};

async fn write_person(store: &Store, tenant: TenantId, number: usize) -> Writing {
    let mut writing = store.write(tenant).await.unwrap();
    writing.write_person(&person(&format!("person-{number}"))).await.unwrap();
    writing
}

/// Lets the others run until so many wait for their turn.
async fn until_waiting(store: &Store, count: usize) {
    until(async || store.figures().waiting == count).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_writers_share_few_commits_and_none_is_lost() {
    let bench = Bench::sqlite().await;
    let acme = bench.tenant("acme").await;
    let before = bench.store.figures().transactions;
    let gate = bench.store.write(acme).await.unwrap();
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let store = bench.store.clone();
            tokio::spawn(async move {
                write_person(&store, acme, number).await.commit().await.unwrap();
                // Acknowledged is durable: another connection sees it at once.
                let name = format!("person-{number}");
                let mut reading = store.read(acme).await.unwrap();
                assert!(reading.person_by_username(&name).await.unwrap().is_some(), "{name}");
            })
        })
        .collect();
    until_waiting(&bench.store, 200).await;
    gate.commit().await.unwrap();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(bench.count("person").await, 200);
    let commits = bench.store.figures().transactions - before;
    assert!((4..=20).contains(&commits), "{commits} commits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lone_writer_commits_at_once() {
    let bench = Bench::sqlite().await;
    let acme = bench.tenant("acme").await;
    for number in 0..3 {
        let before = bench.store.figures().transactions;
        write_person(&bench.store, acme, number).await.commit().await.unwrap();
        assert_eq!(bench.store.figures().transactions, before + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_transaction_takes_nobody_elses_work_with_it() {
    let bench = Bench::sqlite().await;
    let acme = bench.tenant("acme").await;
    let gate = write_person(&bench.store, acme, 1000).await;
    let tasks: Vec<_> = (0..90)
        .map(|number| {
            let store = bench.store.clone();
            tokio::spawn(async move {
                let mut writing = write_person(&store, acme, number).await;
                match number % 3 {
                    0 => writing.commit().await.unwrap(),
                    1 => drop(writing),
                    _ => {
                        // A statement that fails, and a caller that commits all the same.
                        writing
                            .write_person(&person(&format!("person-{number}")))
                            .await
                            .unwrap_err();
                        assert!(matches!(writing.commit().await, Err(StoreError::Spoiled)));
                    }
                }
            })
        })
        .collect();
    until_waiting(&bench.store, 90).await;
    drop(gate);
    for task in tasks {
        task.await.unwrap();
    }
    // Waits for its turn, and so for the last of those that were dropped.
    bench.store.write(acme).await.unwrap().commit().await.unwrap();
    assert_eq!(bench.count("person").await, 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiter_that_gives_up_strands_nobody() {
    let bench = Bench::sqlite().await;
    let acme = bench.tenant("acme").await;
    for round in 0..50 {
        let first = write_person(&bench.store, acme, round).await;
        let waiter = tokio::spawn({
            let store = bench.store.clone();
            async move { store.write(acme).await.map(drop) }
        });
        until_waiting(&bench.store, 1).await;
        // It leaves its work to the waiter, and the waiter is gone.
        let commit = tokio::spawn(first.commit());
        if round % 2 == 0 {
            tokio::task::yield_now().await;
        }
        waiter.abort();
        let done = tokio::time::timeout(Duration::from_secs(10), commit).await;
        done.expect("stranded").unwrap().unwrap();
    }
    assert_eq!(bench.count("person").await, 50);
}

#[tokio::test]
async fn a_batch_that_was_left_to_a_waiter_ends_when_the_waiter_gives_up() {
    let bench = Bench::sqlite().await;
    let acme = bench.tenant("acme").await;
    let first = write_person(&bench.store, acme, 0).await;
    // Polled once: it stands in the queue, and will never be polled again.
    let mut waiter = Box::pin(bench.store.write(acme));
    let woken = Woken::poll(waiter.as_mut());
    let commit = tokio::spawn(first.commit());
    woken.notified().await;
    assert!(!commit.is_finished(), "it was left to the waiter");
    drop(waiter);
    let done = tokio::time::timeout(Duration::from_secs(10), commit).await;
    done.expect("stranded").unwrap().unwrap();
    assert_eq!(bench.count("person").await, 1);
}

#[tokio::test]
async fn a_batch_that_is_open_when_the_store_closes_is_kept() {
    let bench = Bench::sqlite().await;
    let acme = bench.tenant("acme").await;
    let Engine::Sqlite { writer, .. } = bench.store.engine() else { panic!("SQLite") };
    let first = write_person(&bench.store, acme, 0).await;
    // The batch is left to a waiter who gives up, and next in the queue is who closes.
    let mut waiter = Box::pin(bench.store.write(acme));
    let woken = Woken::poll(waiter.as_mut());
    let mut closing = Box::pin(writer.close());
    Woken::poll(closing.as_mut());
    let commit = tokio::spawn(first.commit());
    woken.notified().await;
    drop(waiter);
    let closed = tokio::time::timeout(Duration::from_secs(10), closing).await;
    closed.expect("stranded").unwrap();
    commit.await.unwrap().unwrap();
    assert_eq!(bench.count("person").await, 1);
}

/// Told when a future that waits is handed its turn.
#[derive(Default)]
struct Woken(Notify);

impl Woken {
    /// Polls a future that has to wait, once.
    fn poll<F: Future>(future: Pin<&mut F>) -> Arc<Self> {
        let woken = Arc::new(Self::default());
        let waker = Waker::from(Arc::clone(&woken));
        assert!(future.poll(&mut Context::from_waker(&waker)).is_pending());
        woken
    }

    async fn notified(&self) {
        self.0.notified().await;
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// Polls a future once.
async fn futures_poll<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// What was found may be in a batch that is not on the disk, and that readers do not see.
#[tokio::test]
async fn who_commits_nothing_waits_for_what_they_have_found() {
    let bench = Bench::sqlite().await;
    let acme = bench.tenant("acme").await;
    let first = write_person(&bench.store, acme, 0).await;
    let mut first = Box::pin(first.commit());
    assert!(futures_poll(first.as_mut()).await.is_none(), "it is not on the disk");
    let mut second = bench.store.write(acme).await.unwrap();
    let found =
        async |rows: &mut crate::Rows| rows.person_by_username("person-0").await.unwrap().is_some();
    assert!(found(&mut second).await);
    assert!(!found(&mut bench.store.read(acme).await.unwrap()).await, "readers do not see it");
    second.commit().await.unwrap();
    assert!(found(&mut bench.store.read(acme).await.unwrap()).await);
    first.await.unwrap();
}

#[tokio::test]
async fn a_caller_that_gives_up_while_it_commits_holds_nobody_up() {
    let bench = Bench::sqlite().await;
    let acme = bench.tenant("acme").await;
    let first = write_person(&bench.store, acme, 0).await;
    let mut commit = Box::pin(first.commit());
    assert!(futures_poll(commit.as_mut()).await.is_none());
    drop(commit);
    let next = tokio::time::timeout(Duration::from_secs(10), bench.store.write(acme)).await;
    next.expect("stranded").unwrap().commit().await.unwrap();
    assert_eq!(bench.count("person").await, 1, "it was on its way");
}

#[tokio::test]
async fn a_caller_that_gives_up_while_it_begins_holds_nobody_up() {
    let bench = Bench::sqlite().await;
    let acme = bench.tenant("acme").await;
    for polls in 0..6 {
        let mut begin = Box::pin(bench.store.write(acme));
        for _ in 0..polls {
            if futures_poll(begin.as_mut()).await.is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(begin);
        let next = tokio::time::timeout(Duration::from_secs(10), bench.store.write(acme)).await;
        let mut next = next.expect("stranded").unwrap();
        next.write_person(&person(&format!("person-{polls}"))).await.unwrap();
        next.commit().await.unwrap();
    }
    assert_eq!(bench.count("person").await, 6);
}

#[tokio::test]
async fn a_caller_that_gives_up_while_it_takes_over_a_batch_undoes_nobodys_work() {
    let bench = Bench::sqlite().await;
    let acme = bench.tenant("acme").await;
    for polls in 0..6 {
        let first = write_person(&bench.store, acme, polls).await;
        let mut waiter = Box::pin(bench.store.write(acme));
        let woken = Woken::poll(waiter.as_mut());
        let commit = tokio::spawn(first.commit());
        woken.notified().await;
        for _ in 0..polls {
            if futures_poll(waiter.as_mut()).await.is_some() {
                break;
            }
        }
        drop(waiter);
        let done = tokio::time::timeout(Duration::from_secs(10), commit).await;
        done.expect("stranded").unwrap().unwrap();
    }
    assert_eq!(bench.count("person").await, 6);
}

#[tokio::test]
async fn who_comes_when_too_many_wait_is_turned_away() {
    let bench = Bench::sqlite().await;
    let acme = bench.tenant("acme").await;
    let gate = bench.store.write(acme).await.unwrap();
    let mut waiters = Vec::new();
    for _ in 0..1024 {
        let mut waiter = Box::pin(bench.store.write(acme));
        assert!(futures_poll(waiter.as_mut()).await.is_none());
        waiters.push(waiter);
    }
    let refused = futures_poll(Box::pin(bench.store.write(acme)).as_mut()).await;
    assert!(matches!(refused, Some(Err(StoreError::Busy))));
    drop(waiters);
    gate.commit().await.unwrap();
    bench.store.write(acme).await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_the_engine_ended_keeps_nothing_and_says_so() {
    let bench = Bench::sqlite().await;
    let acme = bench.tenant("acme").await;
    let mut first = write_person(&bench.store, acme, 0).await;
    let Link::SqliteWriter(turn) = &mut first.rows.link else { panic!("SQLite") };
    // As after a full disk: the engine rolls the whole transaction back by itself.
    turn.session().unwrap().run("ROLLBACK").unwrap();
    let store = bench.store.clone();
    let second = tokio::spawn(async move { write_person(&store, acme, 2).await.commit().await });
    until_waiting(&bench.store, 1).await;
    let lost = first.commit().await;
    assert!(matches!(lost, Err(StoreError::Spoiled)), "{lost:?}");
    second.await.unwrap().unwrap();
    assert_eq!(bench.count("person").await, 1);
    write_person(&bench.store, acme, 1).await.commit().await.unwrap();
    assert_eq!(bench.count("person").await, 2);
}

#[tokio::test]
async fn a_statement_after_a_failed_one_is_refused_on_both_engines() {
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        let cast = bench.cast("acme").await;
        let mut writing = cast.write().await;
        writing.write_person(&person("ADA@example.com")).await.unwrap_err();
        let until = cast.store.now().await.unwrap().plus(Duration::from_secs(60));
        let refused = writing.spend(&hash("state"), until).await;
        assert!(matches!(refused, Err(StoreError::Spoiled)), "{refused:?}");
        assert!(matches!(writing.commit().await, Err(StoreError::Spoiled)));
    }
}
