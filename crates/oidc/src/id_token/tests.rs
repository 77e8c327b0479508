use aws_lc_rs::hmac;
use secrets::{Secret, Token};
use serde_json::{Value, json};

use super::*;
use crate::testing::{
    EC, OTHER_RSA, RSA, b64, compact, ec_jwk, rsa_jwk, sign_es256, sign_rs256, with,
};

const TID: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const OTHER_TID: &str = "bbbbcccc-1111-dddd-2222-eeee3333ffff";
const OID: &str = "11112222-3333-4444-5555-666677778888";
const CLIENT: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";
const NOW: i64 = 1_800_000_000;

fn issuer(tid: &str) -> String {
    format!("https://login.microsoftonline.com/{tid}/v2.0")
}

fn nonce() -> Token {
    Token::new([7; 32])
}

/// Claims as Entra sends them: dated back by five minutes, valid for 65.
fn claims() -> Value {
    json!({
        "iss": issuer(TID), "aud": CLIENT, "sub": "pairwise", "tid": TID, "oid": OID, "ver": "2.0",
        "iat": NOW - 300, "nbf": NOW - 300, "exp": NOW + 3600, "nonce": nonce().reveal(),
        "name": "Ann", "preferred_username": "ann@contoso.example",
    })
}

fn header() -> Value {
    json!({ "typ": "JWT", "alg": "RS256", "kid": "rsa" })
}

fn keys() -> KeySet {
    let template = issuer("{tenantid}");
    let of = |kid, issuer: String| with(&rsa_jwk(kid, &RSA), "issuer", json!(issuer));
    let keys = json!({ "keys": [
        with(&rsa_jwk("rsa", &RSA), "issuer", json!(template)),
        of("this-directory", issuer(TID)),
        of("other-directory", issuer(OTHER_TID)),
        of("personal", issuer("9188040d-6c67-4c5b-b112-36a304b66dad")),
        rsa_jwk("plain", &RSA),
        rsa_jwk("foreign", &OTHER_RSA),
        ec_jwk("ec", &EC),
    ]});
    KeySet::parse(keys.to_string().as_bytes()).unwrap()
}

fn rs256(header: &Value, claims: &Value) -> String {
    compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), |m| sign_rs256(&RSA, m))
}

/// Verifies as for the Entra directory, at `now`.
fn check_at(token: &str, now: i64) -> Result<Claims, IdTokenError> {
    let expected = Expected {
        issuer: &issuer(TID),
        client_id: CLIENT,
        nonce: &nonce(),
        kind: &Kind::Entra { tid: TID.to_owned() },
        access_token: None,
        now: NumericDate(now),
    };
    verify(token, &keys(), &expected)
}

fn check(token: &str) -> Result<Claims, IdTokenError> {
    check_at(token, NOW)
}

fn check_claims(claims: &Value) -> Result<Claims, IdTokenError> {
    check(&rs256(&header(), claims))
}

/// Verifies as for a provider that is not Entra.
fn check_generic(token: &str, access_token: Option<&Secret>) -> Result<Claims, IdTokenError> {
    let expected = Expected {
        issuer: "https://id.example",
        client_id: CLIENT,
        nonce: &nonce(),
        kind: &Kind::Oidc,
        access_token,
        now: NumericDate(NOW),
    };
    verify(token, &keys(), &expected)
}

fn generic_claims() -> Value {
    json!({
        "iss": "https://id.example", "aud": [CLIENT], "sub": "248289761001", "iat": NOW,
        "exp": NOW + 300, "nonce": nonce().reveal(), "auth_time": NOW - 5,
    })
}

fn assert_claims_refused(cases: &[(&str, &str, Value, IdTokenError)]) {
    for (name, claim, value, error) in cases {
        let refused = check_claims(&with(&claims(), claim, value.clone()));
        assert_eq!(refused.unwrap_err(), *error, "{name}");
    }
}

#[test]
fn accepts_a_token_of_the_directory() {
    let claims = check_claims(&claims()).unwrap();
    assert_eq!((claims.tid.as_deref(), claims.oid.as_deref()), (Some(TID), Some(OID)));
    assert_eq!((claims.sub.as_str(), claims.exp), ("pairwise", NumericDate(NOW + 3600)));
    assert_eq!(claims.all.get("name"), Some(&json!("Ann")));
}

#[test]
fn accepts_a_token_of_another_provider() {
    let claims = check_generic(&rs256(&header(), &generic_claims()), None).unwrap();
    assert_eq!(claims.auth_time, Some(NumericDate(NOW - 5)));
    assert_eq!(claims.tid, None);
}

#[test]
fn guids_are_compared_without_case_and_kept_in_lower_case() {
    let upper = with(&claims(), "oid", json!(OID.to_uppercase()));
    let upper = with(&upper, "tid", json!(TID.to_uppercase()));
    let claims = check_claims(&upper).unwrap();
    assert_eq!((claims.tid.as_deref(), claims.oid.as_deref()), (Some(TID), Some(OID)));
}

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
        ("longer than any token", format!("{good}{}", "A".repeat(MAX_TOKEN))),
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
