use std::net::SocketAddr;
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use crate::app::App;
use crate::config::{Config, Tls};
use crate::listen;

/// How long requests under way may take after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);

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
    listen::raise_open_files();
    let (at, tls) = (config.listen, config.tls.clone());
    let url = config.url.clone();
    let app = crate::start::open(config).await?;
    tokio::spawn(crate::sweep::now_and_then(app.clone()));
    tokio::spawn(crate::logout_notices::tell_as_they_come(app.clone()));
    tokio::spawn(crate::authorities::fetch::now_and_then(app.clone()));
    tokio::spawn(crate::trail::tell_now_and_then(app.clone()));
    let listener = std::net::TcpListener::bind(at);
    let listener = listener.map_err(|error| format!("cannot listen on {at}: {error}"))?;
    let tls = match tls {
        Some(tls) => Some(certificate(&tls).await?),
        None => None,
    };
    let handle = axum_server::Handle::new();
    tokio::spawn(stop(app.clone(), handle.clone()));
    tracing::info!(%url, listen = %at, "cardea serves");
    let served = match tls {
        Some(tls) => listen::encrypted(&app, listener, tls, handle).await,
        None => listen::plain(&app, listener, handle).await,
    };
    crate::trail::tell(&app).await;
    if let Ok(closed) = tokio::time::timeout(DRAIN, app.store().close()).await {
        closed?;
    } else {
        tracing::warn!("the database did not close in time; left as it is");
    }
    Ok(served?)
}

async fn certificate(tls: &Tls) -> Result<RustlsConfig, Failure> {
    let files = RustlsConfig::from_pem_file(&tls.certificate, &tls.key).await;
    files.map_err(|error| {
        let (certificate, key) = (tls.certificate.display(), tls.key.display());
        format!("cannot use the certificate {certificate} with the key {key}: {error}").into()
    })
}

/// Waits for the signal to stop, then lets requests under way end.
async fn stop(app: App, handle: axum_server::Handle<SocketAddr>) {
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
    // They would go on for as long as their logins, and so use up the whole time.
    app.pages.close();
    app.tabs.close();
}
