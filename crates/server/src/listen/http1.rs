//! HTTP/1.1 and nothing else. With HTTP/2 a stranger holds many unfinished requests, and many
//! answers that nobody reads, on one connection that never is silent; pages as small as ours gain
//! nothing by it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum_server::accept::Accept;
use axum_server::tls_rustls::RustlsConfig;
use futures_util::TryFutureExt;
use futures_util::future::BoxFuture;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::app::App;

/// How an HTTP/2 connection begins that nobody has agreed on (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// Offers HTTP/1.1 alone (ALPN, RFC 7301).
pub(super) fn offered(tls: &RustlsConfig) {
    let mut config = ServerConfig::clone(&tls.get_inner());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    tls.reload_from_config(Arc::new(config));
}

/// Ends connections that begin in HTTP/2 all the same.
///
/// It is here and not in the server's builder, which takes an HTTP/1.1 that is forced for one
/// without upgrades, and then there are no `WebSocket`s.
#[derive(Clone)]
pub(super) struct Http1<A> {
    pub(super) app: App,
    pub(super) inner: A,
}

impl<A, I, S> Accept<I, S> for Http1<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = Spoken<A::Stream>;
    type Service = A::Service;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let app = self.app.clone();
        let accepted = self.inner.accept(stream, service);
        Box::pin(
            accepted.map_ok(|(stream, service)| {
                (Spoken { stream, app, preface: Some(PREFACE) }, service)
            }),
        )
    }
}

/// A stream on which HTTP/1.1 is spoken.
pub(super) struct Spoken<S> {
    stream: S,
    app: App,
    /// What is missing of the preface; `None` once something else came.
    preface: Option<&'static [u8]>,
}

impl<S> Spoken<S> {
    fn check(&mut self, came: &[u8]) -> io::Result<()> {
        let Some(missing) = self.preface else { return Ok(()) };
        if came.starts_with(missing) {
            let kind = "refused HTTP/2";
            self.app.quiet.once(kind, None, || {
                tracing::warn!("{kind}: only HTTP/1.1 is served, also to proxies");
            });
            return Err(io::Error::new(io::ErrorKind::Unsupported, kind));
        }
        self.preface = missing.strip_prefix(came);
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Spoken<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let spoken = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut spoken.stream).poll_read(context, buffer))?;
        let checked = spoken.check(buffer.filled().get(before..).unwrap_or_default());
        if checked.is_err() {
            // Where a read fails, nothing was read.
            buffer.set_filled(before);
        }
        Poll::Ready(checked)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Spoken<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use rustls::crypto::aws_lc_rs::default_provider;
    use rustls::server::ResolvesServerCertUsingSni;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::test_app::test_app;

    #[tokio::test]
    async fn a_preface_is_known_in_however_many_parts_it_comes() {
        let (app, _data) = test_app().await;
        for size in [1, 5, PREFACE.len()] {
            for (sent, kind) in
                [(PREFACE, Some(io::ErrorKind::Unsupported)), (b"PRI * HTTP/1.1", None)]
            {
                // No more than so much at a time comes through.
                let (mut peer, stream) = duplex(size);
                let mut spoken = Spoken { stream, app: app.clone(), preface: Some(PREFACE) };
                let mut came = Vec::new();
                let send = async move { peer.write_all(sent).await };
                let (_, read) = tokio::join!(send, spoken.read_to_end(&mut came));
                assert_eq!(read.err().map(|error| error.kind()), kind, "{size}: {came:?}");
            }
        }
    }

    #[test]
    fn tls_offers_http_1_alone() {
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let mut config = config.with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new()));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let tls = RustlsConfig::from_config(Arc::new(config));
        offered(&tls);
        assert_eq!(tls.get_inner().alpn_protocols, [b"http/1.1"]);
    }
}
