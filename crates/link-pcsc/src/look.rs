//! One look at the readers, for programs that do not stay.

use std::time::{Duration, Instant};

use pcsc::{ReaderState, State};

use crate::Event;
use crate::readers::{Observation, Readers};
use crate::service::{Connection as _, Pcsc, Service as _};

/// Why there was nothing to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The system forbids this user, or a session that is not at the screen, to use the service.
    #[error(
        "not allowed to use the smart card service; on Linux see polkit, \
         org.debian.pcsc-lite.access_pcsc"
    )]
    Forbidden,
    /// The service is not there, or does not answer.
    #[error("no answer of the smart card service")]
    Down(#[source] pcsc::Error),
}

impl From<pcsc::Error> for ServiceError {
    fn from(error: pcsc::Error) -> Self {
        match error {
            pcsc::Error::SecurityViolation | pcsc::Error::NoAccess => Self::Forbidden,
            other => Self::Down(other),
        }
    }
}

/// What is there now: an [`Event::ReaderAdded`] for each reader, then an [`Event::CardInserted`] or
/// [`Event::CardUnresponsive`] for each card. Nothing is sent to any card.
///
/// # Errors
///
/// See [`ServiceError`].
#[expect(clippy::disallowed_methods, reason = "this is a device adapter: it looks now")]
pub fn look() -> Result<Vec<Event>, ServiceError> {
    let context = Pcsc.connect()?;
    let names = context.names()?;
    let (mut readers, mut events) = (Readers::default(), Vec::new());
    readers.list(&names, &mut events);
    let unaware = |name| ReaderState::new(name, State::UNAWARE);
    let mut states: Vec<_> = names.iter().cloned().map(unaware).collect();
    // Without a reader there is nothing to ask for, which the service calls an error.
    if !states.is_empty() {
        context.get_status_change(Duration::ZERO, &mut states)?;
    }
    let now = Instant::now();
    for state in &states {
        readers.observe(state.name(), &Observation::of(state), now, &mut events);
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_forbids_is_not_one_that_is_down() {
        for error in [pcsc::Error::SecurityViolation, pcsc::Error::NoAccess] {
            assert_eq!(ServiceError::from(error), ServiceError::Forbidden);
        }
        let down = ServiceError::Down(pcsc::Error::NoService);
        assert_eq!(ServiceError::from(pcsc::Error::NoService), down);
    }
}
