//! Everything that runs: directory, ports, programs, reader and card.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use firmware_sim::{Config, Pcscd, Simulator, VirtualCard};
use tempfile::TempDir;

use crate::port::Port;
use crate::program::{self, Program};
use crate::story::{Told, say};
use crate::trouble::{Trouble, cannot, ensure};
use crate::wiki::{Registered, Wiki};

/// The PIN that the person chooses for the card.
pub(crate) const PIN: &str = "271828";

/// The first choice for Cardea's port.
const PORT: u16 = 8080;

/// Where Microsoft's clouds, and the stand-in, take answers of external MFA.
const EXTERNAL_MFA_RETURN: &str = "/common/federation/externalauthprovider";

/// The first choice for the stand-in's port.
const ENTRA_PORT: u16 = 8090;

/// The first choice for the port of the application.
const WIKI_PORT: u16 = 8100;

/// How long the reader may take to see a card.
const READER: Duration = Duration::from_secs(10);

/// Why nothing was started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StageError {
    #[error("cannot make a directory")]
    Directory(#[source] std::io::Error),
    #[error("cannot find my own program")]
    Own(#[source] std::io::Error),
    #[error("{0} is not built; use `make demo`")]
    NotBuilt(PathBuf),
    #[error("a port is taken, or there is none to be had")]
    Port(#[source] std::io::Error),
}

/// What runs. Fields end in the order in which they stand.
pub(crate) struct Stage {
    wiki: Option<Wiki>,
    agent: Option<Program>,
    server: Option<Program>,
    entra: Option<Program>,
    card: Option<VirtualCard>,
    simulator: Option<Arc<Simulator>>,
    pcscd: Option<Pcscd>,
    programs: PathBuf,
    port: Port,
    entra_port: Port,
    wiki_port: Port,
    origin: String,
    entra_base: String,
    directory: TempDir,
}

impl Stage {
    /// An empty stage: a fresh directory, and nothing that runs.
    pub(crate) fn new(port: Option<u16>, entra_port: Option<u16>) -> Result<Self, StageError> {
        let own = std::env::current_exe().map_err(StageError::Own)?;
        let programs = own.parent().unwrap_or(Path::new("/")).to_owned();
        for name in ["cardea", "cardea-agent", "cardea-sim", "entra-stand-in"] {
            let program = programs.join(name);
            if !program.is_file() {
                return Err(StageError::NotBuilt(program));
            }
        }
        let port = Port::claim(port, PORT).map_err(StageError::Port)?;
        let entra_port = Port::claim(entra_port, ENTRA_PORT).map_err(StageError::Port)?;
        let wiki_port = Port::claim(None, WIKI_PORT).map_err(StageError::Port)?;
        let directory = tempfile::Builder::new().prefix("cardea-demo-").tempdir();
        Ok(Self {
            wiki: None,
            agent: None,
            server: None,
            entra: None,
            card: None,
            simulator: None,
            pcscd: None,
            programs,
            origin: format!("http://localhost:{}", port.number()),
            port,
            entra_port,
            wiki_port,
            entra_base: String::new(),
            directory: directory.map_err(StageError::Directory)?,
        })
    }

    /// Starts the Entra stand-in.
    pub(crate) async fn start_entra(&mut self) -> Told<()> {
        let port = self.entra_port.number();
        let mut command = program::command(&self.programs.join("entra-stand-in"));
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        let mut entra = self.run("entra-stand-in", command)?;
        let base = entra.says("http://").await?.trim().to_owned();
        self.entra = Some(entra);
        self.entra_base.clone_from(&base);
        Ok(((), format!("plays Microsoft Entra ID at {base}")))
    }

    /// `cardea init`, and the operator's lines in the configuration that let the stand-in be
    /// reached although it is on a loopback address.
    pub(crate) fn init_server(&self) -> Told<()> {
        let port = self.port.number();
        let mut init = self.cardea();
        let listen = format!("127.0.0.1:{port}");
        init.args(["init", "--url", &self.origin, "--listen", &listen, "--data"]);
        let done = init.arg(self.path("data")).output().map_err(cannot("cardea init to run"))?;
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        ensure(done.status.success(), "cardea init to succeed", said)?;
        let config = OpenOptions::new().append(true).open(self.path("cardea.toml"));
        let base = &self.entra_base;
        let cloud = format!(
            "\n[[entra.cloud]]\nauthority = \"{base}\"\ngraph = \"{base}\"\n\
             external_mfa_return = \"{base}{EXTERNAL_MFA_RETURN}\"\n"
        );
        config
            .and_then(|mut config| config.write_all(cloud.as_bytes()))
            .map_err(cannot("to write the configuration"))?;
        Ok(((), format!("{} and a new master key", self.path("cardea.toml").display())))
    }

    /// `cardea serve`.
    pub(crate) async fn start_server(&mut self) -> Told<()> {
        let mut command = self.cardea();
        command.arg("serve");
        let mut server = self.run("cardea", command)?;
        server.says("cardea serves").await?;
        let id = server.id();
        self.server = Some(server);
        Ok(((), format!("process {id} serves {}", self.origin)))
    }

    /// A pcscd of our own, with a virtual reader and a factory-fresh card in it.
    pub(crate) fn insert_card(&mut self) -> Told<()> {
        let pcscd = Pcscd::start().map_err(cannot("pcscd to come up"))?;
        let simulator = Simulator::start(Config::seeded(u64::from(std::process::id())));
        let simulator = simulator.map_err(cannot("a simulated card"))?;
        let card = simulator.card(&pcscd.first_reader()).map_err(cannot("a virtual reader"))?;
        ensure(card.wait_until_powered(READER), "the reader to see the card", "nothing")?;
        let id = pcscd.id();
        self.card = Some(card);
        self.simulator = Some(Arc::new(simulator));
        self.pcscd = Some(pcscd);
        Ok(((), format!("pcscd is process {id}, the reader \"Virtual PCD 00 00\"")))
    }

    /// The desktop agent, with a pinentry that types the PIN.
    pub(crate) async fn start_agent(&mut self) -> Told<()> {
        let mut command = self.desktop_command("run");
        command.args(["--name", "demo computer"]);
        let mut agent = self.run("cardea-agent", command)?;
        agent.says("ready").await?;
        agent.says("the smart card service answers").await?;
        let id = agent.id();
        self.agent = Some(agent);
        Ok(((), format!("process {id} waits for the card, and is paired with nobody")))
    }

    /// The agent ends and starts: it shows three requests a minute and no more, so that nobody is worn down,
    /// and Ada is quicker here than people are.
    pub(crate) async fn restart_agent(&mut self) -> Told<()> {
        drop(self.agent.take());
        let ((), _) = self.start_agent().await?;
        self.agent_connected().await?;
        Ok((
            (),
            "paired as before; it shows three requests a minute at most, and would wait now".into(),
        ))
    }

    /// The application that signs people in; its address, without a slash at the end.
    pub(crate) async fn start_wiki(&mut self, registered: Registered) -> Result<String, Trouble> {
        let wiki = Wiki::start(self.wiki_port(), registered).await?;
        let base = wiki.base().to_owned();
        self.wiki = Some(wiki);
        Ok(base)
    }

    /// The application's port.
    pub(crate) fn wiki_port(&self) -> u16 {
        self.wiki_port.number()
    }

    /// Waits until the agent has its channel to the server.
    pub(crate) async fn agent_connected(&mut self) -> Result<(), Trouble> {
        let agent = self.agent.as_mut();
        let agent = agent.ok_or_else(|| Trouble::new("an agent", "none that runs"))?;
        agent.says("channel open").await.map(|_| ())
    }

    /// `cardea` with our configuration.
    pub(crate) fn cardea(&self) -> Command {
        let mut command = program::command(&self.program("cardea"));
        command.arg("--config").arg(self.path("cardea.toml"));
        command
    }

    /// `cardea-agent` with our socket.
    pub(crate) fn agent_command(&self) -> Command {
        let mut command = program::command(&self.program("cardea-agent"));
        command.arg("--socket").arg(self.agent_socket());
        command
    }

    /// A command of `cardea-agent` that meets the reader, the pairings and the person.
    pub(crate) fn desktop_command(&self, name: &str) -> Command {
        let mut command = self.agent_command();
        command.arg(name).arg("--state").arg(self.path("agent"));
        command.arg("--pinentry").arg(self.program("cardea-sim"));
        for argument in ["pinentry", "--pin", PIN, "--transcript"] {
            command.args(["--pinentry-arg", argument]);
        }
        command.arg("--pinentry-arg").arg(self.transcript());
        if let Some(pcscd) = &self.pcscd {
            pcscd.serve(&mut command);
        }
        command
    }

    /// What the pinentry showed.
    pub(crate) fn transcript(&self) -> PathBuf {
        self.path("pinentry.txt")
    }

    /// The agent's socket.
    pub(crate) fn agent_socket(&self) -> PathBuf {
        self.path("run/agent.sock")
    }

    /// A program that was built with us.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Cardea's public address, without a slash at the end.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The stand-in's address, without a slash at the end.
    pub(crate) fn entra_base(&self) -> &str {
        self.entra_base.trim_end_matches('/')
    }

    /// The simulated card.
    pub(crate) fn simulator(&self) -> Result<Arc<Simulator>, Trouble> {
        self.simulator.clone().ok_or_else(|| Trouble::new("a simulated card", "none"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn run(&self, name: &'static str, command: Command) -> Result<Program, Trouble> {
        let log = self.path(&format!("{name}.log"));
        Program::start(name, command, &log).map_err(cannot("a program to start"))
    }

    /// Ends everything. With `keep` the directory stays, and is named.
    pub(crate) fn end(self, keep: bool) {
        let Self { wiki, agent, server, entra, card, simulator, pcscd, directory, .. } = self;
        drop(wiki);
        drop(agent);
        drop(server);
        drop(entra);
        drop(card);
        drop(simulator);
        drop(pcscd);
        if keep {
            say(format_args!("\nLogs, configuration and database: {}", directory.keep().display()));
        } else if let Err(error) = fs::remove_dir_all(directory.path()) {
            say(format_args!("\n{} stays: {error}", directory.path().display()));
        }
    }
}
