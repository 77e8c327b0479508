//! Why a provider, or a list, cannot be reached: for whoever reads the log at night, once a minute for each
//! origin, because strangers can have us call as often as they like.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So long nothing more is written of one origin.
const PAUSE: Duration = Duration::from_secs(60);

/// So many origins are remembered; administrators choose them, and nobody has so many.
const MOST: usize = 256;

/// When each origin was last told of.
#[derive(Default)]
pub(crate) struct Told(Mutex<HashMap<String, Instant>>);

/// What was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    /// A provider, or its directory.
    Provider,
    /// An authority, for its list of revoked certificates.
    List,
    /// An application, to be told of a logout.
    Application,
}

impl Called {
    fn words(self) -> &'static str {
        match self {
            Self::Provider => "a provider cannot be reached",
            Self::List => "a list of revoked certificates cannot be fetched",
            Self::Application => "an application cannot be told of a logout",
        }
    }
}

impl Told {
    /// Writes the line, unless there was one within a minute.
    pub(crate) fn once(&self, called: Called, origin: &str, why: &str) {
        if self.is_due(origin, Instant::now()) {
            tracing::warn!(origin, why, "{}", called.words());
        }
    }

    fn is_due(&self, origin: &str, now: Instant) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        let last = all.get(origin).copied();
        let due = last.is_none_or(|last| now.duration_since(last) >= PAUSE);
        if due {
            all.insert(origin.to_owned(), now);
        }
        due
    }
}

/// The innermost cause: the name, the network or the certificate. The client's own text names the
/// whole address; it is not passed on.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_told_of_once_a_minute_and_others_beside_it() {
        let (told, now) = (Told::default(), Instant::now());
        let later = |seconds| now.checked_add(Duration::from_secs(seconds)).unwrap();
        assert!(told.is_due("https://a.example", now));
        assert!(!told.is_due("https://a.example", later(59)));
        assert!(told.is_due("https://b.example", later(59)));
        assert!(told.is_due("https://a.example", later(60)));
        assert!(!told.is_due("https://a.example", later(61)));
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let (told, now) = (Told::default(), Instant::now());
        for number in 0..2 * MOST {
            told.is_due(&number.to_string(), now);
        }
        assert!(told.0.lock().unwrap().len() <= MOST);
    }

    #[test]
    fn the_innermost_cause_is_told() {
        let inner = std::io::Error::other("connection refused");
        let outer = std::io::Error::other(std::io::Error::other(inner));
        assert_eq!(innermost(&outer), "connection refused");
    }
}
