//! Somebody who is here for the first time, before they are written.

use std::collections::BTreeMap;

use identity::mapping::username_with_suffix;
use identity::{Person, PersonState};
use ids::{TenantId, UserId};
use login::PersonFacts;
use store::Rows;

use crate::entropy;
use crate::http::problem::Problem;

/// More people of one name are not tried.
const MOST_OF_A_NAME: u32 = 1000;

/// A person of this name, of whom nothing else is known yet.
pub(crate) fn person(username: String) -> Person {
    Person {
        id: UserId(entropy::id()),
        username,
        display_name: None,
        email: None,
        email_verified: false,
        attributes: BTreeMap::new(),
        state: PersonState::Enabled,
        administrator: false,
        conflict: None,
        groups_stale: false,
        card_was_revoked: false,
        enrolled_by_upstream: false,
        created_at: entropy::now(),
        last_sign_in_at: None,
        last_upstream_at: None,
    }
}

/// What the hallway is told of a person who has no row yet.
pub(crate) fn facts(tenant: TenantId, person: &Person) -> PersonFacts {
    PersonFacts {
        id: person.id,
        tenant,
        state: person.state,
        has_card: false,
        card_was_revoked: false,
        enrolled_by_upstream: false,
        linked: true,
        last_upstream_at: person.last_upstream_at,
    }
}

/// The username itself, or with a number behind it when somebody else than `own` has it.
///
/// # Errors
///
/// [`Problem`] when the store fails, or so many have the name that something is wrong.
pub(crate) async fn unused_name(
    rows: &mut Rows,
    wanted: &str,
    own: Option<UserId>,
) -> Result<String, Problem> {
    for number in 1..=MOST_OF_A_NAME {
        let name = match number {
            1 => wanted.to_owned(),
            _ => username_with_suffix(wanted, number),
        };
        let holder = rows.person_by_username(&name).await?;
        if holder.is_none_or(|holder| Some(holder.id) == own) {
            return Ok(name);
        }
    }
    Err(Problem::Conflict("username"))
}
