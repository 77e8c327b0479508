//! Every page in every state, served as the server would.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use server::pages::{self, Sample};
use tokio::task::JoinHandle;

/// What the pages allow themselves on the server; nothing more here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

/// A server of all samples.
#[derive(Debug)]
pub struct Samples {
    names: Vec<String>,
    origin: String,
    server: JoinHandle<()>,
}

impl Samples {
    /// Serves them on a free port of loopback.
    ///
    /// # Panics
    ///
    /// When it cannot.
    pub async fn serve() -> Self {
        let samples = pages::samples().expect("samples");
        let names = samples.iter().map(|sample| sample.name.clone()).collect();
        let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.await.expect("a socket");
        let port = listener.local_addr().expect("its address").port();
        let router = Router::new()
            .route("/sample/{name}", get(page))
            .route("/static/{hash}/{name}", get(file))
            .with_state(Arc::new(samples));
        let serve = axum::serve(listener, router);
        let server = tokio::spawn(async move { serve.await.expect("serving") });
        Self { names, origin: format!("http://localhost:{port}"), server }
    }

    /// Their names, such as `card-choose`.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Where one is.
    pub fn url(&self, name: &str) -> String {
        format!("{}/sample/{name}", self.origin)
    }
}

impl Drop for Samples {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn page(State(samples): State<Arc<Vec<Sample>>>, Path(name): Path<String>) -> Response {
    let sample = samples.iter().find(|sample| sample.name == name);
    let html = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];
    sample.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |sample| (html, sample.html.clone()).into_response(),
    )
}

async fn file(Path((_, name)): Path<(String, String)>) -> Response {
    pages::asset(&name).map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |(bytes, kind)| ([(CONTENT_TYPE, kind)], bytes).into_response(),
    )
}
