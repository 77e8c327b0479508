//! The only place that draws random bytes and reads the system clock.

use std::time::SystemTime;

use aws_lc_rs::rand;
use identity::Moment;
use secrets::Token;
use uuid::{Builder, Uuid};

/// `N` random bytes from the operating system's generator.
///
/// # Panics
///
/// When the operating system has no randomness: nothing that goes on without it can be right.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "going on without randomness would be worse")]
    rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A fresh token.
pub(crate) fn token() -> Token {
    Token::new(bytes())
}

/// A fresh id, ordered by time (`UUIDv7`).
pub(crate) fn id() -> Uuid {
    let now = u64::try_from(unix_time().as_millis()).unwrap_or(u64::MAX);
    Builder::from_unix_timestamp_millis(now, &bytes()).into_uuid()
}

/// The present, for what is not judged by the database's clock: other people's tokens, pages.
#[expect(clippy::disallowed_methods, reason = "the program is who reads the clock")]
pub(crate) fn system_time() -> SystemTime {
    SystemTime::now()
}

/// [`system_time`] as a [`Moment`].
pub(crate) fn now() -> Moment {
    Moment(i64::try_from(unix_time().as_micros()).unwrap_or(i64::MAX))
}

fn unix_time() -> std::time::Duration {
    system_time().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
