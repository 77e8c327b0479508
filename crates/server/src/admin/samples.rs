//! Every page of the console in its states, with made-up contents: for tests and pictures.

use identity::{Moment, Person, PersonState, Provider, ProviderEndpoints, ProviderKind};
use ids::{Alias, UserId};
use uuid::Uuid;

use super::form::{Head, Link, Message};
use super::{audit, clients, external_mfa, home, overview, providers, settings, smart_cards};
use super::{step_up, users};
use crate::pages::Tone;
use crate::pages::sample::{Rendered, Text};

/// The pages, by the first part of their samples' names.
pub(crate) fn samples(text: Text<'_>) -> Vec<(&'static str, Rendered)> {
    vec![
        ("console-home", home::samples(text)),
        ("console-overview", overview::samples(text)),
        ("console-providers", providers::list::samples(text)),
        ("console-provider", providers::samples::forms(text)),
        ("console-delete", providers::samples::deletion(text)),
        ("console-mappers", providers::mappers::list::samples(text)),
        ("console-mapper", providers::samples::mapper_forms(text)),
        ("console-test", providers::test::page::samples(text)),
        ("console-result", providers::test::result::samples(text)),
        ("console-test-over", providers::test::result::over_samples(text)),
        ("console-clients", clients::samples(text)),
        ("console-users", users::list::samples(text)),
        ("console-user", users::page::samples(text)),
        ("console-question", users::samples(text)),
        ("console-code", users::code::samples(text)),
        ("console-settings", settings::samples(text)),
        ("console-smart-cards", smart_cards::samples(text)),
        ("console-external-mfa", external_mfa::samples(text)),
        ("console-audit", audit::samples(text)),
        ("console-step-up", step_up::samples(text)),
    ]
}

/// A head with everything that one can have.
pub(super) fn head(text: Text<'_>, title: &str) -> Head {
    Head {
        title: text(title),
        crumbs: vec![Link::new(text("/admin/tenants/acme/"), text("Acme Hospital"))],
        badges: vec![(Tone::Good, "Enabled")],
        buttons: vec![Link::new(text("/realms/acme/account/"), text("Open the account page"))],
        tabs: vec![
            Link::new(text("/admin/tenants/acme/providers/azure"), text("Settings")).current(true),
        ],
        messages: vec![Message {
            tone: Tone::Warning,
            title: text("Something to know"),
            lines: vec![text("And what to do about it.")],
        }],
    }
}

/// A provider as it is stored.
pub(super) fn provider(text: Text<'_>) -> Option<Provider> {
    let base = "https://login.microsoftonline.com/904bc2ee";
    let at = |path: &str| text(&format!("{base}/{path}"));
    Some(Provider {
        alias: Alias::try_from("azure".to_owned()).ok()?,
        display_name: text("Azure"),
        kind: ProviderKind::Entra,
        endpoints: ProviderEndpoints {
            discovery: at("v2.0/.well-known/openid-configuration"),
            issuer: at("v2.0"),
            authorization: at("oauth2/v2.0/authorize"),
            token: at("oauth2/v2.0/token"),
            jwks: at("discovery/v2.0/keys"),
            userinfo: Some(text("https://graph.microsoft.com/oidc/userinfo")),
            end_session: Some(at("oauth2/v2.0/logout")),
        },
        client_id: text("2c1f0a4e-5b7d-4e4c-9a39-7c0d5f1b7a11"),
        client_secret: None,
        client_secret_expires_at: None,
        sync_mode: identity::SyncMode::Import,
        groups_sent: identity::GroupsSent::Unknown,
        enabled: true,
        hidden: false,
        position: 0,
        seen: identity::Seen::default(),
        created_at: Moment(0),
    })
}

/// A person as they are stored.
pub(super) fn person(text: Text<'_>) -> Person {
    let groups = ["Ward 3", "Nurses", "On-call rota"];
    let attributes = [
        (text("department"), vec![text("Cardiology")]),
        // Known by its name: the page says whether it may be old.
        ("group".to_owned(), groups.into_iter().map(text).collect()),
    ];
    Person {
        id: UserId(Uuid::from_u128(1)),
        username: text("alice.martin@acme.example"),
        display_name: Some(text("Alice Martin")),
        email: Some(text("alice.martin@acme.example")),
        email_verified: false,
        attributes: attributes.into(),
        state: PersonState::Enabled,
        administrator: false,
        conflict: None,
        groups_stale: true,
        card_was_revoked: false,
        enrolled_by_upstream: false,
        created_at: Moment(0),
        last_sign_in_at: None,
        last_upstream_at: None,
    }
}
