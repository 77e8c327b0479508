//! The environment overrides the file, key by key: `CARDEA_LIMITS_CONNECTIONS` is `connections` of
//! `[limits]`.
//!
//! `[entra]`, `[[entra.cloud]]` and `[x509]` are for the file alone: what they name may be an inner address
//! that the server then calls, or where an answer may lead, and that is for whoever owns the file to say.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use toml::{Table, Value};
use url::Url;

use super::ConfigError;

/// A key of the file that a variable overrides.
struct Key {
    variable: &'static str,
    /// The names of its tables, and its own.
    path: &'static [&'static str],
    /// What the variable must be.
    must: &'static str,
    read: fn(&str) -> Option<Value>,
}

const fn key(
    variable: &'static str,
    path: &'static [&'static str],
    (must, read): (&'static str, fn(&str) -> Option<Value>),
) -> Key {
    Key { variable, path, must, read }
}

type Kind = (&'static str, fn(&str) -> Option<Value>);

const ADDRESS: Kind = ("an address, such as https://login.example.com", |value| {
    value.parse::<Url>().ok().map(|_| value.into())
});
const SOCKET: Kind = ("an IP address and a port, such as 127.0.0.1:8080", |value| {
    value.parse::<SocketAddr>().ok().map(|_| value.into())
});
const HOST: Kind = ("a host name, such as login.example.com", some_text);
const PATH: Kind = ("a path", some_text);
const DATABASE: Kind =
    ("a PostgreSQL URL, such as postgres://cardea@db.example.com/cardea", some_text);
const PROXIES: Kind = ("IP addresses with commas between them, such as 10.0.0.1,10.0.0.2", proxies);
const NUMBER: Kind =
    ("a whole number", |value| value.parse::<u32>().ok().map(|number| i64::from(number).into()));

const KEYS: [Key; 14] = [
    key("CARDEA_URL", &["url"], ADDRESS),
    key("CARDEA_RP_ID", &["rp_id"], HOST),
    key("CARDEA_LISTEN", &["listen"], SOCKET),
    key("CARDEA_DATA", &["data"], PATH),
    key("CARDEA_DATABASE", &["database"], DATABASE),
    key("CARDEA_TLS_CERTIFICATE", &["tls", "certificate"], PATH),
    key("CARDEA_TLS_KEY", &["tls", "key"], PATH),
    key("CARDEA_TRUSTED_PROXIES", &["trusted_proxies"], PROXIES),
    key("CARDEA_LIMITS_CONNECTIONS", &["limits", "connections"], NUMBER),
    key("CARDEA_LIMITS_CONNECTIONS_PER_ADDRESS", &["limits", "connections_per_address"], NUMBER),
    key("CARDEA_LIMITS_LOGINS_PER_MINUTE", &["limits", "logins_per_minute"], NUMBER),
    key("CARDEA_LIMITS_AGENT_CODES_PER_MINUTE", &["limits", "agent_codes_per_minute"], NUMBER),
    key("CARDEA_LIMITS_REQUEST_SECONDS", &["limits", "request_seconds"], NUMBER),
    key("CARDEA_LIMITS_LOG_PAUSE_SECONDS", &["limits", "log_pause_seconds"], NUMBER),
];

fn some_text(value: &str) -> Option<Value> {
    (!value.is_empty()).then(|| value.into())
}

/// An empty list is one, too: nobody is trusted.
fn proxies(value: &str) -> Option<Value> {
    let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
    let checked = parts.map(|part| part.parse::<IpAddr>().ok().map(|_| Value::from(part)));
    checked.collect::<Option<Vec<Value>>>().map(Value::Array)
}

/// Puts what `environment` says over what the file says.
///
/// # Errors
///
/// A variable that is not what its key must be, or that begins with `CARDEA_` and is nobody's: a
/// misspelt name must not pass for a setting.
pub(super) fn override_file(
    file: &mut Table,
    environment: &BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    for (name, value) in environment {
        if !name.starts_with("CARDEA_") || is_of_others(name) {
            continue;
        }
        let key = KEYS.iter().find(|key| key.variable == name);
        let key = key.ok_or_else(|| ConfigError::UnknownVariable(name.clone()))?;
        let wrong = ConfigError::Environment { name: key.variable, must: key.must };
        put(file, key.path, (key.read)(value).ok_or(wrong)?);
    }
    Ok(())
}

/// The log's filter is read before there is a configuration, credentials for Graph by `cardea entra`
/// alone; the others are of the tests.
fn is_of_others(name: &str) -> bool {
    matches!(name, "CARDEA_LOG" | "CARDEA_GRAPH_CLIENT_ID" | "CARDEA_GRAPH_CLIENT_SECRET")
        || name.starts_with("CARDEA_TEST_")
}

fn put(file: &mut Table, path: &[&str], value: Value) {
    let mut table = file;
    let Some((last, above)) = path.split_last() else { return };
    for name in above {
        let inner = table.entry(*name).or_insert_with(|| Value::Table(Table::new()));
        // What is no table in the file is refused when the file is read.
        let Value::Table(inner) = inner else { return };
        table = inner;
    }
    table.insert((*last).to_owned(), value);
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{Bounds, Config};

    const FILE: &str = "url = 'http://localhost:8080'\nrp_id = 'localhost'\ndata = '/x'\n\
                        [limits]\nconnections = 5\nrequest_seconds = 7\n";

    fn read(environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cardea.toml");
        fs::write(&path, FILE).unwrap();
        let pairs = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Config::read(&path, &pairs.collect())
    }

    #[test]
    fn every_key_but_those_of_the_file_alone_is_overridden() {
        let config = read(&[
            ("CARDEA_URL", "https://login.a.example"),
            ("CARDEA_RP_ID", "a.example"),
            ("CARDEA_LISTEN", "0.0.0.0:9"),
            ("CARDEA_DATA", "/y"),
            ("CARDEA_DATABASE", "postgres://db/cardea"),
            ("CARDEA_TLS_CERTIFICATE", "/chain.pem"),
            ("CARDEA_TLS_KEY", "/key.pem"),
            ("CARDEA_TRUSTED_PROXIES", "10.0.0.1, ::1"),
            ("CARDEA_LIMITS_CONNECTIONS", "11"),
            ("CARDEA_LIMITS_CONNECTIONS_PER_ADDRESS", "12"),
            ("CARDEA_LIMITS_LOGINS_PER_MINUTE", "13"),
            ("CARDEA_LIMITS_AGENT_CODES_PER_MINUTE", "14"),
            ("CARDEA_LIMITS_REQUEST_SECONDS", "15"),
            ("CARDEA_LIMITS_LOG_PAUSE_SECONDS", "0"),
            ("CARDEA_LOG", "debug"),
            ("CARDEA_TEST_DATABASE", "postgres"),
        ])
        .unwrap();
        let tls = config.tls.unwrap();
        assert_eq!(config.url.as_str(), "https://login.a.example/");
        assert_eq!((config.rp_id.as_str(), config.listen.port()), ("a.example", 9));
        assert_eq!((config.data, tls.key), ("/y".into(), "/key.pem".into()));
        assert_eq!(tls.certificate, std::path::Path::new("/chain.pem"));
        assert_eq!(config.database.unwrap().0, "postgres://db/cardea");
        let proxies: [IpAddr; 2] = ["10.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
        assert_eq!(config.trusted_proxies, proxies);
        let limits = Bounds {
            connections: 11,
            connections_per_address: 12,
            logins_per_minute: 13,
            agent_codes_per_minute: 14,
            request_seconds: 15,
            log_pause_seconds: 0,
        };
        assert_eq!(config.limits, limits);
    }

    #[test]
    fn what_is_not_overridden_stays_as_in_the_file() {
        let config = read(&[("CARDEA_LIMITS_REQUEST_SECONDS", "9")]).unwrap();
        assert_eq!((config.limits.connections, config.limits.request_seconds), (5, 9));
        assert!(config.tls.is_none() && config.database.is_none());
    }

    #[test]
    fn a_wrong_value_says_what_the_variable_must_be() {
        for (name, value, must) in [
            ("CARDEA_URL", "nonsense", "an address, such as"),
            ("CARDEA_RP_ID", "", "a host name"),
            ("CARDEA_LISTEN", "8080", "an IP address and a port"),
            ("CARDEA_TRUSTED_PROXIES", "10.0.0.1 10.0.0.2", "IP addresses with commas"),
            ("CARDEA_LIMITS_CONNECTIONS", "-1", "a whole number"),
            ("CARDEA_LIMITS_CONNECTIONS", "many", "a whole number"),
        ] {
            let said = read(&[(name, value)]).unwrap_err().to_string();
            assert!(said.starts_with(&format!("environment variable {name} must be ")), "{said}");
            assert!(said.contains(must), "{said}");
        }
    }

    #[test]
    fn a_variable_that_is_nobodys_is_named() {
        for name in ["CARDEA_LISTN", "CARDEA_ENTRA_CLOUD", "CARDEA_"] {
            let said = read(&[(name, "1")]).unwrap_err().to_string();
            assert!(said.contains(&format!("no environment variable {name};")), "{said}");
        }
    }

    #[test]
    fn what_is_overridden_is_checked_like_the_file() {
        let refused = read(&[("CARDEA_LIMITS_CONNECTIONS", "0")]);
        assert!(matches!(refused, Err(ConfigError::Limit("connections"))));
        let refused = read(&[("CARDEA_RP_ID", "com")]);
        assert!(matches!(refused, Err(ConfigError::RpId { .. })));
    }
}
