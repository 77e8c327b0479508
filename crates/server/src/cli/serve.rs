use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use clap::{Args, ValueEnum};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use crate::app::{App, router};
use crate::config::{Config, Tls};

/// How long requests under way may take after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// How often expired rows are deleted.
const SWEEP: Duration = Duration::from_secs(30);

/// So many rows in one call say that there are more to delete.
const MUCH: u64 = 500;

/// So many calls a round at most: writers wait while rows are deleted.
const MOST_SWEEPS: u32 = 200;

/// How long a connection may take to send the head of a request. Without it, idle connections of a
/// stranger use up every file descriptor.
const HEAD: Duration = Duration::from_secs(10);

/// What `cardea serve` is told.
#[derive(Args)]
pub(super) struct Arguments {
    /// How log lines look.
    #[arg(long, value_enum, default_value = "text")]
    log: LogFormat,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// `cardea serve`.
pub(super) fn run(config: Config, arguments: &Arguments) -> Result<(), Failure> {
    log(arguments.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(config))
}

fn log(format: LogFormat) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("CARDEA_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.compact().with_ansi(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}

async fn serve(config: Config) -> Result<(), Failure> {
    let (listen, tls) = (config.listen, config.tls.clone());
    let url = config.url.clone();
    let app = crate::start::open(config).await?;
    tokio::spawn(sweep(app.clone()));
    let router = router(&app);
    let listener = std::net::TcpListener::bind(listen);
    let listener = listener.map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    listener.set_nonblocking(true)?;
    tracing::info!(%url, %listen, "cardea serves");
    match tls {
        None => plain(listener, router).await,
        Some(tls) => encrypted(listener, router, &tls).await,
    }
}

async fn plain(listener: std::net::TcpListener, router: Router) -> Result<(), Failure> {
    let handle = axum_server::Handle::new();
    tokio::spawn(stop(handle.clone()));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::from_tcp(listener)?.handle(handle);
    limit(server.http_builder());
    Ok(server.serve(service).await?)
}

async fn encrypted(
    listener: std::net::TcpListener,
    router: Router,
    tls: &Tls,
) -> Result<(), Failure> {
    let files = axum_server::tls_rustls::RustlsConfig::from_pem_file(&tls.certificate, &tls.key);
    let files = files.await.map_err(|error| format!("cannot read certificate or key: {error}"))?;
    let handle = axum_server::Handle::new();
    tokio::spawn(stop(handle.clone()));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::from_tcp_rustls(listener, files)?.handle(handle);
    limit(server.http_builder());
    Ok(server.serve(service).await?)
}

/// Gives heads of requests a deadline.
fn limit(builder: &mut Builder<TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
}

/// Waits for the signal to stop, then lets requests under way end.
async fn stop(handle: axum_server::Handle<SocketAddr>) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("cannot listen to signals");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    handle.graceful_shutdown(Some(DRAIN));
}

/// Deletes what has expired, now and then.
async fn sweep(app: App) {
    let mut clock = tokio::time::interval(SWEEP);
    loop {
        clock.tick().await;
        sweep_all(&app).await;
    }
}

/// One round: as long as a call finds much, there is more.
async fn sweep_all(app: &App) {
    for _ in 0..MOST_SWEEPS {
        match app.store().sweep().await {
            Ok(deleted) if deleted >= MUCH => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, "expired rows stay for now");
                return;
            }
        }
    }
}
