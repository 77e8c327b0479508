//! How the authenticator finds out who the person is, CTAP 2.1 §6.1.1 and §6.2.1: its own
//! verification where it has one, else the PIN.

use super::pin::is;
use super::{CeremonyError, Run, Verified};
use crate::client_pin::{GetToken, Permissions};
use crate::pin_uv::PinUvAuthToken;
use crate::{Leave, PinUvAuthProtocol, Status, UserVerification, get_info};

/// The most tries that its own verification gets before the PIN, whatever it prefers.
const MAX_UV_ATTEMPTS: u32 = 5;

/// What the verification is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A new credential, discoverable or not.
    Register { discoverable: bool },
    /// A signature.
    Authenticate,
}

/// The way that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// The person is not verified.
    None,
    /// The authenticator does it by itself, told by the option `uv` (CTAP 2.0).
    BuiltIn,
    /// The authenticator does it by itself, and gives a token.
    UvToken,
    /// The PIN, for a token.
    PinToken(Token),
    /// The person chooses a PIN first.
    SetPin(Token),
}

/// Which kind of token a PIN gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// For one relying party and one purpose.
    WithPermissions,
    /// For everything (CTAP 2.0).
    Legacy,
}

/// Chooses the way from what the authenticator can and what the relying party wants.
pub(crate) fn choose(
    info: &get_info::Response,
    wish: UserVerification,
    purpose: Purpose,
) -> Result<Method, CeremonyError> {
    if !is_wanted(info, wish, purpose) {
        return Ok(Method::None);
    }
    let permissions = info.has("pinUvAuthToken");
    if info.has("uv") {
        return Ok(if permissions { Method::UvToken } else { Method::BuiltIn });
    }
    let token = if permissions { Token::WithPermissions } else { Token::Legacy };
    let pin_gives_no_token = permissions && info.has("noMcGaPermissionsWithClientPin");
    let needed = wish == UserVerification::Required || info.has("alwaysUv");
    match (info.option("clientPin").filter(|_| !pin_gives_no_token), purpose) {
        (Some(true), _) if info.force_pin_change => Err(CeremonyError::PinChangeRequired),
        (Some(true), _) => Ok(Method::PinToken(token)),
        (Some(false), Purpose::Register { .. }) => Ok(Method::SetPin(token)),
        (Some(false), Purpose::Authenticate) if needed => Err(CeremonyError::NoPinSet),
        (None, _) if needed => Err(CeremonyError::NoUserVerification),
        (Some(false) | None, _) => Ok(Method::None),
    }
}

fn is_wanted(info: &get_info::Response, wish: UserVerification, purpose: Purpose) -> bool {
    let protected = info.has("uv") || info.has("clientPin");
    match (wish, purpose) {
        (UserVerification::Required | UserVerification::Preferred, _) => true,
        _ if info.has("alwaysUv") => true,
        (_, Purpose::Authenticate) => false,
        // A protected authenticator makes no credential without, unless it says that it does.
        (_, Purpose::Register { discoverable }) => {
            protected && (discoverable || !info.has("makeCredUvNotRqd"))
        }
    }
}

/// What a token is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) permissions: Permissions,
    /// Whom the token is bound to. `None` where the permission concerns the whole authenticator.
    pub(crate) rp_id: Option<&'a str>,
}

impl Run<'_, '_> {
    /// Has the person verified by `method`. Afterwards the transaction has begun.
    pub(crate) fn verify(
        &mut self,
        method: Method,
        info: &get_info::Response,
        scope: Scope<'_>,
    ) -> Result<Verified, CeremonyError> {
        let token = match method {
            Method::None | Method::BuiltIn => None,
            Method::UvToken => Some(self.uv_or_pin_token(info, scope)?),
            Method::PinToken(kind) => Some(self.ask_for_pin(protocol(info)?, kind, scope)?),
            Method::SetPin(kind) => Some(self.set_pin(info, kind, scope)?),
        };
        self.begin()?;
        // Where the authenticator has the option it is always said; never beside a token.
        let says_uv = info.option("uv").is_some() && token.is_none();
        Ok(Verified { uv: says_uv.then_some(method == Method::BuiltIn), token })
    }

    /// A token by the authenticator's own verification; where that fails, by the PIN.
    fn uv_or_pin_token(
        &mut self,
        info: &get_info::Response,
        scope: Scope<'_>,
    ) -> Result<PinUvAuthToken, CeremonyError> {
        let protocol = protocol(info)?;
        let attempts = info.preferred_platform_uv_attempts.unwrap_or(1);
        let mut left = attempts.clamp(1, MAX_UV_ATTEMPTS);
        loop {
            left = left.saturating_sub(1);
            self.begin()?;
            let secret = self.shared_secret(protocol)?;
            self.person.touch_needed();
            let request = GetToken::using_uv(&secret, scope.permissions, scope.rp_id);
            match self.command(&request) {
                Ok(encrypted) => return Ok(secret.token(&encrypted)?),
                Err(error) if left > 0 && is(&error, &[Status::UV_INVALID]) => {}
                Err(error)
                    if pin_helps(info, scope)
                        && is(&error, &[Status::UV_INVALID, Status::UV_BLOCKED]) =>
                {
                    self.end(Leave::AsIs);
                    return self.ask_for_pin(protocol, Token::WithPermissions, scope);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Whether a PIN gives the token that the built-in verification does not.
fn pin_helps(info: &get_info::Response, scope: Scope<'_>) -> bool {
    let refused = scope.rp_id.is_some() && info.has("noMcGaPermissionsWithClientPin");
    info.has("clientPin") && !refused
}

pub(crate) fn protocol(info: &get_info::Response) -> Result<PinUvAuthProtocol, CeremonyError> {
    PinUvAuthProtocol::choose(info).ok_or(CeremonyError::NoUserVerification)
}

#[cfg(test)]
mod tests;
