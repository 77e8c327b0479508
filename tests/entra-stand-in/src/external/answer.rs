//! The provider's `id_token`, judged in full. What is wrong has the number that Microsoft's has for it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::challenge::Challenge;
use super::factor::Factor;
use super::provider::Provider;
use crate::aadsts::Aadsts;

/// How far ahead the provider's clock may be, in seconds.
const SKEW: i64 = 60;

/// What a token must agree with.
pub(crate) struct Expected<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) client_id: &'a str,
    pub(crate) challenge: &'a Challenge,
    pub(crate) now: i64,
}

type Claims = Map<String, Value>;

impl Expected<'_> {
    /// Judges a token.
    pub(crate) fn verify(&self, token: &str) -> Result<(), Aadsts> {
        let claims = self.signature(token)?;
        self.issuer(&claims)?;
        self.audience(&claims)?;
        self.subject(&claims)?;
        self.nonce(&claims)?;
        self.times(&claims)?;
        self.method(&claims)
    }

    /// RS256 by a key that is published, under its `kid`.
    fn signature(&self, token: &str) -> Result<Claims, Aadsts> {
        let malformed = || Aadsts::external_token("it is no compact JWS");
        let (message, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) = message.split_once('.').ok_or_else(malformed)?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
        let (header, claims) = object(header).zip(object(payload)).ok_or_else(malformed)?;
        if header.get("alg").and_then(Value::as_str) != Some("RS256") {
            return Err(Aadsts::external_token("its alg is not RS256"));
        }
        if header.get("typ").is_some_and(|typ| typ != "JWT") {
            return Err(Aadsts::external_token("its typ is not JWT"));
        }
        let kid = header.get("kid").and_then(Value::as_str).unwrap_or_default();
        let issuer = &self.provider.issuer;
        let failed = |what: &str| {
            Aadsts::external_signature(&format!(
                "External ID token from issuer '{issuer}' failed signature verification. KeyID of token is \
                 '{kid}', {what}"
            ))
        };
        match self.provider.verifies(kid, message.as_bytes(), &signature) {
            Some(true) => Ok(claims),
            Some(false) => Err(failed("whose key did not make it.")),
            None => Err(failed("which is not among the keys that are known.")),
        }
    }

    fn issuer(&self, claims: &Claims) -> Result<(), Aadsts> {
        let right = claims.get("iss").and_then(Value::as_str) == Some(&self.provider.issuer);
        right.then_some(()).ok_or_else(|| Aadsts::external_token("the issuer is another"))
    }

    /// As a string, not in an array.
    fn audience(&self, claims: &Claims) -> Result<(), Aadsts> {
        let right = claims.get("aud").and_then(Value::as_str) == Some(self.client_id);
        right.then_some(()).ok_or_else(|| Aadsts::external_token("the audience is another"))
    }

    /// That of the hint.
    fn subject(&self, claims: &Claims) -> Result<(), Aadsts> {
        let found = claims.get("sub").and_then(Value::as_str);
        let found = found.ok_or_else(|| Aadsts::external_token("the subject is missing"))?;
        let right = found == self.challenge.subject;
        right.then_some(()).ok_or_else(|| Aadsts::external_token("the subject does not match"))
    }

    /// The nonce that was sent; none where none was.
    fn nonce(&self, claims: &Claims) -> Result<(), Aadsts> {
        let found = claims.get("nonce");
        match (self.challenge.nonce.as_deref(), found) {
            (Some(sent), Some(found)) if found == sent => Ok(()),
            (None, None) => Ok(()),
            (Some(_), None) => Err(Aadsts::external_token("the nonce is missing")),
            _ => Err(Aadsts::external_token("the nonce is another")),
        }
    }

    fn times(&self, claims: &Claims) -> Result<(), Aadsts> {
        let time = |name: &str| claims.get(name).and_then(Value::as_i64);
        let (Some(issued), Some(expires)) = (time("iat"), time("exp")) else {
            return Err(Aadsts::external_token("iat or exp is missing"));
        };
        let latest = self.now.saturating_add(SKEW);
        if claims.contains_key("nbf") && time("nbf").is_none_or(|from| from > latest) {
            return Err(Aadsts::external_token("it is not valid yet"));
        }
        if issued > latest {
            return Err(Aadsts::external_token("it is issued in the future"));
        }
        let alive = expires > self.now && expires > issued;
        alive.then_some(()).ok_or_else(|| Aadsts::external_token("it has expired"))
    }

    /// One `acr`, one `amr`: both asked for, the method of a type that the `acr` demands, and of another
    /// type than the first factor.
    fn method(&self, claims: &Claims) -> Result<(), Aadsts> {
        let insufficient = |what: &str| Aadsts::insufficient_claims(what);
        let acr = claims.get("acr").and_then(Value::as_str);
        let acr = acr.ok_or_else(|| insufficient("acr is not one string"))?;
        let amr = match claims.get("amr").and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::String(amr)]) => amr,
            Some(_) => return Err(insufficient("amr is not one method")),
            None => return Err(insufficient("amr is no array")),
        };
        let asked = |list: &[String], value: &str| list.iter().any(|entry| entry == value);
        if !asked(&self.challenge.acr, acr) {
            return Err(insufficient(&format!("nobody asked for the acr '{acr}'")));
        }
        if !asked(&self.challenge.amr, amr) {
            return Err(insufficient(&format!("nobody asked for the amr '{amr}'")));
        }
        let factor = Factor::of(amr).ok_or_else(|| insufficient("amr is unknown"))?;
        if !factor.satisfies(acr) {
            return Err(insufficient(&format!("'{amr}' is not what '{acr}' demands")));
        }
        if factor == self.challenge.first_factor {
            return Err(insufficient(&format!("'{amr}' is of the type of the first factor")));
        }
        Ok(())
    }
}

fn object(part: &str) -> Option<Claims> {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    match serde_json::from_slice(&decoded).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}
