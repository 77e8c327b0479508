//! How the authenticator finds out who the person is, CTAP 2.1 §6.1.1 and §6.2.1: its own
//! verification where it has one, else the PIN.

use super::pin::is;
use super::{CeremonyError, Run, Verified};
use crate::client_pin::{GetToken, GetUvRetries, Permissions};
use crate::pin_uv::PinUvAuthToken;
use crate::{
    CommandError, FingerError, FingerPrompt, Leave, PinUvAuthProtocol, Status, UserVerification,
    get_info,
};

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
            Method::PinToken(kind) => Some(self.ask_for_pin(protocol(info)?, kind, scope, None)?),
            Method::SetPin(kind) => Some(self.set_pin(info, kind, scope)?),
        };
        self.begin()?;
        // Where the authenticator has the option it is always said; never beside a token.
        let says_uv = info.option("uv").is_some() && token.is_none();
        Ok(Verified { uv: says_uv.then_some(method == Method::BuiltIn), token })
    }

    /// Has the person verified by `method`, and runs `attempt`. Where verification is part of the
    /// command (CTAP 2.0) and fails, the command is run once more, after the PIN.
    pub(super) fn verified<T>(
        &mut self,
        method: Method,
        info: &get_info::Response,
        scope: Scope<'_>,
        mut attempt: impl FnMut(&mut Self, &Verified) -> Result<T, CeremonyError>,
    ) -> Result<T, CeremonyError> {
        let verified = self.verify(method, info, scope)?;
        let result = attempt(self, &verified);
        let failed = match &result {
            Err(CeremonyError::UvBlocked) => FingerError::Blocked,
            Err(CeremonyError::UvFailed | CeremonyError::Unverified) => FingerError::NotRecognised,
            _ => return result,
        };
        if method != Method::BuiltIn || !info.has("clientPin") {
            return result;
        }
        self.end(Leave::AsIs);
        let token = self.ask_for_pin(protocol(info)?, Token::Legacy, scope, Some(failed))?;
        attempt(self, &Verified { uv: None, token: Some(token) })
    }

    /// Tells the person what the next command waits for.
    pub(super) fn announce(&mut self, verified: &Verified) {
        if verified.uv == Some(true) {
            self.person.finger_needed(&FingerPrompt { tries_left: None, last_error: None });
        } else {
            self.person.touch_needed();
        }
    }

    /// A token by the authenticator's own verification; where that fails, by the PIN.
    fn uv_or_pin_token(
        &mut self,
        info: &get_info::Response,
        scope: Scope<'_>,
    ) -> Result<PinUvAuthToken, CeremonyError> {
        let protocol = protocol(info)?;
        let attempts = info.preferred_platform_uv_attempts.unwrap_or(1);
        let mut last_error = None;
        for _ in 0..attempts.clamp(1, MAX_UV_ATTEMPTS) {
            match self.uv_token(protocol, scope, last_error)? {
                Ok(token) => return Ok(token),
                Err(error) => last_error = Some(error),
            }
            if last_error == Some(FingerError::Blocked) {
                break;
            }
        }
        if pin_helps(info, scope) {
            self.end(Leave::AsIs);
            return self.ask_for_pin(protocol, Token::WithPermissions, scope, last_error);
        }
        match last_error {
            Some(FingerError::Blocked) => Err(CeremonyError::UvBlocked),
            _ => Err(CeremonyError::UvFailed),
        }
    }

    /// One try with a finger.
    fn uv_token(
        &mut self,
        protocol: PinUvAuthProtocol,
        scope: Scope<'_>,
        last_error: Option<FingerError>,
    ) -> Result<Result<PinUvAuthToken, FingerError>, CeremonyError> {
        self.begin()?;
        let tries_left = self.uv_tries_left(protocol)?;
        if tries_left == Some(0) {
            return Ok(Err(FingerError::Blocked));
        }
        let secret = self.shared_secret(protocol)?;
        self.person.finger_needed(&FingerPrompt { tries_left, last_error });
        let request = GetToken::using_uv(&secret, scope.permissions, scope.rp_id);
        match self.command(&request) {
            Ok(encrypted) => Ok(Ok(secret.token(&encrypted)?)),
            Err(error) if is(&error, &[Status::UV_INVALID]) => Ok(Err(FingerError::NotRecognised)),
            Err(error) if is(&error, &[Status::UV_BLOCKED]) => Ok(Err(FingerError::Blocked)),
            Err(error) => Err(error.into()),
        }
    }

    /// How many fingers it still takes, where it says so.
    fn uv_tries_left(&mut self, protocol: PinUvAuthProtocol) -> Result<Option<u32>, CeremonyError> {
        match self.command(&GetUvRetries { protocol }) {
            Ok(tries) => Ok(Some(tries)),
            Err(CommandError::Answer(_)) => Ok(None),
            Err(error) => Err(error.into()),
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
