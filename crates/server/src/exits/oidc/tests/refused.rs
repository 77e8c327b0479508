//! What is brought with anything wrong: a clear answer, a line for the operator, and nothing changed.

use axum::body::Body;
use axum::http::Request;
use openid_provider::ClientSettings;
use openid_provider::authorization::{Asked, ClaimsRequest};
use openid_provider::client::{CardRule, ClientKind};
use openid_provider::code::Code;
use store::Client;

use crate::exits::oidc::testing::{
    BACK, Place, SECRET, VERIFIER, basic, client, payload, public, settings,
};
use crate::oidc;
use crate::test_app::Told;
use crate::test_rows::tenant;

/// A form in which one field is another, or none.
type Change = (&'static str, &'static str, Option<String>, u16, &'static str);

#[tokio::test]
async fn where_each_sign_in_wants_a_tap_one_tap_is_for_one_code() {
    let place = Place::with(ClientSettings { card: CardRule::Fresh, ..settings() }).await;
    let codes = [place.code("openid").await, place.code("openid").await];
    let first = place.post("token", &place.form(&codes[0]), None).await;
    assert_eq!(first.status, 200, "{}", first.json());
    let second = place.post("token", &place.form(&codes[1]), None).await;
    assert_eq!(second.refusal(), (400, "invalid_grant".into()));
    assert_eq!(place.audited("oidc.signed-in").await, 1);
}

#[tokio::test]
async fn a_code_with_anything_wrong_about_it_is_refused_and_not_spent() {
    let place = Place::with(settings()).await;
    place.put(&client("other", settings())).await;
    let good = place.code("openid").await;
    let form = place.form(&good);
    let sealed = |code: Code| Some(place.sealed(&code));
    let (text, last) = form["code"].split_at(form["code"].len().saturating_sub(1));
    let changed = format!("{text}{}", if last == "A" { "B" } else { "A" });
    let late = |at: i64| at.saturating_sub(61_000_000);
    let table: Vec<Change> = vec![
        ("no grant type", "grant_type", None, 400, "invalid_request"),
        (
            "another grant type",
            "grant_type",
            Some("password".into()),
            400,
            "unsupported_grant_type",
        ),
        ("no code", "code", None, 400, "invalid_request"),
        ("a changed code", "code", Some(changed), 400, "invalid_grant"),
        ("nonsense", "code", Some("nonsense".into()), 400, "invalid_grant"),
        (
            "a code of another",
            "code",
            sealed(Code { client_id: "other".into(), ..good.clone() }),
            400,
            "invalid_grant",
        ),
        (
            "a late code",
            "code",
            sealed(Code { issued_at: late(good.issued_at), ..good.clone() }),
            400,
            "invalid_grant",
        ),
        (
            "a code of nobody",
            "code",
            sealed(Code { person: ids::UserId(crate::entropy::id()), ..good.clone() }),
            400,
            "invalid_grant",
        ),
        ("no redirect URI", "redirect_uri", None, 400, "invalid_request"),
        ("another redirect URI", "redirect_uri", Some(format!("{BACK}/")), 400, "invalid_grant"),
        ("no verifier", "code_verifier", None, 400, "invalid_grant"),
        ("another verifier", "code_verifier", Some(VERIFIER.to_lowercase()), 400, "invalid_grant"),
        ("no client", "client_id", None, 401, "invalid_client"),
        ("an unknown client", "client_id", Some("nobody".into()), 401, "invalid_client"),
        ("a page of ours", "client_id", Some("account".into()), 401, "invalid_client"),
        ("another client", "client_id", Some("other".into()), 401, "invalid_client"),
        ("no secret", "client_secret", None, 401, "invalid_client"),
        ("another secret", "client_secret", Some("guess".into()), 401, "invalid_client"),
    ];
    let before = place.events().await;
    for (why, field, value, status, error) in table {
        let mut form = form.clone();
        match value {
            Some(value) => form.insert(field, value),
            None => form.remove(field),
        };
        let told = Told::default();
        let listening = told.listen();
        let answer = place.post("token", &form, None).await;
        drop(listening);
        assert_eq!(answer.refusal(), (status, error.to_owned()), "{why}");
        assert!(answer.headers.get("www-authenticate").is_none(), "{why}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{why}");
        assert!(!told.text().contains(&form.get("code").cloned().unwrap_or("-".repeat(99))));
    }
    // A key was made for some of them; nothing else happened.
    let keys = place.audited("signing-key.made").await;
    assert_eq!(place.events().await, before.saturating_add(keys));
    assert_eq!(place.post("token", &form, None).await.status, 200, "it was not spent");
}

#[tokio::test]
async fn what_is_sealed_for_something_else_or_in_another_tenant_is_no_code() {
    let place = Place::with(settings()).await;
    let rival = tenant("rival");
    place.app.store.create_tenant(&rival).await.unwrap();
    let code = place.code("openid").await;
    let mut form = place.form(&code);
    let theirs = oidc::seal_code(&place.app, &rival, &code).unwrap();
    form.insert("code", theirs.expose_text().unwrap().to_owned());
    let answer = place.post("token", &form, None).await;
    assert_eq!(answer.refusal(), (400, "invalid_grant".into()));
    assert!(oidc::open_request(&place.app, &place.tenant, &place.sealed(&code)).is_none());
    assert!(oidc::open_pushed(&place.app, &place.tenant, &place.sealed(&code)).is_none());
    let _: Option<Asked> = oidc::open_request(&place.app, &place.tenant, "nonsense");
}

#[tokio::test]
async fn who_fails_to_show_who_it_is_is_told_the_same_whatever_was_wrong() {
    let place = Place::with(settings()).await;
    place.put(&client("public", public())).await;
    place.put(&Client { enabled: false, ..client("resting", settings()) }).await;
    let form = [("grant_type", "client_credentials".to_owned())].into_iter().collect();
    let mut answers = Vec::new();
    for id in ["app", "public", "resting", "nobody", "account"] {
        let answer = place.post("token", &form, Some(&basic(id, "guess"))).await;
        assert_eq!(answer.status, 401, "{id}");
        let challenge = answer.headers["www-authenticate"].to_str().unwrap().to_owned();
        assert!(challenge.starts_with("Basic realm="), "{challenge}");
        answers.push((challenge, answer.body));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn each_reason_is_a_line_of_its_own_for_the_operator() {
    let place = Place::with(settings()).await;
    let form = [("grant_type", "client_credentials".to_owned())].into_iter().collect();
    let header = basic("app", SECRET);
    for (authorization, line) in [
        (basic("app", "guess"), "the client secret is wrong"),
        (basic("nobody\nforged line", "guess"), "no application has this client_id"),
        (header.replace("Basic ", ""), "lacks the word"),
        ("Bearer x".to_owned(), "is not Basic"),
    ] {
        let told = Told::default();
        let listening = told.listen();
        for _ in 0..3 {
            let answer = place.post("token", &form, Some(&authorization)).await;
            assert_eq!(answer.refusal().0, 401, "{line}");
        }
        drop(listening);
        let text = told.text();
        assert_eq!(text.matches(line).count(), 1, "{line}: {text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("refused a call of an application"), "{text}");
    }
}

#[tokio::test]
async fn one_way_to_show_who_it_is() {
    let place = Place::with(settings()).await;
    let form = place.form(&place.code("openid").await);
    let both = place.post("token", &form, Some(&basic("app", SECRET))).await;
    assert_eq!(both.refusal(), (400, "invalid_request".into()));
    let twice = Request::post(place.path("token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", basic("app", SECRET))
        .header("authorization", basic("app", "guess"))
        .body(Body::from("grant_type=client_credentials"));
    let twice = place.send(twice.unwrap()).await;
    assert_eq!(twice.refusal(), (400, "invalid_request".into()));
}

#[tokio::test]
async fn who_shows_its_secret_as_a_form_where_it_has_none_is_refused() {
    let place = Place::with(public()).await;
    let form = place.form(&place.code("openid").await);
    assert_eq!(place.post("token", &form, None).await.refusal(), (401, "invalid_client".into()));
}

#[tokio::test]
async fn only_who_keeps_a_secret_speaks_for_itself_and_a_machine_for_nobody_else() {
    let place = Place::with(public()).await;
    let form = [("grant_type", "client_credentials"), ("client_id", "app")];
    let form = form.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    let answer = place.post("token", &form, None).await;
    assert_eq!(answer.refusal(), (400, "unauthorized_client".into()));
    let service = ClientSettings { kind: ClientKind::Service, ..settings() };
    place.put(&client("app", service)).await;
    let form = place.form(&place.code("openid").await);
    let answer = place.post("token", &form, None).await;
    assert_eq!(answer.refusal(), (400, "unauthorized_client".into()));
    let answer = place.refresh("rt_x").await;
    assert_eq!(answer.refusal(), (400, "unauthorized_client".into()));
}

#[tokio::test]
async fn a_verifier_that_nobody_asked_for_is_refused() {
    let place = Place::with(ClientSettings { without_pkce: true, ..settings() }).await;
    let code = Code { code_challenge: None, ..place.code("openid").await };
    let mut form = place.form(&code);
    let answer = place.post("token", &form, None).await;
    assert_eq!(answer.refusal(), (400, "invalid_grant".into()));
    form.remove("code_verifier");
    assert_eq!(place.post("token", &form, None).await.status, 200);
}

#[tokio::test]
async fn bodies_that_nobody_would_read_are_refused_by_their_kind() {
    let place = Place::with(settings()).await;
    let big = format!("grant_type=client_credentials&x={}", "a".repeat(1 << 20));
    let twice = "grant_type=client_credentials&grant_type=client_credentials".to_owned();
    let many = "a=b&".repeat(65);
    let form = "application/x-www-form-urlencoded";
    for end in ["token", "revoke", "introspect", "userinfo"] {
        for (kind, body, status) in [
            (form, big.clone(), 413),
            (form, many.clone(), 400),
            (form, "token=%ff".into(), 400),
            ("application/json", "{}".into(), 415),
            ("text/plain", "x=y".into(), 415),
        ] {
            let request = Request::post(place.path(end)).header("content-type", kind);
            let answer = place.send(request.body(Body::from(body)).unwrap()).await;
            assert_eq!(answer.refusal(), (status, "invalid_request".into()), "{end} {kind}");
        }
    }
    let request = Request::post(place.path("token")).header("content-type", form);
    let answer = place.send(request.body(Body::from(twice)).unwrap()).await;
    assert_eq!(answer.refusal(), (400, "invalid_request".into()));
    let request = Request::get(place.path("token")).header("accept", "text/html");
    assert_eq!(place.send(request.body(Body::empty()).unwrap()).await.status, 405);
}

#[tokio::test]
async fn no_other_token_opens_userinfo() {
    let place = Place::with(settings()).await;
    let tokens = place.tokens("openid offline_access").await;
    let access = tokens.text("access_token");
    let (signed, signature) = access.rsplit_once('.').unwrap();
    let other = place.tokens("openid").await.text("access_token");
    let swapped = format!("{signed}.{}", other.rsplit_once('.').unwrap().1);
    for (why, token) in [
        ("an ID token", tokens.text("id_token")),
        ("a refresh token", tokens.text("refresh_token")),
        ("nonsense", "nonsense".to_owned()),
        ("another signature", swapped),
        ("no signature", format!("{signed}.")),
        ("no token", signature.to_owned()),
    ] {
        let answer = place.userinfo(&token).await;
        assert_eq!(answer.refusal(), (401, "invalid_token".into()), "{why}");
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{why}: {challenge}");
        if why != "a refresh token" {
            let asked = place.call("introspect", &[("token", &token)]).await;
            assert_eq!(asked.json(), serde_json::json!({ "active": false }), "{why}");
        }
    }
    assert!(place.is_good(&access).await);
}

#[tokio::test]
async fn a_token_of_another_tenant_or_of_our_answers_to_entra_opens_nothing() {
    let place = Place::with(settings()).await;
    let rival = Place::with(settings()).await;
    let theirs = rival.tokens("openid").await.text("access_token");
    assert_eq!(payload(&theirs)["iss"], "http://localhost:1/realms/acme", "the same name");
    assert_eq!(place.userinfo(&theirs).await.status, 401, "no key is there at all");
    assert_eq!(place.audited("signing-key.made").await, 0, "and none is made for a stranger");
    let own = place.tokens("openid").await.text("access_token");
    assert_eq!(place.userinfo(&theirs).await.status, 401, "another key");
    let claims = serde_json::to_vec(&payload(&own)).unwrap();
    let eam = crate::signing::published(&place.app, &place.tenant, store::KeyIssuer::Eam).await;
    let forged = eam.unwrap().key().sign("at+jwt", &claims).unwrap();
    assert_eq!(place.userinfo(forged.expose_text().unwrap()).await.status, 401);
    assert!(place.is_good(&own).await);
}

#[tokio::test]
async fn an_access_token_without_openid_says_nothing_about_the_person() {
    let place = Place::with(settings()).await;
    let code = Code { claims: ClaimsRequest::default(), ..place.code("profile").await };
    let tokens = place.post("token", &place.form(&code), None).await;
    let told = place.userinfo(&tokens.text("access_token")).await;
    assert_eq!(told.refusal(), (403, "insufficient_scope".into()));
}

#[tokio::test]
async fn an_unknown_tenant_has_no_endpoints() {
    let place = Place::with(settings()).await;
    for end in ["token", "userinfo", "revoke", "introspect"] {
        let path = place.path(end).replace("acme", "nobody");
        let request = Request::post(path).body(Body::empty()).unwrap();
        assert_eq!(place.send(request).await.status, 404, "{end}");
    }
}
