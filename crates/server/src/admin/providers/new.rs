use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use identity::mapping::{entra_template_mappers, onboarding_mapper_only};
use identity::{Mapper, Provider, ProviderKind};
use ids::{Alias, MapperId};
use serde::Deserialize;

use crate::admin::form::{FormPage, Head, Headline, Link, Message, Problems};
use crate::admin::place::Place;
use crate::admin::providers::fetch::{fetch, message};
use crate::admin::providers::fields::{Around, Form, groups};
use crate::admin::providers::settings::{alias, check};
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::entropy;
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::problem::Problem;
use crate::pages::Section;

/// What a form says that only asks the provider.
pub(super) const FETCH: &str = "fetch";

const TAKEN: &str = "Another provider has this alias.";

/// What a provider starts with. What its people are linked by follows its issuer, not this.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Template {
    /// "OpenID Connect v1.0": the onboarding mapper alone.
    #[default]
    Oidc,
    /// "Microsoft Entra ID": the guide's three mappers besides.
    Entra,
}

impl Template {
    fn name(self) -> &'static str {
        match self {
            Self::Oidc => "OpenID Connect v1.0",
            Self::Entra => "Microsoft Entra ID",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::Entra => "entra",
        }
    }

    /// The mappers, in their order.
    fn mappers(self) -> Vec<Mapper> {
        let mut ids: Vec<MapperId> = (0..4).map(|_| MapperId(entropy::id())).collect();
        // Of one millisecond, ids have no order of their own; the list of mappers is by id.
        ids.sort_by(|a, b| b.cmp(a));
        let mut draw = || ids.pop().unwrap_or_else(|| MapperId(entropy::id()));
        match self {
            Self::Entra => entra_template_mappers(draw),
            Self::Oidc => onboarding_mapper_only(draw()),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct View {
    #[serde(default)]
    template: Template,
}

/// `GET /admin/tenants/{slug}/providers/new?template=…`: the empty form.
pub(crate) async fn page(
    State(app): State<App>,
    place: Place,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let form = Form::fresh(if view.template == Template::Entra { "Azure" } else { "" });
    answer(&app, &place, view.template, &form, Vec::new(), Problems::default()).await
}

/// `POST /admin/tenants/{slug}/providers?template=…`: asks the provider what it says (`fetch`), or
/// saves. A second time finds the alias taken.
pub(crate) async fn create(
    State(app): State<App>,
    fresh: Result<FreshAdministrator, Response>,
    place: Place,
    Query(view): Query<View>,
    FormBody(mut form): FormBody<Form>,
) -> Result<Response, Problem> {
    let template = view.template;
    // Asking the provider changes nothing here, and needs no fresh proof.
    if form.action == FETCH {
        let (messages, problems) = fetched(&app, &mut form).await;
        return answer(&app, &place, template, &form, messages, problems).await;
    }
    let fresh = match fresh {
        Ok(fresh) => fresh,
        Err(asked) => return Ok(asked),
    };
    match check(&app, &form, free(&app, &place, &form).await?, None).await {
        Ok(provider) => {
            let url = place.url(&format!("providers/{}?done=added", provider.alias));
            if insert(&app, &fresh, &place, &provider, template).await? {
                return Ok(see_other(&url));
            }
            let problems = Problems::of("alias", TAKEN);
            answer(&app, &place, template, &form, Vec::new(), problems).await
        }
        Err(problems) => answer(&app, &place, template, &form, Vec::new(), problems).await,
    }
}

/// An alias that no provider has; looked up before all else is checked, so that everything that is
/// wrong is said at once. Whether it is still free is decided when the provider is written.
async fn free(app: &App, place: &Place, form: &Form) -> Result<Result<Alias, String>, Problem> {
    let alias = match alias(&form.alias) {
        Ok(alias) => alias,
        Err(text) => return Ok(Err(text)),
    };
    let taken = app.store.read(place.tenant.id).await?.provider(&alias).await?.is_some();
    Ok(if taken { Err(TAKEN.to_owned()) } else { Ok(alias) })
}

/// Asks the provider, and fills in what it says.
pub(super) async fn fetched(app: &App, form: &mut Form) -> (Vec<Message>, Problems) {
    match fetch(app, &form.discovery).await {
        Ok(found) => {
            form.fill(&found.endpoints);
            (vec![message(&found)], Problems::default())
        }
        Err(text) => {
            form.empty();
            (Vec::new(), Problems::of("discovery", text))
        }
    }
}

/// Writes the provider and its first mappers. `false` when the alias is taken.
async fn insert(
    app: &App,
    fresh: &FreshAdministrator,
    place: &Place,
    provider: &Provider,
    template: Template,
) -> Result<bool, Problem> {
    let mut tx = fresh.write(app, &place.tenant).await?;
    if tx.provider(&provider.alias).await?.is_some() {
        return Ok(false);
    }
    tx.put_provider(provider).await?;
    for mapper in template.mappers() {
        tx.put_mapper(&provider.alias, &mapper).await?;
    }
    let kind = match provider.kind {
        ProviderKind::Entra => "entra",
        ProviderKind::Oidc => "oidc",
    };
    let detail = serde_json::json!({
        "provider": provider.alias, "kind": kind, "issuer": provider.endpoints.issuer,
        "template": template.word(), "new": true,
    });
    fresh.commit(tx, "provider.saved", None, detail).await?;
    Ok(true)
}

async fn answer(
    app: &App,
    place: &Place,
    template: Template,
    form: &Form,
    messages: Vec<Message>,
    problems: Problems,
) -> Result<Response, Problem> {
    let tenant = &place.tenant;
    let around = Around { redirect: redirect(app, place), stored: None };
    let page = FormPage {
        console: place.console(app, Section::IdentityProviders).await?,
        head: Head {
            title: format!("Add {}", template.name()),
            crumbs: vec![
                Link::new(place.url(""), &tenant.display_name),
                Link::new(place.url("providers"), "Identity Providers"),
            ],
            messages,
            ..Head::default()
        },
        intro: "",
        groups: groups(form, &around),
        action: place.url(&format!("providers?template={}", template.word())),
        submit: "Add",
        cancel: Some(place.url("providers")),
        delete: None,
        headline: headline(form),
    };
    Ok(page.answer(problems).into_response())
}

/// What has become of the form, if its fields need a look.
pub(super) fn headline(form: &Form) -> Headline {
    if form.action == FETCH { Headline::NotFetched } else { Headline::NotSaved }
}

/// The redirect URI of a provider whose alias is `*`.
pub(super) fn redirect(app: &App, place: &Place) -> String {
    app.config.address(&format!("/realms/{}/broker/*/endpoint", place.tenant.slug))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mappers_of_a_template_keep_their_order_when_they_are_stored_by_id() {
        for _ in 0..50 {
            let mappers = Template::Entra.mappers();
            let names: Vec<&str> = mappers.iter().map(|mapper| mapper.name.as_str()).collect();
            let expected =
                ["azure-group-mapper", "Azure Username", "Azure Sub Importer", "Cardea Onboarding"];
            assert_eq!(names, expected);
            assert!(mappers.is_sorted_by_key(|mapper| mapper.id), "{mappers:?}");
        }
    }
}
