use super::*;
use crate::testing::{issuer, issuer_of};

#[test]
fn the_document_is_always_these_bytes() {
    let expected = concat!(
        r#"{"issuer":"https://cardea.example/realms/acme","#,
        r#""authorization_endpoint":"https://cardea.example/realms/acme/protocol/openid-connect/auth","#,
        r#""token_endpoint":"https://cardea.example/realms/acme/protocol/openid-connect/token","#,
        r#""userinfo_endpoint":"https://cardea.example/realms/acme/protocol/openid-connect/userinfo","#,
        r#""jwks_uri":"https://cardea.example/realms/acme/protocol/openid-connect/certs","#,
        r#""end_session_endpoint":"https://cardea.example/realms/acme/protocol/openid-connect/logout","#,
        r#""revocation_endpoint":"https://cardea.example/realms/acme/protocol/openid-connect/revoke","#,
        r#""introspection_endpoint":"https://cardea.example/realms/acme/protocol/openid-connect/introspect","#,
        r#""pushed_authorization_request_endpoint":"https://cardea.example/realms/acme/protocol/openid-connect/par","#,
        r#""require_pushed_authorization_requests":false,"#,
        r#""authorization_response_iss_parameter_supported":true,"#,
        r#""scopes_supported":["openid","profile","email","offline_access"],"#,
        r#""response_types_supported":["code"],"#,
        r#""response_modes_supported":["query","form_post"],"#,
        r#""grant_types_supported":["authorization_code","refresh_token","client_credentials"],"#,
        r#""acr_values_supported":["phr","phrh"],"#,
        r#""subject_types_supported":["public"],"#,
        r#""id_token_signing_alg_values_supported":["RS256","ES256"],"#,
        r#""token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post","private_key_jwt","none"],"#,
        r#""token_endpoint_auth_signing_alg_values_supported":["RS256","ES256"],"#,
        r#""revocation_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post","private_key_jwt","none"],"#,
        r#""revocation_endpoint_auth_signing_alg_values_supported":["RS256","ES256"],"#,
        r#""introspection_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post","private_key_jwt"],"#,
        r#""introspection_endpoint_auth_signing_alg_values_supported":["RS256","ES256"],"#,
        r#""code_challenge_methods_supported":["S256"],"#,
        r#""prompt_values_supported":["none","login","consent","select_account"],"#,
        r#""claim_types_supported":["normal"],"#,
        r#""claims_supported":["iss","sub","aud","exp","iat","auth_time","nonce","acr","amr","sid","at_hash","name","given_name","family_name","preferred_username","email","email_verified","groups"],"#,
        r#""claims_parameter_supported":true,"#,
        r#""request_parameter_supported":false,"#,
        r#""request_uri_parameter_supported":false,"#,
        r#""backchannel_logout_supported":true,"#,
        r#""backchannel_logout_session_supported":true,"#,
        r#""frontchannel_logout_supported":false,"#,
        r#""frontchannel_logout_session_supported":false}"#,
    );
    assert_eq!(String::from_utf8(issuer().discovery_document()).unwrap(), expected);
}

#[test]
fn the_document_is_where_its_issuer_says() {
    assert_eq!(
        issuer().configuration(),
        "https://cardea.example/realms/acme/.well-known/openid-configuration"
    );
    assert_ne!(issuer_of("rival"), *issuer());
}

#[test]
fn an_issuer_is_written_in_one_way() {
    let acme = Slug::try_from("acme".to_owned()).unwrap();
    for (base, expected) in [
        ("https://cardea.example", "https://cardea.example/realms/acme"),
        ("https://cardea.example/", "https://cardea.example/realms/acme"),
        ("https://cardea.example:8443", "https://cardea.example:8443/realms/acme"),
        ("https://cardea.example/auth", "https://cardea.example/auth/realms/acme"),
        ("http://localhost:8080", "http://localhost:8080/realms/acme"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/realms/acme"),
        ("http://[::1]:8080", "http://[::1]:8080/realms/acme"),
    ] {
        let issuer = Issuer::new(base, &acme).map(|issuer| issuer.as_str().to_owned());
        assert_eq!(issuer.as_deref(), Ok(expected), "{base}");
    }
    for bad in [
        "",
        "cardea.example",
        "http://cardea.example",
        "https://Cardea.example",
        "https://cardea.example:443",
        "https://a@cardea.example",
        "https://a:b@cardea.example",
        "https://cardea.example?a",
        "https://cardea.example#a",
        "https://cardea.example//",
        "ftp://cardea.example",
        "http://localhost.evil.example",
        "http://10.0.0.1",
        "https://",
    ] {
        assert_eq!(Issuer::new(bad, &acme), Err(IssuerError), "{bad}");
    }
}
