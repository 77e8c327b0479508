//! v2.0 ID tokens: what is in them, what is not unless asked for, and how they can be made wrong.

use std::collections::BTreeSet;

use entra_stand_in::{
    ACME, Arrival, BIRCH, GroupsClaim, IdTokenFault, MANY_GROUPS, OptionalClaim, Person, Signature,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};

use crate::fixture::{Fixture, claims, get, parameter, part, send};

async fn token_for(fixture: &Fixture, username: &str) -> String {
    let code = fixture.code_for(username).await;
    let answer = fixture.redeem(&fixture.redemption(&code)).await;
    answer.json()["id_token"].as_str().unwrap().to_owned()
}

async fn keys(fixture: &Fixture) -> Vec<Value> {
    let keys =
        get(&format!("{}/{ACME}/discovery/v2.0/keys", fixture.entra.base_url())).await.json();
    keys["keys"].as_array().unwrap().clone()
}

/// Verifies as a careful relying party does: signature, algorithm, issuer, audience, times.
fn verify(fixture: &Fixture, token: &str, keys: &[Value]) -> Result<Value, String> {
    let header = part(token, 0);
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).ok_or("unknown kid")?;
    let key =
        DecodingKey::from_rsa_components(key["n"].as_str().unwrap(), key["e"].as_str().unwrap())
            .unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[fixture.client_id]);
    validation.set_issuer(&[format!("{}/{ACME}/v2.0", fixture.entra.base_url())]);
    validation.validate_nbf = true;
    let decoded = decode::<Value>(token, &key, &validation).map_err(|error| error.to_string())?;
    Ok(decoded.claims)
}

#[tokio::test]
async fn is_signed_by_a_published_key_for_this_client_by_the_guid_issuer() {
    let fixture = Fixture::new().await;
    let token = token_for(&fixture, "mia@acme.example").await;
    let header = part(&token, 0);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("JWT")));
    let claims = verify(&fixture, &token, &keys(&fixture).await).unwrap();
    let mia = fixture.entra.user("mia@acme.example").unwrap();
    assert_eq!(claims["oid"], json!(mia.id));
    assert_eq!(claims["tid"], json!(ACME));
    assert_eq!((&claims["ver"], &claims["nonce"]), (&json!("2.0"), &json!("the nonce")));
    assert_eq!(
        (&claims["name"], &claims["email"]),
        (&json!("Mia Member"), &json!("mia.member@acme.example"))
    );
    assert_eq!(claims["preferred_username"], "mia@acme.example");
    // Dated back by five minutes, as Entra does.
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3900);
    assert_eq!(claims["iat"], claims["nbf"]);
}

#[tokio::test]
async fn has_neither_upn_nor_groups_nor_auth_time_unless_the_registration_asks() {
    let fixture = Fixture::new().await;
    let claims = fixture.claims_for("mia@acme.example").await;
    let names: BTreeSet<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = BTreeSet::from([
        "aud",
        "email",
        "exp",
        "iat",
        "iss",
        "name",
        "nbf",
        "nonce",
        "oid",
        "preferred_username",
        "rh",
        "sub",
        "tid",
        "uti",
        "ver",
    ]);
    assert_eq!(names, expected);
}

#[tokio::test]
async fn has_the_optional_claims_that_the_registration_asks_for() {
    let fixture = Fixture::new().await;
    let before = fixture.entra.now();
    fixture.entra.set_optional_claims(fixture.client_id, &OptionalClaim::ALL).unwrap();
    fixture.entra.set_groups_claim(fixture.client_id, GroupsClaim::All).unwrap();
    let claims = fixture.claims_for("mia@acme.example").await;
    assert_eq!(claims["upn"], "mia@acme.example");
    assert_eq!((&claims["given_name"], &claims["family_name"]), (&json!("Mia"), &json!("Member")));
    assert_eq!(claims["acct"], 0);
    assert!(claims["auth_time"].as_i64().unwrap() >= before);
    assert!(claims["sid"].is_string() && claims["login_hint"].is_string());
    assert_eq!(claims["groups"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn says_less_when_less_was_asked_for() {
    let fixture = Fixture::new().await;
    fixture.entra.set_optional_claims(fixture.client_id, &[OptionalClaim::Upn]).unwrap();
    let request = fixture.request().with("scope", "openid").without("nonce");
    let arrived = Person::new("mia@acme.example").sign_in(&request.url()).await.unwrap().redirect();
    let code = parameter(&arrived, "code").unwrap();
    let token = fixture.redeem(&fixture.redemption(&code)).await.json();
    let claims = claims(token["id_token"].as_str().unwrap());
    for absent in ["oid", "name", "preferred_username", "upn", "email", "nonce"] {
        assert_eq!(claims.get(absent), None, "{absent}");
    }
    let without_openid = fixture.request().with("scope", "User.Read");
    let arrived =
        Person::new("mia@acme.example").sign_in(&without_openid.url()).await.unwrap().redirect();
    let code = parameter(&arrived, "code").unwrap();
    assert_eq!(fixture.redeem(&fixture.redemption(&code)).await.json().get("id_token"), None);
}

#[tokio::test]
async fn the_subject_is_stable_at_one_app_and_differs_at_another() {
    let fixture = Fixture::new().await;
    let (first, second) = (
        fixture.claims_for("mia@acme.example").await,
        fixture.claims_for("mia@acme.example").await,
    );
    assert_eq!(first["sub"], second["sub"]);
    assert_ne!(first["sub"], fixture.claims_for("una@acme.example").await["sub"]);
    let mut other = fixture;
    other.client_id = other
        .entra
        .register_app(ACME, "Other", entra_stand_in::Audience::SingleDirectory)
        .client_id;
    other.entra.add_redirect_uri(other.client_id, crate::fixture::REDIRECT_URI).unwrap();
    other.secret = other.entra.add_secret(other.client_id, "test", 60).unwrap().value;
    let elsewhere = other.claims_for("mia@acme.example").await;
    assert_ne!(first["sub"], elsewhere["sub"]);
    assert_eq!(first["oid"], elsewhere["oid"]);
}

#[tokio::test]
async fn auth_time_is_when_the_password_was_typed_not_when_the_code_was_asked_for() {
    let fixture = Fixture::new().await;
    fixture.entra.set_optional_claims(fixture.client_id, &[OptionalClaim::AuthTime]).unwrap();
    let mut mia = Person::new("mia@acme.example");
    let mut auth_time = async |prompt: Option<&str>| {
        let request = prompt
            .map_or_else(|| fixture.request(), |prompt| fixture.request().with("prompt", prompt));
        let arrived = mia.sign_in(&request.url()).await.unwrap().redirect();
        let redemption = fixture.redemption(&parameter(&arrived, "code").unwrap());
        claims(fixture.redeem(&redemption).await.json()["id_token"].as_str().unwrap())["auth_time"]
            .as_i64()
            .unwrap()
    };
    let first = auth_time(None).await;
    fixture.entra.advance_clock(1000);
    assert_eq!(auth_time(None).await, first);
    assert!(auth_time(Some("login")).await >= first + 1000);
}

#[tokio::test]
async fn groups_are_of_the_kinds_asked_for_and_absent_when_there_are_none() {
    let fixture = Fixture::new().await;
    for (claim, count) in
        [(GroupsClaim::SecurityGroup, 1), (GroupsClaim::DirectoryRole, 1), (GroupsClaim::All, 2)]
    {
        fixture.entra.set_groups_claim(fixture.client_id, claim).unwrap();
        let claims = fixture.claims_for("ada@acme.example").await;
        assert_eq!(claims["groups"].as_array().unwrap().len(), count, "{claim:?}");
    }
    assert_eq!(fixture.claims_for("una@acme.example").await.get("groups"), None);
}

#[tokio::test]
async fn above_two_hundred_groups_there_is_only_a_pointer() {
    let fixture = Fixture::new().await;
    fixture.entra.set_groups_claim(fixture.client_id, GroupsClaim::SecurityGroup).unwrap();
    let max = fixture.entra.user("max@acme.example").unwrap();
    assert_eq!(max.groups.len(), MANY_GROUPS);
    let claims = fixture.claims_for("max@acme.example").await;
    assert_eq!(claims.get("groups"), None);
    assert_eq!(claims["_claim_names"], json!({"groups": "src1"}));
    let endpoint = claims["_claim_sources"]["src1"]["endpoint"].as_str().unwrap();
    assert!(endpoint.ends_with(&format!("/users/{}/getMemberObjects", max.id)), "{endpoint}");
    fixture.entra.update_user(max.id, |user| user.groups.truncate(200)).unwrap();
    let claims = fixture.claims_for("max@acme.example").await;
    assert_eq!(
        (claims["groups"].as_array().unwrap().len(), claims.get("_claim_names")),
        (200, None)
    );
}

#[tokio::test]
async fn userinfo_is_for_tokens_with_openid() {
    let fixture = Fixture::new().await;
    let url = format!("{}/oidc/userinfo", fixture.entra.base_url());
    for (scope, status) in [("User.Read", 401), ("openid", 200)] {
        let token = fixture.delegated_token("mia@acme.example", scope).await;
        let headers = [("authorization", format!("Bearer {token}"))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = send(axum::http::Method::GET, &url, &headers, Default::default()).await;
        assert_eq!(answer.unwrap().status, status, "{scope}");
    }
}

#[tokio::test]
async fn userinfo_tells_the_same_subject() {
    let fixture = Fixture::new().await;
    let code = fixture.code_for("mia@acme.example").await;
    let tokens = fixture.redeem(&fixture.redemption(&code)).await.json();
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let url = format!("{}/oidc/userinfo", fixture.entra.base_url());
    let answer =
        send(axum::http::Method::GET, &url, &[("authorization", &bearer)], Default::default())
            .await
            .unwrap();
    let claims = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(answer.json()["sub"], claims["sub"]);
    assert_eq!(get(&url).await.status, 401);
}

#[tokio::test]
async fn a_guest_is_known_by_the_entry_in_this_directory() {
    let fixture = Fixture::new().await;
    fixture
        .entra
        .set_optional_claims(fixture.client_id, &[OptionalClaim::Upn, OptionalClaim::Acct])
        .unwrap();
    let guest = fixture.entra.guest(ACME, "mia@birch.example").unwrap();
    let claims = fixture.claims_for("mia@birch.example").await;
    assert_eq!((&claims["tid"], &claims["oid"]), (&json!(ACME), &json!(guest.id)));
    assert_ne!(guest.id, fixture.entra.user("mia@birch.example").unwrap().id);
    assert_eq!(
        (&claims["preferred_username"], &claims["email"]),
        (&json!("mia@birch.example"), &json!("mia@birch.example"))
    );
    assert_eq!(claims["idp"], format!("https://sts.windows.net/{BIRCH}/"));
    assert_eq!((claims.get("upn"), &claims["acct"]), (None, &json!(1)));
    fixture.entra.set_optional_claims(fixture.client_id, &[OptionalClaim::UpnOfGuests]).unwrap();
    let claims = fixture.claims_for("mia@birch.example").await;
    assert_eq!(claims["upn"], "mia_birch.example#EXT#@acme.example");
}

#[tokio::test]
async fn through_common_the_issuer_is_the_persons_own_directory() {
    let fixture = Fixture::with_audience(entra_stand_in::Audience::AnyDirectory).await;
    let request = fixture.request().at("common");
    let arrived =
        Person::new("mia@birch.example").sign_in(&request.url()).await.unwrap().redirect();
    let form = fixture.redemption(&parameter(&arrived, "code").unwrap()).form;
    let endpoint = format!("{}/common/oauth2/v2.0/token", fixture.entra.base_url());
    let tokens = crate::fixture::post_form(&endpoint, &form, &[]).await.json();
    let claims = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["iss"], format!("{}/{BIRCH}/v2.0", fixture.entra.base_url()));
    assert_eq!((&claims["tid"], claims.get("idp")), (&json!(BIRCH), None));
}

#[tokio::test]
async fn rotation_publishes_a_key_before_it_signs_and_keeps_it_afterwards() {
    let fixture = Fixture::new().await;
    let before = keys(&fixture).await;
    let old = token_for(&fixture, "mia@acme.example").await;
    fixture.entra.rotate_keys();
    let new = token_for(&fixture, "mia@acme.example").await;
    assert_ne!(part(&old, 0)["kid"], part(&new, 0)["kid"]);
    assert_eq!(part(&new, 0)["kid"], fixture.entra.active_kid());
    // Whoever has cached the keys is not disturbed, in either direction.
    verify(&fixture, &new, &before).unwrap();
    verify(&fixture, &old, &keys(&fixture).await).unwrap();
    fixture.entra.drop_retired_keys();
    assert_eq!(verify(&fixture, &old, &keys(&fixture).await), Err("unknown kid".to_owned()));
    verify(&fixture, &new, &keys(&fixture).await).unwrap();
    fixture.entra.replace_keys();
    let emergency = token_for(&fixture, "mia@acme.example").await;
    assert_eq!(verify(&fixture, &emergency, &before), Err("unknown kid".to_owned()));
    verify(&fixture, &emergency, &keys(&fixture).await).unwrap();
}

#[tokio::test]
async fn each_fault_is_seen_by_a_careful_relying_party_and_lasts_once() {
    let fixture = Fixture::new().await;
    let faults = [
        (IdTokenFault::claim("iss", "https://evil.example/v2.0"), "InvalidIssuer"),
        (IdTokenFault::claim("aud", "somebody else"), "InvalidAudience"),
        (IdTokenFault::shifted("exp", -8000), "ExpiredSignature"),
        (IdTokenFault::shifted("nbf", 8000), "ImmatureSignature"),
        (IdTokenFault::header("kid", "nobody"), "unknown kid"),
        (IdTokenFault::header("kid", Value::Null), "unknown kid"),
        (IdTokenFault::header("alg", "RS384"), "InvalidAlgorithm"),
        (IdTokenFault::signed(Signature::ForeignKey), "InvalidSignature"),
        (IdTokenFault::signed(Signature::Broken), "InvalidSignature"),
        (IdTokenFault::signed(Signature::Hs256), "InvalidAlgorithm"),
    ];
    for (fault, seen) in faults {
        fixture.entra.spoil_next_id_token(fault.clone());
        let token = token_for(&fixture, "mia@acme.example").await;
        let error = verify(&fixture, &token, &keys(&fixture).await).unwrap_err();
        assert_eq!(error.replace(' ', ""), seen.replace(' ', ""), "{fault:?}");
        let token = token_for(&fixture, "mia@acme.example").await;
        verify(&fixture, &token, &keys(&fixture).await).unwrap();
    }
    for (name, value) in [
        ("nonce", json!("another")),
        ("tid", json!(BIRCH)),
        ("groups", json!("scalar")),
        ("upn", json!([])),
    ] {
        fixture.entra.spoil_next_id_token(IdTokenFault::claim(name, value.clone()));
        assert_eq!(fixture.claims_for("mia@acme.example").await[name], value);
    }
    fixture.entra.spoil_next_id_token(IdTokenFault::claim("nonce", Value::Null));
    assert_eq!(fixture.claims_for("mia@acme.example").await.get("nonce"), None);
    fixture.entra.spoil_next_id_token(IdTokenFault::signed(Signature::None));
    let token = token_for(&fixture, "mia@acme.example").await;
    assert_eq!((part(&token, 0)["alg"].clone(), token.ends_with('.')), (json!("none"), true));
}

#[tokio::test]
async fn a_skewed_clock_shows_in_tokens_and_in_the_date_header() {
    let fixture = Fixture::new().await;
    let right = fixture.claims_for("mia@acme.example").await;
    fixture.entra.skew_clock(-7200);
    let behind = fixture.claims_for("mia@acme.example").await;
    let difference = right["iat"].as_i64().unwrap() - behind["iat"].as_i64().unwrap();
    assert!((7195..=7205).contains(&difference), "{difference}");
    let date =
        get(&fixture.entra.metadata_url(ACME)).await.headers["date"].to_str().unwrap().to_owned();
    let written = jiff::fmt::rfc2822::parse(&date).unwrap().timestamp().as_second();
    assert!((written - fixture.entra.now()).abs() <= 1, "{date}");
    assert!(matches!(
        Person::new("mia@acme.example").sign_in(&fixture.request().url()).await.unwrap(),
        Arrival::Redirect(_)
    ));
}
