use ciborium::Value as Cbor;
use soft_authenticator::{
    AAGUID, Attested, BE, BS, Draft, Format, Signer, SoftAuthenticator, UP, UV,
};
use uuid::Uuid;

use super::{
    ORIGIN, base64url, bytes, passkeys, person, register, register_sent, sent_bytes, wrong,
};
use crate::{Descriptor, PasskeyError};

#[test]
fn a_card_is_registered_with_what_it_says_of_itself() {
    let new = register(|_| {}).unwrap();
    assert_eq!(new.webauthn_id.len(), 32);
    assert_eq!(new.counter, 0);
    assert_eq!(new.aaguid, Some(Uuid::from_bytes(AAGUID)));
    assert_eq!(new.transports, ["nfc", "usb"]);
    assert!(!new.backup_eligible && !new.backup_state && !new.hardware_attested);
}

#[test]
fn a_synced_passkey_says_so() {
    let new = register(|d| d.flags |= BE | BS).unwrap();
    assert!(new.backup_eligible && new.backup_state);
}

#[test]
fn an_authenticator_without_a_make_has_none() {
    let nil = |d: &mut Draft| attested(d).aaguid = [0; 16];
    assert_eq!(register(nil).unwrap().aaguid, None);
}

#[test]
fn transports_that_the_standard_does_not_know_are_forgotten() {
    let new = register(|d| {
        d.transports = ["smart-card", "usb", "cable", "usb", "<b>"].map(str::to_owned).to_vec();
    });
    assert_eq!(new.unwrap().transports, ["smart-card", "usb"]);
    assert!(
        register_sent(|_| {}, |r| r["response"]["transports"].take().to_string().clear()).is_ok()
    );
    let many = register(|d| d.transports = vec!["usb".to_owned(); 17]);
    assert_eq!(many.unwrap_err(), PasskeyError::TooLarge);
}

fn attested(draft: &mut Draft) -> &mut Attested {
    draft.attested.as_mut().unwrap()
}

fn assert_refused(cases: &[super::Case]) {
    assert_eq!(wrong(cases, |change| register(change)), [""; 0]);
}

#[test]
fn step_14_refuses_another_relying_party() {
    assert_refused(&[
        ("another", |d| d.rp_id = "evil.test".to_owned(), PasskeyError::RpIdHash),
        ("the parent", |d| d.rp_id = "example.com".to_owned(), PasskeyError::RpIdHash),
        ("the origin", |d| d.rp_id = ORIGIN.to_owned(), PasskeyError::RpIdHash),
    ]);
}

#[test]
fn steps_15_and_16_refuse_without_touch_and_without_verification() {
    assert_refused(&[
        ("no touch", |d| d.flags &= !UP, PasskeyError::UserNotPresent),
        ("no verification", |d| d.flags &= !UV, PasskeyError::UserNotVerified),
        ("neither", |d| d.flags = 0, PasskeyError::UserNotPresent),
    ]);
}

#[test]
fn step_17_refuses_a_copy_of_what_cannot_be_copied() {
    assert_refused(&[("BS without BE", |d| d.flags |= BS, PasskeyError::BackupState)]);
}

#[test]
fn step_20_refuses_an_algorithm_that_was_not_offered() {
    assert_refused(&[
        ("EdDSA", |d| d.set_key(3, -8), PasskeyError::PublicKey),
        ("ES512", |d| d.set_key(3, -36), PasskeyError::Algorithm),
        ("PS256", |d| d.set_key(3, -37), PasskeyError::PublicKey),
        ("RS1", |d| d.set_key(3, -65535), PasskeyError::PublicKey),
        ("unknown", |d| d.set_key(3, 4711), PasskeyError::PublicKey),
        ("a text", |d| d.set_key(3, "ES256"), PasskeyError::Malformed),
    ]);
}

#[test]
fn a_public_key_that_is_none_is_refused() {
    assert_refused(&[
        ("of another kind", |d| d.set_key(1, 3), PasskeyError::PublicKey),
        ("on another curve", |d| d.set_key(-1, 2), PasskeyError::PublicKey),
        ("on no curve", |d| d.set_key(-1, 99), PasskeyError::PublicKey),
        ("x too short", |d| d.set_key(-2, Cbor::Bytes(vec![1; 31])), PasskeyError::PublicKey),
        ("x too long", |d| d.set_key(-2, Cbor::Bytes(vec![1; 33])), PasskeyError::PublicKey),
        ("no point", |d| d.set_key(-3, Cbor::Bytes(vec![1; 32])), PasskeyError::PublicKey),
        ("compressed", |d| d.set_key(-3, true), PasskeyError::Malformed),
        ("without y", |d| without(d, -3), PasskeyError::Malformed),
        ("without curve", |d| without(d, -1), PasskeyError::Malformed),
        ("without kind", |d| without(d, 1), PasskeyError::Malformed),
        ("without algorithm", |d| without(d, 3), PasskeyError::Malformed),
        ("empty", |d| attested(d).public_key.clear(), PasskeyError::Malformed),
    ]);
}

fn without(draft: &mut Draft, label: i64) {
    attested(draft).public_key.retain(|(known, _)| *known != label);
}

#[test]
fn steps_22_and_23_refuse_a_statement_that_does_not_verify() {
    assert_refused(&[
        ("unknown", |d| d.format = other("made-up"), PasskeyError::Attestation),
        ("upper case", |d| d.format = other("NONE"), PasskeyError::Attestation),
        ("no format", |d| d.format = other(""), PasskeyError::Attestation),
        ("packed without anything", |d| d.format = other("packed"), PasskeyError::Attestation),
        ("tpm without anything", |d| d.format = other("tpm"), PasskeyError::Malformed),
        ("u2f without anything", |d| d.format = other("fido-u2f"), PasskeyError::Malformed),
        ("by another key", |d| signed_by(d, Signer::AnotherKey), PasskeyError::Attestation),
        ("other client data", |d| signed_by(d, Signer::OtherClientData), PasskeyError::Attestation),
        (
            "other authenticator data",
            |d| signed_by(d, Signer::OtherAuthenticatorData),
            PasskeyError::Attestation,
        ),
        ("garbage", |d| signed_by(d, Signer::Garbage), PasskeyError::Attestation),
        ("a statement for none", |d| d.format = statement_for_none(), PasskeyError::Attestation),
    ]);
}

fn statement_for_none() -> Format {
    Format::Other("none".to_owned(), Cbor::Map(vec![("a".into(), 1.into())]))
}

fn other(format: &str) -> Format {
    Format::Other(format.to_owned(), Cbor::Map(Vec::new()))
}

fn signed_by(draft: &mut Draft, signer: Signer) {
    draft.format = Format::PackedSelf;
    draft.signer = signer;
}

#[test]
fn a_statement_by_the_key_itself_attests_no_hardware() {
    assert!(!register(|d| d.format = Format::PackedSelf).unwrap().hardware_attested);
}

#[test]
fn step_26_refuses_an_id_that_is_too_long_or_not_the_signed_one() {
    assert_refused(&[
        ("1024 bytes", |d| id(d, 1024), PasskeyError::TooLarge),
        ("1024 bytes signed", |d| attested(d).id = vec![1; 1024], PasskeyError::TooLarge),
        ("none", |d| id(d, 0), PasskeyError::Malformed),
        ("another than signed", |d| d.credential_id = vec![1; 32], PasskeyError::Credential),
    ]);
    assert_eq!(register(|d| id(d, 1023)).unwrap().webauthn_id, [1; 1023]);
}

/// With the id of somebody's smart card, it would keep that card out.
#[test]
fn the_id_of_a_certificates_key_is_no_passkeys() {
    assert_refused(&[("33 bytes", |d| id(d, 33), PasskeyError::ReservedId)]);
    for length in [32, 34] {
        assert!(register(|d| id(d, length)).is_ok(), "{length}");
    }
    let others = register(|d| {
        id(d, 33);
        d.credential_id[0] = 2;
        attested(d).id[0] = 2;
    });
    assert!(others.is_ok());
}

fn id(draft: &mut Draft, length: usize) {
    draft.credential_id = vec![1; length];
    attested(draft).id = vec![1; length];
}

#[test]
fn authenticator_data_that_is_cut_or_continued_is_refused() {
    assert_refused(&[
        ("no credential", |d| d.attested = None, PasskeyError::Malformed),
        ("empty", |d| d.rewrite = |_| Vec::new(), PasskeyError::Malformed),
        ("36 bytes", |d| d.rewrite = |b| b[..36].to_vec(), PasskeyError::Malformed),
        ("37 bytes", |d| d.rewrite = |b| b[..37].to_vec(), PasskeyError::Malformed),
        ("inside the make", |d| d.rewrite = |b| b[..50].to_vec(), PasskeyError::Malformed),
        ("inside the id", |d| d.rewrite = |b| b[..70].to_vec(), PasskeyError::Malformed),
        ("inside the key", |d| d.rewrite = |b| b[..100].to_vec(), PasskeyError::Malformed),
        ("one byte less", |d| d.rewrite = |b| b[..b.len() - 1].to_vec(), PasskeyError::Malformed),
        ("one byte more", |d| d.rewrite = |b| [b, vec![0]].concat(), PasskeyError::Malformed),
        ("extensions promised", |d| d.flags |= 0x80, PasskeyError::Malformed),
        ("extensions no map", |d| d.extensions = Some(7.into()), PasskeyError::Malformed),
    ]);
}

type Change = fn(Vec<u8>) -> Vec<u8>;

#[test]
fn an_attestation_object_that_is_no_map_of_three_is_refused() {
    let replace = |change: Change| {
        let result = register_sent(
            |_| {},
            |response| {
                let object = change(sent_bytes(response, "attestationObject"));
                response["response"]["attestationObject"] = base64url(&object).into();
            },
        );
        result.unwrap_err()
    };
    let cases: [(&str, Change); 9] = [
        ("empty", |_| Vec::new()),
        ("garbage", |_| vec![0xff; 60]),
        ("a list", |_| vec![0x83, 0, 0, 0]),
        ("an empty map", |_| vec![0xa0]),
        ("cut off", |object| object[..object.len() - 1].to_vec()),
        ("one byte more", |object| [object, vec![0]].concat()),
        ("a fourth member", |object| [&[0xa4][..], &object[1..], b"\x61x\x00"].concat()),
        ("a second format", |object| [&[0xa4][..], &object[1..], b"\x63fmt\x64none"].concat()),
        ("nested without end", |_| vec![0x81; 60_000 / 2]),
    ];
    for (name, change) in cases {
        assert_eq!(replace(change), PasskeyError::Malformed, "{name}");
    }
}

#[test]
fn the_user_handle_is_the_persons_id() {
    let begun = passkeys().start_registration(person(7), "ada", "Ada", &[]).unwrap();
    let id = base64url(person(7).0.as_bytes());
    assert_eq!(begun.options["publicKey"]["user"]["id"], id);
}

#[test]
fn an_authenticator_that_holds_an_excluded_credential_is_refused() {
    let mut card = SoftAuthenticator::new(1);
    let passkeys = passkeys();
    let begun = passkeys.start_registration(person(7), "ada", "Ada", &[]).unwrap();
    let first = card.register(&begun.options, ORIGIN).unwrap();
    let first = passkeys.finish_registration(&begun.state, &bytes(&first)).unwrap();
    let exclude = [Descriptor { id: first.webauthn_id.clone(), transports: first.transports }];
    let begun = passkeys.start_registration(person(7), "ada", "Ada", &exclude).unwrap();
    let refused = card.register(&begun.options, ORIGIN).unwrap_err();
    assert_eq!(refused, soft_authenticator::Refused::Excluded);
    // One that does not keep to the list.
    let again = SoftAuthenticator::new(2).register_with(&begun.options, ORIGIN, |d| {
        d.credential_id.clone_from(&first.webauthn_id);
        attested(d).id.clone_from(&first.webauthn_id);
    });
    let again = passkeys.finish_registration(&begun.state, &bytes(&again.unwrap()));
    assert_eq!(again.unwrap_err(), PasskeyError::Excluded);
}
