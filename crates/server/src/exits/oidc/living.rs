//! What a token stands for, as it is now.

use identity::{Person, Tenant};
use openid_provider::Client;
use openid_provider::claims::verify_access_token;
use openid_provider::claims::{AccessClaims, Holder, OwnKeys, PersonFacts, VerifyError};
use openid_provider::code::Code;
use secrets::Secret;
use store::{Grant, Rows};

use super::Call;
use super::refused::Refused;
use crate::app::App;
use crate::http::problem::Problem;
use crate::signing;

/// A grant that lives, and what belongs to it.
pub(super) struct Living {
    pub(super) grant: Grant,
    pub(super) client: Client,
    pub(super) person: Person,
    /// What was agreed on when the person signed in.
    pub(super) code: Code,
}

impl Living {
    /// What belongs to a grant, which was found living. `None` when its person may not use the
    /// application any more.
    pub(super) async fn of(
        app: &App,
        tenant: &Tenant,
        rows: &mut Rows,
        grant: Grant,
    ) -> Result<Option<Self>, Refused> {
        let client = rows.client(&grant.client_id).await?.and_then(|client| client.served());
        let person = rows.person(grant.person).await?;
        let Some((client, person)) = client.zip(person) else { return Ok(None) };
        let code: Code = serde_json::from_str(&grant.body).map_err(Problem::internal)?;
        if !may_use(app, tenant, &client, &person, &code) {
            return Ok(None);
        }
        Ok(Some(Self { grant, client, person, code }))
    }

    pub(super) fn facts(&self) -> PersonFacts<'_> {
        facts(&self.person)
    }
}

/// Whether the person may use an application as it is registered now, with the card that they had.
pub(super) fn may_use(
    app: &App,
    tenant: &Tenant,
    client: &Client,
    person: &Person,
    code: &Code,
) -> bool {
    let settings = &client.settings;
    let why = if !settings.signs_people_in() || !settings.admits(&person.attributes) {
        "person is in no group of the application any more"
    } else if !settings.admits_card(&code.amr) {
        "application takes attested cards alone by now"
    } else {
        return true;
    };
    app.quiet.once(why, Some(tenant), || {
        tracing::warn!(
            tenant = %tenant.slug, client = ?client.client_id, person = %person.id, "{why}"
        );
    });
    false
}

/// What of a person may leave.
pub(super) fn facts(person: &Person) -> PersonFacts<'_> {
    PersonFacts {
        sub: person.id,
        username: &person.username,
        display_name: person.display_name.as_deref(),
        email: person.email.as_deref(),
        email_verified: person.email_verified,
        attributes: &person.attributes,
    }
}

/// What stands in an access token of this tenant.
pub(super) async fn access_claims(
    call: &Call<'_>,
    token: &Secret,
) -> Result<Result<AccessClaims, VerifyError>, Problem> {
    let Some(keys) = signing::own_keys_at(call.app, call.look).await? else {
        return Ok(Err(VerifyError::NoSuchKey));
    };
    let own = OwnKeys { issuer: &call.issuer, keys: &keys };
    let text = token.expose_text().unwrap_or_default();
    Ok(verify_access_token(&own, text, call.date()))
}

/// The grant of an access token that speaks for a person, as long as it lives.
pub(super) async fn of_access(
    call: &Call<'_>,
    claims: &AccessClaims,
) -> Result<Option<Living>, Refused> {
    let Holder::Person { grant, person, .. } = &claims.holder else { return Ok(None) };
    let mut rows = call.app.store.read(call.tenant.id).await?;
    let found = rows.grant(*grant).await?;
    let found = found.filter(|it| it.client_id == claims.client_id && it.person == *person);
    let Some(found) = found else { return Ok(None) };
    Living::of(call.app, call.tenant, &mut rows, found).await
}
