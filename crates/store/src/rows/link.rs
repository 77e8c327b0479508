use identity::{EntraLink, Person};
use ids::UserId;

use crate::row::Row;
use crate::rows::person;
use crate::sql::{statements, values};
use crate::{Rows, StoreError, Writing};

statements! {
    OF_PERSON: [
        "SELECT * FROM link WHERE tenant_id = $1 AND person_id = $2 ORDER BY created_at, tid, oid"];
    PERSON: [
        "SELECT person.* FROM link JOIN person ON person.tenant_id = link.tenant_id ",
        "AND person.person_id = link.person_id ",
        "WHERE link.tenant_id = $1 AND link.tid = $2 AND link.oid = $3"];
    INSERT: [
        "INSERT INTO link (tenant_id, tid, oid, person_id, alias, created_at) ",
        "VALUES ($1, $2, $3, $4, $5, ", NOW, ") ON CONFLICT (tenant_id, tid, oid) DO NOTHING"];
}

impl Rows {
    /// The links of a person.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn links(&mut self, person: UserId) -> Result<Vec<EntraLink>, StoreError> {
        self.all(&OF_PERSON, values![person]).await?.iter().map(read).collect()
    }

    /// The person whom `(tid, oid)` names.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn person_by_link(
        &mut self,
        tid: &str,
        oid: &str,
    ) -> Result<Option<Person>, StoreError> {
        self.one(&PERSON, values![tid, oid]).await?.as_ref().map(person::read).transpose()
    }
}

impl Writing {
    /// Links a person.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when `(tid, oid)` is linked already: drop the transaction and
    /// look again, somebody else was first.
    pub async fn insert_link(
        &mut self,
        link: &EntraLink,
        person: UserId,
    ) -> Result<(), StoreError> {
        let values = values![link.tid.as_str(), link.oid.as_str(), person, &link.provider];
        if self.hits(&INSERT, values).await? {
            return Ok(());
        }
        // What this transaction wrote for a new person must not be kept.
        Err(self.spoil(StoreError::Conflict("link")).await)
    }
}

pub(super) fn read(row: &Row) -> Result<EntraLink, StoreError> {
    Ok(EntraLink { provider: row.get("alias")?, tid: row.get("tid")?, oid: row.get("oid")? })
}
