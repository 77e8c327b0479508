use std::time::Duration;

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
    /// Since when its token is this one.
    pub rotated_at: Moment,
    /// When a card last answered through it.
    pub used_at: Option<Moment>,
    /// When it ends.
    pub expires_at: Moment,
}

statements! {
    BY_TOKEN: [
        "SELECT pairing.* FROM pairing JOIN device ON device.tenant_id = pairing.tenant_id ",
        "AND device.device_id = pairing.device_id AND device.state = 'confirmed' ",
        "WHERE pairing.tenant_id = $1 AND pairing.hash = $2 AND pairing.expires_at > ", NOW];
    INSERT: [
        "INSERT INTO pairing (tenant_id, hash, device_id, person_id, rotated_at, used_at, ",
        "expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"];
    OF_PERSON: [
        "SELECT * FROM pairing WHERE tenant_id = $1 AND person_id = $2 AND expires_at > ", NOW];
    ROTATE: [
        "UPDATE pairing SET hash = $3, rotated_at = ", NOW,
        " WHERE tenant_id = $1 AND hash = $2"];
    RENEW: [
        "UPDATE pairing SET used_at = ", NOW, ", expires_at = ", NOW,
        " + $3 WHERE tenant_id = $1 AND device_id = $2 AND person_id = $4"];
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

    /// The living pairings that were made in logins of this person.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn pairings(&mut self, person: UserId) -> Result<Vec<Pairing>, StoreError> {
        self.all(&OF_PERSON, values![person]).await?.iter().map(read).collect()
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
        let mut values = values![token, pairing.device, pairing.person, pairing.rotated_at];
        values.extend(values![pairing.used_at, pairing.expires_at]);
        self.execute(&INSERT, values).await?;
        Ok(())
    }

    /// Gives a pairing another token: of two at once, one does. How long it lives stays as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn rotate_pairing(
        &mut self,
        old: &TokenHash,
        new: &TokenHash,
    ) -> Result<bool, StoreError> {
        self.hits(&ROTATE, values![old, new]).await
    }

    /// A card of this person has answered through this agent: their pairings with it live so much longer
    /// from now on.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn renew_pairings(
        &mut self,
        device: DeviceId,
        person: UserId,
        life: Duration,
    ) -> Result<bool, StoreError> {
        let life = i64::try_from(life.as_micros()).unwrap_or(0);
        self.hits(&RENEW, values![device, life, person]).await
    }
}

fn read(row: &Row) -> Result<Pairing, StoreError> {
    Ok(Pairing {
        device: row.get("device_id")?,
        person: row.get("person_id")?,
        rotated_at: row.get("rotated_at")?,
        used_at: row.maybe("used_at")?,
        expires_at: row.get("expires_at")?,
    })
}
