//! The PIN: typed, submitted, set and changed, CTAP 2.1 §6.5.5.

use super::verification::{Scope, Token, protocol};
use super::{CeremonyError, Run};
use crate::client_pin::{ChangePin, GetKeyAgreement, GetPinRetries, GetToken, SetPin};
use crate::pin_uv::{PinUvAuthToken, PlatformKey, SharedSecret};
use crate::{
    AnswerError, CommandError, FingerError, Leave, NewPinError, NewPinPrompt, Pin, PinError,
    PinPrompt,
};
use crate::{PinUvAuthProtocol, Status, get_info};

/// No authenticator takes more PINs in a row, right or wrong (§6.5.2.2: at most 8 tries). One
/// that does is lying about its counter.
const MAX_PINS: usize = 8;

impl Run<'_, '_> {
    /// A token by the PIN. Each PIN is a confirmation of the person, and is submitted once.
    pub(crate) fn ask_for_pin(
        &mut self,
        protocol: PinUvAuthProtocol,
        kind: Token,
        scope: Scope<'_>,
        instead_of_finger: Option<FingerError>,
    ) -> Result<PinUvAuthToken, CeremonyError> {
        let mut last_error = None;
        for _ in 0..MAX_PINS {
            let pin = self.current_pin(protocol, last_error, instead_of_finger)?;
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

    /// Asks for the PIN, unless it is blocked.
    fn current_pin(
        &mut self,
        protocol: PinUvAuthProtocol,
        last_error: Option<PinError>,
        instead_of_finger: Option<FingerError>,
    ) -> Result<Pin, CeremonyError> {
        let tries_left = self.tries_left(protocol)?;
        let prompt = PinPrompt { tries_left, last_error, instead_of_finger };
        let (until, entropy, key) = (self.until(), &mut *self.entropy, &mut self.platform_key);
        // Our half of the key agreement needs no PIN.
        let mut meanwhile = || *key = PlatformKey::fresh(entropy).ok();
        let pin = self.person.enter_pin_while(&prompt, until, &mut meanwhile);
        pin.ok_or_else(|| self.unanswered())
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

    pub(crate) fn shared_secret(
        &mut self,
        protocol: PinUvAuthProtocol,
    ) -> Result<SharedSecret, CommandError> {
        let theirs = self.command(&GetKeyAgreement { protocol })?;
        // Each is for one exchange.
        let ours = match self.platform_key.take() {
            Some(ours) => Ok(ours),
            None => PlatformKey::fresh(self.entropy),
        };
        let secret = ours.and_then(|ours| SharedSecret::encapsulate(protocol, &theirs, &ours));
        Ok(secret.map_err(AnswerError::from)?)
    }

    /// Gives a factory-fresh authenticator its first PIN, and takes a token with it.
    pub(crate) fn set_pin(
        &mut self,
        info: &get_info::Response,
        kind: Token,
        scope: Scope<'_>,
    ) -> Result<PinUvAuthToken, CeremonyError> {
        let pin = self.first_pin(info)?;
        Ok(self.submit(&pin, protocol(info)?, kind, scope)?)
    }

    /// Gives a factory-fresh authenticator its first PIN. Afterwards the transaction has begun.
    pub(crate) fn first_pin(&mut self, info: &get_info::Response) -> Result<Pin, CeremonyError> {
        let protocol = protocol(info)?;
        let mut last_error = None;
        for _ in 0..MAX_PINS {
            let pin = self.choose_pin(info, last_error)?;
            if self.store_pin(&pin, protocol)? {
                return Ok(pin);
            }
            last_error = Some(NewPinError::Policy);
        }
        Err(Status::PIN_POLICY_VIOLATION.into())
    }

    /// Has the person choose a PIN that is long enough.
    fn choose_pin(
        &mut self,
        info: &get_info::Response,
        last_error: Option<NewPinError>,
    ) -> Result<Pin, CeremonyError> {
        let mut prompt = NewPinPrompt { min_length: info.min_pin_length.max(4), last_error };
        for _ in 0..MAX_PINS {
            let pin = self.person.choose_pin(&prompt, self.until());
            let pin = pin.ok_or_else(|| self.unanswered())?;
            if !is_shorter(&pin, prompt.min_length) {
                return Ok(pin);
            }
            prompt.last_error = Some(NewPinError::TooShort);
        }
        Err(Status::PIN_POLICY_VIOLATION.into())
    }

    /// Replaces the PIN by another. Both are typed anew after each refusal: no PIN is submitted
    /// twice.
    pub(crate) fn change_pin(&mut self, info: &get_info::Response) -> Result<(), CeremonyError> {
        let protocol = protocol(info)?;
        let (mut wrong, mut refused) = (None, None);
        for _ in 0..MAX_PINS {
            let current = self.current_pin(protocol, wrong.take(), None)?;
            let new = self.choose_pin(info, refused.take())?;
            self.begin()?;
            let secret = self.shared_secret(protocol)?;
            let request = ChangePin::new(&secret, &current, &new, self.entropy)?;
            match self.command(&request) {
                Ok(()) => return Ok(()),
                Err(error) if is(&error, &[Status::PIN_INVALID]) => wrong = Some(PinError::Wrong),
                Err(error) if is(&error, &[Status::PIN_POLICY_VIOLATION]) => {
                    refused = Some(NewPinError::Policy);
                }
                Err(error) => return Err(error.into()),
            }
            self.end(Leave::AsIs);
        }
        Err(CeremonyError::Malformed)
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

fn is_shorter(pin: &Pin, min_length: u32) -> bool {
    u32::try_from(pin.code_points()).is_ok_and(|length| length < min_length)
}

/// Whether the authenticator refused with one of `statuses`.
pub(crate) fn is(error: &CommandError, statuses: &[Status]) -> bool {
    matches!(error, CommandError::Answer(AnswerError::Status(status)) if statuses.contains(status))
}
