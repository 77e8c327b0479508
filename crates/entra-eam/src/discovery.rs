//! The issuer that answers Entra, and its discovery document (EAM-01, EAM-02, EAM-04; OpenID
//! Connect Discovery 1.0 §3).

use ids::Slug;
use serde::Serialize;
use url::Url;

use crate::Acr;

/// The issuer `B/realms/{slug}/eam`: an issuer of its own, beside the tenant's ordinary one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

/// The server's public address cannot be that of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the public address of this server cannot serve Microsoft Entra: it must be https, without user, query and fragment, and written as https://host or https://host:port"
)]
pub struct IssuerError;

impl Issuer {
    /// The issuer of a tenant below the public address `base`, with or without a slash at its end.
    ///
    /// # Errors
    ///
    /// [`IssuerError`] for an address that Entra would refuse, or would compare and find different
    /// (EAM-01, EAM-02): another scheme, a default port, capitals in the host. Deviation: plain
    /// http is taken for `localhost`, as browsers do; Entra cannot reach it, a stand-in can.
    pub fn new(base: &str, tenant: &Slug) -> Result<Self, IssuerError> {
        let base = base.strip_suffix('/').unwrap_or(base);
        let url = Url::parse(base).map_err(|_| IssuerError)?;
        let canonical = url.as_str().strip_suffix('/').unwrap_or(url.as_str()) == base;
        let here = url.host_str() == Some("localhost");
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && here);
        let plain = scheme
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !(canonical && plain) {
            return Err(IssuerError);
        }
        Ok(Self(format!("{base}/realms/{tenant}/eam")))
    }

    /// `iss`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the discovery document is.
    pub fn configuration(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.0)
    }

    /// `authorization_endpoint`; a reply URL of the app registration, to the letter.
    pub fn authorization_endpoint(&self) -> String {
        format!("{}/auth", self.0)
    }

    /// `jwks_uri`.
    pub fn jwks_uri(&self) -> String {
        format!("{}/certs", self.0)
    }

    /// The discovery document: always the same bytes, for Content-Length (EAM-03).
    pub fn discovery_document(&self) -> Vec<u8> {
        let document = Document {
            issuer: &self.0,
            authorization_endpoint: self.authorization_endpoint(),
            jwks_uri: self.jwks_uri(),
            scopes_supported: ["openid"],
            response_types_supported: ["id_token"],
            response_modes_supported: ["form_post"],
            grant_types_supported: ["implicit"],
            acr_values_supported: ANSWERED_ACR.map(Acr::as_str),
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ["RS256"],
            claim_types_supported: ["normal"],
            claims_supported: ["iss", "aud", "sub", "nonce", "iat", "nbf", "exp", "acr", "amr"],
            claims_parameter_supported: true,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
        };
        // Texts and lists of texts: there is nothing that JSON could not say.
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

/// What an answer may say: cards prove possession.
const ANSWERED_ACR: [Acr; 4] = [
    Acr::Possession,
    Acr::PossessionOrInherence,
    Acr::KnowledgeOrPossession,
    Acr::KnowledgeOrPossessionOrInherence,
];

#[derive(Serialize)]
struct Document<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    jwks_uri: String,
    scopes_supported: [&'static str; 1],
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 1],
    acr_values_supported: [&'static str; 4],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
    claim_types_supported: [&'static str; 1],
    claims_supported: [&'static str; 9],
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
}

#[cfg(test)]
mod tests;
