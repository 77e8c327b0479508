//! Groups that a token had no room for: Graph is asked, within limits, and a sign-in never fails
//! for them.

use std::time::Duration;

use identity::mapping::{self, Overage};
use identity::{EntraLink, Provider, Tenant};
use oidc::id_token::Claims;
use upstream::{Deadline, GraphError, GroupsOf, UpstreamError};

use crate::app::App;
use crate::http::problem::Problem;
use crate::limits::{self, Subject, Turn};

/// A Graph that is slow or out of order is left alone for so long, unless it says how long.
const PAUSE: Duration = Duration::from_secs(30);

/// What is known of a person's groups besides what their token says.
#[derive(Debug, Default)]
pub(crate) enum Groups {
    /// The token says it all, or nobody wants to know.
    #[default]
    InToken,
    /// Graph has named them.
    Named(Vec<String>),
    /// Graph was asked a moment ago.
    AsStored,
    /// They stay as they are, and may be old.
    Kept {
        /// Why, for the audit event; none when that was told a moment ago.
        reason: Option<String>,
    },
}

impl Groups {
    /// For the import.
    pub(crate) fn overage(&self) -> Overage<'_> {
        match self {
            Self::InToken | Self::Kept { .. } => Overage::Unknown,
            Self::Named(groups) => Overage::Named(groups),
            Self::AsStored => Overage::AsStored,
        }
    }

    /// Why groups were kept that may be old.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Kept { reason } => reason.as_deref(),
            Self::InToken | Self::Named(_) | Self::AsStored => None,
        }
    }
}

/// Asks Graph, if there is need and it is the person's turn; before `deadline`, which is that of
/// the whole sign-in.
///
/// # Errors
///
/// [`Problem`] of the store. Whatever becomes of the call is no error.
pub(crate) async fn groups(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    claims: &Claims,
    link: &EntraLink,
    deadline: Deadline,
) -> Result<Groups, Problem> {
    if !wanted(app, tenant, provider, claims, link).await? {
        return Ok(Groups::InToken);
    }
    let subject = Subject::new(tenant.id, link);
    match limits::turn_at_graph(app, &subject) {
        Turn::AsStored => return Ok(Groups::AsStored),
        Turn::Wait => return Ok(Groups::Kept { reason: None }),
        Turn::Ask => {}
    }
    match deadline.meet(ask(app, tenant, provider, link)).await {
        Ok(groups) => {
            limits::graph_answered(app, &subject);
            Ok(Groups::Named(groups))
        }
        Err(error) => {
            limits::graph_failed(app, &subject, pause(&error));
            app.quiet.once("groups not known", Some(tenant), || {
                tracing::warn!(
                    tenant = %tenant.slug, provider = %provider.alias, %error,
                    "a person has more groups than a token names, and Graph did not name them: they keep theirs"
                );
            });
            Ok(Groups::Kept { reason: Some(error.to_string()) })
        }
    }
}

/// Asks Graph at once, whoever asked before.
///
/// # Errors
///
/// As [`upstream::Upstream::groups_of`].
pub(crate) async fn ask(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    link: &EntraLink,
) -> Result<Vec<String>, UpstreamError> {
    let who = GroupsOf {
        tenant: tenant.id,
        token_endpoint: &provider.endpoints.token,
        client_id: &provider.client_id,
        client_secret: provider.client_secret.as_ref(),
        oid: &link.oid,
    };
    app.upstream.groups_of(&who).await
}

/// Whether a mapper wants groups that the token does not name.
///
/// # Errors
///
/// [`Problem`] of the store.
pub(crate) async fn wanted(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    claims: &Claims,
    link: &EntraLink,
) -> Result<bool, Problem> {
    // The usual token names its groups, and costs no reading.
    if !mapping::has_groups_overage(&claims.all) {
        return Ok(false);
    }
    let mut rows = app.store.read(tenant.id).await?;
    let mappers = rows.mappers(&provider.alias).await?;
    let existing = rows.person_by_link(&link.tid, &link.oid).await?;
    Ok(mapping::wants_groups_from_graph(provider, &mappers, &claims.all, existing.as_ref()))
}

/// How long the provider's Graph is left alone after an error; not at all after one that is about
/// the person or the settings.
fn pause(error: &UpstreamError) -> Option<Duration> {
    match error {
        UpstreamError::Graph(GraphError::Pause { retry_after, .. }) => {
            Some(retry_after.unwrap_or(PAUSE))
        }
        error if error.is_temporary() => Some(PAUSE),
        _ => None,
    }
}
