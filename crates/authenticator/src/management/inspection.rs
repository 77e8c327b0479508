use super::{Management, ManagementError};
use crate::bio_enrollment::{self, GetFingerprintSensorInfo, Sensor};
use crate::ceremony::Run;
use crate::client_pin::{GetPinRetries, GetUvRetries};
use crate::{PinUvAuthProtocol, credential_management, get_info};

/// What there is to know of an authenticator without asking its holder for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// What it says of itself: model, versions, firmware, options, algorithms, limits.
    pub info: get_info::Response,
    /// Its PIN.
    pub pin: PinState,
    /// Its own verification of the person; `None`: it has no such thing.
    pub uv: Option<Uv>,
    /// Whether its credentials can be listed and deleted.
    pub lists_credentials: bool,
    /// How many more credentials there is room for, as far as it says so without a token.
    pub free_places: Option<u32>,
}

/// Whether there is a PIN, and what is left of its tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinState {
    /// It cannot have one.
    Unsupported,
    /// It has none yet.
    NotSet,
    /// It has one.
    Set {
        /// How many wrong PINs it still takes before it blocks for good.
        tries_left: u32,
        /// Nothing can be done with it before it is changed.
        must_be_changed: bool,
    },
    /// Three in a row were wrong: it takes none until it was without power.
    BlockedUntilPowerOff {
        /// How many wrong PINs it takes after that.
        tries_left: u32,
    },
    /// No tries left: only a reset helps.
    Blocked,
}

/// How an authenticator verifies the person by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uv {
    /// Whether it is set up: a finger is known.
    pub enrolled: bool,
    /// How often it may still fail, where the authenticator says so. 0: only the PIN helps.
    pub tries_left: Option<u32>,
    /// Its sensor, where fingerprints can be managed.
    pub sensor: Option<Sensor>,
}

impl Inspection {
    /// The model, as people write an AAGUID: `f8a011f3-8c0a-4d15-8006-17111f9edc7d`.
    pub fn model(&self) -> String {
        let mut model = String::new();
        for (at, byte) in self.info.aaguid.iter().enumerate() {
            if [4, 6, 8, 10].contains(&at) {
                model.push('-');
            }
            for nibble in [byte >> 4, byte & 0x0F] {
                model.extend(char::from_digit(nibble.into(), 16));
            }
        }
        model
    }
}

impl Management<'_, '_> {
    /// Looks at the authenticator. Nobody has to type or to touch.
    ///
    /// # Errors
    ///
    /// See [`ManagementError`].
    pub fn inspect(&mut self) -> Result<Inspection, ManagementError> {
        self.errand(|run| {
            let info = run.info()?;
            Ok(Inspection {
                pin: pin_state(run, &info)?,
                uv: uv(run, &info)?,
                lists_credentials: credential_management::dialect(&info).is_some(),
                free_places: info.remaining_discoverable_credentials,
                info,
            })
        })
    }
}

fn pin_state(
    run: &mut Run<'_, '_>,
    info: &get_info::Response,
) -> Result<PinState, ManagementError> {
    match info.option("clientPin") {
        None => return Ok(PinState::Unsupported),
        Some(false) => return Ok(PinState::NotSet),
        Some(true) => {}
    }
    let Some(protocol) = PinUvAuthProtocol::choose(info) else { return Ok(PinState::Unsupported) };
    let retries = run.command(&GetPinRetries { protocol })?;
    let tries_left = retries.pin_retries;
    Ok(match tries_left {
        0 => PinState::Blocked,
        _ if retries.power_cycle_state => PinState::BlockedUntilPowerOff { tries_left },
        _ => PinState::Set { tries_left, must_be_changed: info.force_pin_change },
    })
}

fn uv(run: &mut Run<'_, '_>, info: &get_info::Response) -> Result<Option<Uv>, ManagementError> {
    let dialect = bio_enrollment::dialect(info);
    let fingerprints = info.option("bioEnroll").or(info.option("userVerificationMgmtPreview"));
    let Some(enrolled) = info.option("uv").or(fingerprints) else { return Ok(None) };
    let sensor = match dialect {
        Some(dialect) => Some(run.command(&GetFingerprintSensorInfo(dialect))?),
        None => None,
    };
    // Only authenticators with tokens count these tries where we can ask.
    let protocol = PinUvAuthProtocol::choose(info).filter(|_| info.has("pinUvAuthToken"));
    let tries_left = match protocol {
        Some(protocol) if enrolled => Some(run.command(&GetUvRetries { protocol })?),
        _ => None,
    };
    Ok(Some(Uv { enrolled, tries_left, sensor }))
}
