//! The server is killed at every call that matters, and nothing is lost, doubled or half done.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "what goes wrong here is a red test"
)]

use std::path::PathBuf;

use faults::{Fault, Outcome, Sweep};

fn cardea() -> PathBuf {
    env!("CARGO_BIN_EXE_cardea-under-test").into()
}

/// `most` of the numbers from 1 to `last`, evenly, with both ends.
fn sample(last: usize, most: usize) -> Vec<usize> {
    if last <= most {
        return (1..=last).collect();
    }
    (0..most).map(|index| 1 + index * (last - 1) / (most - 1)).collect()
}

async fn sweep(fault: Fault, postgres: bool, most: usize) {
    let sweep = Sweep::prepare(cardea(), fault, postgres).await.unwrap();
    let calls = sweep.calls().await.unwrap();
    let mut chosen = sample(calls, most);
    // One more than there are: the control run, in which nobody is killed.
    chosen.push(calls + 50);
    let outcomes = sweep.run(&chosen).await.unwrap();
    let completed = outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Completed).count();
    println!("{fault:?}, postgres {postgres}: {calls} calls, {} kills", outcomes.len() - completed);
    for outcome in &outcomes {
        println!("  {outcome:?}");
    }
    assert!(calls > 3, "{calls} calls are no flow");
    assert_eq!(outcomes.last().map(|(_, outcome)| *outcome), Some(Outcome::Completed));
    // Those at the end belong to the shutdown, and each kind of call is counted by itself.
    assert!(completed * 3 <= outcomes.len(), "too many runs were not disturbed: {outcomes:?}");
}

#[tokio::test]
async fn killed_at_any_wait_for_the_disk_nothing_is_lost_doubled_or_half_done() {
    sweep(Fault::Sync, false, 64).await;
}

#[tokio::test]
async fn killed_at_any_send_nothing_is_lost_doubled_or_half_done() {
    sweep(Fault::Send, false, 64).await;
}

#[tokio::test]
async fn killed_at_sends_to_browsers_and_to_postgresql_nothing_is_lost_doubled_or_half_done() {
    sweep(Fault::Send, true, 24).await;
}
