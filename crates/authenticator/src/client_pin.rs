//! `authenticatorClientPIN` (0x06), CTAP 2.1 §6.5.5: one request per subcommand.

mod new_pin;
mod token;

pub(crate) use new_pin::{ChangePin, SetPin};
pub(crate) use token::GetToken;

use crate::cbor::{Malformed, member};
use crate::command::{members, request};
use crate::{AnswerError, Command, PinUvAuthProtocol, cose};

const CODE: u8 = 0x06;

/// Permissions of a PIN/UV token, §6.5.5.7 table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permissions {
    /// mc (0x01).
    MakeCredential,
    /// ga (0x02).
    GetAssertion,
    /// mc and ga: to make a credential, and before to look which of the excluded ones are there.
    MakeCredentialAndGetAssertion,
    /// cm (0x04).
    CredentialManagement,
    /// be (0x08).
    BioEnrollment,
    /// acfg (0x20).
    AuthenticatorConfiguration,
}

impl Permissions {
    fn bits(self) -> u8 {
        match self {
            Self::MakeCredential => 0x01,
            Self::GetAssertion => 0x02,
            Self::MakeCredentialAndGetAssertion => 0x03,
            Self::CredentialManagement => 0x04,
            Self::BioEnrollment => 0x08,
            Self::AuthenticatorConfiguration => 0x20,
        }
    }
}

/// `getPINRetries` (0x01), §6.5.5.2.
pub(crate) struct GetPinRetries {
    pub(crate) protocol: PinUvAuthProtocol,
}

/// What is left before a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PinRetries {
    /// 0x03: wrong PINs until the block for good.
    pub(crate) pin_retries: u32,
    /// 0x04: blocked until it has been without power.
    pub(crate) power_cycle_state: bool,
}

impl Command for GetPinRetries {
    const CODE: u8 = CODE;
    type Response = PinRetries;

    fn encode(&self) -> Vec<u8> {
        request(CODE, vec![member(0x01, self.protocol.number()), member(0x02, 0x01)])
    }

    fn decode(answer: &[u8]) -> Result<PinRetries, AnswerError> {
        let mut members = members(answer)?;
        Ok(PinRetries {
            pin_retries: members.unsigned(0x03)?.ok_or(Malformed)?,
            power_cycle_state: members.boolean(0x04)?.unwrap_or(false),
        })
    }
}

/// `getUVRetries` (0x07), §6.5.5.3.
pub(crate) struct GetUvRetries {
    pub(crate) protocol: PinUvAuthProtocol,
}

impl Command for GetUvRetries {
    const CODE: u8 = CODE;
    /// How often its own verification may still fail.
    type Response = u32;

    fn encode(&self) -> Vec<u8> {
        request(CODE, vec![member(0x01, self.protocol.number()), member(0x02, 0x07)])
    }

    fn decode(answer: &[u8]) -> Result<u32, AnswerError> {
        Ok(members(answer)?.unsigned(0x05)?.ok_or(Malformed)?)
    }
}

/// `getKeyAgreement` (0x02), §6.5.5.4.
pub(crate) struct GetKeyAgreement {
    pub(crate) protocol: PinUvAuthProtocol,
}

impl Command for GetKeyAgreement {
    const CODE: u8 = CODE;
    type Response = cose::Point;

    fn encode(&self) -> Vec<u8> {
        request(CODE, vec![member(0x01, self.protocol.number()), member(0x02, 0x02)])
    }

    fn decode(answer: &[u8]) -> Result<cose::Point, AnswerError> {
        let key = members(answer)?.map(0x01)?.ok_or(Malformed)?;
        Ok(cose::read_key_agreement(key)?)
    }
}

#[cfg(test)]
mod tests;
