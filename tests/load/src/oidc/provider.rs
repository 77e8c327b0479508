//! A provider that is measured: where its endpoints are, who is signed in, and how its tokens are verified.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use super::application::Application;
use super::crowd::Crowd;
use super::redeem::Redeemed;
use crate::Failure;

/// What the bench calls one of the two.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    pub(crate) crowd: Crowd,
    pub(crate) issuer: String,
    /// Path of the authorization endpoint, and of the token endpoint.
    pub(crate) authorization: String,
    pub(crate) token: String,
    /// Path of the key set.
    pub(crate) key_set: String,
    /// The cookies of people who are signed in, one header for each connection.
    pub(crate) cookies: Vec<String>,
}

/// The published keys of an issuer.
pub(crate) struct Keys {
    issuer: String,
    set: JwkSet,
}

impl Provider {
    /// The keys, as they are published now.
    pub(crate) async fn keys(&self) -> Result<Keys, Failure> {
        Keys::of(&self.crowd.site, &self.key_set, &self.issuer).await
    }
}

impl Keys {
    pub(crate) async fn of(
        site: &super::wire::Site,
        path: &str,
        issuer: &str,
    ) -> Result<Self, Failure> {
        let reply = site.ask(&site.get(path, &[])).await?;
        if reply.status != 200 {
            return Err(reply.unexpected("key set"));
        }
        Ok(Self { issuer: issuer.to_owned(), set: serde_json::from_slice(&reply.body)? })
    }

    /// The claims of a token: signature, issuer, audience and expiry are good.
    pub(crate) fn claims(
        &self,
        token: &str,
        alg: jsonwebtoken::Algorithm,
        audience: &str,
    ) -> Result<Value, Failure> {
        let mut validation = Validation::new(alg);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        self.decoded(token, &validation)
    }

    /// Whether a redemption counts: an ID token for this application, of this request, with the `acr` of a
    /// card, and, where the application's are signed, an access token that verifies.
    pub(crate) fn verify(&self, to: &Application, redeemed: &Redeemed) -> Result<(), Failure> {
        let claims = self.claims(&redeemed.id_token, to.alg, to.client_id)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("nonce") != Some(redeemed.nonce.as_str()) {
            return Err("an ID token with another nonce".into());
        }
        if text("acr") != Some("phr") {
            return Err(format!("an ID token with acr {:?}", text("acr")).into());
        }
        if to.signed { self.check_access_token(&redeemed.access_token, to.alg) } else { Ok(()) }
    }

    /// That an access token is signed by one of these keys, for whomever.
    fn check_access_token(&self, token: &str, alg: jsonwebtoken::Algorithm) -> Result<(), Failure> {
        let mut validation = Validation::new(alg);
        validation.set_issuer(&[&self.issuer]);
        validation.validate_aud = false;
        self.decoded(token, &validation).map(drop)
    }

    fn decoded(&self, token: &str, validation: &Validation) -> Result<Value, Failure> {
        let kid = decode_header(token)?.kid.ok_or("a token without kid")?;
        let jwk = self.set.find(&kid).ok_or("a token by an unknown key")?;
        Ok(decode::<Value>(token, &DecodingKey::from_jwk(jwk)?, validation)?.claims)
    }
}
