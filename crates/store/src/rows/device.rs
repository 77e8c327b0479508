use identity::Moment;
use ids::{DeviceId, LoginId, UserId};
use secrets::TokenHash;
use serde::{Deserialize, Serialize};

use crate::row::Row;
use crate::sql::{statements, values, word};
use crate::{Rows, StoreError, Writing};

/// An enrolled agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Thumbprint of its key (RFC 7638).
    pub thumbprint: String,
    /// Its public key.
    pub jwk: String,
    /// Its name for people.
    pub name: String,
    /// Its operating system, for people.
    pub os: String,
    /// Whose login it was enrolled in.
    pub person: UserId,
    /// Whether that browser has confirmed it.
    pub state: DeviceState,
    /// The login it was enrolled in.
    pub login: Option<LoginId>,
    /// When it was enrolled.
    pub created_at: Moment,
    /// When it last connected.
    pub last_seen_at: Option<Moment>,
}

/// How far an agent's enrolment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceState {
    /// The browser has not confirmed it yet.
    Pending,
    /// Confirmed.
    Confirmed,
    /// Revoked; its key opens nothing any more.
    Revoked,
}

statements! {
    // A directory look-up: an agent says who it is by its key. A revoked one is not listed.
    DEVICE_BY_THUMBPRINT: [
        "SELECT tenant_id, device_id FROM device_directory WHERE thumbprint = $1"];
    BY_ID: ["SELECT * FROM device WHERE tenant_id = $1 AND device_id = $2"];
    OF_PERSON: [
        "SELECT * FROM device WHERE tenant_id = $1 AND person_id = $2 ",
        "ORDER BY created_at, device_id"];
    OF_LOGIN: [
        "SELECT * FROM device WHERE tenant_id = $1 AND login_id = $2 AND state <> 'revoked' ",
        "ORDER BY created_at DESC, device_id DESC LIMIT 1"];
    PENDING_OF_LOGIN: [
        "SELECT device_id FROM device ",
        "WHERE tenant_id = $1 AND login_id = $2 AND state = 'pending'"];
    INSERT: [
        "INSERT INTO device (tenant_id, device_id, thumbprint, jwk, name, os, person_id, state, ",
        "login_id, created_at, last_seen_at) ",
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"];
    ENLIST: [
        "INSERT INTO device_directory (tenant_id, device_id, thumbprint) VALUES ($1, $2, $3)"];
    CONFIRM: [
        "UPDATE device SET state = 'confirmed' ",
        "WHERE tenant_id = $1 AND device_id = $2 AND state = 'pending'"];
    RENAME: [
        "UPDATE device SET name = $3 ",
        "WHERE tenant_id = $1 AND device_id = $2 AND state <> 'revoked'"];
    REVOKE: [
        "UPDATE device SET state = 'revoked' ",
        "WHERE tenant_id = $1 AND device_id = $2 AND state <> 'revoked'"];
    STRIKE: ["DELETE FROM device_directory WHERE tenant_id = $1 AND device_id = $2"];
    END_PAIRINGS: ["DELETE FROM pairing WHERE tenant_id = $1 AND device_id = $2"];
    END_PAIRINGS_OF_PERSON: [
        "DELETE FROM pairing WHERE tenant_id = $1 AND person_id = $2 AND hash <> $3"];
    END_TICKETS: ["DELETE FROM ticket WHERE tenant_id = $1 AND device_id = $2"];
}

impl Rows {
    /// One agent, revoked or not.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn device(&mut self, id: DeviceId) -> Result<Option<Device>, StoreError> {
        self.one(&BY_ID, values![id]).await?.as_ref().map(read).transpose()
    }

    /// The agents of a person, the oldest first, revoked ones included.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn devices(&mut self, person: UserId) -> Result<Vec<Device>, StoreError> {
        self.all(&OF_PERSON, values![person]).await?.iter().map(read).collect()
    }

    /// The agent that was last enrolled in this login and is not revoked.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn device_of_login(&mut self, login: LoginId) -> Result<Option<Device>, StoreError> {
        self.one(&OF_LOGIN, values![login]).await?.as_ref().map(read).transpose()
    }
}

impl Writing {
    /// Enrols an agent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when its key is enrolled already.
    pub async fn insert_device(&mut self, device: &Device) -> Result<(), StoreError> {
        let d = device.clone();
        self.execute(&ENLIST, values![d.id, d.thumbprint.as_str()]).await?;
        let mut values = values![d.id, d.thumbprint, d.jwk, d.name, d.os, d.person];
        values.push(word(&d.state));
        values.extend(values![d.login, d.created_at, d.last_seen_at]);
        self.execute(&INSERT, values).await?;
        Ok(())
    }

    /// Enrols an agent that offers itself to a login, in place of one that waits there to be
    /// confirmed: a login has one offer at a time. Those that were revoked for it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when its key is enrolled already.
    pub async fn offer_device(&mut self, device: &Device) -> Result<Vec<DeviceId>, StoreError> {
        let pending = match device.login {
            Some(login) => self.all(&PENDING_OF_LOGIN, values![login]).await?,
            None => Vec::new(),
        };
        let pending: Vec<DeviceId> =
            pending.iter().map(|row| row.get("device_id")).collect::<Result<_, _>>()?;
        for older in &pending {
            self.revoke_device(*older).await?;
        }
        self.insert_device(device).await?;
        Ok(pending)
    }

    /// Confirms a pending agent: once.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn confirm_device(&mut self, id: DeviceId) -> Result<bool, StoreError> {
        self.hits(&CONFIRM, values![id]).await
    }

    /// Gives an agent that is not revoked another name. `false` when there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn rename_device(&mut self, id: DeviceId, name: &str) -> Result<bool, StoreError> {
        self.hits(&RENAME, values![id, name]).await
    }

    /// Revokes an agent: its key, its pairings and its tickets end.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn revoke_device(&mut self, id: DeviceId) -> Result<bool, StoreError> {
        let hit = self.hits(&REVOKE, values![id]).await?;
        if hit {
            // Tickets before pairings, as an answer of the agent takes them.
            for statement in [&STRIKE, &END_TICKETS, &END_PAIRINGS] {
                self.execute(statement, values![id]).await?;
            }
        }
        Ok(hit)
    }

    /// Revokes the agents that were enrolled in logins of this person, and ends what browsers were paired
    /// with agents, theirs and other people's, in such logins; but for the agent and the browser to keep.
    /// Which agents.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn revoke_devices_of(
        &mut self,
        person: UserId,
        keep: Option<(DeviceId, &TokenHash)>,
    ) -> Result<Vec<DeviceId>, StoreError> {
        self.lock_person(person).await?;
        let (agent, browser) = keep.unzip();
        let browser = browser.map_or(&[][..], |hash| hash.as_bytes());
        let mut revoked = Vec::new();
        for device in self.devices(person).await? {
            if Some(device.id) != agent && self.revoke_device(device.id).await? {
                revoked.push(device.id);
            }
        }
        self.execute(&END_PAIRINGS_OF_PERSON, values![person, browser.to_vec()]).await?;
        Ok(revoked)
    }
}

fn read(row: &Row) -> Result<Device, StoreError> {
    Ok(Device {
        id: row.get("device_id")?,
        thumbprint: row.get("thumbprint")?,
        jwk: row.get("jwk")?,
        name: row.get("name")?,
        os: row.get("os")?,
        person: row.get("person_id")?,
        state: row.word("state")?,
        login: row.maybe("login_id")?,
        created_at: row.get("created_at")?,
        last_seen_at: row.maybe("last_seen_at")?,
    })
}
