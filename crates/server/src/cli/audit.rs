use clap::{Args, Subcommand};
use ids::Slug;

use super::Failure;
use crate::config::Config;
use crate::trail::Seen;

/// `cardea audit`.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Check a tenant's audit trail from its first event to its last.
    Verify(Verify),
}

/// What `cardea audit verify` is told.
#[derive(Args)]
pub(super) struct Verify {
    /// Slug of the tenant.
    #[arg(long, value_parser = slug)]
    tenant: Slug,
    /// An event that must be there: `seen` in a line "audit head" of the server's log. Without it, a
    /// trail that was put back to an earlier end of its own looks whole.
    #[arg(long, value_name = "SEQ:MAC")]
    seen: Option<Seen>,
}

fn slug(text: &str) -> Result<Slug, String> {
    Slug::try_from(text.to_owned()).map_err(|error| error.to_string())
}

/// `cardea audit verify`: says so and fails when the trail is not whole.
pub(super) fn verify(config: &Config, arguments: &Verify) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tenant = &arguments.tenant;
    let walked = runtime.block_on(crate::start::walk_audit(config, tenant, arguments.seen))?;
    let Some(walked) = walked else {
        return Err(format!("there is no tenant {tenant}").into());
    };
    if let Some(seq) = walked.broken_at {
        return Err(format!(
            "the audit trail of {tenant} is broken at event {seq}: it was changed, removed or \
             moved in the database. Keep a copy of the database, and find out who had access"
        )
        .into());
    }
    if let Some(seq) = walked.missing {
        return Err(format!(
            "event {seq} of {tenant} is not the one that was seen: the audit trail was put back to \
             an earlier state. Keep a copy of the database, and find out who had access"
        )
        .into());
    }
    let end = walked.head.map(Seen::from).map(|seen| seen.to_string()).unwrap_or_default();
    println!("whole up to {end}");
    if arguments.seen.is_none() {
        eprintln!(
            "Whether it was put back to an earlier end, --seen tells: with the last line \"audit \
             head\" of the server's log."
        );
    }
    Ok(())
}
