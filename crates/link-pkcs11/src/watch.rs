use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use authenticator::Until;

use crate::message::TokenId;
use crate::module::Modules;
use crate::process::{ChildError, SLICE, now};

/// How long a child may take to load its module and to look at all readers for the first time.
const FIRST_LOOK: Duration = Duration::from_secs(20);
/// Nobody watches longer than this.
const WATCH: Duration = Duration::from_hours(1);
/// A module that crashes so often is not tried again in this watch.
const MOST_CRASHES: usize = 3;

/// Changes that are told in a [`WINDOW`]: more than hands make. Each has the cards looked at anew.
const MOST_CHANGES: usize = 8;
/// How long a change counts.
const WINDOW: Duration = Duration::from_secs(4);

/// What comes and goes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// Tokens that were there when the watch began. Told once, also when there is none.
    Found(Vec<TokenId>),
    /// A token has come.
    Arrived(TokenId),
    /// A token has gone.
    Left(TokenId),
    /// Nothing more is told.
    Ended(ChildError),
}

/// Tells of tokens until it is dropped; then the child ends, too.
pub struct Watch {
    cancel: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(crate) fn start(
        modules: Modules,
        mut on_event: impl FnMut(Event) + Send + 'static,
    ) -> io::Result<Self> {
        let cancel = Arc::<AtomicBool>::default();
        let flag = Arc::clone(&cancel);
        let thread = std::thread::Builder::new().name("pkcs11-watch".into()).spawn(move || {
            let mut known = None;
            let mut crashes = 0;
            let mut pace = Pace::default();
            while let Err(error) = follow(&modules, &flag, &mut pace, &mut known, &mut on_event) {
                let again = matches!(error, ChildError::Crashed) && crashes < MOST_CRASHES;
                if !again {
                    if !matches!(error, ChildError::Cancelled) {
                        on_event(Event::Ended(error));
                    }
                    break;
                }
                crashes = crashes.saturating_add(1);
            }
        })?;
        Ok(Self { cancel, thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::Release);
        // It notices within a moment, and nothing is told afterwards.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Tells of changes until it fails, which it does when it is cancelled.
fn follow(
    modules: &Modules,
    cancel: &AtomicBool,
    pace: &mut Pace,
    known: &mut Option<Vec<TokenId>>,
    on_event: &mut dyn FnMut(Event),
) -> Result<(), ChildError> {
    let until = |limit| Until { deadline: now().checked_add(limit).unwrap_or_else(now), cancel };
    let (mut child, _) = modules.start(until(FIRST_LOOK))?;
    let mut tokens = child.tokens(None, until(FIRST_LOOK))?;
    loop {
        match known.take() {
            None => on_event(Event::Found(tokens.clone())),
            Some(before) => {
                let gone = before.iter().filter(|token| !tokens.contains(token));
                gone.for_each(|token| on_event(Event::Left(token.clone())));
                let new = tokens.iter().filter(|token| !before.contains(token));
                new.for_each(|token| on_event(Event::Arrived(token.clone())));
            }
        }
        *known = Some(tokens.clone());
        pace.keep(cancel)?;
        tokens = child.tokens(Some(&tokens), until(WATCH))?;
    }
}

/// The recent changes. A module whose list changes without end is asked less often, and loses nothing by
/// it: what has changed meanwhile is seen when it is asked.
#[derive(Default)]
struct Pace(VecDeque<Instant>);

impl Pace {
    /// A change was told: waits until there is room for the next.
    fn keep(&mut self, cancel: &AtomicBool) -> Result<(), ChildError> {
        self.0.push_back(now());
        while self.0.len() >= MOST_CHANGES {
            let age = self.0.front().map_or(WINDOW, |at| now().saturating_duration_since(*at));
            if age >= WINDOW {
                self.0.pop_front();
            } else if cancel.load(Ordering::Acquire) {
                return Err(ChildError::Cancelled);
            } else {
                sleep(SLICE.min(WINDOW.saturating_sub(age)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
