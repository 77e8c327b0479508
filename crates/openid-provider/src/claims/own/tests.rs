//! What is wrong with a token as such is the same for access tokens and hints.

use serde_json::json;

use super::*;
use crate::claims::{verify_access_token, verify_id_token_hint};
use crate::testing::{
    NOW, compact, confused, holder, issuer, misleading_headers, own, p256, person, rsa, session,
    strangers,
};
use crate::{Client, Scope, claims::AccessToken, testing::client};

fn payload() -> Value {
    json!({
        "iss": issuer().as_str(), "sub": person().to_string(), "aud": [issuer().as_str()],
        "exp": NOW + 60, "iat": NOW, "jti": "a", "client_id": "shop", "sid": session().to_string(),
        "gid": session().to_string(), "auth_time": NOW, "acr": "phr", "amr": ["pop"],
    })
}

fn verified(token: &str) -> Result<(), VerifyError> {
    let refused = verify_id_token_hint(&own(), token);
    assert!(refused.is_err(), "a hint: {token}");
    verify_access_token(&own(), token, NumericDate(NOW)).map(|_| ())
}

fn header() -> Value {
    json!({ "alg": "RS256", "kid": rsa().kid(), "typ": "at+jwt" })
}

#[test]
fn no_header_has_a_token_verified_by_another_key() {
    assert_eq!(verified(&compact(&header(), &payload())), Ok(()));
    for header in misleading_headers("at+jwt") {
        assert!(verified(&compact(&header, &payload())).is_err(), "{header}");
    }
}

#[test]
fn neither_none_nor_hmac_with_the_public_key_is_a_signature() {
    for token in confused(&payload(), rsa().kid(), "at+jwt") {
        assert!(verified(&token).is_err(), "{token}");
    }
}

#[test]
fn a_token_for_one_use_is_none_for_another() {
    for typ in ["JWT", "jwt", "logout+jwt", "AT+JWT", "application/at+jwt", "", "at"] {
        let token = rsa().sign(typ, payload().to_string().as_bytes()).unwrap();
        let token = token.expose_text().unwrap();
        let refused = verify_access_token(&own(), token, NumericDate(NOW)).map(|_| ());
        assert_eq!(refused, Err(VerifyError::Type), "{typ}");
    }
    let (client, holder, scope): (Client, _, _) = (client(), holder(), Scope::parse("openid"));
    let access = AccessToken {
        issuer: issuer(),
        client: &client,
        holder: &holder,
        scope: &scope,
        issued_at: NumericDate(NOW),
        random: [0; 16],
    };
    let access = access.sign(rsa()).unwrap();
    let refused = verify_id_token_hint(&own(), access.expose_text().unwrap());
    assert_eq!(refused, Err(VerifyError::Type));
}

#[test]
fn keys_of_strangers_verify_nothing() {
    let bytes = payload().to_string();
    let token = strangers().sign("at+jwt", bytes.as_bytes()).unwrap();
    assert_eq!(verified(token.expose_text().unwrap()), Err(VerifyError::NoSuchKey));
    let token = p256().sign("at+jwt", bytes.as_bytes()).unwrap();
    assert_eq!(verified(token.expose_text().unwrap()), Ok(()));
}

#[test]
fn a_signature_is_that_of_these_bytes() {
    let good = compact(&header(), &payload());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, body) = signed.split_once('.').unwrap();
    let at_none = json!({ "alg": "RS256", "kid": rsa().kid() });
    let other = compact(&at_none, &payload());
    let other_head = other.split('.').next().unwrap();
    for bad in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "....".to_owned(),
        signed.to_owned(),
        format!("{signed}."),
        format!("{good}."),
        format!("{good}.a.b"),
        format!("{good}A"),
        format!("{good}="),
        format!(" {good}"),
        format!("{other_head}.{body}.{signature}"),
        format!("{head}..{signature}"),
        format!("{head}.{head}.{signature}"),
        format!("{body}.{body}.{signature}"),
        "a".repeat(200_000),
        "é.é.é".to_owned(),
    ] {
        assert!(verified(&bad).is_err(), "{bad:.60}");
    }
}

#[test]
fn a_payload_is_one_object_in_which_nothing_stands_twice() {
    let nested = format!(r#"{{"a":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for bad in ["", "[]", "null", "7", "{", r#"{"iss":"a","iss":"a"}"#, &nested] {
        let token = rsa().sign("at+jwt", bad.as_bytes()).unwrap();
        let refused = verified(token.expose_text().unwrap());
        assert_eq!(refused, Err(VerifyError::Payload), "{bad:.40}");
    }
}
