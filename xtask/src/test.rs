//! `cargo xtask test`: runs every test program, several at once.
//!
//! `cargo test` runs them one after the other, and some of ours wait: for a reader, a browser, a person who
//! takes a second. So as many run here at once as there are cores, and no more: most compute, and what is
//! to happen within a minute must do so.

mod build;
mod job;
mod pool;

use crate::bench::{cargo, succeeds};
use build::Program;
use job::{Database, Job};

/// What runs once more on PostgreSQL, of what has a database: one of each kind. The store's own tests run
/// on both engines in any case.
const ON_POSTGRES: &[&str] = &["canary", "lifted", "nodes", "oidc", "postgres", "sign_in"];

/// What does so with `--all`.
const ALSO_ON_POSTGRES: &[&str] = &[
    "agent_real",
    "by_agent",
    "console",
    "eam",
    "entra_setup",
    "guide",
    "negatives",
    "no_way_around",
    "oidf",
    "paired",
    "quiet",
    "smart_cards",
];

/// Names of tests that go through so many orders and moments that they take minutes: with `--all`, or by
/// the name of their program.
const LONG: &[&str] = &["killed_at_every_send", "spliced::in_whatever_order"];

/// Builds and runs all tests but those in a virtual machine; `true` when none is red. With `words`, only
/// those programs whose name has one of them, and all of their tests; with `--all` among them, all there is.
pub(crate) fn run(words: &[&str]) -> bool {
    let (all, words): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| **word == "--all");
    let Some(programs) = build::programs() else { return false };
    let listed = || ON_POSTGRES.iter().chain(ALSO_ON_POSTGRES);
    let is_there = |name: &str| programs.iter().any(|one| one.is_whole && one.name == name);
    if let Some(name) = listed().find(|name| !is_there(name)) {
        println!("no test is called {name}: the lists of those on PostgreSQL are out of date");
        return false;
    }
    let is_meant = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
    let most = if all.is_empty() { ON_POSTGRES.len() } else { usize::MAX };
    let twice = |program: &Program| {
        program.is_whole && listed().take(most).any(|name| program.name == *name)
    };
    let again = programs.iter().filter(|program| twice(program)).cloned();
    let skipped = if all.is_empty() && words.is_empty() { LONG } else { &[] };
    let job = |database| move |program| Job { program, database, skipped };
    let again = again.map(job(Database::Postgres));
    let once = programs.iter().cloned().map(job(Database::Sqlite));
    let jobs: Vec<Job> = again.chain(once).filter(|job| is_meant(&job.program.name)).collect();
    let begun = job::now();
    let count = jobs.len();
    let red = pool::run(jobs);
    println!("{count} test programs in {} s", begun.elapsed().as_secs());
    for job in &red {
        println!("red: {job}");
    }
    let examples = !words.is_empty()
        || succeeds(cargo().args(["test", "--workspace", "--locked", "--doc", "--quiet"]));
    red.is_empty() && examples
}
