//! Random bytes of the operating system.

use aws_lc_rs::rand;

/// The generator gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no random bytes to be had")]
pub struct NoRandomness;

/// Fills `bytes`.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    rand::fill(bytes).map_err(|_| NoRandomness)
}

/// Fills `bytes` for a ceremony or an errand, on a thread of its own.
///
/// # Panics
///
/// Without randomness: the thread ends, and what it does with it.
#[expect(clippy::expect_used, reason = "without randomness this thread and what it does end")]
pub(crate) fn entropy(bytes: &mut [u8]) {
    fill(bytes).expect("the system has randomness");
}

/// An array of random bytes.
pub(crate) fn array<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}
