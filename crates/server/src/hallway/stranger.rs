//! Logins that nobody has vouched for: sealed into the browser's cookie, so that they cost no row.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::AppendHeaders;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::Tenant;
use ids::LoginId;
use login::{Door, LOGIN_LIFE, LoginRequest, Started, Stranger, StrangerAt};
use secrets::KeyRing;

use crate::entropy;
use crate::http::cookies::{self, STRANGER_SLOTS};
use crate::http::problem::Problem;
use crate::paths;

/// The cookies of all logins of a browser are no longer than this together, in bytes: they go along with
/// each request, and servers in front of us take no more than 8 KiB of headers.
const MOST_IN_ALL: usize = 6 * 1024;

/// Name and value of a cookie are no longer than this together, in bytes: browsers leave out a longer one
/// without a word (RFC 6265bis §5.7).
const LONGEST_COOKIE: usize = 4096;

/// A login is no longer than this at its beginning, in bytes before it is sealed: so it fits into its
/// cookie with whatever comes to it.
const LONGEST_AT_FIRST: usize = 2200;

/// What a cookie adds to its value, in bytes: its name, and what parts it from the next.
const NAMED: usize = "__Host-login-0=; ".len();

/// The headers that keep a login, and forget others.
pub(crate) type Keep = AppendHeaders<Vec<(HeaderName, HeaderValue)>>;

/// A stranger's login and the cookie it came in.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) number: u8,
    pub(crate) stranger: Stranger,
}

/// Begins a login, in a free cookie or in place of the oldest of this browser.
pub(crate) fn begin(
    headers: &HeaderMap,
    ring: &KeyRing,
    tenant: &Tenant,
    request: LoginRequest,
) -> Slot {
    let started = started(tenant, request);
    let used = (0..STRANGER_SLOTS).map(|number| {
        let began = open(headers, ring, number).map(|slot| slot.stranger.started.started_at);
        (began, number)
    });
    // A free cookie sorts first: `None` is less than any moment.
    let number = used.min().map_or(0, |(_, number)| number);
    Slot { number, stranger: Stranger { started, at: StrangerAt::LoginPage } }
}

/// Whether a login fits into its cookie, whatever comes to it on its way.
pub(crate) fn has_room(tenant: &Tenant, request: LoginRequest) -> bool {
    let stranger = Stranger { started: started(tenant, request), at: StrangerAt::LoginPage };
    packed(&stranger).is_ok_and(|plain| plain.len() <= LONGEST_AT_FIRST)
}

/// A login that starts now.
pub(crate) fn started(tenant: &Tenant, request: LoginRequest) -> Started {
    let now = entropy::now();
    Started {
        id: LoginId(entropy::id()),
        tenant: tenant.id,
        request,
        started_at: now,
        expires_at: now.plus(LOGIN_LIFE),
    }
}

/// Opens the login in cookie `number`, if it is there, ours and alive.
pub(crate) fn open(headers: &HeaderMap, ring: &KeyRing, number: u8) -> Option<Slot> {
    let text = cookies::stranger(headers, number)?;
    let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
    let plain = ring.open(&place(number), &sealed).ok()?;
    let stranger = unpacked(plain.expose())?;
    (entropy::now() < stranger.started.expires_at).then_some(Slot { number, stranger })
}

/// The login of this tenant that a link or form names, or a new one for the account page, which
/// is where a bookmark leads.
pub(crate) fn named_or_new(
    headers: &HeaderMap,
    ring: &KeyRing,
    tenant: &Tenant,
    number: Option<u8>,
) -> Slot {
    let named = number.and_then(|number| open(headers, ring, number));
    let here = named.filter(|slot| slot.stranger.started.tenant == tenant.id);
    here.unwrap_or_else(|| {
        let return_to = paths::account(&tenant.slug);
        begin(headers, ring, tenant, LoginRequest::new(Door::Account, return_to))
    })
}

/// All logins of this browser that nobody has vouched for.
pub(crate) fn all(headers: &HeaderMap, ring: &KeyRing) -> Vec<Slot> {
    (0..STRANGER_SLOTS).filter_map(|number| open(headers, ring, number)).collect()
}

impl Slot {
    /// The headers that keep this login in the browser. The oldest of its others are forgotten, as far
    /// as all of them are too much.
    ///
    /// # Errors
    ///
    /// [`Problem::TooLarge`] for a login that no browser would keep; [`Problem::Internal`] when it cannot
    /// be sealed.
    pub(crate) fn keep(&self, headers: &HeaderMap, ring: &KeyRing) -> Result<Keep, Problem> {
        let plain = packed(&self.stranger)?;
        let sealed = ring.seal(&place(self.number), entropy::bytes(), &plain);
        let sealed = URL_SAFE_NO_PAD.encode(sealed.map_err(Problem::internal)?);
        let own = sealed.len().saturating_add(NAMED);
        if own > LONGEST_COOKIE {
            return Err(Problem::TooLarge);
        }
        let set = cookies::set_stranger(self.number, &sealed, LOGIN_LIFE);
        let gone = self.without_room(headers, ring, own).into_iter().map(cookies::clear_stranger);
        let all = std::iter::once(set).chain(gone).map(|cookie| (SET_COOKIE, cookie));
        Ok(AppendHeaders(all.collect()))
    }

    /// The oldest of this browser's other logins, without which the rest has room beside one of `own`
    /// bytes.
    fn without_room(&self, headers: &HeaderMap, ring: &KeyRing, own: usize) -> Vec<u8> {
        let others = (0..STRANGER_SLOTS).filter(|number| *number != self.number);
        let mut others: Vec<_> = others
            .filter_map(|number| {
                let length = cookies::stranger(headers, number)?.len().saturating_add(NAMED);
                let began =
                    open(headers, ring, number).map(|slot| slot.stranger.started.started_at);
                Some((began, number, length))
            })
            .collect();
        // What does not open is of no use, and sorts first.
        others.sort_unstable();
        let mut room = MOST_IN_ALL.saturating_sub(own);
        let mut gone = Vec::new();
        for (_, number, length) in others.into_iter().rev() {
            match room.checked_sub(length).filter(|_| gone.is_empty()) {
                Some(left) => room = left,
                None => gone.push(number),
            }
        }
        gone
    }

    /// The header that forgets it.
    pub(crate) fn forget(&self) -> HeaderValue {
        cookies::clear_stranger(self.number)
    }
}

/// The login as bytes. What stands sealed at the end of its way back, in base64url, is half as long
/// again if it is encoded once more with all the rest; so it follows the JSON as the bytes that it is.
fn packed(stranger: &Stranger) -> Result<Vec<u8>, Problem> {
    let way = &stranger.started.request.return_to;
    let (before, sealed) = way
        .rsplit_once(SEALED)
        .map_or((way.as_str(), None), |(path, text)| (path, URL_SAFE_NO_PAD.decode(text).ok()));
    let Some(sealed) = sealed else {
        return serde_json::to_vec(stranger).map_err(Problem::internal);
    };
    let mut bare = stranger.clone();
    before.clone_into(&mut bare.started.request.return_to);
    let mut packed = serde_json::to_vec(&bare).map_err(Problem::internal)?;
    packed.push(END);
    packed.extend(sealed);
    Ok(packed)
}

/// Reads what [`packed`] wrote.
fn unpacked(packed: &[u8]) -> Option<Stranger> {
    let end = packed.iter().position(|byte| *byte == END);
    let (json, rest) = packed.split_at_checked(end.unwrap_or(packed.len()))?;
    let mut stranger: Stranger = serde_json::from_slice(json).ok()?;
    if let Some((_, sealed)) = rest.split_first() {
        let way = &mut stranger.started.request.return_to;
        way.push_str(SEALED);
        way.push_str(&URL_SAFE_NO_PAD.encode(sealed));
    }
    Some(stranger)
}

/// Before what stands sealed at the end of a way back.
pub(crate) const SEALED: &str = "request=";

/// Behind the JSON of a login: no JSON has it.
const END: u8 = 0;

/// Where a sealed login stands: a value copied into another cookie does not open.
fn place(number: u8) -> String {
    format!("login-cookie|{number}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::http::header::COOKIE;
    use identity::{Moment, TenantPolicy};
    use ids::{Alias, Slug, TenantId};

    use super::*;
    use crate::hallway::ceremony::{self, Asked};
    use crate::test_app::test_app;

    fn tenant() -> Tenant {
        Tenant {
            id: TenantId(entropy::id()),
            slug: Slug::try_from("acme".to_owned()).unwrap(),
            display_name: "Acme".into(),
            policy: TenantPolicy::default(),
            created_at: Moment(0),
        }
    }

    fn ring() -> KeyRing {
        KeyRing::of([1; 32])
    }

    /// A browser: its cookies.
    #[derive(Default)]
    struct Browser(BTreeMap<String, String>);

    impl Browser {
        fn headers(&self) -> HeaderMap {
            let pairs = self.0.iter().map(|(name, value)| format!("{name}={value}"));
            let pairs: Vec<String> = pairs.collect();
            HeaderMap::from_iter([(COOKIE, pairs.join("; ").parse().unwrap())])
        }

        /// Keeps what the headers say; how long the answer's own cookie is.
        fn keeps(&mut self, slot: &Slot) -> usize {
            let AppendHeaders(set) = slot.keep(&self.headers(), &ring()).unwrap();
            let pairs = set.iter().map(|(_, value)| value.to_str().unwrap().split(';').next());
            for (name, value) in pairs.map(|pair| pair.unwrap().split_once('=').unwrap()) {
                match value {
                    "" => self.0.remove(name),
                    value => self.0.insert(name.to_owned(), value.to_owned()),
                };
            }
            let (name, value) = set[0].1.to_str().unwrap().split_once('=').unwrap();
            name.len().saturating_add(value.split(';').next().unwrap().len())
        }

        fn begins(&self, return_to: &str) -> Slot {
            let request = LoginRequest::new(Door::Account, return_to);
            begin(&self.headers(), &ring(), &tenant(), request)
        }

        fn names(&self) -> Vec<&str> {
            self.0.keys().map(String::as_str).collect()
        }
    }

    fn begun() -> Slot {
        Browser::default().begins("/realms/acme/account/")
    }

    fn at_upstream() -> StrangerAt {
        StrangerAt::Upstream {
            provider: Alias::try_from("x".repeat(63)).unwrap(),
            registration: entropy::token().reveal(),
            state: entropy::token(),
            nonce: entropy::token(),
            verifier: entropy::token(),
            prompt_login: true,
            sent_at: entropy::now(),
            left_at: Some(entropy::now()),
        }
    }

    #[test]
    fn a_login_at_the_upstream_fits_into_a_kibibyte() {
        let mut browser = Browser::default();
        let length = browser.keeps(&Slot {
            stranger: Stranger { at: at_upstream(), ..begun().stranger },
            number: 0,
        });
        assert!(length < 1024, "{length} bytes");
        assert_eq!(all(&browser.headers(), &ring()).len(), 1);
    }

    #[tokio::test]
    async fn the_longest_login_that_fits_is_kept_by_browsers_on_all_of_its_way() {
        let (app, _data) = test_app().await;
        let continues = "/realms/acme/protocol/openid-connect/auth/continue?round=1&";
        let request = |length| LoginRequest {
            door: Door::Account,
            return_to: format!("{continues}{SEALED}{}", URL_SAFE_NO_PAD.encode(vec![7; length])),
            application: Some("Ä".repeat(60)),
            login_hint: None,
        };
        let fits = |length: &usize| has_room(&tenant(), request(*length));
        let length = (0..4000).take_while(fits).last().unwrap();
        assert!(length > 1700, "room for requests: {length}");
        let slot = begin(&HeaderMap::new(), &ring(), &tenant(), request(length));
        let begun = app.passkeys.start_discoverable().unwrap();
        let begun = begun.hinting(&[passkeys::Hint::SecurityKey]);
        let (purpose, channel) = (login::Purpose::Authenticate, login::Channel::Browser);
        let challenge = ceremony::challenge(begun, purpose, channel, Asked::default()).unwrap();
        let challenge = ceremony::without_options(&challenge).unwrap();
        let at_card = StrangerAt::CardFirst { challenge };
        for at in [StrangerAt::LoginPage, at_upstream(), at_card] {
            let slot = Slot { stranger: Stranger { at, ..slot.stranger.clone() }, ..slot };
            let length = Browser::default().keeps(&slot);
            assert!(length <= 4096, "{length} bytes at {:?}", slot.stranger.at);
        }
    }

    #[test]
    fn a_way_back_comes_out_of_its_cookie_to_the_character() {
        for way in [
            "/realms/acme/account/",
            "/go?request=",
            "/go?request=AAAA",
            "/go?round=1&request=AP8A_w",
            // Not as we encode, and more than one.
            "/go?request=A",
            "/go?request=AAAA==",
            "/go?request=%00",
            "/go?request=AAAA&request=BBBB",
            "/go?request=AAAA&x=1",
        ] {
            let mut browser = Browser::default();
            browser.keeps(&browser.begins(way));
            let opened = open(&browser.headers(), &ring(), 0).unwrap();
            assert_eq!(opened.stranger.started.request.return_to, way);
        }
    }

    #[test]
    fn what_browsers_would_leave_out_is_not_sent() {
        let slot = Browser::default().begins(&"x".repeat(4000));
        assert!(!has_room(&tenant(), slot.stranger.started.request.clone()));
        assert!(matches!(slot.keep(&HeaderMap::new(), &ring()), Err(Problem::TooLarge)));
    }

    #[test]
    fn a_sixth_login_takes_the_place_of_the_oldest() {
        let mut browser = Browser::default();
        for expected in [0, 1, 2, 3, 4, 0] {
            let slot = browser.begins("/realms/acme/account/");
            assert_eq!(slot.number, expected);
            browser.keeps(&slot);
        }
    }

    #[test]
    fn all_logins_of_a_browser_stay_under_six_kibibytes_and_the_oldest_go_first() {
        let (short, long) = ("/realms/acme/account/", "x".repeat(1900));
        let mut browser = Browser::default();
        for (return_to, left) in [
            (short, &["__Host-login-0"][..]),
            (&long, &["__Host-login-0", "__Host-login-1"]),
            // Of those before, the older one does not fit any more although it is short.
            (&long, &["__Host-login-1", "__Host-login-2"]),
            (short, &["__Host-login-0", "__Host-login-2"]),
            (short, &["__Host-login-0", "__Host-login-1", "__Host-login-2"]),
        ] {
            browser.keeps(&browser.begins(return_to));
            assert_eq!(browser.names(), left);
            assert!(browser.headers()[COOKIE].len() <= 6 * 1024);
        }
    }

    #[test]
    fn what_does_not_open_makes_room_before_any_login() {
        let mut browser = Browser::default();
        browser.keeps(&browser.begins("/realms/acme/account/"));
        browser.0.insert("__Host-login-3".into(), "x".repeat(5000));
        browser.keeps(&browser.begins(&"x".repeat(1900)));
        assert_eq!(browser.names(), ["__Host-login-0", "__Host-login-1"]);
    }

    #[test]
    fn a_login_opens_only_in_its_own_cookie_and_with_our_key() {
        let mut browser = Browser::default();
        browser.keeps(&begun());
        assert!(open(&browser.headers(), &ring(), 0).is_some());
        assert!(open(&browser.headers(), &KeyRing::of([2; 32]), 0).is_none());
        let value = browser.0.remove("__Host-login-0").unwrap();
        browser.0.insert("__Host-login-1".into(), value);
        assert!(open(&browser.headers(), &ring(), 1).is_none());
    }
}
