use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use identity::Moment;
use openid_provider::client::presets::{AnswerKind, Ask, PRESETS, Preset};
use serde::Deserialize;
use store::Client;

use super::fields::lines;
use super::{PATH, head_below, page};
use crate::admin::form::{Control, Field, FormPage, Group, Head, Headline, Problems, clean, name};
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::entropy;
use crate::http::body::FormBody;
use crate::http::page::Html;
use crate::http::problem::Problem;
use crate::pages::{ConsoleFrame, Section};
use crate::registration::{self, Added, MOST};

/// The form as it came: which fields it has, its preset says.
pub(crate) type Form = BTreeMap<String, String>;

#[derive(Deserialize)]
pub(crate) struct View {
    preset: Option<String>,
}

/// The presets to choose from.
#[derive(Template)]
#[template(path = "console/client-presets.html")]
pub(super) struct PresetsPage {
    pub(super) console: ConsoleFrame,
    pub(super) head: Head,
    pub(super) base: String,
    pub(super) presets: &'static [Preset],
}

/// `GET /admin/tenants/{slug}/clients/new?preset=…`: the choice of a preset, or its empty form.
pub(crate) async fn page(
    State(app): State<App>,
    place: Place,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let Some(chosen) = view.preset else {
        let page = PresetsPage {
            console: place.console(&app, Section::Clients).await?,
            head: head_below(&place, "Connect an application"),
            base: place.url(PATH),
            presets: PRESETS,
        };
        return Ok(Html(page).into_response());
    };
    let preset = Preset::find(&chosen).ok_or(Problem::NotFound)?;
    answer(&app, &place, preset, &empty(preset), Problems::default()).await
}

/// `POST /admin/tenants/{slug}/clients?preset=…`: adds an application, and shows its page with its
/// secret, this once. A second time finds its id taken.
pub(crate) async fn create(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    Query(view): Query<View>,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let preset = view.preset.as_deref().and_then(Preset::find).ok_or(Problem::NotFound)?;
    let refuse = |problems| answer(&app, &place, preset, &form, problems);
    let client = match client(preset, &form, entropy::now()) {
        Ok(client) => client,
        Err(problems) => return refuse(problems).await,
    };
    let mut tx = fresh.write(&app, &place.tenant).await?;
    let secret = match registration::add(&mut tx, &client).await? {
        Added::Written(secret) => secret,
        Added::Taken => {
            drop(tx);
            let text = "There is a client with this ID. Open it in the list, or choose another ID.";
            return refuse(Problems::of("client_id", text)).await;
        }
        Added::Full => {
            drop(tx);
            let text = format!("A tenant has at most {MOST} applications. Remove one first.");
            return refuse(Problems::of("name", text)).await;
        }
    };
    fresh.commit(tx, "client.added", None, registration::added(&client)).await?;
    let at = super::stored(&mut *app.store.read(place.tenant.id).await?, &client.client_id).await?;
    page::show(&app, &place, &at, page::Shown::Added(secret)).await
}

/// What the form of a preset begins with.
pub(super) fn empty(preset: &Preset) -> Form {
    let begin = [("name", preset.title), ("client_id", preset.client_id.unwrap_or_default())];
    begin.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn said<'a>(form: &'a Form, name: &str) -> &'a str {
    form.get(name).map(String::as_str).unwrap_or_default()
}

fn client(preset: &Preset, form: &Form, now: Moment) -> Result<Client, Problems> {
    let mut problems = Problems::default();
    let name = problems.take("name", name(said(form, "name")));
    let client_id = registration::client_id(&clean(said(form, "client_id")), &name);
    let client_id = problems.take("client_id", client_id);
    let answers: Vec<_> =
        preset.asks.iter().map(|ask| (ask.name, lines(said(form, ask.name)).join("\n"))).collect();
    let answers: Vec<_> = answers.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let settings = registration::fill(preset, &answers).map_err(|(field, text)| {
        problems.add(field, text);
    });
    problems.or(Client {
        client_id,
        name,
        home_url: None,
        settings: settings.ok(),
        enabled: true,
        created_at: now,
    })
}

/// The form with what is wrong with it.
async fn answer(
    app: &App,
    place: &Place,
    preset: &Preset,
    form: &Form,
    problems: Problems,
) -> Result<Response, Problem> {
    let console = place.console(app, Section::Clients).await?;
    let head = head_below(place, &format!("Connect: {}", preset.title));
    Ok(form_page(console, head, preset, form, &place.url(PATH)).answer(problems))
}

/// The page of the form.
pub(super) fn form_page(
    console: ConsoleFrame,
    head: Head,
    preset: &Preset,
    form: &Form,
    base: &str,
) -> FormPage {
    FormPage {
        console,
        head,
        intro: preset.description,
        groups: vec![
            Group { title: "In this console", fields: own(form) },
            Group { title: "Where it is", fields: asked(preset, form) },
        ]
        .into_iter()
        .filter(|group| !group.fields.is_empty())
        .collect(),
        action: format!("{base}?preset={}", preset.name),
        submit: "Add",
        cancel: Some(format!("{base}/new")),
        delete: None,
        headline: Headline::NotSaved,
    }
}

fn own(form: &Form) -> Vec<Field> {
    vec![
        Field::new("name", "Name", said(form, "name"))
            .help("People read it when they sign in: “to go on to …”.")
            .required(),
        Field::new("client_id", "Client ID", said(form, "client_id")).help(
            "What the application calls itself. It cannot be changed later. Leave it empty, and it is \
             made of the name.",
        ),
    ]
}

fn asked(preset: &Preset, form: &Form) -> Vec<Field> {
    let field = |ask: &Ask| {
        let field = Field::new(ask.name, ask.label, said(form, ask.name));
        let field = field.help(format!("Such as {}", ask.example));
        let area = ask.answer == AnswerKind::Addresses;
        let field = if area { field.control(Control::Area) } else { field };
        if ask.optional { field } else { field.required() }
    };
    preset.asks.iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> Form {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_preset_is_added_with_its_examples() {
        for preset in PRESETS {
            let mut form = empty(preset);
            form.extend(preset.asks.iter().map(|ask| (ask.name.into(), ask.example.into())));
            let client = client(preset, &form, Moment(7)).unwrap();
            assert_eq!(client.settings.unwrap().preset, preset.name);
            assert!(client.enabled && !client.client_id.is_empty());
        }
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let grafana = Preset::find("grafana").unwrap();
        let bad = form(&[("name", ""), ("client_id", "a b"), ("host", "http://x")]);
        let problems = client(grafana, &bad, Moment(7)).unwrap_err();
        assert_eq!(problems.fields(), ["name", "client_id", "host"]);
    }

    #[test]
    fn what_was_pasted_with_blanks_around_it_is_taken_line_by_line() {
        let web = Preset::find("generic-web").unwrap();
        let pasted = " \u{feff}https://a.example/cb \r\n\r\n\thttps://b.example/cb\u{200b}\r\n";
        let good = form(&[("name", "Files"), ("redirect_uris", pasted)]);
        let settings = client(web, &good, Moment(7)).unwrap().settings.unwrap();
        assert_eq!(settings.redirect_uris, ["https://a.example/cb", "https://b.example/cb"]);
    }
}
