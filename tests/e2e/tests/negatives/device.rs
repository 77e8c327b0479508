//! An agent's side of the protocol, by hand: every part of a call can be made wrong before it is
//! signed.

use std::time::{SystemTime, UNIX_EPOCH};

use agent_protocol::{PROOF_HEADER, SigningKey, paths};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::{Answer, Browser, Way, World};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

const JSON: &str = "application/json";

/// A device with a key of its own.
pub(crate) struct Device {
    pair: EcdsaKeyPair,
    key: SigningKey,
    way: Way,
    /// Behind a trusted proxy: the address from which it calls and opens its channel.
    pub(crate) at: Option<&'static str>,
    opened_with: Option<Signed>,
    socket: Option<WebSocketStream<MaybeTlsStream<TcpStream>>>,
}

/// A call before it is signed.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) path: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

/// A call as it goes over the wire.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) path: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) proof: String,
    pub(crate) at: Option<&'static str>,
}

impl Device {
    pub(crate) fn of(way: Way) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = SigningKey::from_pkcs8(pair.to_pkcs8v1().unwrap().as_ref()).unwrap();
        Self { pair, key, way, at: None, opened_with: None, socket: None }
    }

    pub(crate) fn thumbprint(&self) -> String {
        self.key.public().thumbprint().as_str().to_owned()
    }

    /// A call with nothing wrong.
    pub(crate) fn call(&self, world: &World, path: &'static str, body: &Value) -> Call {
        let body = body.to_string().into_bytes();
        let mut jti = [0; 16];
        aws_lc_rs::rand::fill(&mut jti).unwrap();
        let claims = json!({
            "htm": "POST", "htu": format!("{}{path}", world.origin), "iat": now(),
            "jti": b64(&jti), "bh": b64(digest(&SHA256, &body).as_ref()),
        });
        let header = json!({ "alg": "ES256", "typ": "cardea-proof+jwt", "kid": self.thumbprint() });
        Call { path, kind: JSON, body, header, claims }
    }

    pub(crate) fn sign(&self, call: &Call) -> Signed {
        let part = |value: &Value| b64(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&call.header), part(&call.claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        let proof = format!("{signed}.{}", b64(signature.as_ref()));
        Signed { path: call.path, kind: call.kind, body: call.body.clone(), proof, at: self.at }
    }

    /// Makes a call with nothing wrong.
    pub(crate) async fn post(&self, world: &World, path: &'static str, body: &Value) -> Answer {
        self.sign(&self.call(world, path, body)).send(world).await
    }

    pub(crate) fn offer(&self, code: &str) -> Value {
        let key = serde_json::to_value(self.key.public().to_jwk()).unwrap();
        json!({ "code": code, "device_key": key, "device_name": "ward-3-pc", "os": "Linux" })
    }

    /// Offers itself to the login that waits in `browser`.
    pub(crate) async fn enrol(&self, world: &World, browser: &mut Browser) -> Answer {
        let code = code_of(self.way, browser).await;
        self.post(world, paths::ENROL, &self.offer(&code)).await
    }

    /// Enrols, and is confirmed by the browser.
    pub(crate) async fn pair(&self, world: &World, browser: &mut Browser) {
        let offer = self.enrol(world, browser).await;
        let paired = come_back(self.way, browser, &token_in(&offer)).await;
        assert_eq!(paired.title(), "ward-3-pc is paired with this browser", "after {offer:?}");
    }

    /// The proof for the channel, over a nonce of the server.
    pub(crate) async fn channel_call(&self, world: &World) -> Call {
        let nonce = self.post(world, paths::NONCE, &json!({})).await.json()["nonce"].clone();
        let mut call = self.call(world, paths::CHANNEL, &json!({}));
        call.body.clear();
        call.claims["htm"] = json!("GET");
        call.claims["bh"] = json!(b64(digest(&SHA256, b"").as_ref()));
        call.claims["nonce"] = nonce;
        call
    }

    /// Opens the channel.
    pub(crate) async fn connect(&mut self, world: &World) {
        let call = self.sign(&self.channel_call(world).await);
        let proof = call.proof.clone();
        self.opened_with = Some(call);
        let url = format!("{}{}", world.origin.replacen("http", "ws", 1), paths::CHANNEL);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert(PROOF_HEADER, proof.parse().unwrap());
        if let Some(address) = self.at {
            request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        self.socket = Some(socket);
    }

    /// Ends the channel without a word.
    pub(crate) fn hang_up(&mut self) {
        self.socket = None;
    }

    /// The call that opened the channel, as somebody overheard it.
    pub(crate) fn opened_with(&self) -> Signed {
        self.opened_with.clone().unwrap()
    }

    /// What the server says next over the channel.
    pub(crate) async fn hear(&mut self) -> Value {
        let next = self.socket.as_mut().unwrap().next();
        let next = tokio::time::timeout(std::time::Duration::from_secs(10), next).await;
        serde_json::from_str(next.unwrap().unwrap().unwrap().to_text().unwrap()).unwrap()
    }

    /// Says something over the channel.
    pub(crate) async fn say(&mut self, message: &Value) {
        let message = Message::text(message.to_string());
        self.socket.as_mut().unwrap().send(message).await.unwrap();
    }

    /// The same over a connection that may have been ended.
    pub(crate) async fn try_say(&mut self, message: &Value) -> Result<(), tungstenite::Error> {
        let message = Message::text(message.to_string());
        self.socket.as_mut().unwrap().send(message).await
    }

    /// Waits until the server has acted on all that was said: it listens to one message after the
    /// other, and answers the ping behind them.
    pub(crate) async fn heard_all(&mut self) {
        let socket = self.socket.as_mut().unwrap();
        socket.send(Message::Ping(Vec::new().into())).await.unwrap();
        let pong =
            async { while !matches!(socket.next().await.unwrap().unwrap(), Message::Pong(_)) {} };
        tokio::time::timeout(std::time::Duration::from_secs(10), pong).await.unwrap();
    }

    /// Waits until the server has ended the connection.
    pub(crate) async fn is_cut_off(&mut self) {
        let socket = self.socket.as_mut().unwrap();
        let end = async { while matches!(socket.next().await, Some(Ok(_))) {} };
        tokio::time::timeout(std::time::Duration::from_secs(10), end).await.unwrap();
    }

    /// Has `browser`, which waits at the card step and is paired, ask this device: the ticket.
    pub(crate) async fn asked_by(&mut self, browser: &mut Browser) -> Value {
        let pushed = browser.post_json(&self.way.path("login/card/agent"), &json!({})).await;
        assert_eq!(pushed.json()["state"], "pushed", "{pushed:?}");
        loop {
            let message = self.hear().await;
            if message["t"] == "ticket" {
                return message["id"].clone();
            }
        }
    }

    /// Claims a ticket: what the signed request says.
    pub(crate) async fn claim(&self, world: &World, ticket: &Value) -> Value {
        let answer = self.post(world, paths::CLAIM, &json!({ "ticket": ticket })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        claims_of(&answer)
    }
}

impl Call {
    /// The same call with another body, and a proof over it.
    pub(crate) fn with_body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.claims["bh"] = json!(b64(digest(&SHA256, body).as_ref()));
        self
    }

    /// The same call with a claim that says something else.
    pub(crate) fn with(mut self, claim: &str, value: Value) -> Self {
        self.claims[claim] = value;
        self
    }
}

impl Signed {
    pub(crate) async fn send(&self, world: &World) -> Answer {
        self.request(world).await
    }

    /// The same as a future of its own, so that several can be under way at once.
    pub(crate) fn request(&self, world: &World) -> impl Future<Output = Answer> + Send + 'static {
        let (call, browser) = (self.clone(), world.browser());
        let browser = match self.at {
            Some(address) => browser.at(address),
            None => browser,
        };
        async move { call.over(browser).await }
    }

    async fn over(&self, mut browser: Browser) -> Answer {
        let mut headers = vec![(PROOF_HEADER, self.proof.as_str())];
        let upgrade = [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ];
        let method = if self.path == paths::CHANNEL {
            headers.extend(upgrade);
            Method::GET
        } else {
            headers.push(("content-type", self.kind));
            Method::POST
        };
        let body = (method == Method::POST).then(|| self.body.clone());
        browser.send_bytes(method, self.path, body, &headers).await
    }
}

/// The return token of an offer.
pub(crate) fn token_in(offer: &Answer) -> String {
    offer.json()["return_token"].as_str().unwrap_or_else(|| panic!("{offer:?}")).to_owned()
}

/// What the page of the return step sends, in this browser.
pub(crate) async fn come_back(way: Way, browser: &mut Browser, token: &str) -> Answer {
    browser.post_form(&way.path("login/card/pair/return"), &[("token", token)]).await
}

/// A code that lets a device offer itself to the login in `browser`.
pub(crate) async fn code_of(way: Way, browser: &mut Browser) -> String {
    let code = browser.post_json(&way.path("login/card/pair"), &json!({})).await;
    assert_eq!(code.status, 200, "{code:?}");
    code.json()["code"].as_str().unwrap().replace('-', "")
}

/// The claims of the signed request in the answer to a claim.
pub(crate) fn claims_of(answer: &Answer) -> Value {
    let json = answer.json();
    let payload = json["request"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&from_b64(payload)).unwrap()
}

/// What a card is given to answer a signed request.
pub(crate) fn options_of(claims: &Value) -> Value {
    json!({ "publicKey": {
        "challenge": claims["challenge"], "rpId": claims["rpId"],
        "allowCredentials": claims["allowCredentials"],
        "userVerification": claims["userVerification"],
    }})
}

pub(crate) fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn from_b64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a proof says when it was made")]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
