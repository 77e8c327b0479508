use axum::extract::{Query, State};
use axum::response::Response;
use identity::Tenant;
use serde::Deserialize;
use store::{CardAuthority, KeptList};
use url::Url;

use super::{View, failure, head_below, list_words};
use crate::admin::form::{
    Control, Field, FormPage, Group, Head, Headline, Link, Message, Problems, clean, name, sentence,
};
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::authorities::{self, fetch};
use crate::entropy;
use crate::http::body::FormBody;
use crate::http::page::{date, see_other};
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::pages::{ConsoleFrame, Section, Tone};

#[derive(Deserialize)]
pub(crate) struct AuthorityParam {
    pub(super) fingerprint: String,
}

/// The form as it came.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Form {
    pub(super) name: String,
    pub(super) list_url: String,
    pub(super) list: String,
}

/// An authority, and the list that is in use.
pub(super) struct Stored {
    pub(super) authority: CardAuthority,
    pub(super) list: Option<KeptList>,
}

/// The tenant's authority with this fingerprint, in hex digits.
///
/// # Errors
///
/// [`Problem::NotFound`].
pub(super) async fn stored(app: &App, tenant: &Tenant, id: &str) -> Result<Stored, Problem> {
    let mut rows = app.store.read(tenant.id).await?;
    let found = rows.card_authorities().await?;
    let found = found.into_iter().find(|one| super::hex(&one.fingerprint) == id);
    let authority = found.ok_or(Problem::NotFound)?;
    let lists = rows.revocation_lists().await?;
    let list = lists.into_iter().find(|list| list.fingerprint == authority.fingerprint);
    Ok(Stored { authority, list })
}

/// `GET /admin/tenants/{slug}/smart-cards/{fingerprint}`.
pub(crate) async fn page(
    State(app): State<App>,
    place: Place,
    Params(AuthorityParam { fingerprint }): Params<AuthorityParam>,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let stored = stored(&app, &place.tenant, &fingerprint).await?;
    let messages = match view.done.as_deref() {
        Some("added") => vec![Message::good("The authority is added")],
        Some("fetched") => vec![Message::good("The list is fetched and in force")],
        _ => Vec::new(),
    };
    let form = Form::of(&stored.authority);
    answer(&app, &place, &stored, &form, messages, Problems::default()).await
}

/// `POST /admin/tenants/{slug}/smart-cards/{fingerprint}`: name, and the list or where it is
/// fetched; a list is fetched at once. A second time writes the same.
pub(crate) async fn save(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    Params(AuthorityParam { fingerprint }): Params<AuthorityParam>,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let at = stored(&app, &place.tenant, &fingerprint).await?;
    let Good { row, list } = match form.good(&at.authority) {
        Ok(good) => good,
        Err(problems) => return answer(&app, &place, &at, &form, Vec::new(), problems).await,
    };
    let mut tx = fresh.write(&app, &place.tenant).await?;
    if !tx.set_list_url(&row.fingerprint, row.list_url.as_deref()).await? {
        return Err(Problem::NotFound);
    }
    tx.put_card_authority(&row).await?;
    if let Some(list) = &list
        && let Err(error) = fetch::keep(&mut tx, &row, list).await
    {
        drop(tx);
        let older = match error {
            fetch::ListError::Older => Problems::of("list", sentence(&error)),
            fetch::ListError::Store(error) => return Err(error.into()),
            other => return Err(Problem::internal(other)),
        };
        return answer(&app, &place, &at, &form, Vec::new(), older).await;
    }
    let detail = serde_json::json!({
        "authority": fingerprint, "name": row.name, "list_url": row.list_url,
        "list_until": list.map(|list| date(list.next_update)),
    });
    fresh.commit(tx, "x509.authority-saved", None, detail).await?;
    let Some(url) = &row.list_url else {
        return Ok(see_other(&place.url("smart-cards?done=saved")));
    };
    match fetch::fetch(&app, &place.tenant, &row, url).await {
        Ok(()) => Ok(see_other(&place.url(&format!("smart-cards/{fingerprint}?done=fetched")))),
        Err(fetch::ListError::Store(error)) => Err(error.into()),
        Err(error) => {
            let at = stored(&app, &place.tenant, &fingerprint).await?;
            let problems = Problems::of("list_url", sentence(&error));
            let page = page_of(&app, &place, &at, &form, Vec::new()).await?;
            Ok(FormPage { headline: Headline::SavedNotFetched, ..page }.answer(problems))
        }
    }
}

async fn answer(
    app: &App,
    place: &Place,
    at: &Stored,
    form: &Form,
    messages: Vec<Message>,
    problems: Problems,
) -> Result<Response, Problem> {
    Ok(page_of(app, place, at, form, messages).await?.answer(problems))
}

async fn page_of(
    app: &App,
    place: &Place,
    at: &Stored,
    form: &Form,
    mut messages: Vec<Message>,
) -> Result<FormPage, Problem> {
    let console = place.console(app, Section::SmartCards).await?;
    let id = super::hex(&at.authority.fingerprint);
    let (tone, title) = list_words(&place.tenant.policy.x509, at.list.as_ref(), entropy::now());
    let title = format!("List of revoked certificates: {title}");
    let lines = failure(&at.authority).into_iter().collect();
    if tone != Tone::Good || at.authority.list_error.is_some() {
        messages.push(Message { tone, title, lines });
    }
    let head = Head { messages, ..head_below(place, &at.authority.name) };
    let base = place.url("smart-cards");
    let subject = authorities::authority(&at.authority)?.subject;
    Ok(form_page(console, head, form, &subject, &base, &id))
}

/// The page of the form.
pub(super) fn form_page(
    console: ConsoleFrame,
    head: Head,
    form: &Form,
    subject: &str,
    base: &str,
    id: &str,
) -> FormPage {
    let authority = vec![
        Field::new("name", "Name", &form.name).required(),
        Field::new("subject", "Subject", subject).control(Control::ReadOnly),
        Field::new("sha256", "SHA-256", id).control(Control::ReadOnly),
    ];
    let list = vec![
        Field::new("list_url", "Address of its list", &form.list_url).help(
            "The CRL distribution point of the certificates that it issues, http or https. Cardea \
             fetches it now, and again each hour.",
        ),
        Field::new("list", "Or the list itself (PEM)", &form.list)
            .control(Control::Area)
            .help("For an authority that cannot be reached from here. Bring the next one in time."),
    ];
    FormPage {
        console,
        head,
        intro: "",
        groups: vec![
            Group { title: "", fields: authority },
            Group { title: "Revoked certificates", fields: list },
        ],
        action: format!("{base}/{id}"),
        submit: "Save",
        cancel: Some(base.to_owned()),
        delete: Some(Link::new(format!("{base}/{id}/delete"), "Delete")),
        headline: Headline::NotSaved,
    }
}

/// What is to be written.
struct Good {
    row: CardAuthority,
    list: Option<KeptList>,
}

impl Form {
    pub(super) fn of(authority: &CardAuthority) -> Self {
        let list_url = authority.list_url.clone().unwrap_or_default();
        Self { name: authority.name.clone(), list_url, list: String::new() }
    }

    fn good(&self, was: &CardAuthority) -> Result<Good, Problems> {
        let mut problems = Problems::default();
        let name = problems.take("name", name(&self.name));
        let list_url = problems.take("list_url", list_url(&self.list_url));
        let list = match self.list.trim() {
            "" => Ok(None),
            text => fetch::read(text.as_bytes(), was, "", entropy::now())
                .map(Some)
                .map_err(|error| format!("The list is not taken: {}", sentence(&error))),
        };
        let list = problems.take("list", list);
        problems.or(Good { row: CardAuthority { name, list_url, ..was.clone() }, list })
    }
}

fn list_url(text: &str) -> Result<Option<String>, &'static str> {
    let text = clean(text);
    if text.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(url) = url.filter(|_| text.len() <= 2048) else {
        return Err("Enter an http or https address, or none.");
    };
    // It would stand in the audit trail and in the log, and is never sent.
    if !url.username().is_empty() || url.password().is_some() {
        return Err("Enter the address without a name and a password: lists are public.");
    }
    Ok(Some(url.to_string()))
}
