//! Addresses of clients: compared to the character (RFC 9700 §4.1.3), but for the port of a loopback
//! address in a native client (RFC 8252 §7.3).

use url::Url;

use crate::client::{ClientKind, ClientSettings};

/// How the loopback addresses begin. Deviation: `localhost` counts, too (RFC 8252 §8.3 has it as NOT
/// RECOMMENDED); many clients know no other.
const LOOPBACK: [&str; 3] = ["http://127.0.0.1", "http://[::1]", "http://localhost"];

/// Whether answers may go to `uri`.
pub(crate) fn is_registered(uri: &str, settings: &ClientSettings) -> bool {
    let native = settings.kind == ClientKind::Native;
    let same = |known: &String| known == uri || (native && is_same_but_for_its_port(known, uri));
    is_plain(uri) && settings.redirect_uris.iter().any(same)
}

/// Whether it is a URI with nothing in it that two readers could take for two addresses: no fragment
/// (RFC 6749 §3.1.2), no user, nothing that must be escaped (RFC 3986 §2).
pub(crate) fn is_plain(uri: &str) -> bool {
    let legal =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte);
    let url = Url::parse(uri).ok().filter(|_| uri.bytes().all(legal));
    url.is_some_and(|url| url.username().is_empty() && url.password().is_none())
        && !authority(uri).contains('@')
}

/// Whether it is `http` to this computer, as [`LOOPBACK`] writes it.
pub(crate) fn is_loopback(uri: &str) -> bool {
    loopback(uri).is_some()
}

fn is_same_but_for_its_port(known: &str, uri: &str) -> bool {
    loopback(known).is_some_and(|known| loopback(uri) == Some(known))
}

/// The beginning, and what comes after the port.
fn loopback(uri: &str) -> Option<(&'static str, &str)> {
    let (host, after) =
        LOOPBACK.into_iter().find_map(|host| Some((host, uri.strip_prefix(host)?)))?;
    let rest = match after.strip_prefix(':') {
        None => after,
        Some(after) => {
            let rest = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
            let port = after.strip_suffix(rest)?;
            port.parse::<u16>().ok().filter(|port| *port != 0)?;
            rest
        }
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

/// What stands between `//` and the path.
fn authority(uri: &str) -> &str {
    let after = uri.split_once("//").map(|(_, after)| after).unwrap_or_default();
    after.split(['/', '?']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
