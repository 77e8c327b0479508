use openid_provider::client::{ClaimMapper, SettingsError};

use super::*;
use crate::admin::form::Problems;

const KEY_SET: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

fn settings() -> ClientSettings {
    ClientSettings { redirect_uris: vec!["https://a.example/cb".into()], ..Default::default() }
}

fn form(fields: &[(&str, &str)]) -> Form {
    Form(fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
}

fn read(fields: &[(&str, &str)]) -> Result<ClientSettings, Vec<&'static str>> {
    let changed = form(fields).changed("Files", &settings());
    changed.map(|(_, settings)| settings).map_err(|problems: Problems| problems.fields())
}

#[test]
fn an_application_comes_back_from_its_form() {
    let was = ClientSettings {
        home_uri: Some("https://a.example/".into()),
        post_logout_redirect_uris: vec!["https://a.example/bye".into()],
        backchannel_logout_uri: Some("https://a.example/logged-out".into()),
        backchannel_logout_session_required: false,
        authentication: ClientAuthentication::PrivateKeyJwt,
        jwks: Some(KEY_SET.into()),
        card: CardRule::WithinMinutes(15),
        attested_only: true,
        allowed_groups: vec!["Ward 3".into(), "Nurses, night".into()],
        mappers: vec![
            ClaimMapper { attribute: "group".into(), claim: "roles".into(), list: true },
            ClaimMapper { attribute: "department".into(), claim: "dept".into(), list: false },
        ],
        offline_access: true,
        without_pkce: true,
        ..settings()
    };
    assert_eq!(was.check(), Ok(()));
    let back = Form::of("Files", &was).changed("", &was);
    assert_eq!(back.ok(), Some(("Files".to_owned(), was)));
}

#[test]
fn what_is_not_said_stays_as_it_was() {
    let was = ClientSettings { allowed_groups: vec!["Ward 3".into()], ..settings() };
    let (name, is) = form(&[("home_uri", "https://a.example/")]).changed("Files", &was).unwrap();
    assert_eq!((name.as_str(), &is.allowed_groups), ("Files", &was.allowed_groups));
    // What is said to be empty is.
    let (_, is) = form(&[("allowed_groups", " \r\n")]).changed("Files", &was).unwrap();
    assert!(is.allowed_groups.is_empty());
}

#[test]
fn what_a_kind_does_not_have_is_not_read() {
    let service = ClientSettings { kind: ClientKind::Service, ..ClientSettings::default() };
    let said = form(&[("redirect_uris", "https://a.example/cb"), ("without_pkce", "yes")]);
    assert_eq!(said.changed("Robot", &service).unwrap().1, service);
    let native = ClientSettings {
        kind: ClientKind::Native,
        authentication: ClientAuthentication::None,
        ..settings()
    };
    let said = form(&[("authentication", SECRET), ("jwks", "x"), ("without_pkce", "yes")]);
    assert_eq!(said.changed("App", &native).unwrap().1, native);
}

#[test]
fn values_that_make_no_sense_are_refused_by_field() {
    let private = KEY_SET.replace("\"kid\"", "\"d\":\"x\",\"kid\"");
    let uris = |n: usize| vec!["https://a.example/cb"; n].join("\n");
    for (fields, field) in [
        (vec![("name", " ")], "name"),
        (vec![("home_uri", "javascript:alert(1)")], "home_uri"),
        (vec![("redirect_uris", "")], "redirect_uris"),
        (vec![("redirect_uris", "https://a.example/*")], "redirect_uris"),
        (vec![("redirect_uris", "http://a.example/")], "redirect_uris"),
        (vec![("redirect_uris", uris(21).as_str())], "redirect_uris"),
        (vec![("post_logout_redirect_uris", "a")], "post_logout_redirect_uris"),
        (vec![("backchannel_logout_uri", "http://a.example/")], "backchannel_logout_uri"),
        (vec![("backchannel_logout_uri", "https://a.example/*")], "backchannel_logout_uri"),
        (
            vec![("backchannel_logout_session_required", "perhaps")],
            "backchannel_logout_session_required",
        ),
        (vec![("card", "never")], "card"),
        (vec![("card", WITHIN)], "card_minutes"),
        (vec![("card", WITHIN), ("card_minutes", "-1")], "card_minutes"),
        (vec![("card", WITHIN), ("card_minutes", "0")], "card_minutes"),
        (vec![("card", WITHIN), ("card_minutes", "525601")], "card_minutes"),
        (vec![("attested_only", "maybe")], "attested_only"),
        (vec![("allowed_groups", "x".repeat(300).as_str())], "allowed_groups"),
        (vec![("mappers", "group")], "mappers"),
        (vec![("mappers", "group = sub")], "mappers"),
        (vec![("mappers", "a = x\nb = x")], "mappers"),
        (vec![("offline_access", "2")], "offline_access"),
        (vec![("signing_alg", "none")], "signing_alg"),
        (vec![("authentication", "trust me")], "authentication"),
        (vec![("authentication", KEYS)], "jwks"),
        (vec![("jwks", "keys")], "jwks"),
        (vec![("jwks", private.as_str())], "jwks"),
        (vec![("authentication", NOTHING), ("without_pkce", "yes")], "without_pkce"),
    ] {
        assert_eq!(read(&fields), Err(vec![field]), "{fields:?}");
    }
}

#[test]
fn every_field_that_the_rules_may_name_is_on_the_page() {
    let form = Form::of("Files", &settings());
    for error in [
        SettingsError::NoRedirectUri,
        SettingsError::LogoutOfService,
        SettingsError::SecretOfPublic,
        SettingsError::PublicWithoutPkce,
        SettingsError::RefreshOfService,
        SettingsError::NoKeys,
        SettingsError::Minutes,
        SettingsError::Groups,
        SettingsError::MapperName,
    ] {
        assert!(form.0.contains_key(error.setting()), "{error}");
    }
}
