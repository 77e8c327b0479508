use identity::{EntraLink, Moment, SyncConflict};
use ids::Alias;

use super::{Agent, Card, Event, Facts, Row, UserPage};
use crate::admin::samples::{head, person};
use crate::pages::sample::{Rendered, Text, rendered, when};
use crate::pages::{ConsoleFrame, Model, Section, Tone, When};

pub(in crate::admin) fn samples(text: Text<'_>) -> Rendered {
    let full = full(text);
    let bare = |enabled, is_self| UserPage {
        console: ConsoleFrame::sample(text, Section::Users),
        head: head(text, "Alice Martin"),
        base: text("/admin/tenants/acme/users/0193b5f0"),
        person: person(text),
        is_self,
        facts: Facts {
            conflict: None,
            last_sign_in: None,
            enabled,
            has_card: false,
            ..facts(text)
        },
        links: Vec::new(),
        cards: Vec::new(),
        sessions: Vec::new(),
        agents: Vec::new(),
        events: Vec::new(),
    };
    rendered(vec![
        ("full", full),
        ("no-card", bare(true, false)),
        ("disabled", bare(false, false)),
        ("self", bare(true, true)),
    ])
}

fn today(text: Text<'_>) -> When {
    when(text, "Today, 08:12", "2026-11-23T08:12:00Z")
}

fn facts(text: Text<'_>) -> Facts {
    let (attribute, value) = (text("email"), text("alice@acme.example"));
    Facts {
        created: today(text),
        last_sign_in: Some(today(text)),
        last_upstream: Some(today(text)),
        conflict: Some((SyncConflict { attribute, value, at: Moment(0) }, today(text))),
        enabled: true,
        has_card: true,
    }
}

fn full(text: Text<'_>) -> UserPage {
    let card = |revoked: Option<When>| Card {
        id: text("0193b5f0"),
        label: text("Staff badge"),
        model: Model { words: text("YubiKey 5 NFC"), aaguid: Some(text("2fc0579f")) },
        added: today(text),
        last_used: today(text),
        enrolled: "confirmed with another card",
        revoked,
    };
    let agent = |revoked: bool| Agent {
        id: text("0193b5f0"),
        name: text("ward-3-pc"),
        os: text("Linux"),
        added: today(text),
        last_seen: revoked.then(|| today(text)),
        state: if revoked { (Tone::Bad, "Revoked") } else { (Tone::Good, "Connected") },
        revoked,
    };
    let event = |words: &str, good| Event { at: today(text), words: text(words), good };
    let link = |provider| EntraLink { provider, tid: text("904bc2ee"), oid: text("5f2c6f4e") };
    UserPage {
        console: ConsoleFrame::sample(text, Section::Users),
        head: head(text, "Alice Martin"),
        base: text("/admin/tenants/acme/users/0193b5f0"),
        person: person(text),
        is_self: false,
        facts: facts(text),
        links: Alias::try_from("azure".to_owned()).map(link).into_iter().collect(),
        cards: vec![card(None), card(Some(today(text)))],
        sessions: vec![Row {
            what: "Account page",
            browser: text("Firefox on Linux"),
            since: today(text),
            until: today(text),
        }],
        agents: vec![agent(false), agent(true)],
        events: vec![event("Signed in with a card", true), event("A card was refused", false)],
    }
}
