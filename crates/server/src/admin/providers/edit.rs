use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use crate::admin::form::{FormPage, Head, Link, Message, Problems};
use crate::admin::place::AtProvider;
use crate::admin::providers::fields::{Around, Form, groups};
use crate::admin::providers::settings::check;
use crate::admin::providers::{Tab, console, head, new};
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::problem::Problem;
use crate::pages::Tone;

#[derive(Deserialize)]
pub(crate) struct View {
    done: Option<String>,
}

/// `GET /admin/tenants/{slug}/providers/{alias}`: the settings; the secret is not among them.
pub(crate) async fn page(
    State(app): State<App>,
    at: AtProvider,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let messages = match view.done.as_deref() {
        Some("added") => vec![Message {
            tone: Tone::Good,
            title: "The provider is added".into(),
            lines: vec!["Next: look at its mappers, then test it.".into()],
        }],
        Some("saved") => vec![Message::good("Saved")],
        Some("groups-clear") => vec![Message::good("Whoever comes without groups now has none")],
        Some("groups-keep") => vec![Message::good("Groups are not sent: people keep theirs")],
        Some("groups-over") => vec![Message {
            tone: Tone::Info,
            title: "Nothing was changed".into(),
            lines: vec!["The question about groups was answered before, or has changed.".into()],
        }],
        _ => Vec::new(),
    };
    answer(&app, &at, &Form::of(&at.provider), messages, Problems::default()).await
}

/// `POST /admin/tenants/{slug}/providers/{alias}`: asks the provider what it says (`fetch`), or
/// saves. A second time writes the same.
pub(crate) async fn save(
    State(app): State<App>,
    fresh: Result<FreshAdministrator, Response>,
    at: AtProvider,
    FormBody(mut form): FormBody<Form>,
) -> Result<Response, Problem> {
    form.alias = at.provider.alias.to_string();
    // Asking the provider changes nothing here, and needs no fresh proof.
    if form.action == new::FETCH {
        let (messages, problems) = new::fetched(&app, &mut form).await;
        return answer(&app, &at, &form, messages, problems).await;
    }
    let fresh = match fresh {
        Ok(fresh) => fresh,
        Err(asked) => return Ok(asked),
    };
    let alias = at.provider.alias.clone();
    match check(&app, &form, Ok(alias), Some(&at.provider)).await {
        Ok(provider) => {
            let mut tx = fresh.write(&app, &at.place.tenant).await?;
            tx.put_provider(&provider).await?;
            let detail = serde_json::json!({
                "provider": provider.alias, "issuer": provider.endpoints.issuer,
                "enabled": provider.enabled, "secret_replaced": provider.client_secret.is_some(),
            });
            fresh.commit(tx, "provider.saved", None, detail).await?;
            Ok(see_other(&at.url("?done=saved")))
        }
        Err(problems) => answer(&app, &at, &form, Vec::new(), problems).await,
    }
}

async fn answer(
    app: &App,
    at: &AtProvider,
    form: &Form,
    messages: Vec<Message>,
    problems: Problems,
) -> Result<Response, Problem> {
    let around = Around { redirect: new::redirect(app, &at.place), stored: Some(&at.provider) };
    let page = FormPage {
        console: console(app, at).await?,
        head: Head { messages, ..head(at, Tab::Settings) },
        intro: "",
        groups: groups(form, &around),
        action: at.url(""),
        submit: "Save",
        cancel: None,
        delete: Some(Link::new(at.url("/delete"), "Delete…")),
        headline: new::headline(form),
    };
    Ok(page.answer(problems))
}
