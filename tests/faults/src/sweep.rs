use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use load::{
    Browser, Directory, Installation, Member, Port, Program, TENANT, Taps, Trouble, Wrapper,
};

use crate::judge::{Violation, judge};
use crate::{Evidence, Failure};

/// So many sweep at the same time.
const PARALLEL: usize = 2;

/// The person of the flow; one of the stand-in's cast.
const PERSON: &str = "mia@acme.example";

/// One thread does all the work, so that "the n-th call" is the same one each time: strace counts
/// the calls of each thread apart.
const ENVIRONMENT: &[(&str, &str)] = &[("TOKIO_WORKER_THREADS", "1")];

/// Before which calls the server is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Those that wait for the disk.
    Sync,
    /// Those that send to a browser, to the provider, or to the database.
    Send,
}

impl Fault {
    fn calls(self) -> &'static str {
        match self {
            Self::Sync => "fdatasync,fsync",
            Self::Send => "sendto,sendmsg,writev",
        }
    }
}

/// What became of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Killed before it served.
    KilledAtStart,
    /// Killed in the flow, when the client had been told of so many sessions.
    Killed {
        /// Sessions that the client had been told of.
        acknowledged: u32,
    },
    /// The flow completed.
    Completed,
}

/// One kind of fault, on one kind of database.
pub struct Sweep {
    cardea: PathBuf,
    directory: Directory,
    /// Copied for each run; on PostgreSQL each run makes its own.
    template: Option<Installation>,
    fault: Fault,
}

impl Sweep {
    /// Prepares on SQLite, or on PostgreSQL.
    ///
    /// # Errors
    ///
    /// When the stand-in or the database does not start.
    pub async fn prepare(cardea: PathBuf, fault: Fault, postgres: bool) -> Result<Self, Failure> {
        let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let directory = Directory::register().await?;
        let template =
            if postgres { None } else { Some(Installation::prepare(&directory, None).await?) };
        Ok(Self { cardea, directory, template, fault })
    }

    /// How many calls there are until the flow is complete, by a run without a fault.
    ///
    /// # Errors
    ///
    /// When the flow does not complete.
    pub async fn calls(&self) -> Result<usize, Failure> {
        let (port, installation) = (self.port()?, self.installation().await?);
        let log = installation.folder().join("calls");
        let tracer = self.tracer(&["-o", &log.display().to_string()]);
        let mut server = Program::start(&self.cardea, &installation, &port, &tracer, ENVIRONMENT)?;
        if !server.serves().await {
            return Err(server.last_words().into());
        }
        let mut member = Member::new(PERSON, 1);
        flow(&mut member, &port, &mut None).await?;
        server.stop().await?;
        let calls = std::fs::read_to_string(log)?;
        let names: Vec<String> =
            self.fault.calls().split(',').map(|call| format!(" {call}(")).collect();
        let counts = |line: &&str| names.iter().any(|name| line.contains(name));
        Ok(calls.lines().filter(counts).count())
    }

    /// Runs with a kill before each of these calls, two at a time.
    ///
    /// # Errors
    ///
    /// At the first call where something does not hold.
    pub async fn run(self, calls: &[usize]) -> Result<Vec<(usize, Outcome)>, Failure> {
        let queue = Arc::new(Mutex::new(calls.iter().copied().collect::<VecDeque<_>>()));
        let sweep = Arc::new(self);
        let workers: Vec<_> = (0..PARALLEL)
            .map(|_| {
                let (sweep, queue) = (Arc::clone(&sweep), Arc::clone(&queue));
                tokio::spawn(async move { sweep.work(&queue).await })
            })
            .collect();
        let mut outcomes = Vec::new();
        for worker in workers {
            outcomes.extend(worker.await??);
        }
        outcomes.sort_by_key(|(call, _)| *call);
        Ok(outcomes)
    }

    async fn work(&self, queue: &Mutex<VecDeque<usize>>) -> Result<Vec<(usize, Outcome)>, Failure> {
        let port = self.port()?;
        let mut outcomes = Vec::new();
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(call) = next else { return Ok(outcomes) };
            let outcome = self.at(call, &port).await;
            let outcome =
                outcome.map_err(|error| format!("{:?}, call {call}: {error}", self.fault))?;
            outcomes.push((call, outcome));
        }
    }

    /// Kills before the n-th call, starts again, judges, and lets the person sign in once more.
    async fn at(&self, call: usize, port: &Port) -> Result<Outcome, Failure> {
        let installation = self.installation().await?;
        let inject = format!("inject={}:signal=SIGKILL:when={call}", self.fault.calls());
        let tracer = self.tracer(&["-o", "/dev/null", "-e", &inject]);
        let mut member = Member::new(PERSON, 1);
        let mut last = None;
        let mut server = Program::start(&self.cardea, &installation, port, &tracer, ENVIRONMENT)?;
        let outcome = if server.serves().await {
            match flow(&mut member, port, &mut last).await {
                Ok(()) => Outcome::Completed,
                Err(trouble) if trouble.is_gone() => {
                    Outcome::Killed { acknowledged: member.taps.acknowledged }
                }
                Err(other) => return Err(other.into()),
            }
        } else {
            Outcome::KilledAtStart
        };
        if outcome != Outcome::Completed {
            server.ended().await?;
        }
        drop(server);
        self.afterwards(&installation, port, &mut member, last).await?;
        Ok(outcome)
    }

    async fn afterwards(
        &self,
        installation: &Installation,
        port: &Port,
        member: &mut Member,
        last: Option<Browser>,
    ) -> Result<(), Failure> {
        let plain = Wrapper::default();
        let mut server = Program::start(&self.cardea, installation, port, &plain, ENVIRONMENT)?;
        if !server.serves().await {
            return Err(format!("does not start again: {}", server.last_words()).into());
        }
        holds(installation, &member.taps).await?;
        // A browser that was given a session is signed in, whatever happened since.
        let cookie = format!("__Host-sid-{TENANT}");
        if let Some(mut browser) = last.filter(|browser| browser.cookie(&cookie).is_some()) {
            member.see_account(&mut browser, &format!("/realms/{TENANT}/account/")).await?;
        }
        member.sign_in(&mut browser(port)?).await?;
        holds(installation, &member.taps).await?;
        server.stop().await?;
        Ok(())
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

    /// Without `--seccomp-bpf`: with it strace 6.1 counts no calls beyond the first.
    fn tracer(&self, arguments: &[&str]) -> Wrapper {
        let trace = format!("trace={}", self.fault.calls());
        let all = ["strace", "-f", "-qq", "-e", &trace, "-e", "signal=none"];
        Wrapper(all.iter().chain(arguments).map(|word| (*word).to_owned()).collect())
    }
}

async fn holds(installation: &Installation, taps: &Taps) -> Result<(), Failure> {
    let violations: Vec<Violation> = judge(&Evidence::read(installation).await?, taps);
    if violations.is_empty() { Ok(()) } else { Err(format!("{violations:?}").into()) }
}

fn browser(port: &Port) -> Result<Browser, Failure> {
    let origin = format!("http://localhost:{}", port.number());
    Ok(Browser::new(Browser::connections(port)?, &origin))
}

/// A first sign-in, which enrols the card, and a second one in another browser. `last` is the
/// browser that was in use at the end, however that came.
async fn flow(member: &mut Member, port: &Port, last: &mut Option<Browser>) -> Result<(), Trouble> {
    let origin = format!("http://localhost:{}", port.number());
    for _ in 0..2 {
        let connections = Browser::connections(port).map_err(Trouble::Gone)?;
        let browser = last.insert(Browser::new(connections, &origin));
        member.sign_in(browser).await?;
    }
    Ok(())
}
