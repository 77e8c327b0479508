//! OpenID Connect Back-Channel Logout 1.0.

use e2e::until;
use openid_provider::client::ClientSettings;

use super::logout::{in_and_out, is_signed_in};
use crate::client::Suite;

/// The browser is sent back, the application is told once, and nobody is signed in.
pub(crate) async fn oidcc_backchannel_rp_initiated_logout(suite: &mut Suite) {
    let address = format!("module-{}", suite.shared.number());
    let uri = suite.shared.receiver.uri_of(&address);
    let told = |settings: &mut ClientSettings| {
        settings.backchannel_logout_uri = Some(uri);
        settings.backchannel_logout_session_required = true;
    };
    suite.client = suite.register(told).await;
    let tokens = in_and_out(suite).await;
    let shared = &suite.shared;
    until(async || !shared.receiver.heard_by(&address).is_empty()).await;
    let keys = shared.browser().get(suite.server("jwks_uri")).await;
    let heard = shared.receiver.heard_by(&address);
    let (keys, client_id) = (keys.body.as_bytes(), &suite.client.client_id);
    let claims = heard[0].claims(keys, suite.server("issuer"), client_id);
    for name in ["sub", "sid"] {
        assert!(tokens.claims[name].is_string(), "{}", tokens.claims);
        assert_eq!(claims[name], tokens.claims[name], "{name}");
    }
    let now = shared.app.store().now().await.unwrap().unix_seconds();
    let (issued, ends) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    assert!(issued <= now && now - issued < 120 && ends > now, "{claims:?} at {now}");
    assert!(!is_signed_in(suite).await);
    assert_eq!(suite.shared.receiver.heard_by(&address).len(), 1, "once");
}
