use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use store::CardAuthority;
use x509_cards::{Authority, X509Error};

use super::{head_below, hex};
use crate::admin::form::{Control, Field, FormPage, Group, Head, Problems, name};
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::entropy;
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::problem::Problem;
use crate::pages::{ConsoleFrame, Section};

/// The most authorities of a tenant: each of them is tried for each card.
const MOST: usize = 16;

/// The form as it came.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Form {
    pub(super) name: String,
    pub(super) certificate: String,
}

/// `GET /admin/tenants/{slug}/smart-cards/new`: the empty form.
pub(crate) async fn page(State(app): State<App>, place: Place) -> Result<Response, Problem> {
    answer(&app, &place, &Form::default(), Problems::default()).await
}

/// `POST /admin/tenants/{slug}/smart-cards/new`: adds an authority. A second time gives it its
/// name again.
pub(crate) async fn create(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let (name, authority) = match form.authority() {
        Ok(good) => good,
        Err(problems) => return answer(&app, &place, &form, problems).await,
    };
    let mut tx = fresh.write(&app, &place.tenant).await?;
    if tx.card_authorities().await?.len() >= MOST {
        let text = format!("A tenant has at most {MOST} authorities. Delete one first.");
        drop(tx);
        return answer(&app, &place, &form, Problems::of("certificate", text)).await;
    }
    let row = CardAuthority {
        fingerprint: authority.fingerprint(),
        name,
        certificate: authority.der,
        list_url: None,
        list_tried_at: None,
        list_error: None,
        created_at: entropy::now(),
    };
    tx.put_card_authority(&row).await?;
    let id = hex(&row.fingerprint);
    let detail = serde_json::json!({
        "authority": id, "name": row.name, "subject": authority.subject,
    });
    fresh.commit(tx, "x509.authority-saved", None, detail).await?;
    Ok(see_other(&place.url(&format!("smart-cards/{id}?done=added"))))
}

async fn answer(
    app: &App,
    place: &Place,
    form: &Form,
    problems: Problems,
) -> Result<Response, Problem> {
    let console = place.console(app, Section::SmartCards).await?;
    let head = head_below(place, "Add authority");
    let (action, back) = (place.url("smart-cards/new"), place.url("smart-cards"));
    Ok(form_page(console, head, form, action, back).answer(problems))
}

/// The page of the form.
pub(super) fn form_page(
    console: ConsoleFrame,
    head: Head,
    form: &Form,
    action: String,
    back: String,
) -> FormPage {
    let fields = vec![
        Field::new("name", "Name", &form.name)
            .help("What you call it, such as “Hospital cards 2026”.")
            .required(),
        Field::new("certificate", "Certificate (PEM)", &form.certificate)
            .control(Control::Area)
            .help(
                "Of the authority that issues the cards themselves: then one list of revoked \
                 certificates is enough. It begins with -----BEGIN CERTIFICATE-----.",
            )
            .required(),
    ];
    FormPage {
        console,
        head,
        intro: "",
        groups: vec![Group { title: "", fields }],
        action,
        submit: "Add",
        cancel: Some(back),
        delete: None,
        asked: false,
    }
}

impl Form {
    fn authority(&self) -> Result<(String, Authority), Problems> {
        let name = name(&self.name);
        let authority = Authority::from_pem(&self.certificate).map_err(|error| match error {
            X509Error::NotAnAuthority => {
                "This certificate is no authority's: it may not issue others. Paste that of the \
                 authority, not that of a card."
            }
            X509Error::TooLarge => "A certificate has at most 8 KiB.",
            _ => "Paste one certificate in PEM form, from -----BEGIN CERTIFICATE----- to its end.",
        });
        match (name, authority) {
            (Ok(name), Ok(authority)) => Ok((name, authority)),
            (name, authority) => {
                let mut problems = Problems::default();
                for (field, text) in [("name", name.err()), ("certificate", authority.err())] {
                    if let Some(text) = text {
                        problems.add(field, text);
                    }
                }
                Err(problems)
            }
        }
    }
}
