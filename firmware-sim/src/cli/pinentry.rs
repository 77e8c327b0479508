use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::Outcome;
use crate::pinentry::{Act, Script, run as converse};

#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("answer").required(true))]
pub(crate) struct Arguments {
    /// Types this PIN at each dialog. Other users of this machine can see it: use it for
    /// simulated cards only.
    #[arg(long, group = "answer")]
    pin: Option<String>,
    /// Presses No at each question, and Cancel at each PIN dialog.
    #[arg(long, group = "answer")]
    refuse: bool,
    /// Presses Cancel at each dialog.
    #[arg(long, group = "answer")]
    cancel: bool,
    /// Answers by this file: a line for each dialog, "pin PIN", "confirm", "refuse" or "cancel";
    /// the last one is repeated. FILE.done counts the dialogs, across runs.
    #[arg(long, value_name = "FILE", group = "answer")]
    script: Option<PathBuf>,
    /// Appends what was shown and done to this file, without PINs.
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
    /// What a client may pass to a real pinentry (--display, --ttyname ...) is ignored.
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    ignored: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let transcript: Box<dyn Write> = match &arguments.transcript {
        Some(path) => Box::new(OpenOptions::new().create(true).append(true).open(path)?),
        None => Box::new(io::sink()),
    };
    let counter = arguments.script.as_deref().map(done_file);
    let done = counter.as_deref().map_or(Ok(0), read_count)?;
    let script = script(arguments)?.skip(done);
    let shown = |shown| match &counter {
        Some(counter) => write_count(counter, done.saturating_add(shown)),
        None => Ok(()),
    };
    converse(io::stdin().lock(), io::stdout(), transcript, script, shown)?;
    Ok(ExitCode::SUCCESS)
}

fn script(arguments: &Arguments) -> Result<Script, Box<dyn std::error::Error>> {
    Ok(match arguments {
        Arguments { script: Some(path), .. } => Script::parse(&fs::read_to_string(path)?)?,
        Arguments { pin: Some(pin), .. } => Script::always(Act::Pin(pin.clone())),
        Arguments { refuse: true, .. } => Script::always(Act::Refuse),
        Arguments { .. } => Script::always(Act::Cancel),
    })
}

fn done_file(script: &Path) -> PathBuf {
    let mut name = script.as_os_str().to_owned();
    name.push(".done");
    name.into()
}

/// At once, or not at all: a client may kill its dialog at any moment.
fn write_count(path: &Path, count: usize) -> io::Result<()> {
    let new = path.with_extension("done-new");
    fs::write(&new, count.to_string())?;
    fs::rename(new, path)
}

fn read_count(path: &Path) -> io::Result<usize> {
    match fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}
