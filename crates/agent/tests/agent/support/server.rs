//! A server that speaks the agent's protocol, as strictly as the real one, with requests that a
//! test dictates.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use agent_protocol::{
    AgentMessage, ClaimAnswer, ClaimRequest, DeviceProof, EnrolAnswer, EnrolRequest,
    EnrolmentState, ExpectedCall, Jti, Link, NonceAnswer, Outcome, PROOF_HEADER, PublicJwk,
    ResultAnswer, ResultRequest, ReturnToken, Selector, ServerMessage, SignedRequest, SigningKey,
    Thumbprint, Ticket, VerifyingKey, WaitAnswer, paths,
};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum_server::tls_rustls::RustlsConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;

use super::{new_ticket, soon};

/// What goes over the channel.
#[derive(Clone, Debug)]
pub(crate) enum Push {
    Text(String),
    Binary(Vec<u8>),
    Close,
}

pub(crate) struct Shared {
    pub(crate) key: SigningKey,
    pub(crate) offer: Mutex<Option<EnrolAnswer>>,
    origin: String,
    devices: Mutex<HashMap<Thumbprint, VerifyingKey>>,
    spent: Mutex<HashSet<Jti>>,
    nonces: Mutex<HashSet<String>>,
    count: AtomicUsize,
    confirmation: watch::Sender<EnrolmentState>,
    requests: Mutex<HashMap<Ticket, Response>>,
    outcomes: mpsc::UnboundedSender<(Ticket, Outcome)>,
    said: mpsc::UnboundedSender<AgentMessage>,
    /// What the agent said that cards hold, at the beginning of the last channel.
    pub(crate) held: watch::Sender<Vec<Ticket>>,
    push: broadcast::Sender<Push>,
    pub(crate) channels: watch::Sender<usize>,
    pub(crate) stray_calls: AtomicUsize,
    pub(crate) long_poll: Mutex<Duration>,
    /// How many claims have come.
    pub(crate) claims: watch::Sender<usize>,
    /// Claims are answered while this is so.
    pub(crate) answers_claims: watch::Sender<bool>,
    /// What it says to results instead of taking them.
    pub(crate) says_to_results: Mutex<Option<StatusCode>>,
}

/// A running server; it ends with the test.
pub(crate) struct Server {
    pub(crate) origin: String,
    pub(crate) shared: Arc<Shared>,
    outcomes: tokio::sync::Mutex<mpsc::UnboundedReceiver<(Ticket, Outcome)>>,
    said: tokio::sync::Mutex<mpsc::UnboundedReceiver<AgentMessage>>,
    task: JoinHandle<()>,
    /// Open as long as the server lives: nobody else gets its port while it is down.
    listener: std::net::TcpListener,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn new_key() -> SigningKey {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    SigningKey::from_pkcs8(pair.to_pkcs8v1().unwrap().as_ref()).unwrap()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with("http", serve).await
    }

    /// Starts with the certificate of `localhost` in the folder `tls`.
    pub(crate) async fn start_tls() -> Self {
        Self::start_with("https", serve_tls).await
    }

    async fn start_with(
        scheme: &str,
        serve: impl FnOnce(TcpListener, Arc<Shared>) -> JoinHandle<()>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap().into_std().unwrap();
        let port = listener.local_addr().unwrap().port();
        let origin = format!("{scheme}://localhost:{port}");
        let (outcomes, outcomes_seen) = mpsc::unbounded_channel();
        let (said, said_seen) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            key: new_key(),
            offer: Mutex::default(),
            origin: origin.clone(),
            devices: Mutex::default(),
            spent: Mutex::default(),
            nonces: Mutex::default(),
            count: AtomicUsize::new(0),
            confirmation: watch::Sender::new(EnrolmentState::Pending),
            requests: Mutex::default(),
            outcomes,
            said,
            held: watch::Sender::new(Vec::new()),
            push: broadcast::Sender::new(64),
            channels: watch::Sender::new(0),
            stray_calls: AtomicUsize::new(0),
            long_poll: Mutex::new(Duration::from_secs(25)),
            claims: watch::Sender::new(0),
            answers_claims: watch::Sender::new(true),
            says_to_results: Mutex::default(),
        });
        let task = serve(another(&listener), Arc::clone(&shared));
        let (outcomes, said) = (outcomes_seen.into(), said_seen.into());
        Self { origin, shared, outcomes, said, task, listener }
    }

    /// Goes down: its connections break.
    pub(crate) async fn stop(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.push(Push::Close);
        let mut channels = self.shared.channels.subscribe();
        soon(channels.wait_for(|open| *open == 0)).await.unwrap();
    }

    /// Comes back where it was.
    pub(crate) fn start_again(&mut self) {
        self.task = serve(another(&self.listener), Arc::clone(&self.shared));
    }

    /// The person confirms on the page.
    pub(crate) fn page_confirms(&self) {
        self.shared.confirmation.send_replace(EnrolmentState::Confirmed);
    }

    /// The person says no on the page.
    pub(crate) fn page_refuses(&self) {
        self.shared.confirmation.send_replace(EnrolmentState::Refused);
    }

    /// How many devices were offered.
    pub(crate) fn offered(&self) -> usize {
        lock(&self.shared.devices).len()
    }

    /// The device that is enrolled.
    pub(crate) fn device(&self) -> Thumbprint {
        lock(&self.shared.devices).keys().next().expect("a device is enrolled").clone()
    }

    /// Pushes a ticket whose claim is answered with `request`, signed.
    pub(crate) fn ask(&self, request: &SignedRequest) -> Ticket {
        self.ask_signed(request.sign(&self.shared.key).unwrap())
    }

    /// Pushes a ticket whose claim is answered with this text.
    pub(crate) fn ask_signed(&self, request: String) -> Ticket {
        self.ask_answering(axum::Json(ClaimAnswer { request }).into_response())
    }

    /// Pushes a ticket whose claim is answered so.
    pub(crate) fn ask_answering(&self, answer: Response) -> Ticket {
        let ticket = new_ticket();
        lock(&self.shared.requests).insert(ticket.clone(), answer);
        self.push(Push::Text(ServerMessage::Ticket { id: ticket.clone() }.encode()));
        ticket
    }

    /// What the link asks for that a page opens.
    pub(crate) fn linked(&self, request: &SignedRequest) -> Link {
        let link = Link::new(Selector::of(&self.origin, &request.tenant), [7; 32]);
        let request = request.sign(&self.shared.key).unwrap();
        let answer = axum::Json(ClaimAnswer { request }).into_response();
        lock(&self.shared.requests).insert(link.claim().clone(), answer);
        link
    }

    /// What it says to results from now on; `None`: it takes them.
    pub(crate) fn says_to_results(&self, status: Option<StatusCode>) {
        *lock(&self.shared.says_to_results) = status;
    }

    pub(crate) fn cancel(&self, ticket: &Ticket) {
        self.push(Push::Text(ServerMessage::Cancel { id: ticket.clone() }.encode()));
    }

    pub(crate) fn push(&self, push: Push) {
        let _ = self.shared.push.send(push);
    }

    /// The next outcome.
    pub(crate) async fn outcome(&self) -> (Ticket, Outcome) {
        soon(async { self.outcomes.lock().await.recv().await.unwrap() }).await
    }

    /// Whether an outcome has come already.
    pub(crate) async fn has_outcome(&self) -> bool {
        !self.outcomes.lock().await.is_empty()
    }

    /// The next message of the agent.
    pub(crate) async fn message(&self) -> AgentMessage {
        soon(async { self.said.lock().await.recv().await.unwrap() }).await
    }

    /// The offer that an enrolment gets.
    pub(crate) fn offer(&self) -> EnrolAnswer {
        offer(&self.shared)
    }
}

fn another(listener: &std::net::TcpListener) -> TcpListener {
    TcpListener::from_std(listener.try_clone().unwrap()).unwrap()
}

fn serve(listener: TcpListener, shared: Arc<Shared>) -> JoinHandle<()> {
    tokio::spawn(async move { axum::serve(listener, router(shared)).await.unwrap() })
}

fn serve_tls(listener: TcpListener, shared: Arc<Shared>) -> JoinHandle<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agent/tls");
    let certificate = CertificateDer::from_pem_file(folder.join("localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("localhost.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = RustlsConfig::from_config(Arc::new(config));
    let listener = listener.into_std().unwrap();
    let server = axum_server::from_tcp_rustls(listener, config).unwrap();
    let service = router(shared).into_make_service();
    tokio::spawn(async move { server.serve(service).await.unwrap() })
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(paths::ENROL, post(enrol))
        .route(paths::ENROL_WAIT, post(enrol_wait))
        .route(paths::NONCE, post(nonce))
        .route(paths::CHANNEL, get(channel))
        .route(paths::CLAIM, post(claim))
        .route(paths::RESULT, post(result))
        .fallback(stray)
        .with_state(shared)
}

fn offer(shared: &Shared) -> EnrolAnswer {
    EnrolAnswer {
        device_id: "dev-1".into(),
        tenant: "acme".into(),
        tenant_name: "Acme".into(),
        account: "ada@acme.example".into(),
        browser: "Firefox".into(),
        os: "Linux".into(),
        return_token: ReturnToken::try_from("r".repeat(75)).unwrap(),
        origin: shared.origin.clone(),
        rp_id: "localhost".into(),
        request_keys: vec![shared.key.public().to_jwk()],
        expires_in: 600,
    }
}

fn now() -> SystemTime {
    SystemTime::now()
}

/// Who calls, if the proof is good and was never used.
fn prove(
    shared: &Shared,
    headers: &HeaderMap,
    (method, path): (&str, &str),
    body: &[u8],
    nonce: Option<&str>,
    key: Option<&PublicJwk>,
) -> Result<VerifyingKey, Box<Response>> {
    let refuse = |why: String| Box::new((StatusCode::UNAUTHORIZED, why).into_response());
    let proof = headers.get(PROOF_HEADER).and_then(|value| value.to_str().ok());
    let proof = proof.ok_or_else(|| refuse("no proof".into()))?;
    let key = if let Some(jwk) = key {
        jwk.key().map_err(|error| refuse(error.to_string()))?
    } else {
        let kid = DeviceProof::claimed_device(proof).map_err(|e| refuse(e.to_string()))?;
        let devices = lock(&shared.devices);
        let device = devices.iter().find(|(device, _)| device.as_str() == kid);
        device.ok_or_else(|| refuse("unknown device".into()))?.1.clone()
    };
    let url = format!("{}{path}", shared.origin);
    let call = ExpectedCall { method, url: &url, body, nonce };
    let verified = DeviceProof::verify(proof, &call, &key, now());
    let verified = verified.map_err(|error| refuse(error.to_string()))?;
    if lock(&shared.spent).insert(verified.jti) { Ok(key) } else { Err(refuse("replay".into())) }
}

fn json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Box<Response>> {
    let refuse = |error: serde_json::Error| (StatusCode::BAD_REQUEST, error.to_string());
    serde_json::from_slice(body).map_err(|error| Box::new(refuse(error).into_response()))
}

type Answer = Result<Response, Box<Response>>;

/// Axum wants the refusal unboxed.
fn flat(answer: Answer) -> Response {
    answer.unwrap_or_else(|refusal| *refusal)
}

async fn enrol(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    flat((|| {
        let request: EnrolRequest = json(&body)?;
        let jwk = Some(&request.device_key);
        let key = prove(&shared, &headers, ("POST", paths::ENROL), &body, None, jwk)?;
        if request.code.as_str() != "KRQMBXPT" {
            let problem = axum::Json(serde_json::json!({"title": "unknown code"}));
            return Err(Box::new((StatusCode::NOT_FOUND, problem).into_response()));
        }
        assert_eq!(request.device_name, "Ada's computer");
        lock(&shared.devices).insert(key.thumbprint(), key);
        let answer = lock(&shared.offer).clone().unwrap_or_else(|| offer(&shared));
        Ok(axum::Json(answer).into_response())
    })())
}

async fn enrol_wait(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let known = prove(&shared, &headers, ("POST", paths::ENROL_WAIT), &body, None, None);
    if let Err(refusal) = known {
        return *refusal;
    }
    let mut confirmation = shared.confirmation.subscribe();
    let hold = *lock(&shared.long_poll);
    let answered = confirmation.wait_for(|state| *state != EnrolmentState::Pending);
    let state = match tokio::time::timeout(hold, answered).await {
        Ok(state) => *state.unwrap(),
        Err(_) => EnrolmentState::Pending,
    };
    axum::Json(WaitAnswer { state }).into_response()
}

async fn nonce(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    flat((|| {
        prove(&shared, &headers, ("POST", paths::NONCE), &body, None, None)?;
        let nonce = format!("nonce-{}", shared.count.fetch_add(1, Ordering::Relaxed));
        lock(&shared.nonces).insert(nonce.clone());
        Ok(axum::Json(NonceAnswer { nonce }).into_response())
    })())
}

async fn channel(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let nonces: Vec<String> = lock(&shared.nonces).iter().cloned().collect();
    let good = nonces.into_iter().find(|nonce| {
        let call = ("GET", paths::CHANNEL);
        prove(&shared, &headers, call, b"", Some(nonce), None).is_ok()
    });
    let Some(nonce) = good else { return StatusCode::UNAUTHORIZED.into_response() };
    lock(&shared.nonces).remove(&nonce);
    // Before the agent knows that the channel is open: nothing that is pushed then may be lost.
    let push = shared.push.subscribe();
    upgrade.on_upgrade(move |socket| converse(socket, shared, push))
}

async fn converse(mut socket: WebSocket, shared: Arc<Shared>, mut push: broadcast::Receiver<Push>) {
    shared.channels.send_modify(|open| *open += 1);
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    match AgentMessage::parse(&text).unwrap() {
                        AgentMessage::Holds { ids } => {
                            shared.held.send_replace(ids);
                        }
                        message => {
                            let _ = shared.said.send(message);
                        }
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
            push = push.recv() => {
                let sent = match push.unwrap() {
                    Push::Text(text) => socket.send(Message::text(text)).await,
                    Push::Binary(bytes) => socket.send(Message::binary(bytes)).await,
                    Push::Close => break,
                };
                if sent.is_err() {
                    break;
                }
            }
        }
    }
    shared.channels.send_modify(|open| *open -= 1);
}

async fn claim(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = flat((|| {
        let request: ClaimRequest = json(&body)?;
        prove(&shared, &headers, ("POST", paths::CLAIM), &body, None, None)?;
        let answer = lock(&shared.requests).remove(&request.ticket);
        answer.ok_or_else(|| Box::new(StatusCode::GONE.into_response()))
    })());
    shared.claims.send_modify(|claims| *claims += 1);
    let _ = shared.answers_claims.subscribe().wait_for(|answers| *answers).await;
    answer
}

async fn result(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    flat((|| {
        let request: ResultRequest = json(&body)?;
        prove(&shared, &headers, ("POST", paths::RESULT), &body, None, None)?;
        let _ = shared.outcomes.send((request.ticket, request.outcome));
        if let Some(status) = *lock(&shared.says_to_results) {
            return Err(Box::new(status.into_response()));
        }
        Ok(axum::Json(ResultAnswer::Accepted).into_response())
    })())
}

/// Whatever else an agent might be talked into calling.
async fn stray(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    shared.stray_calls.fetch_add(1, Ordering::Relaxed);
    let location = [(header::LOCATION, uri.to_string())];
    (StatusCode::NOT_FOUND, location).into_response()
}
