//! `cardea client`: the applications that people sign in to, for whoever has access to this host.
//!
//! The commands speak to the store, never to the running server, which reads it anew for each request.

mod add;
mod remove;
mod secret;
mod show;
#[cfg(test)]
mod tests;

use clap::{Args, Subcommand};
use identity::Tenant;
use ids::Slug;
use openid_provider::{ClientSettings, Issuer};
use secrets::Secret;
use store::{Client, Rows};

use super::Failure;
use super::entra::{Voice, ask, slug};
use crate::app::App;
use crate::config::Config;
use crate::registration::{Copied, copied};

/// `cardea client`.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Add an application, and print what is to be copied into it.
    Add(add::Add),
    /// List the applications of a tenant.
    List(show::List),
    /// Print how an application is registered, and what is to be copied into it.
    Show(show::Show),
    /// Remove an application, with its secrets and all that it was granted.
    Remove(remove::Remove),
    /// Make a new client secret, or remove the older one of two.
    Secret(secret::NewSecret),
}

/// An application that is there.
#[derive(Args, Clone, Debug)]
pub(super) struct Named {
    /// Slug of the tenant.
    #[arg(long, value_parser = slug)]
    tenant: Slug,
    /// Client ID of the application.
    client_id: String,
}

/// An application as it is registered.
struct Registered {
    client: Client,
    settings: ClientSettings,
}

/// Runs a command.
pub(super) fn run(config: Config, command: &Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut out = std::io::stdout();
    let mut voice = Voice { out: &mut out, ask: &mut ask };
    runtime.block_on(async {
        let app = crate::start::open(config).await?;
        let done = carry_out(&app, command, &mut voice).await;
        app.store().close().await?;
        done
    })
}

async fn carry_out(app: &App, command: &Command, voice: &mut Voice<'_>) -> Result<(), Failure> {
    match command {
        Command::Add(asked) => add::add(app, asked, voice).await,
        Command::List(asked) => show::list(app, asked, voice).await,
        Command::Show(asked) => show::show(app, asked, voice).await,
        Command::Remove(asked) => remove::remove(app, asked, voice).await,
        Command::Secret(asked) => secret::secret(app, asked, voice).await,
    }
}

/// The application, or that there is none.
async fn stored(rows: &mut Rows, named: &Named) -> Result<Registered, Failure> {
    let Named { tenant, client_id } = named;
    let Some(client) = rows.client(client_id).await? else {
        return Err(format!(
            "there is no application {client_id}; cardea client list --tenant {tenant} shows those \
             that are there"
        )
        .into());
    };
    let Some(settings) = client.settings.clone() else {
        return Err(format!("{client_id} is a page of Cardea itself, and stays as it is").into());
    };
    Ok(Registered { client, settings })
}

/// What is to be copied into the application.
fn to_copy(
    app: &App,
    tenant: &Tenant,
    at: &Registered,
    secret: Option<&Secret>,
) -> Result<Vec<Copied>, Failure> {
    let issuer = Issuer::new(app.config.origin(), &tenant.slug)?;
    Ok(copied(&issuer, &at.client.client_id, &at.settings, secret))
}

/// Says what is to be copied, a setting on each line.
fn say_copied(all: Vec<Copied>, voice: &mut Voice<'_>) -> Result<(), Failure> {
    voice.say("Copy this into the application:")?;
    for Copied { name, value } in all {
        let value = value.unwrap_or_else(|| "(shown once, when it was made)".to_owned());
        voice.say(format!("  {name} = {value}"))?;
    }
    Ok(())
}
