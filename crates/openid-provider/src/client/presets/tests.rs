use super::*;
use crate::client::{ClientAuthentication, ClientKind};
use crate::testing::issuer;

fn filled(name: &str, answers: &[(&str, &str)]) -> ClientSettings {
    Preset::find(name).unwrap().fill(answers).unwrap()
}

fn refused(name: &str, answers: &[(&str, &str)]) -> PresetError {
    Preset::find(name).unwrap().fill(answers).unwrap_err()
}

fn uris(of: &[&str]) -> Vec<String> {
    of.iter().map(|uri| (*uri).to_owned()).collect()
}

#[test]
fn each_preset_filled_in_as_its_examples_can_be_registered() {
    for preset in PRESETS {
        let examples: Vec<_> = preset.asks.iter().map(|ask| (ask.name, ask.example)).collect();
        let settings = preset.fill(&examples).unwrap();
        assert_eq!(settings.check(), Ok(()), "{}", preset.name);
        assert_eq!(settings.preset, preset.name);
        assert!(crate::client::is_client_id(preset.client_id.unwrap_or(preset.name)));
        // Who has a secret is shown it, and nobody else.
        let copied = preset.settings.iter().any(|it| it.value == SettingValue::ClientSecret);
        let has = settings.authentication == ClientAuthentication::ClientSecret;
        assert_eq!(copied, has, "{}", preset.name);
        assert_eq!(PRESETS.iter().filter(|other| other.name == preset.name).count(), 1);
    }
    assert_eq!(Preset::find("generic-web").unwrap().name, ClientSettings::default().preset);
    assert!(Preset::find("nothing").is_none());
}

#[test]
fn named_applications_get_the_addresses_of_their_own_documentation() {
    let keycloak = [("host", "https://sso.example/"), ("realm", "acme"), ("alias", "cardea")];
    let settings = filled("keycloak", &keycloak);
    assert_eq!(
        settings.redirect_uris,
        uris(&["https://sso.example/realms/acme/broker/cardea/endpoint"])
    );
    assert_eq!(
        settings.post_logout_redirect_uris,
        uris(&["https://sso.example/realms/acme/broker/cardea/endpoint/logout_response"])
    );
    assert_eq!(
        settings.backchannel_logout_uri.as_deref(),
        Some("https://sso.example/realms/acme/protocol/openid-connect/logout/backchannel-logout")
    );
    let proxy = filled("oauth2-proxy", &[("host", "app.example:8443")]);
    assert_eq!(proxy.redirect_uris, uris(&["https://app.example:8443/oauth2/callback"]));
    let grafana = filled("grafana", &[("host", " example.com/grafana/ ")]);
    assert_eq!(grafana.redirect_uris, uris(&["https://example.com/grafana/login/generic_oauth"]));
}

#[test]
fn several_addresses_are_several_and_none_is_none() {
    let two = "https://a.example/cb\r\n  https://b.example/cb\n";
    let settings = filled("generic-web", &[("redirect_uris", two)]);
    assert_eq!(settings.redirect_uris, uris(&["https://a.example/cb", "https://b.example/cb"]));
    assert_eq!(settings.post_logout_redirect_uris, uris(&[]));
    // What stands in an answer is no place for another.
    let own = [
        ("redirect_uris", "https://a.example/{logout_uris}"),
        ("logout_uris", "https://b.example/"),
    ];
    assert_eq!(refused("generic-web", &own), PresetError::Malformed("redirect_uris"));
}

#[test]
fn kinds_are_registered_as_what_they_are() {
    let redirect = [("redirect_uris", "http://127.0.0.1/callback")];
    for (name, kind, authentication, answers) in [
        ("generic-web", ClientKind::Web, ClientAuthentication::ClientSecret, &redirect[..]),
        ("single-page", ClientKind::SinglePage, ClientAuthentication::None, &redirect),
        ("native", ClientKind::Native, ClientAuthentication::None, &redirect),
        ("service", ClientKind::Service, ClientAuthentication::ClientSecret, &[]),
        ("syncro", ClientKind::Web, ClientAuthentication::ClientSecret, &redirect),
    ] {
        let settings = filled(name, answers);
        assert_eq!((settings.kind, settings.authentication), (kind, authentication), "{name}");
        assert_eq!(settings.without_pkce, name == "syncro");
    }
    assert_eq!(Preset::find("syncro").unwrap().client_id, Some("syncro"));
}

#[test]
fn what_is_missing_or_something_else_is_named() {
    assert_eq!(refused("generic-web", &[]), PresetError::Missing("redirect_uris"));
    assert_eq!(refused("grafana", &[("host", "  ")]), PresetError::Missing("host"));
    let host = ("host", "sso.example");
    assert_eq!(refused("keycloak", &[host, ("realm", "a")]), PresetError::Missing("alias"));
    let bad = [host, ("realm", "a/../b"), ("alias", "c")];
    assert_eq!(refused("keycloak", &bad), PresetError::Malformed("realm"));
    for bad in [
        "http://app.example",
        "https://https://app.example",
        "app.example?a",
        "app.example#a",
        "a b",
        "user@app.example",
        "*.app.example",
        "app.example/<b>",
        "/",
        "https://",
        "{host}",
    ] {
        assert_eq!(
            refused("oauth2-proxy", &[("host", bad)]),
            PresetError::Malformed("host"),
            "{bad}"
        );
    }
    let long = "a".repeat(16 * 1024 + 1);
    let refused = refused("generic-web", &[("redirect_uris", &long)]);
    assert_eq!(refused, PresetError::Malformed("redirect_uris"));
}

/// What an administrator copies into the application.
fn copied(name: &str, client_id: &str, answers: &[(&str, &str)]) -> Vec<String> {
    let (settings, preset) = (filled(name, answers), Preset::find(name).unwrap());
    let text = |setting: &Setting| {
        let value = setting.value.text(issuer(), client_id, &settings);
        format!("{}={}", setting.name, value.as_deref().unwrap_or("(shown once)"))
    };
    preset.settings.iter().map(text).collect()
}

#[test]
fn oauth2_proxy_is_told_what_its_documentation_calls_for() {
    assert_eq!(
        copied("oauth2-proxy", "proxy", &[("host", "app.example")]),
        [
            "--provider=oidc",
            "--oidc-issuer-url=https://cardea.example/realms/acme",
            "--client-id=proxy",
            "--client-secret=(shown once)",
            "--redirect-url=https://app.example/oauth2/callback",
            "--scope=openid email profile",
            "--code-challenge-method=S256",
            "--oidc-groups-claim=groups",
            "--email-domain=*",
            "--insecure-oidc-allow-unverified-email=true",
            "--whitelist-domain=cardea.example",
            "Sign-out link=/oauth2/sign_out?rd=https%3A%2F%2Fcardea.example%2Frealms%2Facme%2Fprotocol%2F\
             openid-connect%2Flogout%3Fclient_id%3Dproxy%26post_logout_redirect_uri%3Dhttps%253A%252F%252F\
             app.example%252F",
        ]
    );
}

#[test]
fn keycloak_sends_the_browser_to_be_signed_out() {
    let answers = [("host", "sso.example"), ("realm", "acme"), ("alias", "cardea")];
    assert_eq!(
        copied("keycloak", "keycloak", &answers),
        [
            "Discovery endpoint=https://cardea.example/realms/acme/.well-known/openid-configuration",
            "Client authentication=Client secret sent as post",
            "Client ID=keycloak",
            "Client Secret=(shown once)",
            "Use PKCE=On",
            "PKCE Method=S256",
            "Scopes=openid profile email",
            "Validate Signatures=On",
            "Backchannel logout=Off",
        ]
    );
}

#[test]
fn grafana_gets_refresh_tokens_and_signs_out_here_too() {
    let host = [("host", "grafana.example")];
    let copied = copied("grafana", "grafana", &host);
    for setting in [
        "scopes=openid profile email offline_access",
        "use_refresh_token=true",
        "use_pkce=true",
        "signout_redirect_url=https://cardea.example/realms/acme/protocol/openid-connect/logout\
         ?client_id=grafana&post_logout_redirect_uri=https%3A%2F%2Fgrafana.example%2Flogin",
    ] {
        let setting = format!("[auth.generic_oauth] {setting}");
        assert!(copied.contains(&setting), "{setting} in {copied:?}");
    }
    let settings = filled("grafana", &host);
    assert!(settings.offline_access);
    assert_eq!(settings.post_logout_redirect_uris, uris(&["https://grafana.example/login"]));
}

#[test]
fn a_sign_out_without_a_way_on_names_the_application_alone() {
    let settings = ClientSettings::default();
    let text = SettingValue::SignOut.text(issuer(), "shop", &settings).unwrap();
    assert_eq!(text, format!("{}?client_id=shop", issuer().end_session_endpoint()));
}

#[test]
fn each_value_is_that_of_the_discovery_document() {
    let settings = ClientSettings::default();
    let document: serde_json::Value =
        serde_json::from_slice(&issuer().discovery_document()).unwrap();
    for (value, name) in [
        (SettingValue::Issuer, "issuer"),
        (SettingValue::Authorization, "authorization_endpoint"),
        (SettingValue::Token, "token_endpoint"),
        (SettingValue::Userinfo, "userinfo_endpoint"),
        (SettingValue::EndSession, "end_session_endpoint"),
    ] {
        let text = value.text(issuer(), "shop", &settings);
        assert_eq!(text.as_deref(), document[name].as_str(), "{name}");
    }
    let discovery = SettingValue::Discovery.text(issuer(), "shop", &settings);
    assert_eq!(discovery, Some(issuer().configuration()));
}
