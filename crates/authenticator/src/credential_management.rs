//! `authenticatorCredentialManagement` (0x0A), CTAP 2.1 §6.8, and its prototype (0x41) of
//! authenticators that say `credentialMgmtPreview`: one request per subcommand.

use ciborium::Value;

use crate::cbor::{self, Malformed, Members, byte_string, member};
use crate::command::{members, request};
use crate::subcommand::{Authority, Dialect};
use crate::{AnswerError, Command, cose, get_info};

const CODE: u8 = 0x0A;
const PREVIEW: u8 = 0x41;

/// What `info` offers.
pub(crate) fn dialect(info: &get_info::Response) -> Option<Dialect> {
    Dialect::choose(info.has("credMgmt"), info.has("credentialMgmtPreview"))
}

/// `subCommand` (0x01), `subCommandParams` (0x02), and what proves that we may: the token over
/// both (0x03, 0x04).
fn authorized(
    Authority { dialect, token }: Authority<'_>,
    subcommand: u8,
    parameters: Vec<(Value, Value)>,
) -> Vec<u8> {
    let mut message = vec![subcommand];
    let mut all = vec![member(0x01, subcommand)];
    if !parameters.is_empty() {
        let parameters = Value::Map(parameters);
        cbor::write(&parameters, &mut message);
        all.push(member(0x02, parameters));
    }
    all.push(member(0x03, token.protocol().number()));
    all.push(member(0x04, byte_string(&token.authenticate(&message))));
    request(dialect.code(CODE, PREVIEW), all)
}

/// `getCredsMetadata` (0x01), §6.8.2.
pub(crate) struct GetCredsMetadata<'a>(pub(crate) Authority<'a>);

/// How full the authenticator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// 0x01: discoverable credentials that it holds.
    pub(crate) existing: u32,
    /// 0x02: how many more it may have room for.
    pub(crate) possible_remaining: u32,
}

impl Command for GetCredsMetadata<'_> {
    const CODE: u8 = CODE;
    type Response = Metadata;

    fn encode(&self) -> Vec<u8> {
        authorized(self.0, 0x01, Vec::new())
    }

    fn decode(answer: &[u8]) -> Result<Metadata, AnswerError> {
        let mut members = members(answer)?;
        Ok(Metadata {
            existing: members.unsigned(0x01)?.ok_or(Malformed)?,
            possible_remaining: members.unsigned(0x02)?.ok_or(Malformed)?,
        })
    }
}

/// A relying party that the authenticator has credentials for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    /// 0x03, `id`: authenticators may cut it short.
    pub(crate) id: String,
    /// 0x03, `name`: authenticators may leave it out.
    pub(crate) name: String,
    /// 0x04: SHA-256 of the whole RP ID.
    pub(crate) id_hash: [u8; 32],
}

/// `enumerateRPsBegin` (0x02), §6.8.3.
pub(crate) struct EnumerateRpsBegin<'a>(pub(crate) Authority<'a>);

impl Command for EnumerateRpsBegin<'_> {
    const CODE: u8 = CODE;
    /// The first one, and 0x05, how many there are. Some authenticators answer "none" in so many
    /// words instead of refusing.
    type Response = Option<(Party, u32)>;

    fn encode(&self) -> Vec<u8> {
        authorized(self.0, 0x02, Vec::new())
    }

    fn decode(answer: &[u8]) -> Result<Self::Response, AnswerError> {
        let mut members = members(answer)?;
        match members.unsigned(0x05)?.ok_or(Malformed)? {
            0 => Ok(None),
            total => Ok(Some((party(members)?, total))),
        }
    }
}

/// `enumerateRPsGetNextRP` (0x03), §6.8.3.
pub(crate) struct EnumerateRpsGetNextRp(pub(crate) Dialect);

impl Command for EnumerateRpsGetNextRp {
    const CODE: u8 = CODE;
    type Response = Party;

    fn encode(&self) -> Vec<u8> {
        request(self.0.code(CODE, PREVIEW), vec![member(0x01, 0x03)])
    }

    fn decode(answer: &[u8]) -> Result<Party, AnswerError> {
        Ok(party(members(answer)?)?)
    }
}

fn party(mut members: Members) -> Result<Party, Malformed> {
    let mut rp = members.map(0x03)?.ok_or(Malformed)?;
    Ok(Party {
        id: rp.text("id")?.ok_or(Malformed)?,
        name: rp.text("name")?.unwrap_or_default(),
        id_hash: members.bytes(0x04)?.and_then(|hash| hash.try_into().ok()).ok_or(Malformed)?,
    })
}

/// A discoverable credential, as the authenticator tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// 0x06, `id`.
    pub(crate) user_id: Vec<u8>,
    /// 0x06, `name`.
    pub(crate) user_name: String,
    /// 0x06, `displayName`.
    pub(crate) user_display_name: String,
    /// 0x07, `id`.
    pub(crate) credential_id: Vec<u8>,
    /// 0x0A.
    pub(crate) cred_protect: Option<u32>,
}

/// `enumerateCredentialsBegin` (0x04), §6.8.4.
pub(crate) struct EnumerateCredentialsBegin<'a> {
    pub(crate) authority: Authority<'a>,
    /// 0x02, 0x01.
    pub(crate) rp_id_hash: [u8; 32],
}

impl Command for EnumerateCredentialsBegin<'_> {
    const CODE: u8 = CODE;
    /// The first one, and 0x09, how many there are.
    type Response = (Entry, u32);

    fn encode(&self) -> Vec<u8> {
        authorized(self.authority, 0x04, vec![member(0x01, byte_string(&self.rp_id_hash))])
    }

    fn decode(answer: &[u8]) -> Result<Self::Response, AnswerError> {
        let mut members = members(answer)?;
        let total = members.unsigned(0x09)?.ok_or(Malformed)?;
        Ok((entry(members)?, total))
    }
}

/// `enumerateCredentialsGetNextCredential` (0x05), §6.8.4.
pub(crate) struct EnumerateCredentialsGetNextCredential(pub(crate) Dialect);

impl Command for EnumerateCredentialsGetNextCredential {
    const CODE: u8 = CODE;
    type Response = Entry;

    fn encode(&self) -> Vec<u8> {
        request(self.0.code(CODE, PREVIEW), vec![member(0x01, 0x05)])
    }

    fn decode(answer: &[u8]) -> Result<Entry, AnswerError> {
        Ok(entry(members(answer)?)?)
    }
}

fn entry(mut members: Members) -> Result<Entry, Malformed> {
    let mut user = members.map(0x06)?.ok_or(Malformed)?;
    let mut credential = members.map(0x07)?.ok_or(Malformed)?;
    Ok(Entry {
        user_id: user.bytes("id")?.ok_or(Malformed)?,
        user_name: user.text("name")?.unwrap_or_default(),
        user_display_name: user.text("displayName")?.unwrap_or_default(),
        credential_id: credential.bytes("id")?.filter(|id| !id.is_empty()).ok_or(Malformed)?,
        cred_protect: members.unsigned(0x0A)?,
    })
}

/// `deleteCredential` (0x06), §6.8.5.
pub(crate) struct DeleteCredential<'a> {
    pub(crate) authority: Authority<'a>,
    /// 0x02, 0x02.
    pub(crate) credential_id: &'a [u8],
}

impl Command for DeleteCredential<'_> {
    const CODE: u8 = CODE;
    type Response = ();

    fn encode(&self) -> Vec<u8> {
        authorized(self.authority, 0x06, vec![member(0x02, cose::descriptor(self.credential_id))])
    }

    fn decode(answer: &[u8]) -> Result<(), AnswerError> {
        members(answer).map(drop)
    }
}

#[cfg(test)]
mod tests;
