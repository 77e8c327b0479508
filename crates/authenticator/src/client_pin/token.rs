use ciborium::Value;

use super::{CODE, Permissions};
use crate::cbor::{Malformed, byte_string, member};
use crate::command::{members, request};
use crate::pin_uv::{Entropy, SharedSecret};
use crate::{AnswerError, Command, Pin, PinUvAuthProtocol, cose};

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
    Uv { permissions: Permissions, rp_id: Option<String> },
    /// `getPinUvAuthTokenUsingPinWithPermissions` (0x09), §6.5.5.7.2.
    Pin { pin_hash_enc: Vec<u8>, permissions: Permissions, rp_id: Option<String> },
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

    /// A token for one purpose, and for one relying party where the purpose concerns one, by the
    /// PIN.
    pub(crate) fn using_pin(
        secret: &SharedSecret,
        pin: &Pin,
        permissions: Permissions,
        rp_id: Option<&str>,
        entropy: &mut Entropy<'_>,
    ) -> Result<Self, Malformed> {
        let pin_hash_enc = secret.encrypt(&*pin.hash(), entropy)?;
        Ok(Self::with(
            secret,
            How::Pin { pin_hash_enc, permissions, rp_id: rp_id.map(str::to_owned) },
        ))
    }

    /// The same by the authenticator's own verification.
    pub(crate) fn using_uv(
        secret: &SharedSecret,
        permissions: Permissions,
        rp_id: Option<&str>,
    ) -> Self {
        Self::with(secret, How::Uv { permissions, rp_id: rp_id.map(str::to_owned) })
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
            parameters.extend(rp_id.as_deref().map(|rp_id| member(0x0A, rp_id)));
        }
        request(CODE, parameters)
    }

    fn decode(answer: &[u8]) -> Result<Vec<u8>, AnswerError> {
        Ok(members(answer)?.bytes(0x02)?.ok_or(Malformed)?)
    }
}
