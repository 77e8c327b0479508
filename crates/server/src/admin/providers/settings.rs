//! What a provider's form must be to be saved.

use identity::{GroupsSent, Moment, Provider, ProviderEndpoints, ProviderKind, SyncMode};
use ids::Alias;
use url::Url;
use uuid::Uuid;

use crate::admin::form::{Problems, clean, name, yes_or_no};
use crate::admin::providers::fetch::{Found, fetch};
use crate::admin::providers::fields::Form;
use crate::app::App;
use crate::entropy;
use crate::http::page::{day, end_of_day};

/// An alias that is the address of another page.
const RESERVED: &str = "new";

/// Reads an alias.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn alias(text: &str) -> Result<Alias, String> {
    let text = clean(text);
    if text.eq_ignore_ascii_case(RESERVED) {
        return Err("This alias is reserved; choose another.".into());
    }
    let rule = "Use 2 to 63 letters from a to z, digits and hyphens.";
    Alias::try_from(text).map_err(|_| rule.to_owned())
}

/// Checks a form, and makes of it the provider to be stored, under `alias`. `stored` is the one that
/// there is under it.
///
/// # Errors
///
/// What is wrong, by field.
pub(crate) async fn check(
    app: &App,
    form: &Form,
    alias: Result<Alias, String>,
    stored: Option<&Provider>,
) -> Result<Provider, Problems> {
    let mut problems = Problems::default();
    let alias = alias.map_err(|text| problems.add("alias", text)).ok();
    let display_name = problems.take("display_name", name(&form.display_name));
    let sync_mode = pick("sync_mode", sync_mode(form, stored), &mut problems);
    let groups_sent = pick("groups_sent", groups_sent(form, stored), &mut problems);
    let was_enabled = stored.is_none_or(|stored| stored.enabled);
    let enabled = problems.take("enabled", yes_or_no(&form.enabled, was_enabled));
    let was_hidden = stored.is_some_and(|stored| stored.hidden);
    let hidden = problems.take("hidden", yes_or_no(&form.hidden, was_hidden));
    let expires = problems.take("client_secret_expires", expiry(form, stored));
    let found = found(app, form, stored).await;
    let found = found.map_err(|text| problems.add("discovery", text)).ok();
    let kind = found.as_ref().map(|found| found.kind);
    let client_id = problems.take("client_id", client_id(&form.client_id, kind));
    check_secret(form, stored, found.as_ref(), &mut problems);
    let all = (alias, found, sync_mode, groups_sent);
    let (Some(alias), Some(found), Some(sync_mode), Some(groups_sent)) = all else {
        return Err(problems);
    };
    problems.or(Provider {
        alias,
        display_name,
        kind: found.kind,
        endpoints: found.endpoints,
        client_id,
        client_secret: form.client_secret.clone(),
        client_secret_expires_at: expires,
        sync_mode,
        groups_sent,
        enabled,
        hidden,
        position: stored.map_or(0, |stored| stored.position),
        seen: stored.map(|stored| stored.seen).unwrap_or_default(),
        created_at: stored.map_or_else(entropy::now, |stored| stored.created_at),
    })
}

fn pick<T>(
    field: &'static str,
    value: Result<T, &'static str>,
    problems: &mut Problems,
) -> Option<T> {
    value.map_err(|text| problems.add(field, text)).ok()
}

/// What stands at the discovery endpoint: as stored when the form says nothing new, so that a
/// provider that is down can be renamed; otherwise asked for now.
async fn found(app: &App, form: &Form, stored: Option<&Provider>) -> Result<Found, String> {
    if let Some(stored) = stored.filter(|stored| is_same(form, &stored.endpoints)) {
        let (endpoints, kind) = (stored.endpoints.clone(), stored.kind);
        return Ok(Found { endpoints, kind, words: Vec::new() });
    }
    fetch(app, &form.discovery).await
}

/// Whether a form shows the endpoints that are stored. A form without any shows none of its own.
fn is_same(form: &Form, endpoints: &ProviderEndpoints) -> bool {
    let same = |shown: &String, stored: &str| shown.is_empty() || shown == stored;
    clean(&form.discovery) == endpoints.discovery
        && same(&form.issuer, &endpoints.issuer)
        && same(&form.authorization, &endpoints.authorization)
        && same(&form.token, &endpoints.token)
        && same(&form.jwks, &endpoints.jwks)
        && same(&form.userinfo, endpoints.userinfo.as_deref().unwrap_or_default())
        && same(&form.end_session, endpoints.end_session.as_deref().unwrap_or_default())
}

fn client_id(text: &str, kind: Option<ProviderKind>) -> Result<String, &'static str> {
    let text = clean(text);
    if text.is_empty() {
        return Err("Paste the Application (client) ID.");
    }
    if text.chars().count() > 200 {
        return Err("This is too long for a client ID.");
    }
    if kind == Some(ProviderKind::Entra) && Uuid::try_parse(&text).is_err() {
        return Err("A client ID of Entra looks like 904bc2ee-3374-4f03-a63b-40efc0d85237. Copy \
                    the Application (client) ID from Overview in Azure.");
    }
    Ok(text)
}

/// # Security
///
/// A secret is sent to the provider that it was pasted for. When the token endpoint moves to
/// another host, or the registration is another, the stored one is not sent after it.
fn check_secret(
    form: &Form,
    stored: Option<&Provider>,
    found: Option<&Found>,
    problems: &mut Problems,
) {
    let given = form.client_secret.as_ref().and_then(|secret| secret.expose_text());
    if let Some(text) = given {
        if Uuid::try_parse(text).is_ok() {
            let text = "This looks like the Secret ID; copy the Value column. It is shown only \
                        once: if it is hidden, add a new client secret.";
            problems.add("client_secret", text);
        }
        return;
    }
    let Some(found) = found else { return };
    match stored.filter(|stored| stored.client_secret.is_some()) {
        Some(stored) if has_moved(stored, form, found) => problems.add(
            "client_secret",
            "The provider or the client ID has changed: paste its client secret.",
        ),
        None if found.kind == ProviderKind::Entra => {
            problems.add("client_secret", "Paste the Value of the client secret.");
        }
        Some(_) | None => {}
    }
}

fn has_moved(stored: &Provider, form: &Form, found: &Found) -> bool {
    let origin = |url: &str| Url::parse(url).map(|url| url.origin().ascii_serialization()).ok();
    origin(&stored.endpoints.token) != origin(&found.endpoints.token)
        || stored.endpoints.issuer != found.endpoints.issuer
        || stored.client_id != clean(&form.client_id)
}

fn expiry(form: &Form, stored: Option<&Provider>) -> Result<Option<Moment>, String> {
    let text = clean(&form.client_secret_expires);
    if text.is_empty() {
        return Ok(None);
    }
    let moment = end_of_day(&text).ok_or("Enter a day like 2027-05-31.")?;
    let was = stored.and_then(|stored| stored.client_secret_expires_at).map(day);
    if moment <= entropy::now() && was.as_deref() != Some(&text) {
        return Err("This day has passed.".into());
    }
    Ok(Some(moment))
}

fn sync_mode(form: &Form, stored: Option<&Provider>) -> Result<SyncMode, &'static str> {
    match form.sync_mode.trim().to_ascii_uppercase().as_str() {
        "" => Ok(stored.map_or(SyncMode::Import, |stored| stored.sync_mode)),
        "IMPORT" => Ok(SyncMode::Import),
        "FORCE" => Ok(SyncMode::Force),
        _ => Err("Choose Import or Force."),
    }
}

fn groups_sent(form: &Form, stored: Option<&Provider>) -> Result<GroupsSent, &'static str> {
    match form.groups_sent.trim().to_ascii_lowercase().as_str() {
        "" => Ok(stored.map_or(GroupsSent::Unknown, |stored| stored.groups_sent)),
        "unknown" => Ok(GroupsSent::Unknown),
        "yes" => Ok(GroupsSent::Yes),
        "no" => Ok(GroupsSent::No),
        _ => Err("Choose one of the three."),
    }
}
