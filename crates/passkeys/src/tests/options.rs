use serde_json::json;
use url::Url;

use super::{Enrolled, ORIGIN, base64url, passkeys, person};
use crate::{AgentCeremony, Descriptor, Hint, PasskeyError, Passkeys};

fn known() -> Descriptor {
    Descriptor { id: vec![9; 40], transports: vec!["nfc".to_owned(), "smart-card".to_owned()] }
}

#[test]
fn a_new_passkey_is_to_be_discoverable_and_to_verify_its_holder() {
    let begun = passkeys().start_registration(person(7), "ada", "Ada", &[known()]).unwrap();
    let options = &begun.options["publicKey"];
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["requireResidentKey"], true);
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["rp"], json!({"id": "login.example.com", "name": "Cardea"}));
    assert_eq!(options["user"]["name"], "ada");
    assert_eq!(options["user"]["displayName"], "Ada");
    assert_eq!(options["timeout"], 120_000);
    assert_eq!(options["attestation"], "none");
    let offered = options["pubKeyCredParams"].as_array().unwrap();
    let offered: Vec<_> = offered.iter().map(|param| param["alg"].as_i64().unwrap()).collect();
    assert_eq!(offered, [-7, -35, -257], "ES256, ES384, RS256");
    let exclude = json!([{
        "type": "public-key", "id": base64url(&known().id), "transports": ["nfc", "smart-card"],
    }]);
    assert_eq!(options["excludeCredentials"], exclude);
}

#[test]
fn an_assertion_is_asked_of_the_persons_passkeys_alone() {
    let ada = Enrolled::new();
    let begun = ada.begin();
    let options = &begun.options["publicKey"];
    assert_eq!(options["rpId"], "login.example.com");
    assert_eq!(options["userVerification"], "required");
    assert_eq!(options["timeout"], 120_000);
    let id = base64url(&ada.card.credential_ids()[0]);
    let allow = json!([{"type": "public-key", "id": id, "transports": ["nfc", "usb"]}]);
    assert_eq!(options["allowCredentials"], allow);
}

#[test]
fn an_agent_is_asked_the_same_as_the_browser() {
    let ada = Enrolled::new();
    let begun = ada.begin();
    assert_eq!(begun.agent.rp_id, "login.example.com");
    assert_eq!(begun.options["publicKey"]["challenge"], base64url(&begun.agent.challenge));
    let id = ada.card.credential_ids()[0].clone();
    let transports = vec!["nfc".to_owned(), "usb".to_owned()];
    let allow = vec![Descriptor { id, transports }];
    assert_eq!(begun.agent.ceremony, AgentCeremony::Get { allow });

    let begun = ada.passkeys.start_registration(person(7), "ada", "Ada", &[known()]).unwrap();
    assert_eq!(begun.options["publicKey"]["challenge"], base64url(&begun.agent.challenge));
    let expected = AgentCeremony::Create {
        user: person(7),
        name: "ada".to_owned(),
        display_name: "Ada".to_owned(),
        algorithms: vec![-7, -35, -257],
        exclude: vec![known()],
    };
    assert_eq!(begun.agent.ceremony, expected);

    let begun = ada.passkeys.start_discoverable().unwrap();
    assert_eq!(begun.options["publicKey"]["challenge"], base64url(&begun.agent.challenge));
    assert_eq!(begun.agent.ceremony, AgentCeremony::Get { allow: Vec::new() });
}

#[test]
fn no_two_ceremonies_have_one_challenge() {
    let ada = Enrolled::new();
    let challenges: std::collections::BTreeSet<_> =
        (0..50).map(|_| ada.begin().agent.challenge).collect();
    assert_eq!(challenges.len(), 50);
    assert!(challenges.iter().all(|challenge| challenge.len() >= 32));
}

#[test]
fn hints_go_to_the_browser_and_change_nothing_else() {
    let begun = passkeys().start_discoverable().unwrap();
    let hinting = begun.clone().hinting(&[Hint::SecurityKey, Hint::Hybrid]);
    assert_eq!(hinting.options["publicKey"]["hints"], json!(["security-key", "hybrid"]));
    assert_eq!(hinting.state, begun.state);
    let challenge = |begun: &crate::Begun| begun.options["publicKey"]["challenge"].clone();
    assert_eq!(challenge(&hinting), challenge(&begun));
}

#[test]
fn a_person_without_a_name_is_not_registered() {
    for (name, display_name) in [("", "Ada"), ("ada", ""), ("", "")] {
        let refused = passkeys().start_registration(person(7), name, display_name, &[]);
        assert_eq!(refused.unwrap_err(), PasskeyError::Name, "{name:?} {display_name:?}");
    }
}

#[test]
fn rp_id_and_origin_must_fit() {
    let new = |rp_id: &str, origin: &str| {
        Passkeys::new(rp_id, &Url::parse(origin).unwrap(), "Cardea").map(|_| ())
    };
    assert_eq!(new("login.example.com", ORIGIN), Ok(()));
    assert_eq!(new("example.com", ORIGIN), Ok(()));
    assert_eq!(new("localhost", "http://localhost:8080"), Ok(()));
    for (rp_id, origin) in [
        ("evil.test", ORIGIN),
        ("a.login.example.com", ORIGIN),
        ("ogin.example.com", ORIGIN),
        ("login.example.com", "https://evillogin.example.com"),
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("", ORIGIN),
    ] {
        assert_eq!(new(rp_id, origin), Err(PasskeyError::Configuration), "{rp_id} {origin}");
    }
}

#[test]
fn at_a_port_of_its_own_the_origin_bears_the_port() {
    let origin = "http://localhost:8080";
    let at = Passkeys::new("localhost", &Url::parse(origin).unwrap(), "Cardea").unwrap();
    for (written, accepted) in
        [(origin, true), ("http://localhost", false), ("http://localhost:8081", false)]
    {
        let begun = at.start_registration(person(7), "ada", "Ada", &[]).unwrap();
        let mut card = soft_authenticator::SoftAuthenticator::new(1);
        let response = card.register(&begun.options, written).unwrap();
        let result = at.finish_registration(&begun.state, &super::bytes(&response));
        assert_eq!(result.is_ok(), accepted, "{written}");
    }
}

#[test]
fn each_error_has_a_code_of_its_own() {
    use PasskeyError as E;
    let all = [
        E::Configuration,
        E::Name,
        E::NoPasskey,
        E::State,
        E::TooLarge,
        E::Malformed,
        E::Type,
        E::Challenge,
        E::Origin,
        E::CrossOrigin,
        E::RpIdHash,
        E::UserNotPresent,
        E::UserNotVerified,
        E::BackupState,
        E::BackupEligibility,
        E::Algorithm,
        E::PublicKey,
        E::Attestation,
        E::Credential,
        E::Excluded,
        E::UserHandle,
        E::Signature,
        E::PossibleClone,
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(|error| error.code()).collect();
    assert_eq!(codes.len(), all.len());
    assert!(codes.iter().all(|code| code.starts_with("passkey-")));
}
