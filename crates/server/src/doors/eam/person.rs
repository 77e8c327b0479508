//! For whom Entra asks: found by `(tid, oid)` alone (EAM-15).

use entra_eam::{Choice, Demand, Hint, MethodError};
use identity::{EntraLink, Person, ProviderKind, Tenant};
use ids::Alias;
use login::PersonFacts;
use store::{Credential, Rows};

use crate::card_step::entra;
use crate::hallway::newcomer::{self, unused_name};
use crate::http::problem::Problem;

/// The provider of a link where the tenant has none of Entra's.
const NO_PROVIDER: &str = "entra";

/// The person, known or about to be written.
pub(super) struct Asked {
    pub(super) person: Person,
    pub(super) facts: PersonFacts,
    /// Their link, if they are about to be written.
    pub(super) new_link: Option<EntraLink>,
    /// All of their cards, revoked ones too.
    pub(super) cards: Vec<Credential>,
}

impl Asked {
    /// Whether some card of theirs will do, so that nobody is asked for a tap in vain. Who has none
    /// yet may enrol one that does.
    ///
    /// # Errors
    ///
    /// [`MethodError`] of a card that will not do.
    pub(super) fn may_satisfy(&self, demand: &Demand) -> Result<(), MethodError> {
        let cards = self.cards.iter().filter(|card| card.revoked_at.is_none());
        let mut verdicts = cards.map(|card| demand.choose(entra::method(card)));
        let Some(first) = verdicts.next() else { return Ok(()) };
        verdicts.fold(first, Result::<Choice, _>::or).map(drop)
    }
}

/// Finds the person. One who is new gets the name that Entra shows, and nothing else of the hint: it
/// is no sign-in, and what it says of an e-mail address nobody has checked.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(super) async fn of(rows: &mut Rows, tenant: &Tenant, hint: &Hint) -> Result<Asked, Problem> {
    if let Some(person) = rows.person_by_link(&hint.tid, &hint.oid).await? {
        let facts = rows.person_facts(person.id).await?.ok_or(Problem::LoginGone)?;
        let cards = rows.credentials(person.id).await?;
        return Ok(Asked { person, facts, new_link: None, cards });
    }
    let name = hint.preferred_username.as_ref().or(hint.upn.as_ref()).unwrap_or(&hint.oid);
    let mut person = newcomer::person(unused_name(rows, name, None).await?);
    person.display_name.clone_from(&hint.name);
    let facts = newcomer::facts(tenant.id, &person);
    let (provider, tid, oid) = (provider(rows).await?, hint.tid.clone(), hint.oid.clone());
    let new_link = Some(EntraLink { provider, tid, oid });
    Ok(Asked { person, facts, new_link, cards: Vec::new() })
}

/// Through which provider a link is shown: the tenant's own of Entra's kind.
async fn provider(rows: &mut Rows) -> Result<Alias, Problem> {
    let providers = rows.providers().await?;
    let entra = providers.into_iter().find(|provider| provider.kind == ProviderKind::Entra);
    match entra {
        Some(provider) => Ok(provider.alias),
        None => Alias::try_from(NO_PROVIDER.to_owned()).map_err(Problem::internal),
    }
}
