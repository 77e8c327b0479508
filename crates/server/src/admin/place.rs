use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use identity::{Person, Provider, Tenant};
use ids::{Alias, UserId};
use serde::Deserialize;

use crate::admin::frame::frame;
use crate::admin::session::Administrator;
use crate::app::App;
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::pages::{ConsoleFrame, Section};

/// An administrator in one tenant: who asks is looked at before what they ask for.
pub(crate) struct Place {
    pub(crate) administrator: Administrator,
    pub(crate) tenant: Tenant,
}

impl FromRequestParts<App> for Place {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let administrator = Administrator::from_request_parts(parts, app).await?;
        let tenant = TenantPath::from_request_parts(parts, app).await;
        let TenantPath(tenant) = tenant.map_err(IntoResponse::into_response)?;
        Ok(Self { administrator, tenant })
    }
}

impl Place {
    /// The frame of a page about this tenant.
    ///
    /// # Errors
    ///
    /// [`Problem`] when the store fails.
    pub(crate) async fn console(
        &self,
        app: &App,
        section: Section,
    ) -> Result<ConsoleFrame, Problem> {
        frame(app, &self.administrator, Some(&self.tenant), section).await
    }

    /// The URL of something of this tenant in the console.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("/admin/tenants/{}/{path}", self.tenant.slug)
    }
}

/// A provider of the tenant, and who asks.
pub(crate) struct AtProvider {
    pub(crate) place: Place,
    pub(crate) provider: Provider,
}

#[derive(Deserialize)]
struct AliasParam {
    alias: Alias,
}

impl FromRequestParts<App> for AtProvider {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let place = Place::from_request_parts(parts, app).await?;
        match provider(parts, app, &place).await {
            Ok(provider) => Ok(Self { place, provider }),
            Err(problem) => Err(problem.into_response()),
        }
    }
}

async fn provider(parts: &mut Parts, app: &App, place: &Place) -> Result<Provider, Problem> {
    let Params(AliasParam { alias }) = Params::from_request_parts(parts, app).await?;
    let provider = app.store.read(place.tenant.id).await?.provider(&alias).await?;
    provider.ok_or(Problem::NotFound)
}

impl AtProvider {
    /// The URL of something of this provider; nothing for its settings.
    pub(crate) fn url(&self, path: &str) -> String {
        self.place.url(&format!("providers/{}{path}", self.provider.alias))
    }
}

/// A person of the tenant, and who asks.
pub(crate) struct AtPerson {
    pub(crate) place: Place,
    pub(crate) person: Person,
}

#[derive(Deserialize)]
struct PersonParam {
    id: UserId,
}

impl FromRequestParts<App> for AtPerson {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let place = Place::from_request_parts(parts, app).await?;
        match person(parts, app, &place).await {
            Ok(person) => Ok(Self { place, person }),
            Err(problem) => Err(problem.into_response()),
        }
    }
}

async fn person(parts: &mut Parts, app: &App, place: &Place) -> Result<Person, Problem> {
    let Params(PersonParam { id }) = Params::from_request_parts(parts, app).await?;
    let person = app.store.read(place.tenant.id).await?.person(id).await?;
    person.ok_or(Problem::NotFound)
}

impl AtPerson {
    /// The URL of something of this person; nothing for their page.
    pub(crate) fn url(&self, path: &str) -> String {
        self.place.url(&format!("users/{}{path}", self.person.id))
    }

    /// The name by which pages call the person.
    pub(crate) fn name(&self) -> &str {
        self.person.name()
    }

    /// Whether the administrator asks about themselves.
    pub(crate) fn is_self(&self) -> bool {
        self.person.id == self.place.administrator.person.id
    }
}
