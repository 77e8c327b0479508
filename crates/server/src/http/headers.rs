//! Headers that every answer carries.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use url::Url;

/// How many headers [`add`] adds at most: room for all of them is made once.
const ADDED: usize = 8;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// What a page may load, and where its forms may lead.
///
/// Chromium applies `form-action` to the redirects that follow a form too, so a page whose form
/// ends at an upstream names that upstream's origin.
#[derive(Clone, Debug)]
pub(crate) struct Csp(HeaderValue);

impl Csp {
    /// The policy of a page whose forms stay here.
    pub(crate) fn page() -> Self {
        static PAGE: LazyLock<Csp> = LazyLock::new(|| Csp::with_forms_to(&[]));
        PAGE.clone()
    }

    /// The policy of a page whose forms may end at these URLs' origins as well.
    pub(crate) fn with_forms_to(targets: &[&str]) -> Self {
        let origins = targets.iter().filter_map(|target| {
            let origin = Url::parse(target).ok()?.origin();
            origin.is_tuple().then(|| format!(" {}", origin.ascii_serialization()))
        });
        let forms: String = origins.collect();
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
             connect-src 'self'; form-action 'self'{forms}; frame-ancestors 'none'; \
             base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        );
        Self(
            HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'")),
        )
    }

    pub(crate) fn value(self) -> HeaderValue {
        self.0
    }
}

/// Adds what is missing: an answer that set a header itself keeps its own.
pub(super) fn add(headers: &mut HeaderMap) {
    headers.reserve(ADDED);
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        // Not "no-referrer": with it Chromium sends `Origin: null` with every form.
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        (OPENER_POLICY, "same-origin"),
        (
            PERMISSIONS_POLICY,
            "publickey-credentials-get=(self), publickey-credentials-create=(self)",
        ),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert_with(|| Csp::page().value());
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt as _;

    use super::*;

    /// What stands in our addresses, such as a sealed request, is nobody else's matter.
    #[tokio::test]
    async fn no_page_tells_another_site_where_its_reader_came_from() {
        let (app, _data) = crate::test_app::test_app().await;
        for path in ["/", "/nothing", "/realms/operators/login", "/admin/", "/realms/nobody/login"]
        {
            let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
            let answer = crate::router(&app).oneshot(request).await.unwrap();
            assert_eq!(answer.headers()[REFERRER_POLICY], "same-origin", "{path}");
        }
    }

    #[test]
    fn a_form_may_lead_to_the_named_upstream_and_nowhere_else() {
        let csp = Csp::with_forms_to(&["https://login.example/x?y", "nonsense", "data:,x"]);
        let text = csp.value();
        let text = text.to_str().unwrap();
        assert!(text.contains("form-action 'self' https://login.example;"), "{text}");
    }
}
