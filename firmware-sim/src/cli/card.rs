use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use super::Outcome;
use super::make::MakeArguments;
use crate::fault::Spec;
use crate::{Config, FIRST_PORT, FaultRefused, Holder, ReaderPort, Simulator, Touch, control};

/// What a stranger must know.
const AFTER_HELP: &str = "\
The card is in the reader until this program ends, or \"remove\" is said on standard input or at the
control socket; \"help\" says what else may be said. Two cards at once: start it a second time with
--reader-port 35964, and with a state file of its own.

A sign-in at a card that has a PIN, in which the third answer is garbage, with all that is said:
  cardea-sim card --pin 2468 --fault garbage@3 --trace trace.txt";

/// What goes wrong, in words.
const FAULTS: &str = "\
Something goes wrong: NAME@N with the answer to the N-th command, counted in APDUs of a card and
packets to a key; NAME@N+ from then on. May be given several times. The names:
  remove             pulled out, before it does what the command says
  remove-after       pulled out after that; the answer is lost
  delay=MS           the answer comes so many milliseconds later
  garbage            random bytes in place of the answer, from the seed
  endless-keepalive  no answer, but the word that it works, without an end
  length-long        more is announced than comes
  length-short       less is announced than comes
  another-card       another card of the make, without PIN and credentials, answers
  deep               CBOR of 2,000 arrays in each other
  duplicate          each packet comes twice (keys only)
  wrong-channel      the answer goes to another program's channel (keys only)
  endless-61         61FF and 255 bytes, again and again (cards only)
What cannot happen to the answer of that command happens to the first to which it can.";

/// What kind of card, and who holds it.
#[derive(Args, Debug)]
pub(crate) struct CardArguments {
    /// File that keeps the memory (PIN, credentials) from one run to the next; made if it is not
    /// there. Without it the authenticator is new each time.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Makes it repeatable: the same number gives the same keys. For tests only.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// What happens when it asks for a touch.
    #[arg(long, value_enum, default_value_t = TouchArgument::Auto)]
    touch: TouchArgument,
    /// Waits so long with an automatic touch.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    touch_delay: u64,
    /// It gives up waiting for a touch after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    touch_timeout: u64,
    /// Something goes wrong, "NAME@N": with the answer to the N-th command. With "+" at the end from
    /// then on. May be given several times.
    #[arg(long, value_name = "NAME@N", long_help = FAULTS)]
    fault: Vec<Spec>,
    /// Writes all that is said to this file, one line for each APDU or message: seconds, direction
    /// (">" to the card, "<" from it, "!" what goes wrong with the next answer), kind, bytes in
    /// hexadecimal. PINs and PIN/UV tokens are not told: "{64}" stands for 64 bytes. For "cardea-sim
    /// replay".
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Takes commands on this Unix socket, as on standard input: touch, remove, insert, fault-at,
    /// status, quit ...; "help" lists them.
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,
    #[command(flatten)]
    make: MakeArguments,
}

/// What a card in a reader is besides.
#[derive(Args, Debug, Default)]
pub(crate) struct Applications {
    /// The card is a smart card with certificates (PIV), too: PIN 123456, PUK 12345678.
    #[arg(long)]
    piv: bool,
}

#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Port of the virtual reader: 35963 is "Virtual PCD 00 00", 35964 "Virtual PCD 00 01".
    #[arg(long, value_name = "PORT", default_value_t = FIRST_PORT)]
    reader_port: u16,
    #[command(flatten)]
    applications: Applications,
    #[command(flatten)]
    card: CardArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TouchArgument {
    /// It is touched by itself.
    Auto,
    /// Somebody says "touch" on standard input or the control socket.
    Manual,
}

impl CardArguments {
    pub(crate) fn start(&self, applications: &Applications) -> io::Result<Simulator> {
        let simulator = Simulator::start(self.make.make(Config {
            piv: applications.piv,
            state: self.state.clone(),
            trace: self.trace.clone(),
            touch_timeout: Duration::from_secs(self.touch_timeout),
            ..Config::seeded(self.seed.unwrap_or_else(chance))
        })?)?;
        simulator.holder().touches(match self.touch {
            TouchArgument::Auto if self.touch_delay == 0 => Touch::Now,
            TouchArgument::Auto => Touch::After(Duration::from_millis(self.touch_delay)),
            TouchArgument::Manual => Touch::Refuse,
        });
        Ok(simulator)
    }

    /// Plans what shall go wrong; the authenticator is in its place.
    pub(crate) fn plan(&self, holder: &Holder) -> Result<(), FaultRefused> {
        self.fault.iter().try_for_each(|spec| {
            if spec.from_then_on {
                holder.fault_from(spec.nth, spec.fault)
            } else {
                holder.fault_at(spec.nth, spec.fault)
            }
        })
    }

    pub(crate) fn listen(&self, holder: Holder, quit: Sender<()>) -> io::Result<()> {
        listen(self.control.as_deref(), holder, quit)
    }

    /// Plans what goes wrong, says that all is ready, and does what people say until one says quit.
    pub(crate) fn attend(&self, simulator: &Simulator, ready: &str) -> Outcome {
        self.plan(&simulator.holder())?;
        attend(simulator, self.control.as_deref(), ready)
    }

    pub(crate) fn tidy(&self) {
        tidy(self.control.as_deref());
    }
}

fn listen(path: Option<&Path>, holder: Holder, quit: Sender<()>) -> io::Result<()> {
    let Some(path) = path else { return Ok(()) };
    control::listen(path, holder, quit)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

fn tidy(control: Option<&Path>) {
    if let Some(path) = control {
        // It may be gone already.
        let _ = std::fs::remove_file(path);
    }
}

/// Has SIGINT and SIGTERM end the program as "quit" does, so that its sockets go with it.
fn end_by_signal(quit: Sender<()>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let signals = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    thread::Builder::new().name("signals".into()).spawn(move || {
        let (mut interrupt, mut terminate) = signals;
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        let _ = quit.send(());
    })?;
    Ok(())
}

/// Says that all is ready, and does what people say until one says quit, or a signal does.
#[expect(clippy::print_stdout, reason = "what the program is there to say")]
pub(crate) fn attend(simulator: &Simulator, socket: Option<&Path>, ready: &str) -> Outcome {
    let (quit, quits) = mpsc::channel();
    listen(socket, simulator.holder(), quit.clone())?;
    end_by_signal(quit.clone())?;
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
    tidy(socket);
    Ok(ExitCode::SUCCESS)
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
