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

/// What a key is now, by the database's clock.
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
    PUBLISHED: [
        "SELECT signing_key.*, CASE WHEN active_from > ", NOW, " THEN 'next' WHEN retired_at <= ",
        NOW, " THEN 'retired' ELSE 'active' END AS state FROM signing_key ",
        "WHERE tenant_id = $1 AND issuer = $2 AND published_at <= ", NOW,
        " AND (ends_at IS NULL OR ends_at > ", NOW, ") ORDER BY alg, number"];
    ACTIVE: [
        "SELECT * FROM signing_key WHERE tenant_id = $1 AND issuer = $2 AND alg = $3 ",
        "AND published_at <= ", NOW, " AND active_from <= ", NOW,
        " AND (retired_at IS NULL OR retired_at > ", NOW,
        ") AND (ends_at IS NULL OR ends_at > ", NOW, ") ORDER BY active_from DESC, number DESC ",
        "LIMIT 1"];
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
        let rows = self.all(&PUBLISHED, vec![word(&issuer)]).await?;
        rows.iter().map(|row| Ok((self.read_signing_key(row)?, row.word("state")?))).collect()
    }

    /// The key with which an issuer signs now; of several, the one that began last.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn active_signing_key(
        &mut self,
        issuer: KeyIssuer,
        alg: &str,
    ) -> Result<Option<SigningKey>, StoreError> {
        let mut values = vec![word(&issuer)];
        values.extend(values![alg]);
        let row = self.one(&ACTIVE, values).await?;
        row.map(|row| self.read_signing_key(&row)).transpose()
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
