//! Where applications are told of logouts: a server of the tests' own, which may behave badly.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what comes otherwise than it should is a red test"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jose::{Compact, KeySet};
use serde_json::{Map, Value};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// So long a test waits for what must come.
const SOON: Duration = Duration::from_secs(30);

/// How it answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// With that status.
    Status(u16),
    /// To another address.
    Redirect(String),
    /// Not at all, with the connection open.
    Hang,
    /// With a body that does not end.
    Endless,
}

/// What came.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The first line.
    pub line: String,
    /// `Content-Type`.
    pub content_type: String,
    /// The body.
    pub body: String,
}

/// A server that applications have for it, on this computer.
pub struct Receiver {
    /// Its origin.
    pub origin: Url,
    heard: Arc<Mutex<Vec<Heard>>>,
    reply: Arc<Mutex<Reply>>,
    listening: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Receiver {
    /// Starts it; it answers with 200.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, reply) = (Arc::default(), Arc::new(Mutex::new(Reply::Status(200))));
        let (ear, mouth) = (Arc::clone(&heard), Arc::clone(&reply));
        let listening = tokio::spawn(async move {
            let mut all = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                all.spawn(serve(stream, Arc::clone(&ear), Arc::clone(&mouth)));
            }
        });
        let origin = Url::parse(&format!("http://127.0.0.1:{port}")).unwrap();
        Self { origin, heard, reply, listening }
    }

    /// The address that an application registers.
    pub fn uri_of(&self, application: &str) -> String {
        format!("{}out?of={application}", self.origin)
    }

    /// How it answers from now on.
    pub fn replies(&self, reply: Reply) {
        *self.reply.lock().unwrap_or_else(PoisonError::into_inner) = reply;
    }

    /// All that has come.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What has come to that application's address.
    pub fn heard_by(&self, application: &str) -> Vec<Heard> {
        let line = format!("POST /out?of={application} HTTP/1.1");
        self.heard().into_iter().filter(|heard| heard.line == line).collect()
    }

    /// Waits until so much has come.
    pub async fn until(&self, count: usize) {
        until(async || self.heard().len() >= count).await;
    }
}

/// Waits until something is so.
///
/// # Panics
///
/// When it is not within half a minute.
pub async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(10));
    let wait = async {
        while !is_so().await {
            looks.tick().await;
        }
    };
    let so = tokio::time::timeout(SOON, wait).await;
    assert!(so.is_ok(), "it was not so within {SOON:?}");
}

async fn serve(stream: TcpStream, heard: Arc<Mutex<Vec<Heard>>>, reply: Arc<Mutex<Reply>>) {
    let mut stream = BufReader::new(stream);
    let (mut line, mut length, mut content_type) = (String::new(), 0, String::new());
    stream.read_line(&mut line).await.unwrap();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.unwrap();
        let Some((name, value)) = header.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap(),
            "content-type" => value.trim().clone_into(&mut content_type),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let body = String::from_utf8(body).unwrap();
    heard.lock().unwrap().push(Heard { line: line.trim().to_owned(), content_type, body });
    let reply = reply.lock().unwrap().clone();
    let answer = match reply {
        Reply::Status(status) => format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n"),
        Reply::Redirect(to) => {
            format!("HTTP/1.1 307 x\r\nlocation: {to}\r\ncontent-length: 0\r\n")
        }
        Reply::Endless => {
            let _gone = stream.write_all(b"HTTP/1.1 200 x\r\n\r\n").await;
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
            return;
        }
        Reply::Hang => std::future::pending().await,
    };
    stream.write_all(format!("{answer}connection: close\r\n\r\n").as_bytes()).await.unwrap();
}

impl Heard {
    /// The claims of the logout token, as a strict application reads them (Back-Channel Logout 1.0 §2.6).
    ///
    /// # Panics
    ///
    /// When it would not take it.
    #[track_caller]
    pub fn claims(&self, keys: &[u8], issuer: &str, client_id: &str) -> Map<String, Value> {
        assert_eq!(self.content_type, "application/x-www-form-urlencoded");
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect();
        let [(name, token)] = pairs.as_slice() else { panic!("{self:?}") };
        assert_eq!(name, "logout_token");
        let compact = Compact::split(token).unwrap();
        let header = compact.header().unwrap();
        assert_eq!(header.typ.as_deref(), Some("logout+jwt"));
        let keys = KeySet::parse(keys).unwrap();
        let key = keys.find(&header.kid).unwrap();
        assert_eq!(header.alg, Some(key.alg()));
        let payload = compact.verified_payload(key).unwrap();
        let claims: Map<String, Value> = serde_json::from_slice(&payload).unwrap();
        assert_eq!(claims["iss"], issuer);
        assert_eq!(claims["aud"], client_id);
        let (iat, exp) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        assert_eq!(iat.checked_add(120), Some(exp));
        let event = serde_json::json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
        assert_eq!(claims["events"], event);
        assert!(claims["jti"].as_str().unwrap().len() > 20);
        assert!(!claims.contains_key("nonce"), "{claims:?}");
        claims
    }
}
