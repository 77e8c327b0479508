use aws_lc_rs::rand;
use identity::Moment;
use secrets::Secret;
use serde::{Deserialize, Serialize};

use crate::row::Row;
use crate::sql::{statements, values, word};
use crate::{Rows, StoreError, Writing};

/// A key with which an issuer of the tenant signs.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Its id (RFC 7517 §4.5).
    pub kid: String,
    /// Who signs with it, and nobody else.
    pub issuer: KeyIssuer,
    /// Its algorithm (RFC 7518), such as `RS256`.
    pub alg: String,
    /// Its number among the keys of this issuer and algorithm. Who makes the next key takes the next
    /// number, and so one of two does.
    pub number: u32,
    /// The private key, PKCS#8 DER. Sealed at rest.
    pub private: Secret,
    /// Its certificate, DER, if it has one.
    pub certificate: Option<Vec<u8>>,
    /// What it is, and when.
    pub dates: KeyDates,
}

/// The issuers of a tenant. A token of the one is none of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyIssuer {
    /// The tenant's own.
    Tenant,
    /// That of its answers to Entra.
    Eam,
}

/// What a key is, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyDates {
    /// From when it stands in the key set.
    pub published_at: Moment,
    /// From when its issuer signs with it.
    pub active_from: Moment,
    /// From when not any more.
    pub retired_at: Option<Moment>,
    /// From when it does not stand in the key set any more, and is deleted.
    pub ends_at: Option<Moment>,
}

impl KeyDates {
    /// What the key is at a moment; `None` when its issuer does not show it.
    pub fn state(self, at: Moment) -> Option<KeyState> {
        let has_come = |moment: Option<Moment>| moment.is_some_and(|moment| moment <= at);
        if self.published_at > at || has_come(self.ends_at) {
            return None;
        }
        Some(match self.active_from > at {
            true => KeyState::Next,
            false if has_come(self.retired_at) => KeyState::Retired,
            false => KeyState::Active,
        })
    }
}

/// What a key is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// It will sign.
    Next,
    /// It signs.
    Active,
    /// It has signed.
    Retired,
}

statements! {
    ALL: ["SELECT * FROM signing_key WHERE tenant_id = $1 AND issuer = $2 ORDER BY alg, number"];
    CLOCK: ["SELECT ", NOW, " AS at FROM tenant WHERE tenant_id = $1"];
    INSERT: [
        "INSERT INTO signing_key (tenant_id, kid, issuer, alg, number, private, certificate, ",
        "published_at, active_from, retired_at, ends_at) ",
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ",
        "ON CONFLICT (tenant_id, issuer, alg, number) DO NOTHING"];
    SET_DATES: [
        "UPDATE signing_key SET published_at = $3, active_from = $4, retired_at = $5, ",
        "ends_at = $6 WHERE tenant_id = $1 AND kid = $2"];
}

impl Rows {
    /// The keys that an issuer's key set shows now, and what each of them is.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn signing_keys(
        &mut self,
        issuer: KeyIssuer,
    ) -> Result<Vec<(SigningKey, KeyState)>, StoreError> {
        let keys = self.all_signing_keys(issuer).await?;
        let Some(clock) = self.one(&CLOCK, values![]).await? else { return Ok(Vec::new()) };
        let now = clock.get("at")?;
        let state = |key: SigningKey| key.dates.state(now).map(|state| (key, state));
        Ok(keys.into_iter().filter_map(state).collect())
    }

    /// All keys of an issuer, by algorithm and then oldest first.
    pub(crate) async fn all_signing_keys(
        &mut self,
        issuer: KeyIssuer,
    ) -> Result<Vec<SigningKey>, StoreError> {
        let rows = self.all(&ALL, vec![word(&issuer)]).await?;
        rows.iter().map(|row| self.read_signing_key(row)).collect()
    }

    fn read_signing_key(&self, row: &Row) -> Result<SigningKey, StoreError> {
        let (kid, sealed): (String, Vec<u8>) = (row.get("kid")?, row.get("private")?);
        let private = self.ring.open(&self.place_of_key(&kid), &sealed);
        Ok(SigningKey {
            private: private.map_err(|_| StoreError::Corrupt("private"))?,
            issuer: row.word("issuer")?,
            alg: row.get("alg")?,
            number: row.get("number")?,
            certificate: row.maybe("certificate")?,
            dates: KeyDates {
                published_at: row.get("published_at")?,
                active_from: row.get("active_from")?,
                retired_at: row.maybe("retired_at")?,
                ends_at: row.maybe("ends_at")?,
            },
            kid,
        })
    }

    /// Where a private key stands: it opens nowhere else.
    fn place_of_key(&self, kid: &str) -> String {
        format!("{}|signing_key|private|{kid}", self.tenant)
    }

    fn seal_key(&self, key: &SigningKey) -> Result<Vec<u8>, StoreError> {
        let failed = StoreError::Corrupt("private");
        let mut nonce = [0; 24];
        rand::fill(&mut nonce).map_err(|_| failed.clone())?;
        let place = self.place_of_key(&key.kid);
        self.ring.seal(&place, nonce, key.private.expose()).map_err(|_| failed)
    }
}

impl Writing {
    /// Keeps a new key. `false` when its number is taken: somebody else has just made the next key,
    /// and that one holds.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when its id is known.
    pub async fn insert_signing_key(&mut self, key: &SigningKey) -> Result<bool, StoreError> {
        let sealed = self.seal_key(key)?;
        let dates = key.dates;
        let mut values = values![key.kid.as_str()];
        values.push(word(&key.issuer));
        values.extend(values![key.alg.as_str(), key.number, sealed, key.certificate.clone()]);
        values.extend(values![dates.published_at, dates.active_from]);
        values.extend(values![dates.retired_at, dates.ends_at]);
        self.hits(&INSERT, values).await
    }

    /// Gives a key other dates. `false` when there is no such key.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn date_signing_key(
        &mut self,
        kid: &str,
        dates: KeyDates,
    ) -> Result<bool, StoreError> {
        let KeyDates { published_at, active_from, retired_at, ends_at } = dates;
        let values = values![kid, published_at, active_from, retired_at, ends_at];
        self.hits(&SET_DATES, values).await
    }
}
