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

/// An array of random bytes.
pub(crate) fn array<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}
