//! HTTP/1.1 as a driver needs it: whole requests as bytes, one after the other on one connection. A client
//! of the ordinary kind would cost more than the server.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use load::clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Failure;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection that was idle for so long is made anew: servers end those, the sooner when nothing was ever
/// asked on them.
const STALE: Duration = Duration::from_secs(2);

/// Ends the head of an answer.
const BLANK_LINE: &[u8] = b"\r\n\r\n";

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A server.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    /// How it is called: `localhost:8080`.
    pub(crate) host: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    used: Instant,
}

impl Site {
    /// A request without a body.
    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
        self.request("GET", path, headers, None)
    }

    /// A request with one.
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
        self.request("POST", path, headers, Some(body))
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Vec<u8> {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.host);
        // Writing to a text does not fail.
        for (name, value) in headers {
            let _always = write!(text, "{name}: {value}\r\n");
        }
        if let Some(body) = body {
            let _always = write!(text, "content-length: {}\r\n", body.len());
        }
        text.push_str("\r\n");
        text.push_str(body.unwrap_or_default());
        text.into_bytes()
    }

    /// Asks once, on a connection of its own.
    pub(crate) async fn ask(&self, request: &[u8]) -> Result<Reply, Failure> {
        Wire::open(self).await?.ask(request).await
    }
}

impl Wire {
    pub(crate) async fn open(site: &Site) -> Result<Self, Failure> {
        let stream = TcpStream::connect(site.address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new(), used: clock::now() })
    }

    /// The same, or a new one where the server may have ended it.
    pub(crate) async fn fresh(self, site: &Site) -> Result<Self, Failure> {
        if self.used.elapsed() < STALE { Ok(self) } else { Self::open(site).await }
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Reply, Failure> {
        let answered = async {
            self.stream.write_all(request).await?;
            let end = self.until(|buffer| find(buffer, BLANK_LINE)).await?;
            let head = self.buffer.get(..end).unwrap_or_default();
            let head = String::from_utf8_lossy(head).to_ascii_lowercase();
            let start = end.saturating_add(BLANK_LINE.len());
            let length = header(&head, "content-length").map_or(Ok(0), str::parse::<usize>)?;
            let whole = start.saturating_add(length);
            self.until(|buffer| (buffer.len() >= whole).then_some(whole)).await?;
            let whole: Vec<u8> = self.buffer.drain(..whole).collect();
            let original = String::from_utf8_lossy(whole.get(..end).unwrap_or_default());
            let status = original.split(' ').nth(1).unwrap_or_default().parse()?;
            let body = whole.get(start..).unwrap_or_default().to_vec();
            Ok::<_, Failure>(Reply { status, head: original.into_owned(), body })
        };
        let answered = tokio::time::timeout(PATIENCE, answered).await;
        self.used = clock::now();
        answered.map_err(|_| "no answer within 20 s")?
    }

    /// Reads until `found` finds something.
    async fn until(&mut self, found: impl Fn(&[u8]) -> Option<usize>) -> Result<usize, Failure> {
        loop {
            if let Some(at) = found(&self.buffer) {
                return Ok(at);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server has ended a connection".into());
            }
        }
    }
}

impl Reply {
    /// A header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// The value of a cookie that is set.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let lines = headers(&self.head).filter(|(key, _)| key.eq_ignore_ascii_case("set-cookie"));
        let mut pairs = lines.filter_map(|(_, value)| value.split(';').next()?.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }

    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// That it is not what was expected.
    pub(crate) fn unexpected(&self, what: &str) -> Failure {
        format!("{what} answered {}: {}\n{}", self.status, self.head, self.text()).into()
    }
}

fn headers(head: &str) -> impl Iterator<Item = (&str, &str)> {
    head.lines().skip(1).filter_map(|line| line.split_once(": "))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    headers(head).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// A form's fields as its body.
pub(crate) fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
