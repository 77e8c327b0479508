use soft_authenticator::SoftAuthenticator;

use super::{Enrolled, ORIGIN, bytes, person};
use crate::{Identified, PasskeyError};

#[test]
fn a_card_says_who_it_is_and_proves_it() {
    let mut ada = Enrolled::new();
    let begun = ada.passkeys.start_discoverable().unwrap();
    let response = bytes(&ada.card.authenticate(&begun.options, ORIGIN).unwrap());
    let said = ada.passkeys.identify(&response).unwrap();
    let webauthn_id = ada.card.credential_ids()[0].clone();
    assert_eq!(said, Identified { user: ada.person, webauthn_id });
    let proved =
        ada.passkeys.finish_discoverable(&begun.state, &response, &ada.stored, ada.person).unwrap();
    assert_eq!(proved.user_handle, Some(ada.person));
    assert_eq!(proved.webauthn_id, said.webauthn_id);
}

#[test]
fn a_dialog_and_no_suggestion_in_a_text_field_asks_for_the_card() {
    let begun = super::passkeys().start_discoverable().unwrap();
    assert_eq!(begun.options.get("mediation"), None);
    assert_eq!(begun.options["publicKey"]["allowCredentials"], serde_json::json!([]));
    assert_eq!(begun.options["publicKey"]["userVerification"], "required");
}

#[test]
fn an_answer_that_does_not_say_whose_it_is_identifies_nobody() {
    let mut ada = Enrolled::new();
    for handle in [None, Some(Vec::new()), Some(vec![1; 15]), Some(vec![1; 17])] {
        let begun = ada.passkeys.start_discoverable().unwrap();
        let change = |d: &mut soft_authenticator::Draft| d.user_handle = handle;
        let response = ada.card.authenticate_with(&begun.options, ORIGIN, change).unwrap();
        let refused = ada.passkeys.identify(&bytes(&response)).unwrap_err();
        assert_eq!(refused, PasskeyError::UserHandle);
    }
}

#[test]
fn a_passkey_whose_owner_is_another_than_the_answer_says_is_refused() {
    let mut ada = Enrolled::new();
    let begun = ada.passkeys.start_discoverable().unwrap();
    let response = bytes(&ada.card.authenticate(&begun.options, ORIGIN).unwrap());
    let refused = ada.passkeys.finish_discoverable(&begun.state, &response, &ada.stored, person(8));
    assert_eq!(refused.unwrap_err(), PasskeyError::UserHandle);
}

#[test]
fn the_passkey_of_another_card_does_not_verify_the_answer() {
    let mut ada = Enrolled::new();
    let other = Enrolled::with(SoftAuthenticator::new(2));
    let begun = ada.passkeys.start_discoverable().unwrap();
    let response = bytes(&ada.card.authenticate(&begun.options, ORIGIN).unwrap());
    let refused =
        ada.passkeys.finish_discoverable(&begun.state, &response, &other.stored, ada.person);
    assert_eq!(refused.unwrap_err(), PasskeyError::Credential);
}

#[test]
fn the_state_fits_into_a_sealed_cookie() {
    let begun = super::passkeys().start_discoverable().unwrap();
    assert!(begun.state.len() < 400, "{} bytes", begun.state.len());
}
