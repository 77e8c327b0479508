use soft_authenticator::{Attested, BE, BS, Signer, SoftAuthenticator, UP, UV};

use super::{Case, Enrolled, ORIGIN, base64url, bytes, person, wrong};
use crate::PasskeyError;

#[test]
fn a_card_answers_for_its_person() {
    let mut ada = Enrolled::new();
    let assertion = ada.assert(|_| {}).unwrap();
    assert_eq!(assertion.webauthn_id, ada.card.credential_ids()[0]);
    assert_eq!(assertion.counter, 1);
    assert!(assertion.user_present && assertion.user_verified);
    assert!(!assertion.backup_eligible && !assertion.backup_state);
    assert_eq!(assertion.user_handle, Some(ada.person));
}

#[test]
fn the_same_answer_verifies_twice_so_the_caller_must_spend_the_state() {
    let mut ada = Enrolled::new();
    let begun = ada.begin();
    let response = bytes(&ada.card.authenticate(&begun.options, ORIGIN).unwrap());
    for _ in 0..2 {
        assert!(ada.passkeys.finish_authentication(&begun.state, &response, ada.person).is_ok());
    }
}

#[test]
fn an_answer_to_another_state_is_refused() {
    let mut ada = Enrolled::new();
    let (first, second) = (ada.begin(), ada.begin());
    let response = bytes(&ada.card.authenticate(&first.options, ORIGIN).unwrap());
    let refused = ada.passkeys.finish_authentication(&second.state, &response, ada.person);
    assert_eq!(refused.unwrap_err(), PasskeyError::Challenge);
}

fn assert_refused(cases: &[Case]) {
    assert_eq!(wrong(cases, |change| Enrolled::new().assert(change)), [""; 0], "named");
    assert_eq!(wrong(cases, |change| Enrolled::new().discover(change)), [""; 0], "discoverable");
}

#[test]
fn step_05_refuses_a_credential_that_was_not_asked_for() {
    assert_refused(&[
        ("another", |d| d.credential_id = vec![1; 32], PasskeyError::Credential),
        ("the beginning", |d| d.credential_id.truncate(31), PasskeyError::Credential),
        ("one byte more", |d| d.credential_id.push(0), PasskeyError::Credential),
        ("none", |d| d.credential_id.clear(), PasskeyError::Malformed),
        ("too long", |d| d.credential_id = vec![1; 1024], PasskeyError::TooLarge),
    ]);
}

#[test]
fn step_05_refuses_the_valid_card_of_another_person() {
    let ada = Enrolled::new();
    let mut bob = Enrolled::with(SoftAuthenticator::new(2));
    let begun = ada.begin();
    let mut for_bob = bob.begin().options;
    for_bob["publicKey"]["challenge"] = begun.options["publicKey"]["challenge"].clone();
    let response = bytes(&bob.card.authenticate(&for_bob, ORIGIN).unwrap());
    let refused = ada.passkeys.finish_authentication(&begun.state, &response, ada.person);
    assert_eq!(refused.unwrap_err(), PasskeyError::Credential);
}

#[test]
fn step_06_refuses_the_user_handle_of_another_person() {
    assert_refused(&[
        (
            "another person",
            |d| d.user_handle = Some(person(8).0.as_bytes().to_vec()),
            PasskeyError::UserHandle,
        ),
        (
            "the text of the id",
            |d| d.user_handle = Some(person(7).0.to_string().into_bytes()),
            PasskeyError::UserHandle,
        ),
        ("empty", |d| d.user_handle = Some(Vec::new()), PasskeyError::UserHandle),
        ("65 bytes", |d| d.user_handle = Some(vec![0; 65]), PasskeyError::TooLarge),
    ]);
    let named = Enrolled::new().assert(|d| d.user_handle = None).unwrap();
    assert_eq!(named.user_handle, None, "cards leave it out where the credential was named");
    let discoverable = Enrolled::new().discover(|d| d.user_handle = None);
    assert_eq!(discoverable.unwrap_err(), PasskeyError::UserHandle);
}

#[test]
fn step_15_refuses_another_relying_party() {
    assert_refused(&[
        ("another", |d| d.rp_id = "evil.test".to_owned(), PasskeyError::RpIdHash),
        ("the parent", |d| d.rp_id = "example.com".to_owned(), PasskeyError::RpIdHash),
        ("a subdomain", |d| d.rp_id = "a.login.example.com".to_owned(), PasskeyError::RpIdHash),
        ("the origin", |d| d.rp_id = ORIGIN.to_owned(), PasskeyError::RpIdHash),
    ]);
}

#[test]
fn steps_16_and_17_refuse_without_touch_and_without_verification() {
    assert_refused(&[
        ("no touch", |d| d.flags &= !UP, PasskeyError::UserNotPresent),
        ("no verification", |d| d.flags &= !UV, PasskeyError::UserNotVerified),
        ("neither", |d| d.flags = 0, PasskeyError::UserNotPresent),
    ]);
}

#[test]
fn step_18_refuses_a_copy_of_what_cannot_be_copied() {
    assert_refused(&[("BS without BE", |d| d.flags |= BS, PasskeyError::BackupState)]);
}

#[test]
fn backup_eligibility_does_not_change_after_registration() {
    assert_refused(&[
        ("BE appears", |d| d.flags |= BE, PasskeyError::BackupEligibility),
        ("BE and BS appear", |d| d.flags |= BE | BS, PasskeyError::BackupEligibility),
    ]);
    let synced = || Enrolled::with(SoftAuthenticator::new(1).synced());
    let assertion = synced().assert(|_| {}).unwrap();
    assert!(assertion.backup_eligible && assertion.backup_state);
    assert!(!synced().assert(|d| d.flags &= !BS).unwrap().backup_state);
    for run in
        [synced().assert(|d| d.flags &= !(BE | BS)), synced().discover(|d| d.flags &= !(BE | BS))]
    {
        assert_eq!(run.unwrap_err(), PasskeyError::BackupEligibility);
    }
}

#[test]
fn step_21_refuses_a_signature_that_does_not_verify() {
    assert_refused(&[
        ("by another key", |d| d.signer = Signer::AnotherKey, PasskeyError::Signature),
        ("other client data", |d| d.signer = Signer::OtherClientData, PasskeyError::Signature),
        (
            "other authenticator data",
            |d| d.signer = Signer::OtherAuthenticatorData,
            PasskeyError::Signature,
        ),
        ("garbage", |d| d.signer = Signer::Garbage, PasskeyError::Signature),
    ]);
}

#[test]
fn step_21_refuses_an_answer_that_was_changed_after_it_was_signed() {
    for (member, change) in [
        ("authenticatorData", 33),
        ("authenticatorData", 36),
        ("clientDataJSON", 0),
        ("signature", 12),
        ("signature", 60),
    ] {
        let mut ada = Enrolled::new();
        let begun = ada.begin();
        let mut response = ada.card.authenticate(&begun.options, ORIGIN).unwrap();
        let mut sent = super::sent_bytes(&response, member);
        if member == "clientDataJSON" {
            sent.push(b' ');
        } else {
            sent[change] ^= 1;
        }
        response["response"][member] = base64url(&sent).into();
        let refused =
            ada.passkeys.finish_authentication(&begun.state, &bytes(&response), ada.person);
        assert_eq!(refused.unwrap_err(), PasskeyError::Signature, "{member} at {change}");
    }
}

#[test]
fn step_22_a_counter_that_does_not_go_up_tells_of_a_clone() {
    for (stored, sent, goes_up) in [
        (0, 0, true),
        (0, 1, true),
        (5, 6, true),
        (5, u32::MAX, true),
        (5, 5, false),
        (5, 4, false),
        (5, 0, false),
        (u32::MAX, 0, false),
        (u32::MAX, u32::MAX, false),
    ] {
        let mut ada = Enrolled::new();
        // The row knows the last counter, the text only the one of the registration.
        ada.stored.counter = stored;
        for result in [ada.assert(|d| d.counter = sent), ada.discover(|d| d.counter = sent)] {
            let expected = if goes_up { Ok(sent) } else { Err(PasskeyError::PossibleClone) };
            assert_eq!(result.map(|a| a.counter), expected, "{stored} then {sent}");
        }
    }
}

#[test]
fn a_card_without_a_counter_answers_as_often_as_it_is_asked() {
    let mut ada = Enrolled::with(SoftAuthenticator::new(1).without_counter());
    for _ in 0..3 {
        assert_eq!(ada.assert(|_| {}).unwrap().counter, 0);
    }
}

#[test]
fn authenticator_data_that_is_cut_or_continued_is_refused() {
    assert_refused(&[
        ("empty", |d| d.rewrite = |_| Vec::new(), PasskeyError::Malformed),
        ("36 bytes", |d| d.rewrite = |b| b[..36].to_vec(), PasskeyError::Malformed),
        ("one byte more", |d| d.rewrite = |b| [b, vec![0]].concat(), PasskeyError::Malformed),
        ("extensions promised", |d| d.flags |= 0x80, PasskeyError::Malformed),
        ("a credential promised", |d| d.flags |= 0x40, PasskeyError::Malformed),
        (
            "a credential",
            |d| {
                let (aaguid, id, public_key) = ([0; 16], vec![1], Vec::new());
                d.attested = Some(Attested { aaguid, id, public_key });
            },
            PasskeyError::Malformed,
        ),
        ("extensions no map", |d| d.extensions = Some(7.into()), PasskeyError::Malformed),
        ("very long", |d| d.rewrite = |b| [b, vec![0; 4096]].concat(), PasskeyError::TooLarge),
    ]);
}

#[test]
fn any_of_several_cards_answers_and_says_which() {
    let first = Enrolled::new();
    let mut second = Enrolled::with(SoftAuthenticator::new(2));
    let begun = first.passkeys.start_authentication(&[first.stored, second.stored]).unwrap();
    let response = bytes(&second.card.authenticate(&begun.options, ORIGIN).unwrap());
    let assertion =
        first.passkeys.finish_authentication(&begun.state, &response, first.person).unwrap();
    assert_eq!(assertion.webauthn_id, second.card.credential_ids()[0]);
}

#[test]
fn without_a_passkey_there_is_nothing_to_ask_for() {
    let refused = super::passkeys().start_authentication(&[]).unwrap_err();
    assert_eq!(refused, PasskeyError::NoPasskey);
}
