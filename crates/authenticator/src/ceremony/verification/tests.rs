use super::*;
use crate::UserVerification::{Discouraged, Preferred, Required};

const REGISTER: Purpose = Purpose::Register { discoverable: true };

fn info(options: &[(&str, bool)]) -> get_info::Response {
    let mut info = get_info::tests::plain();
    info.options = options.iter().map(|(id, value)| ((*id).to_owned(), *value)).collect();
    info
}

fn chosen(options: &[(&str, bool)], wish: UserVerification, purpose: Purpose) -> String {
    match choose(&info(options), wish, purpose) {
        Ok(method) => format!("{method:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn built_in_verification_comes_before_the_pin_and_permissions_before_the_rest() {
    let token = ("pinUvAuthToken", true);
    let pin = ("clientPin", true);
    for (options, method) in [
        (&[("uv", true), pin, token][..], "UvToken"),
        (&[("uv", true), pin], "BuiltIn"),
        (&[("uv", false), pin, token], "PinToken(WithPermissions)"),
        (&[pin, token], "PinToken(WithPermissions)"),
        (&[pin], "PinToken(Legacy)"),
        (
            &[pin, token, ("noMcGaPermissionsWithClientPin", true)],
            "authenticator cannot verify its user",
        ),
        (&[], "authenticator cannot verify its user"),
    ] {
        for purpose in [REGISTER, Purpose::Authenticate] {
            assert_eq!(chosen(options, Required, purpose), method, "{options:?}");
        }
    }
}

#[test]
fn a_factory_fresh_authenticator_gets_a_pin_when_it_is_registered_and_only_then() {
    let fresh = &[("clientPin", false), ("pinUvAuthToken", true)];
    assert_eq!(chosen(fresh, Required, REGISTER), "SetPin(WithPermissions)");
    assert_eq!(chosen(fresh, Preferred, REGISTER), "SetPin(WithPermissions)");
    assert_eq!(chosen(fresh, Discouraged, REGISTER), "None");
    assert_eq!(chosen(fresh, Required, Purpose::Authenticate), "authenticator has no PIN set");
    assert_eq!(chosen(fresh, Preferred, Purpose::Authenticate), "None");
    assert_eq!(chosen(&[("clientPin", false)], Required, REGISTER), "SetPin(Legacy)");
}

#[test]
fn a_protected_authenticator_insists_where_nobody_asks() {
    let pin = ("clientPin", true);
    let not_required = ("makeCredUvNotRqd", true);
    let plain = Purpose::Register { discoverable: false };
    for (options, purpose, method) in [
        (&[pin][..], Purpose::Authenticate, "None"),
        (&[pin], plain, "PinToken(Legacy)"),
        (&[pin, not_required], plain, "None"),
        (&[pin, not_required], REGISTER, "PinToken(Legacy)"),
        (&[pin, ("alwaysUv", true)], Purpose::Authenticate, "PinToken(Legacy)"),
        (
            &[("alwaysUv", true), ("clientPin", false)],
            Purpose::Authenticate,
            "authenticator has no PIN set",
        ),
    ] {
        assert_eq!(chosen(options, Discouraged, purpose), method, "{options:?}");
    }
}

#[test]
fn a_pin_that_must_be_changed_is_not_asked_for() {
    let mut info = info(&[("clientPin", true)]);
    info.force_pin_change = true;
    let refused = choose(&info, Required, Purpose::Authenticate);
    assert!(matches!(refused, Err(CeremonyError::PinChangeRequired)));
}
