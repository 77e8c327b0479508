//! What an application gets for a code, and what it may do with it.

use axum::body::Body;
use axum::http::Request;
use jose::{Alg, Compact, KeySet};
use openid_provider::ClientSettings;
use openid_provider::authorization::ClaimsRequest;
use openid_provider::code::Code;
use serde_json::json;
use store::KeyIssuer;

use crate::exits::oidc::testing::{Place, SECRET, basic, payload, public, settings};
use crate::signing;

const ALL: &str = "openid profile email offline_access";

async fn signed_with(alg: Alg) {
    let place = Place::with(ClientSettings { signing_alg: alg, ..settings() }).await;
    let tokens = place.tokens(ALL).await;
    let published = signing::published(&place.app, &place.tenant, KeyIssuer::Tenant).await;
    let keys = KeySet::parse(&published.unwrap().document()).unwrap();
    let issuer = "http://localhost:1/realms/acme";
    for (name, typ) in [("access_token", "at+jwt"), ("id_token", "JWT")] {
        let token = tokens.text(name);
        let compact = Compact::split(&token).unwrap();
        let header = compact.header().unwrap();
        assert_eq!((header.alg, header.typ.as_deref()), (Some(alg), Some(typ)), "{name}");
        let key = keys.find(&header.kid).unwrap();
        assert_eq!(key.alg(), alg);
        let claims: serde_json::Value =
            serde_json::from_slice(&compact.verified_payload(key).unwrap()).unwrap();
        assert_eq!(claims["iss"], issuer);
        assert_eq!(claims["sub"], place.mia.to_string());
        assert_eq!(claims["sid"], place.session.id.to_string());
        assert_eq!((&claims["acr"], &claims["amr"]), (&json!("phr"), &json!(["pop", "user"])));
        assert_eq!(claims["auth_time"], place.session.auth_time.unix_seconds());
    }
    let id = payload(&tokens.text("id_token"));
    assert_eq!((&id["aud"], &id["nonce"]), (&json!("app"), &json!("nonce")));
    assert_eq!((&id["name"], &id["groups"]), (&json!("Mia Fox"), &json!(["staff"])));
    assert_eq!(tokens.json()["expires_in"], 300);
    assert_eq!(tokens.text("scope"), ALL);
    assert!(place.is_good(&tokens.text("access_token")).await);
}

#[tokio::test]
async fn a_code_becomes_tokens_signed_with_rs256() {
    signed_with(Alg::Rs256).await;
}

#[tokio::test]
async fn a_code_becomes_tokens_signed_with_es256() {
    signed_with(Alg::Es256).await;
}

#[tokio::test]
async fn what_is_handed_out_is_on_record_and_nobody_keeps_it() {
    let place = Place::with(settings()).await;
    let answer = place.tokens("openid").await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["pragma"], "no-cache");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(place.audited("oidc.signed-in").await, 1);
    assert!(answer.json().get("refresh_token").is_none(), "nobody asked for one");
    let told = place.userinfo(&answer.text("access_token")).await;
    assert_eq!(told.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn an_application_may_show_its_secret_in_the_header_or_in_the_body() {
    let place = Place::with(settings()).await;
    let mut form = place.form(&place.code("openid").await);
    form.remove("client_secret");
    let answer = place.post("token", &form, Some(&basic("app", SECRET))).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn an_application_without_a_secret_has_pkce_alone() {
    let place = Place::with(public()).await;
    let mut form = place.form(&place.code(ALL).await);
    form.remove("client_secret");
    let answer = place.post("token", &form, None).await;
    assert_eq!(answer.status, 200);
    let refresh = answer.text("refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("client_id", "app")];
    let form = form.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    assert_eq!(place.post("token", &form, None).await.status, 200);
    let form = [("token", answer.text("access_token")), ("client_id", "app".into())];
    let asked = place.post("introspect", &form.into_iter().collect(), None).await;
    assert_eq!(asked.refusal(), (401, "invalid_client".into()), "it is told nothing");
}

#[tokio::test]
async fn userinfo_says_what_was_granted_and_asked_for() {
    let place = Place::with(settings()).await;
    let told = async |code: &Code| {
        let tokens = place.post("token", &place.form(code), None).await;
        place.userinfo(&tokens.text("access_token")).await.json()
    };
    let mia = place.mia.to_string();
    let bare = told(&place.code("openid").await).await;
    assert_eq!(bare, json!({ "sub": mia, "groups": ["staff"] }));
    let claims = ClaimsRequest { userinfo: vec!["email".into()], id_token: vec!["name".into()] };
    let asked = told(&Code { claims, ..place.code("openid").await }).await;
    assert_eq!(asked, json!({ "sub": mia, "groups": ["staff"], "email": "mia@acme.example" }));
    let all = told(&place.code(ALL).await).await;
    assert_eq!(
        (&all["preferred_username"], &all["email_verified"]),
        (&json!("mia@acme.example"), &json!(true))
    );
}

#[tokio::test]
async fn userinfo_takes_the_token_from_header_or_body_and_not_from_both() {
    let place = Place::with(settings()).await;
    let access = place.tokens("openid").await.text("access_token");
    let form = [("access_token", access.clone())].into_iter().collect();
    assert_eq!(place.post("userinfo", &form, None).await.status, 200);
    let both = place.post("userinfo", &form, Some(&format!("Bearer {access}"))).await;
    assert_eq!(both.status, 400);
    let request = Request::post(place.path("userinfo"));
    let request = request.header("authorization", format!("Bearer {access}"));
    assert_eq!(place.send(request.body(Body::empty()).unwrap()).await.status, 200);
    let query = format!("{}?access_token={access}", place.path("userinfo"));
    let answer = place.send(Request::get(query).body(Body::empty()).unwrap()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["www-authenticate"]),
        (401, &"Bearer".parse().unwrap())
    );
}

#[tokio::test]
async fn a_refresh_token_becomes_the_next_with_new_tokens_beside_it() {
    let place = Place::with(settings()).await;
    let first = place.tokens(ALL).await;
    let second = place.refresh(&first.text("refresh_token")).await;
    assert_eq!(second.status, 200);
    assert_ne!(first.text("refresh_token"), second.text("refresh_token"));
    assert!(place.is_good(&second.text("access_token")).await);
    let (before, after) = (payload(&first.text("id_token")), payload(&second.text("id_token")));
    for same in ["iss", "sub", "aud", "auth_time", "acr", "sid"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert!(after.get("nonce").is_none());
    assert_eq!(place.audited("oidc.refreshed").await, 1);
    let asked = place.call("introspect", &[("token", &second.text("refresh_token"))]).await;
    assert_eq!(
        (&asked.json()["active"], &asked.json()["sub"]),
        (&json!(true), &json!(place.mia.to_string()))
    );
    let old = place.call("introspect", &[("token", &first.text("refresh_token"))]).await;
    assert_eq!(old.json(), json!({ "active": false }));
}

#[tokio::test]
async fn a_refresh_may_ask_for_less_and_not_for_more() {
    let place = Place::with(settings()).await;
    let first = place.tokens("openid offline_access").await.text("refresh_token");
    let ask = async |token: &str, scope: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
        place.call("token", &form).await
    };
    let more = ask(&first, "openid email").await;
    assert_eq!(more.refusal(), (400, "invalid_scope".into()));
    let less = ask(&first, "openid").await;
    assert_eq!((less.status.as_u16(), less.text("scope")), (200, "openid".into()));
}

#[tokio::test]
async fn an_application_that_may_not_go_on_without_its_people_gets_no_refresh_token() {
    let place = Place::with(ClientSettings { offline_access: false, ..settings() }).await;
    let tokens = place.tokens("openid offline_access").await;
    assert!(tokens.json().get("refresh_token").is_none());
    assert_eq!(tokens.text("scope"), "openid");
}

#[tokio::test]
async fn an_application_speaks_for_itself_without_a_person() {
    let place = Place::with(settings()).await;
    let answer = place.call("token", &[("grant_type", "client_credentials")]).await;
    assert_eq!(answer.status, 200);
    let access = answer.text("access_token");
    let claims = payload(&access);
    assert_eq!(claims["sub"], "app");
    for absent in ["acr", "amr", "sid", "gid", "auth_time", "scope"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
    let json = answer.json();
    assert!(json.get("id_token").is_none() && json.get("refresh_token").is_none());
    assert_eq!(place.audited("oidc.client-token").await, 1);
    let told = place.userinfo(&access).await;
    assert_eq!(told.refusal(), (403, "insufficient_scope".into()));
    let asked = place.call("introspect", &[("token", &access)]).await;
    assert_eq!((&asked.json()["active"], &asked.json()["sub"]), (&json!(true), &json!("app")));
}

#[tokio::test]
async fn browsers_of_any_origin_may_call_what_needs_no_secret() {
    let place = Place::with(public()).await;
    let ask = async |end: &str| {
        let request = Request::options(place.path(end)).header("origin", "https://app.example");
        place.send(request.body(Body::empty()).unwrap()).await
    };
    for end in ["token", "userinfo", "revoke", "par"] {
        let answer = ask(end).await;
        assert_eq!(answer.status, 204, "{end}");
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        assert!(answer.headers.get("access-control-allow-credentials").is_none());
        let allowed = answer.headers["access-control-allow-headers"].to_str().unwrap();
        assert!(allowed.contains("authorization"), "{end}: {allowed}");
    }
    let answer = ask("introspect").await;
    assert_eq!(answer.status, 405);
    assert!(answer.headers.get("access-control-allow-origin").is_none());
    let refused = place.userinfo("nonsense").await;
    assert_eq!(refused.headers["access-control-allow-origin"], "*", "a refusal can be read, too");
}
