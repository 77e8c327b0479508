use identity::Moment;
use secrets::TokenHash;

use crate::sql::{statements, values};
use crate::{Rows, StoreError, Writing};

statements! {
    IS_SPENT: [
        "SELECT value FROM consumed WHERE tenant_id = $1 AND value = $2 AND expires_at > ", NOW];
    SPEND: [
        "INSERT INTO consumed (tenant_id, value, expires_at) SELECT $1, $2, $3 ",
        "WHERE CAST($3 AS BIGINT) > ", NOW, " ON CONFLICT (tenant_id, value) DO NOTHING"];
}

impl Rows {
    /// Whether `value` is consumed already. Only [`Writing::spend`] decides: this is for a clear
    /// answer before it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn is_spent(&mut self, value: &TokenHash) -> Result<bool, StoreError> {
        Ok(self.one(&IS_SPENT, values![value]).await?.is_some())
    }
}

impl Writing {
    /// Remembers `value` as consumed. `false` for a replay, and when `until` has passed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn spend(&mut self, value: &TokenHash, until: Moment) -> Result<bool, StoreError> {
        self.hits(&SPEND, values![value, until]).await
    }
}
