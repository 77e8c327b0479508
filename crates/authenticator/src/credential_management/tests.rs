//! The codes were computed with another implementation, over the bytes that stand here.

use super::*;
use crate::pin_uv::tests::token;
use crate::{PinUvAuthProtocol, Status};
use hex_literal::hex;

const ID: &[u8] = &[0xAA, 0xBB];
/// `{"id": h'aabb', "type": "public-key"}`.
const DESCRIPTOR: &[u8] = &hex!("a2 62 6964 42 aabb 64 74797065 6a 7075626c69632d6b6579");

fn with(check: impl FnOnce(Authority<'_>)) {
    let token = token(PinUvAuthProtocol::Two);
    check(Authority { dialect: Dialect::Standard, token: &token });
}

#[test]
fn get_creds_metadata_goes_out_and_comes_back() {
    with(|authority| {
        let expected = hex!(
            "0a a3 01 01 03 02"
            "04 58 20 bef26ea3a0c75d3231e03f3a7b45065b74f7e393c9e06c94f518176514e24640"
        );
        assert_eq!(GetCredsMetadata(authority).encode(), expected);
    });
    let answer = hex!("00 a2 01 03 02 18 2f");
    let expected = Metadata { existing: 3, possible_remaining: 47 };
    assert_eq!(GetCredsMetadata::decode(&answer), Ok(expected));
}

#[test]
fn protocol_one_has_the_shorter_code_and_the_prototype_another_command() {
    let token = token(PinUvAuthProtocol::One);
    let authority = Authority { dialect: Dialect::Preview, token: &token };
    let expected = hex!("41 a3 01 01 03 01 04 50 bef26ea3a0c75d3231e03f3a7b45065b");
    assert_eq!(GetCredsMetadata(authority).encode(), expected);
    assert_eq!(EnumerateRpsGetNextRp(Dialect::Preview).encode(), hex!("41 a1 01 03"));
    let next = EnumerateCredentialsGetNextCredential(Dialect::Preview);
    assert_eq!(next.encode(), hex!("41 a1 01 05"));
}

#[test]
fn the_command_of_the_standard_is_taken_before_the_prototype() {
    let mut info = get_info::tests::plain();
    assert_eq!(dialect(&info), None);
    info.options.insert("credentialMgmtPreview".into(), true);
    assert_eq!(dialect(&info), Some(Dialect::Preview));
    info.options.insert("credMgmt".into(), true);
    assert_eq!(dialect(&info), Some(Dialect::Standard));
}

#[test]
fn relying_parties_are_enumerated() {
    with(|authority| {
        let expected = hex!(
            "0a a3 01 02 03 02"
            "04 58 20 1b3a7fbd4ff6ca9b98298bca6f7ea1007dc763968aa0862450438e935bc0e37a"
        );
        assert_eq!(EnumerateRpsBegin(authority).encode(), expected);
    });
    assert_eq!(EnumerateRpsGetNextRp(Dialect::Standard).encode(), hex!("0a a1 01 03"));
    let party = Party { id: "a.b".into(), name: String::new(), id_hash: [0x11; 32] };
    let rp = hex!("03 a1 62 6964 63 612e62 04 58 20");
    let next = [&hex!("00 a2")[..], &rp, &[0x11; 32]].concat();
    assert_eq!(EnumerateRpsGetNextRp::decode(&next), Ok(party.clone()));
    let first = [&hex!("00 a3")[..], &rp, &[0x11; 32], &hex!("05 02")].concat();
    assert_eq!(EnumerateRpsBegin::decode(&first), Ok(Some((party, 2))));
    assert_eq!(EnumerateRpsBegin::decode(&hex!("00 a1 05 00")), Ok(None));
    let none = AnswerError::Status(Status::NO_CREDENTIALS);
    assert_eq!(EnumerateRpsBegin::decode(&hex!("2e")), Err(none));
}

#[test]
fn credentials_are_enumerated() {
    with(|authority| {
        let begin = EnumerateCredentialsBegin { authority, rp_id_hash: [0x11; 32] };
        let expected = [
            &hex!("0a a4 01 04 02 a1 01 58 20")[..],
            &[0x11; 32],
            &hex!("03 02"),
            &hex!("04 58 20 bfa8b7f5741977d0b54443f0b602caef1f44ba1df14da0a7f2f9390e3e480f65"),
        ];
        assert_eq!(begin.encode(), expected.concat());
    });
    let entry = Entry {
        user_id: vec![7],
        user_name: "a".into(),
        user_display_name: String::new(),
        credential_id: ID.to_vec(),
        cred_protect: Some(2),
    };
    let members = [&hex!("06 a2 62 6964 41 07 64 6e616d65 61 61 07")[..], DESCRIPTOR].concat();
    let first = [&hex!("00 a5")[..], &members, &hex!("08 a0 09 02 0a 02")].concat();
    assert_eq!(EnumerateCredentialsBegin::decode(&first), Ok((entry.clone(), 2)));
    let next = [&hex!("00 a3")[..], &members, &hex!("0a 02")].concat();
    assert_eq!(EnumerateCredentialsGetNextCredential::decode(&next), Ok(entry));
    let without_total = EnumerateCredentialsBegin::decode(&next);
    assert_eq!(without_total, Err(AnswerError::Malformed));
}

#[test]
fn delete_credential_names_it() {
    with(|authority| {
        let request = DeleteCredential { authority, credential_id: ID };
        let expected = [
            &hex!("0a a4 01 06 02 a1 02")[..],
            DESCRIPTOR,
            &hex!("03 02"),
            &hex!("04 58 20 658f651a1f0ef7d985d92b85f4a5a1b85306120647603ab08e6e49f05933d569"),
        ];
        assert_eq!(request.encode(), expected.concat());
    });
    assert_eq!(DeleteCredential::decode(&[0x00]), Ok(()));
}

#[test]
fn wrong_types_lying_lengths_and_depth_are_malformed() {
    let deep = [&hex!("00 a1 03")[..], &[0x81; 40], &[0x00]].concat();
    for answer in [
        &hex!("00 a2 03 a1 62 6964 63 612e62 04 41 11")[..], // rpIDHash of one byte
        &hex!("00 a2 03 a1 62 6964 43 612e62 04 40"),        // id as bytes
        &hex!("00 a2 03 80 04 40"),                          // rp as an array
        &hex!("00 a2 03 a1 62 6964 7b ffffffffffffffff"),    // id longer than all memory
        &deep,
    ] {
        let party = EnumerateRpsGetNextRp::decode(answer);
        assert_eq!(party, Err(AnswerError::Malformed), "{answer:02x?}");
    }
    for answer in [
        &hex!("00 a2 01 20 02 01")[..],              // a negative number
        &hex!("00 a2 01 1b 0000000100000000 02 01"), // one of 33 bits
        &hex!("00 a1 01 01"),                        // only one of two
        &hex!("00 a3 01 01 02 01 01 01"),            // one twice
    ] {
        let metadata = GetCredsMetadata::decode(answer);
        assert_eq!(metadata, Err(AnswerError::Malformed), "{answer:02x?}");
    }
}
