use identity::Moment;
use secrets::TokenHash;

use crate::sql::{statements, values};
use crate::{StoreError, Writing};

statements! {
    SPEND: [
        "INSERT INTO consumed (tenant_id, value, expires_at) SELECT $1, $2, $3 ",
        "WHERE CAST($3 AS BIGINT) > ", NOW, " ON CONFLICT (tenant_id, value) DO NOTHING"];
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
