//! `authenticatorGetInfo` (0x04), CTAP 2.1 §6.4.

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
            force_pin_change: members.boolean(0x0C)?.unwrap_or(false),
            min_pin_length: members.unsigned(0x0D)?.unwrap_or(4),
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
    /// 0x0C: no token for this PIN before it has been changed.
    pub force_pin_change: bool,
    /// 0x0D: shortest PIN in code points.
    pub min_pin_length: u32,
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
pub(crate) mod tests {
    use super::*;
    use hex_literal::hex;

    /// An authenticator that says only what it must.
    pub(crate) fn plain() -> Response {
        let answer = hex!("00 a2 01 81 68 4649444f5f325f31 03 50 00000000000000000000000000000000");
        Request::decode(&answer).unwrap()
    }

    const ANSWER: &[u8] = &hex!(
        "00 ab"                                            // success, map(11)
        "01 82 66" "5532465f5632" "68" "4649444f5f325f31"  // versions: ["U2F_V2", "FIDO_2_1"]
        "02 81 6b" "6372656450726f74656374"                // extensions: ["credProtect"]
        "03 50" "f8a011f38c0a4d15800617111f9edc7d"         // aaguid
        "04 a2 62 726b f5 69 636c69656e7450696e f4"        // options: {"rk": true, "clientPin": false}
        "05 19 04b0"                                       // maxMsgSize: 1200
        "06 82 02 01"                                      // pinUvAuthProtocols: [2, 1]
        "07 0a"                                            // maxCredentialCountInList: 10
        "08 18 ff"                                         // maxCredentialIdLength: 255
        "09 81 63 6e6663"                                  // transports: ["nfc"]
        "0c f5"                                            // forcePINChange: true
        "0d 06"                                            // minPINLength: 6
    );

    #[test]
    fn asks_with_one_byte() {
        assert_eq!(Request.encode(), hex!("04"));
    }

    #[test]
    fn reads_every_member_at_its_number() {
        let expected = Response {
            versions: vec!["U2F_V2".into(), "FIDO_2_1".into()],
            extensions: vec!["credProtect".into()],
            aaguid: hex!("f8a011f3 8c0a4d15 80061711 1f9edc7d"),
            options: BTreeMap::from([("rk".into(), true), ("clientPin".into(), false)]),
            max_msg_size: 1200,
            pin_uv_auth_protocols: vec![2, 1],
            max_credential_count_in_list: Some(10),
            max_credential_id_length: Some(255),
            transports: vec!["nfc".into()],
            force_pin_change: true,
            min_pin_length: 6,
        };
        assert_eq!(Request::decode(ANSWER), Ok(expected));
    }

    #[test]
    fn says_the_defaults_of_the_standard_and_skips_what_is_unknown() {
        let info = Request::decode(&hex!(
            "00 a4 01 80 03 50 00000000000000000000000000000000"
            "04 a1 61 78 07"                               // options: {"x": 7}
            "18 77 80"                                     // member 0x77
        ))
        .unwrap();
        assert_eq!((info.max_msg_size, info.min_pin_length), (1024, 4));
        assert_eq!(info.option("x"), None);
        assert!(!info.speaks_ctap2());
    }

    #[test]
    fn refuses_an_aaguid_of_fifteen_bytes() {
        let answer = hex!("00 a2 01 80 03 4f 000000000000000000000000000000");
        assert_eq!(Request::decode(&answer), Err(AnswerError::Malformed));
    }
}
