use identity::Moment;
use store::EamConnection;

use super::fields::{Around, Form, Of, form_page};
use super::{ExternalMfaPage, Row, keys, requests};
use crate::admin::form::{Control, Field, FormPage, Link, Problems};
use crate::admin::samples::head;
use crate::pages::sample::{Rendered, Text, rendered, when};
use crate::pages::{ConsoleFrame, Section, Tone};

pub(in crate::admin) fn samples(text: Text<'_>) -> Rendered {
    let page = |full: bool| ExternalMfaPage {
        console: frame(text),
        head: head(text, "Entra external MFA"),
        base: text("/admin/tenants/acme/external-mfa"),
        told: told(text),
        connections: if full { vec![connection(text)] } else { Vec::new() },
        keys: if full { keys(text) } else { Vec::new() },
        rotates: full,
        requests: if full { requests(text) } else { Vec::new() },
    };
    let mut all = rendered(vec![("none", page(false)), ("some", page(true))])?;
    all.extend(forms(text)?);
    Ok(all)
}

fn frame(text: Text<'_>) -> ConsoleFrame {
    ConsoleFrame::sample(text, Section::ExternalMfa)
}

fn told(text: Text<'_>) -> Vec<Field> {
    let issuer = "https://login.acme.example/realms/acme/eam";
    let field = |name, label, value: String| {
        Field::new(name, label, value).control(Control::Copy { pattern: None })
    };
    vec![
        field("reply_url", "Redirect URI", text(&format!("{issuer}/auth"))),
        field(
            "discovery",
            "Discovery Endpoint",
            text(&format!("{issuer}/.well-known/openid-configuration")),
        ),
    ]
}

fn connection(text: Text<'_>) -> Row {
    Row {
        client_id: text("2c1f0a4e-5b7d-4e4c-9a39-7c0d5f1b7a11"),
        app_id: text("2c1f0a4e-5b7d-4e4c-9a39-7c0d5f1b7a11"),
        cloud: text("Global"),
        directories: vec![text("904bc2ee-0000-4000-8000-00000000acee")],
        state: (Tone::Good, "Enabled"),
    }
}

fn keys(text: Text<'_>) -> Vec<keys::Row> {
    let row =
        |kid: &str, state, dates: &str| keys::Row { kid: text(kid), state, dates: text(dates) };
    vec![
        row(
            "pZ0p3kHq7t5nO1yVw2b8sXcR4uFgLmE6aJdTiKoNvYQ",
            (Tone::Good, "Signs"),
            "Since 1 September 2026 until 2 December 2026",
        ),
        row(
            "Qm9xT1aZ4cV7bN2sK8dF5gH0jL3pO6iU-yTrEwWqXzA",
            (Tone::Info, "Next"),
            "Published 29 November 2026; signs from 2 December 2026",
        ),
    ]
}

fn requests(text: Text<'_>) -> Vec<requests::Row> {
    let alice = Link::new(text("/admin/tenants/acme/users/0193b5f0"), text("Alice Martin"));
    let row = |what: &str, tone, person| requests::Row {
        at: when(text, "29 November 2026, 08:12 UTC", "2026-11-29T08:12:00Z"),
        what: text(what),
        tone,
        person,
        reference: Some(text("6f1e2c80-5d1b-4e39-8a55-2f60c8c1b0aa")),
    };
    vec![
        row("Proved to Microsoft Entra with “Staff badge”", Tone::Good, Some(alice)),
        requests::Row {
            reference: None,
            ..row(
                "A request of Microsoft Entra was refused (EAM-15): the person has no card",
                Tone::Bad,
                None,
            )
        },
    ]
}

fn forms(text: Text<'_>) -> Rendered {
    let base = text("/admin/tenants/acme/external-mfa");
    let clouds = [(text("https://login.microsoftonline.com"), text("Global"))];
    let around = || Around { clouds: &clouds, told: told(text), base: &base };
    let id = text("2c1f0a4e-5b7d-4e4c-9a39-7c0d5f1b7a11");
    let was = EamConnection {
        client_id: id.clone(),
        app_id: id,
        authority: text("https://login.microsoftonline.com"),
        directories: vec![text("904bc2ee-0000-4000-8000-00000000acee")],
        enabled: true,
        created_at: Moment(0),
    };
    let wrong = || text("Enter something else.");
    let bad = Form { app_id: text("contoso"), enabled: "yes".into(), ..Form::default() };
    let mut problems = Problems::of("app_id", wrong());
    for field in ["client_id", "directories", "cloud", "enabled"] {
        problems.add(field, wrong());
    }
    let new: FormPage =
        form_page(frame(text), head(text, "Add connection"), &bad, &Of::New, around());
    let form = Form::of(&was);
    let edit = form_page(frame(text), head(text, "Connection"), &form, &Of::Known(&was), around());
    rendered(vec![("new", new.with(problems)), ("edit", edit)])
}
