//! The measurement, from the conditions to the last figure.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use load::report::{Sample, legs, line, milliseconds};
use load::{
    Browser, Directory, Installation, Legs, Member, Port, Program, Trouble, Wrapper, clock,
};
use soft_authenticator::Signer;

use crate::bounds::Bounds;
use crate::{Failure, Server, conditions, process, wal};

/// What logins cost.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: Server,
    /// How long each mode is measured, in seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// How long each mode runs before that, in seconds.
    #[arg(long, default_value_t = 3)]
    warm_up: u64,
    /// People who sign in at the same time, each on a connection of their own.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// How often the start is measured.
    #[arg(long, default_value_t = 11)]
    starts: usize,
}

/// Logins one after the other, whose commits are counted: too few to fill the log, which would
/// begin anew.
const COUNTED: u32 = 16;

/// How long nothing happens before idle memory is read.
const IDLE: Duration = Duration::from_secs(2);

/// How people sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    ByEntra,
    CardFirst,
}

/// All that is measured with.
struct Bench {
    arguments: Arguments,
    directory: Directory,
    installation: Installation,
    port: Port,
    pinned: Wrapper,
    members: Vec<Member>,
    bounds: Bounds,
}

/// Measures, and prints.
pub(crate) async fn run(arguments: &Arguments, cores: usize) -> Result<(), Failure> {
    let mut bench = Bench::prepare(arguments, cores).await?;
    conditions::print(&arguments.server, cores, &bench.directory, bench.installation.folder())?;
    let mut server = bench.start()?;
    if !server.serves().await {
        return Err(server.last_words().into());
    }
    bench.enrol().await?;
    server.stop().await?;
    let server = bench.starts().await?;
    bench.one_at_a_time().await?;
    for mode in [Mode::ByEntra, Mode::CardFirst] {
        bench.together(&server, mode).await?;
    }
    bench.negative_control().await?;
    let id = server.server().unwrap_or_default();
    line("memory afterwards", memory(id));
    server.stop().await?;
    line("load average after", process::load_average());
    if bench.bounds.hold() { Ok(()) } else { Err("a bound is broken".into()) }
}

impl Bench {
    async fn prepare(arguments: &Arguments, cores: usize) -> Result<Self, Failure> {
        let directory = Directory::register().await?;
        let port = Port::claim()?;
        directory.admit(&port)?;
        let database = arguments.server.postgres.then(|| test_postgres::server().database());
        let installation = Installation::prepare(&directory, database).await?;
        let members = (0..arguments.connections).map(|number| {
            let seed = u64::try_from(number)?;
            Ok(Member::new(&directory.employ(number)?, seed))
        });
        let members = members.collect::<Result<_, Failure>>()?;
        let pinned = conditions::pinned(cores);
        let arguments = arguments.clone();
        let bounds = Bounds::default();
        Ok(Self { arguments, directory, installation, port, pinned, members, bounds })
    }

    fn start(&self) -> Result<Program, Failure> {
        let Self { installation, port, pinned, .. } = self;
        Program::start(&self.arguments.server.cardea, installation, port, pinned, &[])
    }

    fn browser(&self) -> Result<Browser, Failure> {
        let origin = format!("http://localhost:{}", self.port.number());
        Ok(Browser::new(Browser::connections(&self.port)?, &origin))
    }

    async fn enrol(&mut self) -> Result<(), Failure> {
        let fresh = self.browser()?;
        for member in &mut self.members {
            member.sign_in(&mut fresh.clone()).await?;
        }
        line("people, each with a card", self.members.len());
        Ok(())
    }

    /// Starts again and again on the existing database; the last one goes on.
    async fn starts(&mut self) -> Result<Program, Failure> {
        let (mut times, mut last) = (Vec::new(), None);
        for _ in 0..self.arguments.starts.max(1) {
            if let Some(server) = last.take() {
                Program::stop(server).await?;
            }
            let began = clock::now();
            let mut server = self.start()?;
            let address = self.port.address();
            let first = tokio::task::spawn_blocking(move || first_200(address, began)).await?;
            times.push(first.ok_or("no 200 within ten seconds")?);
            server.serves().await;
            last = Some(server);
        }
        let server = last.ok_or("no start")?;
        let times = Sample::of(times);
        self.bounds.start = Some(times.quantile(500));
        let (p50, most) = (milliseconds(times.quantile(500)), milliseconds(times.quantile(1000)));
        line("start to first 200", format_args!("p50 {p50}, max {most}"));
        tokio::time::sleep(IDLE).await;
        let id = server.server().unwrap_or_default();
        self.bounds.idle_kib = Some(process::memory(id).resident);
        line("idle memory", memory(id));
        Ok(server)
    }

    /// One login after the other: how long they take when nobody else is there, and how often
    /// each of them waits for the disk.
    async fn one_at_a_time(&mut self) -> Result<(), Failure> {
        let fresh = self.browser()?;
        let Some(member) = self.members.first_mut() else { return Ok(()) };
        member.sign_in(&mut fresh.clone()).await?;
        let before = wal::commits(&self.installation.sqlite());
        let mut logins = Vec::new();
        for _ in 0..COUNTED {
            logins.push(member.sign_in(&mut fresh.clone()).await?);
        }
        let after = wal::commits(&self.installation.sqlite());
        line("by Entra and card, one at a time", format_args!("{COUNTED} logins"));
        legs(&logins);
        if let (Some(before), Some(after)) = (before, after)
            && before.generation == after.generation
        {
            let commits = f64::from(after.count.saturating_sub(before.count)) / f64::from(COUNTED);
            self.bounds.commits = Some(commits);
            line("  commits per login", format_args!("{commits:.2}"));
        }
        Ok(())
    }

    /// All people at the same time.
    async fn together(&mut self, server: &Program, mode: Mode) -> Result<(), Failure> {
        let id = server.server().ok_or("no process")?;
        let (warm, measured) = (self.arguments.warm_up, self.arguments.seconds);
        self.all(mode, Duration::from_secs(warm)).await?;
        let cpu = || process::cpu_seconds(id).ok_or("no cpu time");
        let (before, driver) = (cpu()?, process::cpu_seconds(std::process::id()));
        let began = clock::now();
        let logins = self.all(mode, Duration::from_secs(measured)).await?;
        let wall = began.elapsed().as_secs_f64();
        let used = cpu()? - before;
        let driver = process::cpu_seconds(std::process::id()).zip(driver);
        let count = f64::from(u32::try_from(logins.len())?);
        let name = match mode {
            Mode::ByEntra => "by Entra and card",
            Mode::CardFirst => "card first",
        };
        line(name, format_args!("{count} logins, {} at a time", self.members.len()));
        line("  logins per CPU-second", format_args!("{:.0}", count / used));
        line("  server CPU per login", format_args!("{:.2} ms", used * 1000.0 / count));
        line("  logins per second", format_args!("{:.0}", count / wall));
        let share = |used: f64| format!("{:.0} %", used * 100.0 / wall);
        let driver = driver.map_or("?".into(), |(after, before)| share(after - before));
        line("  cores busy", format_args!("server {}, driver {driver}", share(used)));
        legs(&logins);
        Ok(())
    }

    async fn all(&mut self, mode: Mode, length: Duration) -> Result<Vec<Legs>, Failure> {
        let until = clock::now().checked_add(length).ok_or("too long")?;
        let mut tasks = Vec::new();
        for member in self.members.drain(..) {
            let origin = format!("http://localhost:{}", self.port.number());
            let fresh = Browser::new(Browser::connections(&self.port)?, &origin);
            tasks.push(tokio::spawn(again_and_again(member, fresh, mode, until)));
        }
        let mut all = Vec::new();
        for task in tasks {
            let (member, logins) = task.await??;
            self.members.push(member);
            all.extend(logins);
        }
        Ok(all)
    }

    /// A run counts only when the same server, in the same run, refuses a signature by another
    /// key.
    async fn negative_control(&mut self) -> Result<(), Failure> {
        let mut browser = self.browser()?;
        let member = self.members.first_mut().ok_or("nobody")?;
        let forged =
            member.sign_in_with(&mut browser, |draft| draft.signer = Signer::AnotherKey).await;
        match forged {
            Err(Trouble::Unexpected { step: "finish", status: 400..=499, .. }) => {
                line("forged signature", "refused");
                Ok(())
            }
            other => Err(format!("a forged signature was not refused: {other:?}").into()),
        }
    }
}

async fn again_and_again(
    mut member: Member,
    fresh: Browser,
    mode: Mode,
    until: Instant,
) -> Result<(Member, Vec<Legs>), Trouble> {
    let mut logins = Vec::new();
    while clock::now() < until {
        let mut browser = fresh.clone();
        logins.push(match mode {
            Mode::ByEntra => member.sign_in(&mut browser).await?,
            Mode::CardFirst => member.use_card(&mut browser).await?,
        });
    }
    Ok((member, logins))
}

/// Asks until somebody answers 200; how long after `began` that was.
fn first_200(address: std::net::SocketAddr, began: Instant) -> Option<Duration> {
    while began.elapsed() < Duration::from_secs(10) {
        if let Ok(true) = answers_200(address) {
            return Some(began.elapsed());
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    None
}

fn answers_200(address: std::net::SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    let mut start = [0; 12];
    stream.read_exact(&mut start)?;
    Ok(&start == b"HTTP/1.1 200")
}

fn memory(process: u32) -> String {
    let memory = process::memory(process);
    let mebibytes =
        |kibibytes: u64| f64::from(u32::try_from(kibibytes).unwrap_or(u32::MAX)) / 1024.0;
    format!(
        "{:.1} MiB resident ({:.1} MiB of it anonymous), {} threads",
        mebibytes(memory.resident),
        mebibytes(memory.anonymous),
        memory.threads
    )
}
