//! `authenticatorGetAssertion` (0x02), CTAP 2.1 §6.2.

use ciborium::Value;

use crate::auth_data::AuthenticatorData;
use crate::cbor::{Malformed, Members, byte_string, member, named};
use crate::command::{members, request};
use crate::pin_uv::PinUvAuthToken;
use crate::{Account, AnswerError, Command, cose};

/// Asks for a signature.
pub(crate) struct Request<'a> {
    /// 0x01.
    pub(crate) rp_id: &'a str,
    /// 0x02.
    pub(crate) client_data_hash: &'a [u8; 32],
    /// 0x03; empty: whichever discoverable credential there is.
    pub(crate) allow_list: &'a [Vec<u8>],
    /// 0x05, `up`: false only looks whether a credential is there.
    pub(crate) up: bool,
    /// 0x05, `uv`: only for an authenticator that has the option, and no token.
    pub(crate) uv: Option<bool>,
    /// 0x06 and 0x07.
    pub(crate) token: Option<&'a PinUvAuthToken>,
}

impl Command for Request<'_> {
    const CODE: u8 = 0x02;
    type Response = Response;

    fn encode(&self) -> Vec<u8> {
        let mut parameters =
            vec![member(0x01, self.rp_id), member(0x02, byte_string(self.client_data_hash))];
        if !self.allow_list.is_empty() {
            let list = self.allow_list.iter().map(|id| cose::descriptor(id)).collect();
            parameters.push(member(0x03, Value::Array(list)));
        }
        let mut options = vec![named("up", self.up)];
        options.extend(self.uv.map(|uv| named("uv", uv)));
        parameters.push(member(0x05, Value::Map(options)));
        if let Some(token) = self.token {
            let param = token.authenticate(self.client_data_hash);
            parameters.push(member(0x06, byte_string(&param)));
            parameters.push(member(0x07, token.protocol().number()));
        }
        request(Self::CODE, parameters)
    }

    fn decode(answer: &[u8]) -> Result<Response, AnswerError> {
        Response::read(members(answer)?)
    }
}

/// A signature, and by which credential.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    /// 0x01: absent in CTAP 2.0 when the allow-list had one entry.
    pub(crate) credential_id: Option<Vec<u8>>,
    /// 0x02.
    pub(crate) auth_data: Vec<u8>,
    /// What `auth_data` says.
    pub(crate) data: AuthenticatorData,
    /// 0x03.
    pub(crate) signature: Vec<u8>,
    /// 0x04, `id`.
    pub(crate) user_handle: Option<Vec<u8>>,
    /// 0x04, names.
    pub(crate) account: Account,
    /// 0x05: how many credentials there are in all.
    pub(crate) number_of_credentials: Option<u32>,
}

impl Response {
    /// Reads an answer; that to getNextAssertion has the same form.
    pub(crate) fn read(mut members: Members) -> Result<Self, AnswerError> {
        let credential_id =
            members.map(0x01)?.map(|mut credential| credential.bytes("id")).transpose()?.flatten();
        let auth_data = members.bytes(0x02)?.ok_or(Malformed)?;
        let signature = members.bytes(0x03)?.ok_or(Malformed)?;
        let (user_handle, account) = match members.map(0x04)? {
            Some(user) => account(user)?,
            None => (None, Account::default()),
        };
        Ok(Self {
            credential_id: credential_id.filter(|id| !id.is_empty()),
            data: AuthenticatorData::read(&auth_data)?,
            auth_data,
            signature,
            user_handle: user_handle.filter(|id| !id.is_empty()),
            account,
            number_of_credentials: members.unsigned(0x05)?,
        })
    }
}

fn account(mut user: Members) -> Result<(Option<Vec<u8>>, Account), Malformed> {
    let account = Account {
        name: user.text("name")?.unwrap_or_default(),
        display_name: user.text("displayName")?.unwrap_or_default(),
    };
    Ok((user.bytes("id")?, account))
}

#[cfg(test)]
mod tests;
