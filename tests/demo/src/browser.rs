//! A browser without scripts that looks at Cardea: cookies, redirects, forms; and what the pages'
//! scripts would send.

use std::collections::BTreeMap;
use std::time::Duration;

use entra_stand_in::{Form, Page};
use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE, USER_AGENT};
use reqwest::{Client, Method, Response, redirect};
use serde_json::Value;
use url::Url;

use crate::trouble::Trouble;

/// What the pages believe that they are opened in: a browser that needs the agent for a reader.
const NAME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36";

/// More redirects than any page has.
const MOST_REDIRECTS: usize = 10;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Ends an event.
const BLANK_LINE: &str = "\n\n";

/// One person's browser. Cookies are Cardea's alone.
pub(crate) struct Browser {
    client: Client,
    origin: Url,
    cookies: BTreeMap<String, String>,
}

/// Server-sent events of a page.
pub(crate) struct Events {
    response: Response,
    buffer: String,
}

impl Browser {
    /// A browser that has been nowhere.
    pub(crate) fn new(origin: &str) -> Result<Self, Trouble> {
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build();
        let client = client.map_err(|error| Trouble::new("a browser", error))?;
        let origin = Url::parse(origin).map_err(|error| Trouble::new("an address", error))?;
        Ok(Self { client, origin, cookies: BTreeMap::new() })
    }

    /// Cardea's origin, as a browser writes it.
    pub(crate) fn origin(&self) -> String {
        self.origin.origin().ascii_serialization()
    }

    /// Opens a page; redirects are followed as long as they stay at Cardea.
    pub(crate) async fn open(&mut self, address: &str) -> Result<Page, Trouble> {
        let url = join(&self.origin, address)?;
        self.go(Method::GET, url, None).await
    }

    /// Comes with a form that a page of another site posts to Cardea: without cookies, which are `Lax`.
    pub(crate) async fn come(
        &mut self,
        from: &str,
        action: &Url,
        fields: &[(String, String)],
    ) -> Result<Page, Trouble> {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.client.post(action.clone()).header(ACCEPT, "text/html");
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        let response = self.answer(request.header(ORIGIN, from)).await?;
        let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        let Some(location) = location.map(str::to_owned) else {
            let (status, text) = (response.status().as_u16(), response.text().await);
            let text = text.map_err(|error| Trouble::new("a page", error))?;
            return Ok(Page::read(action.clone(), status, &text));
        };
        self.open(&location).await
    }

    /// Follows a link by its text.
    pub(crate) async fn click(&mut self, page: &Page, link: &str) -> Result<Page, Trouble> {
        self.go(Method::GET, page.link(link)?.clone(), None).await
    }

    /// Sends a form of a page by one of its buttons.
    pub(crate) async fn press(&mut self, form: &Form, button: &str) -> Result<Page, Trouble> {
        let (fields, mut url) = (form.pressed(button)?, form.action.clone());
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        if form.posts {
            return self.go(Method::POST, url, Some(body)).await;
        }
        url.set_query(Some(&body));
        self.go(Method::GET, url, None).await
    }

    /// Sends what a page's script sends. The answer is JSON with status 200, or trouble.
    pub(crate) async fn post_json(&mut self, path: &str, body: &Value) -> Result<Value, Trouble> {
        let url = join(&self.origin, path)?;
        let request = self.client.post(url).header(CONTENT_TYPE, "application/json");
        let request = request.header(ACCEPT, "application/json").body(body.to_string());
        let response = self.send(request).await?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(|error| Trouble::new("an answer", error))?;
        if status != 200 {
            return Err(Trouble::new(
                format_args!("{path} to answer 200"),
                format_args!("{status}: {text}"),
            ));
        }
        serde_json::from_str(&text).map_err(|_| Trouble::new("JSON", text))
    }

    /// Listens to a page's events.
    pub(crate) async fn events(&mut self, path: &str) -> Result<Events, Trouble> {
        let url = join(&self.origin, path)?;
        let request = self.client.get(url).header(ACCEPT, "text/event-stream");
        let response = self.send(request).await?;
        if response.status() != 200 {
            return Err(Trouble::new("a stream of events", response.status()));
        }
        Ok(Events { response, buffer: String::new() })
    }

    async fn go(
        &mut self,
        mut method: Method,
        mut url: Url,
        mut form: Option<String>,
    ) -> Result<Page, Trouble> {
        for _ in 0..MOST_REDIRECTS {
            let mut request = self.client.request(method, url.clone()).header(ACCEPT, "text/html");
            if let Some(form) = form.take() {
                let kind = "application/x-www-form-urlencoded";
                request = request.header(CONTENT_TYPE, kind).body(form);
            }
            let response = self.send(request).await?;
            let status = response.status();
            let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let Some(location) = location.filter(|_| status.is_redirection()) else {
                let text = response.text().await;
                let text = text.map_err(|error| Trouble::new("a page", error))?;
                return Ok(Page::read(url, status.as_u16(), &text));
            };
            let next = join(&url, location)?;
            if next.origin() != self.origin.origin() {
                return Ok(Page::leaving(url, next));
            }
            (method, url) = (Method::GET, next);
        }
        Err(Trouble::new("a page", format_args!("too many redirects, the last to {url}")))
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Result<Response, Trouble> {
        let origin = self.origin();
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        self.answer(request.header(ORIGIN, origin).header(COOKIE, cookies)).await
    }

    async fn answer(&mut self, request: reqwest::RequestBuilder) -> Result<Response, Trouble> {
        let sent = request.header(USER_AGENT, NAME).send();
        let response = tokio::time::timeout(PATIENCE, sent).await;
        let response = response.map_err(|_| Trouble::new("an answer", "none within 20 s"))?;
        let response = response.map_err(|error| Trouble::new("an answer of Cardea", error))?;
        for line in response.headers().get_all(SET_COOKIE) {
            self.keep(line.to_str().unwrap_or_default());
        }
        Ok(response)
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

impl Events {
    /// The data of the next event.
    pub(crate) async fn next(&mut self) -> Result<Value, Trouble> {
        loop {
            if let Some(end) = self.buffer.find(BLANK_LINE) {
                let event: String = self.buffer.drain(..end.saturating_add(2)).collect();
                let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                let data = data.map(serde_json::from_str);
                match data {
                    Some(Ok(data)) => return Ok(data),
                    Some(Err(error)) => return Err(Trouble::new("an event", error)),
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            let chunk = chunk.map_err(|_| Trouble::new("an event", "none within 20 s"))?;
            let chunk = chunk.map_err(|error| Trouble::new("an event", error))?;
            let chunk = chunk.ok_or_else(|| Trouble::new("an event", "the end of the stream"))?;
            self.buffer.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}

fn join(base: &Url, address: &str) -> Result<Url, Trouble> {
    base.join(address)
        .map_err(|error| Trouble::new("an address", format_args!("{address}: {error}")))
}
