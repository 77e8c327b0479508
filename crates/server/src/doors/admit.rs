//! Admits a person for whom an upstream has vouched: import, link, and the row that waits at the
//! card step, in one commit.

use identity::mapping::{self, Import, Imported};
use identity::{AbsentGroups, EntraLink, Person, Provider, ProviderKind, Tenant};
use login::{
    Channel, EntraAccount, Event, Login, Permit, PersonFacts, Stranger, Task, UpstreamFacts,
};
use oidc::discovery::PERSONAL_ACCOUNTS;
use oidc::id_token::Claims;
use secrets::Token;
use store::{Rows, StoreError};
use upstream::Deadline;

use crate::app::App;
use crate::doors::trouble;
use crate::entropy;
use crate::hallway::ceremony::{self, Asked};
use crate::hallway::execute::{ExecuteError, Material, execute, waiting_of};
use crate::hallway::newcomer::{self, unused_name};
use crate::hallway::seen::Shown;
use crate::hallway::step;
use crate::http::problem::Problem;
use crate::overage::{Found, Member};

/// Two first sign-ins of one person at once end in one person: the loser reads again.
const TRIES: u32 = 3;

/// Who comes, with what.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<'a> {
    /// The login's tenant.
    pub(crate) tenant: &'a Tenant,
    /// Who vouches.
    pub(crate) provider: &'a Provider,
    /// The login.
    pub(crate) stranger: &'a Stranger,
    /// The claims of the verified ID token.
    pub(crate) claims: &'a Claims,
    /// Until when calls outward may take.
    pub(crate) deadline: Deadline,
}

/// Admits the person; the handle for their browser.
///
/// # Errors
///
/// [`Problem`]; then nothing is written.
pub(crate) async fn admit(app: &App, arrival: Arrival<'_>, asked: Asked) -> Result<Token, Problem> {
    let Arrival { tenant, provider, claims, deadline, .. } = arrival;
    let link = link_of(provider, claims)
        .ok_or_else(|| trouble::invalid(app, tenant, provider, "missing tid or oid"))?;
    let member = Member { tenant, provider, claims, link: &link };
    let groups = member.groups(app, deadline).await?;
    let door = Door { app, arrival, link: &link, groups: &groups };
    let mut attempt = 1;
    let handle = loop {
        match door.pass(asked.clone()).await {
            Err(Problem::Conflict(_)) if attempt < TRIES => attempt = attempt.saturating_add(1),
            other => break other?,
        }
    };
    groups.stored();
    Ok(handle)
}

/// The one key that links: `(tid, oid)` of an Entra directory, `(issuer, sub)` of any other.
pub(crate) fn link_of(provider: &Provider, claims: &Claims) -> Option<EntraLink> {
    let (tid, oid) = match provider.kind {
        ProviderKind::Entra => (claims.tid.clone()?, claims.oid.clone()?),
        ProviderKind::Oidc => (claims.iss.clone(), claims.sub.clone()),
    };
    Some(EntraLink { provider: provider.alias.clone(), tid, oid })
}

/// What a provider is to who may enrol. Everybody can make an account in the directory of personal
/// Microsoft accounts: it is nobody's Entra.
fn kind_of(kind: ProviderKind, tid: Option<&str>) -> ProviderKind {
    if tid == Some(PERSONAL_ACCOUNTS) { ProviderKind::Oidc } else { kind }
}

struct Door<'a> {
    app: &'a App,
    arrival: Arrival<'a>,
    link: &'a EntraLink,
    groups: &'a Found<'a>,
}

impl Door<'_> {
    async fn pass(&self, asked: Asked) -> Result<Token, Problem> {
        let mut rows = self.app.store.read(self.arrival.tenant.id).await?;
        let existing = rows.person_by_link(&self.link.tid, &self.link.oid).await?;
        let (imported, keeping) = self.import(&mut rows, existing.as_ref()).await?;
        let person = self.person(&mut rows, existing.clone(), &imported).await?;
        let facts = self.facts(&mut rows, existing.as_ref(), &person).await?;
        let handle = entropy::token();
        let event = Event::UpstreamVouched {
            upstream: self.upstream(&imported)?,
            person: facts,
            handle: handle.hash(),
        };
        let login = Login::Stranger(self.arrival.stranger.clone());
        let (login, mut effects) = step(login, event, self.arrival.tenant)?;
        let waiting = waiting_of(login).ok_or(Problem::LoginGone)?;
        // The challenge comes with the row, so that an ordinary login makes no commit for it.
        if waiting.task != Task::Enrol(Permit::CodeNeeded) {
            let cards = rows.credentials(person.id).await?;
            let (task, channel) = (waiting.task, Channel::Browser);
            let challenge = ceremony::for_person(self.app, &person, &cards, task, channel, asked)?;
            let event = Event::ChallengeMade { handle: Some(waiting.handle), challenge };
            let (_, more) = step(Login::Waiting(waiting), event, self.arrival.tenant)?;
            effects.extend(more);
        }
        drop(rows);
        let link = existing.is_none().then(|| self.link.clone());
        let was_stale = existing.as_ref().is_some_and(|person| person.groups_stale);
        let shown = Some(self.shown(&imported, keeping, &person, was_stale));
        let material = Material { person: Some((person, link)), shown, ..Material::default() };
        execute(self.app, self.arrival.tenant.id, effects, material).await.map_err(|error| {
            match error {
                ExecuteError::Store(StoreError::Conflict(what)) => Problem::Conflict(what),
                other => other.into(),
            }
        })?;
        Ok(handle)
    }

    /// What the mappers make of the claims. When that takes groups away because none came, also
    /// what they make of them otherwise: which of the two holds is decided when it is written.
    async fn import(
        &self,
        rows: &mut Rows,
        existing: Option<&Person>,
    ) -> Result<(Imported, Option<Imported>), Problem> {
        let mappers = rows.mappers(&self.arrival.provider.alias).await?;
        let claims = &self.arrival.claims.all;
        let wanted = mapping::wanted_email(self.arrival.provider, &mappers, claims, existing);
        let owner = match &wanted {
            Some(email) => rows.email_owner(email).await?,
            None => None,
        };
        let import = Import {
            provider: self.arrival.provider,
            mappers: &mappers,
            claims,
            existing,
            email_owner: wanted.as_deref().zip(owner),
            absent_groups: AbsentGroups::Clear,
            overage: &self.groups.overage,
            now: entropy::now(),
        };
        let imported = mapping::import(&import);
        let keep = Import { absent_groups: AbsentGroups::Keep, ..import };
        let keeping = imported.groups_cleared.then(|| mapping::import(&keep));
        Ok((imported, keeping))
    }

    fn shown(
        &self,
        imported: &Imported,
        keeping: Option<Imported>,
        person: &Person,
        was_stale: bool,
    ) -> Shown {
        let seen = self.arrival.provider.seen;
        let auth_time = self.arrival.claims.auth_time.is_some();
        Shown {
            tenant: self.arrival.tenant.slug.clone(),
            provider: self.arrival.provider.alias.clone(),
            auth_time: (seen.auth_time != Some(auth_time)).then_some(auth_time),
            learned_groups_sent: imported.learned_groups_sent,
            ends_count: imported.groups_came && seen.groups.with_groups() != seen.groups,
            groups_kept: self.groups.remark(imported.groups_stale && !was_stale),
            keeping: keeping.map(|keeping| {
                let mut person = person.clone();
                keeping.apply_to(&mut person);
                person
            }),
        }
    }

    /// The row of the person as it shall be.
    async fn person(
        &self,
        rows: &mut Rows,
        existing: Option<Person>,
        imported: &Imported,
    ) -> Result<Person, Problem> {
        let now = entropy::now();
        let mut person = match existing {
            Some(person) => person,
            None => newcomer::person(unused_name(rows, &imported.username, None).await?),
        };
        imported.apply_to(&mut person);
        person.last_upstream_at = Some(now);
        let free = unused_name(rows, &imported.username, Some(person.id)).await?;
        // A name that is somebody else's is not taken from them.
        if free == imported.username {
            person.username = free;
        }
        Ok(person)
    }

    async fn facts(
        &self,
        rows: &mut Rows,
        existing: Option<&Person>,
        person: &Person,
    ) -> Result<PersonFacts, Problem> {
        let known = match existing {
            Some(existing) => rows.person_facts(existing.id).await?,
            None => None,
        };
        Ok(known.unwrap_or_else(|| newcomer::facts(self.arrival.tenant.id, person)))
    }

    fn upstream(&self, imported: &Imported) -> Result<UpstreamFacts, Problem> {
        let nonce = self.arrival.claims.nonce.clone();
        Ok(UpstreamFacts {
            tenant: self.arrival.tenant.id,
            provider: self.arrival.provider.alias.clone(),
            kind: kind_of(self.arrival.provider.kind, self.arrival.claims.tid.as_deref()),
            nonce: nonce.ok_or(Problem::OtherBrowser)?,
            auth_time: self
                .arrival
                .claims
                .auth_time
                .map(|at| identity::Moment::from_unix_seconds(at.0)),
            onboards: imported.onboards,
            account: Some(EntraAccount { tid: self.link.tid.clone(), oid: self.link.oid.clone() }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_microsoft_accounts_are_nobodys_entra() {
        let some_directory = Some("aaaabbbb-0000-cccc-1111-dddd2222eeee");
        for (kind, tid, counts_as) in [
            (ProviderKind::Entra, some_directory, ProviderKind::Entra),
            (ProviderKind::Entra, Some(PERSONAL_ACCOUNTS), ProviderKind::Oidc),
            (ProviderKind::Oidc, some_directory, ProviderKind::Oidc),
            (ProviderKind::Oidc, None, ProviderKind::Oidc),
        ] {
            assert_eq!(kind_of(kind, tid), counts_as, "{kind:?} {tid:?}");
        }
    }
}
