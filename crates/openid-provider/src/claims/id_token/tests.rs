use jose::{Alg, Compact};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::json;

use super::*;
use crate::Scope;
use crate::testing::{
    NOW, amr, attributes, client, client_with, issuer, own, p256, person, person_facts, rsa,
    session,
};

fn signed(client: &Client, key: &SigningKey, nonce: Option<&str>) -> Result<String, SignError> {
    let attributes = attributes();
    let scope = Scope::parse("openid email");
    let token = IdToken {
        issuer: issuer(),
        client,
        sub: person(),
        session: session(),
        auth_time: NumericDate(NOW - 60),
        acr: Acr::HardwareProtected,
        amr: &amr(&["pop", "user", "hwk"]),
        nonce,
        access_token: &Secret::from("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y".to_owned()),
        person: &person_facts(&attributes).claims(&client.settings, &scope, &[]),
        issued_at: NumericDate(NOW),
    };
    token.sign(key).map(|token| token.expose_text().unwrap().to_owned())
}

fn payload(token: &str) -> String {
    String::from_utf8(Compact::split(token).unwrap().unverified_payload().unwrap()).unwrap()
}

/// `at_hash` is that of the example in Core A.3, of the same access token.
#[test]
fn the_payload_is_always_these_bytes() {
    let expected = concat!(
        r#"{"iss":"https://cardea.example/realms/acme","#,
        r#""sub":"0a0a0a0a-1111-4222-8333-444455556666","aud":"shop","#,
        r#""exp":1800000300,"iat":1800000000,"auth_time":1799999940,"nonce":"n-0S6_WzA2Mj","#,
        r#""acr":"phrh","amr":["pop","user","hwk"],"#,
        r#""sid":"5e551011-1111-4222-8333-444455556666","#,
        r#""at_hash":"77QmUPtjPfzWtF2AnpK9RQ","#,
        r#""email":"ann@acme.example","email_verified":false,"groups":["staff","admins"]}"#,
    );
    let token = signed(&client(), rsa(), Some("n-0S6_WzA2Mj")).unwrap();
    assert_eq!(payload(&token), expected);
    let header = Compact::split(&token).unwrap().header().unwrap();
    assert_eq!((header.typ.as_deref(), &*header.kid), (Some("JWT"), rsa().kid()));
}

#[test]
fn without_a_nonce_there_is_none() {
    let token = signed(&client(), rsa(), None).unwrap();
    assert!(!payload(&token).contains("nonce"));
}

/// By a library that is not ours.
#[test]
fn a_client_verifies_what_it_is_registered_for() {
    for (alg, algorithm, key) in
        [(Alg::Rs256, Algorithm::RS256, rsa()), (Alg::Es256, Algorithm::ES256, p256())]
    {
        let client = client_with(|settings| settings.signing_alg = alg);
        let token = signed(&client, key, None).unwrap();
        let jwk = serde_json::to_value(key.to_jwk()).unwrap();
        let part = |name: &str| jwk[name].as_str().unwrap().to_owned();
        let verifier = match alg {
            Alg::Rs256 => DecodingKey::from_rsa_components(&part("n"), &part("e")),
            Alg::Es256 => DecodingKey::from_ec_components(&part("x"), &part("y")),
        };
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[issuer().as_str()]);
        validation.set_audience(&["shop"]);
        validation.validate_exp = false;
        let read = decode::<Value>(&token, &verifier.unwrap(), &validation).unwrap();
        assert_eq!(read.claims["sub"], json!(person().to_string()));
    }
}

#[test]
fn a_key_of_another_algorithm_signs_nothing() {
    assert_eq!(signed(&client(), p256(), None), Err(SignError));
    let client = client_with(|settings| settings.signing_alg = Alg::Es256);
    assert_eq!(signed(&client, rsa(), None), Err(SignError));
}

#[test]
fn a_hint_names_person_client_and_session_however_old_it_is() {
    let token = signed(&client(), rsa(), None).unwrap();
    let expected = IdTokenHint { sub: person(), client_id: "shop".to_owned(), session: session() };
    assert_eq!(verify_id_token_hint(&own(), &token), Ok(expected));
}

#[test]
fn a_hint_without_what_we_write_is_refused() {
    let whole: Value =
        serde_json::from_str(&payload(&signed(&client(), rsa(), None).unwrap())).unwrap();
    for (name, value, error) in [
        ("iss", Value::Null, VerifyError::Claim("iss")),
        ("iss", json!("https://cardea.example/realms/rival"), VerifyError::Issuer),
        ("iss", json!("https://cardea.example/realms/acme/eam"), VerifyError::Issuer),
        ("sub", Value::Null, VerifyError::Claim("sub")),
        ("sub", json!("shop"), VerifyError::Claim("sub")),
        ("aud", json!(["shop"]), VerifyError::Claim("aud")),
        ("sid", Value::Null, VerifyError::Claim("sid")),
        ("sid", json!(7), VerifyError::Claim("sid")),
    ] {
        let payload = crate::testing::with(&whole, name, value).to_string();
        let token = rsa().sign("JWT", payload.as_bytes()).unwrap();
        let refused = verify_id_token_hint(&own(), token.expose_text().unwrap());
        assert_eq!(refused, Err(error), "{payload}");
    }
}
