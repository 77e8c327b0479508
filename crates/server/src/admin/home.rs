//! The first page of the console: all tenants, and a form for one more.

mod slug;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use identity::{Tenant, TenantPolicy};
use ids::{Slug, TenantId};
use serde::Deserialize;
use store::{Page, StoreError};

use crate::admin::form::{self, Control, Field, Head, Headline, Problems};
use crate::admin::frame::frame;
use crate::admin::session::{Administrator, FreshAdministrator};
use crate::app::App;
use crate::entropy;
use crate::http::body::FormBody;
use crate::http::page::{Html, see_other};
use crate::http::problem::Problem;
use crate::pages::sample::{Rendered, Text, rendered};
use crate::pages::{ConsoleFrame, Section};

/// Tenants on one page of the list.
const PAGE: u32 = 50;
/// Tenants that one search looks through.
const SEARCHED: u32 = 5000;

/// What the list shows.
#[derive(Default, Deserialize)]
pub(crate) struct View {
    #[serde(default)]
    q: String,
    after: Option<Slug>,
}

/// What a new tenant is called.
#[derive(Default, Deserialize)]
pub(crate) struct Form {
    #[serde(default)]
    name: String,
    #[serde(default)]
    slug: String,
}

#[derive(Template)]
#[template(path = "console/home.html")]
struct HomePage {
    console: ConsoleFrame,
    head: Head,
    search: String,
    tenants: Vec<Row>,
    more: Option<String>,
    fields: Vec<Field>,
    /// Where the pages of tenants are.
    address: String,
    /// The slug that the form would get, if it is known.
    slug: Option<String>,
}

impl HomePage {
    fn bad(&self) -> Vec<&Field> {
        form::bad(self.fields.iter())
    }
}

struct Row {
    slug: String,
    name: String,
}

/// `GET /admin/` of somebody who is signed in: the tenants, and a form for one more.
pub(crate) async fn show(
    app: &App,
    administrator: Administrator,
    view: View,
) -> Result<Response, Problem> {
    Ok(Html(page(app, &administrator, &view, &Form::default(), Problems::default()).await?)
        .into_response())
}

/// `GET /admin/tenants`: the list is on the first page.
pub(crate) async fn list(_administrator: Administrator) -> Response {
    see_other("/admin/")
}

/// `POST /admin/tenants`: makes a tenant. A second time finds the slug taken.
pub(crate) async fn create(
    State(app): State<App>,
    fresh: FreshAdministrator,
    administrator: Administrator,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let made = match tenant_of(&form) {
        Ok(tenant) => make(&app, &fresh, tenant).await?,
        Err(problems) => Err(problems),
    };
    match made {
        Ok(tenant) => Ok(see_other(&format!("/admin/tenants/{}/?done=created", tenant.slug))),
        Err(problems) => {
            let page = page(&app, &administrator, &View::default(), &form, problems).await?;
            Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, Html(page)).into_response())
        }
    }
}

fn tenant_of(form: &Form) -> Result<Tenant, Problems> {
    let mut problems = Problems::default();
    let display_name = problems.take("name", form::name(&form.name));
    let slug = match slug::slug(&form.slug, &form.name) {
        Ok(slug) => slug,
        // Made of a name that is missing, it is not what is to be mended.
        Err(_) if !problems.is_empty() && form.slug.is_empty() => return Err(problems),
        Err(text) => {
            problems.add("slug", text);
            return Err(problems);
        }
    };
    problems.or(Tenant {
        id: TenantId(entropy::id()),
        slug,
        display_name,
        policy: TenantPolicy::default(),
        created_at: entropy::now(),
    })
}

/// Writes the tenant; who made it stands in the first event of its chain.
async fn make(
    app: &App,
    fresh: &FreshAdministrator,
    tenant: Tenant,
) -> Result<Result<Tenant, Problems>, Problem> {
    let mut tx = fresh.write(app, &tenant).await?;
    match tx.insert_tenant(&tenant, Some(fresh.id())).await {
        Ok(()) => {
            tx.commit().await?;
            Ok(Ok(tenant))
        }
        Err(StoreError::Conflict(_)) => {
            Ok(Err(Problems::of("slug", "Another tenant has this slug.")))
        }
        Err(error) => Err(error.into()),
    }
}

async fn page(
    app: &App,
    administrator: &Administrator,
    view: &View,
    form: &Form,
    problems: Problems,
) -> Result<HomePage, Problem> {
    let search = form::clean(&view.q).to_lowercase();
    let (tenants, more) = tenants(app, &search, view.after.clone()).await?;
    let title = "Tenants".to_owned();
    let mut fields = fields(form);
    problems.mark(fields.iter_mut());
    Ok(HomePage {
        console: frame(app, administrator, None, Section::Tenants).await?,
        head: Head { title, ..Head::default() },
        search: view.q.clone(),
        tenants,
        more,
        fields,
        address: app.config.address("/realms/"),
        slug: slug::slug(&form.slug, &form.name).ok().map(|slug| slug.to_string()),
    })
}

/// One page of tenants whose name or slug contains `search`, and where the next one begins.
async fn tenants(
    app: &App,
    search: &str,
    mut after: Option<Slug>,
) -> Result<(Vec<Row>, Option<String>), Problem> {
    let most = usize::try_from(PAGE).unwrap_or_default();
    let mut rows = Vec::new();
    for _ in 0..SEARCHED.div_euclid(PAGE) {
        let page = app.store.tenants(&Page { after: after.clone(), limit: PAGE }).await?;
        let full = page.len() == most;
        for tenant in page {
            after = Some(tenant.slug.clone());
            let (slug, name) = (tenant.slug.to_string(), tenant.display_name);
            if slug.contains(search) || name.to_lowercase().contains(search) {
                rows.push(Row { slug, name });
            }
            if rows.len() == most {
                return Ok((rows, after.map(|slug| slug.to_string())));
            }
        }
        if !full {
            return Ok((rows, None));
        }
    }
    Ok((rows, after.map(|slug| slug.to_string())))
}

fn fields(form: &Form) -> Vec<Field> {
    vec![
        Field::new("name", "Name", &form.name)
            .help("As people see it, such as Acme Hospital. Can be changed later.")
            .required(),
        Field::new("slug", "Slug", form::clean(&form.slug).to_lowercase()).help(
            "The tenant's part of each address, in letters from a to z, digits and hyphens. Left \
             empty, it is made of the name. It stays for good: providers have it in their redirect \
             URIs, and people in their bookmarks.",
        ),
    ]
}

pub(super) fn samples(text: Text<'_>) -> Rendered {
    let page = |tenants: Vec<Row>, form: &Form, search: &str| HomePage {
        console: ConsoleFrame::sample(text, Section::Tenants),
        head: Head { title: text("Tenants"), ..Head::default() },
        search: text(search),
        more: tenants.first().map(|row| row.slug.clone()),
        tenants,
        fields: fields(form),
        address: text("https://login.acme.example/realms/"),
        slug: (!form.slug.is_empty()).then(|| form.slug.clone()),
    };
    let row = |slug: &str, name: &str| Row { slug: text(slug), name: text(name) };
    let rows = || vec![row("acme", "Acme Hospital"), row("globex", "Globex Clinics")];
    let mut refused = page(rows(), &Form { name: text("Globex"), slug: text("globex") }, "");
    let problem = Problems::of("slug", text("Another tenant has this slug."));
    problem.mark(refused.fields.iter_mut());
    rendered(vec![
        ("some", page(rows(), &Form::default(), "a")),
        ("none", page(Vec::new(), &Form::default(), "")),
        ("nobody", page(Vec::new(), &Form::default(), "zzz")),
        ("refused", refused),
    ])
}
