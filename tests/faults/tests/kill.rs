//! The server is killed at every call that matters, and nothing is lost, doubled or half done.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

use std::path::PathBuf;

use faults::{Outcome, SENDS, SYNCS, Sweep};

fn cardea() -> PathBuf {
    env!("CARGO_BIN_EXE_cardea-under-test").into()
}

async fn sweep(calls: &[&'static str], postgres: bool) {
    let mut kills = 0;
    for call in calls {
        let sweep = Sweep::prepare(cardea(), call, postgres).await.unwrap();
        let (outcomes, threads) = sweep.run().await.unwrap();
        println!("{call}, postgres {postgres}: {threads:?} in the run that completed");
        for outcome in &outcomes {
            println!("  {outcome:?}");
        }
        // strace counts the calls of each thread apart: those of a second one would not be hit. On
        // PostgreSQL the thread that starts the server may speak to the database too, and first.
        assert!(threads.len() <= 1 || postgres, "{call}: {threads:?}");
        let killed = |(_, outcome): &&(usize, Outcome)| *outcome != Outcome::Completed;
        let until = outcomes.iter().take_while(killed).count();
        // Each call that the undisturbed run made has its own run, in which it was the last one. How
        // often PostgreSQL's connections are looked after differs from run to run, by a few calls.
        let made = threads.first().copied().unwrap_or(0);
        assert!(if postgres { made <= until } else { made == until }, "{call}: {outcomes:?}");
        kills += until;
    }
    assert!(kills > 3, "{kills} calls are no flow");
}

#[tokio::test]
async fn killed_at_every_wait_for_the_disk_nothing_is_lost_doubled_or_half_done() {
    sweep(SYNCS, false).await;
}

#[tokio::test]
async fn killed_at_every_send_nothing_is_lost_doubled_or_half_done() {
    sweep(SENDS, false).await;
}

#[tokio::test]
async fn killed_at_every_send_to_browsers_and_to_postgresql_nothing_is_lost_doubled_or_half_done() {
    sweep(SENDS, true).await;
}
