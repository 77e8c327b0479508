//! Groups that a token had no room for: Graph is asked, within limits, and a sign-in never fails
//! for them.

mod turns;

use std::time::Duration;

use identity::mapping::{self, Overage};
use identity::{EntraLink, Provider, Tenant};
use oidc::id_token::Claims;
use upstream::{Deadline, GraphError, GroupsOf, UpstreamError};

use crate::app::App;
use crate::http::problem::Problem;

use turns::{Asking, Turn};

pub(crate) use turns::Turns;

/// A Graph that is out of order is left alone for so long, unless it says how long.
const PAUSE: Duration = Duration::from_secs(30);

/// What came of asking.
pub(crate) struct Found<'a> {
    /// For the import.
    pub(crate) overage: Overage,
    /// Why the groups are not known.
    pub(crate) unknown: Option<Unknown>,
    turn: Option<Asking<'a>>,
}

/// Why groups are not known.
#[derive(Clone, Debug)]
pub(crate) enum Unknown {
    /// Graph was asked now, and this came of it.
    Failed(String),
    /// Graph was left alone.
    NotAsked,
}

/// Who came, and with what.
#[derive(Clone, Copy)]
pub(crate) struct Member<'a> {
    /// The tenant.
    pub(crate) tenant: &'a Tenant,
    /// Its provider.
    pub(crate) provider: &'a Provider,
    /// The claims of the person's ID token.
    pub(crate) claims: &'a Claims,
    /// The person's key at the provider.
    pub(crate) link: &'a EntraLink,
}

impl Found<'_> {
    fn unknown(why: Option<Unknown>) -> Self {
        Self { overage: Overage::Unknown, unknown: why, turn: None }
    }

    /// What was found is stored.
    pub(crate) fn stored(self) {
        if let Some(turn) = self.turn {
            turn.stored();
        }
    }

    /// What to write down about groups that are kept: each time that Graph did not answer, and
    /// when they begin to count as old.
    pub(crate) fn remark(&self, become_stale: bool) -> Option<String> {
        match &self.unknown {
            Some(Unknown::Failed(why)) => Some(why.clone()),
            Some(Unknown::NotAsked) if become_stale => {
                Some("Graph is left alone: it was asked or failed a moment ago".to_owned())
            }
            Some(Unknown::NotAsked) | None => None,
        }
    }
}

impl Member<'_> {
    /// Asks Graph, if there is need and it is the person's turn; before `deadline`, which is that
    /// of the whole sign-in.
    ///
    /// # Errors
    ///
    /// [`Problem`] of the store. Whatever becomes of the call is no error.
    pub(crate) async fn groups(self, app: &App, deadline: Deadline) -> Result<Found<'_>, Problem> {
        if !self.wants_groups(app).await? {
            return Ok(Found::unknown(None));
        }
        let turn = match app.graph_turns.of(self.tenant.id, self.link) {
            Turn::Ask(turn) => turn,
            Turn::AsStored => {
                return Ok(Found { overage: Overage::AsStored, ..Found::unknown(None) });
            }
            Turn::Wait => return Ok(Found::unknown(Some(Unknown::NotAsked))),
        };
        match self.ask(app, deadline).await {
            Ok(groups) => {
                Ok(Found { overage: Overage::Named(groups), unknown: None, turn: Some(turn) })
            }
            Err(error) => {
                self.failed(app, turn, &error);
                Ok(Found::unknown(Some(Unknown::Failed(error.to_string()))))
            }
        }
    }

    /// Asks Graph at once, even if it was asked a moment ago. When that works, the person's next
    /// sign-in asks too.
    ///
    /// # Errors
    ///
    /// As [`upstream::Upstream::groups_of`].
    pub(crate) async fn try_out(
        self,
        app: &App,
        deadline: Deadline,
    ) -> Result<Vec<String>, UpstreamError> {
        let groups = self.ask(app, deadline).await?;
        app.graph_turns.forget(self.tenant.id, self.link);
        Ok(groups)
    }

    /// Whether a mapper wants groups that the token does not name.
    ///
    /// # Errors
    ///
    /// [`Problem`] of the store.
    pub(crate) async fn wants_groups(self, app: &App) -> Result<bool, Problem> {
        // The usual token names its groups, and costs no reading.
        if !mapping::points_to_graph(&self.claims.all) {
            return Ok(false);
        }
        let mut rows = app.store.read(self.tenant.id).await?;
        let mappers = rows.mappers(&self.provider.alias).await?;
        let existing = rows.person_by_link(&self.link.tid, &self.link.oid).await?;
        let (claims, existing) = (&self.claims.all, existing.as_ref());
        Ok(mapping::wants_groups_from_graph(self.provider, &mappers, claims, existing))
    }

    async fn ask(self, app: &App, deadline: Deadline) -> Result<Vec<String>, UpstreamError> {
        let who = GroupsOf {
            tenant: self.tenant.id,
            token_endpoint: &self.provider.endpoints.token,
            client_id: &self.provider.client_id,
            client_secret: self.provider.client_secret.as_ref(),
            oid: &self.link.oid,
        };
        app.upstream.groups_of(&who, deadline).await
    }

    fn failed(self, app: &App, turn: Asking<'_>, error: &UpstreamError) {
        if let Some(pause) = pause(error) {
            turn.pause(pause);
        }
        if *error == UpstreamError::Busy {
            turn.put_off();
        }
        app.quiet.once("groups not known", Some(self.tenant), || {
            tracing::warn!(
                tenant = %self.tenant.slug, provider = %self.provider.alias, %error,
                "a person has more groups than a token names, and Graph did not name them: they keep theirs"
            );
        });
    }
}

/// How long the provider's Graph is left alone after an error; not at all after one that is about
/// the person, the settings, or this server. A call that ended with its deadline is about the
/// person: others may have fewer groups, or more of the time.
fn pause(error: &UpstreamError) -> Option<Duration> {
    match error {
        UpstreamError::Graph(GraphError::Unavailable { retry_after, .. }) => {
            Some(retry_after.unwrap_or(PAUSE))
        }
        UpstreamError::Busy | UpstreamError::Deadline => None,
        error if error.is_temporary() => Some(PAUSE),
        _ => None,
    }
}
