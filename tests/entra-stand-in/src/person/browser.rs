//! A browser without scripts: cookies, redirects, forms.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use url::Url;

use super::page::{Form, Page};

/// A browser gives up after so many redirects; so do we.
const MOST_REDIRECTS: usize = 10;

/// Why a page could not be had or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// The address is no URL.
    #[error("not an address: {0}")]
    Address(String),
    /// Nobody answered.
    #[error("no answer from {url}: {reason}")]
    NoAnswer {
        /// The address.
        url: Url,
        /// Why.
        reason: String,
    },
    /// The page lacks what was looked for.
    #[error("no {what} on the page {page}")]
    NotFound {
        /// The control, by its visible text.
        what: String,
        /// The page's heading and text.
        page: String,
    },
    /// Another page than expected.
    #[error("did not expect this page (status {status}): {text}")]
    Unexpected {
        /// The status.
        status: u16,
        /// The page's text.
        text: String,
    },
}

impl BrowserError {
    pub(super) fn unexpected(page: &Page) -> Self {
        Self::Unexpected { status: page.status, text: page.text.clone() }
    }
}

/// A browser without scripts. It stays on the site that it was opened on: a redirect to another is reported.
#[derive(Debug)]
pub struct Browser {
    client: Client<HttpConnector, Full<Bytes>>,
    /// By host and port, as if ports were sites; then by name.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

impl Default for Browser {
    fn default() -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            cookies: BTreeMap::new(),
        }
    }
}

impl Browser {
    /// Opens an address and follows redirects as long as they stay on its site.
    ///
    /// # Errors
    /// When it is no address, or nobody answers.
    pub async fn open(&mut self, address: &str) -> Result<Page, BrowserError> {
        let url = Url::parse(address).map_err(|_| BrowserError::Address(address.to_owned()))?;
        self.go(Method::GET, url, None).await
    }

    /// Follows a link by its text.
    ///
    /// # Errors
    /// When there is no such link, or nobody answers.
    pub async fn click(&mut self, page: &Page, link: &str) -> Result<Page, BrowserError> {
        let url = page.link(link)?.clone();
        self.go(Method::GET, url, None).await
    }

    /// Sends a form by one of its buttons.
    ///
    /// # Errors
    /// When it has no such button, or nobody answers.
    pub async fn press(&mut self, form: Form, button: &str) -> Result<Page, BrowserError> {
        let fields = form.pressed(button)?;
        let encoded =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut url = form.action;
        if form.posts {
            return self.go(Method::POST, url, Some(encoded)).await;
        }
        url.set_query(Some(&encoded));
        self.go(Method::GET, url, None).await
    }

    /// Posts fields, as a form of another site may.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn post(
        &mut self,
        url: Url,
        fields: &[(String, String)],
    ) -> Result<Page, BrowserError> {
        let encoded =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.go(Method::POST, url, Some(encoded)).await
    }

    /// Posts what a page's own script does, JSON; status and answer, null where that is no JSON. Redirects are
    /// not followed.
    ///
    /// # Errors
    /// When it is no address, or nobody answers.
    pub async fn post_json(
        &mut self,
        address: &str,
        body: &Value,
    ) -> Result<(u16, Value), BrowserError> {
        self.call(Method::POST, address, Some(body)).await
    }

    /// Reads JSON; status and answer.
    ///
    /// # Errors
    /// As [`Browser::post_json`].
    pub async fn get_json(&mut self, address: &str) -> Result<(u16, Value), BrowserError> {
        self.call(Method::GET, address, None).await
    }

    /// Removes what is at an address.
    ///
    /// # Errors
    /// As [`Browser::post_json`].
    pub async fn delete(&mut self, address: &str) -> Result<(), BrowserError> {
        self.call(Method::DELETE, address, None).await.map(drop)
    }

    async fn call(
        &mut self,
        method: Method,
        address: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), BrowserError> {
        let url = Url::parse(address).map_err(|_| BrowserError::Address(address.to_owned()))?;
        let sent = body.map(|body| ("application/json", body.to_string()));
        let response = self.send(&method, &url, sent).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await;
        let body = body.map_err(|error| BrowserError::NoAnswer {
            url: url.clone(),
            reason: error.to_string(),
        })?;
        Ok((status, serde_json::from_slice(&body.to_bytes()).unwrap_or_default()))
    }

    /// Forgets all cookies.
    pub fn clear_cookies(&mut self) {
        self.cookies.clear();
    }

    /// The value of a cookie at the site of an address.
    pub fn cookie(&self, url: &Url, name: &str) -> Option<&str> {
        self.cookies.get(&site(url))?.get(name).map(String::as_str)
    }

    async fn go(
        &mut self,
        method: Method,
        url: Url,
        form: Option<String>,
    ) -> Result<Page, BrowserError> {
        let site = url.origin();
        let (mut method, mut url, mut form) = (method, url, form);
        for _ in 0..MOST_REDIRECTS {
            let form = form.take().map(|form| ("application/x-www-form-urlencoded", form));
            let response = self.send(&method, &url, form).await?;
            let status = response.status();
            let location =
                response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
            let Some(location) = location.filter(|_| status.is_redirection()) else {
                let body = response.into_body().collect().await;
                let body = body.map_err(|error| BrowserError::NoAnswer {
                    url: url.clone(),
                    reason: error.to_string(),
                })?;
                let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
                return Ok(Page::read(url, status.as_u16(), &body));
            };
            let next = url.join(&location).map_err(|_| BrowserError::Address(location))?;
            if next.origin() != site {
                return Ok(Page::leaving(url, next));
            }
            (method, url) = (Method::GET, next);
        }
        Err(BrowserError::NoAnswer { url, reason: "too many redirects".to_owned() })
    }

    async fn send(
        &mut self,
        method: &Method,
        url: &Url,
        sent: Option<(&str, String)>,
    ) -> Result<Response<Body>, BrowserError> {
        let failed = |reason: String| BrowserError::NoAnswer { url: url.clone(), reason };
        let mut request = Request::builder().method(method).uri(url.as_str());
        let jar = self.cookies.entry(site(url)).or_default();
        if !jar.is_empty() {
            let cookies: Vec<String> =
                jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, cookies.join("; "));
        }
        let (kind, body) = sent.map_or((None, String::new()), |(kind, body)| (Some(kind), body));
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        if kind == Some("application/json") {
            // A script of the page itself; a form may be another site's.
            request = request.header(ORIGIN, site(url));
        }
        let request = request.body(Full::from(body)).map_err(|error| failed(error.to_string()))?;
        let response =
            self.client.request(request).await.map_err(|error| failed(error.to_string()))?;
        keep_cookies(jar, response.headers());
        Ok(response.map(Body::new))
    }
}

fn site(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Name and value of each `Set-Cookie`; an expired one is removed. Attributes do not matter on one site.
fn keep_cookies(jar: &mut BTreeMap<String, String>, headers: &HeaderMap) {
    for cookie in headers.get_all(SET_COOKIE).into_iter().filter_map(|value| value.to_str().ok()) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let Some((name, value)) = pair.split_once('=') else { continue };
        if attributes.to_ascii_lowercase().contains("max-age=0") {
            jar.remove(name.trim());
        } else {
            jar.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
}
