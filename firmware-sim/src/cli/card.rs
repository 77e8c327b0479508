use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use crate::{Config, FIRST_PORT, Holder, ReaderPort, Simulator, Touch, control};
use clap::{Args, ValueEnum};

use super::Outcome;

/// What kind of card, and who holds it.
#[derive(Args, Debug)]
pub(crate) struct CardArguments {
    /// File that keeps the card's memory (PIN, credentials); made if it is not there. Without it
    /// the card is factory-fresh each time.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Makes the card repeatable: the same number gives the same keys. For tests only.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// What happens when the card asks for a touch.
    #[arg(long, value_enum, default_value_t = TouchArgument::Auto)]
    touch: TouchArgument,
    /// Waits so long with an automatic touch.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    touch_delay: u64,
    /// The card gives up waiting for a touch after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    touch_timeout: u64,
    /// Takes commands on this Unix socket: touch, refuse, remove, insert, status, quit ...
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,
}

/// What a card in a reader is besides.
#[derive(Args, Debug, Default)]
pub(crate) struct Applications {
    /// The card is a smart card with certificates (PIV), too: PIN 123456, PUK 12345678.
    #[arg(long)]
    piv: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    card: CardArguments,
    #[command(flatten)]
    applications: Applications,
    /// Port of the virtual reader: 35963 is "Virtual PCD 00 00", 35964 "Virtual PCD 00 01".
    #[arg(long, value_name = "PORT", default_value_t = FIRST_PORT)]
    reader_port: u16,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TouchArgument {
    /// The card is touched by itself.
    Auto,
    /// Somebody says "touch" on standard input or the control socket.
    Manual,
}

impl CardArguments {
    pub(crate) fn start(&self, applications: &Applications) -> io::Result<Simulator> {
        let simulator = Simulator::start(Config {
            piv: applications.piv,
            state: self.state.clone(),
            touch_timeout: Duration::from_secs(self.touch_timeout),
            ..Config::seeded(self.seed.unwrap_or_else(chance))
        })?;
        simulator.holder().touches(match self.touch {
            TouchArgument::Auto if self.touch_delay == 0 => Touch::Now,
            TouchArgument::Auto => Touch::After(Duration::from_millis(self.touch_delay)),
            TouchArgument::Manual => Touch::Refuse,
        });
        Ok(simulator)
    }

    pub(crate) fn listen(&self, holder: Holder, quit: Sender<()>) -> io::Result<()> {
        let Some(path) = &self.control else { return Ok(()) };
        control::listen(path, holder, quit)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    }

    /// Says that all is ready, and does what people say until one says quit.
    #[expect(clippy::print_stdout, reason = "what the program is there to say")]
    pub(crate) fn attend(&self, simulator: &Simulator, ready: &str) -> Outcome {
        let (quit, quits) = mpsc::channel();
        self.listen(simulator.holder(), quit.clone())?;
        println!("{ready}");
        if io::stdin().is_terminal() {
            println!("{}", control::HELP);
        }
        let holder = simulator.holder();
        thread::Builder::new().name("stdin".into()).spawn(move || {
            // The end of standard input is not the end of the card: it may run in the background.
            if control::converse(io::stdin().lock(), io::stdout(), &holder).unwrap_or(false) {
                let _ = quit.send(());
            } else {
                // Keeps the channel open, so that the card stays.
                std::mem::forget(quit);
            }
        })?;
        // An error cannot happen while a sender lives; it would end the card as well.
        let _ = quits.recv();
        self.tidy();
        Ok(ExitCode::SUCCESS)
    }

    pub(crate) fn tidy(&self) {
        if let Some(path) = &self.control {
            // It may be gone already.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A seed that nobody chose. The standard library's hash keys come from the system's randomness.
fn chance() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one("seed")
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let simulator = arguments.card.start(&arguments.applications)?;
    let port = arguments.reader_port;
    let _card = simulator.card(&ReaderPort::local(port)).map_err(|error| {
        format!(
            "no virtual reader on port {port} ({error}); is pcscd running, with the driver of the \
             package vsmartcard-vpcd?"
        )
    })?;
    arguments.card.attend(&simulator, &format!("card inserted, reader port {port}"))
}
