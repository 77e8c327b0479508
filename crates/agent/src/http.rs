//! Calls to a server, each with a proof of the device. No redirect is followed, no proxy asked,
//! nothing waited for longer than the limit, nothing read beyond it.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use agent_protocol::{DeviceProof, Jti, KeyError, PROOF_HEADER, SigningKey, limits};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, StatusCode};
use rustls::{ClientConfig, Error as TlsError, InvalidMessage};
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::{Instrument as _, debug_span};

use crate::clock;
use crate::random::{self, NoRandomness};
use crate::server_address::ServerAddress;

/// How long a call may take in all.
pub(crate) const CALL: Duration = Duration::from_secs(4);
/// How long the long poll may take: what the server holds it for, and a call.
pub(crate) const LONG_CALL: Duration = CALL.saturating_add(limits::LONG_POLL);

/// Why a call gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No answer in time.
    #[error("cannot reach the server")]
    Unreachable(#[source] reqwest::Error),
    /// The server said no; with the title of its problem, where it gave one.
    #[error("the server refused ({status}{})", title.as_deref().map(|t| format!(": {t}")).unwrap_or_default())]
    Refused {
        /// HTTP status.
        status: u16,
        /// The `title` of the problem (RFC 9457), made plain.
        title: Option<String>,
    },
    /// The answer is longer than the limit or not what the protocol says.
    #[error("the server's answer makes no sense")]
    Malformed,
    /// The call cannot be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The call cannot be named.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// The TLS configuration of every connection: the system's roots, no client certificate.
///
/// # Errors
///
/// When the system has no roots.
pub(crate) fn tls() -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Makes calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    http: Client,
}

impl Caller {
    pub(crate) fn new(tls: &ClientConfig) -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CALL)
            .user_agent(concat!("cardea-agent/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http })
    }

    /// Gets `path`, without a proof: what anybody may see. The body is not read.
    pub(crate) async fn get(
        &self,
        server: &ServerAddress,
        path: &str,
    ) -> Result<reqwest::Response, CallError> {
        let call = self.http.get(server.url(path)).timeout(CALL);
        call.send().await.map_err(CallError::Unreachable)
    }

    /// Calls `path` with `body` as JSON, and reads the answer.
    pub(crate) async fn post<A: DeserializeOwned>(
        &self,
        server: &ServerAddress,
        path: &str,
        body: &impl Serialize,
        key: &SigningKey,
        timeout: Duration,
    ) -> Result<A, CallError> {
        let body = serde_json::to_vec(body).map_err(|_| CallError::Malformed)?;
        let url = server.url(path);
        let proof = new_proof("POST", &url, &body)?.sign(key)?;
        let call = self.http.post(&url).timeout(timeout).header(PROOF_HEADER, proof);
        let call = call.header(CONTENT_TYPE, "application/json").header(ACCEPT, "application/json");
        let exchange = async {
            let response = call.body(body).send().await.map_err(CallError::Unreachable)?;
            let status = response.status();
            Ok::<_, CallError>((status, read(response).await?))
        };
        let (status, answer) = exchange.instrument(debug_span!("call", path)).await?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&answer).map_err(|_| CallError::Malformed);
        }
        Err(CallError::Refused { status: status.as_u16(), title: problem_title(&answer) })
    }
}

/// Whether what answered a call by https speaks something else: its first byte is none of TLS.
pub(crate) fn is_no_tls(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        let what = error.downcast_ref::<TlsError>();
        if what == Some(&TlsError::InvalidMessage(InvalidMessage::InvalidContentType)) {
            return true;
        }
        // The source of such an error is not what is in it, but the source of that.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inside) => Some(inside),
            None => error.source(),
        };
    }
    false
}

/// A proof for a call that is made now.
pub(crate) fn new_proof(method: &str, url: &str, body: &[u8]) -> Result<DeviceProof, NoRandomness> {
    let jti = Jti::from_random(random::array()?);
    Ok(DeviceProof::new(method, url, body, jti, clock::wall()))
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, CallError> {
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(CallError::Unreachable)? {
        if answer.len().saturating_add(chunk.len()) > limits::MAX_BODY {
            return Err(CallError::Malformed);
        }
        answer.extend_from_slice(&chunk);
    }
    Ok(answer)
}

/// The title of a problem, for the log and the person: short, and nothing but text.
fn problem_title(answer: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Problem {
        title: String,
    }
    let problem: Problem = serde_json::from_slice(answer).ok()?;
    Some(crate::plain::plain(&problem.title, 100))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    /// What becomes of a call by https to somebody who says this.
    async fn called(says: &'static [u8]) -> reqwest::Error {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
        let caller = Caller::new(&tls().unwrap()).unwrap();
        let answers = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(says).await.unwrap();
            stream.shutdown().await.unwrap();
            stream
        };
        let (result, _stream) = tokio::join!(caller.get(&server, "/"), answers);
        let Err(CallError::Unreachable(error)) = result else { panic!("{result:?}") };
        error
    }

    #[tokio::test]
    async fn who_answers_a_call_by_https_without_tls_is_told_apart() {
        let plain = called(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        assert!(is_no_tls(&plain), "{plain:?}");
        assert!(!is_no_tls(&called(b"").await), "it hangs up");
        // An alert of TLS 1.2: handshake_failure.
        assert!(!is_no_tls(&called(&[21, 3, 3, 0, 2, 2, 40]).await));
    }
}
