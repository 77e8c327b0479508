//! What a test of a provider remembers between its two legs: sealed into a cookie of its own and
//! bound to the administrator, so that it costs no row and serves nobody else.

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::Moment;
use ids::{Alias, TenantId, UserId};
use secrets::{KeyRing, Token};
use serde::{Deserialize, Serialize};

use crate::entropy;
use crate::http::cookies;
use crate::http::problem::Problem;

/// How long a test may take.
pub(super) const LIFE: std::time::Duration = std::time::Duration::from_secs(600);

/// How long the browser keeps it: so long, an answer that comes again is told from a stranger's. A
/// session of the console, without which nobody is told, lives no longer.
const KEPT: std::time::Duration = std::time::Duration::from_secs(60 * 60);

/// Where it stands: sealed for another place, it does not open.
const PLACE: &str = "test-cookie";

/// A test that is under way.
#[derive(Clone)]
pub(crate) struct Test {
    /// Who tests. Not their session: that has a successor when they confirm something meanwhile.
    pub(super) administrator: UserId,
    pub(super) tenant: TenantId,
    pub(super) alias: Alias,
    pub(super) state: Token,
    pub(super) nonce: Token,
    pub(super) verifier: Token,
    pub(super) expires_at: Moment,
}

/// As it is written; tokens as text.
#[derive(Serialize, Deserialize)]
struct Written {
    administrator: UserId,
    tenant: TenantId,
    alias: Alias,
    state: String,
    nonce: String,
    verifier: String,
    expires_at: Moment,
}

impl Test {
    /// A test that begins now.
    pub(super) fn begin(administrator: UserId, tenant: TenantId, alias: Alias) -> Self {
        Self {
            administrator,
            tenant,
            alias,
            state: entropy::token(),
            nonce: entropy::token(),
            verifier: entropy::token(),
            expires_at: entropy::now().plus(LIFE),
        }
    }

    /// The header that keeps it in the browser.
    ///
    /// # Errors
    ///
    /// [`Problem::Internal`] when it cannot be sealed.
    pub(super) fn keep(&self, ring: &KeyRing) -> Result<HeaderValue, Problem> {
        let written = Written {
            administrator: self.administrator,
            tenant: self.tenant,
            alias: self.alias.clone(),
            state: self.state.reveal(),
            nonce: self.nonce.reveal(),
            verifier: self.verifier.reveal(),
            expires_at: self.expires_at,
        };
        let plain =
            zeroize::Zeroizing::new(serde_json::to_vec(&written).map_err(Problem::internal)?);
        let sealed = ring.seal(PLACE, entropy::bytes(), &plain).map_err(Problem::internal)?;
        Ok(cookies::set_test(&URL_SAFE_NO_PAD.encode(sealed), KEPT))
    }

    /// Whether its time is over.
    pub(super) fn is_over(&self) -> bool {
        entropy::now() >= self.expires_at
    }

    /// The test that the browser holds, if it is ours; it may be over.
    pub(super) fn read(headers: &HeaderMap, ring: &KeyRing) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(cookies::test(headers)?).ok()?;
        let plain = ring.open(PLACE, &sealed).ok()?;
        let written: Written = serde_json::from_slice(plain.expose()).ok()?;
        let token = |text: &str| Token::parse(text).ok();
        Some(Self {
            state: token(&written.state)?,
            nonce: token(&written.nonce)?,
            verifier: token(&written.verifier)?,
            administrator: written.administrator,
            tenant: written.tenant,
            alias: written.alias,
            expires_at: written.expires_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE;

    use super::*;

    fn test() -> Test {
        let alias = Alias::try_from("azure".to_owned()).unwrap();
        Test::begin(UserId(entropy::id()), TenantId(entropy::id()), alias)
    }

    fn browser(test: &Test, ring: &KeyRing) -> HeaderMap {
        let set = test.keep(ring).unwrap();
        let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        HeaderMap::from_iter([(COOKIE, pair.parse().unwrap())])
    }

    #[test]
    fn a_test_comes_back_from_its_cookie() {
        let (ring, test) = (KeyRing::of([1; 32]), test());
        let back = Test::read(&browser(&test, &ring), &ring).unwrap();
        assert!(back.state.matches(&test.state));
        assert!(back.nonce.matches(&test.nonce));
        assert!(back.verifier.matches(&test.verifier));
        assert_eq!(
            (back.administrator, back.tenant, back.alias),
            (test.administrator, test.tenant, test.alias)
        );
    }

    #[test]
    fn a_test_that_somebody_else_sealed_is_none_and_one_that_is_over_says_so() {
        let (ring, mut test) = (KeyRing::of([1; 32]), test());
        assert!(Test::read(&browser(&test, &KeyRing::of([2; 32])), &ring).is_none());
        assert!(!Test::read(&browser(&test, &ring), &ring).unwrap().is_over());
        test.expires_at = entropy::now();
        assert!(Test::read(&browser(&test, &ring), &ring).unwrap().is_over());
    }
}
