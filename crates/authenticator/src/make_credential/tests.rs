use super::*;
use crate::PinUvAuthProtocol;
use crate::auth_data::tests::attested;
use crate::pin_uv::tests::{CLIENT_DATA_HASH, token};
use hex_literal::hex;

fn rp() -> RelyingParty {
    RelyingParty { id: "example.com".into(), name: "Example".into() }
}

fn user() -> User {
    User { id: vec![1, 2, 3], name: "anna".into(), display_name: "Anna".into() }
}

#[test]
fn a_request_with_everything_is_written_as_in_the_table() {
    let (rp, user, token) = (rp(), user(), token(PinUvAuthProtocol::Two));
    let request = Request {
        client_data_hash: &CLIENT_DATA_HASH,
        rp: &rp,
        user: &user,
        exclude_list: &[vec![0xAA, 0xBB]],
        cred_protect: Some(2),
        discoverable: true,
        uv: None,
        token: Some(&token),
    };
    let expected = hex!(
        "01 a9"
        "01 58 20 108a9107a11167c1d1090f07d6fd7dbf37f8cd8ad88a90fc1b3bc067c120fd23"
        "02 a2 62 6964 6b 6578616d706c652e636f6d"              // rp: id
        "      64 6e616d65 67 4578616d706c65"                  // name
        "03 a3 62 6964 43 010203"                              // user: id
        "      64 6e616d65 64 616e6e61"                        // name
        "      6b 646973706c61794e616d65 64 416e6e61"          // displayName
        "04 81 a2 63 616c67 26"                                // pubKeyCredParams: alg -7
        "         64 74797065 6a 7075626c69632d6b6579"         // type: public-key
        "05 81 a2 62 6964 42 aabb"                             // excludeList: id
        "         64 74797065 6a 7075626c69632d6b6579"         // type: public-key
        "06 a1 6b 6372656450726f74656374 02"                   // extensions: credProtect
        "07 a1 62 726b f5"                                     // options: rk
        "08 58 20 00f1234d7436115975416f27bef4d4c7b916edf806767fe9a7d6674721b32874"
        "09 02"                                                // pinUvAuthProtocol
    );
    assert_eq!(request.encode(), expected);
}

#[test]
fn a_request_without_extras_says_rk_and_where_it_may_uv() {
    let (rp, user) = (rp(), user());
    let mut request = Request {
        client_data_hash: &CLIENT_DATA_HASH,
        rp: &rp,
        user: &user,
        exclude_list: &[],
        cred_protect: None,
        discoverable: false,
        uv: None,
        token: None,
    };
    assert!(request.encode().starts_with(&hex!("01 a5 01")));
    assert!(request.encode().ends_with(&hex!("07 a1 62 726b f4")));
    request.uv = Some(true);
    assert!(request.encode().ends_with(&hex!("07 a2 62 726b f4 62 7576 f5")));
}

fn answer(att_stmt: &[u8], auth_data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(auth_data.len()).unwrap();
    [&hex!("00 a3 01 66 7061636b6564 02 58")[..], &[length], auth_data, &[0x03], att_stmt].concat()
}

#[test]
fn an_answer_becomes_an_attestation_object_with_the_same_bytes_inside() {
    let auth_data = attested(0x45, b"id");
    // attStmt: {"sig": h'0102', "alg": -7}, in the wrong order
    let answer = answer(&hex!("a2 63 736967 42 0102 63 616c67 26"), &auth_data);
    let response = Request::decode(&answer).unwrap();
    assert_eq!(response.credential_id, b"id");
    let length = u8::try_from(auth_data.len()).unwrap();
    let expected = [
        &hex!("a3 63 666d74 66 7061636b6564")[..],
        &hex!("67 61747453746d74 a2 63 616c67 26 63 736967 42 0102"),
        &hex!("68 6175746844617461 58"),
        &[length],
        &auth_data,
    ];
    assert_eq!(response.attestation_object, expected.concat());
}

#[test]
fn an_answer_without_a_credential_is_malformed() {
    let without = [&[0x11; 32][..], &[0x05, 0, 0, 0, 7]].concat();
    assert!(Request::decode(&answer(&hex!("a0"), &attested(0x45, b"id"))).is_ok());
    assert_eq!(Request::decode(&answer(&hex!("a0"), &without)), Err(AnswerError::Malformed));
    assert_eq!(
        Request::decode(&answer(&hex!("80"), &attested(0x45, b"id"))),
        Err(AnswerError::Malformed)
    );
    assert_eq!(Request::decode(&hex!("00")), Err(AnswerError::Malformed));
}

#[test]
fn a_request_for_a_touch_alone_has_an_empty_parameter() {
    let rp = RelyingParty { id: ".dummy".into(), name: ".dummy".into() };
    let nobody = User { id: vec![1], name: ".dummy".into(), display_name: ".dummy".into() };
    let expected = [
        &hex!("01 a6 01 58 20")[..],
        &[0; 32],
        &hex!("02 a2 62 6964 66 2e64756d6d79 64 6e616d65 66 2e64756d6d79"),
        &hex!("03 a3 62 6964 41 01 64 6e616d65 66 2e64756d6d79"),
        &hex!("      6b 646973706c61794e616d65 66 2e64756d6d79"),
        &hex!("04 81 a2 63 616c67 26 64 74797065 6a 7075626c69632d6b6579"),
        &hex!("08 40 09 01"),
    ];
    assert_eq!(only_a_touch(&rp, &nobody), expected.concat());
}
