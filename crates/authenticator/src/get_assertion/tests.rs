use super::*;
use crate::PinUvAuthProtocol;
use crate::pin_uv::tests::{CLIENT_DATA_HASH, token};
use hex_literal::hex;

#[test]
fn a_request_with_everything_is_written_as_in_the_table() {
    let token = token(PinUvAuthProtocol::One);
    let request = Request {
        rp_id: "example.com",
        client_data_hash: &CLIENT_DATA_HASH,
        allow_list: &[vec![0xAA], vec![0xBB]],
        up: true,
        uv: None,
        token: Some(&token),
    };
    let expected = hex!(
        "02 a6"
        "01 6b 6578616d706c652e636f6d"
        "02 58 20 108a9107a11167c1d1090f07d6fd7dbf37f8cd8ad88a90fc1b3bc067c120fd23"
        "03 82 a2 62 6964 41 aa 64 74797065 6a 7075626c69632d6b6579"
        "      a2 62 6964 41 bb 64 74797065 6a 7075626c69632d6b6579"
        "05 a1 62 7570 f5"
        "06 50 00f1234d7436115975416f27bef4d4c7"
        "07 01"
    );
    assert_eq!(request.encode(), expected);
}

#[test]
fn a_search_says_that_no_touch_is_wanted() {
    let request = Request {
        rp_id: "example.com",
        client_data_hash: &CLIENT_DATA_HASH,
        allow_list: &[],
        up: false,
        uv: Some(false),
        token: None,
    };
    assert!(request.encode().starts_with(&hex!("02 a3 01 6b")));
    assert!(request.encode().ends_with(&hex!("05 a2 62 7570 f4 62 7576 f4")));
}

#[test]
fn an_answer_is_read_member_by_member() {
    let auth_data = [&[0x11; 32][..], &[0x05, 0, 0, 0, 7]].concat();
    let answer = [
        &hex!("00 a5 01 a2 62 6964 42 aabb 64 74797065 6a 7075626c69632d6b6579")[..],
        &hex!("02 58 25"),
        &auth_data,
        &hex!("03 43 300601"),
        &hex!("04 a3 62 6964 41 07 64 6e616d65 61 61 6b 646973706c61794e616d65 61 41"),
        &hex!("05 02"),
    ]
    .concat();
    let expected = Response {
        credential_id: Some(vec![0xAA, 0xBB]),
        data: AuthenticatorData::read(&auth_data).unwrap(),
        auth_data,
        signature: vec![0x30, 0x06, 0x01],
        user_handle: Some(vec![7]),
        account: Account { name: "a".into(), display_name: "A".into() },
        number_of_credentials: Some(2),
    };
    assert_eq!(Request::decode(&answer), Ok(expected));
}

#[test]
fn an_answer_of_ctap_2_0_leaves_out_what_is_known() {
    let auth_data = [&[0x11; 32][..], &[0x01, 0, 0, 0, 7]].concat();
    let answer = [&hex!("00 a2 02 58 25")[..], &auth_data, &hex!("03 41 30")].concat();
    let response = Request::decode(&answer).unwrap();
    assert_eq!((response.credential_id, response.user_handle), (None, None));
    assert_eq!(Request::decode(&hex!("00 a1 03 41 30")), Err(AnswerError::Malformed));
}
