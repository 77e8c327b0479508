//! Sessions that rest on a card at a computer, and end when it leaves there.

use std::time::Duration;

use identity::Moment;
use ids::{CredentialId, DeviceId, SessionId, TicketId, UserId};
use uuid::Uuid;

use crate::row::Row;
use crate::rows::session::{END, SessionKind};
use crate::sql::{Statement, Value, statements, values};
use crate::{Rows, StoreError, Writing};

/// How long a node vouches for an agent that is connected to it: when the node dies, so much later
/// the agent counts as gone. [`Writing::keep_device`] comes well before.
pub const LEASE: Duration = Duration::from_secs(60);

/// A session that ended with what happened at its computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// Its id.
    pub id: SessionId,
    /// What it opened.
    pub kind: SessionKind,
    /// Whose it was.
    pub person: UserId,
    /// The computer that its card was at.
    pub device: DeviceId,
}

// LEASE is written out in microseconds: a statement is a constant.
statements! {
    CONNECT: [
        "UPDATE device SET connection_id = $3, last_seen_at = ", NOW, ", connected_until = ", NOW,
        " + 60000000 WHERE tenant_id = $1 AND device_id = $2 AND state <> 'revoked' ",
        "RETURNING last_seen_at"];
    KEEP: [
        "UPDATE device SET connected_until = ", NOW, " + 60000000 ",
        "WHERE tenant_id = $1 AND device_id = $2 AND connection_id = $3"];
    // A newer connection, perhaps at another node, is not ended by the end of this one.
    DISCONNECT: [
        "UPDATE device SET connected_until = ", NOW,
        " WHERE tenant_id = $1 AND device_id = $2 AND connection_id = $3"];
    OF_TICKET: [
        "SELECT session_id, kind, person_id, device_id FROM session ",
        "WHERE tenant_id = $1 AND ticket_id = $2"];
    HELD: [
        "SELECT session_id, kind, person_id, device_id, ticket_id, created_at FROM session ",
        "WHERE tenant_id = $1 AND device_id = $2 AND ticket_id IS NOT NULL"];
    ELSEWHERE: [
        "SELECT session_id, kind, person_id, device_id FROM session ",
        "WHERE tenant_id = $1 AND credential_id = $2 AND device_id <> $3"];
    // Who signed in last at a computer, through its agent, is who sits there.
    DESKS_LEFT: [
        "SELECT DISTINCT own.device_id FROM session AS own ",
        "WHERE own.tenant_id = $1 AND own.credential_id = $2 AND own.device_id <> $3 ",
        "AND NOT EXISTS (SELECT 1 FROM session AS other WHERE other.tenant_id = own.tenant_id ",
        "AND other.device_id = own.device_id AND other.person_id <> own.person_id ",
        "AND other.created_at > own.created_at AND other.expires_at > ", NOW, ") ",
        "ORDER BY own.device_id"];
    // Since its session began or this node was started, a node has said when it would be gone; or
    // there was time enough for an agent to come back and for its node to say so.
    LOST: [
        "SELECT session.session_id, session.kind, session.person_id, session.device_id ",
        "FROM session JOIN device ON device.tenant_id = session.tenant_id ",
        "AND device.device_id = session.device_id ",
        "WHERE session.tenant_id = $1 AND session.ticket_id IS NOT NULL ",
        "AND COALESCE(device.connected_until, 0) + $2 <= ", NOW,
        " AND (device.connected_until >= session.created_at ",
        "OR session.created_at + 60000000 + $2 <= ", NOW, ") ",
        "AND (device.connected_until >= $3 OR $3 + 60000000 + $2 <= ", NOW, ") ",
        "ORDER BY session.session_id LIMIT 500"];
    // Asked again with the person held: the agent may be back.
    END_LOST: [
        "DELETE FROM session WHERE tenant_id = $1 AND session_id = $2 AND ticket_id IS NOT NULL ",
        "AND EXISTS (SELECT 1 FROM device WHERE tenant_id = $1 AND device_id = $3 ",
        "AND COALESCE(connected_until, 0) + $4 <= ", NOW, ")"];
    END_HELD: [
        "DELETE FROM session WHERE tenant_id = $1 AND session_id = $2 AND ticket_id IS NOT NULL"];
    RELEASE: [
        "UPDATE session SET ticket_id = NULL ",
        "WHERE tenant_id = $1 AND ticket_id = $2 AND device_id = $3"];
}

impl Rows {
    /// The session that a card opened with the answer to this request, if it still holds it, and
    /// the computer at which it lies.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn session_of_ticket(
        &mut self,
        ticket: TicketId,
    ) -> Result<Option<EndedSession>, StoreError> {
        self.one(&OF_TICKET, values![ticket]).await?.as_ref().map(read).transpose()
    }

    /// Whether a card at this computer holds a session.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn holds_sessions(&mut self, device: DeviceId) -> Result<bool, StoreError> {
        Ok(self.one(&HELD, values![device]).await?.is_some())
    }

    /// Sessions that cards hold at computers whose agents have been gone for longer than `grace`:
    /// 500 at most. Of agents of which nothing was heard since this node was started, `up_since`,
    /// that is not known before they had a minute to come back.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn lost_sessions(
        &mut self,
        grace: Duration,
        up_since: Moment,
    ) -> Result<Vec<EndedSession>, StoreError> {
        read_all(&self.all(&LOST, values![microseconds(grace), up_since]).await?)
    }
}

impl Writing {
    /// Notes that an agent is connected, and by which connection. Since when, by the database's
    /// clock; `None` when it is not there, or revoked.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn connect_device(
        &mut self,
        id: DeviceId,
        connection: Uuid,
    ) -> Result<Option<Moment>, StoreError> {
        let row = self.one(&CONNECT, values![id, connection]).await?;
        row.map(|row| row.get("last_seen_at")).transpose()
    }

    /// Vouches for a connection for another [`LEASE`]. `false` when it is not the last.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn keep_device(
        &mut self,
        id: DeviceId,
        connection: Uuid,
    ) -> Result<bool, StoreError> {
        self.hits(&KEEP, values![id, connection]).await
    }

    /// Notes that a connection is over. `false` when it was not the last.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn disconnect_device(
        &mut self,
        id: DeviceId,
        connection: Uuid,
    ) -> Result<bool, StoreError> {
        self.hits(&DISCONNECT, values![id, connection]).await
    }

    /// Ends what a card opened at this computer with the answer to this request, and still holds.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_lifted(
        &mut self,
        device: DeviceId,
        ticket: TicketId,
    ) -> Result<Vec<EndedSession>, StoreError> {
        let rows = self.all(&OF_TICKET, values![ticket]).await?;
        let here = read_all(&rows)?.into_iter().filter(|session| session.device == device);
        self.end_each(here.collect(), &END_HELD, |_| Vec::new()).await
    }

    /// Lets a session go on without its card: it was only tapped. `false` when there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn release_session(
        &mut self,
        device: DeviceId,
        ticket: TicketId,
    ) -> Result<bool, StoreError> {
        self.hits(&RELEASE, values![ticket, device]).await
    }

    /// Ends the sessions that cards held at this computer and do not any more: those that began
    /// before `before` with an answer to none of `held`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_not_held(
        &mut self,
        device: DeviceId,
        held: &[TicketId],
        before: Moment,
    ) -> Result<Vec<EndedSession>, StoreError> {
        let mut gone = Vec::new();
        for row in self.all(&HELD, values![device]).await? {
            let (ticket, began): (TicketId, Moment) =
                (row.get("ticket_id")?, row.get("created_at")?);
            if began < before && !held.contains(&ticket) {
                gone.push(read(&row)?);
            }
        }
        self.end_each(gone, &END_HELD, |_| Vec::new()).await
    }

    /// Ends sessions of [`Rows::lost_sessions`], if their agents are not back: those that ended.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_lost(
        &mut self,
        lost: Vec<EndedSession>,
        grace: Duration,
    ) -> Result<Vec<EndedSession>, StoreError> {
        let grace = microseconds(grace);
        self.end_each(lost, &END_LOST, |session| values![session.device, grace]).await
    }

    /// The other computers than this one at which the person of a card sits, as far as its sessions
    /// tell: nobody else has signed in there since. To be asked before
    /// [`end_elsewhere`](Self::end_elsewhere).
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn desks_elsewhere(
        &mut self,
        card: CredentialId,
        device: DeviceId,
    ) -> Result<Vec<DeviceId>, StoreError> {
        let rows = self.all(&DESKS_LEFT, values![card, device]).await?;
        rows.iter().map(|row| row.get("device_id")).collect()
    }

    /// Ends the sessions that a card opened at other computers than this one.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_elsewhere(
        &mut self,
        card: CredentialId,
        device: DeviceId,
    ) -> Result<Vec<EndedSession>, StoreError> {
        let elsewhere = read_all(&self.all(&ELSEWHERE, values![card, device]).await?)?;
        self.end_each(elsewhere, &END, |_| Vec::new()).await
    }

    /// Ends those of `sessions` that a statement still finds. All their people are held first, in
    /// order, as everywhere.
    async fn end_each(
        &mut self,
        mut sessions: Vec<EndedSession>,
        statement: &'static Statement,
        more: impl Fn(&EndedSession) -> Vec<Value>,
    ) -> Result<Vec<EndedSession>, StoreError> {
        sessions.sort_by_key(|session| (session.person.0, session.id.0));
        for session in &sessions {
            self.lock_person(session.person).await?;
        }
        let mut ended = Vec::new();
        for session in sessions {
            let mut values = values![session.id];
            values.extend(more(&session));
            if self.ending(statement, values).await? > 0 {
                ended.push(session);
            }
        }
        Ok(ended)
    }
}

fn microseconds(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn read_all(rows: &[Row]) -> Result<Vec<EndedSession>, StoreError> {
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<EndedSession, StoreError> {
    Ok(EndedSession {
        id: row.get("session_id")?,
        kind: row.word("kind")?,
        person: row.get("person_id")?,
        device: row.get("device_id")?,
    })
}
