use super::*;
use crate::client::ClientAuthentication;
use crate::testing::{
    REDIRECT_URI, VERIFIER, client, client_with, code, public, read, service, signing_client,
};

fn asked(client: &Client, body: &[(&'static str, &str)]) -> Result<GrantRequest, TokenError> {
    let owned: Vec<_> = body.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    grant_request(&read(&owned), client)
}

fn refused(client: &Client, body: &[(&'static str, &str)]) -> TokenError {
    asked(client, body).map(|_| ()).unwrap_err()
}

fn offline() -> Client {
    client_with(|settings| settings.offline_access = true)
}

const CODE: [(&str, &str); 4] = [
    ("grant_type", "authorization_code"),
    ("code", "c0de"),
    ("redirect_uri", REDIRECT_URI),
    ("code_verifier", VERIFIER),
];

#[test]
fn a_code_comes_with_its_address_and_verifier() {
    let Ok(GrantRequest::AuthorizationCode { code, redirect_uri, code_verifier }) =
        asked(&client(), &CODE)
    else {
        panic!("refused")
    };
    assert_eq!(code.expose_text(), Some("c0de"));
    assert_eq!(redirect_uri, REDIRECT_URI);
    assert_eq!(code_verifier.unwrap().expose_text(), Some(VERIFIER));
}

#[test]
fn a_refresh_token_comes_with_the_scope_that_is_wanted() {
    let body = [("grant_type", "refresh_token"), ("refresh_token", "rt_a"), ("scope", "openid x")];
    let Ok(GrantRequest::RefreshToken { token, scope }) = asked(&offline(), &body) else {
        panic!("refused")
    };
    assert_eq!(token.expose_text(), Some("rt_a"));
    assert_eq!(scope, Some(Scope::parse("openid")));
    let Ok(GrantRequest::RefreshToken { scope, .. }) = asked(&offline(), &body[..2]) else {
        panic!("refused")
    };
    assert_eq!(scope, None);
}

#[test]
fn a_machine_gets_no_scope_of_a_person() {
    let body = [("grant_type", "client_credentials"), ("scope", "openid profile offline_access")];
    for client in [service(), client(), signing_client()] {
        let Ok(GrantRequest::ClientCredentials { scope }) = asked(&client, &body) else {
            panic!("refused")
        };
        assert!(scope.is_empty());
    }
}

#[test]
fn what_is_missing_is_named() {
    let code = ("grant_type", "authorization_code");
    let refresh = ("grant_type", "refresh_token");
    for (body, missing) in [
        (vec![], "grant_type"),
        (vec![("grant_type", "")], "grant_type"),
        (vec![code], "code"),
        (vec![code, ("redirect_uri", REDIRECT_URI)], "code"),
        (vec![code, ("code", "")], "code"),
        (vec![code, ("code", "c0de")], "redirect_uri"),
        (vec![refresh], "refresh_token"),
        (vec![refresh, ("refresh_token", "")], "refresh_token"),
    ] {
        assert_eq!(refused(&offline(), &body), TokenError::Missing(missing), "{body:?}");
    }
}

#[test]
fn other_grants_are_not_served() {
    for bad in [
        "password",
        "implicit",
        "code",
        "Authorization_Code",
        "authorization_code ",
        "none",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ] {
        assert_eq!(refused(&client(), &[("grant_type", bad)]), TokenError::GrantType, "{bad}");
    }
}

#[test]
fn a_client_uses_the_grants_of_its_kind() {
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "rt_a")];
    let machine = [("grant_type", "client_credentials")];
    let mut service_with_refresh = service();
    service_with_refresh.settings.offline_access = true;
    let web_without_secret = public(ClientKind::Web, &[REDIRECT_URI]);
    for (client, body) in [
        (service(), &CODE[..]),
        (service_with_refresh, &refresh),
        (client(), &refresh),
        (public(ClientKind::Native, &[REDIRECT_URI]), &machine),
        (public(ClientKind::SinglePage, &[REDIRECT_URI]), &machine),
        (web_without_secret, &machine),
    ] {
        assert_eq!(refused(&client, body), TokenError::Unauthorized, "{:?}", client.settings.kind);
    }
    let mut native = public(ClientKind::Native, &[REDIRECT_URI]);
    native.settings.authentication = ClientAuthentication::ClientSecret;
    assert_eq!(refused(&native, &machine), TokenError::Unauthorized);
}

mod redeeming {
    use super::*;

    fn redeemed(
        code: &Code,
        client: &Client,
        uri: &str,
        verifier: Option<&str>,
    ) -> Result<(), TokenError> {
        let verifier = verifier.map(|verifier| Secret::from(verifier.to_owned()));
        redeem(code, client, uri, verifier.as_ref())
    }

    #[test]
    fn a_code_is_redeemed_by_its_client_with_its_address_and_verifier() {
        assert_eq!(redeemed(&code(), &client(), REDIRECT_URI, Some(VERIFIER)), Ok(()));
    }

    #[test]
    fn a_code_of_another_client_is_refused() {
        for client_id in ["other", "Shop", ""] {
            let other = Client { client_id: client_id.to_owned(), ..client() };
            let refused = redeemed(&code(), &other, REDIRECT_URI, Some(VERIFIER));
            assert_eq!(refused, Err(TokenError::CodeOfAnother), "{client_id}");
        }
    }

    #[test]
    fn another_address_is_refused() {
        for uri in ["", "https://shop.example/other?a=b", "https://shop.example/callback/"] {
            let refused = redeemed(&code(), &client(), uri, Some(VERIFIER));
            assert_eq!(refused, Err(TokenError::RedirectUri), "{uri}");
        }
    }

    #[test]
    fn another_verifier_is_refused() {
        let other = "e".repeat(43);
        for verifier in [
            None,
            Some(""),
            Some(&*other),
            Some(&VERIFIER[..42]),
            Some(crate::testing::CHALLENGE),
            Some(&VERIFIER.to_lowercase()),
            Some(&format!("{VERIFIER} ")),
        ] {
            let refused = redeemed(&code(), &client(), REDIRECT_URI, verifier);
            assert_eq!(refused, Err(TokenError::Verifier), "{verifier:?}");
        }
    }

    #[test]
    fn a_verifier_that_nobody_announced_is_refused() {
        let excused = client_with(|settings| settings.without_pkce = true);
        let code = Code { code_challenge: None, ..code() };
        assert_eq!(redeemed(&code, &excused, REDIRECT_URI, None), Ok(()));
        let refused = redeemed(&code, &excused, REDIRECT_URI, Some(VERIFIER));
        assert_eq!(refused, Err(TokenError::VerifierUnasked));
        // The excuse was withdrawn meanwhile.
        let refused = redeemed(&code, &client(), REDIRECT_URI, None);
        assert_eq!(refused, Err(TokenError::Verifier));
    }
}
