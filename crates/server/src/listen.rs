//! The listening socket: how many connections there are, who may come, and for how long.

mod busy;
mod connections;
mod door;
mod files;
mod held;
mod http1;
mod silence;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::middleware::from_fn_with_state;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server, from_tcp};
use hyper_util::rt::TokioTimer;

use crate::app::{App, router};
use connections::Connections;
use door::Doorkeeper;
use http1::Http1;

pub(crate) use files::raise as raise_open_files;

/// How long no byte may move on a connection. What lives long says something more often than that:
/// events to a page every quarter of it, pings of an agent twice ([`agent_protocol::limits::PING`]),
/// and a long poll is over sooner.
const SILENCE: Duration = Duration::from_secs(60);

/// Serves plain HTTP on `listener`, as `cardea serve` does, until the future is dropped.
///
/// # Errors
///
/// When the listener cannot be used.
pub async fn serve(app: &App, listener: TcpListener) -> io::Result<()> {
    serve_within(app, listener, SILENCE).await
}

/// The same where connections end after another silence than a minute, for who cannot wait so long.
///
/// # Errors
///
/// When the listener cannot be used.
pub async fn serve_within(app: &App, listener: TcpListener, silence: Duration) -> io::Result<()> {
    open(app, listener, Handle::new(), silence).await
}

/// Serves plain HTTP until `handle` says that it is enough.
pub(crate) async fn plain(
    app: &App,
    listener: TcpListener,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    open(app, listener, handle, SILENCE).await
}

async fn open(
    app: &App,
    listener: TcpListener,
    handle: Handle<SocketAddr>,
    silence: Duration,
) -> io::Result<()> {
    let inner = Doorkeeper::of(app, silence);
    let service = service(app, inner.connections());
    let acceptor = Http1 { app: app.clone(), inner };
    let server = from_tcp(listener)?.handle(handle).acceptor(acceptor);
    within(server, app.config.limits.request()).serve(service).await
}

/// Serves HTTPS until `handle` says that it is enough.
pub(crate) async fn encrypted(
    app: &App,
    listener: TcpListener,
    tls: RustlsConfig,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    http1::offered(&tls);
    let request = app.config.limits.request();
    let tls = RustlsAcceptor::new(tls).handshake_timeout(request);
    let doorkeeper = Doorkeeper::of(app, SILENCE);
    let service = service(app, doorkeeper.connections());
    let acceptor = Http1 { app: app.clone(), inner: tls.acceptor(doorkeeper) };
    let server = from_tcp(listener)?.handle(handle).acceptor(acceptor);
    within(server, request).serve(service).await
}

/// The routes, which learn from whom each connection comes.
fn service(
    app: &App,
    connections: &Connections,
) -> IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
    let marked = router(app).layer(from_fn_with_state(connections.clone(), busy::mark));
    marked.into_make_service_with_connect_info()
}

/// Gives each head of a request a deadline, and the first one from the moment of the connection:
/// before its first bytes it is not known which HTTP it is, and no other deadline runs.
fn within<A>(mut server: Server<SocketAddr, A>, request: Duration) -> Server<SocketAddr, A> {
    let http1 = &mut server.http_builder().http1();
    http1.timer(TokioTimer::new()).header_read_timeout(request);
    server.first_request_timeout(request)
}
