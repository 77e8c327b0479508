//! What a holder does with an authenticator besides signing: see what is on it, keep its PIN, its
//! credentials and its fingerprints, and start again from nothing.
//!
//! One [`Management`] per authenticator and task. Each method is one errand: it asks the
//! [`Person`] for what the authenticator demands, takes a token that is good for this errand
//! alone, and lets other programs in again when it is done.

mod credentials;
mod error;
mod fingerprints;
mod inspection;
mod settings;
mod words;

pub use credentials::{CredProtect, Stored, StoredCredential};
pub use error::{Ability, ManagementError};
pub use inspection::{Inspection, PinState, Uv};

pub use crate::bio_enrollment::{Fingerprint, Sample, SampleStatus, Sensor, SensorKind};

use crate::ceremony::Run;
use crate::ceremony::verification::{Method, Scope, Token};
use crate::client_pin::Permissions;
use crate::pin_uv::{Entropy, PinUvAuthToken};
use crate::{CeremonyError, CeremonyLink, Control, Leave, Person, get_info};

/// The errands of a holder with the authenticator behind one link.
pub struct Management<'r, 'c>(Run<'r, 'c>);

impl<'r, 'c> Management<'r, 'c> {
    /// For the authenticator behind `link`, and the person in front of the computer.
    pub fn new(
        link: &'r mut dyn CeremonyLink,
        person: &'r mut dyn Person,
        control: &'r mut Control<'c>,
        entropy: &'r mut Entropy<'r>,
    ) -> Self {
        Self(Run::new(link, person, control, entropy))
    }

    /// Does one errand; however it ends, the authenticator forgets that it knew the person.
    fn errand<T>(
        &mut self,
        errand: impl FnOnce(&mut Run<'r, 'c>) -> Result<T, ManagementError>,
    ) -> Result<T, ManagementError> {
        let result = errand(&mut self.0);
        self.0.end(Leave::Reset);
        result
    }
}

impl std::fmt::Debug for Management<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Management").finish_non_exhaustive()
    }
}

/// A token with `permission`, by the authenticator's own verification or the PIN. Afterwards the
/// transaction has begun.
fn token(
    run: &mut Run<'_, '_>,
    info: &get_info::Response,
    permissions: Permissions,
) -> Result<PinUvAuthToken, ManagementError> {
    let method = method(info, permissions)?;
    let verified = run.verify(method, info, Scope { permissions, rp_id: None })?;
    Ok(verified.token.ok_or(CeremonyError::NoUserVerification)?)
}

/// How the person is verified for `permission`, CTAP 2.1 §6.5.5.7.
fn method(info: &get_info::Response, permission: Permissions) -> Result<Method, CeremonyError> {
    let permissions = info.has("pinUvAuthToken");
    let by_uv = match permission {
        Permissions::BioEnrollment => info.has("uvBioEnroll"),
        Permissions::AuthenticatorConfiguration => info.has("uvAcfg"),
        _ => true,
    };
    if permissions && by_uv && info.has("uv") {
        return Ok(Method::UvToken);
    }
    match info.option("clientPin") {
        Some(true) if info.force_pin_change => Err(CeremonyError::PinChangeRequired),
        Some(true) if permissions => Ok(Method::PinToken(Token::WithPermissions)),
        Some(true) => Ok(Method::PinToken(Token::Legacy)),
        Some(false) => Err(CeremonyError::NoPinSet),
        None => Err(CeremonyError::NoUserVerification),
    }
}

#[cfg(test)]
mod tests;
