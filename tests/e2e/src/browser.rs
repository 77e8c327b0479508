use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE, USER_AGENT};
use reqwest::{Client, Method, redirect};
use serde_json::Value;
use url::Url;

use crate::Node;

/// No answer takes so long, on however busy a machine: a test that waits longer waits for nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser without scripts: it keeps cookies per host and port, says where its forms come from,
/// and follows no redirect by itself.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    origin: String,
    cookies: BTreeMap<String, String>,
    user_agent: String,
    forwarded_for: Option<String>,
    node: Option<u16>,
    seen: Vec<(String, Answer)>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// Content type.
    pub content_type: String,
    /// All headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body as text.
    pub body: String,
}

/// Server-sent events of a page.
pub struct Events {
    response: reqwest::Response,
    buffer: String,
}

impl Events {
    /// The data of the next event; null when the stream has ended.
    ///
    /// # Panics
    ///
    /// When the stream breaks, or nothing comes for half a minute.
    #[expect(clippy::expect_used, reason = "a stream that breaks is a red test")]
    pub async fn next(&mut self) -> Value {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                let data = data.map(|data| serde_json::from_str(data).expect("json"));
                let rest = rest.to_owned();
                self.buffer = rest;
                match data {
                    Some(data) => return data,
                    None => continue,
                }
            }
            let wait = Duration::from_secs(30);
            let chunk = tokio::time::timeout(wait, self.response.chunk()).await;
            match chunk.expect("an event within half a minute").expect("a stream") {
                Some(chunk) => self.buffer.push_str(&String::from_utf8_lossy(&chunk)),
                None => return Value::Null,
            }
        }
    }
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A member of the JSON object; null when there is none.
    pub fn member(&self, name: &str) -> Value {
        self.json().get(name).cloned().unwrap_or_default()
    }

    /// The `code` of a problem (RFC 9457); empty when it is none.
    pub fn code(&self) -> String {
        self.json().get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

impl Browser {
    /// A browser that has been nowhere. `origin` is Cardea's.
    ///
    /// # Panics
    ///
    /// When no HTTP client can be made.
    #[expect(clippy::expect_used, reason = "a test without a client tests nothing")]
    pub fn new(origin: &str) -> Self {
        // Everything here speaks HTTP: who reads the system's certificates takes 20 ms for nothing.
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy();
        let client = client.tls_certs_only([]).build();
        Self {
            client: client.expect("an http client"),
            origin: origin.to_owned(),
            cookies: BTreeMap::new(),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537.36".to_owned(),
            forwarded_for: None,
            node: None,
            seen: Vec::new(),
        }
    }

    /// The same browser at another address, as a proxy in front of Cardea says.
    #[must_use]
    pub fn at(mut self, forwarded_for: &str) -> Self {
        self.forwarded_for = Some(forwarded_for.to_owned());
        self
    }

    /// The same browser, whose requests to Cardea reach this node, as a balancer chose.
    #[must_use]
    pub fn through(mut self, node: &Node) -> Self {
        self.node = Some(node.port());
        self
    }

    /// The same browser, whose requests go where the public address leads again.
    #[must_use]
    pub fn anywhere(mut self) -> Self {
        self.node = None;
        self
    }

    /// Opens a page.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[(ACCEPT.as_str(), "text/html")]).await
    }

    /// Sends a form from one of Cardea's own pages.
    pub async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form(fields);
        let origin = self.origin.clone();
        let headers = [
            (CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded"),
            (ORIGIN.as_str(), origin.as_str()),
            (ACCEPT.as_str(), "text/html"),
        ];
        self.send(Method::POST, path, Some(body), &headers).await
    }

    /// Sends a form from a page of another site: no cookie goes with it, and what comes back is kept.
    pub async fn post_from(
        &mut self,
        other_origin: &str,
        url: &str,
        fields: &[(String, String)],
    ) -> Answer {
        let pairs = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body = form(&pairs.collect::<Vec<_>>());
        let headers = [
            (CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded"),
            (ORIGIN.as_str(), other_origin),
            (ACCEPT.as_str(), "text/html"),
        ];
        let kept = std::mem::take(&mut self.cookies);
        let answer = self.send(Method::POST, url, Some(body), &headers).await;
        let new = std::mem::replace(&mut self.cookies, kept);
        self.cookies.extend(new);
        answer
    }

    /// Sends JSON from a script of Cardea's own pages.
    pub async fn post_json(&mut self, path: &str, body: &Value) -> Answer {
        let origin = self.origin.clone();
        let headers = [
            (CONTENT_TYPE.as_str(), "application/json"),
            (ORIGIN.as_str(), origin.as_str()),
            (ACCEPT.as_str(), "application/json"),
        ];
        self.send(Method::POST, path, Some(body.to_string()), &headers).await
    }

    /// Opens the address that an agent gives, and does what its page does: sends the token behind
    /// the `#`.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[expect(clippy::expect_used, reason = "an agent that gives no address is a red test")]
    pub async fn come_back(&mut self, address: &str) -> Answer {
        let (page, token) = address.split_once('#').expect("a return token");
        let token = token.strip_prefix("rt=").unwrap_or(token);
        let page = page.strip_prefix(&self.origin).expect("an address of ours").to_owned();
        let shown = self.get(&page).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        self.post_form(&page, &[("token", token)]).await
    }

    /// Sends anything.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.send_bytes(method, path, body.map(String::into_bytes), headers).await
    }

    /// Sends anything, text or not.
    ///
    /// # Panics
    ///
    /// When the server cannot be reached, or does not answer within a minute.
    #[expect(clippy::expect_used, reason = "a server that is gone is a red test")]
    pub async fn send_bytes(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let url = self.absolute(path);
        let mut request = self.client.request(method, self.reached(&url)).timeout(PATIENCE);
        request = request.header(USER_AGENT, &self.user_agent);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(address) = &self.forwarded_for {
            request = request.header("x-forwarded-for", address);
        }
        if url.as_str().starts_with(&self.origin) && !self.cookies.is_empty() {
            request = request.header(COOKIE, self.cookie_header());
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.expect("an answer within a minute");
        let status = response.status().as_u16();
        let headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        if url.as_str().starts_with(&self.origin) {
            self.keep_cookies(&headers);
        }
        let find = |name: &str| {
            headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
        };
        let content_type = find(CONTENT_TYPE.as_str()).unwrap_or_default();
        // A stream of events does not end by itself.
        let body = match content_type.as_str() {
            "text/event-stream" => String::new(),
            _ => response.text().await.expect("a body within a minute"),
        };
        let location = find(LOCATION.as_str());
        let answer = Answer { status, location, content_type, headers, body };
        self.seen.push((url.to_string(), answer.clone()));
        answer
    }

    /// Listens to server-sent events.
    ///
    /// # Panics
    ///
    /// When the server cannot be reached, or does not answer within a minute.
    #[expect(clippy::expect_used, reason = "a server that is gone is a red test")]
    pub async fn events(&self, path: &str) -> Events {
        let request = self
            .client
            .get(self.reached(&self.absolute(path)))
            .header(COOKIE, self.cookie_header());
        // Only the answer itself has a limit: the stream ends when its page does.
        let answer = tokio::time::timeout(PATIENCE, request.send()).await;
        let response = answer.expect("an answer within a minute").expect("an answer");
        Events { response, buffer: String::new() }
    }

    /// Follows redirects, within Cardea only, up to ten.
    pub async fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..10 {
            let Some(location) = answer.location.clone() else { return answer };
            if !self.absolute(&location).as_str().starts_with(&self.origin) {
                return answer;
            }
            answer = self.get(&location).await;
        }
        answer
    }

    /// Everything that the browser was answered, with the address.
    pub fn seen(&self) -> Vec<(String, Answer)> {
        self.seen.clone()
    }

    /// The origin of Cardea's pages.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// A cookie that the browser holds.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Puts a cookie into the browser, as a thief would.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a cookie away.
    pub fn drop_cookie(&mut self, name: &str) {
        self.cookies.remove(name);
    }

    /// Names of the cookies that the browser holds.
    pub fn cookie_names(&self) -> Vec<&str> {
        self.cookies.keys().map(String::as_str).collect()
    }

    fn cookie_header(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn keep_cookies(&mut self, headers: &[(String, String)]) {
        for (_, line) in headers.iter().filter(|(name, _)| name == SET_COOKIE.as_str()) {
            let mut parts = line.split("; ");
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            if value.is_empty() || line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The address that a request goes to.
    #[expect(clippy::expect_used, reason = "every address of ours can have a port")]
    fn reached(&self, url: &Url) -> Url {
        let mut reached = url.clone();
        if let Some(port) = self.node.filter(|_| url.as_str().starts_with(&self.origin)) {
            reached.set_port(Some(port)).expect("a port");
        }
        reached
    }

    #[expect(clippy::expect_used, reason = "a test with a wrong address is a wrong test")]
    fn absolute(&self, path: &str) -> Url {
        let base = Url::parse(&self.origin).expect("an origin");
        base.join(path).expect("an address")
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
