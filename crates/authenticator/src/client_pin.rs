//! `authenticatorClientPIN` (0x06), CTAP 2.1 §6.5.5: one request per subcommand.

use ciborium::Value;

use crate::cbor::{Malformed, byte_string, member};
use crate::command::{members, request};
use crate::pin_uv::{Entropy, SharedSecret};
use crate::{AnswerError, Command, Pin, PinUvAuthProtocol, cose};

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
}

impl Permissions {
    fn bits(self) -> u8 {
        match self {
            Self::MakeCredential => 0x01,
            Self::GetAssertion => 0x02,
            Self::MakeCredentialAndGetAssertion => 0x03,
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

/// `getKeyAgreement` (0x02), §6.5.5.4.
pub(crate) struct GetKeyAgreement {
    pub(crate) protocol: PinUvAuthProtocol,
}

impl Command for GetKeyAgreement {
    const CODE: u8 = CODE;
    type Response = p256::PublicKey;

    fn encode(&self) -> Vec<u8> {
        request(CODE, vec![member(0x01, self.protocol.number()), member(0x02, 0x02)])
    }

    fn decode(answer: &[u8]) -> Result<p256::PublicKey, AnswerError> {
        let key = members(answer)?.map(0x01)?.ok_or(Malformed)?;
        Ok(cose::read_key_agreement(key)?)
    }
}

/// `setPIN` (0x03), §6.5.5.5.
pub(crate) struct SetPin {
    protocol: PinUvAuthProtocol,
    key_agreement: Value,
    new_pin_enc: Vec<u8>,
    pin_uv_auth_param: Vec<u8>,
}

impl SetPin {
    pub(crate) fn new(
        secret: &SharedSecret,
        pin: &Pin,
        entropy: &mut Entropy<'_>,
    ) -> Result<Self, Malformed> {
        let new_pin_enc = secret.encrypt(&*pin.padded(), entropy)?;
        Ok(Self {
            protocol: secret.protocol(),
            key_agreement: cose::key_agreement(&secret.platform_key),
            pin_uv_auth_param: secret.authenticate(&new_pin_enc),
            new_pin_enc,
        })
    }
}

impl Command for SetPin {
    const CODE: u8 = CODE;
    type Response = ();

    fn encode(&self) -> Vec<u8> {
        request(
            CODE,
            vec![
                member(0x01, self.protocol.number()),
                member(0x02, 0x03),
                member(0x03, self.key_agreement.clone()),
                member(0x04, byte_string(&self.pin_uv_auth_param)),
                member(0x05, byte_string(&self.new_pin_enc)),
            ],
        )
    }

    fn decode(answer: &[u8]) -> Result<(), AnswerError> {
        members(answer).map(drop)
    }
}

/// What a PIN/UV token is asked with.
pub(crate) struct GetToken {
    protocol: PinUvAuthProtocol,
    key_agreement: Value,
    how: How,
}

enum How {
    /// `getPinToken` (0x05), §6.5.5.7.1: what authenticators of CTAP 2.0 have.
    Legacy { pin_hash_enc: Vec<u8> },
    /// `getPinUvAuthTokenUsingUvWithPermissions` (0x06), §6.5.5.7.3.
    Uv { permissions: Permissions, rp_id: String },
    /// `getPinUvAuthTokenUsingPinWithPermissions` (0x09), §6.5.5.7.2.
    Pin { pin_hash_enc: Vec<u8>, permissions: Permissions, rp_id: String },
}

impl GetToken {
    /// A token for everything that the PIN allows.
    pub(crate) fn legacy(
        secret: &SharedSecret,
        pin: &Pin,
        entropy: &mut Entropy<'_>,
    ) -> Result<Self, Malformed> {
        let pin_hash_enc = secret.encrypt(&*pin.hash(), entropy)?;
        Ok(Self::with(secret, How::Legacy { pin_hash_enc }))
    }

    /// A token for one relying party and one purpose, by the PIN.
    pub(crate) fn using_pin(
        secret: &SharedSecret,
        pin: &Pin,
        permissions: Permissions,
        rp_id: &str,
        entropy: &mut Entropy<'_>,
    ) -> Result<Self, Malformed> {
        let pin_hash_enc = secret.encrypt(&*pin.hash(), entropy)?;
        Ok(Self::with(secret, How::Pin { pin_hash_enc, permissions, rp_id: rp_id.to_owned() }))
    }

    /// A token for one relying party and one purpose, by the authenticator's own verification.
    pub(crate) fn using_uv(secret: &SharedSecret, permissions: Permissions, rp_id: &str) -> Self {
        Self::with(secret, How::Uv { permissions, rp_id: rp_id.to_owned() })
    }

    fn with(secret: &SharedSecret, how: How) -> Self {
        Self {
            protocol: secret.protocol(),
            key_agreement: cose::key_agreement(&secret.platform_key),
            how,
        }
    }
}

impl Command for GetToken {
    const CODE: u8 = CODE;
    /// The encrypted token.
    type Response = Vec<u8>;

    fn encode(&self) -> Vec<u8> {
        let subcommand = match self.how {
            How::Legacy { .. } => 0x05,
            How::Uv { .. } => 0x06,
            How::Pin { .. } => 0x09,
        };
        let mut parameters = vec![
            member(0x01, self.protocol.number()),
            member(0x02, subcommand),
            member(0x03, self.key_agreement.clone()),
        ];
        if let How::Legacy { pin_hash_enc } | How::Pin { pin_hash_enc, .. } = &self.how {
            parameters.push(member(0x06, byte_string(pin_hash_enc)));
        }
        if let How::Uv { permissions, rp_id } | How::Pin { permissions, rp_id, .. } = &self.how {
            parameters.push(member(0x09, permissions.bits()));
            parameters.push(member(0x0A, rp_id.as_str()));
        }
        request(CODE, parameters)
    }

    fn decode(answer: &[u8]) -> Result<Vec<u8>, AnswerError> {
        Ok(members(answer)?.bytes(0x02)?.ok_or(Malformed)?)
    }
}

#[cfg(test)]
mod tests;
