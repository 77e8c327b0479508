//! `demo`: plays the whole of Cardea before your eyes, then lets you do it by hand.
//!
//! Starts the programs as a user would (an Entra stand-in, `cardea`, `cardea-agent`, a simulated
//! card in a virtual reader), walks the integration guide from its first step to its last through
//! the pages that people use, and prints each step as it happens. It uses no door that a person
//! with a browser has not; the one thing that it brings along is the administrator's passkey.

mod application;
mod azure;
mod browser;
mod by_hand;
mod clock;
mod console;
mod desktop;
mod external;
mod farewell;
mod namespace;
mod page;
mod play;
mod port;
mod program;
mod sign_in;
mod stage;
mod story;
mod trouble;
mod wiki;

use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::stage::Stage;
use crate::story::{Story, say};

/// Plays the set-up, sign-ins, an application and external MFA, then stays up for you to try.
#[derive(Debug, Parser)]
#[command(name = "demo", version)]
struct Arguments {
    /// End after the scripted part.
    #[arg(long)]
    once: bool,
    /// Keep the directory with database, configuration and logs.
    #[arg(long)]
    keep: bool,
    /// Port of Cardea [default: 8080, or any free one when that is taken]
    #[arg(long)]
    port: Option<u16>,
    /// Port of the Entra stand-in [default: 8090, or any free one when that is taken]
    #[arg(long)]
    entra_port: Option<u16>,
    /// Set by the program itself when it has entered a namespace in which it may start pcscd.
    #[arg(long, hide = true)]
    in_namespace: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = namespace::enter(arguments.in_namespace) {
        eprintln!("demo: {error}");
        return ExitCode::FAILURE;
    }
    // The one provider of TLS; a second call would change nothing.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // One thread: the kernel ends a child when the thread that started it ends.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(run(&arguments));
            // A hand that still waits for its card must not keep the program.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            eprintln!("demo: cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> ExitCode {
    let mut story = Story::default();
    let mut stage = match Stage::new(arguments.port, arguments.entra_port) {
        Ok(stage) => stage,
        Err(error) => {
            eprintln!("demo: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut stop = std::pin::pin!(interrupted());
    let played = tokio::select! {
        biased;
        () = &mut stop => None,
        played = play::play(&mut story, &mut stage) => Some(played.is_ok()),
    };
    let mut ok = played == Some(true);
    if ok && !arguments.once {
        match farewell::print(&stage).await {
            Ok(()) => tokio::select! {
                () = stop => {}
                () = by_hand::take_codes(&stage) => {}
            },
            Err(error) => {
                eprintln!("demo: {error}");
                ok = false;
            }
        }
    }
    if ok && arguments.once {
        say(format_args!("\nThat was all. Without ONCE=1 everything stays up, for you to use."));
    }
    stage.end(arguments.keep || played == Some(false));
    story.last_line();
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Waits for Ctrl-C, or for another signal that asks to end.
async fn interrupted() {
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    ) else {
        // Without signals the default action ends the program, and the kernel its children.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}
