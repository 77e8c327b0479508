//! Which application calls (RFC 6749 §2.3).

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use identity::Moment;
use openid_provider::token::{Authenticated, Spent, TokenError, check, credential};
use openid_provider::{Client, Parameters};
use secrets::TokenHash;
use store::{AuditEntry, Redeemed, Redeeming, Writing};

use super::Call;
use super::refused::{Refused, Who};

/// An application that has shown that it is itself.
pub(crate) struct Caller {
    pub(crate) client: Arc<Client>,
    assertion: Option<Spent>,
}

impl Caller {
    /// Who calls. The enabled application, or nobody.
    ///
    /// # Errors
    ///
    /// [`Refused`]; an application that is not there, or not enabled, takes the same way and the same
    /// time as a wrong secret.
    pub(crate) async fn of(
        call: &Call<'_>,
        p: &Parameters,
        who: &mut Who,
    ) -> Result<Self, Refused> {
        who.by_header = call.headers.contains_key(AUTHORIZATION);
        let presented = credential(authorization(call.headers)?, p)?;
        who.client_id = Some(presented.client_id.clone());
        let found = call.app.store.registered(call.look, &presented.client_id).await?;
        let client = found.as_ref().and_then(|found| found.served.clone());
        let secrets = found.iter().flat_map(|found| &found.secrets);
        let secrets: Vec<TokenHash> = secrets.map(|secret| secret.hash).collect();
        let shown = check(&presented, client.as_deref(), &secrets, &call.issuer, call.date())?;
        let Authenticated { assertion } = shown;
        let client = client.ok_or(TokenError::UnknownClient)?;
        Ok(Self { client, assertion })
    }

    /// Spends what the application has signed to show who it is: in the transaction that does what it
    /// asks for.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it was used before.
    pub(crate) async fn spend(&self, tx: &mut Writing) -> Result<(), Refused> {
        let Some(Spent { jti, until }) = &self.assertion else { return Ok(()) };
        let first = tx.spend(jti, Moment::from_unix_seconds(until.0)).await?;
        if first { Ok(()) } else { Err(TokenError::AssertionAgain.into()) }
    }

    /// The same, where nothing but an event is written. Where nothing is spent, the event shares its
    /// transaction with those of others who come at the same time.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub(crate) async fn spend_with(
        &self,
        call: &Call<'_>,
        entry: AuditEntry,
    ) -> Result<(), Refused> {
        if self.assertion.is_none() {
            return Ok(call.app.store.append(call.tenant.id, entry).await?);
        }
        let mut tx = call.app.store.write(call.tenant.id).await?;
        self.spend(&mut tx).await?;
        tx.audit(&entry).await?;
        Ok(tx.commit().await?)
    }

    /// The same, where nothing else is written.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub(crate) async fn spend_alone(&self, call: &Call<'_>) -> Result<(), Refused> {
        if self.assertion.is_none() {
            return Ok(());
        }
        let mut tx = call.app.store.write(call.tenant.id).await?;
        self.spend(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Redeems a code, in the transaction in which the application's assertion is spent, if there is one: what
    /// is refused spends neither. Without one, those who come at the same time share a transaction.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub(crate) async fn redeem(
        &self,
        call: &Call<'_>,
        code: Redeeming,
    ) -> Result<Redeemed, Refused> {
        if self.assertion.is_none() {
            return Ok(call.app.store.redeem(call.tenant.id, code).await?);
        }
        let mut tx = call.app.store.write(call.tenant.id).await?;
        self.spend(&mut tx).await?;
        let redeemed = tx.redeem(&code).await?;
        if redeemed != Redeemed::Refused {
            tx.commit().await?;
        }
        Ok(redeemed)
    }
}

/// The one `Authorization` header, if there is one.
pub(super) fn authorization(headers: &HeaderMap) -> Result<Option<&str>, TokenError> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let first = all.next().map(|value| value.to_str().map_err(|_| TokenError::Header));
    match all.next() {
        Some(_) => Err(TokenError::TwoWays),
        None => first.transpose(),
    }
}
