use std::collections::BTreeMap;

use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, redirect};
use serde_json::Value;
use soft_authenticator::Refused;

use crate::Port;

/// Why a sign-in went no further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// The server is not there, or went away in the middle of its answer.
    #[error("the server is gone")]
    Gone(#[source] reqwest::Error),
    /// The server answered something else.
    #[error("{step} answered {status}: {body}")]
    Unexpected {
        /// What was asked for.
        step: &'static str,
        /// Status.
        status: u16,
        /// Body.
        body: String,
    },
    /// Entra did not send the browser back.
    #[error("entra does not send the browser back: {0}")]
    Entra(String),
    /// The authenticator refused.
    #[error("the authenticator refuses")]
    Card(#[from] Refused),
}

impl Trouble {
    /// Whether nobody answered.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone(_))
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// Body as text.
    pub body: String,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Turns it into the trouble that it is.
    pub fn unexpected(self, step: &'static str) -> Trouble {
        Trouble::Unexpected { step, status: self.status, body: self.body }
    }

    /// Where a redirect leads.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unexpected`] when it is none.
    pub fn redirect(self, step: &'static str) -> Result<String, Trouble> {
        match (self.status, &self.location) {
            (300..=399, Some(location)) => Ok(location.clone()),
            _ => Err(self.unexpected(step)),
        }
    }

    /// The answer, when it is a 200.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unexpected`] when it is none.
    pub fn ok(self, step: &'static str) -> Result<Self, Trouble> {
        if self.status == 200 { Ok(self) } else { Err(self.unexpected(step)) }
    }
}

/// A browser without scripts, with a cookie jar of its own. Clones of `client` share connections.
#[derive(Clone, Debug)]
pub struct Browser {
    client: Client,
    origin: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Connections to the server behind `port`, to be shared by browsers.
    ///
    /// # Errors
    ///
    /// When there is no TLS provider, and the like.
    pub fn connections(port: &Port) -> Result<Client, reqwest::Error> {
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy();
        client.resolve("localhost", port.address()).build()
    }

    /// A browser that has been nowhere. `origin` is Cardea's.
    pub fn new(client: Client, origin: &str) -> Self {
        Self { client, origin: origin.to_owned(), cookies: BTreeMap::new() }
    }

    /// Another one on the same connections, without what this one holds.
    #[must_use]
    pub fn stranger(&self) -> Self {
        Self::new(self.client.clone(), &self.origin)
    }

    /// Cardea's origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// A cookie that it holds.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// All cookies, as the header has them.
    pub fn cookies(&self) -> String {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        cookies.collect::<Vec<_>>().join("; ")
    }

    /// Opens a page; redirects are not followed.
    ///
    /// # Errors
    ///
    /// [`Trouble::Gone`].
    pub async fn get(&mut self, path: &str) -> Result<Answer, Trouble> {
        let request = self.request(Method::GET, path).header(ACCEPT, "text/html");
        self.send(request).await
    }

    /// Sends a form of one of Cardea's pages.
    ///
    /// # Errors
    ///
    /// [`Trouble::Gone`].
    pub async fn post_form(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Trouble> {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path).header(ACCEPT, "text/html");
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.header(ORIGIN, &self.origin).body(body)).await
    }

    /// Sends what a script of Cardea's pages sends.
    ///
    /// # Errors
    ///
    /// [`Trouble::Gone`].
    pub async fn post_json(&mut self, path: &str, body: &Value) -> Result<Answer, Trouble> {
        let request = self.request(Method::POST, path).header(ACCEPT, "application/json");
        let request = request.header(CONTENT_TYPE, "application/json");
        self.send(request.header(ORIGIN, &self.origin).body(body.to_string())).await
    }

    /// Sends what an agent sends, with a proof in a header of this name.
    ///
    /// # Errors
    ///
    /// [`Trouble::Gone`].
    pub async fn post_call(
        &mut self,
        path: &str,
        body: String,
        (header, proof): (&str, &str),
    ) -> Result<Answer, Trouble> {
        let request = self.request(Method::POST, path).header(ACCEPT, "application/json");
        let request = request.header(CONTENT_TYPE, "application/json").header(header, proof);
        self.send(request.body(body)).await
    }

    /// The cookie header goes to Cardea alone: nothing else is ever asked here.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let path = path.strip_prefix(&self.origin).unwrap_or(path);
        let request = self.client.request(method, format!("{}{path}", self.origin));
        request.header(COOKIE, self.cookies())
    }

    async fn send(&mut self, request: RequestBuilder) -> Result<Answer, Trouble> {
        let response = request.send().await.map_err(Trouble::Gone)?;
        let status = response.status().as_u16();
        let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        let location = location.map(str::to_owned);
        for line in response.headers().get_all(SET_COOKIE) {
            self.keep(line.to_str().unwrap_or_default());
        }
        let body = response.text().await.map_err(Trouble::Gone)?;
        Ok(Answer { status, location, body })
    }

    fn keep(&mut self, line: &str) {
        let mut parts = line.split("; ");
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        if value.is_empty() || parts.any(|part| part == "Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
