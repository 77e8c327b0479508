use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use load::{Directory, Installation, Port, Program, Taps, Wrapper};

use crate::judge::{Violation, judge};
use crate::story::{ByLink, InBrowser, Story, is_gone};
use crate::{Evidence, Failure};

/// So many sweep at the same time.
const PARALLEL: usize = 2;

/// How far a sweep is.
#[derive(Default)]
struct Progress {
    number: AtomicUsize,
    complete: AtomicBool,
}

/// What one worker found, and the run that completed if it was its own.
type Worked = (Vec<(usize, Outcome)>, Option<(usize, Threads)>);

/// One thread does all the work, so that "the n-th call" is the same one each time: strace counts
/// the calls of each thread apart.
const ENVIRONMENT: &[(&str, &str)] = &[("TOKIO_WORKER_THREADS", "1")];

/// The system calls before which the server is killed, each in a sweep of its own: strace counts
/// the calls of each name apart too.
pub const SYNCS: &[&str] = &["fdatasync", "fsync"];

/// The same for those that send to a browser, to the provider, or to the database.
pub const SENDS: &[&str] = &["sendto", "sendmsg", "writev"];

/// What became of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Killed before it served.
    KilledAtStart,
    /// Killed in the flow, when the client had been told of so many sessions.
    Killed {
        /// Sessions that the client had been told of.
        acknowledged: u32,
        /// Whether what was under way had come to its end, or came to it when the server was back.
        went_on: bool,
    },
    /// The flow completed: no thread made so many calls.
    Completed,
}

/// How many calls each thread of one run made, the busiest first.
pub type Threads = Vec<usize>;

/// Kills before one system call in one story, on one kind of database.
pub struct Sweep<S> {
    cardea: PathBuf,
    directory: Directory,
    /// Copied for each run; on PostgreSQL each run makes its own.
    template: Option<Installation>,
    story: S,
    call: &'static str,
}

impl Sweep<InBrowser> {
    /// Prepares a first sign-in in a browser and a second one, on SQLite or on PostgreSQL.
    ///
    /// # Errors
    ///
    /// When the stand-in or the database does not start.
    pub async fn prepare(
        cardea: PathBuf,
        call: &'static str,
        postgres: bool,
    ) -> Result<Self, Failure> {
        let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let directory = Directory::register().await?;
        let template =
            if postgres { None } else { Some(Installation::prepare(&directory, None).await?) };
        Ok(Self { cardea, directory, template, story: InBrowser::new(), call })
    }
}

impl Sweep<ByLink> {
    /// Prepares a sign-in by a link, on SQLite: card and computer are made known to an undisturbed
    /// server.
    ///
    /// # Errors
    ///
    /// When the stand-in does not start, or they are not made known.
    pub async fn by_link(cardea: PathBuf, call: &'static str) -> Result<Self, Failure> {
        let Sweep { cardea, directory, template, .. } = Sweep::prepare(cardea, call, false).await?;
        let mut sweep = Self { cardea, directory, template, story: ByLink::new()?, call };
        let port = sweep.port()?;
        let template = sweep.template.as_ref().ok_or("no template")?;
        let server = serving(&sweep.cardea, template, &port).await?;
        sweep.story.prepare(&port).await?;
        server.stop().await?;
        Ok(sweep)
    }

    /// Kills between the card's answer and the browser's return: whether the sign-in went on.
    ///
    /// # Errors
    ///
    /// Where something does not hold.
    pub async fn killed_while_an_answer_waits(self) -> Result<bool, Failure> {
        let (port, installation, mut story) =
            (self.port()?, self.installation().await?, self.story.again());
        let mut server = serving(&self.cardea, &installation, &port).await?;
        story.answer(&port).await?;
        server.kill()?;
        server.ended().await?;
        self.afterwards(&installation, &port, &mut story).await
    }
}

impl<S: Story> Sweep<S> {
    /// Kills before the first call, before the second, and so on until a run completes; two at a
    /// time. Gives the outcomes by number, and what the run that completed did.
    ///
    /// # Errors
    ///
    /// At the first call where something does not hold.
    pub async fn run(self) -> Result<(Vec<(usize, Outcome)>, Threads), Failure> {
        let next = Arc::new(Progress::default());
        let sweep = Arc::new(self);
        let workers: Vec<_> = (0..PARALLEL)
            .map(|_| {
                let (sweep, next) = (Arc::clone(&sweep), Arc::clone(&next));
                tokio::spawn(async move { sweep.work(&next).await })
            })
            .collect();
        let (mut outcomes, mut completed) = (Vec::new(), Vec::new());
        for worker in workers {
            let (some, threads) = worker.await??;
            outcomes.extend(some);
            completed.extend(threads);
        }
        outcomes.sort_by_key(|(number, _)| *number);
        completed.sort_by_key(|(number, _)| *number);
        let (_, threads) = completed.into_iter().next().ok_or("no run completed")?;
        Ok((outcomes, threads))
    }

    async fn work(&self, next: &Progress) -> Result<Worked, Failure> {
        let port = self.port()?;
        let (mut outcomes, mut completed) = (Vec::new(), None);
        while completed.is_none() && !next.complete.load(Ordering::Acquire) {
            let number = next.number.fetch_add(1, Ordering::AcqRel).saturating_add(1);
            let ran = self.at(number, &port).await;
            let (outcome, threads) =
                ran.map_err(|error| format!("{} {number}: {error}", self.call))?;
            if outcome == Outcome::Completed {
                next.complete.store(true, Ordering::Release);
                completed = Some((number, threads));
            }
            outcomes.push((number, outcome));
        }
        Ok((outcomes, completed))
    }

    /// Kills before the n-th call, starts again, judges, and lets the story go on.
    async fn at(&self, number: usize, port: &Port) -> Result<(Outcome, Threads), Failure> {
        let installation = self.installation().await?;
        let inject = format!("inject={}:signal=SIGKILL:when={number}", self.call);
        let log = installation.folder().join("calls");
        let tracer = self.tracer(&["-o", &log.display().to_string(), "-e", &inject]);
        let mut story = self.story.again();
        let mut server = Program::start(&self.cardea, &installation, port, &tracer, ENVIRONMENT)?;
        let mut outcome = if server.serves().await {
            match story.go(port).await {
                Ok(()) => Outcome::Completed,
                Err(failure) if is_gone(&failure) => {
                    Outcome::Killed { acknowledged: story.taps().acknowledged, went_on: false }
                }
                Err(other) => return Err(other),
            }
        } else {
            Outcome::KilledAtStart
        };
        if outcome == Outcome::Completed {
            server.kill()?;
        }
        server.ended().await?;
        drop(server);
        let threads = self.threads(&std::fs::read_to_string(log)?);
        let ended = self.afterwards(&installation, port, &mut story).await?;
        if let Outcome::Killed { went_on, .. } = &mut outcome {
            *went_on = ended;
        }
        Ok((outcome, threads))
    }

    async fn afterwards(
        &self,
        installation: &Installation,
        port: &Port,
        story: &mut S,
    ) -> Result<bool, Failure> {
        let server = serving(&self.cardea, installation, port).await?;
        holds(installation, story.taps()).await?;
        let went_on = story.go_on(port).await?;
        holds(installation, story.taps()).await?;
        server.stop().await?;
        Ok(went_on)
    }

    async fn installation(&self) -> Result<Installation, Failure> {
        if let Some(template) = &self.template {
            return template.copy();
        }
        let database = test_postgres::server().database();
        Installation::prepare(&self.directory, Some(database)).await
    }

    fn port(&self) -> Result<Port, Failure> {
        let port = Port::claim()?;
        self.directory.admit(&port)?;
        Ok(port)
    }

    /// How many calls each thread made, by strace's log: a thread's number begins each line.
    fn threads(&self, log: &str) -> Threads {
        let name = format!("{}(", self.call);
        let mut threads = BTreeMap::<&str, usize>::new();
        for line in log.lines() {
            let mut words = line.split_whitespace();
            let (Some(thread), Some(call)) = (words.next(), words.next()) else { continue };
            if call.starts_with(&name) {
                let count = threads.entry(thread).or_default();
                *count = count.saturating_add(1);
            }
        }
        let mut counts: Threads = threads.into_values().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts
    }

    /// Without `--seccomp-bpf`: with it strace 6.1 counts no calls beyond the first.
    fn tracer(&self, arguments: &[&str]) -> Wrapper {
        let trace = format!("trace={}", self.call);
        let all = ["strace", "-f", "-qq", "-e", &trace, "-e", "signal=none"];
        Wrapper(all.iter().chain(arguments).map(|word| (*word).to_owned()).collect())
    }
}

async fn holds(installation: &Installation, taps: &Taps) -> Result<(), Failure> {
    let violations: Vec<Violation> = judge(&Evidence::read(installation).await?, taps);
    if violations.is_empty() { Ok(()) } else { Err(format!("{violations:?}").into()) }
}

/// A server that nobody disturbs.
async fn serving(
    cardea: &Path,
    installation: &Installation,
    port: &Port,
) -> Result<Program, Failure> {
    let plain = Wrapper::default();
    let mut server = Program::start(cardea, installation, port, &plain, ENVIRONMENT)?;
    if server.serves().await {
        return Ok(server);
    }
    Err(format!("does not start: {}", server.last_words()).into())
}
