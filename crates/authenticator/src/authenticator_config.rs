//! `authenticatorConfig` (0x0D), CTAP 2.1 §6.11: one request per subcommand.

use ciborium::Value;

use crate::cbor::{self, byte_string, member};
use crate::command::{members, request};
use crate::pin_uv::PinUvAuthToken;
use crate::{AnswerError, Command};

const CODE: u8 = 0x0D;

/// `subCommand` (0x01), `subCommandParams` (0x02), and what proves that we may (0x03, 0x04): the
/// token over 32 bytes FF, the command and both. Nothing where nobody protects the authenticator.
fn with_token(
    token: Option<&PinUvAuthToken>,
    subcommand: u8,
    parameters: Vec<(Value, Value)>,
) -> Vec<u8> {
    let mut message = [&[0xFF; 32][..], &[CODE, subcommand]].concat();
    let mut all = vec![member(0x01, subcommand)];
    if !parameters.is_empty() {
        let parameters = Value::Map(parameters);
        cbor::write(&parameters, &mut message);
        all.push(member(0x02, parameters));
    }
    if let Some(token) = token {
        all.push(member(0x03, token.protocol().number()));
        all.push(member(0x04, byte_string(&token.authenticate(&message))));
    }
    request(CODE, all)
}

/// `toggleAlwaysUv` (0x02), §6.11.2.
pub(crate) struct ToggleAlwaysUv<'a> {
    pub(crate) token: Option<&'a PinUvAuthToken>,
}

impl Command for ToggleAlwaysUv<'_> {
    const CODE: u8 = CODE;
    type Response = ();

    fn encode(&self) -> Vec<u8> {
        with_token(self.token, 0x02, Vec::new())
    }

    fn decode(answer: &[u8]) -> Result<(), AnswerError> {
        members(answer).map(drop)
    }
}

/// `setMinPINLength` (0x03), §6.11.4.
pub(crate) struct SetMinPinLength<'a> {
    pub(crate) token: Option<&'a PinUvAuthToken>,
    /// 0x02, 0x01: in code points; cannot become shorter again without a reset.
    pub(crate) new_length: Option<u32>,
    /// 0x02, 0x03: the PIN must be changed before it gives a token again.
    pub(crate) force_change: bool,
}

impl Command for SetMinPinLength<'_> {
    const CODE: u8 = CODE;
    type Response = ();

    fn encode(&self) -> Vec<u8> {
        let mut parameters = Vec::new();
        parameters.extend(self.new_length.map(|length| member(0x01, length)));
        parameters.extend(self.force_change.then(|| member(0x03, true)));
        with_token(self.token, 0x03, parameters)
    }

    fn decode(answer: &[u8]) -> Result<(), AnswerError> {
        members(answer).map(drop)
    }
}

#[cfg(test)]
mod tests;
