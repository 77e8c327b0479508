//! `cardea client list` and `cardea client show`.

use clap::Args;
use ids::Slug;
use serde_json::{Value as Json, json};
use store::{Client, ClientSecret};

use super::super::entra::{Voice, slug, tenant};
use super::{Copied, Named, Registered, say_copied, stored, to_copy};
use crate::app::App;
use crate::cli::Failure;
use crate::http::page::when;

/// What `cardea client list` is told.
#[derive(Args, Clone, Debug)]
pub(in super::super) struct List {
    /// Slug of the tenant.
    #[arg(long, value_parser = slug)]
    pub(super) tenant: Slug,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// What `cardea client show` is told.
#[derive(Args, Clone, Debug)]
pub(in super::super) struct Show {
    #[command(flatten)]
    pub(super) named: Named,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Says which applications there are.
pub(super) async fn list(app: &App, asked: &List, voice: &mut Voice<'_>) -> Result<(), Failure> {
    let tenant = tenant(app, &asked.tenant).await?;
    let clients = app.store().read(tenant.id).await?.clients().await?;
    if asked.json {
        let all: Vec<Json> = clients.iter().map(in_short).collect();
        return voice.say(serde_json::to_string_pretty(&all)?);
    }
    for client in clients {
        let state = if client.enabled { "enabled" } else { "disabled" };
        let what = if client.settings.is_some() { "" } else { " (a page of Cardea)" };
        voice.say(format!("{:<32} {state:<9} {}{what}", client.client_id, client.name))?;
    }
    Ok(())
}

fn in_short(client: &Client) -> Json {
    json!({
        "client_id": client.client_id, "name": client.name, "enabled": client.enabled,
        "home": client.home(), "preset": client.settings.as_ref().map(|settings| &settings.preset),
        "kind": client.settings.as_ref().map(|settings| settings.kind),
    })
}

/// Says how an application is registered. No secret is known any more.
pub(super) async fn show(app: &App, asked: &Show, voice: &mut Voice<'_>) -> Result<(), Failure> {
    let tenant = tenant(app, &asked.named.tenant).await?;
    let mut rows = app.store().read(tenant.id).await?;
    let at = stored(&mut rows, &asked.named).await?;
    let secrets = rows.client_secrets(&at.client.client_id).await?;
    drop(rows);
    let copied = to_copy(app, &tenant, &at, None)?;
    if asked.json {
        return voice.say(serde_json::to_string_pretty(&whole(&at, &secrets, copied))?);
    }
    let Registered { client, settings } = &at;
    let state = if client.enabled { "enabled" } else { "disabled" };
    voice.say(format!("{} ({}), {state}", client.name, client.client_id))?;
    for uri in &settings.redirect_uris {
        voice.say(format!("  redirect URI {uri}"))?;
    }
    for uri in &settings.post_logout_redirect_uris {
        voice.say(format!("  post-logout URI {uri}"))?;
    }
    if let Some(uri) = &settings.backchannel_logout_uri {
        voice.say(format!("  back-channel logout URL {uri}"))?;
    }
    for secret in &secrets {
        voice.say(format!("  client secret made on {}", when(secret.created_at).text))?;
    }
    say_copied(copied, voice)
}

fn whole(at: &Registered, secrets: &[ClientSecret], copied: Vec<Copied>) -> Json {
    let Registered { client, settings } = at;
    let made: Vec<String> = secrets.iter().map(|one| when(one.created_at).machine).collect();
    let copied =
        copied.into_iter().map(|Copied { name, value }| json!({ "name": name, "value": value }));
    json!({
        "client_id": client.client_id, "name": client.name, "enabled": client.enabled,
        "settings": settings, "secrets_made": made, "copy": copied.collect::<Vec<Json>>(),
    })
}
