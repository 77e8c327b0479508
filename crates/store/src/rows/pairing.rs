use identity::Moment;
use ids::{DeviceId, UserId};
use secrets::TokenHash;

use crate::row::Row;
use crate::sql::{statements, values};
use crate::{Rows, StoreError, Writing};

/// A browser that is paired with an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// The agent.
    pub device: DeviceId,
    /// Whose login paired them.
    pub person: UserId,
    /// When it ends.
    pub expires_at: Moment,
}

statements! {
    BY_TOKEN: [
        "SELECT pairing.* FROM pairing JOIN device ON device.tenant_id = pairing.tenant_id ",
        "AND device.device_id = pairing.device_id AND device.state = 'confirmed' ",
        "WHERE pairing.tenant_id = $1 AND pairing.hash = $2 AND pairing.expires_at > ", NOW];
    INSERT: [
        "INSERT INTO pairing (tenant_id, hash, device_id, person_id, expires_at) ",
        "VALUES ($1, $2, $3, $4, $5)"];
    END: ["DELETE FROM pairing WHERE tenant_id = $1 AND hash = $2"];
}

impl Rows {
    /// The living pairing whose token this is, with an agent that is confirmed and not revoked.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn pairing(&mut self, token: &TokenHash) -> Result<Option<Pairing>, StoreError> {
        self.one(&BY_TOKEN, values![token]).await?.as_ref().map(read).transpose()
    }
}

impl Writing {
    /// Pairs the browser that is to hold this token.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn insert_pairing(
        &mut self,
        token: &TokenHash,
        pairing: &Pairing,
    ) -> Result<(), StoreError> {
        let values = values![token, pairing.device, pairing.person, pairing.expires_at];
        self.execute(&INSERT, values).await?;
        Ok(())
    }

    /// Ends a pairing, as when its token rotates: once.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_pairing(&mut self, token: &TokenHash) -> Result<bool, StoreError> {
        self.hits(&END, values![token]).await
    }
}

fn read(row: &Row) -> Result<Pairing, StoreError> {
    Ok(Pairing {
        device: row.get("device_id")?,
        person: row.get("person_id")?,
        expires_at: row.get("expires_at")?,
    })
}
