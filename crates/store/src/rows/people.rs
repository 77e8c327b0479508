use identity::{EntraLink, Person};

use crate::row::Row;
use crate::rows::{link, person};
use crate::sql::{statements, values};
use crate::{Rows, StoreError};

/// Which people a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleFilter {
    /// Part of a username, a name or an address, in any case.
    pub search: Option<String>,
    /// Which of them.
    pub only: PeopleOnly,
    /// Begins behind this username: the last one of the page before.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// Which people a list is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeopleOnly {
    /// Everybody.
    #[default]
    All,
    /// Those who completed a sign-in.
    Completed,
    /// Those who wait for their first card: enabled, linked to an Entra directory that is still a
    /// provider here, and never with a card, not even one that was revoked.
    EntraOnlyNoCard,
    /// Those who kept an old value because the new one belongs to somebody else.
    SyncConflict,
}

/// A person in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRow {
    /// The person.
    pub person: Person,
    /// Their links.
    pub links: Vec<EntraLink>,
    /// How many cards they have that are not revoked.
    pub cards: u32,
}

statements! {
    // One page first, then its links: a person with two of them must not count twice.
    LIST: [
        "SELECT page.*, link.alias, link.tid, link.oid FROM (SELECT person.*, ",
        "(SELECT COUNT(*) FROM credential WHERE credential.tenant_id = person.tenant_id ",
        "AND credential.person_id = person.person_id AND credential.revoked_at IS NULL) AS cards ",
        "FROM person WHERE person.tenant_id = $1 AND person.username_key > $2 ",
        "AND person.search LIKE $3 ESCAPE '!' ",
        "AND ($4 = 'all' OR ($4 = 'completed' AND person.last_sign_in_at IS NOT NULL) ",
        "OR ($4 = 'sync-conflict' AND person.conflict IS NOT NULL) ",
        "OR ($4 = 'no-card' AND person.state = 'enabled' ",
        "AND EXISTS (SELECT 1 FROM link JOIN provider ON provider.tenant_id = link.tenant_id ",
        "AND provider.alias = link.alias WHERE link.tenant_id = $1 ",
        "AND link.person_id = person.person_id AND provider.kind = 'entra') ",
        "AND NOT EXISTS (SELECT 1 FROM credential WHERE credential.tenant_id = $1 ",
        "AND credential.person_id = person.person_id))) ",
        "ORDER BY person.username_key LIMIT $5) AS page ",
        "LEFT JOIN link ON link.tenant_id = page.tenant_id AND link.person_id = page.person_id ",
        "ORDER BY page.username_key, link.created_at, link.tid, link.oid"];
}

impl Rows {
    /// A page of people, by username.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn people(&mut self, filter: &PeopleFilter) -> Result<Vec<PersonRow>, StoreError> {
        let after = filter.after.as_deref().unwrap_or_default().to_lowercase();
        let pattern = pattern(filter.search.as_deref().unwrap_or_default());
        let only = match filter.only {
            PeopleOnly::All => "all",
            PeopleOnly::Completed => "completed",
            PeopleOnly::EntraOnlyNoCard => "no-card",
            PeopleOnly::SyncConflict => "sync-conflict",
        };
        let rows = self.all(&LIST, values![after, pattern, only, filter.limit]).await?;
        let mut people: Vec<PersonRow> = Vec::new();
        for row in &rows {
            add(&mut people, row)?;
        }
        Ok(people)
    }
}

/// Adds a row: the next person, or one more link of the last one.
fn add(people: &mut Vec<PersonRow>, row: &Row) -> Result<(), StoreError> {
    let person = person::read(row)?;
    let linked: Option<String> = row.maybe("tid")?;
    let links = linked.map(|_| link::read(row)).transpose()?;
    match people.last_mut() {
        Some(last) if last.person.id == person.id => last.links.extend(links),
        _ => {
            let links = links.into_iter().collect();
            people.push(PersonRow { person, links, cards: row.get("cards")? });
        }
    }
    Ok(())
}

/// A pattern for LIKE that finds `part` as it stands.
fn pattern(part: &str) -> String {
    let mut pattern = String::from("%");
    for letter in part.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}
