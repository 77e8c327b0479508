//! `cardea entra`: sets Entra external MFA up, and checks it link by link.
//!
//! Both commands speak to the store and to Entra, never to the running server but as Entra would.

mod azure;
mod connect;
mod credentials;
mod doctor;
mod steps;

use std::collections::BTreeMap;
use std::io::Write;

use clap::Subcommand;
use entra_eam::{Cloud, Issuer};
use identity::{ProviderKind, Tenant};
use ids::Slug;

pub use connect::{Connect, connect};
pub use credentials::GraphCredentials;
pub use doctor::{Doctor, doctor};

use super::Failure;
use crate::app::App;
use crate::config::Config;
use crate::paths;

/// `cardea entra`.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Print every step that connects a directory for external MFA, or do them by Microsoft Graph.
    Connect(Box<Connect>),
    /// Check each link between Entra and Cardea, and say what to do about the broken one.
    Doctor(Box<Doctor>),
}

/// Where a command says what it does, and whom it asks.
pub struct Voice<'a> {
    /// What is said, a line at a time.
    pub out: &'a mut dyn Write,
    /// Answers a question with yes or no.
    pub ask: &'a mut dyn FnMut(&str) -> bool,
}

impl Voice<'_> {
    pub(super) fn say(&mut self, line: impl AsRef<str>) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{}", line.as_ref())?)
    }
}

/// Runs a command; `environment` may hold credentials for Graph.
pub(super) fn run(
    config: Config,
    environment: &BTreeMap<String, String>,
    command: &Command,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut out = std::io::stdout();
    let mut voice = Voice { out: &mut out, ask: &mut ask };
    runtime.block_on(async {
        let app = crate::start::open(config).await?;
        let done = match command {
            Command::Connect(asked) => {
                let graph = GraphCredentials::of(environment, asked.graph_credentials.as_deref())?;
                connect(&app, asked, graph.as_ref(), &mut voice).await
            }
            Command::Doctor(asked) => {
                let graph = GraphCredentials::of(environment, asked.graph_credentials.as_deref())?;
                doctor(&app, asked, graph.as_ref(), &mut voice).await
            }
        };
        app.store().close().await?;
        done
    })
}

/// Asks at the terminal. Without an answer it is no.
pub(super) fn ask(question: &str) -> bool {
    eprint!("{question} [yes/no] ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.is_ok() && answer.trim().eq_ignore_ascii_case("yes")
}

fn guid(text: &str) -> Result<String, String> {
    ids::guid::parse(text.trim())
        .ok_or_else(|| format!("{text:?} is no GUID; Azure shows it as 8-4-4-4-12 digits"))
}

pub(super) fn slug(text: &str) -> Result<Slug, String> {
    Slug::try_from(text.to_owned()).map_err(|error| error.to_string())
}

/// The tenant, or that there is none.
pub(super) async fn tenant(app: &App, slug: &Slug) -> Result<Tenant, Failure> {
    let tenant = app.store().tenant(slug).await?;
    tenant.ok_or_else(|| format!("there is no tenant {slug}; the console makes one").into())
}

/// The issuer that answers Entra.
fn issuer(app: &App, tenant: &Tenant) -> Result<Issuer, Failure> {
    Ok(Issuer::new(app.config.origin(), &tenant.slug)?)
}

/// The redirect URIs of the tenant's providers of Entra's kind: one registration may serve both.
async fn broker_redirects(app: &App, tenant: &Tenant) -> Result<Vec<String>, Failure> {
    let providers = app.store().read(tenant.id).await?.providers().await?;
    let entra = providers.iter().filter(|provider| provider.kind == ProviderKind::Entra);
    let path = |alias| app.config.address(&paths::broker_endpoint(&tenant.slug, alias));
    Ok(entra.map(|provider| path(&provider.alias)).collect())
}

/// The authority of the cloud that is named; Microsoft's global one if none is.
fn authority(app: &App, named: Option<&str>) -> Result<String, Failure> {
    let named = named.map(|text| text.trim_end_matches('/'));
    let all = || app.clouds.iter().map(Cloud::authority);
    let found = match named {
        None => all().next(),
        Some(text) => all().find(|authority| *authority == text),
    };
    let found = found.map(str::to_owned);
    found.ok_or_else(|| {
        let all = all().collect::<Vec<_>>().join(", ");
        format!("this cloud may not ask for external MFA here; there are {all}").into()
    })
}
