//! What a code becomes, and what ends it.

use reqwest::Method;

use crate::client::{Asked, Suite};
use crate::tokens::{Tokens, refused};

/// Signs in: the code, and the tokens for it.
async fn redeemed(suite: &mut Suite) -> (Asked, String, Tokens) {
    let asked = suite.asks();
    let visit = suite.visit(&asked).await;
    let code = suite.back(&asked, &visit.answer).code().to_owned();
    let answer = suite.redeems(&asked, &code, &[]).await;
    let tokens = suite.tokens(&asked, &answer).await;
    suite.userinfo(&tokens.access_token).await;
    (asked, code, tokens)
}

pub(crate) async fn oidcc_codereuse(suite: &mut Suite) {
    let (asked, code, _) = redeemed(suite).await;
    assert_eq!(refused(&suite.redeems(&asked, &code, &[]).await), "invalid_grant");
}

/// Half a minute later what it became is over, too (RFC 6749, 4.1.2).
pub(crate) async fn oidcc_codereuse_30seconds(suite: &mut Suite) {
    let (asked, code, tokens) = redeemed(suite).await;
    let earlier = format!(
        "UPDATE oidc_grant SET created_at = created_at - 30000000 WHERE client_id = '{}'",
        suite.client.client_id
    );
    assert_eq!(suite.shared.sql(&earlier).await, 1);
    assert_eq!(refused(&suite.redeems(&asked, &code, &[]).await), "invalid_grant");
    let answer = suite.asks_userinfo(Method::GET, &tokens.access_token).await;
    assert_eq!(answer.status, 401, "{answer:?}");
}

/// Each works, is the application's own, and speaks of the same sign-in (Core §12.2).
pub(crate) async fn oidcc_refresh_token(suite: &mut Suite) {
    let clients = [
        suite.register(|settings| settings.offline_access = true).await,
        suite.register(|settings| settings.offline_access = true).await,
    ];
    let mut last = Vec::new();
    for client in &clients {
        suite.client = client.clone();
        let asked = suite.asks().with("scope", "openid offline_access").with("prompt", "consent");
        let visit = suite.visit(&asked).await;
        let first = suite.completes(&asked, &visit).await;
        let token = first.refresh_token.clone().unwrap_or_else(|| panic!("{first:?}"));
        let second = suite.refreshes(client, &token).await;
        assert_ne!(first.access_token, second.access_token);
        for name in ["iss", "sub", "aud", "auth_time", "azp"] {
            assert_eq!(first.claims.get(name), second.claims.get(name), "{name}");
        }
        let nonce = second.claims.get("nonce");
        assert!(nonce.is_none() || nonce == first.claims.get("nonce"), "{}", second.claims);
        let issued = |tokens: &Tokens| tokens.claims["iat"].as_i64().unwrap();
        assert!(issued(&second) >= issued(&first));
        suite.userinfo(&second.access_token).await;
        last.push(second.refresh_token.unwrap());
    }
    let stolen = suite.tries_refresh(&clients[0], &last[1]).await;
    assert_eq!(refused(&stolen), "invalid_grant");
    // Nor is it lost to its owner by that.
    suite.refreshes(&clients[1], &last[1]).await;
    let grants = suite.server["grant_types_supported"].as_array().unwrap();
    assert!(grants.iter().any(|grant| grant == "refresh_token"), "{grants:?}");
}
