//! Logins that nobody has vouched for: sealed into the browser's cookie, so that they cost no row.

use axum::http::{HeaderMap, HeaderValue};
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
    door: Door,
    return_to: String,
) -> Slot {
    let started = started(tenant, LoginRequest { door, return_to });
    let used = (0..STRANGER_SLOTS).map(|number| {
        let began = open(headers, ring, number).map(|slot| slot.stranger.started.started_at);
        (began, number)
    });
    // A free cookie sorts first: `None` is less than any moment.
    let number = used.min().map_or(0, |(_, number)| number);
    Slot { number, stranger: Stranger { started, at: StrangerAt::LoginPage } }
}

/// A login that starts now.
pub(super) fn started(tenant: &Tenant, request: LoginRequest) -> Started {
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
    let stranger: Stranger = serde_json::from_slice(plain.expose()).ok()?;
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
        begin(headers, ring, tenant, Door::Account, return_to)
    })
}

/// All logins of this browser that nobody has vouched for.
pub(crate) fn all(headers: &HeaderMap, ring: &KeyRing) -> Vec<Slot> {
    (0..STRANGER_SLOTS).filter_map(|number| open(headers, ring, number)).collect()
}

impl Slot {
    /// The header that keeps this login in the browser.
    ///
    /// # Errors
    ///
    /// [`Problem::Internal`] when it cannot be sealed.
    pub(crate) fn keep(&self, ring: &KeyRing) -> Result<HeaderValue, Problem> {
        let plain = serde_json::to_vec(&self.stranger).map_err(Problem::internal)?;
        let sealed = ring.seal(&place(self.number), entropy::bytes(), &plain);
        let sealed = URL_SAFE_NO_PAD.encode(sealed.map_err(Problem::internal)?);
        Ok(cookies::set_stranger(self.number, &sealed, LOGIN_LIFE))
    }

    /// The header that forgets it.
    pub(crate) fn forget(&self) -> HeaderValue {
        cookies::clear_stranger(self.number)
    }
}

/// Where a sealed login stands: a value copied into another cookie does not open.
fn place(number: u8) -> String {
    format!("login-cookie|{number}")
}

#[cfg(test)]
mod tests {
    use identity::{Moment, TenantPolicy};
    use ids::{Alias, Slug, TenantId};

    use super::*;

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

    /// Headers of a browser that kept what `set` says.
    fn browser(set: &[HeaderValue]) -> HeaderMap {
        let pair = |value: &HeaderValue| value.to_str().unwrap().split(';').next().unwrap().into();
        let pairs: Vec<String> = set.iter().map(pair).collect();
        HeaderMap::from_iter([(axum::http::header::COOKIE, pairs.join("; ").parse().unwrap())])
    }

    fn begun(headers: &HeaderMap) -> Slot {
        begin(headers, &ring(), &tenant(), Door::Account, "/realms/acme/account/".into())
    }

    #[test]
    fn a_login_at_the_upstream_fits_into_a_kibibyte() {
        let mut slot = begun(&HeaderMap::new());
        slot.stranger.at = StrangerAt::Upstream {
            provider: Alias::try_from("x".repeat(63)).unwrap(),
            registration: entropy::token().reveal(),
            state: entropy::token(),
            nonce: entropy::token(),
            verifier: entropy::token(),
            prompt_login: true,
            sent_at: entropy::now(),
        };
        let set = slot.keep(&ring()).unwrap();
        assert!(set.len() < 1024, "{} bytes", set.len());
        assert_eq!(all(&browser(&[set]), &ring()).len(), 1);
    }

    #[test]
    fn a_sixth_login_takes_the_place_of_the_oldest() {
        let mut set = Vec::new();
        for expected in [0, 1, 2, 3, 4, 0] {
            let slot = begun(&browser(&set));
            assert_eq!(slot.number, expected);
            set.push(slot.keep(&ring()).unwrap());
        }
    }

    #[test]
    fn a_login_opens_only_in_its_own_cookie_and_with_our_key() {
        let slot = begun(&HeaderMap::new());
        let set = slot.keep(&ring()).unwrap();
        let moved = set.to_str().unwrap().replace("login-0", "login-1");
        assert!(open(&browser(&[moved.parse().unwrap()]), &ring(), 1).is_none());
        assert!(open(&browser(std::slice::from_ref(&set)), &KeyRing::of([2; 32]), 0).is_none());
        assert!(open(&browser(&[set]), &ring(), 0).is_some());
    }
}
