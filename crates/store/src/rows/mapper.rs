use identity::Mapper;
use ids::{Alias, MapperId};

use crate::row::Row;
use crate::sql::{json, statements, values, word};
use crate::{Rows, StoreError, Writing};

statements! {
    OF_PROVIDER: [
        "SELECT * FROM mapper WHERE tenant_id = $1 AND alias = $2 ORDER BY mapper_id"];
    // A mapper stays with the provider that it was made for.
    UPSERT: [
        "INSERT INTO mapper (tenant_id, mapper_id, alias, name, sync, kind) ",
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, mapper_id) DO UPDATE SET ",
        "name = excluded.name, sync = excluded.sync, kind = excluded.kind ",
        "WHERE mapper.alias = excluded.alias"];
    DELETE: ["DELETE FROM mapper WHERE tenant_id = $1 AND alias = $2 AND mapper_id = $3"];
}

impl Rows {
    /// The mappers of a provider, by id: in the order in which they were made.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn mappers(&mut self, alias: &Alias) -> Result<Vec<Mapper>, StoreError> {
        self.all(&OF_PROVIDER, values![alias]).await?.iter().map(read).collect()
    }
}

impl Writing {
    /// Writes a mapper of a provider, new or known. `false` when it is one of another provider.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when another mapper of the provider has its name.
    pub async fn put_mapper(&mut self, alias: &Alias, mapper: &Mapper) -> Result<bool, StoreError> {
        let mut values = values![mapper.id, alias, mapper.name.as_str()];
        values.extend([word(&mapper.sync), json(&mapper.kind)]);
        self.hits(&UPSERT, values).await
    }

    /// Deletes a mapper of a provider.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn delete_mapper(&mut self, alias: &Alias, id: MapperId) -> Result<bool, StoreError> {
        self.hits(&DELETE, values![alias, id]).await
    }
}

fn read(row: &Row) -> Result<Mapper, StoreError> {
    Ok(Mapper {
        id: row.get("mapper_id")?,
        name: row.get("name")?,
        sync: row.word("sync")?,
        kind: row.json("kind")?,
    })
}
