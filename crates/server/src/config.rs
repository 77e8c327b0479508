//! The configuration: one TOML file, overridden by the environment, read once.

mod environment;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

/// The file, as `cardea init` writes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Public address, such as `https://login.example.com`; no path.
    pub url: Url,
    /// WebAuthn RP ID: the host of `url`, for good. Every card is bound to it.
    pub rp_id: String,
    /// Address to listen on.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Where the database and the master key are.
    pub data: PathBuf,
    /// PostgreSQL connection URL; SQLite in `data` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseUrl>,
    /// Certificate and key, when Cardea itself ends TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Proxies that end TLS before us: only from them is `X-Forwarded-For` believed, and without
    /// `tls` only they, and this machine, may connect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_proxies: Vec<IpAddr>,
    /// What strangers may use up.
    #[serde(default, skip_serializing_if = "Bounds::is_default")]
    pub limits: Bounds,
    /// Further Entra clouds.
    #[serde(default, skip_serializing_if = "Entra::is_empty")]
    pub entra: Entra,
    /// Smart cards with certificates.
    #[serde(default, skip_serializing_if = "X509::is_empty")]
    pub x509: X509,
    /// Applications that sign people in by OpenID Connect.
    #[serde(default, skip_serializing_if = "Oidc::is_empty")]
    pub oidc: Oidc,
}

/// `[oidc]`: empty by default.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// Origins, such as `https://wiki.acme.internal`, of applications that are told of logouts although
    /// their addresses are inside of the network.
    #[serde(default)]
    pub logout_origins: Vec<Url>,
}

impl Oidc {
    fn is_empty(&self) -> bool {
        self.logout_origins.is_empty()
    }
}

/// `[x509]`: empty by default.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct X509 {
    /// Origins, such as `http://pki.example`, of which lists of revoked certificates may be fetched
    /// although their addresses are inside of the network.
    #[serde(default)]
    pub list_origins: Vec<Url>,
}

impl X509 {
    fn is_empty(&self) -> bool {
        self.list_origins.is_empty()
    }
}

/// `[limits]`: what strangers may use up. What is not named keeps its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// Connections at a time.
    pub connections: usize,
    /// Connections of one address at a time, and of one IPv6 site four times as many; trusted
    /// proxies, and this machine where no proxy ends TLS, may have all.
    pub connections_per_address: usize,
    /// Logins a minute that one address may begin, choose a way for, and bring back from a
    /// provider, and one IPv6 site four times as many. Wide enough for a hospital behind one address.
    /// Each other thing that costs a commit may be done as often, and so may each agent's calls.
    pub logins_per_minute: u32,
    /// Wrong codes of agents a minute that are answered as such, to everybody together.
    pub agent_codes_per_minute: u32,
    /// How long the head of a request may take to arrive, and again its body, in seconds.
    pub request_seconds: u32,
    /// How long an event that strangers caused is only counted when it happens again, in seconds.
    /// 0 writes each of them.
    pub log_pause_seconds: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_address: 256,
            logins_per_minute: 600,
            agent_codes_per_minute: 6000,
            request_seconds: 10,
            log_pause_seconds: 60,
        }
    }
}

impl Bounds {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// How long the head of a request may take to arrive, and again its body.
    pub fn request(&self) -> Duration {
        Duration::from_secs(self.request_seconds.into())
    }

    /// How long an event that strangers caused is only counted when it happens again.
    pub(crate) fn log_pause(&self) -> Duration {
        Duration::from_secs(self.log_pause_seconds.into())
    }

    /// The first that is zero and must not be.
    fn zero(&self) -> Option<&'static str> {
        let sizes = [
            ("connections", self.connections == 0),
            ("connections_per_address", self.connections_per_address == 0),
            ("logins_per_minute", self.logins_per_minute == 0),
            ("agent_codes_per_minute", self.agent_codes_per_minute == 0),
            ("request_seconds", self.request_seconds == 0),
        ];
        sizes.into_iter().find(|(_, zero)| *zero).map(|(name, _)| name)
    }
}

/// A database URL. It may hold a password, so it does not print.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(pub String);

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseUrl(..)")
    }
}

/// Files for TLS.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate chain.
    pub certificate: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
}

/// `[entra]`: empty by default.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entra {
    /// `[[entra.cloud]]`: authorities that the console alone could not reach.
    #[serde(default)]
    pub cloud: Vec<Cloud>,
    /// Origins, such as `https://app.example`, to which Entra may send browsers straight from an
    /// answer of external MFA. Chromium follows a form's redirects only to origins that its page
    /// names.
    #[serde(default)]
    pub form_targets: Vec<Url>,
}

impl Entra {
    fn is_empty(&self) -> bool {
        self.cloud.is_empty() && self.form_targets.is_empty()
    }
}

/// One further Entra cloud. Only what is named here may be a loopback or private address.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cloud {
    /// Origin of the sign-in endpoints, such as `https://login.example`.
    pub authority: Url,
    /// Its Graph, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<Url>,
    /// Where it takes the answers of external MFA, if it asks for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_mfa_return: Option<Url>,
}

/// What to do so that a configuration file can be read.
fn to_be_read(kind: std::io::ErrorKind) -> &'static str {
    match kind {
        std::io::ErrorKind::PermissionDenied => {
            "run this as the server's user, such as `runuser -u cardea -- cardea …` as root"
        }
        _ => "make it with `cardea init --url https://…`",
    }
}

/// Why the server does not start. The text says what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}; {}", to_be_read(source.kind()))]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path} is not a Cardea configuration: {why}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// The parser's words.
        why: String,
    },
    /// The public address cannot be one.
    #[error("url must be https://host or http://localhost[:port], without path: {0}")]
    Url(Url),
    /// The RP ID does not fit the address.
    #[error(
        "rp_id {rp_id} is neither the host of {url} nor a parent domain of it, of two labels at \
         least; a card is bound to a name, not to an IP address"
    )]
    RpId {
        /// The RP ID.
        rp_id: String,
        /// The address.
        url: Url,
    },
    /// HTTPS is promised, and nothing ends TLS.
    #[error("url is https, but nothing ends TLS: give [tls], or name the proxy in trusted_proxies")]
    NoTls,
    /// Plain HTTP that leaves the machine.
    #[error("plain http is served on localhost only: listen on 127.0.0.1, not {0}")]
    PlainListen(SocketAddr),
    /// A limit that lets nobody in.
    #[error("limits.{0} must be at least 1")]
    Limit(&'static str),
    /// A cloud cannot ask for external MFA as it is named.
    #[error("[[entra.cloud]] {authority}: {source}")]
    ExternalMfa {
        /// Which cloud.
        authority: Url,
        /// What is wrong.
        source: entra_eam::CloudError,
    },
    /// An override in the environment is not what it should be.
    #[error("environment variable {name} must be {must}")]
    Environment {
        /// Which one.
        name: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// A variable that looks like ours and is not.
    #[error(
        "Cardea reads no environment variable {0}; correct its name, or unset it. docs/reference/configuration.md lists them"
    )]
    UnknownVariable(String),
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

impl Config {
    /// Reads the file and applies the overrides of `environment`.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`].
    pub fn read(path: &Path, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let malformed = |error: toml::de::Error| ConfigError::Malformed {
            path: path.to_owned(),
            // Without the line that the parser would show: a password may stand in it.
            why: error.message().to_owned(),
        };
        let mut file: toml::Table = toml::from_str(&text).map_err(malformed)?;
        environment::override_file(&mut file, environment)?;
        let config: Self = file.try_into().map_err(malformed)?;
        config.check()?;
        Ok(config)
    }

    /// Checks what must fit together.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        let bare =
            self.url.path() == "/" && self.url.query().is_none() && self.url.fragment().is_none();
        let local = self.is_localhost();
        let scheme = matches!((self.url.scheme(), local), ("https", _) | ("http", true));
        if !bare || !scheme || self.url.host_str().is_none() || !self.url.username().is_empty() {
            return Err(ConfigError::Url(self.url.clone()));
        }
        let host = self.url.host_str().unwrap_or_default();
        if !agent_protocol::rp_id_fits_host(&self.rp_id, host) {
            return Err(ConfigError::RpId { rp_id: self.rp_id.clone(), url: self.url.clone() });
        }
        let promised = self.url.scheme() == "https";
        if promised && self.tls.is_none() && self.trusted_proxies.is_empty() {
            return Err(ConfigError::NoTls);
        }
        let plain = !promised && self.tls.is_none();
        if plain && !self.listen.ip().is_loopback() {
            return Err(ConfigError::PlainListen(self.listen));
        }
        self.eam_clouds()?;
        self.limits.zero().map_or(Ok(()), |name| Err(ConfigError::Limit(name)))
    }

    /// The clouds that may ask for external MFA: Microsoft's, and those that are named for it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ExternalMfa`].
    pub(crate) fn eam_clouds(&self) -> Result<Vec<entra_eam::Cloud>, ConfigError> {
        let mut clouds = entra_eam::Cloud::microsoft();
        for cloud in &self.entra.cloud {
            let Some(address) = &cloud.external_mfa_return else { continue };
            let named = entra_eam::Cloud::named(cloud.authority.as_str(), address.as_str());
            clouds.push(named.map_err(|source| {
                let authority = cloud.authority.clone();
                ConfigError::ExternalMfa { authority, source }
            })?);
        }
        Ok(clouds)
    }

    /// Whether the public address is this machine itself, where browsers allow plain HTTP.
    pub fn is_localhost(&self) -> bool {
        self.url.host_str() == Some("localhost")
    }

    /// Whether HTTPS is promised and proxies keep the promise: what listens here is plain HTTP, for
    /// them alone.
    pub fn proxies_end_tls(&self) -> bool {
        self.url.scheme() == "https" && self.tls.is_none()
    }

    /// The master key file.
    pub fn master_key(&self) -> PathBuf {
        self.data.join("master.key")
    }

    /// The SQLite file, when there is no other database.
    pub fn sqlite(&self) -> PathBuf {
        self.data.join("cardea.sqlite")
    }

    /// The public origin, as browsers write it: no slash at the end.
    pub fn origin(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The public address of `path`, which begins with a slash.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Config, ConfigError> {
        let config: Config = toml::from_str(text).unwrap();
        config.check().map(|()| config)
    }

    const LOCAL: &str = "url = 'http://localhost:8080'\nrp_id = 'localhost'\ndata = '/x'\n";

    #[test]
    fn plain_http_is_for_localhost_alone() {
        assert!(config(LOCAL).is_ok());
        let text = LOCAL.replace("http://localhost:8080", "http://login.example");
        assert!(matches!(config(&text), Err(ConfigError::Url(_))));
        let text = format!("{LOCAL}listen = '0.0.0.0:8080'");
        assert!(matches!(config(&text), Err(ConfigError::PlainListen(_))));
    }

    #[test]
    fn https_needs_somebody_who_ends_tls() {
        let text = "url = 'https://a.example'\nrp_id = 'a.example'\ndata = '/x'\n";
        assert!(matches!(config(text), Err(ConfigError::NoTls)));
        assert!(config(&format!("{text}trusted_proxies = ['127.0.0.1']")).is_ok());
    }

    #[test]
    fn a_cloud_that_asks_for_external_mfa_names_an_address_that_can_be_compared() {
        let named = |address: &str| {
            let cloud = "[[entra.cloud]]\nauthority = 'https://login.example'";
            config(&format!("{LOCAL}{cloud}\nexternal_mfa_return = '{address}'"))
        };
        let clouds = named("https://login.example/back").unwrap().eam_clouds().unwrap();
        assert_eq!(clouds.len(), entra_eam::Cloud::microsoft().len() + 1);
        let known = entra_eam::Cloud::returning_to(&clouds, "https://login.example/back");
        assert_eq!(known.unwrap().authority(), "https://login.example");
        for wrong in ["https://login.example/back?x", "ftp://login.example/back"] {
            assert!(matches!(named(wrong), Err(ConfigError::ExternalMfa { .. })), "{wrong}");
        }
    }

    #[test]
    fn the_rp_id_is_the_host_or_a_parent_domain() {
        let text = |rp_id: &str| {
            config(&format!(
                "url='https://login.a.example'\nrp_id='{rp_id}'\ndata='/x'\ntrusted_proxies=['::1']"
            ))
        };
        assert!(text("login.a.example").is_ok() && text("a.example").is_ok());
        for wrong in ["b.example", "n.a.example", "", "ogin.a.example", "example", ".example"] {
            assert!(matches!(text(wrong), Err(ConfigError::RpId { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_limit_that_is_not_named_keeps_its_default_and_none_is_zero() {
        let limits = config(&format!("{LOCAL}limits.connections = 7")).unwrap().limits;
        assert_eq!(limits, Bounds { connections: 7, ..Bounds::default() });
        for name in [
            "connections",
            "connections_per_address",
            "logins_per_minute",
            "agent_codes_per_minute",
            "request_seconds",
        ] {
            let zero = config(&format!("{LOCAL}limits.{name} = 0"));
            assert!(matches!(zero, Err(ConfigError::Limit(limit)) if limit == name), "{name}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_says_what_to_do_for_whatever_reason() {
        let said = |kind: std::io::ErrorKind| {
            let path = PathBuf::from("cardea.toml");
            ConfigError::Unreadable { path, source: kind.into() }.to_string()
        };
        assert!(said(std::io::ErrorKind::NotFound).contains("cardea init"));
        let denied = said(std::io::ErrorKind::PermissionDenied);
        assert!(denied.contains("runuser") && !denied.contains("init"), "{denied}");
    }
}
