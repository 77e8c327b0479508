//! A program that runs beside us: its log, what it says, its end.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::sync::watch;

use crate::clock;
use crate::trouble::Trouble;

/// How many of the latest lines are kept.
const LINES: usize = 100;

/// How long a program may take to say what is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How often we look whether it has.
const LOOK: Duration = Duration::from_millis(5);

/// Where programs are found; nothing else of our environment reaches them.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A running program in a process group of its own. It ends when this is dropped, and with us
/// even when we are killed.
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    lines: watch::Receiver<VecDeque<String>>,
    reader: Option<JoinHandle<()>>,
}

/// A command that knows nothing of our environment.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program).env_clear().env("PATH", PATH);
    command
}

impl Program {
    /// Starts it. Everything that it says goes to the file `log` as well.
    pub(crate) fn start(name: &'static str, mut command: Command, log: &Path) -> io::Result<Self> {
        let (said, out) = io::pipe()?;
        let log = File::create(log)?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).process_group(0);
        let child = command.spawn()?;
        // Ours is the only other end of the pipe; with it open the reader would never end.
        drop(command);
        let (tell, lines) = watch::channel(VecDeque::new());
        let reader = thread::Builder::new().name(name.to_owned());
        let reader = reader.spawn(move || copy(said, log, &tell));
        let mut program = Self { name, child, lines, reader: None };
        program.reader = Some(reader?);
        Ok(program)
    }

    /// Waits for a line with this text, or takes one that was said before.
    pub(crate) async fn says(&mut self, text: &str) -> Result<String, Trouble> {
        let expected = || format!("{} to say \"{text}\"", self.name);
        let found = |lines: &VecDeque<String>| lines.iter().any(|line| line.contains(text));
        let mut lines = self.lines.clone();
        let waited = tokio::time::timeout(PATIENCE, lines.wait_for(found)).await;
        let line = match waited {
            Ok(Ok(lines)) => lines.iter().find(|line| line.contains(text)).cloned(),
            Ok(Err(_)) => {
                return Err(Trouble::new(expected(), format!("its end: {}", self.last())));
            }
            Err(_) => return Err(Trouble::new(expected(), "nothing within 20 s")),
        };
        line.ok_or_else(|| Trouble::new(expected(), "another line"))
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn last(&self) -> String {
        self.lines.borrow().back().cloned().unwrap_or_else(|| "not a word".to_owned())
    }

    /// Asks the program to end, and makes sure that it and all that it started have.
    fn end(&mut self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let (Some(group), Ok(None)) = (group, self.child.try_wait()) {
            // It may have ended by itself just now.
            let _ = kill_process_group(group, Signal::TERM);
            let began = clock::now();
            while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < GRACE {
                thread::sleep(LOOK);
            }
        }
        if let Some(group) = group {
            // Mostly there is nobody left.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            // A panic has been printed by its own thread.
            let _ = reader.join();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Copies what a program says to its log, and tells who waits for a line.
fn copy(said: PipeReader, mut log: File, tell: &watch::Sender<VecDeque<String>>) {
    for line in BufReader::new(said).lines() {
        let Ok(line) = line else { return };
        // A full disk must not stop the program that talks.
        let _ = writeln!(log, "{line}");
        tell.send_modify(|lines| {
            lines.push_back(line);
            if lines.len() > LINES {
                lines.pop_front();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = command(Path::new("sh"));
        command.args(["-c", script]);
        command
    }

    fn is_running(id: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.trim()));
        // A zombie that nobody reaps has ended.
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    }

    /// Somebody else's child is killed, and dies a moment later.
    fn dies(id: &str) -> bool {
        let began = clock::now();
        while is_running(id) && began.elapsed() < PATIENCE {
            thread::yield_now();
        }
        !is_running(id)
    }

    #[tokio::test]
    async fn what_it_says_is_heard_and_logged() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let script = "echo one; echo now ready >&2; exec sleep 60";
        let mut program = Program::start("test", shell(script), &log).unwrap();
        assert_eq!(program.says("ready").await.unwrap(), "now ready");
        assert_eq!(program.says("one").await.unwrap(), "one");
        drop(program);
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "one\nnow ready\n");
    }

    #[tokio::test]
    async fn one_that_ends_early_is_trouble_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut program = Program::start("test", shell("echo no licence"), &log).unwrap();
        let trouble = program.says("ready").await.unwrap_err();
        assert_eq!(trouble.came, "its end: no licence");
    }

    #[tokio::test]
    async fn it_ends_with_all_that_it_started_even_when_it_does_not_listen() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let script = "trap '' TERM; sh -c 'trap \"\" TERM; sleep 60 & echo child $!; wait' & wait";
        let mut program = Program::start("test", shell(script), &log).unwrap();
        let child = program.says("child").await.unwrap().replace("child ", "");
        assert!(is_running(&child) && is_running(&program.id().to_string()));
        let id = program.id().to_string();
        drop(program);
        assert!(dies(&child) && !is_running(&id));
    }
}
