use agent_protocol::MatchCode;
use identity::Moment;
use ids::{ChallengeId, DeviceId, LoginId, TicketId};
use login::Purpose;
use secrets::TokenHash;
use uuid::Uuid;

use crate::row::Row;
use crate::sql::{Value, statements, values, word};
use crate::{Rows, StoreError, Writing};

/// A request that waits for an agent: the answer to one challenge of one login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// The login that waits for it.
    pub login: LoginId,
    /// The agent it is for; none for a link that no agent has claimed yet.
    pub device: Option<DeviceId>,
    /// The challenge that the agent is to have answered.
    pub challenge: ChallengeId,
    /// What the card is to do.
    pub purpose: Purpose,
    /// The number that page and agent show, for the person to compare.
    pub match_code: MatchCode,
    /// How far it has come.
    pub state: TicketState,
    /// When it was made.
    pub created_at: Moment,
    /// When the agent took it.
    pub claimed_at: Option<Moment>,
    /// When it ends.
    pub expires_at: Moment,
    /// What waits for the browser that began, while it does.
    pub held: Option<HeldAnswer>,
}

/// A card's answer that waits until the browser that began has come back.
#[derive(Clone, PartialEq, Eq)]
pub struct HeldAnswer {
    /// Hash of the return token.
    pub token: TokenHash,
    /// What the agent sent, as JSON.
    pub answer: String,
    /// Whether its card has left since, after no more than a tap.
    pub tapped: bool,
}

impl std::fmt::Debug for HeldAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeldAnswer").finish_non_exhaustive()
    }
}

/// How far a ticket has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketState {
    /// The agent has not taken it yet.
    Waiting,
    /// The agent has it.
    Claimed,
    /// Its card has answered well, and the browser that began must come back.
    Held,
    /// Its card has proved.
    Proved,
    /// It ended without a proof.
    Refused {
        /// Why, as a stable name.
        reason: String,
    },
}

statements! {
    BY_ID: ["SELECT * FROM ticket WHERE tenant_id = $1 AND ticket_id = $2 AND expires_at > ", NOW];
    BY_RETURN: [
        "SELECT * FROM ticket WHERE tenant_id = $1 AND return_hash = $2 AND state = 'held' ",
        "AND expires_at > ", NOW];
    OF_LOGIN: [
        "SELECT * FROM ticket WHERE tenant_id = $1 AND login_id = $2 AND expires_at > ", NOW,
        " ORDER BY created_at DESC, ticket_id DESC LIMIT 1"];
    INSERT: [
        "INSERT INTO ticket (tenant_id, ticket_id, login_id, device_id, challenge_id, purpose, ",
        "match_code, state, reason, created_at, claimed_at, expires_at, return_hash, answer) ",
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL, NULL)"];
    CLAIM: [
        "UPDATE ticket SET state = 'claimed', claimed_at = ", NOW,
        ", device_id = $3 WHERE tenant_id = $1 AND ticket_id = $2 AND state = 'waiting' ",
        "AND (device_id = $3 OR device_id IS NULL) AND created_at > ", NOW, " - 60000000 AND expires_at > ", NOW,
        " RETURNING login_id, challenge_id"];
    // A challenge lives 120 s from its claim; before, the person may not have seen it.
    MOVE_CHALLENGE: [
        "UPDATE login SET challenge_at = ", NOW, ", challenge_expires_at = ", NOW, " + 120000000 ",
        "WHERE tenant_id = $1 AND login_id = $2 AND challenge_id = $3 AND expires_at > ", NOW,
        " AND challenge_expires_at > ", NOW];
    HOLD: [
        "UPDATE ticket SET state = 'held', return_hash = $3, answer = $4 ",
        "WHERE tenant_id = $1 AND ticket_id = $2 AND state = 'claimed'"];
    NOTE_TAPPED: [
        "UPDATE ticket SET tapped = TRUE WHERE tenant_id = $1 AND ticket_id = $2 ",
        "AND device_id = $3 AND state = 'held'"];
    HELD_AT: [
        "SELECT * FROM ticket WHERE tenant_id = $1 AND device_id = $2 AND state = 'held' ",
        "AND expires_at > ", NOW];
    OPEN_AT: [
        "SELECT * FROM ticket WHERE tenant_id = $1 AND device_id = $2 ",
        "AND state IN ('waiting', 'claimed') AND expires_at > ", NOW];
    REFUSE_UNCLAIMED: [
        "UPDATE ticket SET state = 'refused', reason = $3 ",
        "WHERE tenant_id = $1 AND ticket_id = $2 AND state = 'waiting'"];
    REFUSE_CLAIMED: [
        "UPDATE ticket SET state = 'refused', reason = $4 ",
        "WHERE tenant_id = $1 AND ticket_id = $2 AND device_id = $3 AND state = 'claimed'"];
    // A newer connection, perhaps at another node, may still bring the answer.
    ABANDON: [
        "UPDATE ticket SET state = 'refused', reason = $4 ",
        "WHERE tenant_id = $1 AND ticket_id = $2 AND state IN ('waiting', 'claimed') ",
        "AND EXISTS (SELECT 1 FROM device WHERE device.tenant_id = ticket.tenant_id ",
        "AND device.device_id = ticket.device_id AND device.connection_id = $3)"];
    FINISH: [
        "UPDATE ticket SET state = $3, reason = $4, return_hash = NULL, answer = NULL ",
        "WHERE tenant_id = $1 AND ticket_id = $2 AND state IN ('waiting', 'claimed', 'held')"];
}

impl Rows {
    /// A ticket that has not expired.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn ticket(&mut self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        self.one(&BY_ID, values![id]).await?.as_ref().map(read).transpose()
    }

    /// The ticket whose answer waits for the browser that brings this token.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn ticket_by_return(
        &mut self,
        token: &TokenHash,
    ) -> Result<Option<Ticket>, StoreError> {
        self.one(&BY_RETURN, values![token]).await?.as_ref().map(read).transpose()
    }

    /// The last ticket of a login, as long as it has not expired. It outlives the login, so that
    /// the page learns how it ended.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn ticket_of_login(&mut self, login: LoginId) -> Result<Option<Ticket>, StoreError> {
        self.one(&OF_LOGIN, values![login]).await?.as_ref().map(read).transpose()
    }

    /// The tickets whose answers, of cards at this computer, wait for their browsers.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn tickets_held_at(&mut self, device: DeviceId) -> Result<Vec<Ticket>, StoreError> {
        self.all(&HELD_AT, values![device]).await?.iter().map(read).collect()
    }

    /// The tickets that this agent has not answered yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn tickets_open_at(&mut self, device: DeviceId) -> Result<Vec<Ticket>, StoreError> {
        self.all(&OPEN_AT, values![device]).await?.iter().map(read).collect()
    }
}

impl Writing {
    /// Notes that the card whose answer waits was only tapped. `false` when it does not wait.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn note_tapped(
        &mut self,
        id: TicketId,
        device: DeviceId,
    ) -> Result<bool, StoreError> {
        self.hits(&NOTE_TAPPED, values![id, device]).await
    }

    /// Writes a new ticket.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn insert_ticket(&mut self, ticket: &Ticket) -> Result<(), StoreError> {
        let t = ticket;
        let mut values = values![t.id, t.login, t.device, t.challenge];
        values.push(word(&t.purpose));
        values.extend(values![t.match_code]);
        values.extend(state_values(&t.state));
        values.extend(values![t.created_at, t.claimed_at, t.expires_at]);
        self.execute(&INSERT, values).await?;
        Ok(())
    }

    /// Keeps the answer of a ticket that was claimed, until its browser comes back. `false` when it
    /// has ended meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn hold_ticket(
        &mut self,
        id: TicketId,
        held: &HeldAnswer,
    ) -> Result<bool, StoreError> {
        self.lock_person_of_ticket(id).await?;
        self.hits(&HOLD, values![id, &held.token, held.answer.clone()]).await
    }

    /// Gives a ticket to its agent, a link's to whichever claims it: once, within a minute, and while
    /// its challenge is out and alive. The challenge's life counts from now. On `false` the transaction
    /// is to be dropped.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn claim_ticket(
        &mut self,
        id: TicketId,
        device: DeviceId,
    ) -> Result<bool, StoreError> {
        self.lock_person_of_ticket(id).await?;
        let Some(row) = self.one(&CLAIM, values![id, device]).await? else {
            return Ok(false);
        };
        let (login, challenge): (LoginId, ChallengeId) =
            (row.get("login_id")?, row.get("challenge_id")?);
        self.hits(&MOVE_CHALLENGE, values![login, challenge]).await
    }

    /// Ends a ticket that nobody has claimed. `false` when somebody has, or it had ended before.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn refuse_unclaimed(
        &mut self,
        id: TicketId,
        reason: &str,
    ) -> Result<bool, StoreError> {
        self.lock_person_of_ticket(id).await?;
        self.hits(&REFUSE_UNCLAIMED, values![id, reason]).await
    }

    /// Ends a ticket that this agent has claimed and not answered. `false` when it has answered meanwhile,
    /// or the ticket had ended before.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn refuse_claimed(
        &mut self,
        id: TicketId,
        device: DeviceId,
        reason: &str,
    ) -> Result<bool, StoreError> {
        self.lock_person_of_ticket(id).await?;
        self.hits(&REFUSE_CLAIMED, values![id, device, reason]).await
    }

    /// Ends a ticket whose agent has not answered and has not connected again since this
    /// connection. `false` when it has, or the ticket had ended before.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn abandon_ticket(
        &mut self,
        id: TicketId,
        connection: Uuid,
        reason: &str,
    ) -> Result<bool, StoreError> {
        self.lock_person_of_ticket(id).await?;
        self.hits(&ABANDON, values![id, connection, reason]).await
    }

    /// Ends a ticket. `false` when it had ended before.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn finish_ticket(
        &mut self,
        id: TicketId,
        state: &TicketState,
    ) -> Result<bool, StoreError> {
        self.lock_person_of_ticket(id).await?;
        let mut values = values![id];
        values.extend(state_values(state));
        self.hits(&FINISH, values).await
    }
}

fn state_values(state: &TicketState) -> [Value; 2] {
    let (name, reason) = match state {
        TicketState::Waiting => ("waiting", None),
        TicketState::Claimed => ("claimed", None),
        TicketState::Held => ("held", None),
        TicketState::Proved => ("proved", None),
        TicketState::Refused { reason } => ("refused", Some(reason.clone())),
    };
    [Value::from(name), Value::from(reason)]
}

fn read(row: &Row) -> Result<Ticket, StoreError> {
    Ok(Ticket {
        id: row.get("ticket_id")?,
        login: row.get("login_id")?,
        device: row.maybe("device_id")?,
        challenge: row.get("challenge_id")?,
        purpose: row.word("purpose")?,
        match_code: row.get("match_code")?,
        state: read_state(row)?,
        created_at: row.get("created_at")?,
        claimed_at: row.maybe("claimed_at")?,
        expires_at: row.get("expires_at")?,
        held: read_held(row)?,
    })
}

fn read_held(row: &Row) -> Result<Option<HeldAnswer>, StoreError> {
    let token: Option<TokenHash> = row.maybe("return_hash")?;
    let Some(token) = token else { return Ok(None) };
    let (answer, tapped) = (row.get("answer")?, row.get("tapped")?);
    Ok(Some(HeldAnswer { token, answer, tapped }))
}

fn read_state(row: &Row) -> Result<TicketState, StoreError> {
    let name: String = row.get("state")?;
    match name.as_str() {
        "waiting" => Ok(TicketState::Waiting),
        "claimed" => Ok(TicketState::Claimed),
        "held" => Ok(TicketState::Held),
        "proved" => Ok(TicketState::Proved),
        "refused" => Ok(TicketState::Refused { reason: row.get("reason")? }),
        _ => Err(StoreError::Corrupt("state")),
    }
}
