//! `cardea-agent`: the desktop program, as a daemon and as the commands that talk to it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use cardea_agent::cli::{Arguments, Command};
use cardea_agent::{
    Agent, Ask, Browser, Causes, Config, Daemon, DeviceSource, Offer, Pace, Pinentry, Readers,
    Reply, SecurityKeys, ServerAddress, SettingsError, Several, SimulatedKey, Socket, Surroundings,
};
use clap::Parser as _;

/// Why the program ends.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot protect the memory of this process")]
    Harden(#[source] std::io::Error),
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    #[error("cannot take the socket that the service manager hands over")]
    Given(#[source] std::io::Error),
    #[error("give --{0}, or set {1}")]
    Place(&'static str, &'static str),
    #[error(
        "no pinentry program found; install pinentry-gnome3 or pinentry-qt, or give --pinentry"
    )]
    NoPinentry,
    #[error(transparent)]
    Start(#[from] cardea_agent::StartError),
    #[error("cannot listen for signals")]
    Signals(#[source] std::io::Error),
    #[error("no agent is running; start one with: cardea-agent run")]
    NoDaemon(#[source] std::io::Error),
    #[error("the agent went away; as a service it says why in: journalctl --user -u cardea-agent")]
    Gone(#[source] std::io::Error),
    #[error("the agent that runs is of another version than this command; restart it")]
    Unexpected,
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(
        "which server? copy the whole command from the page: cardea-agent pair CODE --server ADDRESS"
    )]
    WhichServer,
    #[error("cannot write to the terminal")]
    Terminal(#[from] std::io::Error),
}

fn main() -> ExitCode {
    match start(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("cardea-agent: {}", Causes(&failure));
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> Result<(), Failure> {
    cardea_agent::harden().map_err(Failure::Harden)?;
    let given = match arguments.command {
        Command::Run { .. } => given_socket()?,
        _ => None,
    };
    let socket =
        arguments.socket.or_else(|| Some(variable("XDG_RUNTIME_DIR")?.join("cardea/agent.sock")));
    let socket = socket.ok_or(Failure::Place("socket", "XDG_RUNTIME_DIR"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let result = runtime.block_on(async {
        match arguments.command {
            Command::Run { state, pinentry, pinentry_arg, name, simulated_key } => {
                let pinentry = pinentry_program(pinentry)?.with_arguments(pinentry_arg);
                let state_dir = state.or_else(default_state);
                let state_dir = state_dir.ok_or(Failure::Place("state", "XDG_STATE_HOME"))?;
                let device_name = name.unwrap_or_else(host_name);
                run(Config {
                    state_dir,
                    socket: Some(given.map_or(Socket::At(socket), Socket::Given)),
                    pinentry,
                    devices: Box::new(devices(simulated_key)),
                    device_name,
                    pace: Pace::default(),
                })
                .await
            }
            Command::Pair { code, server, again, browser, no_browser } => {
                let server = match server {
                    Some(server) => server,
                    None => only_server(&socket).await?,
                };
                let browser = browser.map(Browser::program);
                let browser = browser.or_else(|| Browser::of(&surroundings()));
                let ask = Ask::Pair { server, code, again };
                pair(&socket, &ask, browser.filter(|_| !no_browser)).await
            }
            Command::Status => status(&socket).await,
        }
    });
    // A card that hangs must not keep the program.
    runtime.shutdown_background();
    result
}

#[expect(clippy::disallowed_methods, reason = "the program reads its environment, here and once")]
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The service manager's socket, where one has started us.
fn given_socket() -> Result<Option<std::os::unix::net::UnixListener>, Failure> {
    let text = |name| variable(name).map(|value| value.display().to_string());
    let (pid, count) = (text("LISTEN_PID"), text("LISTEN_FDS"));
    cardea_agent::given_socket(pid.as_deref(), count.as_deref()).map_err(Failure::Given)
}

fn surroundings() -> Surroundings {
    let text = |name| variable(name).map(|value| value.display().to_string());
    Surroundings {
        browser: text("BROWSER"),
        display: variable("WAYLAND_DISPLAY").or_else(|| variable("DISPLAY")).is_some(),
        path: variable("PATH").map(PathBuf::into_os_string),
    }
}

fn default_state() -> Option<PathBuf> {
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")));
    Some(state?.join("cardea"))
}

/// Where `agent.toml` may be: the person's own comes first.
fn settings_files() -> Vec<PathBuf> {
    let own = variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")));
    let folders = own.into_iter().chain([PathBuf::from("/etc")]);
    folders.map(|folder| folder.join("cardea/agent.toml")).collect()
}

fn pinentry_program(given: Option<PathBuf>) -> Result<Pinentry, Failure> {
    let path = variable("PATH").unwrap_or_default();
    let found = given.map(Pinentry::new).or_else(|| Pinentry::find(path.as_os_str()));
    let terminal = variable("GPG_TTY").map(|tty| tty.display().to_string());
    Ok(found.ok_or(Failure::NoPinentry)?.on_terminal(terminal))
}

fn devices(simulated_key: Option<PathBuf>) -> Several {
    let mut sources: Vec<Box<dyn DeviceSource>> = vec![Box::new(Readers), Box::new(SecurityKeys)];
    if let Some(socket) = simulated_key {
        sources.push(Box::new(SimulatedKey { socket }));
    }
    Several(sources)
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

async fn run(config: Config) -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let filter = tracing_subscriber::EnvFilter::try_from_env("CARDEA_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let mut end = signal(SignalKind::terminate()).map_err(Failure::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Signals)?;
    let mut again = signal(SignalKind::hangup()).map_err(Failure::Signals)?;
    let agent = Agent::start(config)?;
    tracing::info!(enrolments = agent.status().enrolments.len(), "ready");
    loop {
        tokio::select! {
            _ = end.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            // After a suspend or a change of network.
            _ = again.recv() => agent.reconnect(),
        }
    }
}

async fn pair(
    socket: &std::path::Path,
    ask: &Ask,
    browser: Option<Browser>,
) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let mut daemon = Daemon::ask(socket, ask).await.map_err(Failure::NoDaemon)?;
    loop {
        match daemon.reply().await.map_err(Failure::Gone)? {
            Reply::Offer(offer) => {
                let Offer { answer, address } = *offer;
                writeln!(
                    out,
                    "Server   {}\nTenant   {} ({})\nAccount  {}\nBrowser  {} on {}\n\n\
                     Is this your login? Then confirm on the page that your browser shows.",
                    answer.origin,
                    answer.tenant_name,
                    answer.tenant,
                    answer.account,
                    answer.browser,
                    answer.os,
                )?;
                if let Ask::Pair { again: true, .. } = ask {
                    writeln!(out, "This adds a browser. Those that are paired stay so.")?;
                }
                confirm_in(browser.as_ref(), &address)?;
                writeln!(out, "\nWaiting for the page ...")?;
            }
            Reply::Paired(info) => {
                writeln!(out, "Paired with {} at {}.", info.tenant_name, info.server)?;
                return Ok(());
            }
            Reply::Error(text) => return Err(Failure::Refused(text)),
            Reply::Status(_) => return Err(Failure::Unexpected),
        }
    }
}

/// The only server that this computer knows: of the administrator's file and of the pairings.
async fn only_server(socket: &std::path::Path) -> Result<ServerAddress, Failure> {
    let set = cardea_agent::default_server(&settings_files())?;
    let mut daemon = Daemon::ask(socket, &Ask::Status).await.map_err(Failure::NoDaemon)?;
    let Reply::Status(status) = daemon.reply().await.map_err(Failure::Gone)? else {
        return Err(Failure::Unexpected);
    };
    let paired = status.enrolments.iter().filter_map(|info| info.server.parse().ok());
    let mut known: Vec<ServerAddress> = Vec::new();
    for server in set.into_iter().chain(paired) {
        if !known.contains(&server) {
            known.push(server);
        }
    }
    match <[ServerAddress; 1]>::try_from(known) {
        Ok([server]) => Ok(server),
        Err(_) => Err(Failure::WhichServer),
    }
}

/// Opens the page that confirms; where no browser can be opened, says where it is.
fn confirm_in(browser: Option<&Browser>, address: &str) -> std::io::Result<()> {
    let Some(mut opened) = browser.and_then(|browser| browser.open(address).ok()) else {
        return print_address(address);
    };
    let address = address.to_owned();
    tokio::spawn(async move {
        if !opened.wait().await.is_ok_and(|status| status.success()) {
            // What cannot be printed has no reader.
            print_address(&address).unwrap_or_default();
        }
    });
    Ok(())
}

fn print_address(address: &str) -> std::io::Result<()> {
    writeln!(
        std::io::stdout(),
        "\nOpen this address in the browser that shows the code:\n\n    {address}\n\n\
         Open it yourself. Give it to nobody, and enter it into no page: who asks for it wants to \
         sign in as you.",
    )
}

async fn status(socket: &std::path::Path) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let mut daemon = Daemon::ask(socket, &Ask::Status).await.map_err(Failure::NoDaemon)?;
    match daemon.reply().await.map_err(Failure::Gone)? {
        Reply::Status(status) => {
            for info in &status.enrolments {
                let state = if info.connected { "connected" } else { "not connected" };
                writeln!(out, "{}  {}  {}  {state}", info.server, info.tenant, info.account)?;
            }
            if status.enrolments.is_empty() {
                writeln!(out, "Paired with no server yet.")?;
            }
            for device in &status.devices {
                writeln!(out, "{device}")?;
            }
            Ok(())
        }
        Reply::Error(text) => Err(Failure::Refused(text)),
        Reply::Offer(_) | Reply::Paired(_) => Err(Failure::Unexpected),
    }
}
