use super::*;

#[test]
fn texts_that_are_no_compact_token_are_refused() {
    let good = rs256(&header(), &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, payload) = signed.split_once('.').unwrap();
    for (name, bad) in [
        ("nothing", String::new()),
        ("one part", head.to_owned()),
        ("two parts", signed.to_owned()),
        ("four parts", format!("{good}.x")),
        ("six parts", format!("{good}.x.y.z")),
        ("padding in the header", format!("{head}==.{payload}.{signature}")),
        ("header in another alphabet", format!("+/+/.{payload}.{signature}")),
        ("blank in front", format!(" {good}")),
        ("longer than any token", format!("{good}{}", "A".repeat(MAX_COMPACT))),
    ] {
        assert_eq!(check(&bad).unwrap_err(), IdTokenError::NotCompact, "{name}");
    }
}

#[test]
fn step_01_rejects_an_encrypted_token() {
    assert_eq!(check("a.b.c.d.e").unwrap_err(), IdTokenError::Encrypted);
}

#[test]
fn headers_that_are_no_header_are_refused() {
    let payload = claims().to_string();
    for (name, header, error) in [
        ("no JSON", "{", IdTokenError::Header),
        ("a list", "[]", IdTokenError::Header),
        ("alg twice", r#"{"alg":"RS256","kid":"rsa","alg":"none"}"#, IdTokenError::Header),
        ("kid twice", r#"{"alg":"RS256","kid":"rsa","kid":"foreign"}"#, IdTokenError::Header),
        ("kid missing", r#"{"alg":"RS256"}"#, IdTokenError::NoKid),
        ("kid empty", r#"{"alg":"RS256","kid":""}"#, IdTokenError::NoKid),
        ("kid a number", r#"{"alg":"RS256","kid":1}"#, IdTokenError::NoKid),
        ("crit", r#"{"alg":"RS256","kid":"rsa","crit":["exp"]}"#, IdTokenError::Critical),
        ("crit empty", r#"{"alg":"RS256","kid":"rsa","crit":[]}"#, IdTokenError::Critical),
        ("b64", r#"{"alg":"RS256","kid":"rsa","b64":false}"#, IdTokenError::Critical),
    ] {
        let token = compact(header.as_bytes(), payload.as_bytes(), |m| sign_rs256(&RSA, m));
        assert_eq!(check(&token).unwrap_err(), error, "{name}");
    }
}

#[test]
fn step_06_rejects_an_unknown_key_and_says_so() {
    let token = rs256(&with(&header(), "kid", json!("new")), &claims());
    assert_eq!(check(&token).unwrap_err(), IdTokenError::NoSuchKey);
}

#[test]
fn step_06_rejects_a_signature_of_another_key() {
    for kid in ["foreign", "ec"] {
        let token = rs256(&with(&header(), "kid", json!(kid)), &claims());
        assert!(
            matches!(check(&token), Err(IdTokenError::Signature | IdTokenError::Algorithm)),
            "{kid}"
        );
    }
}

#[test]
fn step_06_rejects_a_key_that_serves_another_directory() {
    for kid in ["other-directory", "personal"] {
        let token = rs256(&with(&header(), "kid", json!(kid)), &claims());
        assert_eq!(check(&token).unwrap_err(), IdTokenError::KeyIssuer, "{kid}");
    }
    for kid in ["this-directory", "plain"] {
        assert!(check(&rs256(&with(&header(), "kid", json!(kid)), &claims())).is_ok(), "{kid}");
    }
}

#[test]
fn step_06_rejects_what_was_changed_after_signing() {
    let good = rs256(&header(), &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let forged = b64(with(&claims(), "oid", json!(OTHER_TID)).to_string());
    let (head, _) = signed.split_once('.').unwrap();
    for (name, bad) in [
        ("another payload", format!("{head}.{forged}.{signature}")),
        ("no signature", format!("{signed}.")),
        ("half a signature", format!("{signed}.{}", &signature[..170])),
        ("signature with padding", format!("{good}==")),
        ("zeros", format!("{signed}.{}", b64([0; 256]))),
    ] {
        assert_eq!(check(&bad).unwrap_err(), IdTokenError::Signature, "{name}");
    }
}

#[test]
fn step_06_never_takes_a_key_from_the_token() {
    // Signed by the key that the header brings along, under the name of a good one.
    let jwk = rsa_jwk("rsa", &OTHER_RSA);
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["MIIB"])),
    ] {
        let header = with(&header(), name, value).to_string();
        let token = compact(header.as_bytes(), claims().to_string().as_bytes(), |m| {
            sign_rs256(&OTHER_RSA, m)
        });
        assert_eq!(check(&token).unwrap_err(), IdTokenError::Signature, "{name}");
    }
}

#[test]
fn step_07_rejects_algorithms_that_are_not_on_the_list() {
    for alg in ["none", "None", "NONE", "HS256", "HS512", "RS384", "PS256", "ES384", "rs256", ""] {
        let token = rs256(&with(&header(), "alg", json!(alg)), &claims());
        assert_eq!(check(&token).unwrap_err(), IdTokenError::Algorithm, "{alg}");
    }
    let missing = rs256(&with(&header(), "alg", Value::Null), &claims());
    assert_eq!(check(&missing).unwrap_err(), IdTokenError::Algorithm);
}

#[test]
fn step_07_rejects_a_token_without_signature() {
    let header = with(&header(), "alg", json!("none")).to_string();
    let token = compact(header.as_bytes(), claims().to_string().as_bytes(), |_| Vec::new());
    assert_eq!(check(&token).unwrap_err(), IdTokenError::Algorithm);
}

#[test]
fn step_08_rejects_a_mac_made_with_the_public_key() {
    let header = with(&header(), "alg", json!("HS256")).to_string();
    let jwk = rsa_jwk("rsa", &RSA).to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, jwk.as_bytes());
    let token = compact(header.as_bytes(), claims().to_string().as_bytes(), |m| {
        hmac::sign(&key, m).as_ref().to_vec()
    });
    assert_eq!(check(&token).unwrap_err(), IdTokenError::Algorithm);
}

#[test]
fn step_07_takes_es256_of_others_and_not_of_entra() {
    let header = json!({ "alg": "ES256", "kid": "ec" }).to_string();
    let sign = |claims: Value| {
        compact(header.as_bytes(), claims.to_string().as_bytes(), |m| sign_es256(&EC, m))
    };
    assert!(check_generic(&sign(generic_claims()), None).is_ok());
    assert_eq!(check(&sign(claims())).unwrap_err(), IdTokenError::Algorithm);
}

#[test]
fn step_07_the_key_decides_the_algorithm_not_the_header() {
    let header = json!({ "alg": "ES256", "kid": "plain" });
    let token = rs256(&header, &generic_claims());
    assert_eq!(check_generic(&token, None).unwrap_err(), IdTokenError::Algorithm);
}
