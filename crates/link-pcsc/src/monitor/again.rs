//! The list of readers once more, when a wait has begun.
//!
//! A wait tells of readers that come after its beginning, and the list before it has those that
//! were there when it was read. One that comes in between is in neither: pcsc-lite counts the
//! readers anew at the beginning of each wait, and takes no count from its caller before 2.3. So the
//! list is read again while the wait is under way, on another connection, for one serves one call at
//! a time; from then on nothing is missed, and nobody is woken who has no news.

use std::sync::Arc;
use std::time::Duration;

use super::shared::Shared;
use crate::service::{Connection, Service};

/// So long after a wait was asked for it has begun; and once more, for a machine that is very busy.
pub(super) const BEGUN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(9)];

pub(super) struct Again<S: Service> {
    pub(super) service: Arc<S>,
    pub(super) shared: Arc<Shared<S::Connection>>,
    pub(super) begun: [Duration; 2],
}

impl<S: Service> Again<S> {
    /// Looks once more after the beginning of each wait, until the end.
    pub(super) fn run(self) {
        let mut last = 0;
        while let Some(wait) = self.shared.next_wait(last) {
            last = wait;
            for pause in self.begun {
                let Some(known) = self.shared.known_after(pause, wait) else { break };
                // A service that does not answer ends the wait by itself.
                let there = self.service.connect().and_then(|connection| connection.names());
                if there.is_ok_and(|there| sorted(there) != sorted(known)) {
                    self.shared.interrupt(wait);
                    break;
                }
            }
        }
    }
}

fn sorted<T: Ord>(mut names: Vec<T>) -> Vec<T> {
    names.sort();
    names
}
