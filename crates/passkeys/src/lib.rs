//! Turns a WebAuthn ceremony's answer into a new passkey or into a person's assertion: our rules
//! on top of webauthn-rs, and the checks that it leaves to its caller.
//!
//! It keeps nothing, does no I/O and reads no clock. It draws randomness in one place only:
//! webauthn-rs makes the 32 bytes of a challenge itself, inside the `start_*` functions.
//! Source: WebAuthn Level 3 §7.1 and §7.2.
//!
//! # Left to the caller
//!
//! - **Single use and expiry**: the same response verifies twice against one state. The caller
//!   takes the state out of its table (or spends the challenge) in the transaction that makes use
//!   of the answer, and lets no answer count after [`CHALLENGE_LIFE`].
//! - **The counter**: [`StoredPasskey::counter`] is compared here with what was stored when the
//!   ceremony began, which two answers at once would both pass. The caller compares and swaps
//!   [`Assertion::counter`] in that same transaction, and skips it when both are 0.
//! - **Uniqueness**: a credential id belongs to one passkey of the tenant (§7.1 step 26).
//! - **Tenant and revocation**: a passkey is looked up by tenant and credential id, and one that
//!   was revoked is not handed in.
//!
//! The way in is [`Passkeys`].

mod authentication;
mod authenticator_data;
mod client_data;
mod error;
mod options;
mod registration;
mod response;

use std::time::Duration;

use url::Url;
use webauthn_rs::prelude::{Webauthn, WebauthnBuilder};

pub use authentication::{Assertion, Identified, StoredPasskey};
pub use error::PasskeyError;
pub use options::{AgentCeremony, AgentOptions, Begun, Descriptor, Hint};
pub use registration::NewPasskey;
pub use response::MAX_RESPONSE;

/// A challenge lives so long; browsers are told the same.
pub const CHALLENGE_LIFE: Duration = Duration::from_secs(120);

/// A relying party: one per installation.
#[derive(Clone, Debug)]
pub struct Passkeys {
    webauthn: Webauthn,
    /// As browsers write it into client data: scheme, host, and the port if it is not the
    /// scheme's own.
    origin: String,
}

impl Passkeys {
    /// A relying party whose pages are at exactly one origin: no subdomain of it, no other port.
    ///
    /// # Errors
    ///
    /// [`PasskeyError::Configuration`] if `rp_id` is not the origin's host or a parent domain of
    /// it, or the host is an address.
    pub fn new(rp_id: &str, origin: &Url, rp_name: &str) -> Result<Self, PasskeyError> {
        let webauthn = WebauthnBuilder::new(rp_id, origin)?
            .rp_name(rp_name)
            .timeout(CHALLENGE_LIFE)
            .allow_subdomains(false)
            .allow_any_port(false)
            .build()?;
        Ok(Self { webauthn, origin: origin.origin().ascii_serialization() })
    }
}

#[cfg(test)]
mod tests;
