//! `cardea-agent cards` and `keys`: what is inserted, and its holder's chores. They open the devices
//! themselves, and need no daemon.
#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method's path is for one lifetime only, and does not fit an errand"
)]

mod choose;
mod confirm;
mod credentials;
mod fingerprints;
mod pin;
mod reset;
mod show;

use std::io::Write as _;
use std::path::PathBuf;

use authenticator::management::{Management, ManagementError};
use serde::Serialize;

use crate::command::pinentry;
use crate::failure::Failure;
use crate::plain::called;
use crate::{Holder, Inserted, Kind, Open, cards, keys};

pub(crate) use self::choose::ChoiceError;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    chore: Option<Chore>,
    /// Which one: its name, a part of it, or the device node; for reset, pin, credentials delete
    /// and with --yes not a part of it [default: the only one there is]
    #[arg(long, value_name = "NAME", global = true)]
    device: Option<String>,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    json: bool,
    /// Do not ask before something is lost, for scripts
    #[arg(long, global = true)]
    yes: bool,
    #[command(flatten)]
    pinentry: pinentry::Arguments,
    /// A simulated key at this socket, as `cardea-sim key` makes it, beside the real keys
    #[arg(long, value_name = "PATH", global = true)]
    simulated_key: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum Chore {
    /// Show one
    Info,
    /// Set or change the PIN
    #[command(subcommand)]
    Pin(pin::Chore),
    /// List or delete the sign-ins that are stored on it
    #[command(subcommand)]
    Credentials(credentials::Chore),
    /// List, enrol, rename or delete fingerprints
    #[command(subcommand)]
    Fingerprints(fingerprints::Chore),
    /// Have it forget everything: all sign-ins, the PIN and the fingerprints
    Reset,
}

impl Chore {
    /// Whether the wrong device would lose something, or learn a PIN that is not its own.
    fn may_lose(&self) -> bool {
        matches!(
            self,
            Self::Reset | Self::Pin(_) | Self::Credentials(credentials::Chore::Delete { .. })
        )
    }
}

/// One card or key, and how the person wants to be met.
struct Chosen {
    device: Inserted,
    open: Open,
    /// The PIN is asked by this, when it is asked.
    pinentry: pinentry::Arguments,
    json: bool,
    yes: bool,
}

/// Does what the arguments say with the devices of one kind.
pub(crate) async fn run(arguments: Arguments, kind: Kind) -> Result<(), Failure> {
    let Arguments { chore, device, json, yes, pinentry, simulated_key } = arguments;
    let all = match kind {
        Kind::Card => cards(),
        Kind::Key => Ok(keys(simulated_key)),
    };
    let Some(chore) = chore else {
        return show::all(all, device.as_deref(), kind, json).await;
    };
    let all = all?;
    let whole = yes || chore.may_lose();
    let (device, open) = choose::one(all, kind, device.as_deref(), whole)?;
    let chosen = Chosen { device, open, pinentry, json, yes };
    match chore {
        Chore::Info => show::one(&chosen).await,
        Chore::Pin(chore) => pin::run(&chosen, chore).await,
        Chore::Credentials(chore) => credentials::run(&chosen, chore).await,
        Chore::Fingerprints(chore) => fingerprints::run(&chosen, chore).await,
        Chore::Reset => reset::run(&chosen).await,
    }
}

impl Chosen {
    /// Does an errand at the device, of which the dialogs say that it is to `purpose`.
    async fn errand<T: Send + 'static>(
        &self,
        purpose: &str,
        on_touch: fn(),
        errand: impl FnOnce(&mut Management<'_, '_>) -> Result<T, ManagementError> + Send + 'static,
    ) -> Result<T, Failure> {
        let purpose = format!("{purpose}: {}.", self.place());
        let holder = Holder { pinentry: self.pinentry.clone().program()?, purpose, on_touch };
        let result = crate::errand(&self.open, holder, errand).await;
        result.map_err(|error| self.failed(error))
    }

    /// The same for the device as it is now.
    fn with(&self, device: Inserted, open: Open) -> Self {
        Self { device, open, pinentry: self.pinentry.clone(), json: self.json, yes: self.yes }
    }

    fn failed(&self, error: crate::ErrandError) -> Failure {
        Failure::Errand(self.device.name.clone(), error)
    }

    /// The device, in words.
    fn place(&self) -> String {
        let name = called(&self.device.name);
        match self.device.kind {
            Kind::Card => format!("card in {name}"),
            Kind::Key => format!("key {name}"),
        }
    }

    /// Says what was done: to programs as `{"done": …}`.
    fn done(&self, did: &str) -> Result<(), Failure> {
        #[derive(Serialize)]
        struct Done<'a> {
            done: &'a str,
            device: &'a str,
        }
        let device = &self.device.name;
        print(self.json, &Done { done: did, device }, || format!("{device}: {did}.\n"))
    }
}

/// Prints JSON, or else the text.
fn print(json: bool, value: &impl Serialize, text: impl Fn() -> String) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    if json {
        serde_json::to_writer_pretty(&mut out, value).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", text())?;
    }
    Ok(())
}

/// Tells the person at the terminal what they are to do. What cannot be printed has no reader.
fn tell(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}
