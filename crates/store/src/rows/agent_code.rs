use identity::Moment;
use ids::LoginId;
use secrets::TokenHash;

use crate::sql::{statements, values};
use crate::{StoreError, Writing};

statements! {
    // A directory look-up: the agent that gives the code does not know the tenant.
    LOGIN_BY_AGENT_CODE: [
        "SELECT tenant_id, login_id FROM agent_code WHERE hash = $1 AND expires_at > ", NOW];
    DELETE_OF_LOGIN: ["DELETE FROM agent_code WHERE tenant_id = $1 AND login_id = $2"];
    INSERT: [
        "INSERT INTO agent_code (tenant_id, login_id, hash, expires_at) VALUES ($1, $2, $3, $4)"];
    TAKE: [
        "DELETE FROM agent_code WHERE tenant_id = $1 AND login_id = $2 AND hash = $3 ",
        "AND expires_at > ", NOW];
}

impl Writing {
    /// Remembers the code by which an agent finds this login, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the same code is out already.
    pub async fn put_agent_code(
        &mut self,
        login: LoginId,
        hash: &TokenHash,
        expires_at: Moment,
    ) -> Result<(), StoreError> {
        self.execute(&DELETE_OF_LOGIN, values![login]).await?;
        self.execute(&INSERT, values![login, hash, expires_at]).await?;
        Ok(())
    }

    /// Takes the code: once, and while it lives.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn take_agent_code(
        &mut self,
        login: LoginId,
        hash: &TokenHash,
    ) -> Result<bool, StoreError> {
        self.hits(&TAKE, values![login, hash]).await
    }
}
