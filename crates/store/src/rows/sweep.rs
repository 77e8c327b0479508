use crate::sql::{Statement, statements, values};
use crate::{StoreError, Writing};

/// At most so many rows of one table in one go, so that nobody waits long behind it.
const BOUND: u32 = 500;

// What somebody holds is left for the next time: a sweep takes rows of many people, in no order
// that others could keep to.
statements! {
    CONSUMED: [
        "DELETE FROM consumed WHERE tenant_id = $1 AND value IN (SELECT value FROM consumed ",
        "WHERE tenant_id = $1 AND expires_at <= ", NOW, " LIMIT $2", SKIP, ")"];
    LOGINS: [
        "DELETE FROM login WHERE tenant_id = $1 AND login_id IN (SELECT login_id FROM login ",
        "WHERE tenant_id = $1 AND expires_at <= ", NOW, " LIMIT $2", SKIP, ")"];
    CODES: [
        "DELETE FROM code WHERE tenant_id = $1 AND hash IN (SELECT hash FROM code ",
        "WHERE tenant_id = $1 AND expires_at <= ", NOW, " LIMIT $2", SKIP, ")"];
    AGENT_CODES: [
        "DELETE FROM agent_code WHERE tenant_id = $1 AND hash IN (SELECT hash FROM agent_code ",
        "WHERE tenant_id = $1 AND expires_at <= ", NOW, " LIMIT $2", SKIP, ")"];
    SESSIONS: [
        "DELETE FROM session WHERE tenant_id = $1 AND session_id IN (SELECT session_id ",
        "FROM session WHERE tenant_id = $1 AND expires_at <= ", NOW, " LIMIT $2", SKIP, ")"];
    TICKETS: [
        "DELETE FROM ticket WHERE tenant_id = $1 AND ticket_id IN (SELECT ticket_id FROM ticket ",
        "WHERE tenant_id = $1 AND expires_at <= ", NOW, " LIMIT $2", SKIP, ")"];
    PAIRINGS: [
        "DELETE FROM pairing WHERE tenant_id = $1 AND hash IN (SELECT hash FROM pairing ",
        "WHERE tenant_id = $1 AND expires_at <= ", NOW, " LIMIT $2", SKIP, ")"];
    EAM_TRANSACTIONS: [
        "DELETE FROM eam_transaction WHERE tenant_id = $1 AND hint_hash IN (SELECT hint_hash ",
        "FROM eam_transaction WHERE tenant_id = $1 AND remembered_until <= ", NOW, " LIMIT $2",
        SKIP, ")"];
    // A grant that has ended stays as long as its code could come again, and any as long as the session
    // is there with whose end its application is to be told.
    OIDC_GRANTS: [
        "DELETE FROM oidc_grant WHERE tenant_id = $1 AND grant_id IN (SELECT grant_id ",
        "FROM oidc_grant WHERE tenant_id = $1 AND (expires_at <= ", NOW, " OR ended_at <= ", NOW,
        ") AND created_at <= ", NOW, " - 120000000 AND NOT EXISTS (SELECT 1 FROM session ",
        "WHERE session.tenant_id = $1 AND session.session_id = oidc_grant.session_id) LIMIT $2",
        SKIP, ")"];
    SIGNING_KEYS: [
        "DELETE FROM signing_key WHERE tenant_id = $1 AND kid IN (SELECT kid FROM signing_key ",
        "WHERE tenant_id = $1 AND ends_at <= ", NOW, " LIMIT $2", SKIP, ")"];
    // An agent that nobody has confirmed within an hour: its login is long over.
    LISTINGS: [
        "DELETE FROM device_directory WHERE tenant_id = $1 AND device_id IN (SELECT device_id ",
        "FROM device WHERE tenant_id = $1 AND state = 'pending' AND created_at <= ", NOW,
        " - 3600000000 ORDER BY device_id LIMIT $2", SKIP, ")"];
    DEVICES: [
        "DELETE FROM device WHERE tenant_id = $1 AND state = 'pending' AND created_at <= ", NOW,
        " - 3600000000 AND device_id NOT IN (SELECT device_id FROM device_directory ",
        "WHERE tenant_id = $1)"];
}

static LIMITED: [&Statement; 10] = [
    &CONSUMED,
    &LOGINS,
    &CODES,
    &AGENT_CODES,
    &TICKETS,
    &PAIRINGS,
    &EAM_TRANSACTIONS,
    &OIDC_GRANTS,
    &SIGNING_KEYS,
    &LISTINGS,
];

impl Writing {
    /// Deletes what has expired in this tenant, so much at a time. How many rows.
    pub(crate) async fn sweep(&mut self) -> Result<u64, StoreError> {
        let mut swept = self.ending(&SESSIONS, values![BOUND]).await?;
        for statement in LIMITED {
            let rows = self.execute(statement, values![BOUND]).await?;
            swept = swept.saturating_add(rows);
        }
        let devices = self.execute(&DEVICES, values![]).await?;
        Ok(swept.saturating_add(devices))
    }
}
