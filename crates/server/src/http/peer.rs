//! Who is at the other end, as far as limits need to know.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::app::App;
use crate::config::Config;

/// Where a proxy says for whom it asks.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Bits of an IPv6 address that name a network: who has one address of a /64 has all of them.
const NETWORK: u32 = 64;

/// Bits of an IPv6 address that name a site: so much a provider gives to whoever asks, and with it
/// 65536 networks.
const SITE: u32 = 48;

/// How many times the share of one network all networks of a site have together.
const SITE_SHARE: u8 = 4;

/// Who sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A program on this machine, which could do worse than send requests, where no proxy is needed.
    Local,
    /// An address; of IPv6 the network.
    Address(IpAddr),
}

impl FromRequestParts<App> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let socket = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let socket = socket.map(|ConnectInfo(address)| address.ip());
        let ways = Ways::of(&app.config);
        if let Some(address) = socket
            && !ways.trusts(address)
            && parts.headers.contains_key(FORWARDED_FOR)
        {
            let kind =
                "X-Forwarded-For from an address that is no trusted proxy counts for nothing";
            app.quiet.once(kind, None, || {
                tracing::warn!(%address, "{kind}: if it is yours, name it in trusted_proxies");
            });
        }
        Ok(Self::of(socket, &parts.headers, &ways))
    }
}

impl Peer {
    /// Whoever is behind `socket`: the right-most address in `X-Forwarded-For` that is no trusted
    /// proxy, and the header counts only when it comes from one.
    ///
    /// # Security
    ///
    /// What stands to the left of that address came from the stranger. A trusted proxy that does
    /// not say for whom it asks is counted itself, and an unknown socket like everything unknown.
    fn of(socket: Option<IpAddr>, headers: &HeaderMap, ways: &Ways) -> Self {
        let Some(socket) = socket.map(|address| address.to_canonical()) else {
            return Self::Address(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        };
        if !ways.trusts(socket) {
            return Self::direct(socket, ways);
        }
        let mut nearest = socket;
        for address in forwarded_for(headers) {
            let Some(address) = address else { break };
            nearest = address;
            if !ways.trusts(address) {
                break;
            }
        }
        Self::Address(network(nearest))
    }

    /// The address, or of IPv6 the network; none of a program on this machine.
    pub(crate) fn address(self) -> Option<IpAddr> {
        match self {
            Self::Local => None,
            Self::Address(address) => Some(address),
        }
    }

    /// Whether the two are in different networks of the internet. What cannot be compared is not:
    /// IPv4 with IPv6, and addresses within a house, which say nothing about the other side.
    pub(crate) fn is_elsewhere(self, other: Self) -> bool {
        match (self, other) {
            (Self::Address(here), Self::Address(there)) => {
                here.is_ipv4() == there.is_ipv4()
                    && is_public(here)
                    && is_public(there)
                    && here != there
            }
            _ => false,
        }
    }

    /// Whoever is connected without a trusted proxy.
    ///
    /// # Security
    ///
    /// Where a proxy ends TLS, what comes from this machine and is not listed may be that proxy, with
    /// everybody behind it: it is counted like any address.
    pub(crate) fn direct(socket: IpAddr, ways: &Ways) -> Self {
        let socket = socket.to_canonical();
        if socket.is_loopback() && !ways.proxies_end_tls {
            Self::Local
        } else {
            Self::Address(network(socket))
        }
    }
}

/// How people may come to this server.
#[derive(Clone, Debug)]
pub(crate) struct Ways {
    trusted: Vec<IpAddr>,
    proxies_end_tls: bool,
}

impl Ways {
    pub(crate) fn of(config: &Config) -> Self {
        let trusted = config.trusted_proxies.iter().map(IpAddr::to_canonical).collect();
        Self { trusted, proxies_end_tls: config.proxies_end_tls() }
    }

    /// Whether this is the address of a proxy that says for whom it asks.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.contains(&address.to_canonical())
    }

    /// Whether nobody but a proxy has TLS here.
    pub(crate) fn proxies_end_tls(&self) -> bool {
        self.proxies_end_tls
    }
}

/// Whether an address is one of the internet, and not of a house or of a provider's own network.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let shared = first == 100 && (64..128).contains(&second); // RFC 6598
            let ours = v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared;
            !ours && !v4.is_unspecified()
        }
        IpAddr::V6(v6) => v6.octets().first().is_some_and(|first| first & 0xe0 == 0x20), // 2000::/3
    }
}

/// Those who are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Crowd {
    /// All behind the address of a [`Peer`].
    Address(IpAddr),
    /// All at a site, by the address where it begins.
    Site(IpAddr),
}

impl Crowd {
    /// The crowds to which an address of a [`Peer`] belongs, the smallest first.
    pub(crate) fn of(address: IpAddr) -> impl Iterator<Item = Self> {
        let site = address.is_ipv6().then(|| Self::Site(prefix(address, SITE)));
        std::iter::once(Self::Address(address)).chain(site)
    }

    /// How many times the share of one address it has.
    pub(crate) fn shares(self) -> u8 {
        match self {
            Self::Address(_) => 1,
            Self::Site(_) => SITE_SHARE,
        }
    }
}

/// The addresses in `X-Forwarded-For`, the nearest first; `None` is what is no address.
fn forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
    let lines = lines.into_iter().rev().map(|line| line.to_str().unwrap_or_default());
    lines.flat_map(|line| line.rsplit(',').map(|entry| parse(entry.trim())))
}

/// An address, as proxies write it: some add a port.
fn parse(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().ok();
    let address = address.or_else(|| entry.parse().ok().map(|socket: SocketAddr| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

fn network(address: IpAddr) -> IpAddr {
    prefix(address, NETWORK)
}

/// The first bits of an IPv6 address; an IPv4 address is whole.
fn prefix(address: IpAddr, bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(u128::BITS.saturating_sub(bits)).unwrap_or_default();
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;
    use crate::test_app::{Told, test_app};

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn ways(trusted: &[&str], proxies_end_tls: bool) -> Ways {
        Ways { trusted: trusted.iter().map(|text| ip(text)).collect(), proxies_end_tls }
    }

    fn headers(forwarded: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        headers
    }

    fn peer(socket: &str, forwarded: &[&str], trusted: &[&str]) -> Peer {
        Peer::of(Some(ip(socket)), &headers(forwarded), &ways(trusted, false))
    }

    fn address(text: &str) -> Peer {
        Peer::Address(ip(text))
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        assert_eq!(peer("192.0.2.1", &["198.51.100.7"], &[]), address("192.0.2.1"));
        assert_eq!(peer("192.0.2.1", &["198.51.100.7"], &["192.0.2.2"]), address("192.0.2.1"));
        assert_eq!(peer("192.0.2.1", &["198.51.100.7"], &["192.0.2.1"]), address("198.51.100.7"));
        assert_eq!(peer("127.0.0.1", &["198.51.100.7"], &[]), Peer::Local);
        assert_eq!(
            peer("::ffff:192.0.2.1", &["198.51.100.7"], &["192.0.2.1"]),
            address("198.51.100.7")
        );
    }

    #[test]
    fn what_the_stranger_wrote_on_the_left_does_not_count() {
        let trusted = &["127.0.0.1", "192.0.2.1"];
        for lines in [
            &["10.0.0.1, 198.51.100.7"][..],
            &["10.0.0.1", "198.51.100.7"],
            &["nonsense,198.51.100.7:4711, 192.0.2.1"],
            &["127.0.0.1", "198.51.100.7, 192.0.2.1:80,192.0.2.1"],
        ] {
            assert_eq!(peer("127.0.0.1", lines, trusted), address("198.51.100.7"), "{lines:?}");
        }
    }

    #[test]
    fn a_proxy_that_names_nobody_is_counted_itself() {
        for lines in [&[][..], &[""], &["unknown"], &["198.51.100.7, _hidden"]] {
            assert_eq!(peer("127.0.0.1", lines, &["127.0.0.1"]), address("127.0.0.1"), "{lines:?}");
        }
        let unknown = Peer::of(None, &HeaderMap::new(), &ways(&[], false));
        assert_eq!(unknown, address("::"));
    }

    /// A proxy on this machine that is not listed, or under another address: nothing may switch the
    /// limits off.
    #[test]
    fn where_a_proxy_ends_tls_this_machine_is_counted_too() {
        let proxied = ways(&["192.0.2.1"], true);
        let forwarded = headers(&["198.51.100.7"]);
        for (socket, counted) in
            [("127.0.0.1", "127.0.0.1"), ("::ffff:127.0.0.1", "127.0.0.1"), ("::1", "::")]
        {
            let peer = Peer::of(Some(ip(socket)), &forwarded, &proxied);
            assert_eq!(peer, address(counted), "{socket}");
        }
        let listed = Peer::of(Some(ip("192.0.2.1")), &forwarded, &proxied);
        assert_eq!(listed, address("198.51.100.7"));
    }

    #[tokio::test]
    async fn a_strangers_word_for_whom_they_ask_is_told_the_operator_once() {
        let (app, _data) = test_app().await;
        let told = Told::default();
        let _heard = told.listen();
        for number in 0..3 {
            let socket = SocketAddr::new(ip("192.0.2.1"), number);
            let request = Request::builder().header(FORWARDED_FOR, "198.51.100.7");
            let request = request.extension(ConnectInfo(socket)).body(()).unwrap();
            let peer = Peer::from_request_parts(&mut request.into_parts().0, &app).await;
            assert_eq!(peer.unwrap(), address("192.0.2.1"));
        }
        let told = told.text();
        assert_eq!(told.matches("X-Forwarded-For").count(), 1, "{told}");
        assert!(told.contains("192.0.2.1") && told.contains("trusted_proxies"), "{told}");
    }

    #[test]
    fn all_addresses_of_one_ipv6_network_are_one_peer() {
        let one = peer("2001:db8:1:2:3:4:5:6", &[], &[]);
        assert_eq!(one, address("2001:db8:1:2::"));
        assert_eq!(peer("::1", &["[2001:db8:1:2::9]:443"], &["::1"]), one);
        assert_ne!(peer("2001:db8:1:3::1", &[], &[]), one);
        assert_eq!(peer("::1", &[], &[]), Peer::Local);
    }

    #[test]
    fn networks_of_one_ipv6_site_are_one_crowd_with_four_shares() {
        let crowds = |text: &str| Crowd::of(ip(text)).collect::<Vec<_>>();
        let site = Crowd::Site(ip("2001:db8:1::"));
        for network in ["2001:db8:1::", "2001:db8:1:ff::"] {
            assert_eq!(crowds(network), [Crowd::Address(ip(network)), site]);
        }
        assert!(!crowds("2001:db8:2::").contains(&site));
        assert_eq!(crowds("192.0.2.1"), [Crowd::Address(ip("192.0.2.1"))]);
        assert_eq!(site.shares(), 4);
    }

    #[test]
    fn two_peers_are_elsewhere_when_both_addresses_are_public_and_can_be_compared() {
        let peer = |text: &str| peer(text, &[], &[]);
        for (page, agent, elsewhere) in [
            ("203.0.113.7", "198.51.100.4", true),
            ("203.0.113.7", "203.0.113.7", false),
            ("::ffff:203.0.113.7", "198.51.100.4", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", true),
            ("2001:db8:1:2::1", "2001:db8:1:2::9", false),
            ("203.0.113.7", "2001:db8:1:2::1", false),
            ("203.0.113.7", "10.0.0.3", false),
            ("192.168.0.2", "192.168.0.3", false),
            ("203.0.113.7", "100.64.0.3", false),
            ("203.0.113.7", "127.0.0.1", false),
            ("fd00::1", "2001:db8:1:2::1", false),
            ("0.0.0.0", "203.0.113.7", false),
        ] {
            assert_eq!(peer(page).is_elsewhere(peer(agent)), elsewhere, "{page} {agent}");
            assert_eq!(peer(agent).is_elsewhere(peer(page)), elsewhere, "{agent} {page}");
        }
    }
}
