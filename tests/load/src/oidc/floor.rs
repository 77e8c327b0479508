//! What nobody can do without: HTTP by the server's own library on the server's core, and one signature
//! for each answer. No parameters, no tenant, no secret, no row, no line in a log.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use load::{Port, Wrapper, report};
use tokio::net::TcpListener;

use super::application::Application;
use super::child::Child;
use super::crowd::{Cost, Crowd};
use super::uses::Same;
use super::wire::Site;
use crate::Failure;

/// Where it answers.
const PATH: &str = "/";

/// Header and payload of an access token, as long as ours.
const SIGNED: [u8; 560] = [b'a'; 560];

/// The process that serves it.
#[derive(Debug)]
pub(crate) struct Floor {
    child: Child,
    crowd: Crowd,
}

impl Floor {
    /// Starts this program once more, and connects to it.
    pub(crate) async fn start(pinned: &Wrapper, connections: usize) -> Result<Self, Failure> {
        let port = Port::claim()?;
        let own: PathBuf = std::env::current_exe()?;
        let own = own.to_str().ok_or("a program whose path is no text")?;
        let arguments = [own, "floor", &port.number().to_string()];
        let (child, _) = Child::start("the floor", pinned, &arguments).await?;
        let host = format!("127.0.0.1:{}", port.number());
        let site = Site { address: port.address(), host };
        let crowd = Crowd::gather(site, child.id()?, connections).await?;
        Ok(Self { child, crowd })
    }

    /// The same request as for a client credentials grant, as often as it is answered.
    pub(crate) async fn measure(
        &mut self,
        application: &Application,
        time: Duration,
    ) -> Result<Cost, Failure> {
        let site = &self.crowd.site;
        let ask = |_| Same::grant(site, PATH, application);
        let askers = (0..self.crowd.size()).map(ask).collect();
        Ok(self.crowd.ask(askers, Some(time)).await?.1)
    }

    pub(crate) async fn stop(self) -> Result<(), Failure> {
        self.child.stop().await
    }
}

/// Serves it, until it is killed.
pub(crate) async fn serve(port: u16) -> Result<(), Failure> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let key = Arc::new(key.map_err(|_| "the engine refuses to make a key")?);
    let answers = move |_: Bytes| {
        let key = Arc::clone(&key);
        async move { answer(&key) }
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    report::line("ready", "");
    Ok(axum::serve(listener, Router::new().route(PATH, post(answers))).await?)
}

fn answer(key: &EcdsaKeyPair) -> Response {
    let Ok(signature) = key.sign(&SystemRandom::new(), &SIGNED) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let signed = String::from_utf8_lossy(&SIGNED);
    let signature = URL_SAFE_NO_PAD.encode(signature);
    let body = format!("{{\"access_token\":\"{signed}.{signature}\"}}");
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}
