//! `authenticatorMakeCredential` (0x01), CTAP 2.1 §6.1.

use ciborium::Value;

use crate::auth_data::AuthenticatorData;
use crate::cbor::{self, Malformed, byte_string, member, named};
use crate::command::{members, request};
use crate::pin_uv::PinUvAuthToken;
use crate::{AnswerError, Command, RelyingParty, User, cose};

/// Asks for a new credential for ES256.
pub(crate) struct Request<'a> {
    /// 0x01.
    pub(crate) client_data_hash: &'a [u8; 32],
    /// 0x02.
    pub(crate) rp: &'a RelyingParty,
    /// 0x03.
    pub(crate) user: &'a User,
    /// 0x05.
    pub(crate) exclude_list: &'a [Vec<u8>],
    /// 0x06, `credProtect` (§12.1): what it takes to see and to use the credential.
    pub(crate) cred_protect: Option<u8>,
    /// 0x07, `rk`.
    pub(crate) discoverable: bool,
    /// 0x07, `uv`: only for an authenticator that has the option, and no token.
    pub(crate) uv: Option<bool>,
    /// 0x08 and 0x09.
    pub(crate) token: Option<&'a PinUvAuthToken>,
}

impl Request<'_> {
    fn options(&self) -> Value {
        // Not `up`: true is the default, and CTAP 2.0 refuses the option here.
        let mut options = vec![named("rk", self.discoverable)];
        options.extend(self.uv.map(|uv| named("uv", uv)));
        Value::Map(options)
    }
}

impl Command for Request<'_> {
    const CODE: u8 = 0x01;
    type Response = Response;

    fn encode(&self) -> Vec<u8> {
        let mut parameters = vec![
            member(0x01, byte_string(self.client_data_hash)),
            member(0x02, rp(self.rp)),
            member(0x03, user(self.user)),
            member(0x04, cose::credential_parameters()),
        ];
        if !self.exclude_list.is_empty() {
            let list = self.exclude_list.iter().map(|id| cose::descriptor(id)).collect();
            parameters.push(member(0x05, Value::Array(list)));
        }
        if let Some(level) = self.cred_protect {
            parameters.push(member(0x06, Value::Map(vec![named("credProtect", level)])));
        }
        parameters.push(member(0x07, self.options()));
        if let Some(token) = self.token {
            let param = token.authenticate(self.client_data_hash);
            parameters.push(member(0x08, byte_string(&param)));
            parameters.push(member(0x09, token.protocol().number()));
        }
        request(Self::CODE, parameters)
    }

    fn decode(answer: &[u8]) -> Result<Response, AnswerError> {
        let mut members = members(answer)?;
        let fmt = members.text(0x01)?.ok_or(Malformed)?;
        let auth_data = members.bytes(0x02)?.ok_or(Malformed)?;
        let att_stmt = members.take(0x03).filter(Value::is_map).ok_or(Malformed)?;
        let data = AuthenticatorData::read(&auth_data)?;
        let credential_id = data.credential_id.clone().ok_or(Malformed)?;
        let attestation_object = attestation_object(&fmt, att_stmt, &auth_data);
        Ok(Response { attestation_object, credential_id, data })
    }
}

/// A request with an empty `pinUvAuthParam`: it asks for a touch, and for nothing else.
pub(crate) fn only_a_touch(relying_party: &RelyingParty, nobody: &User) -> Vec<u8> {
    let parameters = vec![
        member(0x01, byte_string(&[0; 32])),
        member(0x02, rp(relying_party)),
        member(0x03, user(nobody)),
        member(0x04, cose::credential_parameters()),
        member(0x08, byte_string(&[])),
        member(0x09, 0x01),
    ];
    request(Request::CODE, parameters)
}

/// `PublicKeyCredentialRpEntity`.
fn rp(rp: &RelyingParty) -> Value {
    Value::Map(vec![named("id", rp.id.as_str()), named("name", rp.name.as_str())])
}

/// `PublicKeyCredentialUserEntity`.
fn user(user: &User) -> Value {
    Value::Map(vec![
        named("id", byte_string(&user.id)),
        named("name", user.name.as_str()),
        named("displayName", user.display_name.as_str()),
    ])
}

/// The same three things with the text keys of WebAuthn §6.5.4, in canonical order. Their bytes
/// stay as they are, so that signatures over them hold.
fn attestation_object(fmt: &str, mut att_stmt: Value, auth_data: &[u8]) -> Vec<u8> {
    cbor::sort(&mut att_stmt);
    let object = Value::Map(vec![
        named("fmt", fmt),
        named("attStmt", att_stmt),
        named("authData", byte_string(auth_data)),
    ]);
    let mut bytes = Vec::new();
    cbor::write(&object, &mut bytes);
    bytes
}

/// The new credential.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    /// Attestation object as WebAuthn has it.
    pub(crate) attestation_object: Vec<u8>,
    /// ID of the credential.
    pub(crate) credential_id: Vec<u8>,
    /// What the authenticator data says.
    pub(crate) data: AuthenticatorData,
}

#[cfg(test)]
mod tests;
