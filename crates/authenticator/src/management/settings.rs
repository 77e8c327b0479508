use super::{Ability, Management, ManagementError, method};
use crate::authenticator_config::{SetMinPinLength, ToggleAlwaysUv};
use crate::ceremony::Run;
use crate::ceremony::pin::is;
use crate::ceremony::verification::{Method, Scope};
use crate::client_pin::Permissions;
use crate::pin_uv::PinUvAuthToken;
use crate::{CeremonyError, Status, get_info, reset};

/// Longest PIN in code points: 63 bytes of which each is one.
const LONGEST_PIN: u32 = 63;

impl Management<'_, '_> {
    /// Gives a factory-fresh authenticator its first PIN.
    ///
    /// # Errors
    ///
    /// [`ManagementError::PinIsSet`] when there is one; else see [`ManagementError`].
    pub fn set_pin(&mut self) -> Result<(), ManagementError> {
        self.errand(|run| {
            let info = run.info()?;
            match info.option("clientPin") {
                Some(false) => Ok(run.first_pin(&info).map(drop)?),
                Some(true) => Err(ManagementError::PinIsSet),
                None => Err(ManagementError::Unsupported(Ability::Pin)),
            }
        })
    }

    /// Changes the PIN. A wrong one is told to the person, who types again; each is submitted
    /// once.
    ///
    /// # Errors
    ///
    /// [`ManagementError::NoPin`] when there is none; else see [`ManagementError`].
    pub fn change_pin(&mut self) -> Result<(), ManagementError> {
        self.errand(|run| {
            let info = run.info()?;
            match info.option("clientPin") {
                Some(true) => Ok(run.change_pin(&info)?),
                Some(false) => Err(ManagementError::NoPin),
                None => Err(ManagementError::Unsupported(Ability::Pin)),
            }
        })
    }

    /// Has the authenticator forget every credential, the PIN and all fingerprints. The caller
    /// has warned the person, who then touches the authenticator, within ten seconds of power-up.
    ///
    /// # Errors
    ///
    /// [`ManagementError::ResetTooLate`] when more time has passed; else see [`ManagementError`].
    pub fn reset(&mut self) -> Result<(), ManagementError> {
        self.errand(|run| {
            // Nothing that is not needed comes before it: the seconds count.
            run.begin()?;
            run.person.touch_needed();
            match run.command(&reset::Request) {
                Err(error) if is(&error, &[Status::NOT_ALLOWED]) => {
                    Err(ManagementError::ResetTooLate)
                }
                answer => Ok(answer?),
            }
        })
    }

    /// Whether the authenticator verifies the person every time, even where nobody asks for it.
    ///
    /// # Errors
    ///
    /// See [`ManagementError`]; among others when the authenticator does not let it be switched
    /// off.
    pub fn set_always_uv(&mut self, on: bool) -> Result<(), ManagementError> {
        self.errand(|run| {
            let info = run.info()?;
            let now = info.option("alwaysUv").filter(|_| info.has("authnrCfg"));
            match now.ok_or(ManagementError::Unsupported(Ability::AlwaysUv))? {
                now if now == on => Ok(()),
                _ => {
                    let token = configuration_token(run, &info)?;
                    Ok(run.command(&ToggleAlwaysUv { token: token.as_ref() })?)
                }
            }
        })
    }

    /// Demands PINs of at least `length` characters from now on. A PIN that is shorter must be
    /// changed before it is good for anything again.
    ///
    /// # Errors
    ///
    /// [`ManagementError::ShorterMinPin`] when it demands more already; else see
    /// [`ManagementError`].
    pub fn set_min_pin_length(&mut self, length: u32) -> Result<(), ManagementError> {
        self.errand(|run| {
            let info = minimum(run)?;
            if length < info.min_pin_length {
                return Err(ManagementError::ShorterMinPin);
            }
            if length > LONGEST_PIN {
                return Err(CeremonyError::Request("no PIN is longer than 63 characters").into());
            }
            set_minimum(run, &info, Some(length), false)
        })
    }

    /// The PIN must be changed before it is good for anything again: for one that somebody else
    /// has chosen.
    ///
    /// # Errors
    ///
    /// See [`ManagementError`].
    pub fn force_pin_change(&mut self) -> Result<(), ManagementError> {
        self.errand(|run| {
            let info = minimum(run)?;
            set_minimum(run, &info, None, true)
        })
    }
}

fn minimum(run: &mut Run<'_, '_>) -> Result<get_info::Response, ManagementError> {
    let info = run.info()?;
    if info.has("authnrCfg") && info.has("setMinPINLength") {
        Ok(info)
    } else {
        Err(ManagementError::Unsupported(Ability::MinPinLength))
    }
}

fn set_minimum(
    run: &mut Run<'_, '_>,
    info: &get_info::Response,
    new_length: Option<u32>,
    force_change: bool,
) -> Result<(), ManagementError> {
    let token = configuration_token(run, info)?;
    Ok(run.command(&SetMinPinLength { token: token.as_ref(), new_length, force_change })?)
}

/// A token that lets its holder configure the authenticator; none where nobody protects it
/// (§6.11: then everybody may).
fn configuration_token(
    run: &mut Run<'_, '_>,
    info: &get_info::Response,
) -> Result<Option<PinUvAuthToken>, ManagementError> {
    let permissions = Permissions::AuthenticatorConfiguration;
    let protected = info.has("clientPin") || info.has("uv");
    let method = if protected { method(info, permissions)? } else { Method::None };
    Ok(run.verify(method, info, Scope { permissions, rp_id: None })?.token)
}
