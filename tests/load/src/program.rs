use std::error::Error;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;

use crate::{Installation, Port};

/// So many of its last lines are kept, to be shown when something is wrong.
const TAIL: usize = 200;

/// What the server says when it listens.
const SERVES: &str = "cardea serves";

/// How long it may take to do so, also under a tracer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

type Failure = Box<dyn Error + Send + Sync>;

/// A program with its arguments that runs the server as its own child, or in its own place.
#[derive(Clone, Debug, Default)]
pub struct Wrapper(pub Vec<String>);

/// `cardea serve`, as a process. It is killed when this goes.
#[derive(Debug)]
pub struct Program {
    child: Child,
    said: watch::Receiver<Vec<String>>,
    server: Option<Pid>,
}

impl Program {
    /// Starts the server of an installation.
    ///
    /// # Errors
    ///
    /// When there is no such program.
    pub fn start(
        cardea: &Path,
        installation: &Installation,
        port: &Port,
        wrapper: &Wrapper,
        environment: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let config = installation.configure(port)?;
        let mut command = match wrapper.0.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(cardea);
                command
            }
            None => Command::new(cardea),
        };
        command.arg("--config").arg(config).arg("serve");
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        let (sender, said) = watch::channel(Vec::new());
        let errors = child.stderr.take().ok_or("no standard error")?;
        tokio::spawn(listen(errors, sender));
        Ok(Self { child, said, server: None })
    }

    /// Waits until the server listens. `false` when it ended before.
    pub async fn serves(&mut self) -> bool {
        let said = |lines: &Vec<String>| lines.iter().any(|line| line.contains(SERVES));
        let mut lines = self.said.clone();
        let waited = tokio::time::timeout(PATIENCE, lines.wait_for(said)).await;
        let serves = matches!(waited, Ok(Ok(_)));
        self.server = self.find_server();
        serves
    }

    /// The process of the server itself, once it serves.
    pub fn server(&self) -> Option<u32> {
        self.server.and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok())
    }

    /// What it wrote last.
    pub fn last_words(&self) -> String {
        self.said.borrow().join("\n")
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    ///
    /// When it cannot be asked, or does not end.
    pub async fn stop(mut self) -> Result<ExitStatus, Failure> {
        if let Some(server) = self.server {
            kill_process(server, Signal::TERM)?;
        }
        Ok(tokio::time::timeout(PATIENCE, self.child.wait()).await??)
    }

    /// Kills the server, and lets its tracer write down what it saw.
    ///
    /// # Errors
    ///
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<(), Failure> {
        let server = self.server.ok_or("no server")?;
        Ok(kill_process(server, Signal::KILL)?)
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    ///
    /// When it does not end.
    pub async fn ended(&mut self) -> Result<ExitStatus, Failure> {
        Ok(tokio::time::timeout(PATIENCE, self.child.wait()).await??)
    }

    /// Whether it runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Our child, or its child when it is a tracer.
    fn find_server(&self) -> Option<Pid> {
        let own = self.child.id()?;
        let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children"));
        let child = children.ok().and_then(|text| text.split_whitespace().next()?.parse().ok());
        Pid::from_raw(child.or_else(|| i32::try_from(own).ok())?)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A tracer that dies lets its child live on: so the child first.
        let server = self.find_server();
        if let Some(server) = server.filter(|_| self.runs()) {
            let _gone = kill_process(server, Signal::KILL);
        }
    }
}

async fn listen(errors: ChildStderr, sender: watch::Sender<Vec<String>>) {
    let mut lines = BufReader::new(errors).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        sender.send_modify(|said| {
            if said.len() >= TAIL {
                said.remove(0);
            }
            said.push(line);
        });
    }
}
