//! How the authenticator finds out who the person is, CTAP 2.1 §6.1.1 and §6.2.1: its own
//! verification where it has one, else the PIN.

use super::{CeremonyError, Run, Verified};
use crate::client_pin::{GetKeyAgreement, GetPinRetries, GetToken, Permissions, SetPin};
use crate::pin_uv::{PinUvAuthToken, SharedSecret};
use crate::{
    AnswerError, CommandError, Leave, NewPinError, NewPinPrompt, Pin, PinError, PinPrompt,
};
use crate::{PinUvAuthProtocol, Status, UserVerification, get_info};

/// No authenticator takes more PINs in a row, right or wrong (§6.5.2.2: at most 8 tries). One
/// that does is lying about its counter.
const MAX_PINS: usize = 8;

/// What the verification is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A new credential, discoverable or not.
    Register { discoverable: bool },
    /// A signature.
    Authenticate,
}

/// The way that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
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
pub(super) enum Token {
    /// For one relying party and one purpose.
    WithPermissions,
    /// For everything (CTAP 2.0).
    Legacy,
}

/// Chooses the way from what the authenticator can and what the relying party wants.
pub(super) fn choose(
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
pub(super) struct Scope<'a> {
    pub(super) permissions: Permissions,
    pub(super) rp_id: &'a str,
}

impl Run<'_, '_> {
    /// Has the person verified by `method`. Afterwards the transaction has begun.
    pub(super) fn verify(
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
        self.begin()?;
        let secret = self.shared_secret(protocol)?;
        self.person.touch_needed();
        let answer = self.command(&GetToken::using_uv(&secret, scope.permissions, scope.rp_id));
        let pin_helps = info.has("clientPin") && !info.has("noMcGaPermissionsWithClientPin");
        match answer {
            Ok(encrypted) => Ok(secret.token(&encrypted)?),
            Err(error) if pin_helps && is(&error, &[Status::UV_INVALID, Status::UV_BLOCKED]) => {
                self.end(Leave::AsIs);
                self.ask_for_pin(protocol, Token::WithPermissions, scope)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A token by the PIN. Each PIN is a confirmation of the person, and is submitted once.
    fn ask_for_pin(
        &mut self,
        protocol: PinUvAuthProtocol,
        kind: Token,
        scope: Scope<'_>,
    ) -> Result<PinUvAuthToken, CeremonyError> {
        let mut last_error = None;
        for _ in 0..MAX_PINS {
            let tries_left = self.tries_left(protocol)?;
            let prompt = PinPrompt { tries_left, last_error };
            let pin = self.person.enter_pin(&prompt, self.until());
            let pin = pin.ok_or_else(|| self.unanswered())?;
            self.begin()?;
            match self.submit(&pin, protocol, kind, scope) {
                Err(error) if is(&error, &[Status::PIN_INVALID]) => {
                    last_error = Some(PinError::Wrong);
                }
                answer => return Ok(answer?),
            }
            self.end(Leave::AsIs);
        }
        Err(CeremonyError::Malformed)
    }

    fn tries_left(&mut self, protocol: PinUvAuthProtocol) -> Result<u32, CeremonyError> {
        let retries = self.command(&GetPinRetries { protocol })?;
        match retries.pin_retries {
            0 => Err(CeremonyError::PinBlocked),
            _ if retries.power_cycle_state => Err(CeremonyError::PinAuthBlocked),
            tries => Ok(tries),
        }
    }

    /// The one place where a PIN goes to the authenticator to be compared.
    fn submit(
        &mut self,
        pin: &Pin,
        protocol: PinUvAuthProtocol,
        kind: Token,
        Scope { permissions, rp_id }: Scope<'_>,
    ) -> Result<PinUvAuthToken, CommandError> {
        let secret = self.shared_secret(protocol)?;
        let request = match kind {
            Token::Legacy => GetToken::legacy(&secret, pin, self.entropy),
            Token::WithPermissions => {
                GetToken::using_pin(&secret, pin, permissions, rp_id, self.entropy)
            }
        };
        let encrypted = self.command(&request.map_err(AnswerError::from)?)?;
        Ok(secret.token(&encrypted).map_err(AnswerError::from)?)
    }

    fn shared_secret(&mut self, protocol: PinUvAuthProtocol) -> Result<SharedSecret, CommandError> {
        let theirs = self.command(&GetKeyAgreement { protocol })?;
        let secret = SharedSecret::encapsulate(protocol, &theirs, self.entropy);
        Ok(secret.map_err(AnswerError::from)?)
    }

    /// Gives a factory-fresh authenticator its first PIN, and takes a token with it.
    fn set_pin(
        &mut self,
        info: &get_info::Response,
        kind: Token,
        scope: Scope<'_>,
    ) -> Result<PinUvAuthToken, CeremonyError> {
        let protocol = protocol(info)?;
        let mut prompt = NewPinPrompt { min_length: info.min_pin_length.max(4), last_error: None };
        for _ in 0..MAX_PINS {
            let pin = self.person.choose_pin(&prompt, self.until());
            let pin = pin.ok_or_else(|| self.unanswered())?;
            prompt.last_error = if is_shorter(&pin, prompt.min_length) {
                Some(NewPinError::TooShort)
            } else if self.store_pin(&pin, protocol)? {
                return Ok(self.submit(&pin, protocol, kind, scope)?);
            } else {
                Some(NewPinError::Policy)
            };
        }
        Err(Status::PIN_POLICY_VIOLATION.into())
    }

    /// Sets `pin`; false when a rule of the authenticator forbids it.
    fn store_pin(&mut self, pin: &Pin, protocol: PinUvAuthProtocol) -> Result<bool, CeremonyError> {
        self.begin()?;
        let secret = self.shared_secret(protocol)?;
        let request = SetPin::new(&secret, pin, self.entropy)?;
        match self.command(&request) {
            Ok(()) => Ok(true),
            Err(error) if is(&error, &[Status::PIN_POLICY_VIOLATION]) => {
                self.end(Leave::AsIs);
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn protocol(info: &get_info::Response) -> Result<PinUvAuthProtocol, CeremonyError> {
    PinUvAuthProtocol::choose(info).ok_or(CeremonyError::NoUserVerification)
}

fn is_shorter(pin: &Pin, min_length: u32) -> bool {
    u32::try_from(pin.code_points()).is_ok_and(|length| length < min_length)
}

fn is(error: &CommandError, statuses: &[Status]) -> bool {
    matches!(error, CommandError::Answer(AnswerError::Status(status)) if statuses.contains(status))
}

#[cfg(test)]
mod tests;
