//! Asks a person by the pinentry program of their desktop.
//!
//! A dialog is one child process; dropping the future that waits for it ends the process, and
//! with it the dialog. Source: the Assuan protocol and pinentry 1.2, `info pinentry`, "Protocol".

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use tracing::{Instrument as _, debug_span};
use zeroize::Zeroizing;

mod assuan;
#[cfg(test)]
mod tests;

use assuan::{Answer, Session};

/// The programs that are tried, in this order: those with a window first.
const PROGRAMS: [&str; 4] = ["pinentry-gnome3", "pinentry-qt", "pinentry-curses", "pinentry"];

/// Which program asks, and with which arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinentry {
    program: PathBuf,
    arguments: Vec<OsString>,
    terminal: Option<String>,
}

/// The person could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PinentryError {
    /// The program does not start, or went away.
    #[error("cannot run the pinentry program")]
    Io(#[from] std::io::Error),
    /// It does not speak the protocol.
    #[error("the pinentry program breaks its protocol")]
    Protocol,
    /// It answered with an error other than "the person said no".
    #[error("the pinentry program failed with code {0}")]
    Failed(u32),
}

/// What a dialog says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dialog<'a> {
    /// Over the window.
    pub(crate) title: &'a str,
    /// What it is about, of several lines.
    pub(crate) description: &'a str,
    /// What went wrong before.
    pub(crate) error: Option<&'a str>,
    /// Before the field.
    pub(crate) prompt: &'a str,
    /// On the button that goes on.
    pub(crate) ok: &'a str,
    /// On the button for "no, another", where there is one.
    pub(crate) not_ok: Option<&'a str>,
}

/// How a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Go on.
    Ok,
    /// No, another ([`Dialog::not_ok`]).
    NotOk,
    /// Stop.
    Cancel,
}

impl Pinentry {
    /// Asks by the given program.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), terminal: None }
    }

    /// Gives the program arguments.
    #[must_use]
    pub fn with_arguments<A: Into<OsString>>(
        mut self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Names the terminal that a program without a window uses.
    #[must_use]
    pub fn on_terminal(mut self, terminal: Option<String>) -> Self {
        self.terminal = terminal;
        self
    }

    /// The first known program in the directories of `path` (the variable `PATH`).
    pub fn find(path: &OsStr) -> Option<Self> {
        let found = |name: &str| {
            std::env::split_paths(path).map(|directory| directory.join(name)).find(|p| p.is_file())
        };
        PROGRAMS.iter().find_map(|name| found(name)).map(Self::new)
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Whether it is one that has no window, whatever link leads to it.
    pub(crate) fn needs_terminal(&self) -> bool {
        let program = std::fs::canonicalize(&self.program);
        let program = program.as_deref().unwrap_or(&self.program);
        let name = program.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        ["-curses", "-tty"].iter().any(|end| name.ends_with(end))
    }

    /// Whether the program starts and speaks the protocol.
    pub(crate) async fn greets(&self) -> Result<(), PinentryError> {
        Session::start(&self.program, &self.arguments).await.map(drop)
    }

    /// Asks for a PIN. `None`: the person said no.
    pub(crate) async fn ask_pin(
        &self,
        dialog: &Dialog<'_>,
    ) -> Result<Option<Zeroizing<String>>, PinentryError> {
        let question = async {
            let mut session = self.begin(dialog).await?;
            read_pin(&mut session).await
        };
        question.instrument(debug_span!("dialog")).await
    }

    /// Has the person choose a PIN and type it twice. `None`: the person said no.
    pub(crate) async fn choose_pin(
        &self,
        dialog: &Dialog<'_>,
        again: &Dialog<'_>,
        mismatch: &str,
    ) -> Result<Option<Zeroizing<String>>, PinentryError> {
        let mut error = dialog.error.map(str::to_owned);
        loop {
            let first = Dialog { error: error.as_deref(), ..*dialog };
            let Some(pin) = self.ask_pin(&first).await? else { return Ok(None) };
            let Some(repeated) = self.ask_pin(again).await? else { return Ok(None) };
            if *pin == *repeated {
                return Ok(Some(pin));
            }
            error = Some(mismatch.to_owned());
        }
    }

    /// Asks for a decision.
    pub(crate) async fn confirm(&self, dialog: &Dialog<'_>) -> Result<Choice, PinentryError> {
        let question = async {
            let mut session = self.begin(dialog).await?;
            match session.command("CONFIRM", &[]).await? {
                Answer::Ok(_) => Ok(Choice::Ok),
                Answer::Err(code) => choice_of(code),
            }
        };
        question.instrument(debug_span!("dialog")).await
    }

    /// Starts the program and sets the dialog up.
    async fn begin(&self, dialog: &Dialog<'_>) -> Result<Session, PinentryError> {
        let mut session = Session::start(&self.program, &self.arguments).await?;
        if let Some(terminal) = &self.terminal {
            session.tell("OPTION", &format!("ttyname={terminal}")).await?;
        }
        session.tell("SETTITLE", dialog.title).await?;
        session.tell("SETDESC", dialog.description).await?;
        for (command, text) in [
            ("SETERROR", dialog.error.unwrap_or_default()),
            ("SETPROMPT", dialog.prompt),
            ("SETOK", dialog.ok),
            ("SETNOTOK", dialog.not_ok.unwrap_or_default()),
        ] {
            if !text.is_empty() {
                session.tell(command, text).await?;
            }
        }
        Ok(session)
    }
}

async fn read_pin(session: &mut Session) -> Result<Option<Zeroizing<String>>, PinentryError> {
    match session.command("GETPIN", &[]).await? {
        Answer::Ok(data) => {
            // Checked before it is copied, so that no error carries the bytes.
            let text = std::str::from_utf8(&data).map_err(|_| PinentryError::Protocol)?;
            let mut pin = Zeroizing::new(String::with_capacity(text.len()));
            pin.push_str(text);
            Ok(Some(pin))
        }
        Answer::Err(code) => match choice_of(code)? {
            Choice::Ok => Err(PinentryError::Protocol),
            Choice::NotOk | Choice::Cancel => Ok(None),
        },
    }
}

/// What the person meant, if the code is about the person (libgpg-error: the low 16 bits).
fn choice_of(code: u32) -> Result<Choice, PinentryError> {
    const TIMEOUT: u32 = 62;
    const CANCELED: u32 = 99;
    const NOT_CONFIRMED: u32 = 114;
    const FULLY_CANCELED: u32 = 198;
    match code & 0xffff {
        NOT_CONFIRMED => Ok(Choice::NotOk),
        TIMEOUT | CANCELED | FULLY_CANCELED => Ok(Choice::Cancel),
        _ => Err(PinentryError::Failed(code)),
    }
}
