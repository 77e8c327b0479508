//! Revocation (RFC 7009) acts at the next use.

use serde_json::json;

use crate::exits::oidc::testing::{Place, SECRET, client, public, settings};

#[tokio::test]
async fn either_token_takes_back_all_that_came_of_the_code() {
    for named in ["access_token", "refresh_token"] {
        let place = Place::with(settings()).await;
        let tokens = place.tokens("openid offline_access").await;
        let other = place.tokens("openid").await.text("access_token");
        let form = [("token", tokens.text(named))];
        let answer = place.call("revoke", &[("token", &form[0].1)]).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0), "{named}");
        assert!(!place.is_good(&tokens.text("access_token")).await, "{named}");
        let refreshed = place.refresh(&tokens.text("refresh_token")).await;
        assert_eq!(refreshed.refusal(), (400, "invalid_grant".into()), "{named}");
        assert_eq!(place.audited("oidc.revoked").await, 1);
        let again = place.call("revoke", &[("token", &form[0].1)]).await;
        assert_eq!(again.status, 200, "{named}: it is none any more");
        assert_eq!(place.audited("oidc.revoked").await, 1);
        assert!(place.is_good(&other).await, "{named}: that of another sign-in");
    }
}

#[tokio::test]
async fn a_token_that_is_none_is_no_matter_and_nothing_is_written() {
    let place = Place::with(settings()).await;
    let before = place.events().await;
    let refresh = format!("rt_{}.{}", "0".repeat(40), "A".repeat(43));
    for token in ["nonsense", "a.b.c", &refresh] {
        assert_eq!(place.call("revoke", &[("token", token)]).await.status, 200, "{token}");
    }
    assert_eq!(place.events().await, before);
    let missing = place.call("revoke", &[]).await;
    assert_eq!(missing.refusal(), (400, "invalid_request".into()));
}

#[tokio::test]
async fn tokens_of_another_application_are_neither_revoked_nor_told_about() {
    let place = Place::with(settings()).await;
    place.put(&client("other", settings())).await;
    let mut tx = place.write().await;
    let secret = secrets::TokenHash::of(SECRET.as_bytes());
    assert!(tx.add_client_secret("other", &secret).await.unwrap());
    tx.commit().await.unwrap();
    let tokens = place.tokens("openid offline_access").await;
    let own = place.call("token", &[("grant_type", "client_credentials")]).await;
    let all = [tokens.text("access_token"), tokens.text("refresh_token"), own.text("access_token")];
    for token in &all {
        let form = [("token", token.as_str()), ("client_id", "other"), ("client_secret", SECRET)];
        let form = form.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        assert_eq!(place.post("revoke", &form, None).await.status, 200);
        let told = place.post("introspect", &form, None).await;
        assert_eq!(told.json(), json!({ "active": false }));
    }
    assert_eq!(place.audited("oidc.revoked").await, 0);
    for token in &all {
        let told = place.call("introspect", &[("token", token)]).await;
        assert_eq!(told.json()["active"], true);
    }
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", all[1].as_str()),
        ("client_id", "other"),
        ("client_secret", SECRET),
    ];
    let form = form.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    let theirs = place.post("token", &form, None).await;
    assert_eq!(theirs.refusal(), (400, "invalid_grant".into()));
    assert_eq!(place.refresh(&all[1]).await.status, 200, "it was not spent");
}

#[tokio::test]
async fn a_token_of_the_application_itself_is_forgotten_alone() {
    let place = Place::with(settings()).await;
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let answer = place.call("token", &[("grant_type", "client_credentials")]).await;
        tokens.push(answer.text("access_token"));
    }
    for _ in 0..2 {
        assert_eq!(place.call("revoke", &[("token", &tokens[0])]).await.status, 200);
    }
    for (token, active) in [(&tokens[0], false), (&tokens[1], true)] {
        let told = place.call("introspect", &[("token", token)]).await;
        assert_eq!(told.json()["active"], active);
    }
    assert_eq!(place.audited("oidc.revoked").await, 1);
}

#[tokio::test]
async fn an_application_without_a_secret_revokes_its_own() {
    let place = Place::with(public()).await;
    let mut form = place.form(&place.code("openid").await);
    form.remove("client_secret");
    let access = place.post("token", &form, None).await.text("access_token");
    assert_eq!(place.userinfo(&access).await.status, 200);
    let form = [("token", access.clone()), ("client_id", "app".to_owned())];
    assert_eq!(place.post("revoke", &form.into_iter().collect(), None).await.status, 200);
    assert_eq!(place.userinfo(&access).await.status, 401);
}
