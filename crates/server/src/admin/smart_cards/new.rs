use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use store::CardAuthority;
use x509_cards::{Authority, X509Error};

use super::hex;
use super::sheet::Sheet;
use crate::admin::form::{Control, Field, Problems, name};
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::entropy;
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::problem::Problem;

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
    Form::default().sheet().answer(&app, &place, Problems::default()).await
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
        Err(problems) => return form.sheet().answer(&app, &place, problems).await,
    };
    let mut tx = fresh.write(&app, &place.tenant).await?;
    if tx.card_authorities().await?.len() >= MOST {
        let text = format!("A tenant has at most {MOST} authorities. Delete one first.");
        drop(tx);
        return form.sheet().answer(&app, &place, Problems::of("certificate", text)).await;
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

impl Form {
    pub(super) fn sheet(&self) -> Sheet {
        let fields = vec![
            Field::new("name", "Name", &self.name)
                .help("What you call it, such as “Hospital cards 2026”.")
                .required(),
            Field::new("certificate", "Certificate (PEM)", &self.certificate)
                .control(Control::Area)
                .help(
                    "Of the authority that issues the cards themselves: then one list of revoked \
                     certificates is enough. It begins with -----BEGIN CERTIFICATE-----.",
                )
                .required(),
        ];
        Sheet { title: "Add authority", path: "new", submit: "Add", fields }
    }

    fn authority(&self) -> Result<(String, Authority), Problems> {
        let name = name(&self.name);
        let authority = Authority::from_pem(&self.certificate).map_err(|error| match error {
            X509Error::NotAnAuthority => {
                "This certificate is no authority's: it may not issue others. Paste that of the \
                 authority, not that of a card."
            }
            X509Error::Version => {
                "This certificate is of an old version, and version 3 is needed: only that says what \
                 an authority may do. Ask whoever runs the authority for one."
            }
            X509Error::Algorithm => {
                "Its RSA key is too short or too long: nothing that it has issued would be taken. It \
                 must have 2048 to 8192 bits."
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
