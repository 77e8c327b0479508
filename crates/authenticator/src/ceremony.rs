//! Whole ceremonies with one authenticator over one link.

mod authenticate;
mod error;
mod lists;
pub(crate) mod pin;
mod register;
pub(crate) mod verification;
mod words;

pub use authenticate::authenticate;
pub use error::CeremonyError;
pub(crate) use lists::{batches, length as request_length};
pub(crate) use register::discoverable;
pub use register::register;

use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use crate::auth_data::AuthenticatorData;
use crate::client_data;
use crate::pin_uv::{Entropy, PinUvAuthToken, PlatformKey};
use crate::{CeremonyLink, Command, CommandError, Control, Leave, LinkError, Person, Until};
use crate::{execute, get_info};

/// Shortest challenge in bytes (WebAuthn §13.4.3).
const MIN_CHALLENGE: usize = 16;

/// One ceremony under way. However it ends, the link is told that it has ended.
pub(crate) struct Run<'r, 'c> {
    link: &'r mut dyn CeremonyLink,
    pub(crate) person: &'r mut dyn Person,
    control: &'r mut Control<'c>,
    entropy: &'r mut Entropy<'r>,
    begun: bool,
    /// The platform's key of the next key agreement, where it was made ahead.
    platform_key: Option<PlatformKey>,
}

impl Drop for Run<'_, '_> {
    fn drop(&mut self) {
        self.end(Leave::Reset);
    }
}

impl<'r, 'c> Run<'r, 'c> {
    pub(crate) fn new(
        link: &'r mut dyn CeremonyLink,
        person: &'r mut dyn Person,
        control: &'r mut Control<'c>,
        entropy: &'r mut Entropy<'r>,
    ) -> Self {
        Self { link, person, control, entropy, begun: false, platform_key: None }
    }
    /// Runs one command, unless the ceremony is void by now.
    pub(crate) fn command<C: Command>(&mut self, command: &C) -> Result<C::Response, CommandError> {
        if self.cancelled() {
            return Err(LinkError::Cancelled.into());
        }
        execute(self.link, command, self.control)
    }

    /// Runs one command although the ceremony may be void: it cleans up.
    ///
    /// The link may refuse it all the same; it has been told to stop.
    pub(crate) fn last_command<C: Command>(
        &mut self,
        command: &C,
    ) -> Result<C::Response, CommandError> {
        let never = AtomicBool::new(false);
        let mut control = Control {
            deadline: self.control.deadline,
            cancel: &never,
            on_keepalive: &mut *self.control.on_keepalive,
        };
        execute(self.link, command, &mut control)
    }

    pub(crate) fn info(&mut self) -> Result<get_info::Response, CeremonyError> {
        let info = self.command(&get_info::Request)?;
        if info.speaks_ctap2() { Ok(info) } else { Err(CeremonyError::NotCtap2) }
    }

    /// Keeps other programs off the authenticator from now on.
    pub(crate) fn begin(&mut self) -> Result<(), CommandError> {
        if self.cancelled() {
            return Err(LinkError::Cancelled.into());
        }
        if !self.begun {
            self.link.begin(self.control)?;
            self.begun = true;
        }
        Ok(())
    }

    pub(crate) fn end(&mut self, leave: Leave) {
        self.begun = false;
        self.link.end(leave);
    }

    fn cancelled(&self) -> bool {
        self.control.cancel.load(Ordering::Acquire)
    }

    pub(crate) fn until(&self) -> Until<'c> {
        Until { deadline: self.control.deadline, cancel: self.control.cancel }
    }

    /// What it means that the person gave no answer.
    pub(crate) fn unanswered(&self) -> CeremonyError {
        if self.cancelled() { CeremonyError::Cancelled } else { CeremonyError::Declined }
    }
}

/// How the person was verified, and what goes into the command because of it.
pub(crate) struct Verified {
    /// A PIN/UV token, where one was asked for.
    pub(crate) token: Option<PinUvAuthToken>,
    /// The option `uv`, for an authenticator that has it, in a command without a token.
    uv: Option<bool>,
}

impl Verified {
    /// Whether the answer must say that the person was verified.
    fn is_promised(&self) -> bool {
        self.token.is_some() || self.uv == Some(true)
    }
}

/// Refuses a request that no relying party may make, before any device hears of it.
fn check_request(origin: &str, rp_id: &str, challenge: &[u8]) -> Result<(), CeremonyError> {
    if !client_data::may_use(origin, rp_id) {
        return Err(CeremonyError::OriginNotAllowed);
    }
    if challenge.len() < MIN_CHALLENGE {
        return Err(CeremonyError::Request("the challenge is shorter than 16 bytes"));
    }
    Ok(())
}

/// Compares what the authenticator signed with what it was asked for. The relying party does so
/// again; here it keeps an answer of the wrong authenticator off the network.
fn check_answer(
    data: &AuthenticatorData,
    rp_id: &str,
    verified: &Verified,
) -> Result<(), CeremonyError> {
    if data.rp_id_hash != <[u8; 32]>::from(Sha256::digest(rp_id)) {
        return Err(CeremonyError::Inconsistent("it is for another relying party"));
    }
    if !data.user_present {
        return Err(CeremonyError::Inconsistent("nobody was present"));
    }
    if verified.is_promised() && !data.user_verified {
        return Err(CeremonyError::Inconsistent("the person was not verified"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
