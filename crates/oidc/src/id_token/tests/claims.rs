use super::*;

fn assert_claims_refused(cases: &[(&str, &str, Value, IdTokenError)]) {
    for (name, claim, value, error) in cases {
        let refused = check_claims(&with(&claims(), claim, value.clone()));
        assert_eq!(refused.unwrap_err(), *error, "{name}");
    }
}

#[test]
fn payloads_that_are_no_claims_are_refused() {
    let good = claims().to_string();
    let twice = good.replacen('{', r#"{"nonce":"x","#, 1);
    for (name, payload) in
        [("no JSON", "claims"), ("a list", "[]"), ("nothing", ""), ("a claim twice", &twice)]
    {
        let token =
            compact(header().to_string().as_bytes(), payload.as_bytes(), |m| sign_rs256(&RSA, m));
        assert_eq!(check(&token).unwrap_err(), IdTokenError::Payload, "{name}");
    }
}

#[test]
fn claims_that_are_missing_are_named() {
    for claim in ["iss", "sub", "aud", "exp", "iat"] {
        let refused = check_claims(&with(&claims(), claim, Value::Null)).unwrap_err();
        assert_eq!(refused, IdTokenError::MissingClaim(claim));
    }
}

#[test]
fn claims_of_another_type_are_named() {
    for (claim, value) in [
        ("iss", json!(1)),
        ("sub", json!(7)),
        ("sub", json!("")),
        ("sub", json!("é")),
        ("sub", json!("x".repeat(256))),
        ("aud", json!({})),
        ("aud", json!([1])),
        ("azp", json!([CLIENT])),
        ("exp", json!("1800003600")),
        ("iat", json!(true)),
        ("nbf", json!("soon")),
        ("nonce", json!(1)),
        ("tid", json!([TID])),
        ("oid", json!({})),
        ("ver", json!(2.0)),
        ("auth_time", json!("now")),
    ] {
        let refused = check_claims(&with(&claims(), claim, value.clone())).unwrap_err();
        assert_eq!(refused, IdTokenError::ClaimType(claim), "{value}");
    }
}

#[test]
fn step_02_rejects_every_issuer_but_the_one_we_asked() {
    assert_claims_refused(
        &[
            ("another directory", issuer(OTHER_TID)),
            ("the template", issuer("{tenantid}")),
            ("v1.0", format!("https://sts.windows.net/{TID}/")),
            ("a slash more", format!("{}/", issuer(TID))),
            ("capitals", issuer(&TID.to_uppercase())),
            ("another cloud", format!("https://login.microsoftonline.us/{TID}/v2.0")),
            ("http", issuer(TID).replace("https", "http")),
            ("nobody", String::new()),
        ]
        .map(|(name, iss)| (name, "iss", json!(iss), IdTokenError::Issuer)),
    );
}

#[test]
fn step_02_deviation_rejects_another_directory_version_or_object_id() {
    assert_claims_refused(&[
        ("tid missing", "tid", Value::Null, IdTokenError::Tid),
        ("tid of another directory", "tid", json!(OTHER_TID), IdTokenError::Tid),
        ("tid no guid", "tid", json!("contoso.example"), IdTokenError::Tid),
        ("ver missing", "ver", Value::Null, IdTokenError::Version),
        ("ver 1.0", "ver", json!("1.0"), IdTokenError::Version),
        ("oid missing", "oid", Value::Null, IdTokenError::Oid),
        ("oid no guid", "oid", json!("ann"), IdTokenError::Oid),
        ("oid empty", "oid", json!(""), IdTokenError::Oid),
    ]);
}

#[test]
fn step_03_rejects_a_token_for_somebody_else() {
    assert_claims_refused(&[
        ("another client", "aud", json!("other"), IdTokenError::Audience),
        ("nobody", "aud", json!([]), IdTokenError::Audience),
        ("another case", "aud", json!(CLIENT.to_uppercase()), IdTokenError::Audience),
    ]);
}

#[test]
fn step_03_deviation_rejects_a_second_audience() {
    assert_claims_refused(&[
        ("ours first", "aud", json!([CLIENT, "other"]), IdTokenError::Audience),
        ("ours last", "aud", json!(["other", CLIENT]), IdTokenError::Audience),
        ("ours twice", "aud", json!([CLIENT, CLIENT]), IdTokenError::Audience),
    ]);
}

#[test]
fn step_05_rejects_another_authorized_party() {
    assert_claims_refused(&[
        ("another client", "azp", json!("other"), IdTokenError::AuthorizedParty),
        ("nobody", "azp", json!(""), IdTokenError::AuthorizedParty),
    ]);
    assert!(check_claims(&with(&claims(), "azp", json!(CLIENT))).is_ok());
}

#[test]
fn step_09_rejects_from_the_end_of_the_leeway_on() {
    let token = rs256(&header(), &claims());
    let end = NOW + 3600 + LEEWAY;
    assert!(check_at(&token, end - 1).is_ok());
    assert_eq!(check_at(&token, end).unwrap_err(), IdTokenError::Expired);
    assert_claims_refused(&[
        ("long ago", "exp", json!(0), IdTokenError::Expired),
        ("before 1970", "exp", json!(-1), IdTokenError::Expired),
    ]);
}

#[test]
fn step_09_rejects_before_the_leeway_of_nbf() {
    let at = |nbf: i64| check_claims(&with(&claims(), "nbf", json!(nbf)));
    assert!(at(NOW + LEEWAY).is_ok());
    assert_eq!(at(NOW + LEEWAY + 1).unwrap_err(), IdTokenError::NotYetValid);
    assert!(check_claims(&with(&claims(), "nbf", Value::Null)).is_ok());
}

#[test]
fn step_10_rejects_a_token_of_the_future() {
    let at = |iat: i64| check_claims(&with(&claims(), "iat", json!(iat)));
    assert!(at(NOW + LEEWAY).is_ok());
    assert_eq!(at(NOW + LEEWAY + 1).unwrap_err(), IdTokenError::IssuedInFuture);
    assert_eq!(at(i64::MAX).unwrap_err(), IdTokenError::IssuedInFuture);
}

#[test]
fn step_11_rejects_a_missing_or_foreign_nonce() {
    assert_claims_refused(&[
        ("missing", "nonce", Value::Null, IdTokenError::Nonce),
        ("another", "nonce", json!(Token::new([8; 32]).reveal()), IdTokenError::Nonce),
        ("empty", "nonce", json!(""), IdTokenError::Nonce),
        ("half", "nonce", json!(&nonce().reveal()[..21]), IdTokenError::Nonce),
        ("no token of ours", "nonce", json!("n-0S6_WzA2Mj"), IdTokenError::Nonce),
    ]);
}

#[test]
fn at_hash_is_checked_when_the_access_token_is_there() {
    // OpenID Connect Core 1.0 §A.3 gives this pair.
    let token = Secret::from("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y".to_owned());
    let other = Secret::from("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Z".to_owned());
    let claims = with(&generic_claims(), "at_hash", json!("77QmUPtjPfzWtF2AnpK9RQ"));
    let compact = rs256(&header(), &claims);
    assert!(check_generic(&compact, Some(&token)).is_ok());
    assert!(check_generic(&compact, None).is_ok());
    assert_eq!(check_generic(&compact, Some(&other)).unwrap_err(), IdTokenError::AccessTokenHash);
    assert!(check_generic(&rs256(&header(), &generic_claims()), Some(&token)).is_ok());
}

#[test]
fn claims_do_not_print() {
    let printed = format!("{:?}", check_claims(&claims()).unwrap());
    assert!(!printed.contains("Ann") && !printed.contains("contoso"), "{printed}");
}
