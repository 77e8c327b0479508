//! What the agent adds to a ceremony as somebody waits for it: from the ticket to the outcome, less the time
//! in which it waits for the card, for the person's dialogs and for the server. What the system takes to
//! wake its threads is in it, so no bound is set here: see [`crate::own_time`].

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use authenticator::{CeremonyLink, Control, CtapLink, LinkError, Unshared};
use cardea_agent::{Agent, Arrival, Board, DeviceSource};
use e2e::World;
use firmware_sim::{Config, SimLink, Simulator};
use load::clock;
use load::report::{Sample, line};
use tokio::runtime::{Builder, Runtime};
use tracing::Subscriber;
use tracing::span::{Attributes, Id};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::Failure;
use crate::desk::{agent, set_up, sign_in, soon};

/// How often we look whether the agent is done.
const LOOK: Duration = Duration::from_millis(2);
/// The spans in which the agent works on a ticket.
const WORK: [&str; 2] = ["ceremony", "tell"];
/// Those in which it waits for somebody else; and the card, which we ask ourselves.
const WAITS: [&str; 2] = ["call", "dialog"];

type Span = (Instant, Instant);

/// What was worked on, and what was waited for.
#[derive(Clone, Default)]
struct Times(Arc<Mutex<(Vec<Span>, Vec<Span>)>>);

impl Times {
    fn lock(&self) -> MutexGuard<'_, (Vec<Span>, Vec<Span>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, name: &str, span: Span) {
        let mut times = self.lock();
        if WORK.contains(&name) {
            times.0.push(span);
        } else if WAITS.contains(&name) {
            times.1.push(span);
        }
    }

    /// What of the work was no wait, since this was asked before.
    fn own(&self) -> Duration {
        let (work, waits) = std::mem::take(&mut *self.lock());
        let all: Duration = work.iter().map(|(from, to)| to.duration_since(*from)).sum();
        let within = |work: &Span| covered(&waits, *work);
        all.saturating_sub(work.iter().map(within).sum())
    }

    fn is_complete(&self) -> bool {
        self.lock().0.len() == WORK.len()
    }
}

/// How much of `whole` is in one of `spans`, each moment counted once.
fn covered(spans: &[Span], (mut from, to): Span) -> Duration {
    let mut spans = spans.to_vec();
    spans.sort_unstable();
    let mut covered = Duration::ZERO;
    for (begun, ended) in spans {
        let (begun, ended) = (begun.max(from), ended.min(to));
        covered = covered.saturating_add(ended.saturating_duration_since(begun));
        from = from.max(ended);
    }
    covered
}

/// Since when a span is.
struct Begun(Instant);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Times {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Begun(clock::now()));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let now = clock::now();
        if let Some(span) = context.span(&id)
            && let Some(Begun(begun)) = span.extensions().get::<Begun>()
        {
            self.note(span.name(), (*begun, now));
        }
    }
}

/// The card of a desk: its calls are waits.
struct Timed {
    link: SimLink,
    times: Times,
}

impl CtapLink for Timed {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        let begun = clock::now();
        let answer = self.link.call(request, control);
        self.times.note("call", (begun, clock::now()));
        answer
    }
}

/// A reader with that card, which lies there.
struct Reader {
    card: Arc<Simulator>,
    times: Times,
}

impl DeviceSource for Reader {
    fn start(self: Box<Self>, board: Board) -> std::io::Result<Box<dyn Send>> {
        let Self { card, times } = *self;
        let open = move || {
            let link = Timed { link: card.link(), times: times.clone() };
            let link: Box<dyn CeremonyLink> = Box::new(Unshared(link));
            Ok(link)
        };
        board.arrived("reader".into(), Arrival::Before, Arc::new(open));
        Ok(Box::new(()))
    }
}

/// A runtime as the agent has one of its own: the server's work does not stand in its way.
struct Process(Option<Runtime>);

impl Process {
    fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.map(|runtime| Self(Some(runtime)))
    }

    fn agent(&self, folder: &Path, reader: Box<Reader>) -> Result<Agent, Failure> {
        let _inside = self.0.as_ref().map(Runtime::enter);
        agent(folder, reader)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody waits for it in a runtime that must not wait.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) async fn measure(count: u32) -> Result<(), Failure> {
    let times = Times::default();
    let of_agent = filter_fn(|of| of.is_span() && of.target().starts_with("cardea_agent"));
    tracing_subscriber::registry().with(times.clone().with_filter(of_agent)).try_init()?;
    let (world, folder) = (World::with_room_for_many().await, tempfile::tempdir()?);
    let (process, card) = (Process::start()?, Arc::new(Simulator::start(Config::seeded(5))?));
    let reader = || Box::new(Reader { card: Arc::clone(&card), times: times.clone() });
    let mut browser = set_up(&world, &process.agent(folder.path(), reader())?).await?;
    let mut own = Vec::new();
    for _ in 0..count {
        let agent = process.agent(folder.path(), reader())?;
        soon("the agent connects", agent.connected()).await?;
        times.own();
        sign_in(&world, &mut browser).await?;
        // The page may know before the agent knows that the server has it. Whoever looked without a rest
        // would take the agent's core.
        soon("the agent has told", async {
            while !times.is_complete() {
                tokio::time::sleep(LOOK).await;
            }
        })
        .await?;
        own.push(times.own());
    }
    line("agent's part, with wake-ups", Sample::of(own).p50_and_p99());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_at_the_same_time_count_once_and_those_outside_not_at_all() {
        let start = clock::now();
        let at = |ms: u64| start.checked_add(Duration::from_millis(ms)).unwrap();
        let waits = [
            (at(30), at(40)),
            (at(0), at(12)),
            (at(35), at(45)),
            (at(36), at(38)),
            (at(90), at(120)),
        ];
        assert_eq!(covered(&waits, (at(10), at(100))), Duration::from_millis(2 + 15 + 10));
    }
}
