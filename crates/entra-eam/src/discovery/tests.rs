use serde_json::Value;

use super::*;
use crate::testing::issuer;

fn slug(text: &str) -> Slug {
    Slug::try_from(text.to_owned()).unwrap()
}

#[test]
fn t01_the_document_is_always_the_same_bytes() {
    assert_eq!(
        String::from_utf8(issuer().discovery_document()).unwrap(),
        concat!(
            r#"{"issuer":"https://cardea.example/realms/acme/eam","#,
            r#""authorization_endpoint":"https://cardea.example/realms/acme/eam/auth","#,
            r#""jwks_uri":"https://cardea.example/realms/acme/eam/certs","#,
            r#""scopes_supported":["openid"],"response_types_supported":["id_token"],"#,
            r#""response_modes_supported":["form_post"],"grant_types_supported":["implicit"],"#,
            r#""acr_values_supported":["possession","possessionorinherence","#,
            r#""knowledgeorpossession","knowledgeorpossessionorinherence"],"#,
            r#""subject_types_supported":["public"],"#,
            r#""id_token_signing_alg_values_supported":["RS256"],"#,
            r#""claim_types_supported":["normal"],"#,
            r#""claims_supported":["iss","aud","sub","nonce","iat","nbf","exp","acr","amr"],"#,
            r#""claims_parameter_supported":true,"request_parameter_supported":false,"#,
            r#""request_uri_parameter_supported":false}"#,
        )
    );
}

#[test]
fn t01_eam_01_the_document_stands_below_its_issuer() {
    let issuer = Issuer::new("https://cardea.example:8443/", &slug("ACME")).unwrap();
    assert_eq!(issuer.as_str(), "https://cardea.example:8443/realms/acme/eam");
    let configuration = issuer.configuration();
    let prefix = configuration.strip_suffix("/.well-known/openid-configuration").unwrap();
    let document: Value = serde_json::from_slice(&issuer.discovery_document()).unwrap();
    assert_eq!(document["issuer"], prefix);
    for name in ["authorization_endpoint", "jwks_uri"] {
        let address = document[name].as_str().unwrap();
        assert!(address.starts_with(&format!("{prefix}/")), "{address}");
    }
    assert_eq!(document["authorization_endpoint"], issuer.authorization_endpoint());
    assert_eq!(document["jwks_uri"], issuer.jwks_uri());
}

#[test]
fn eam_02_a_path_in_front_is_allowed() {
    let issuer = Issuer::new("https://cardea.example/sso", &slug("acme")).unwrap();
    assert_eq!(issuer.as_str(), "https://cardea.example/sso/realms/acme/eam");
}

#[test]
fn eam_02_addresses_that_would_be_compared_and_differ_are_refused() {
    for bad in [
        "",
        "cardea.example",
        "http://cardea.example",
        "https://",
        "https://cardea.example:443",
        "https://Cardea.example",
        "https://cardea.example//",
        "https://cardea.example?a=b",
        "https://cardea.example#a",
        "https://user@cardea.example",
        "https://user:pass@cardea.example",
        "https://cardea.example/a/../b",
        " https://cardea.example",
        "data:,x",
    ] {
        assert_eq!(Issuer::new(bad, &slug("acme")), Err(IssuerError), "{bad}");
    }
}
