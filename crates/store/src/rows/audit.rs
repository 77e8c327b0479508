use aws_lc_rs::digest::{SHA256, digest};
use identity::Moment;
use ids::{LoginId, TenantId, UserId};
use secrets::Token;
use serde_json::Value as Json;

use crate::row::Row;
use crate::sql::{Value, statements, values};
use crate::{Rows, StoreError, Writing};

/// What is to be written down. No secret, token or code may stand in it.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// What happened, as a stable name.
    pub kind: &'static str,
    /// Whom it concerns.
    pub person: Option<UserId>,
    /// Who did it, when that is somebody else.
    pub actor: Option<UserId>,
    /// In which login.
    pub login: Option<LoginId>,
    /// Further facts, an object.
    pub detail: Json,
}

impl AuditEntry {
    /// An entry that concerns nobody in particular.
    pub fn new(kind: &'static str, detail: Json) -> Self {
        Self { kind, person: None, actor: None, login: None, detail }
    }
}

/// One link of a tenant's audit chain.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// Its number in the tenant, from 1, without gaps.
    pub seq: i64,
    /// When, by the database's clock.
    pub at: Moment,
    /// What happened.
    pub kind: String,
    /// Whom it concerns.
    pub person: Option<UserId>,
    /// Who did it.
    pub actor: Option<UserId>,
    /// In which login.
    pub login: Option<LoginId>,
    /// Further facts.
    pub detail: Json,
    /// Hash of the event before; zero for the first.
    pub prev_hash: [u8; 32],
    /// Its own hash, over the tenant and all of the above.
    pub hash: [u8; 32],
    /// MAC over tenant, number and hash.
    pub mac: [u8; 32],
}

/// The end of a tenant's audit chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Number of the last event.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
    /// Its MAC.
    pub mac: [u8; 32],
}

impl AuditHead {
    /// Whether `events` end where the chain ends: nothing was cut off behind them. That the last
    /// one is as it was written is [`Rows::verify_chain`]'s matter, and with it that this is.
    ///
    /// # Security
    ///
    /// An older end of the same chain is as good: to tell that it was cut back to there, somebody
    /// outside of the database must have seen a later one.
    pub fn ends(&self, events: &[AuditEvent]) -> bool {
        events
            .last()
            .is_some_and(|last| (last.seq, last.hash, last.mac) == (self.seq, self.hash, self.mac))
    }
}

/// So many events are written in one stroke, where there are so many.
const AT_ONCE: usize = 8;

/// The first event of each tenant.
pub(super) const TENANT_CREATED: &str = "tenant.created";

statements! {
    AFTER: ["SELECT * FROM audit WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"];
    SIGN_INS: [
        "SELECT * FROM audit WHERE tenant_id = $1 AND person_id = $2 AND (kind LIKE 'login.%' ",
        "OR kind IN ('card.enrolled', 'card.removed')) ORDER BY seq DESC LIMIT $3"];
    // So far back and no further: where nobody uses external MFA, there is nothing to find.
    OF_ENTRA: [
        "SELECT * FROM audit WHERE tenant_id = $1 AND kind IN ",
        "('eam.asked', 'eam.proved', 'eam.left', 'eam.refused') AND seq > ",
        "(SELECT seq FROM audit_head WHERE tenant_id = $1) - 20000 ORDER BY seq DESC LIMIT $2"];
    HEAD: ["SELECT seq, hash, mac FROM audit_head WHERE tenant_id = $1"];
    // Never seen from outside: the first event comes in the same transaction. It needs no MAC.
    BEGIN: ["INSERT INTO audit_head (tenant_id, seq, hash, mac) VALUES ($1, 0, $2, $2)"];
    // Who appends holds this row until the end of the transaction.
    LAST: ["SELECT seq, hash, ", NOW, " AS at FROM audit_head WHERE tenant_id = $1", LOCK];
    APPEND: [
        "INSERT INTO audit (tenant_id, seq, at, kind, person_id, actor_id, login_id, detail, ",
        "prev_hash, hash, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"];
    APPEND_MANY: [
        "INSERT INTO audit (tenant_id, seq, at, kind, person_id, actor_id, login_id, detail, ",
        "prev_hash, hash, mac) VALUES ",
        "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11), ",
        "($1, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21), ",
        "($1, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31), ",
        "($1, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41), ",
        "($1, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51), ",
        "($1, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61), ",
        "($1, $62, $63, $64, $65, $66, $67, $68, $69, $70, $71), ",
        "($1, $72, $73, $74, $75, $76, $77, $78, $79, $80, $81)"];
    MOVE_HEAD: [
        "UPDATE audit_head SET seq = $3, hash = $4, mac = $5 WHERE tenant_id = $1 AND seq = $2"];
}

impl Rows {
    /// The audit chain behind `after_seq`, from 0 for all of it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn audit(
        &mut self,
        after_seq: i64,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        self.all(&AFTER, values![after_seq, limit]).await?.iter().map(read).collect()
    }

    /// The last events of a person's sign-ins, the newest first: how far they came, what was
    /// refused, and the cards that they added or removed on the way.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn sign_ins(
        &mut self,
        person: UserId,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        self.all(&SIGN_INS, values![person, limit]).await?.iter().map(read).collect()
    }

    /// What became of Entra's requests for external MFA, the newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn requests_of_entra(&mut self, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        self.all(&OF_ENTRA, values![limit]).await?.iter().map(read).collect()
    }

    /// Where the audit chain ends; `None` when there is no such tenant.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn audit_head(&mut self) -> Result<Option<AuditHead>, StoreError> {
        let row = self.one(&HEAD, values![]).await?;
        let head = |row: Row| {
            Ok(AuditHead { seq: row.get("seq")?, hash: row.get("hash")?, mac: row.get("mac")? })
        };
        row.map(head).transpose()
    }

    /// Checks a stretch of this tenant's chain. One that begins with number 1 must begin with
    /// nothing before it; where the chain ends, [`AuditHead::ends`] tells.
    ///
    /// # Errors
    ///
    /// The index of the first event that was changed, moved, or stands behind a gap.
    pub fn verify_chain(&self, events: &[AuditEvent]) -> Result<(), usize> {
        let mut before: Option<&AuditEvent> = None;
        for (index, event) in events.iter().enumerate() {
            let follows = match before {
                Some(before) => {
                    before.seq.checked_add(1) == Some(event.seq) && before.hash == event.prev_hash
                }
                None => event.seq != 1 || is_first(event),
            };
            if !follows || !self.wrote(event) {
                return Err(index);
            }
            before = Some(event);
        }
        Ok(())
    }

    /// Whether we wrote this event, with this number, for this tenant.
    fn wrote(&self, event: &AuditEvent) -> bool {
        let mac = self.mac(event.seq, &event.hash);
        hash(self.tenant, event) == event.hash
            && mac.is_ok_and(|mac| mac.matches(&Token::new(event.mac)))
    }

    /// What only who has the master key can make. The hashes chain the events; anybody who writes to
    /// the database can compute those anew, for all that follow.
    fn mac(&self, seq: i64, hash: &[u8; 32]) -> Result<Token, StoreError> {
        let value = [self.tenant.0.as_bytes().as_slice(), &seq.to_be_bytes(), hash].concat();
        self.ring.derive("audit", &value).map_err(|_| StoreError::WrongKey)
    }
}

impl Writing {
    /// Appends an event to the tenant's audit chain.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn audit(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.audit_all(std::slice::from_ref(entry)).await
    }

    /// Appends events to the tenant's audit chain, in this order.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn audit_all(&mut self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let head = self.one(&LAST, values![]).await?.ok_or(StoreError::Reference)?;
        let (before_seq, at): (i64, Moment) = (head.get("seq")?, head.get("at")?);
        let (mut seq, mut prev_hash): (i64, [u8; 32]) = (before_seq, head.get("hash")?);
        let mut chain = Vec::with_capacity(entries.len());
        for entry in entries {
            seq = seq.checked_add(1).ok_or(StoreError::Corrupt("seq"))?;
            let next = self.linked(entry, seq, at, prev_hash)?;
            prev_hash = next.hash;
            chain.push(next);
        }
        let (many, few) = chain.as_chunks::<AT_ONCE>();
        for events in many {
            self.execute(&APPEND_MANY, events.iter().flat_map(NextEvent::values).collect()).await?;
        }
        for event in few {
            self.execute(&APPEND, event.values()).await?;
        }
        let Some(last) = chain.last() else { return Ok(()) };
        let values = values![before_seq, last.seq, &last.hash, &last.mac];
        if !self.hits(&MOVE_HEAD, values).await? {
            // Nobody else moves a head that is held; if it has moved all the same, no link may be lost.
            return Err(self.spoil(StoreError::Corrupt("seq")).await);
        }
        self.appended = Some(AuditHead { seq: last.seq, hash: last.hash, mac: last.mac });
        Ok(())
    }

    /// An entry as the next link of the chain.
    fn linked<'e>(
        &self,
        entry: &'e AuditEntry,
        seq: i64,
        at: Moment,
        prev_hash: [u8; 32],
    ) -> Result<NextEvent<'e>, StoreError> {
        let detail = canonical(&entry.detail);
        let AuditEntry { kind, person, actor, login, .. } = *entry;
        let fields = (&self.tenant, seq, at, kind, person, actor, login, &prev_hash);
        let hash = hash_of(&fields, &detail);
        let mac = *self.mac(seq, &hash)?.expose();
        Ok(NextEvent { seq, at, entry, detail, prev_hash, hash, mac })
    }

    pub(super) async fn begin_audit(&mut self) -> Result<(), StoreError> {
        self.execute(&BEGIN, values![&[0; 32]]).await?;
        Ok(())
    }
}

/// An event that is to be appended, with its place in the chain.
struct NextEvent<'e> {
    seq: i64,
    at: Moment,
    entry: &'e AuditEntry,
    /// Its detail as canonical JSON.
    detail: String,
    prev_hash: [u8; 32],
    hash: [u8; 32],
    mac: [u8; 32],
}

impl NextEvent<'_> {
    fn values(&self) -> Vec<Value> {
        let AuditEntry { kind, person, actor, login, .. } = *self.entry;
        let mut values = values![self.seq, self.at, kind, person];
        values.extend(values![actor, login, self.detail.as_str()]);
        values.extend(values![&self.prev_hash, &self.hash, &self.mac]);
        values
    }
}

/// A chain that was cut off whole goes on with number 1, but not with this.
fn is_first(event: &AuditEvent) -> bool {
    event.prev_hash == [0; 32] && event.kind == TENANT_CREATED
}

/// What of an event is hashed, but for its detail, in the order of its fields.
type Fields<'a> = (
    &'a TenantId,
    i64,
    Moment,
    &'a str,
    Option<UserId>,
    Option<UserId>,
    Option<LoginId>,
    &'a [u8; 32],
);

/// The hash of an event as it was read.
pub(crate) fn hash(tenant: TenantId, event: &AuditEvent) -> [u8; 32] {
    let AuditEvent { seq, at, kind, person, actor, login, detail, prev_hash, .. } = event;
    hash_of(&(&tenant, *seq, *at, kind, *person, *actor, *login, prev_hash), &canonical(detail))
}

/// SHA-256 over tenant and event as canonical JSON: an array in the order of its fields, so that no
/// two events make the same input.
fn hash_of(fields: &Fields<'_>, detail: &str) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "no map, and no number that JSON does not have")]
    let fields = serde_json::to_string(fields).expect("fields that JSON has");
    let input = format!("[{fields},{detail}]");
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, input.as_bytes()).as_ref());
    hash
}

/// JSON with the names of each object in order, whichever map `serde_json` was built with.
fn canonical(value: &Json) -> String {
    match value {
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let field = |(name, value): (&String, &Json)| {
                format!("{}:{}", Json::from(name.as_str()), canonical(value))
            };
            let fields: Vec<String> = fields.into_iter().map(field).collect();
            format!("{{{}}}", fields.join(","))
        }
        _ => value.to_string(),
    }
}

fn read(row: &Row) -> Result<AuditEvent, StoreError> {
    Ok(AuditEvent {
        seq: row.get("seq")?,
        at: row.get("at")?,
        kind: row.get("kind")?,
        person: row.maybe("person_id")?,
        actor: row.maybe("actor_id")?,
        login: row.maybe("login_id")?,
        detail: row.json("detail")?,
        prev_hash: row.get("prev_hash")?,
        hash: row.get("hash")?,
        mac: row.get("mac")?,
    })
}
