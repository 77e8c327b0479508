//! `cardea-agent run`: the daemon.

use std::path::PathBuf;

use crate::{
    Agent, Browser, Causes, Config, DeviceSource, Locker, Modules, Pace, Readers, SecurityKeys,
    Several, SimulatedKey, Socket,
};

use crate::command::pinentry;
use crate::environment::{
    default_state, host_name, session_bus, settings_files, surroundings, variable,
};
use crate::failure::Failure;
use crate::smart_cards::smart_cards;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where keys and enrolments are kept [default: cardea in `XDG_STATE_HOME`]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    #[command(flatten)]
    pinentry: pinentry::Arguments,
    /// What pages call this computer [default: its host name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A simulated key at this socket, as `cardea-sim key` makes it, beside the real devices; may be
    /// given several times
    #[arg(long, value_name = "PATH")]
    simulated_key: Vec<PathBuf>,
}

/// Runs until a signal asks it to end.
pub(crate) async fn run(arguments: Arguments, socket: Socket) -> Result<(), Failure> {
    let state_dir = arguments.state.or_else(default_state);
    serve(Config {
        state_dir: state_dir.ok_or(Failure::Place("state", "XDG_STATE_HOME"))?,
        socket: Some(socket),
        pinentry: arguments.pinentry.program()?,
        locker: Locker::default(),
        tap: agent_protocol::limits::TAP,
        browser: browser(),
        session_bus: session_bus(),
        devices: Box::new(devices(arguments.simulated_key)),
        modules: modules(),
        device_name: arguments.name.unwrap_or_else(host_name),
        pace: Pace::default(),
    })
    .await
}

/// What opens a page of a server.
fn browser() -> Option<Browser> {
    // Set for all that a service manager starts (systemd.exec(5)).
    let is_service = variable("INVOCATION_ID").is_some();
    let surroundings = surroundings();
    if is_service { Browser::of_service(&surroundings) } else { Browser::of(&surroundings) }
}

fn devices(simulated_keys: Vec<PathBuf>) -> Several {
    let mut sources: Vec<Box<dyn DeviceSource>> = vec![Box::new(Readers), Box::new(SecurityKeys)];
    for socket in simulated_keys {
        sources.push(Box::new(SimulatedKey { socket }));
    }
    Several(sources)
}

/// Without cards of that kind an agent is of use all the same.
fn modules() -> Option<Modules> {
    smart_cards(&settings_files())
        .inspect_err(|error| eprintln!("cardea-agent: no smart cards: {}", Causes(error)))
        .ok()
        .flatten()
}

async fn serve(config: Config) -> Result<(), Failure> {
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
            _ = end.recv() => break,
            _ = interrupt.recv() => break,
            // After a suspend or a change of network.
            _ = again.recv() => agent.reconnect(),
        }
    }
    agent.end().await;
    Ok(())
}
