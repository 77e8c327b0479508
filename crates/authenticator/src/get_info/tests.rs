use super::*;
use hex_literal::hex;

/// An authenticator that says only what it must.
pub(crate) fn plain() -> Response {
    let answer = hex!("00 a2 01 81 68 4649444f5f325f31 03 50 00000000000000000000000000000000");
    Request::decode(&answer).unwrap()
}

const ANSWER: &[u8] = &hex!(
    "00 b3"                                            // success, map(19)
    "01 82 66" "5532465f5632" "68" "4649444f5f325f31"  // versions: ["U2F_V2", "FIDO_2_1"]
    "02 81 6b" "6372656450726f74656374"                // extensions: ["credProtect"]
    "03 50" "f8a011f38c0a4d15800617111f9edc7d"         // aaguid
    "04 a2 62 726b f5 69 636c69656e7450696e f4"        // options: {"rk": true, "clientPin": false}
    "05 19 04b0"                                       // maxMsgSize: 1200
    "06 82 02 01"                                      // pinUvAuthProtocols: [2, 1]
    "07 0a"                                            // maxCredentialCountInList: 10
    "08 18 ff"                                         // maxCredentialIdLength: 255
    "09 81 63 6e6663"                                  // transports: ["nfc"]
    "0a 82 a2 63 616c67 26 64 74797065 6a 7075626c69632d6b6579" // algorithms: ES256,
    "      a2 63 616c67 27 64 74797065 6a 7075626c69632d6b6579" //   EdDSA
    "0c f5"                                            // forcePINChange: true
    "0d 06"                                            // minPINLength: 6
    "0e 1a 00050702"                                   // firmwareVersion: 0x50702
    "10 02"                                            // maxRPIDsForSetMinPINLength: 2
    "11 03"                                            // preferredPlatformUvAttempts: 3
    "12 02"                                            // uvModality: fingerprint_internal
    "14 18 63"                                         // remainingDiscoverableCredentials: 99
    "18 18 f5"                                         // longTouchForReset: true
    "18 1a 81 63 757362"                               // transportsForReset: ["usb"]
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
        algorithms: vec![-7, -8],
        force_pin_change: true,
        min_pin_length: 6,
        firmware_version: Some(0x0005_0702),
        max_rp_ids_for_set_min_pin_length: 2,
        preferred_platform_uv_attempts: Some(3),
        uv_modality: Some(0x02),
        remaining_discoverable_credentials: Some(99),
        long_touch_for_reset: true,
        transports_for_reset: vec!["usb".into()],
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
