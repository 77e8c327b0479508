use identity::Moment;
use openid_provider::ClientSettings;
use openid_provider::client::presets::{PRESETS, Preset};
use store::Client;

use super::fields::{self, Form};
use super::list::{ClientsPage, LeadsTo, Row};
use super::page::{ClientPage, SecretRow, fields as copied_fields};
use super::{Registered, new};
use crate::admin::form::{Head, Message, Problems};
use crate::admin::samples::head;
use crate::pages::sample::{Rendered, Text, rendered, when};
use crate::pages::{ConsoleFrame, Section, Tone};
use crate::registration::Copied;

const BASE: &str = "/admin/tenants/acme/clients";

pub(in crate::admin) fn samples(text: Text<'_>) -> Rendered {
    let mut all = rendered(vec![("some", list(text))])?;
    let presets = new::PresetsPage {
        console: frame(text),
        head: head(text, "Connect an application"),
        base: text(BASE),
        presets: PRESETS,
    };
    all.extend(rendered(vec![("presets", presets)])?);
    all.extend(rendered(vec![("secret", page(text, true)), ("page", page(text, false))])?);
    all.extend(forms(text)?);
    Ok(all)
}

fn frame(text: Text<'_>) -> ConsoleFrame {
    ConsoleFrame::sample(text, Section::Clients)
}

fn list(text: Text<'_>) -> ClientsPage {
    let row = |id: &str, name: &str, kind, leads_to, is_application| Row {
        id: text(id),
        name: text(name),
        kind,
        leads_to,
        state: (Tone::Good, "Enabled"),
        is_application,
    };
    let at = |href: Option<&str>, shown: &str| {
        Some(LeadsTo { href: href.map(text), shown: text(shown) })
    };
    let account =
        at(Some("/realms/acme/account/"), "https://login.acme.example/realms/acme/account/");
    let grafana = at(None, "https://grafana.acme.example/login/generic_oauth");
    ClientsPage {
        console: frame(text),
        head: head(text, "Clients"),
        base: text(BASE),
        clients: vec![
            row("account", "Account", "Page of Cardea", account, false),
            row("grafana", "Grafana", "Web application", grafana, true),
            row("robot", "Night backup", "Service account", None, true),
        ],
    }
}

fn page(text: Text<'_>, fresh: bool) -> ClientPage {
    let issuer = "https://login.acme.example/realms/acme";
    let copied = |name, value: Option<String>| Copied { name, value };
    let secret = fresh.then(|| text("kZ3v8Qm1rT5wY7uB2nC4xD6fG8hJ0kL9pO1iU3yTrEw"));
    let message = Message {
        tone: Tone::Good,
        title: text("The application is added"),
        lines: vec![text("Copy the client secret now: it is shown this once and kept nowhere.")],
    };
    let made = || when(text, "29 November 2026, 08:12 UTC", "2026-11-29T08:12:00Z");
    ClientPage {
        console: frame(text),
        head: Head {
            messages: vec![message],
            tabs: super::page::tabs(&text("/admin/tenants/acme/clients/syncro"), true),
            ..head(text, "Syncro")
        },
        base: text("/admin/tenants/acme/clients/syncro"),
        name: text("Syncro"),
        enabled: fresh,
        facts: vec![
            ("Kind", vec![text("Web application")]),
            ("Redirect URIs", vec![text("https://acme.syncromsp.com/callback")]),
        ],
        copied: copied_fields(vec![
            copied("Client ID", Some(text("syncro"))),
            copied("Client secret", secret),
            copied(
                "Discovery document",
                Some(text(&format!("{issuer}/.well-known/openid-configuration"))),
            ),
        ]),
        secrets: Some(vec![
            SecretRow { id: text("ac4f"), made: made() },
            SecretRow { id: text("77e0"), made: made() },
        ]),
        adds_secret: fresh,
    }
}

fn forms(text: Text<'_>) -> Rendered {
    let wrong = || text("Enter something else.");
    let mut all = Vec::new();
    if let Some(preset) = Preset::find("keycloak") {
        let mut form = new::empty(preset);
        form.insert("host".into(), text("keycloak.acme.example"));
        form.insert("name".into(), text("Keycloak"));
        let page = new::form_page(frame(text), head(text, "Keycloak"), preset, &form, &text(BASE));
        let mut problems = Problems::of("host", wrong());
        problems.add("client_id", wrong());
        all.extend(rendered(vec![("new", page.with(problems))])?);
    }
    let settings = ClientSettings {
        home_uri: Some(text("https://files.acme.example/")),
        redirect_uris: vec![text("https://files.acme.example/oauth/callback")],
        allowed_groups: vec![text("Ward 3")],
        ..ClientSettings::default()
    };
    let client = Client {
        client_id: text("files"),
        name: text("Files"),
        home_url: None,
        settings: Some(settings.clone()),
        enabled: true,
        created_at: Moment(0),
    };
    let form = Form::of(&client.name, &settings);
    let at = Registered { client, settings };
    let base = text("/admin/tenants/acme/clients/files");
    let page = || fields::form_page(frame(text), head(text, "Files"), &form, &at, &base);
    let mut problems = Problems::of("redirect_uris", wrong());
    for field in ["card", "card_minutes", "signing_alg", "jwks", "home_uri"] {
        problems.add(field, wrong());
    }
    all.extend(rendered(vec![("settings", page()), ("settings-wrong", page().with(problems))])?);
    Ok(all)
}
