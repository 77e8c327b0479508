use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use identity::{Provider, ProviderKind};
use serde::Deserialize;

use crate::admin::form::{Head, Link, Message};
use crate::admin::frame::secret;
use crate::admin::place::Place;
use crate::admin::providers::badge;
use crate::admin::samples;
use crate::app::App;
use crate::entropy;
use crate::http::page::Html;
use crate::http::problem::Problem;
use crate::pages::sample::{Rendered, Text, rendered};
use crate::pages::{ConsoleFrame, Section, Tone};

#[derive(Deserialize)]
pub(crate) struct View {
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "console/providers.html")]
struct ProvidersPage {
    console: ConsoleFrame,
    head: Head,
    base: String,
    providers: Vec<Row>,
}

struct Row {
    alias: String,
    name: String,
    kind: &'static str,
    issuer: String,
    state: (Tone, &'static str),
}

/// `GET /admin/tenants/{slug}/providers`: the providers, and the kinds to add.
pub(crate) async fn handler(
    State(app): State<App>,
    place: Place,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let tenant = &place.tenant;
    let mut console = place.console(&app, Section::IdentityProviders).await?;
    let providers = app.store.read(tenant.id).await?.providers().await?;
    let now = entropy::now();
    console.banners.extend(providers.iter().filter_map(|one| secret(tenant, one, now)));
    let messages = match view.done.as_deref() {
        Some("deleted") => vec![Message::good("The provider is deleted")],
        _ => Vec::new(),
    };
    let page = ProvidersPage {
        console,
        head: Head {
            title: "Identity Providers".into(),
            crumbs: vec![Link::new(place.url(""), &tenant.display_name)],
            messages,
            ..Head::default()
        },
        base: place.url("providers"),
        providers: providers.iter().map(row).collect(),
    };
    Ok(Html(page).into_response())
}

fn row(provider: &Provider) -> Row {
    Row {
        alias: provider.alias.to_string(),
        name: provider.display_name.clone(),
        kind: match provider.kind {
            ProviderKind::Entra => "Microsoft Entra ID",
            ProviderKind::Oidc => "OpenID Connect v1.0",
        },
        issuer: provider.endpoints.issuer.clone(),
        state: badge(provider),
    }
}

pub(in crate::admin) fn samples(text: Text<'_>) -> Rendered {
    let page = |providers| ProvidersPage {
        console: ConsoleFrame::sample(text, Section::IdentityProviders),
        head: samples::head(text, "Identity Providers"),
        base: text("/admin/tenants/acme/providers"),
        providers,
    };
    let row = Row {
        alias: text("azure"),
        name: text("Azure"),
        kind: "Microsoft Entra ID",
        issuer: text("https://login.microsoftonline.com/904bc2ee/v2.0"),
        state: (Tone::Good, "Enabled"),
    };
    rendered(vec![("none", page(Vec::new())), ("one", page(vec![row]))])
}
