//! Which server: its origin, as a person typed it or `agent.toml` has it. Nothing that a page or a
//! message says ever names a server.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The origin of a server. `https`, or `http` to this computer alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerAddress {
    origin: String,
    host: String,
}

/// What was typed is no server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Not `https://host`, or more than that.
    #[error("give the server's name alone, like https://login.example.com")]
    Form,
    /// `http` to another computer.
    #[error("a server on another computer needs https")]
    Plain,
}

impl ServerAddress {
    /// The origin: scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host alone, as RP IDs are compared with it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The address of a path, for a call.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The address of a path, for a WebSocket: `http` becomes `ws`, `https` becomes `wss`.
    pub(crate) fn channel_url(&self, path: &str) -> String {
        let rest = self.origin.strip_prefix("http").unwrap_or(&self.origin);
        format!("ws{rest}{path}")
    }
}

impl FromStr for ServerAddress {
    type Err = AddressError;

    fn from_str(typed: &str) -> Result<Self, AddressError> {
        let typed = typed.trim();
        let with_scheme =
            if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
        let url = Url::parse(&with_scheme).map_err(|_| AddressError::Form)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Form);
        }
        let host = url.host_str().ok_or(AddressError::Form)?.to_owned();
        match url.scheme() {
            "https" => {}
            "http" if is_this_computer(&url) => {}
            "http" => return Err(AddressError::Plain),
            _ => return Err(AddressError::Form),
        }
        Ok(Self { origin: url.origin().ascii_serialization(), host })
    }
}

/// Loopback by address, or by the one name that means it (RFC 6761 §6.3).
fn is_this_computer(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl TryFrom<String> for ServerAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<ServerAddress> for String {
    fn from(address: ServerAddress) -> Self {
        address.origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(typed: &str) -> Result<String, AddressError> {
        typed.parse::<ServerAddress>().map(|server| server.origin().to_owned())
    }

    #[test]
    fn a_server_is_named_as_people_name_it() {
        for (typed, expected) in [
            ("login.example.com", "https://login.example.com"),
            (" https://Login.Example.com/ ", "https://login.example.com"),
            ("https://login.example.com:443", "https://login.example.com"),
            ("https://login.example.com:8443", "https://login.example.com:8443"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(origin(typed).as_deref(), Ok(expected), "{typed}");
        }
    }

    #[test]
    fn http_goes_to_this_computer_alone() {
        for typed in
            ["http://login.example.com", "http://10.0.0.1", "http://localhost.evil.example"]
        {
            assert_eq!(origin(typed), Err(AddressError::Plain), "{typed}");
        }
    }

    #[test]
    fn refuses_whatever_is_more_than_a_server() {
        for typed in [
            "",
            "https://",
            "https://login.example.com/realms/acme",
            "https://login.example.com/?next=https://evil.example",
            "https://login.example.com@evil.example",
            "ftp://login.example.com",
            "file:///etc/passwd",
            "login example com",
        ] {
            assert_eq!(origin(typed), Err(AddressError::Form), "{typed}");
        }
    }

    #[test]
    fn the_channel_goes_to_the_same_place() {
        let server: ServerAddress = "https://login.example.com".parse().unwrap();
        assert_eq!(server.channel_url("/a"), "wss://login.example.com/a");
        let server: ServerAddress = "http://localhost:80".parse().unwrap();
        assert_eq!(server.channel_url("/a"), "ws://localhost/a");
    }
}
