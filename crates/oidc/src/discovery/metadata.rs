use jose::json;
use serde_json::{Map, Value};
use url::Url;

use super::{Directory, EntraCloud, Kind, MetadataAddress};
use crate::MAX_BODY;

/// What a provider says about itself (Discovery 1.0 §3), checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderMetadata {
    /// Entra directory or another provider.
    pub kind: Kind,
    /// The address to keep: for Entra, with the directory's id.
    pub address: Url,
    /// Issuer, exactly as its ID tokens name it.
    pub issuer: String,
    /// Authorization endpoint.
    pub authorization_endpoint: Url,
    /// Token endpoint.
    pub token_endpoint: Url,
    /// Key set.
    pub jwks_uri: Url,
    /// User-info endpoint, if any.
    pub userinfo_endpoint: Option<Url>,
    /// End-session endpoint, if any.
    pub end_session_endpoint: Option<Url>,
    /// What an administrator should know; none of it is an obstacle.
    pub warnings: Vec<MetadataWarning>,
}

/// Something that an administrator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataWarning {
    /// The address named a domain; the directory's id is kept, because domains move.
    DomainResolved {
        /// What was asked for.
        domain: String,
        /// The directory that answers.
        tid: String,
    },
    /// The document names a cloud that is not the one at this address.
    UnexpectedCloud {
        /// The host that it names.
        named: String,
    },
    /// The directory of personal Microsoft accounts.
    PersonalAccounts,
    /// It lists PKCE methods, and `S256` is not among them.
    NoPkce,
    /// It lists ways to authenticate a client, and a secret in the form is not among them.
    NoSecretInForm,
}

impl MetadataWarning {
    /// The warning in words.
    pub fn text(&self) -> String {
        match self {
            Self::DomainResolved { domain, tid } => format!(
                "{domain} is the directory {tid}. Its id is kept, so that a change of the domain changes nothing here."
            ),
            Self::UnexpectedCloud { named } => format!(
                "The document belongs to the cloud {named}. Check that the app is registered in the cloud of this address."
            ),
            Self::PersonalAccounts => "This is the directory of personal Microsoft accounts: anybody can have an account there.".to_owned(),
            Self::NoPkce => "The provider does not say that it supports PKCE with S256. It is sent all the same.".to_owned(),
            Self::NoSecretInForm => "The provider does not say that it accepts a client secret in the form (client_secret_post), which is how it is sent.".to_owned(),
        }
    }
}

/// Whether a body that came with an error status is Entra's word that there is no such directory:
/// the id or domain in the address was AADSTS90002 or 900023, and the error is `invalid_tenant`.
pub fn is_unknown_directory(body: &[u8]) -> bool {
    let answer = json::object(body).unwrap_or_default();
    json::text(&answer, "error") == Some("invalid_tenant")
}

/// The document cannot be used. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// Larger than 512 KiB.
    #[error("the document is larger than 512 KiB; this is no provider's metadata")]
    TooLarge,
    /// Not one JSON object.
    #[error(
        "the address does not answer with provider metadata; check that it ends with /.well-known/openid-configuration"
    )]
    NotJson,
    /// A field that must be there is missing or no text.
    #[error("{0} is missing in the document; check that this is the address of an OpenID provider")]
    Missing(&'static str),
    /// A field is not a URL that may be used.
    #[error("{0} in the document is not an https address")]
    BadUrl(&'static str),
    /// The issuer of all directories.
    #[error(
        "this is the address of all directories (common or organizations); use your directory's own metadata address, with its id after the host name"
    )]
    TemplateIssuer,
    /// The issuer of v1.0 tokens.
    #[error(
        "this is the old v1.0 metadata; use the address with /v2.0/.well-known/openid-configuration"
    )]
    V1Issuer,
    /// An Entra authority, and an issuer that is no directory's.
    #[error(
        "the issuer {issuer:?} is not that of a directory at this address; copy the metadata address again from Endpoints in Azure"
    )]
    NotADirectory {
        /// What the document says.
        issuer: String,
    },
    /// Another issuer than the address belongs to.
    #[error(
        "the document says that its issuer is {issuer:?}, which does not belong to this address; paste the address that the provider itself gives, with the same spelling"
    )]
    IssuerMismatch {
        /// What the document says.
        issuer: String,
    },
    /// An Entra directory with an endpoint elsewhere.
    #[error("{0} in the document is at another host than the directory; do not use this provider")]
    ForeignEndpoint(&'static str),
    /// A host that the operator's configuration file names, in a document from elsewhere.
    #[error(
        "{0} in the document is at a host that the operator named for another provider; do not use this provider"
    )]
    OthersHost(&'static str),
    /// No code flow.
    #[error("the provider does not offer the authorization code flow (response_type code)")]
    NoCodeFlow,
    /// No signature algorithm of ours.
    #[error(
        "the provider signs ID tokens with none of the algorithms that are accepted (RS256, ES256)"
    )]
    NoUsableAlgorithm,
}

impl ProviderMetadata {
    /// Reads the document that was found at `address`. `extra` as for [`MetadataAddress::parse`].
    ///
    /// # Errors
    ///
    /// See [`MetadataError`].
    pub fn parse(
        body: &[u8],
        address: &MetadataAddress,
        extra: &[EntraCloud],
    ) -> Result<Self, MetadataError> {
        if body.len() > MAX_BODY {
            return Err(MetadataError::TooLarge);
        }
        let document = json::object(body).ok_or(MetadataError::NotJson)?;
        let field = Fields { document: &document, named: Named { extra, at: &address.url } };
        let issuer = field.text("issuer")?.to_owned();
        let mut warnings = Vec::new();
        let (kind, address) = match &address.directory {
            Some(directory) => check_directory(&issuer, address, directory, extra, &mut warnings)?,
            None => (check_issuer(&issuer, address, &field.named)?, address.url.clone()),
        };
        let metadata = Self {
            authorization_endpoint: field.endpoint("authorization_endpoint")?,
            token_endpoint: field.endpoint("token_endpoint")?,
            jwks_uri: field.endpoint("jwks_uri")?,
            userinfo_endpoint: field.optional_endpoint("userinfo_endpoint")?,
            end_session_endpoint: field.optional_endpoint("end_session_endpoint")?,
            kind,
            address,
            issuer,
            warnings,
        };
        metadata.check_hosts()?;
        metadata.check_abilities(&document)
    }

    /// What is sent to a directory's endpoints (codes, secrets) stays at that directory's host.
    fn check_hosts(&self) -> Result<(), MetadataError> {
        if self.kind == Kind::Oidc {
            return Ok(());
        }
        let authority = self.address.origin();
        for (name, url) in [
            ("authorization_endpoint", &self.authorization_endpoint),
            ("token_endpoint", &self.token_endpoint),
            ("jwks_uri", &self.jwks_uri),
        ] {
            if url.origin() != authority {
                return Err(MetadataError::ForeignEndpoint(name));
            }
        }
        Ok(())
    }

    fn check_abilities(mut self, document: &Map<String, Value>) -> Result<Self, MetadataError> {
        let offers = |name: &str, any: &[&str]| {
            json::texts(document, name).is_none_or(|list| any.iter().any(|one| list.contains(one)))
        };
        if !offers("response_types_supported", &["code"]) {
            return Err(MetadataError::NoCodeFlow);
        }
        let algorithms: &[&str] = match self.kind {
            Kind::Entra { .. } => &["RS256"],
            Kind::Oidc => &["RS256", "ES256"],
        };
        if !offers("id_token_signing_alg_values_supported", algorithms) {
            return Err(MetadataError::NoUsableAlgorithm);
        }
        if !offers("code_challenge_methods_supported", &["S256"]) {
            self.warnings.push(MetadataWarning::NoPkce);
        }
        if !offers("token_endpoint_auth_methods_supported", &["client_secret_post"]) {
            self.warnings.push(MetadataWarning::NoSecretInForm);
        }
        if let Some(named) = other_cloud(&self, document) {
            self.warnings.push(MetadataWarning::UnexpectedCloud { named });
        }
        Ok(self)
    }
}

/// The directory of personal accounts.
pub const PERSONAL_ACCOUNTS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// An address by domain is answered with the issuer by id, and the id is kept.
fn check_directory(
    issuer: &str,
    address: &MetadataAddress,
    directory: &Directory,
    extra: &[EntraCloud],
    warnings: &mut Vec<MetadataWarning>,
) -> Result<(Kind, Url), MetadataError> {
    if issuer.contains('{') {
        return Err(MetadataError::TemplateIssuer);
    }
    let parsed = Url::parse(issuer).map_err(|_| MetadataError::BadUrl("issuer"))?;
    // `sts.windows.net` and its like in other clouds.
    if parsed.host_str().is_some_and(|host| host.starts_with("sts.")) {
        return Err(MetadataError::V1Issuer);
    }
    let not_a_directory = || MetadataError::NotADirectory { issuer: issuer.to_owned() };
    let mismatch = || MetadataError::IssuerMismatch { issuer: issuer.to_owned() };
    let kind = Kind::entra(issuer).ok_or_else(not_a_directory)?;
    let Kind::Entra { tid } = &kind else { return Err(not_a_directory()) };
    let cloud = EntraCloud::at(&address.url, extra).ok_or_else(mismatch)?;
    let authority = cloud.authority.as_str().trim_end_matches('/');
    if issuer != format!("{authority}/{tid}/v2.0") {
        return Err(mismatch());
    }
    match directory {
        Directory::Guid(guid) if guid != tid => return Err(mismatch()),
        Directory::Guid(_) | Directory::Shared(_) => {}
        Directory::Domain(domain) => warnings
            .push(MetadataWarning::DomainResolved { domain: domain.clone(), tid: tid.clone() }),
    }
    if tid == PERSONAL_ACCOUNTS {
        warnings.push(MetadataWarning::PersonalAccounts);
    }
    let mut kept = MetadataAddress::of_directory(&cloud, Directory::Guid(tid.clone())).url;
    kept.set_query(address.url.query());
    Ok((kind, kept))
}

/// Discovery 1.0 §4.3: the issuer is exactly what the address was made of.
fn check_issuer(
    issuer: &str,
    address: &MetadataAddress,
    named: &Named<'_>,
) -> Result<Kind, MetadataError> {
    let parsed = named.usable("issuer", issuer)?;
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(MetadataError::BadUrl("issuer"));
    }
    let made = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let mut asked = address.url.clone();
    asked.set_query(None);
    let same = Url::parse(&made).is_ok_and(|made| made == asked);
    if same { Ok(Kind::Oidc) } else { Err(MetadataError::IssuerMismatch { issuer: issuer.into() }) }
}

/// `cloud_instance_name` where it names another host than the authority (`microsoftonline.us`
/// stands for `login.microsoftonline.us`).
fn other_cloud(metadata: &ProviderMetadata, document: &Map<String, Value>) -> Option<String> {
    let Kind::Entra { .. } = metadata.kind else { return None };
    let named = json::text(document, "cloud_instance_name")?;
    let host = metadata.address.host_str()?;
    let same = host == named || host.strip_suffix(named).is_some_and(|rest| rest.ends_with('.'));
    let plain = named.len() <= 253
        && named.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    (!same && plain).then(|| named.to_owned())
}

struct Fields<'a> {
    document: &'a Map<String, Value>,
    named: Named<'a>,
}

impl Fields<'_> {
    fn text(&self, name: &'static str) -> Result<&str, MetadataError> {
        let text = json::text(self.document, name).filter(|text| !text.is_empty());
        text.ok_or(MetadataError::Missing(name))
    }

    fn endpoint(&self, name: &'static str) -> Result<Url, MetadataError> {
        self.named.usable(name, self.text(name)?)
    }

    fn optional_endpoint(&self, name: &'static str) -> Result<Option<Url>, MetadataError> {
        match self.document.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.endpoint(name).map(Some),
        }
    }
}

/// The hosts that the operator named, as a document may use them.
struct Named<'a> {
    extra: &'a [EntraCloud],
    /// Where the document is.
    at: &'a Url,
}

impl Named<'_> {
    /// https anywhere, http only where the operator named the authority; no name or password in it.
    ///
    /// # Security
    ///
    /// What the operator named may be an inner address, and is called without a guard. So a
    /// document names it only when it comes from there itself: nobody else's document has this
    /// server knock at it.
    fn usable(&self, name: &'static str, text: &str) -> Result<Url, MetadataError> {
        let bad = || MetadataError::BadUrl(name);
        let url = Url::parse(text).ok().filter(|url| url.host_str().is_some()).ok_or_else(bad)?;
        let is_at = |at: &Url, url: &Url| at.origin() == url.origin();
        let has = |cloud: &EntraCloud| {
            is_at(&cloud.authority, &url) || cloud.graph.as_ref().is_some_and(|it| is_at(it, &url))
        };
        if self.extra.iter().any(has) {
            let own = |cloud: &EntraCloud| is_at(&cloud.authority, self.at) && has(cloud);
            if !self.extra.iter().chain(&EntraCloud::microsoft()).any(own) {
                return Err(MetadataError::OthersHost(name));
            }
        }
        let named = self.extra.iter().any(|cloud| is_at(&cloud.authority, &url));
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && named);
        let plain = url.username().is_empty() && url.password().is_none();
        if scheme && plain { Ok(url) } else { Err(bad()) }
    }
}
