//! The person: a pinentry program that answers by a list and writes down what it showed.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use cardea_agent::Pinentry;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::unix::pipe::{OpenOptions as OpenPipe, Receiver};

use super::{SOON, soon};

const SCRIPT: &str = r#"
dir=$1
echo $$ >>"$dir/dialogs"
echo 'OK at your service'
while IFS= read -r line; do
  case "$line" in
    SETNOTOK*) third=there; echo OK;;
    SETDESC*|SETERROR*|SETOK*) printf '%s\n' "$line" >>"$dir/shown"; echo OK;;
    GETPIN|CONFIRM)
      printf '%s\n' "$line" >>"$dir/shown"
      n=$(( $(cat "$dir/count" 2>/dev/null || echo 0) + 1 ))
      answer=$(sed -n "${n}p" "$dir/answers")
      # Nobody presses what is not there, or types a PIN where none is asked for: they look at the
      # dialog until it goes.
      case "$line $third $answer" in
        *'  another'|'CONFIRM '*' pin '*) read -r rest; exit 0;;
      esac
      echo "$n" >"$dir/count"
      case "$answer" in
        pin*) printf 'D %s\nOK\n' "${answer#pin }";;
        ok) echo OK;;
        another|not-confirmed) echo 'ERR 83886194 Not confirmed';;
        crash) exit 1;;
        cancel) echo 'ERR 83886179 Operation cancelled';;
        *) echo "$n $$" >"$dir/waits"; read -r rest;;
      esac;;
    *) echo OK;;
  esac
done
"#;

/// A person with a list of answers. One who has none left looks at the dialog and does nothing.
pub(crate) struct Person {
    folder: PathBuf,
    waits: tokio::sync::Mutex<BufReader<Receiver>>,
}

impl Person {
    pub(crate) fn new(folder: &Path) -> Self {
        let folder = folder.join("person");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("answers"), "").unwrap();
        let pipe = folder.join("waits");
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        )
        .unwrap();
        let waits = OpenPipe::new().read_write(true).open_receiver(pipe).unwrap();
        Self { folder, waits: BufReader::new(waits).into() }
    }

    pub(crate) fn pinentry(&self) -> Pinentry {
        let folder = self.folder.as_os_str().to_owned();
        Pinentry::new("/bin/sh").with_arguments(["-c".into(), SCRIPT.into(), "sh".into(), folder])
    }

    /// The same program, as arguments of the agent.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let folder = self.folder.as_os_str().to_owned();
        let arguments = ["-c".into(), SCRIPT.into(), "sh".into(), folder];
        let given = arguments.into_iter().flat_map(|a| ["--pinentry-arg".into(), a]);
        ["--pinentry".into(), "/bin/sh".into()].into_iter().chain(given).collect()
    }

    /// What the person does at the next dialogs: `pin 1234`, `ok`, `another`, `cancel`,
    /// `wait`; or the program `crash`es, or says `not-confirmed` of a dialog without a third button. A PIN
    /// waits for a dialog that asks for one.
    pub(crate) fn will(&self, answers: &[&str]) {
        let path = self.folder.join("answers");
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        for answer in answers {
            writeln!(file, "{answer}").unwrap();
        }
    }

    /// What the dialogs have shown.
    pub(crate) fn saw(&self) -> String {
        std::fs::read_to_string(self.folder.join("shown")).unwrap_or_default()
    }

    /// How many dialogs there were.
    pub(crate) fn dialogs(&self) -> usize {
        self.saw().lines().filter(|line| matches!(*line, "GETPIN" | "CONFIRM")).count()
    }

    /// Waits until no dialog is there any more. That of an agent which was killed goes by itself, and
    /// may take an answer until then that is meant for another.
    pub(crate) async fn is_alone(&self) {
        let dialogs = self.folder.join("dialogs");
        for pid in std::fs::read_to_string(&dialogs).unwrap_or_default().lines() {
            ended(pid).await;
        }
        // The system gives their numbers to others.
        let _ = std::fs::remove_file(dialogs);
    }

    /// Forgets what they would have answered, and what they saw.
    pub(crate) fn starts_anew(&self) {
        for list in ["answers", "shown"] {
            std::fs::write(self.folder.join(list), "").unwrap();
        }
        let _ = std::fs::remove_file(self.folder.join("count"));
    }

    /// How often they were asked for a card or key, none being there that can answer.
    pub(crate) fn looks_for_device(&self) -> usize {
        self.saw().matches("Put your card on the reader").count()
    }

    /// How often they were asked to press a button.
    pub(crate) fn questions(&self) -> usize {
        self.saw().lines().filter(|line| *line == "CONFIRM").count()
    }

    /// How often they were asked for a PIN.
    pub(crate) fn pins(&self) -> usize {
        self.saw().lines().filter(|line| *line == "GETPIN").count()
    }

    /// Waits until the `nth` dialog stands there unanswered; the process that shows it.
    pub(crate) async fn looks_at(&self, nth: usize) -> String {
        let mut waits = self.waits.lock().await;
        loop {
            let mut line = String::new();
            soon(waits.read_line(&mut line)).await.unwrap();
            let (number, pid) = line.trim_end().split_once(' ').unwrap();
            if number == nth.to_string() {
                return pid.to_owned();
            }
        }
    }
}

/// Waits until the process of a dialog has ended.
pub(crate) async fn ended(pid: &str) {
    let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(error) => return assert_eq!(error, rustix::io::Errno::SRCH),
    };
    let wait = move || {
        let timeout = Timespec::try_from(SOON).unwrap();
        // Children that end wake whichever thread waits.
        let poll = || poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&timeout));
        rustix::io::retry_on_intr(poll).unwrap()
    };
    assert_eq!(tokio::task::spawn_blocking(wait).await.unwrap(), 1, "the dialog stays");
}
