use identity::{Person, PersonState};
use ids::{CredentialId, LoginId, SessionId, TicketId, UserId};
use login::PersonFacts;
use secrets::TokenHash;

use crate::row::Row;
use crate::sql::{Statement, Value, json, statements, values, word};
use crate::{Rows, StoreError, Writing};

statements! {
    BY_ID: ["SELECT * FROM person WHERE tenant_id = $1 AND person_id = $2"];
    BY_USERNAME: ["SELECT * FROM person WHERE tenant_id = $1 AND username_key = $2"];
    EMAIL_OWNER: [
        "SELECT person_id FROM person WHERE tenant_id = $1 AND email_key = $2 ",
        "ORDER BY created_at, person_id LIMIT 1"];
    LOCK_ROW: ["SELECT person_id FROM person WHERE tenant_id = $1 AND person_id = $2", LOCK];
    LOCK_OF_LOGIN: [
        "SELECT person_id FROM person WHERE tenant_id = $1 AND person_id = (SELECT person_id ",
        "FROM login WHERE tenant_id = $1 AND login_id = $2)", LOCK];
    LOCK_OF_HANDLE: [
        "SELECT person_id FROM person WHERE tenant_id = $1 AND person_id = (SELECT person_id ",
        "FROM login WHERE tenant_id = $1 AND handle = $2)", LOCK];
    LOCK_OF_CARD: [
        "SELECT person_id FROM person WHERE tenant_id = $1 AND person_id = (SELECT person_id ",
        "FROM credential WHERE tenant_id = $1 AND credential_id = $2)", LOCK];
    LOCK_OF_SESSION: [
        "SELECT person_id FROM person WHERE tenant_id = $1 AND person_id = (SELECT person_id ",
        "FROM session WHERE tenant_id = $1 AND session_id = $2)", LOCK];
    LOCK_OF_TICKET: [
        "SELECT person_id FROM person WHERE tenant_id = $1 AND person_id = (SELECT login.person_id ",
        "FROM login JOIN ticket ON ticket.tenant_id = login.tenant_id ",
        "AND ticket.login_id = login.login_id WHERE login.tenant_id = $1 ",
        "AND ticket.ticket_id = $2)", LOCK];
    FACTS: [
        "SELECT person.*, EXISTS (SELECT 1 FROM credential WHERE credential.tenant_id = $1 ",
        "AND credential.person_id = $2 AND credential.revoked_at IS NULL) AS has_card, ",
        "EXISTS (SELECT 1 FROM link WHERE link.tenant_id = $1 AND link.person_id = $2) AS linked ",
        "FROM person WHERE tenant_id = $1 AND person_id = $2"];
    // An import that read the person a moment ago must not undo what an administrator or a
    // revocation did since: those columns are not written here, or only ever set.
    UPSERT: [
        "INSERT INTO person (tenant_id, person_id, username, username_key, display_name, email, ",
        "email_key, email_verified, search, attributes, state, administrator, conflict, ",
        "groups_stale, card_was_revoked, enrolled_by_upstream, created_at, last_sign_in_at, ",
        "last_upstream_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, ",
        "$15, $16, $17, $18, $19) ON CONFLICT (tenant_id, person_id) DO UPDATE SET ",
        "username = excluded.username, username_key = excluded.username_key, ",
        "display_name = excluded.display_name, email = excluded.email, ",
        "email_key = excluded.email_key, email_verified = excluded.email_verified, ",
        "search = excluded.search, attributes = excluded.attributes, ",
        "conflict = excluded.conflict, groups_stale = excluded.groups_stale, ",
        "enrolled_by_upstream = (person.enrolled_by_upstream OR excluded.enrolled_by_upstream), ",
        "last_upstream_at = COALESCE(excluded.last_upstream_at, person.last_upstream_at)"];
    SET_STATE: ["UPDATE person SET state = $3 WHERE tenant_id = $1 AND person_id = $2"];
    TOUCH: ["UPDATE person SET last_sign_in_at = ", NOW, " WHERE tenant_id = $1 AND person_id = $2"];
    END_TICKETS: [
        "DELETE FROM ticket WHERE tenant_id = $1 AND login_id IN ",
        "(SELECT login_id FROM login WHERE tenant_id = $1 AND person_id = $2)"];
    END_LOGINS: ["DELETE FROM login WHERE tenant_id = $1 AND person_id = $2"];
    END_CODES: ["DELETE FROM code WHERE tenant_id = $1 AND person_id = $2"];
}

impl Rows {
    /// One person.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn person(&mut self, id: UserId) -> Result<Option<Person>, StoreError> {
        self.one(&BY_ID, values![id]).await?.as_ref().map(read).transpose()
    }

    /// The person with this username, in any case.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn person_by_username(
        &mut self,
        username: &str,
    ) -> Result<Option<Person>, StoreError> {
        let values = values![username.to_lowercase()];
        self.one(&BY_USERNAME, values).await?.as_ref().map(read).transpose()
    }

    /// Whose address this is, in any case; of several the oldest person.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn email_owner(&mut self, email: &str) -> Result<Option<UserId>, StoreError> {
        let row = self.one(&EMAIL_OWNER, values![email.to_lowercase()]).await?;
        row.map(|row| row.get("person_id")).transpose()
    }

    /// What the hallway must know of a person. In a transaction it stays true until its end.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn person_facts(&mut self, id: UserId) -> Result<Option<PersonFacts>, StoreError> {
        self.lock_person(id).await?;
        let row = self.one(&FACTS, values![id]).await?;
        row.map(|row| self.read_facts(id, &row)).transpose()
    }

    /// Holds the person's row until the end of a transaction: who decides on their cards or
    /// their state passes here, one after the other.
    ///
    /// Whatever else of a person a transaction holds (logins, cards, sessions), it holds the
    /// person first: two that took them in different orders would wait for each other.
    pub(super) async fn lock_person(&mut self, id: UserId) -> Result<(), StoreError> {
        self.lock(&LOCK_ROW, values![id]).await
    }

    /// Holds the person whom this login waits for.
    pub(super) async fn lock_person_of_login(&mut self, id: LoginId) -> Result<(), StoreError> {
        self.lock(&LOCK_OF_LOGIN, values![id]).await
    }

    /// The same by the login's handle.
    pub(super) async fn lock_person_of_handle(
        &mut self,
        handle: &TokenHash,
    ) -> Result<(), StoreError> {
        self.lock(&LOCK_OF_HANDLE, values![handle]).await
    }

    /// Holds the person whose card this is.
    pub(super) async fn lock_person_of_card(&mut self, id: CredentialId) -> Result<(), StoreError> {
        self.lock(&LOCK_OF_CARD, values![id]).await
    }

    /// Holds the person whose session this is.
    pub(super) async fn lock_person_of_session(&mut self, id: SessionId) -> Result<(), StoreError> {
        self.lock(&LOCK_OF_SESSION, values![id]).await
    }

    /// Holds the person for whom an agent is asked.
    pub(super) async fn lock_person_of_ticket(&mut self, id: TicketId) -> Result<(), StoreError> {
        self.lock(&LOCK_OF_TICKET, values![id]).await
    }

    async fn lock(
        &mut self,
        statement: &'static Statement,
        values: Vec<Value>,
    ) -> Result<(), StoreError> {
        if self.locks() {
            self.one(statement, values).await?;
        }
        Ok(())
    }

    fn read_facts(&self, id: UserId, row: &Row) -> Result<PersonFacts, StoreError> {
        let administrator: bool = row.get("administrator")?;
        let linked: bool = row.get("linked")?;
        Ok(PersonFacts {
            id,
            tenant: self.tenant,
            state: row.word("state")?,
            has_card: row.get("has_card")?,
            card_was_revoked: row.get("card_was_revoked")?,
            enrolled_by_upstream: row.get("enrolled_by_upstream")?,
            linked: linked || administrator,
            last_upstream_at: row.maybe("last_upstream_at")?,
        })
    }
}

impl Writing {
    /// Writes a person as imported. Of a person who is there already, `state`, `administrator`,
    /// `card_was_revoked`, `created_at` and `last_sign_in_at` stay as they are, and
    /// `enrolled_by_upstream` is never taken back.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when another person has the username.
    pub async fn write_person(&mut self, person: &Person) -> Result<(), StoreError> {
        let p = person;
        let (name, email) = (p.display_name.as_deref(), p.email.as_deref());
        let mut values = values![p.id, p.username.as_str(), p.username.to_lowercase()];
        values.extend(values![name, email, email.map(str::to_lowercase), p.email_verified]);
        values.extend(values![search_text(p)]);
        values.extend([json(&p.attributes), word(&p.state)]);
        let conflict = p.conflict.as_ref().map(serde_json::to_string);
        let conflict = conflict.transpose().map_err(|_| StoreError::Corrupt("conflict"))?;
        values.extend(values![p.administrator, conflict, p.groups_stale, p.card_was_revoked]);
        values.extend(values![p.enrolled_by_upstream, p.created_at, p.last_sign_in_at]);
        values.extend(values![p.last_upstream_at]);
        self.execute(&UPSERT, values).await?;
        Ok(())
    }

    /// Lets a person sign in or not. Disabling ends their sessions, logins,
    /// tickets, codes and agents.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn set_person_state(
        &mut self,
        id: UserId,
        state: PersonState,
    ) -> Result<bool, StoreError> {
        let mut values = values![id];
        values.push(word(&state));
        let hit = self.hits(&SET_STATE, values).await?;
        if hit && state == PersonState::Disabled {
            self.end_sessions_of(id).await?;
            self.execute(&END_CODES, values![id]).await?;
        }
        Ok(hit)
    }

    /// Ends all waiting logins of a person, with what agents were asked for them.
    pub(super) async fn end_logins_of(&mut self, id: UserId) -> Result<(), StoreError> {
        for statement in [&END_TICKETS, &END_LOGINS] {
            self.execute(statement, values![id]).await?;
        }
        Ok(())
    }

    /// Notes a completed sign-in.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn touch_person_signed_in(&mut self, id: UserId) -> Result<bool, StoreError> {
        self.hits(&TOUCH, values![id]).await
    }
}

/// What a search looks into: folded here, because the engines fold differently.
fn search_text(person: &Person) -> String {
    let name = person.display_name.as_deref().unwrap_or_default();
    let email = person.email.as_deref().unwrap_or_default();
    format!("{}\n{name}\n{email}", person.username).to_lowercase()
}

pub(super) fn read(row: &Row) -> Result<Person, StoreError> {
    let conflict: Option<String> = row.maybe("conflict")?;
    let conflict = conflict.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Person {
        id: row.get("person_id")?,
        username: row.get("username")?,
        display_name: row.maybe("display_name")?,
        email: row.maybe("email")?,
        email_verified: row.get("email_verified")?,
        attributes: row.json("attributes")?,
        state: row.word("state")?,
        administrator: row.get("administrator")?,
        conflict: conflict.map_err(|_| StoreError::Corrupt("conflict"))?,
        groups_stale: row.get("groups_stale")?,
        card_was_revoked: row.get("card_was_revoked")?,
        enrolled_by_upstream: row.get("enrolled_by_upstream")?,
        created_at: row.get("created_at")?,
        last_sign_in_at: row.maybe("last_sign_in_at")?,
        last_upstream_at: row.maybe("last_upstream_at")?,
    })
}
