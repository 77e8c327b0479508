//! `entra-stand-in`: the stand-in as a program.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use entra_stand_in::StandIn;
use url::Url;

/// Plays Microsoft Entra ID: sign-in pages, tokens, a small portal, and a control API for tests.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The URL under which browsers and servers reach it, if that is another
    #[arg(long)]
    public_url: Option<Url>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut builder = StandIn::builder().listen(arguments.listen);
    if let Some(url) = arguments.public_url {
        builder = builder.public_url(url);
    }
    let stand_in = match builder.start().await {
        Ok(stand_in) => stand_in,
        Err(error) => return failed(&error),
    };
    #[expect(
        clippy::print_stdout,
        reason = "the one line that whoever starts the program waits for"
    )]
    {
        println!("{}", stand_in.base_url());
    }
    let ended = tokio::signal::ctrl_c().await;
    stand_in.stop().await;
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    eprintln!("{error}{cause}");
    ExitCode::FAILURE
}
