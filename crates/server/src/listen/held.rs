use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::silence::Silence;

/// A stream that holds something as long as it lives, also where a WebSocket takes it over. It
/// lives as long as bytes move: whoever says nothing and reads nothing keeps no place. And it ends
/// when what it holds is taken from it.
pub(super) struct Held<S, P> {
    stream: S,
    silence: Silence,
    place: P,
}

/// What a stream may hold.
pub(super) trait Holding: Unpin {
    /// Bytes have moved.
    fn moves(&self);

    /// Whether it was taken from the stream; if not, the task is woken when it is.
    fn is_taken(&self, context: &Context<'_>) -> bool;
}

impl<S, P> Held<S, P> {
    pub(super) fn new(stream: S, held: P, silence: Duration) -> Self {
        Self { stream, silence: Silence::of_at_most(silence), place: held }
    }
}

impl<S: Unpin, P: Holding> Held<S, P> {
    fn stream(&mut self) -> Pin<&mut S> {
        Pin::new(&mut self.stream)
    }

    fn moves(&mut self) {
        self.silence.broken();
        self.place.moves();
    }

    /// What was polled, or the end.
    fn ends<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_pending() && self.place.is_taken(context) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        self.silence.ends(polled, context)
    }

    fn written(
        &mut self,
        polled: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if matches!(polled, Poll::Ready(Ok(1..))) {
            self.moves();
        }
        self.ends(polled, context)
    }
}

impl<S: AsyncRead + Unpin, P: Holding> AsyncRead for Held<S, P> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let held = self.get_mut();
        let before = buffer.filled().len();
        let polled = held.stream().poll_read(context, buffer);
        if buffer.filled().len() > before {
            held.moves();
        }
        held.ends(polled, context)
    }
}

/// Only writing moves bytes; flushing and shutting down are ready also where nobody reads.
impl<S: AsyncWrite + Unpin, P: Holding> AsyncWrite for Held<S, P> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let held = self.get_mut();
        let polled = held.stream().poll_write(context, bytes);
        held.written(polled, context)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let held = self.get_mut();
        let polled = held.stream().poll_flush(context);
        held.ends(polled, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let held = self.get_mut();
        let polled = held.stream().poll_shutdown(context);
        held.ends(polled, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let held = self.get_mut();
        let polled = held.stream().poll_write_vectored(context, slices);
        held.written(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::timeout;

    use super::*;

    /// Nobody takes it.
    impl Holding for () {
        fn moves(&self) {}

        fn is_taken(&self, _context: &Context<'_>) -> bool {
            false
        }
    }

    const SHORT: Duration = Duration::from_millis(50);

    /// A stream that is held for longer is held for good.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_stream_on_which_nothing_comes_ends() {
        let (_peer, stream) = duplex(8);
        let mut held = Held::new(stream, (), SHORT);
        let read = timeout(PATIENCE, held.read(&mut [0; 8])).await.expect("an end");
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_stream_from_which_nobody_reads_ends() {
        let (_peer, stream) = duplex(8);
        let mut held = Held::new(stream, (), SHORT);
        let written = timeout(PATIENCE, held.write_all(&[0; 9])).await.expect("an end");
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn what_moves_in_one_direction_keeps_the_other_open() {
        const BYTES: usize = 10;
        let (peer, stream) = duplex(1);
        let held = Held::new(stream, (), SHORT.saturating_mul(4));
        let (mut reads, mut writes) = tokio::io::split(held);
        let (mut from, _to) = tokio::io::split(peer);
        let mut pace = tokio::time::interval(SHORT);
        let moving = async {
            for _ in 0..BYTES {
                pace.tick().await;
                writes.write_all(b"x").await.unwrap();
                from.read_exact(&mut [0]).await.unwrap();
            }
        };
        let mut nothing = [0];
        let waiting = reads.read(&mut nothing);
        tokio::select! {
            // On a busy machine all alarms may go off late and at once: bytes move first.
            biased;
            () = moving => {}
            ended = waiting => panic!("{ended:?}"),
        }
    }
}
