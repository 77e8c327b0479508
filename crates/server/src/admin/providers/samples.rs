//! The forms of providers and mappers, with made-up contents.

use identity::{Mapper, MapperKind, Provider, SyncOverride};
use ids::MapperId;
use uuid::Uuid;

use super::fields::{Around, Form, groups};
use super::mappers;
use crate::admin::confirm::ConfirmPage;
use crate::admin::form::{FormPage, Group, Headline, Link, Problems};
use crate::admin::samples::{head, provider};
use crate::pages::sample::{Rendered, Text, rendered};
use crate::pages::{ConsoleFrame, Section};

/// A new provider and a stored one, good and refused.
pub(in crate::admin) fn forms(text: Text<'_>) -> Rendered {
    let stored = provider(text);
    let form = stored.as_ref().map(Form::of).unwrap_or_default();
    let page = |form: &Form, stored: Option<&Provider>, problems: Problems| {
        let redirect = text("https://login.acme.example/realms/acme/broker/*/endpoint");
        let page = form_page(text, groups(form, &Around { redirect, stored }));
        FormPage {
            cancel: stored.is_none().then(|| text("/admin/tenants/acme/providers")),
            delete: stored.map(|_| Link::new(text("/delete"), text("Delete…"))),
            ..page
        }
        .with(problems)
    };
    let mut problems = Problems::default();
    for field in [
        "alias",
        "display_name",
        "discovery",
        "client_id",
        "client_secret",
        "client_secret_expires",
    ] {
        problems.add(field, text("This is not right yet."));
    }
    rendered(vec![
        ("new", page(&Form::fresh(&text("Azure")), None, Problems::default())),
        ("stored", page(&form, stored.as_ref(), Problems::default())),
        ("refused", page(&form, None, problems)),
        (
            "confirm-first",
            FormPage {
                console: ConsoleFrame {
                    fresh: false,
                    ..ConsoleFrame::sample(text, Section::IdentityProviders)
                },
                ..page(&form, None, Problems::default())
            },
        ),
        (
            "not-fetched",
            FormPage {
                headline: Headline::NotFetched,
                ..page(&form, None, Problems::of("discovery", text("There is no directory.")))
            },
        ),
    ])
}

/// The question before a provider is deleted.
pub(in crate::admin) fn deletion(text: Text<'_>) -> Rendered {
    rendered(vec![(
        "provider",
        ConfirmPage {
            console: ConsoleFrame::sample(text, Section::IdentityProviders),
            head: head(text, "Delete Azure?"),
            lines: vec![text("Nobody can sign in with Azure afterwards.")],
            action: text("/admin/tenants/acme/providers/azure/delete"),
            deed: text("Delete Azure"),
            back: text("/admin/tenants/acme/providers/azure"),
        },
    )])
}

/// A mapper of each kind, good and refused.
pub(in crate::admin) fn mapper_forms(text: Text<'_>) -> Rendered {
    let page = |kind, problems: Problems| {
        let id = MapperId(Uuid::from_u128(1));
        let mapper = Mapper { id, name: text("Azure Username"), sync: SyncOverride::Force, kind };
        form_page(text, mappers::fields::Form::of(&mapper).groups()).with(problems)
    };
    let (attribute, claim) = (text("email"), text("upn"));
    let (template, value) = (text("${CLAIM.upn | localpart}"), text("ward"));
    let importer = MapperKind::AttributeImporter { claim, attribute: attribute.clone() };
    let mut problems = Problems::default();
    for field in ["name", "sync", "type", "claim", "attribute", "template", "value"] {
        problems.add(field, text("This is not right yet."));
    }
    rendered(vec![
        ("importer", page(importer.clone(), Problems::default())),
        ("template", page(MapperKind::UsernameTemplate { template }, Problems::default())),
        (
            "hardcoded",
            page(MapperKind::HardcodedAttribute { attribute, value }, Problems::default()),
        ),
        ("refused", page(importer, problems)),
    ])
}

fn form_page(text: Text<'_>, groups: Vec<Group>) -> FormPage {
    FormPage {
        console: ConsoleFrame::sample(text, Section::IdentityProviders),
        head: head(text, "Azure"),
        intro: "",
        groups,
        action: text("/admin/tenants/acme/providers"),
        submit: "Save",
        cancel: None,
        delete: None,
        headline: Headline::NotSaved,
    }
}
