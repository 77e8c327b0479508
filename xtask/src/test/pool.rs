//! Several test programs at once.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use super::job::{Done, Job};

/// Runs all of them, prints what each has said when it ends, and returns those that are red.
pub(super) fn run(jobs: Vec<Job>) -> Vec<Job> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let jobs = Mutex::new(VecDeque::from(jobs));
    let (ended, ends) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..workers {
            let (jobs, ended) = (&jobs, ended.clone());
            scope.spawn(move || {
                while let Some(job) = next(jobs) {
                    if ended.send(job.run()).is_err() {
                        return;
                    }
                }
            });
        }
        drop(ended);
        ends.iter().filter_map(tell).collect()
    })
}

fn next(jobs: &Mutex<VecDeque<Job>>) -> Option<Job> {
    let mut jobs: MutexGuard<'_, _> = jobs.lock().unwrap_or_else(PoisonError::into_inner);
    jobs.pop_front()
}

/// Prints how it was; the job, when it is red.
fn tell(done: Done) -> Option<Job> {
    let Done { job, passed, said, time } = done;
    let word = if passed { "ok" } else { "FAILED" };
    println!("     Running {job}\n{said}{job}: {word} after {} s\n", time.as_secs());
    (!passed).then_some(job)
}
