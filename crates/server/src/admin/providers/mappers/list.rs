use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use identity::{Mapper, MapperKind, Provider, SyncMode, SyncOverride};
use serde::Deserialize;

use super::type_name;
use crate::admin::form::{Head, Message};
use crate::admin::place::AtProvider;
use crate::admin::providers::{Tab, console, head};
use crate::admin::samples;
use crate::app::App;
use crate::http::page::Html;
use crate::http::problem::Problem;
use crate::pages::sample::{Rendered, Text, rendered};
use crate::pages::{ConsoleFrame, Section};

#[derive(Deserialize)]
pub(crate) struct View {
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "console/mappers.html")]
struct MappersPage {
    console: ConsoleFrame,
    head: Head,
    base: String,
    mappers: Vec<Row>,
}

struct Row {
    id: String,
    name: String,
    kind: &'static str,
    source: String,
    attribute: String,
    sync: String,
}

/// `GET /admin/tenants/{slug}/providers/{alias}/mappers`.
pub(crate) async fn handler(
    State(app): State<App>,
    at: AtProvider,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let mappers = app.store.read(at.place.tenant.id).await?.mappers(&at.provider.alias).await?;
    let messages = match view.done.as_deref() {
        Some("saved") => vec![Message::good("The mapper is saved")],
        Some("deleted") => vec![Message::good("The mapper is deleted")],
        _ => Vec::new(),
    };
    let page = MappersPage {
        console: console(&app, &at).await?,
        head: Head { messages, ..head(&at, Tab::Mappers) },
        base: at.url("/mappers"),
        mappers: mappers.iter().map(|mapper| row(&at.provider, mapper)).collect(),
    };
    Ok(Html(page).into_response())
}

fn row(provider: &Provider, mapper: &Mapper) -> Row {
    let (source, attribute) = match &mapper.kind {
        MapperKind::AttributeImporter { claim, attribute } => (claim.clone(), attribute.clone()),
        MapperKind::UsernameTemplate { template } => (template.clone(), "username".into()),
        MapperKind::HardcodedAttribute { attribute, value } => (value.clone(), attribute.clone()),
        MapperKind::Onboarding => (String::new(), String::new()),
    };
    let sync = match (mapper.sync, provider.sync_mode) {
        (SyncOverride::Import, _) => "Import",
        (SyncOverride::Force, _) => "Force",
        (SyncOverride::Inherit, SyncMode::Import) => "Inherit (Import)",
        (SyncOverride::Inherit, SyncMode::Force) => "Inherit (Force)",
    };
    Row {
        id: mapper.id.to_string(),
        name: mapper.name.clone(),
        kind: type_name(&mapper.kind),
        source,
        attribute,
        sync: if mapper.kind == MapperKind::Onboarding { "–" } else { sync }.into(),
    }
}

pub(in crate::admin) fn samples(text: Text<'_>) -> Rendered {
    let page = |mappers| MappersPage {
        console: ConsoleFrame::sample(text, Section::IdentityProviders),
        head: samples::head(text, "Azure"),
        base: text("/admin/tenants/acme/providers/azure/mappers"),
        mappers,
    };
    let row = |kind, source: &str, attribute: &str| Row {
        id: text("0193b5f0"),
        name: text("azure-group-mapper"),
        kind,
        source: text(source),
        attribute: text(attribute),
        sync: text("Force"),
    };
    let rows = vec![row("Attribute Importer", "groups", "group"), row("Onboarding", "", "")];
    rendered(vec![("none", page(Vec::new())), ("some", page(rows))])
}
