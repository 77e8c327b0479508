//! The tenant's issuer, its endpoints, and its discovery document (OpenID Connect Discovery 1.0 §3,
//! RFC 8414 §2, RFC 9126 §5, RFC 9207 §3).

use ids::Slug;
use serde::Serialize;
use url::{Host, Url};

use crate::ScopeWord;
use crate::acr::Acr;

/// The issuer `B/realms/{slug}`, with the paths of Keycloak below it, which many clients have built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

/// The server's public address cannot be that of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the public address of this server cannot serve OpenID Connect: it must be https, without user, query and fragment, and written as https://host or https://host:port"
)]
pub struct IssuerError;

impl Issuer {
    /// The issuer of a tenant below the public address `base`, with or without a slash at its end.
    ///
    /// # Errors
    ///
    /// [`IssuerError`] for an address that clients would compare and find different: a default port,
    /// capitals in the host. Deviation: plain http is taken for this computer, as browsers do.
    pub fn new(base: &str, tenant: &Slug) -> Result<Self, IssuerError> {
        let base = base.strip_suffix('/').unwrap_or(base);
        let url = Url::parse(base).map_err(|_| IssuerError)?;
        let canonical = url.as_str().strip_suffix('/').unwrap_or(url.as_str()) == base;
        let plain = (url.scheme() == "https" || (url.scheme() == "http" && is_here(&url)))
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if canonical && plain {
            Ok(Self(format!("{base}/realms/{tenant}")))
        } else {
            Err(IssuerError)
        }
    }

    /// `iss`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host, and port if one is written, as in the address of a page.
    pub fn host(&self) -> &str {
        let host = self.0.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
        host.split_once('/').map_or(host, |(host, _)| host)
    }

    /// Where the discovery document is.
    pub fn configuration(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.0)
    }

    /// `authorization_endpoint`.
    pub fn authorization_endpoint(&self) -> String {
        self.endpoint("auth")
    }

    /// `token_endpoint`.
    pub fn token_endpoint(&self) -> String {
        self.endpoint("token")
    }

    /// `userinfo_endpoint`.
    pub fn userinfo_endpoint(&self) -> String {
        self.endpoint("userinfo")
    }

    /// `jwks_uri`.
    pub fn jwks_uri(&self) -> String {
        self.endpoint("certs")
    }

    /// `end_session_endpoint`.
    pub fn end_session_endpoint(&self) -> String {
        self.endpoint("logout")
    }

    /// `revocation_endpoint`.
    pub fn revocation_endpoint(&self) -> String {
        self.endpoint("revoke")
    }

    /// `introspection_endpoint`.
    pub fn introspection_endpoint(&self) -> String {
        self.endpoint("introspect")
    }

    /// `pushed_authorization_request_endpoint`.
    pub fn pushed_authorization_request_endpoint(&self) -> String {
        self.endpoint("par")
    }

    fn endpoint(&self, name: &str) -> String {
        format!("{}/protocol/openid-connect/{name}", self.0)
    }

    /// The discovery document: always the same bytes for the same issuer.
    pub fn discovery_document(&self) -> Vec<u8> {
        let document = Document {
            issuer: &self.0,
            authorization_endpoint: self.authorization_endpoint(),
            token_endpoint: self.token_endpoint(),
            userinfo_endpoint: self.userinfo_endpoint(),
            jwks_uri: self.jwks_uri(),
            end_session_endpoint: self.end_session_endpoint(),
            revocation_endpoint: self.revocation_endpoint(),
            introspection_endpoint: self.introspection_endpoint(),
            pushed_authorization_request_endpoint: self.pushed_authorization_request_endpoint(),
            ..Document::ALIKE
        };
        // Texts and lists of texts: there is nothing that JSON could not say.
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

/// Whether the address is this computer's.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[expect(clippy::struct_excessive_bools, reason = "the members of the standards")]
#[derive(Serialize)]
struct Document<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    pushed_authorization_request_endpoint: String,
    require_pushed_authorization_requests: bool,
    authorization_response_iss_parameter_supported: bool,
    scopes_supported: [&'static str; 4],
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 2],
    grant_types_supported: [&'static str; 3],
    acr_values_supported: [&'static str; 2],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 2],
    token_endpoint_auth_methods_supported: &'static [&'static str],
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 2],
    revocation_endpoint_auth_methods_supported: &'static [&'static str],
    revocation_endpoint_auth_signing_alg_values_supported: [&'static str; 2],
    introspection_endpoint_auth_methods_supported: &'static [&'static str],
    introspection_endpoint_auth_signing_alg_values_supported: [&'static str; 2],
    code_challenge_methods_supported: [&'static str; 1],
    prompt_values_supported: [&'static str; 4],
    claim_types_supported: [&'static str; 1],
    claims_supported: &'static [&'static str],
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    frontchannel_logout_supported: bool,
    frontchannel_logout_session_supported: bool,
}

const ALGORITHMS: [&str; 2] = ["RS256", "ES256"];
const AUTHENTICATION: [&str; 4] =
    ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];

impl Document<'_> {
    /// What all tenants have in common.
    const ALIKE: Self = Self {
        issuer: "",
        authorization_endpoint: String::new(),
        token_endpoint: String::new(),
        userinfo_endpoint: String::new(),
        jwks_uri: String::new(),
        end_session_endpoint: String::new(),
        revocation_endpoint: String::new(),
        introspection_endpoint: String::new(),
        pushed_authorization_request_endpoint: String::new(),
        require_pushed_authorization_requests: false,
        authorization_response_iss_parameter_supported: true,
        scopes_supported: [
            ScopeWord::Openid.as_str(),
            ScopeWord::Profile.as_str(),
            ScopeWord::Email.as_str(),
            ScopeWord::OfflineAccess.as_str(),
        ],
        response_types_supported: ["code"],
        response_modes_supported: ["query", "form_post"],
        grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
        acr_values_supported: [Acr::PhishingResistant.as_str(), Acr::HardwareProtected.as_str()],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ALGORITHMS,
        token_endpoint_auth_methods_supported: &AUTHENTICATION,
        token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
        revocation_endpoint_auth_methods_supported: &AUTHENTICATION,
        revocation_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
        // Nobody asks without having shown who they are.
        introspection_endpoint_auth_methods_supported: &[
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ],
        introspection_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
        code_challenge_methods_supported: ["S256"],
        prompt_values_supported: ["none", "login", "consent", "select_account"],
        claim_types_supported: ["normal"],
        claims_supported: &[
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "acr",
            "amr",
            "sid",
            "at_hash",
            "name",
            "given_name",
            "family_name",
            "preferred_username",
            "email",
            "email_verified",
            "groups",
        ],
        claims_parameter_supported: true,
        request_parameter_supported: false,
        // Discovery 1.0 §3: taken for true when it is missing.
        request_uri_parameter_supported: false,
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        frontchannel_logout_supported: false,
        frontchannel_logout_session_supported: false,
    };
}

#[cfg(test)]
mod tests;
