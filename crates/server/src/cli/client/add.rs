//! `cardea client add`.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use ids::Slug;
use openid_provider::client::presets::{PRESETS, Preset};
use store::{AuditEntry, Client};

use super::super::entra::{Voice, slug, tenant};
use super::{Registered, say_copied, to_copy};
use crate::admin::form;
use crate::app::App;
use crate::cli::Failure;
use crate::entropy;
use crate::registration::{self, Added, MOST};

/// What `cardea client add` is told.
#[derive(Args, Clone, Debug)]
pub(in super::super) struct Add {
    /// Slug of the tenant.
    #[arg(long, value_parser = slug)]
    pub(super) tenant: Slug,
    /// What it is.
    #[arg(long, value_parser = presets())]
    pub(super) preset: String,
    /// An answer that the preset asks for, such as host=grafana.acme.example; may be given several
    /// times. Without it, the questions are printed.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = answer)]
    pub(super) answers: Vec<(String, String)>,
    /// Its client ID. Without it, that of the preset, or one made of the name.
    #[arg(long)]
    pub(super) id: Option<String>,
    /// Its name, as people read it when they sign in. Without it, that of the preset.
    #[arg(long)]
    pub(super) name: Option<String>,
    /// Where it is told that a session has ended. Without it, where the preset knows, if it does.
    #[arg(long, value_name = "URL")]
    pub(super) backchannel_logout_uri: Option<String>,
    /// It does not know sid: tell it only whose session has ended.
    #[arg(long)]
    pub(super) without_sid: bool,
}

fn presets() -> PossibleValuesParser {
    let value = |preset: &Preset| PossibleValue::new(preset.name).help(preset.description);
    PossibleValuesParser::new(PRESETS.iter().map(value))
}

fn answer(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    parts.ok_or_else(|| "write NAME=VALUE, such as host=grafana.acme.example".to_owned())
}

/// Adds the application, and says what is to be copied into it: its secret this once.
pub(super) async fn add(app: &App, asked: &Add, voice: &mut Voice<'_>) -> Result<(), Failure> {
    let tenant = tenant(app, &asked.tenant).await?;
    let client = client(asked)?;
    let mut tx = app.store().write(tenant.id).await?;
    let secret = match registration::add(&mut tx, &client).await? {
        Added::Written(secret) => secret,
        Added::Taken => {
            return Err(format!("there is a client {}; name another --id", client.client_id).into());
        }
        Added::Full => {
            return Err(
                format!("a tenant has at most {MOST} applications; remove one first").into()
            );
        }
    };
    let mut detail = registration::added(&client);
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("from".into(), "host".into());
    }
    tx.audit(&AuditEntry::new("client.added", detail)).await?;
    tx.commit().await?;
    voice.say(format!("The application {} is added.", client.client_id))?;
    let settings = client.settings.clone().unwrap_or_default();
    let at = Registered { client, settings };
    say_copied(to_copy(app, &tenant, &at, secret.as_ref())?, voice)?;
    if secret.is_some() {
        voice.say("The client secret is shown this once.")?;
    }
    Ok(())
}

fn client(asked: &Add) -> Result<Client, Failure> {
    let preset = Preset::find(&asked.preset).ok_or("there is no such preset")?;
    let known = |name: &String| preset.asks.iter().any(|ask| ask.name == name);
    if let Some((name, _)) = asked.answers.iter().find(|(name, _)| !known(name)) {
        return Err(format!("{} does not ask for {name}{}", preset.name, questions(preset)).into());
    }
    let name = form::name(asked.name.as_deref().unwrap_or(preset.title))?;
    let id = asked.id.as_deref().or(preset.client_id).unwrap_or_default();
    let client_id = registration::client_id(id, &name)?;
    let answers: Vec<_> = preset.asks.iter().map(|ask| (ask.name, said(asked, ask.name))).collect();
    let answers: Vec<_> = answers.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let mut settings = registration::fill(preset, &answers)
        .map_err(|(field, text)| format!("--set {field}: {text}{}", questions(preset)))?;
    if let Some(uri) = &asked.backchannel_logout_uri {
        settings.backchannel_logout_uri = Some(uri.clone());
        let wrong = |error| format!("--backchannel-logout-uri: {}", registration::wrong(&error));
        settings.check().map_err(wrong)?;
    }
    settings.backchannel_logout_session_required = !asked.without_sid;
    Ok(Client {
        client_id,
        name,
        home_url: None,
        settings: Some(settings),
        enabled: true,
        created_at: entropy::now(),
    })
}

/// All that was said to a question, an answer on each line.
fn said(asked: &Add, question: &str) -> String {
    let answers = asked.answers.iter().filter(|(name, _)| name == question);
    answers.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("\n")
}

/// What the preset asks for, a question on each line.
fn questions(preset: &Preset) -> String {
    let line = |ask: &openid_provider::client::presets::Ask| {
        let optional = if ask.optional { " (may be left out)" } else { "" };
        format!("\n  --set {}=…  {}, such as {}{optional}", ask.name, ask.label, ask.example)
    };
    let lines: String = preset.asks.iter().map(line).collect();
    if lines.is_empty() { String::new() } else { format!("\n{} asks for{lines}", preset.name) }
}
