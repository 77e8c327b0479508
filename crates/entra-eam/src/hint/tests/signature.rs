use super::*;

#[test]
fn eam_44_a_hint_longer_than_any_is_not_looked_at() {
    let long = format!("{}{}", hint(), "A".repeat(MAX_HINT));
    assert_eq!(check(&long).unwrap_err(), HintError::TooLong);
    let big = with(&crate::testing::claims(), "x", json!("x".repeat(MAX_HINT)));
    assert_eq!(check_claims(&big).unwrap_err(), HintError::TooLong);
}

#[test]
fn eam_10_texts_that_are_no_compact_token_are_refused() {
    let good = hint();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    for (name, bad) in [
        ("nothing", String::new()),
        ("two parts", signed.to_owned()),
        ("four parts", format!("{good}.x")),
        ("encrypted", "a.b.c.d.e".to_owned()),
        ("blank in front", format!(" {good}")),
        ("padding in the header", good.replacen('.', "==.", 1)),
    ] {
        assert_eq!(check(&bad).unwrap_err(), HintError::NotCompact, "{name}");
    }
    for (name, bad) in [
        ("no signature", format!("{signed}.")),
        ("half a signature", format!("{signed}.{}", &signature[..170])),
        ("padding", format!("{good}==")),
        ("a line end", format!("{good}\n")),
        ("zeros", format!("{signed}.{}", b64([0; 256]))),
    ] {
        assert_eq!(check(&bad).unwrap_err(), HintError::Signature, "{name}");
    }
    let no_text = Secret::new(vec![0xFF; 3]);
    let expected = Expected { connection: &connection(), now: NumericDate(NOW) };
    assert_eq!(verify(&no_text, &keys(), &expected).unwrap_err(), HintError::NotCompact);
}

#[test]
fn eam_10_headers_that_are_no_header_are_refused() {
    let claims = crate::testing::claims().to_string();
    for (name, header, error) in [
        ("no JSON", "{", HintError::Header),
        ("alg twice", r#"{"alg":"RS256","kid":"entra","alg":"none"}"#, HintError::Header),
        ("kid twice", r#"{"alg":"RS256","kid":"foreign","kid":"entra"}"#, HintError::Header),
        ("kid missing", r#"{"alg":"RS256"}"#, HintError::NoKid),
        ("kid empty", r#"{"alg":"RS256","kid":""}"#, HintError::NoKid),
        ("crit", r#"{"alg":"RS256","kid":"entra","crit":["exp"]}"#, HintError::Critical),
        ("b64", r#"{"alg":"RS256","kid":"entra","b64":false}"#, HintError::Critical),
    ] {
        assert_eq!(check(&compact(header, &claims, &ENTRA)).unwrap_err(), error, "{name}");
    }
}

#[test]
fn t08_only_rs256_is_taken() {
    let claims = crate::testing::claims();
    for alg in [
        json!("none"),
        json!("None"),
        json!("HS256"),
        json!("RS384"),
        json!("PS256"),
        json!("ES256"),
        json!("rs256"),
        json!(""),
        Value::Null,
        json!(256),
    ] {
        let hint = signed(&with(&header(), "alg", alg.clone()), &claims, &ENTRA);
        assert_eq!(check(&hint).unwrap_err(), HintError::Algorithm, "{alg}");
    }
    // The key decides, not the header.
    let of_ec = signed(&with(&header(), "kid", json!("ec")), &claims, &ENTRA);
    assert_eq!(check(&of_ec).unwrap_err(), HintError::Algorithm);
}

#[test]
fn t08_a_signature_of_another_key_is_refused() {
    let claims = crate::testing::claims();
    for (kid, pair) in [("entra", &*STRANGER), ("foreign", &*ENTRA)] {
        let hint = signed(&with(&header(), "kid", json!(kid)), &claims, pair);
        assert_eq!(check(&hint).unwrap_err(), HintError::Signature, "{kid}");
    }
}

#[test]
fn t08_a_key_in_the_header_is_never_used() {
    for (name, value) in [
        ("jwk", jwk("entra", &STRANGER)),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
    ] {
        let claims = crate::testing::claims();
        let header = with(&header(), name, value);
        let refused = check(&signed(&header, &claims, &STRANGER)).unwrap_err();
        assert_eq!(refused, HintError::Signature, "{name}");
        assert!(check(&signed(&header, &claims, &ENTRA)).is_ok(), "{name}");
    }
}

#[test]
fn t08_oidc_03_a_key_serves_the_directory_that_it_names() {
    let claims = crate::testing::claims();
    let by = |kid: &str| check(&signed(&with(&header(), "kid", json!(kid)), &claims, &ENTRA));
    for kid in ["other-directory", "personal", "other-cloud"] {
        assert_eq!(by(kid).unwrap_err(), HintError::KeyIssuer, "{kid}");
    }
    for kid in ["this-directory", "plain", "entra"] {
        assert!(by(kid).is_ok(), "{kid}");
    }
}

#[test]
fn t09_an_unknown_key_is_told_apart_from_a_wrong_one() {
    let hint = signed(&with(&header(), "kid", json!("new")), &crate::testing::claims(), &ENTRA);
    assert_eq!(check(&hint).unwrap_err(), HintError::NoSuchKey);
}

#[test]
fn what_was_changed_after_signing_is_refused() {
    let good = hint();
    let forged = b64(with(&crate::testing::claims(), "oid", json!(OTHER_TID)).to_string());
    let parts: Vec<&str> = good.split('.').collect();
    let bad = format!("{}.{forged}.{}", parts[0], parts[2]);
    assert_eq!(check(&bad).unwrap_err(), HintError::Signature);
}

#[test]
fn which_keys_to_ask_for_is_one_of_the_allowed_directories_or_nothing() {
    let directories = connection().directories;
    let asked = |hint: &str| {
        directory_to_ask_keys_of(&Secret::from(hint.to_owned()), &directories).map(str::to_owned)
    };
    assert_eq!(asked(&hint()).as_deref(), Some(TID));
    let of = |tid: Value| {
        // Nobody has signed it.
        let claims = with(&crate::testing::claims(), "tid", tid);
        format!("{}.{}.", b64("{}"), b64(claims.to_string()))
    };
    assert_eq!(asked(&of(json!(SECOND_TID))).as_deref(), Some(SECOND_TID));
    assert_eq!(asked(&of(json!(TID.to_uppercase()))).as_deref(), Some(TID));
    for tid in [json!(OTHER_TID), json!("common"), json!(""), json!([TID]), Value::Null] {
        assert_eq!(asked(&of(tid.clone())), None, "{tid}");
    }
    for bad in ["", "a.b.c", &"A".repeat(MAX_HINT + 1), &format!("{}.{}.", b64("{}"), b64("[]"))] {
        assert_eq!(asked(bad), None);
    }
}
