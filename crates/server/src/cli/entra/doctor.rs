//! `cardea entra doctor`: a line for each link between Entra and Cardea, in the order in which a
//! sign-in goes through them, and what to do about the broken ones.

mod directory;
mod documents;
mod here;
mod keys;
mod synthetic;
mod wait;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ids::Slug;

use super::azure::Azure;
use super::{GraphCredentials, Voice, issuer, slug, tenant};
use crate::app::App;
use crate::cli::Failure;

/// What `cardea entra doctor` is told.
#[derive(Args, Clone, Debug)]
pub struct Doctor {
    /// Slug of the tenant.
    #[arg(long, value_parser = slug)]
    pub tenant: Slug,
    /// Check that this person has registered the method (user principal name or object ID); may be
    /// given several times. Needs credentials for Microsoft Graph.
    #[arg(long)]
    pub user: Vec<String>,
    /// Wait so many seconds for one real sign-in, and tell how it came out.
    #[arg(long, value_name = "SECONDS")]
    pub wait: Option<u32>,
    /// At an Entra stand-in on this machine: end with a whole sign-in, by a person who is made for it
    /// and put away after it. cardea-sim plays them, with a key; PATH says where it is.
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = "cardea-sim")]
    pub synthetic: Option<PathBuf>,
    #[expect(clippy::doc_markdown, reason = "the text of --help, where backticks would show")]
    /// File with client_id and client_secret of an application that may read the directory by
    /// Microsoft Graph, for nobody else to read. CARDEA_GRAPH_CLIENT_ID and
    /// CARDEA_GRAPH_CLIENT_SECRET say the same.
    #[arg(long, value_name = "FILE")]
    pub graph_credentials: Option<PathBuf>,
}

/// How a link is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Good,
    /// It works, or nobody can tell from here; there is something to know.
    Note,
    Bad,
}

/// What was found, a line at a time.
pub(super) struct Report<'a, 'v> {
    voice: &'a mut Voice<'v>,
    bad: usize,
}

impl Report<'_, '_> {
    fn line(&mut self, mark: Mark, link: &str, what: &str, remedy: &str) -> Result<(), Failure> {
        let word = match mark {
            Mark::Good => "ok ",
            Mark::Note => "?? ",
            Mark::Bad => "BAD",
        };
        self.bad = self.bad.saturating_add(usize::from(mark == Mark::Bad));
        self.voice.say(format!("{word}  {link}: {what}"))?;
        if remedy.is_empty() { Ok(()) } else { self.voice.say(format!("     → {remedy}")) }
    }

    fn good(&mut self, link: &str, what: impl AsRef<str>) -> Result<(), Failure> {
        self.line(Mark::Good, link, what.as_ref(), "")
    }

    fn note(&mut self, link: &str, what: impl AsRef<str>, remedy: &str) -> Result<(), Failure> {
        self.line(Mark::Note, link, what.as_ref(), remedy)
    }

    fn bad(
        &mut self,
        link: &str,
        what: impl AsRef<str>,
        remedy: impl AsRef<str>,
    ) -> Result<(), Failure> {
        self.line(Mark::Bad, link, what.as_ref(), remedy.as_ref())
    }
}

/// Checks the chain. Changes nothing, but for the first signing key, which it asks for as Entra would, and
/// for the person of a synthetic sign-in.
///
/// # Errors
///
/// That links are broken; or what keeps it from looking.
pub async fn doctor(
    app: &App,
    asked: &Doctor,
    graph: Option<&GraphCredentials>,
    voice: &mut Voice<'_>,
) -> Result<(), Failure> {
    let tenant = tenant(app, &asked.tenant).await?;
    let issuer = issuer(app, &tenant)?;
    let mut report = Report { voice, bad: 0 };
    here::address(app, &mut report)?;
    let connections = here::connections(app, &tenant, &mut report).await?;
    if !connections.is_empty() {
        documents::discovery(app, &issuer, &mut report).await?;
        documents::certs(app, &tenant, &issuer, &mut report).await?;
    }
    for connection in &connections {
        directory::entra(app, connection, &mut report).await?;
        if let Some(graph) = graph {
            for directory in &connection.directories {
                let azure =
                    Azure::open(app, &tenant, &connection.authority, directory, graph).await;
                match azure {
                    Ok(azure) => {
                        let link = directory::Link { azure: &azure, connection, issuer: &issuer };
                        link.check(&asked.user, &mut report).await?;
                    }
                    Err(error) => report.bad(
                        "Microsoft Graph",
                        error.to_string(),
                        "compare client id and secret with the application that may use Graph",
                    )?,
                }
            }
        }
    }
    if graph.is_none() {
        report.note(
            "Azure",
            "not looked at, for there are no credentials for Microsoft Graph",
            "set CARDEA_GRAPH_CLIENT_ID and CARDEA_GRAPH_CLIENT_SECRET, or --graph-credentials FILE",
        )?;
    }
    if let (Some(simulator), Some(connection)) = (&asked.synthetic, connections.first()) {
        if report.bad == 0 {
            synthetic::sign_in(app, &tenant, connection, simulator, &mut report).await?;
        } else {
            report.note("sign-in", "not played, for a link is broken", "mend it first")?;
        }
    }
    if let Some(seconds) = asked.wait {
        let patience = Duration::from_secs(seconds.into());
        wait::for_one(app, &tenant, patience, &mut report).await?;
    }
    match report.bad {
        0 => Ok(()),
        1 => Err("1 link is broken".into()),
        many => Err(format!("{many} links are broken").into()),
    }
}
