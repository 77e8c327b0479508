use ciborium::Value;

use super::CODE;
use crate::cbor::{Malformed, byte_string, member};
use crate::command::{members, request};
use crate::pin_uv::{Entropy, SharedSecret};
use crate::{AnswerError, Command, Pin, PinUvAuthProtocol, cose};

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

/// `changePIN` (0x04), §6.5.5.6.
pub(crate) struct ChangePin {
    protocol: PinUvAuthProtocol,
    key_agreement: Value,
    new_pin_enc: Vec<u8>,
    pin_hash_enc: Vec<u8>,
    pin_uv_auth_param: Vec<u8>,
}

impl ChangePin {
    pub(crate) fn new(
        secret: &SharedSecret,
        current: &Pin,
        new: &Pin,
        entropy: &mut Entropy<'_>,
    ) -> Result<Self, Malformed> {
        let new_pin_enc = secret.encrypt(&*new.padded(), entropy)?;
        let pin_hash_enc = secret.encrypt(&*current.hash(), entropy)?;
        Ok(Self {
            protocol: secret.protocol(),
            key_agreement: cose::key_agreement(&secret.platform_key),
            pin_uv_auth_param: secret.authenticate(&[&*new_pin_enc, &*pin_hash_enc].concat()),
            new_pin_enc,
            pin_hash_enc,
        })
    }
}

impl Command for ChangePin {
    const CODE: u8 = CODE;
    type Response = ();

    fn encode(&self) -> Vec<u8> {
        request(
            CODE,
            vec![
                member(0x01, self.protocol.number()),
                member(0x02, 0x04),
                member(0x03, self.key_agreement.clone()),
                member(0x04, byte_string(&self.pin_uv_auth_param)),
                member(0x05, byte_string(&self.new_pin_enc)),
                member(0x06, byte_string(&self.pin_hash_enc)),
            ],
        )
    }

    fn decode(answer: &[u8]) -> Result<(), AnswerError> {
        members(answer).map(drop)
    }
}
