use serde_json::json;

use super::*;
use crate::testing::{
    CLIENT_ID, NOW, client, compact, confused, issuer, issuer_of, misleading_headers, p256, rsa,
    signing_client, strangers, with,
};

fn header() -> Value {
    json!({ "alg": "RS256", "kid": rsa().kid(), "typ": "JWT" })
}

fn claims() -> Value {
    json!({
        "iss": CLIENT_ID, "sub": CLIENT_ID, "aud": issuer().token_endpoint(),
        "exp": NOW + 60, "iat": NOW, "jti": "a-jti",
    })
}

fn verified(assertion: String) -> Result<Spent, AssertionError> {
    verify(&Secret::from(assertion), &signing_client(), issuer(), NumericDate(NOW))
}

fn refused(claims: &Value) -> AssertionError {
    verified(compact(&header(), claims)).map(|_| ()).unwrap_err()
}

#[test]
fn what_a_client_signs_counts_and_is_to_be_spent() {
    let spent = verified(compact(&header(), &claims())).unwrap();
    assert!(spent.jti.matches(&TokenHash::of(b"shop\0a-jti")));
    assert_eq!(spent.until, NumericDate(NOW + 60 + 120));
    let by_p256 = p256().sign("JWT", claims().to_string().as_bytes()).unwrap();
    assert!(verified(by_p256.expose_text().unwrap().to_owned()).is_ok());
    for (name, value) in [
        ("aud", json!(issuer().as_str())),
        ("aud", json!([issuer().as_str()])),
        ("aud", json!([issuer().token_endpoint()])),
        ("iat", Value::Null),
        ("exp", json!(NOW + 420)),
        ("exp", json!(NOW - 119)),
        ("iat", json!(NOW + 120)),
        ("nbf", json!(NOW + 120)),
        ("jti", json!("a".repeat(256))),
        ("exp", json!(60.5 + 1.8e9)),
    ] {
        let claims = with(&claims(), name, value);
        assert!(verified(compact(&header(), &claims)).is_ok(), "{claims}");
    }
}

#[test]
fn claims_that_another_could_have_written_are_refused() {
    use AssertionError as Error;
    for (name, value, error) in [
        ("iss", json!("other"), Error::Client),
        ("iss", Value::Null, Error::Client),
        ("iss", json!(["shop"]), Error::Client),
        ("sub", json!("other"), Error::Client),
        ("sub", json!("Shop"), Error::Client),
        ("sub", Value::Null, Error::Client),
        ("sub", json!(7), Error::Client),
        ("aud", Value::Null, Error::Audience),
        ("aud", json!("https://other.example"), Error::Audience),
        ("aud", json!([]), Error::Audience),
        ("aud", json!(issuer().userinfo_endpoint()), Error::Audience),
        ("aud", json!(issuer_of("rival").as_str()), Error::Audience),
        ("aud", json!(format!("{}/", issuer().as_str())), Error::Audience),
        ("aud", json!(issuer().as_str().to_uppercase()), Error::Audience),
        ("aud", json!([issuer().as_str(), "https://other.example"]), Error::Audience),
        ("aud", json!([issuer().as_str(), issuer().as_str()]), Error::Audience),
        ("aud", json!([[issuer().as_str()]]), Error::Audience),
        ("aud", json!({ "a": issuer().as_str() }), Error::Audience),
        ("exp", Value::Null, Error::Expired),
        ("exp", json!(NOW - 120), Error::Expired),
        ("exp", json!("never"), Error::Expired),
        ("exp", json!(-1), Error::Expired),
        ("exp", json!(i64::MAX), Error::TooLong),
        ("exp", json!(NOW + 421), Error::TooLong),
        ("exp", json!(u64::MAX), Error::Expired),
        ("exp", json!(1e300), Error::Expired),
        ("nbf", json!(NOW + 121), Error::NotYetValid),
        ("nbf", json!("now"), Error::NotYetValid),
        ("iat", json!(NOW + 121), Error::NotYetValid),
        ("iat", json!([NOW]), Error::NotYetValid),
        ("jti", Value::Null, Error::Jti),
        ("jti", json!(""), Error::Jti),
        ("jti", json!(7), Error::Jti),
        ("jti", json!("a".repeat(257)), Error::Jti),
    ] {
        let claims = with(&claims(), name, value);
        assert_eq!(refused(&claims), error, "{claims}");
    }
}

#[test]
fn no_header_has_an_assertion_verified_by_another_key() {
    for header in misleading_headers("JWT") {
        assert!(verified(compact(&header, &claims())).is_err(), "{header}");
    }
}

#[test]
fn neither_none_nor_hmac_with_the_public_key_is_a_signature() {
    for assertion in confused(&claims(), rsa().kid(), "JWT") {
        assert!(verified(assertion.clone()).is_err(), "{assertion}");
    }
}

#[test]
fn a_signature_is_that_of_the_key_and_of_these_bytes() {
    let strange = strangers().sign("JWT", claims().to_string().as_bytes()).unwrap();
    let strange = strange.expose_text().unwrap().to_owned();
    assert_eq!(verified(strange).map(|_| ()), Err(AssertionError::NoSuchKey));
    let good = compact(&header(), &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, _) = signed.split_once('.').unwrap();
    let other = with(&claims(), "jti", json!("another"));
    let other = compact(&header(), &other);
    let other_payload = other.split('.').nth(1).unwrap();
    for bad in [
        format!("{head}.{other_payload}.{signature}"),
        format!("{signed}."),
        signed.to_owned(),
        format!("{good}."),
        format!("{good}.a.b"),
        format!("{good}A"),
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "....".to_owned(),
        format!(" {good}"),
        format!("{good}\n"),
    ] {
        assert!(verified(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn a_payload_is_one_object_in_which_nothing_stands_twice() {
    let nested = format!(r#"{{"a":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for bad in ["", "[]", "null", "7", "{", r#"{"iss":"shop","iss":"shop"}"#, &nested] {
        let token = rsa().sign("JWT", bad.as_bytes()).unwrap();
        let token = token.expose_text().unwrap().to_owned();
        assert_eq!(verified(token).map(|_| ()), Err(AssertionError::Payload), "{bad:.40}");
    }
}

#[test]
fn a_client_without_keys_signs_nothing() {
    let assertion = Secret::from(compact(&header(), &claims()));
    for jwks in [None, Some("{}"), Some("nonsense"), Some(r#"{"keys":[]}"#)] {
        let mut client = signing_client();
        client.settings.jwks = jwks.map(str::to_owned);
        let refused = verify(&assertion, &client, issuer(), NumericDate(NOW)).map(|_| ());
        assert_eq!(refused, Err(AssertionError::NoSuchKey), "{jwks:?}");
    }
    let refused = verify(&assertion, &client(), issuer(), NumericDate(NOW)).map(|_| ());
    assert_eq!(refused, Err(AssertionError::NoSuchKey));
}
