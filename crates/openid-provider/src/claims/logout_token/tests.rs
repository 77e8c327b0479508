use jose::Compact;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

use super::*;
use crate::claims::{OwnKeys, verify_access_token, verify_id_token_hint};
use crate::testing::{NOW, client, client_with, issuer, own, p256, person, rsa, session};

fn signed(client: &Client, key: &SigningKey) -> Result<String, SignError> {
    let token = LogoutToken {
        issuer: issuer(),
        client,
        sub: person(),
        sid: session(),
        issued_at: NumericDate(NOW),
        random: [7; 16],
    };
    token.sign(key).map(|token| token.expose_text().unwrap().to_owned())
}

fn payload(token: &str) -> String {
    String::from_utf8(Compact::split(token).unwrap().unverified_payload().unwrap()).unwrap()
}

#[test]
fn the_payload_is_always_these_bytes() {
    let expected = concat!(
        r#"{"iss":"https://cardea.example/realms/acme","#,
        r#""sub":"0a0a0a0a-1111-4222-8333-444455556666","aud":"shop","#,
        r#""iat":1800000000,"exp":1800000120,"jti":"BwcHBwcHBwcHBwcHBwcHBw","#,
        r#""events":{"http://schemas.openid.net/event/backchannel-logout":{}},"#,
        r#""sid":"5e551011-1111-4222-8333-444455556666"}"#,
    );
    let token = signed(&client(), rsa()).unwrap();
    assert_eq!(payload(&token), expected);
    let header = Compact::split(&token).unwrap().header().unwrap();
    assert_eq!((header.typ.as_deref(), &*header.kid), (Some("logout+jwt"), rsa().kid()));
}

#[test]
fn who_does_not_want_to_know_the_session_is_told_the_person_alone() {
    let client = client_with(|settings| settings.backchannel_logout_session_required = false);
    let payload = payload(&signed(&client, rsa()).unwrap());
    assert!(!payload.contains("sid") && payload.contains("\"sub\""), "{payload}");
}

#[test]
fn it_is_signed_as_the_clients_id_tokens_are() {
    let elliptic = client_with(|settings| settings.signing_alg = jose::Alg::Es256);
    assert!(signed(&elliptic, p256()).is_ok() && signed(&client(), rsa()).is_ok());
    assert!(signed(&elliptic, rsa()).is_err() && signed(&client(), p256()).is_err());
}

#[test]
fn it_is_taken_for_no_other_token_of_ours() {
    let token = signed(&client(), rsa()).unwrap();
    let own: OwnKeys<'_> = own();
    assert!(verify_id_token_hint(&own, &token).is_err());
    assert!(verify_access_token(&own, &token, NumericDate(NOW)).is_err());
}

/// By a library that is not ours.
#[test]
fn others_verify_it() {
    let token = signed(&client(), rsa()).unwrap();
    let key = serde_json::to_value(rsa().to_jwk()).unwrap();
    let (n, e) = (key["n"].as_str().unwrap(), key["e"].as_str().unwrap());
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&["shop"]);
    validation.set_issuer(&[issuer().as_str()]);
    validation.validate_exp = false;
    let key = DecodingKey::from_rsa_components(n, e).unwrap();
    let read = decode::<serde_json::Value>(&token, &key, &validation).unwrap();
    assert_eq!(read.claims["sid"], session().to_string());
}
