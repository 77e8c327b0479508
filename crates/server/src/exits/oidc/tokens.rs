//! Signs what an application gets.

use identity::Person;
use ids::GrantId;
use jose::NumericDate;
use openid_provider::claims::{AccessToken, Holder, IdToken};
use openid_provider::code::Code;
use openid_provider::{Client, Scope};
use secrets::Secret;
use store::KeyIssuer;

use super::Call;
use super::living::facts;
use super::refused::Refused;
use crate::http::problem::Problem;
use crate::{entropy, signing};

/// An access token, and what goes with it.
pub(super) struct Tokens {
    pub(super) access: Secret,
    pub(super) id: Secret,
}

/// A person for whom tokens speak.
pub(super) struct Speaking<'a> {
    pub(super) grant: GrantId,
    pub(super) person: &'a Person,
    /// What was agreed on when they signed in.
    pub(super) code: &'a Code,
    pub(super) scope: &'a Scope,
    /// `None` after a refresh.
    pub(super) nonce: Option<&'a str>,
}

impl Speaking<'_> {
    /// Signs what `client` gets. Nothing is written by it: what is not handed out is worth nothing.
    pub(super) async fn sign(&self, call: &Call<'_>, client: &Client) -> Result<Tokens, Refused> {
        let key = key(call, client).await?;
        let auth_time = NumericDate(self.code.auth_time);
        let access = AccessToken {
            issuer: &call.issuer,
            client,
            holder: &Holder::Person {
                person: self.person.id,
                grant: self.grant,
                session: self.code.sid(),
                auth_time,
                acr: self.code.acr,
                amr: self.code.amr.clone(),
            },
            scope: self.scope,
            issued_at: call.date(),
            random: entropy::bytes(),
        };
        let access = access.sign(key.key()).map_err(Problem::internal)?;
        let asked = &self.code.claims.id_token;
        let person = facts(self.person).claims(&client.settings, self.scope, asked);
        let id = IdToken {
            issuer: &call.issuer,
            client,
            sub: self.person.id,
            session: self.code.sid(),
            auth_time,
            acr: self.code.acr,
            amr: &self.code.amr,
            nonce: self.nonce,
            access_token: &access,
            person: &person,
            issued_at: call.date(),
        };
        let id = id.sign(key.key()).map_err(Problem::internal)?;
        Ok(Tokens { access, id })
    }
}

/// Signs a token of an application that speaks for nobody.
pub(super) async fn for_itself(
    call: &Call<'_>,
    client: &Client,
    scope: &Scope,
) -> Result<Secret, Refused> {
    let key = key(call, client).await?;
    let access = AccessToken {
        issuer: &call.issuer,
        client,
        holder: &Holder::Client,
        scope,
        issued_at: call.date(),
        random: entropy::bytes(),
    };
    Ok(access.sign(key.key()).map_err(Problem::internal)?)
}

async fn key(call: &Call<'_>, client: &Client) -> Result<signing::Published, Refused> {
    let alg = client.settings.signing_alg;
    Ok(signing::published_at(call.app, call.look, KeyIssuer::Tenant, alg).await?)
}
