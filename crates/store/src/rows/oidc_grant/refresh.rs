//! Refresh tokens (RFC 6749 §6). One is named by its grant and its generation, and sealed with what only
//! who has the master key and the row can make: so each of them is known again, however old it is.

use ids::{GrantId, TenantId};
use secrets::{KeyRing, Secret, Token};
use uuid::Uuid;

use super::{Grant, read};
use crate::row::Row;
use crate::sql::{statements, values};
use crate::{Rows, Store, StoreError, Writing};

/// How they begin, so that scanners for lost secrets can find them.
const PREFIX: &str = "rt_";

/// A refresh token as somebody has presented it, or as it is handed out.
#[derive(Clone, Debug)]
pub struct RefreshToken {
    grant: GrantId,
    generation: u32,
    /// 256 bits that nobody else can compute.
    tag: Token,
}

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// It was good, and its successor is now.
    Rotated(Grant),
    /// It was exchanged a moment ago, and its successor was not used yet: the answer may have been lost
    /// on the way, and is given again.
    Repeated(Grant),
    /// Somebody is exchanging it right now; whoever asks again a second later is answered.
    JustNow,
    /// It was exchanged before. Two have it, one of whom should not: what was granted has ended now.
    Reused(Grant),
    /// No such token of this client; or what was granted is not there any more.
    Unknown,
}

statements! {
    BY_ID: ["SELECT * FROM oidc_grant WHERE tenant_id = $1 AND grant_id = $2"];
    ROTATE: [
        "UPDATE oidc_grant SET generation = generation + 1, rotated_at = ", NOW,
        " WHERE tenant_id = $1 AND grant_id = $2 AND generation = $3 ",
        "AND ended_at IS NULL AND expires_at > ", NOW, " AND EXISTS (SELECT 1 FROM client ",
        "WHERE client.tenant_id = $1 AND client.client_id = oidc_grant.client_id ",
        "AND client.enabled) AND EXISTS (SELECT 1 FROM person WHERE person.tenant_id = $1 ",
        "AND person.person_id = oidc_grant.person_id AND person.state = 'enabled') ",
        "AND EXISTS (SELECT 1 FROM credential WHERE credential.tenant_id = $1 ",
        "AND credential.credential_id = oidc_grant.credential_id ",
        "AND credential.revoked_at IS NULL) RETURNING *"];
    // 1000000 and 30000000: so long a repetition waits, and so long it is answered, in microseconds.
    SINCE: [
        "SELECT rotated_at > ", NOW, " - 1000000 AS just_now, rotated_at > ", NOW,
        " - 30000000 AS in_grace FROM oidc_grant WHERE tenant_id = $1 AND grant_id = $2"];
}

impl RefreshToken {
    /// Reads what [`RefreshToken::reveal`] wrote. `None` for any other text. Whether it is one of
    /// ours only the row of its grant tells.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, tag) = text.strip_prefix(PREFIX)?.split_once('.')?;
        let (grant, generation) = name.split_at_checked(32)?;
        let plain = grant.bytes().chain(generation.bytes()).all(|byte| byte.is_ascii_hexdigit());
        let grant = GrantId(Uuid::try_parse(grant).ok().filter(|_| plain)?);
        let generation =
            u32::from_str_radix(generation, 16).ok().filter(|_| generation.len() == 8)?;
        Some(Self { grant, generation, tag: Token::parse(tag).ok()? })
    }

    /// The text that is handed out.
    pub fn reveal(&self) -> Secret {
        let (grant, generation) = (self.grant.0.simple(), self.generation);
        Secret::from(format!("{PREFIX}{grant}{generation:08x}.{}", self.tag.reveal()))
    }

    /// Of which grant it says that it is.
    pub fn grant(&self) -> GrantId {
        self.grant
    }
}

impl Store {
    /// The refresh token of a grant of this tenant that is good now.
    ///
    /// # Errors
    ///
    /// [`StoreError::WrongKey`].
    pub fn refresh_token(
        &self,
        tenant: TenantId,
        grant: &Grant,
    ) -> Result<RefreshToken, StoreError> {
        let tag = tag(self.ring(), tenant, grant, grant.generation)?;
        Ok(RefreshToken { grant: grant.id, generation: grant.generation, tag })
    }
}

impl Rows {
    /// The grant of a refresh token, as long as the grant lives, and whether the token is the one
    /// that is good now.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn grant_by_refresh(
        &mut self,
        presented: &RefreshToken,
    ) -> Result<Option<(Grant, bool)>, StoreError> {
        let Some(grant) = self.grant(presented.grant).await? else { return Ok(None) };
        let ours = self.is_of(presented, &grant)?;
        let good = grant.generation == presented.generation;
        Ok(ours.then_some((grant, good)))
    }

    /// Whether we have made this token for this grant, lately or long ago.
    fn is_of(&self, presented: &RefreshToken, grant: &Grant) -> Result<bool, StoreError> {
        let made = presented.generation <= grant.generation && grant.offline;
        let tag = tag(&self.ring, self.tenant, grant, presented.generation)?;
        Ok(tag.matches(&presented.tag) && made)
    }
}

/// What the code is known by, 192 bits of its hash among it, stands in the row alone: neither the master key
/// nor a token that names the grant is enough to make one.
fn tag(
    ring: &KeyRing,
    tenant: TenantId,
    grant: &Grant,
    generation: u32,
) -> Result<Token, StoreError> {
    let generation = generation.to_be_bytes();
    let parts: [&[u8]; 4] =
        [tenant.0.as_bytes(), grant.id.0.as_bytes(), &generation, grant.code.as_bytes()];
    let tag = ring.derive("oidc-refresh", &parts.concat());
    tag.map_err(|_| StoreError::WrongKey)
}

impl Writing {
    /// Exchanges a refresh token of this client for its successor: once (RFC 9700 §4.14.2). Who
    /// brings one that was exchanged before ends what was granted; that is to be committed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn rotate_refresh(
        &mut self,
        presented: &RefreshToken,
        client_id: &str,
    ) -> Result<Rotated, StoreError> {
        self.lock_person_of_grant(presented.grant).await?;
        let Some(row) = self.one(&BY_ID, values![presented.grant]).await? else {
            return Ok(Rotated::Unknown);
        };
        let found = read(&row)?;
        if !self.is_of(presented, &found)? || found.client_id != client_id {
            return Ok(Rotated::Unknown);
        }
        let values = values![presented.grant, presented.generation];
        if let Some(row) = self.one(&ROTATE, values).await? {
            return read(&row).map(Rotated::Rotated);
        }
        match self.grant(presented.grant).await? {
            Some(grant) => self.repeated(presented, grant).await,
            None => Ok(Rotated::Unknown),
        }
    }

    /// A token that was exchanged before, of a grant that lives.
    async fn repeated(
        &mut self,
        presented: &RefreshToken,
        grant: Grant,
    ) -> Result<Rotated, StoreError> {
        let row = self.one(&SINCE, values![grant.id]).await?;
        let row: Row = row.ok_or(StoreError::Corrupt("rotated_at"))?;
        let (just_now, in_grace): (bool, bool) = (row.get("just_now")?, row.get("in_grace")?);
        let last = presented.generation.checked_add(1) == Some(grant.generation);
        if last && just_now {
            return Ok(Rotated::JustNow);
        }
        if last && in_grace {
            return Ok(Rotated::Repeated(grant));
        }
        let ended = self.end_grant(grant.id, &grant.client_id).await?;
        Ok(ended.map_or(Rotated::Unknown, Rotated::Reused))
    }
}
