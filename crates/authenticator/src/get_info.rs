//! `authenticatorGetInfo` (0x04), CTAP 2.1 §6.4, and what CTAP 2.2 adds to it.

use std::collections::BTreeMap;

use ciborium::Value;

use crate::cbor::{self, Malformed};
use crate::command::{members, request};
use crate::{AnswerError, Command};

/// The request has no parameters.
#[derive(Debug)]
pub struct Request;

impl Command for Request {
    const CODE: u8 = 0x04;
    type Response = Response;

    fn encode(&self) -> Vec<u8> {
        request(Self::CODE, Vec::new())
    }

    fn decode(answer: &[u8]) -> Result<Response, AnswerError> {
        let mut members = members(answer)?;
        Ok(Response {
            versions: members.array(0x01, cbor::text)?.ok_or(Malformed)?,
            extensions: members.array(0x02, cbor::text)?.unwrap_or_default(),
            aaguid: aaguid(members.bytes(0x03)?)?,
            options: options(members.map(0x04)?)?,
            max_msg_size: members.unsigned(0x05)?.unwrap_or(1024),
            pin_uv_auth_protocols: members.array(0x06, |n| cbor::unsigned(&n))?.unwrap_or_default(),
            max_credential_count_in_list: members.unsigned(0x07)?,
            max_credential_id_length: members.unsigned(0x08)?,
            transports: members.array(0x09, cbor::text)?.unwrap_or_default(),
            algorithms: members.array(0x0A, algorithm)?.unwrap_or_default(),
            force_pin_change: members.boolean(0x0C)?.unwrap_or(false),
            min_pin_length: members.unsigned(0x0D)?.unwrap_or(4),
            firmware_version: members.long(0x0E)?,
            max_rp_ids_for_set_min_pin_length: members.unsigned(0x10)?.unwrap_or(0),
            preferred_platform_uv_attempts: members.unsigned(0x11)?,
            uv_modality: members.unsigned(0x12)?,
            remaining_discoverable_credentials: members.unsigned(0x14)?,
            long_touch_for_reset: members.boolean(0x18)?.unwrap_or(false),
            transports_for_reset: members.array(0x1A, cbor::text)?.unwrap_or_default(),
        })
    }
}

/// What the authenticator can do. Each key is written out, as in the table of §6.4.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// 0x01: supported protocol versions, such as `FIDO_2_1`.
    pub versions: Vec<String>,
    /// 0x02: supported extensions.
    pub extensions: Vec<String>,
    /// 0x03: model of the authenticator.
    pub aaguid: [u8; 16],
    /// 0x04: option IDs (`rk`, `clientPin`, ...); absent means the default of the standard.
    pub options: BTreeMap<String, bool>,
    /// 0x05: largest message in bytes; 1024 when the authenticator does not say.
    pub max_msg_size: u32,
    /// 0x06: PIN/UV auth protocols, the authenticator's favourite first.
    pub pin_uv_auth_protocols: Vec<u32>,
    /// 0x07: how many credential IDs fit in one list.
    pub max_credential_count_in_list: Option<u32>,
    /// 0x08: how long its credential IDs are at most, in bytes.
    pub max_credential_id_length: Option<u32>,
    /// 0x09: how it is reached (`usb`, `nfc`, ...), in the words of WebAuthn.
    pub transports: Vec<String>,
    /// 0x0A: COSE algorithms, the authenticator's favourite first; empty when it does not say.
    pub algorithms: Vec<i32>,
    /// 0x0C: no token for this PIN before it has been changed.
    pub force_pin_change: bool,
    /// 0x0D: shortest PIN in code points.
    pub min_pin_length: u32,
    /// 0x0E: version of its firmware, a number that means something to its maker.
    pub firmware_version: Option<u64>,
    /// 0x10: how many relying parties may be told the shortest PIN.
    pub max_rp_ids_for_set_min_pin_length: u32,
    /// 0x11: how often its own verification is tried before the PIN.
    pub preferred_platform_uv_attempts: Option<u32>,
    /// 0x12: what its own verification looks at, bits of the FIDO registry; 0x02 is a fingerprint.
    pub uv_modality: Option<u32>,
    /// 0x14: how many more discoverable credentials there is room for, at least.
    pub remaining_discoverable_credentials: Option<u32>,
    /// 0x18 (CTAP 2.2): a reset wants to be confirmed by a long touch.
    pub long_touch_for_reset: bool,
    /// 0x1A (CTAP 2.2): over which transports it can be reset; empty: over all.
    pub transports_for_reset: Vec<String>,
}

impl Response {
    /// The option `id`, as far as the authenticator names it.
    pub fn option(&self, id: &str) -> Option<bool> {
        self.options.get(id).copied()
    }

    /// Whether the authenticator names the option `id` as true.
    pub fn has(&self, id: &str) -> bool {
        self.option(id) == Some(true)
    }

    /// Whether it speaks CTAP2 at all. A U2F key in NFC answers SELECT, too.
    pub fn speaks_ctap2(&self) -> bool {
        self.versions.iter().any(|version| version.starts_with("FIDO_2"))
    }
}

fn aaguid(bytes: Option<Vec<u8>>) -> Result<[u8; 16], Malformed> {
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(Malformed)
}

/// `alg` of a `PublicKeyCredentialParameters`.
fn algorithm(parameters: Value) -> Result<i32, Malformed> {
    let algorithm = cbor::Members::of(parameters)?.take("alg").ok_or(Malformed)?;
    cbor::signed(&algorithm)
}

fn options(members: Option<cbor::Members>) -> Result<BTreeMap<String, bool>, Malformed> {
    let rest = members.map(cbor::Members::into_rest).unwrap_or_default();
    // An option that is not a boolean is one of a later version: unknown, not wrong.
    let known = rest.into_iter().filter_map(|(id, value)| match value {
        Value::Bool(value) => Some(cbor::text(id).map(|id| (id, value))),
        _ => None,
    });
    known.collect()
}

#[cfg(test)]
pub(crate) mod tests;
