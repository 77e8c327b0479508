use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// How long no byte has moved, in either direction.
pub(super) struct Silence {
    most: Duration,
    since: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl Silence {
    /// From now on, and at most so long.
    pub(super) fn of_at_most(most: Duration) -> Self {
        Self { most, since: Instant::now(), alarm: Box::pin(sleep(most)) }
    }

    /// Bytes have moved. The alarm stays where it is: to set it for each packet would cost more than
    /// to look once, when it goes off.
    pub(super) fn broken(&mut self) {
        self.since = Instant::now();
    }

    /// What was polled, or the end, when it waits and nothing has moved for too long.
    pub(super) fn ends<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        match polled {
            Poll::Pending => self.too_long(context).map(Err),
            Poll::Ready(ready) => Poll::Ready(ready),
        }
    }

    fn too_long(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.alarm.as_mut().poll(context));
            let left = self.most.saturating_sub(self.since.elapsed());
            if left.is_zero() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.alarm.set(sleep(left));
        }
    }
}
