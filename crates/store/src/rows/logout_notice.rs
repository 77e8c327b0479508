//! Applications that are still to be told of the end of a session (Back-Channel Logout 1.0). The rows are
//! made by the database itself when a session's row goes: see `migrations/*/0008_logout_notices.sql`.

use std::time::Duration;

use identity::Moment;
use ids::{SessionId, UserId};

use crate::row::Row;
use crate::sql::{statements, values};
use crate::{Rows, StoreError, Writing};

/// An application that is to be told of the end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutNotice {
    /// Which application.
    pub client_id: String,
    /// What it knows the session by.
    pub sid: SessionId,
    /// Whose it was.
    pub person: UserId,
    /// How often it was tried, this time included.
    pub tries: u32,
    /// When the session ended.
    pub created_at: Moment,
}

// 30000000: so long who took a notice has it, in microseconds. A call takes a few seconds, its turn one
// more; whoever died with it is then followed by another node.
statements! {
    DUE: [
        "SELECT client_id FROM logout_notice WHERE tenant_id = $1 AND due_at <= ", NOW,
        " GROUP BY client_id ORDER BY MIN(due_at), client_id"];
    NEXT: [
        "SELECT MIN(due_at) - ", NOW, " AS wait FROM logout_notice WHERE tenant_id = $1"];
    // What somebody else takes at this moment is theirs. In two strokes: PostgreSQL may ask a query
    // inside of an update again for each row, and then takes more than it was asked for.
    PICK: [
        "SELECT sid FROM logout_notice WHERE tenant_id = $1 AND client_id = $2 AND due_at <= ", NOW,
        " ORDER BY due_at, sid LIMIT $3", SKIP];
    TAKE: [
        "UPDATE logout_notice SET tries = tries + 1, due_at = ", NOW, " + 30000000 ",
        "WHERE tenant_id = $1 AND client_id = $2 AND sid = $3 AND due_at <= ", NOW,
        " RETURNING *"];
    // A try that took too long has been followed by another, whose matter it is now.
    END: [
        "DELETE FROM logout_notice WHERE tenant_id = $1 AND client_id = $2 AND sid = $3 ",
        "AND tries = $4"];
    PUT_OFF: [
        "UPDATE logout_notice SET due_at = ", NOW, " + $5 WHERE tenant_id = $1 ",
        "AND client_id = $2 AND sid = $3 AND tries = $4"];
    REST: [
        "UPDATE logout_notice SET due_at = ", NOW, " + $3 WHERE tenant_id = $1 ",
        "AND client_id = $2 AND due_at <= ", NOW];
    FORGET: ["DELETE FROM logout_notice WHERE tenant_id = $1 AND client_id = $2"];
}

impl Rows {
    /// The applications that are to be told something now, those that wait longest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn logout_notices_due(&mut self) -> Result<Vec<String>, StoreError> {
        self.all(&DUE, values![]).await?.iter().map(|row| row.get("client_id")).collect()
    }

    /// How long until the next notice of this tenant is due, whoever has it at the moment. `None` when
    /// there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn next_logout_notice(&mut self) -> Result<Option<Duration>, StoreError> {
        let row = self.one(&NEXT, values![]).await?;
        let wait: Option<i64> = row.map(|row| row.maybe("wait")).transpose()?.flatten();
        Ok(wait.map(|wait| Duration::from_micros(u64::try_from(wait).unwrap_or(0))))
    }
}

impl Writing {
    /// Takes notices of an application that are due, `most` at once: for half a minute nobody else does.
    /// That is to be committed before the application is told.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn take_logout_notices(
        &mut self,
        client_id: &str,
        most: u32,
    ) -> Result<Vec<LogoutNotice>, StoreError> {
        let mut taken = Vec::new();
        for row in self.all(&PICK, values![client_id, most]).await? {
            let sid: SessionId = row.get("sid")?;
            let row = self.one(&TAKE, values![client_id, sid]).await?;
            taken.extend(row.as_ref().map(read).transpose()?);
        }
        Ok(taken)
    }

    /// Nothing more is to be done about a notice. `false` when somebody else has taken it since.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn end_logout_notice(&mut self, notice: &LogoutNotice) -> Result<bool, StoreError> {
        self.hits(&END, key(notice)).await
    }

    /// A notice is to be tried again after a while. `false` when somebody else has taken it since.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn put_off_logout_notice(
        &mut self,
        notice: &LogoutNotice,
        wait: Duration,
    ) -> Result<bool, StoreError> {
        let mut values = key(notice);
        values.extend(values![microseconds(wait)]);
        self.hits(&PUT_OFF, values).await
    }

    /// Leaves an application alone for a while, with all that it would be told now.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn rest_logout_notices(
        &mut self,
        client_id: &str,
        wait: Duration,
    ) -> Result<(), StoreError> {
        self.execute(&REST, values![client_id, microseconds(wait)]).await.map(drop)
    }

    /// Forgets what an application was to be told: it is not served any more, or wants to hear nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn forget_logout_notices(&mut self, client_id: &str) -> Result<u64, StoreError> {
        self.execute(&FORGET, values![client_id]).await
    }
}

fn key(notice: &LogoutNotice) -> Vec<crate::sql::Value> {
    values![notice.client_id.as_str(), notice.sid, notice.tries]
}

fn microseconds(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn read(row: &Row) -> Result<LogoutNotice, StoreError> {
    Ok(LogoutNotice {
        client_id: row.get("client_id")?,
        sid: row.get("sid")?,
        person: row.get("person_id")?,
        tries: row.get("tries")?,
        created_at: row.get("created_at")?,
    })
}
